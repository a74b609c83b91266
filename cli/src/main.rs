// SPDX-License-Identifier: Apache-2.0
//! `shardctl`: arguments in, text or JSON out, 0, 1 (it failed), 2 (it was called wrongly) or 3 (an order was not carried
//! out) back.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = shardctl::Arguments::parse();
    let mut out = io::stdout().lock();
    let outcome = shardctl::run(arguments, &mut out).and_then(|()| Ok(out.flush()?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough, as in `shardctl ... | head`.
        Err(error) if shardctl::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(shardctl::exit_code(&error))
        }
    }
}
