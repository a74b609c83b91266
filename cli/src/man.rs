// SPDX-License-Identifier: Apache-2.0
//! `shardctl man`: the manual, made of the same words as --help.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Command};
use clap_mangen::Man;

use crate::options::cannot_write;

/// Print the manual page, or write one for each command into a folder.
#[derive(Debug, Args)]
#[command(after_help = "For example: shardctl man | man -l -")]
pub(crate) struct Arguments {
    /// Write a page for each command into this folder, which is created if it does not exist.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, tool: Command, out: &mut impl Write) -> Result<()> {
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        Man::new(tool).render(&mut page).context("cannot make the manual page")?;
        return Ok(out.write_all(&page)?);
    };
    fs::create_dir_all(directory).with_context(|| cannot_write(directory))?;
    clap_mangen::generate_to(tool, directory).with_context(|| cannot_write(directory))
}
