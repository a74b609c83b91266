// SPDX-License-Identifier: Apache-2.0
//! The Python tools of the steps that need some: virtual environments in `.tools/`, made once.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::shell::{root, run};

/// The packages of one virtual environment, in `xtask/python/<name>.txt`, and its folder under `.tools/`.
pub(crate) struct Environment(&'static str, &'static str);

/// What builds, checks and deploys.
const TOOLS: Environment = Environment("tools", "venv");
/// boto3 and the AWS CLI.
pub(crate) const CLIENTS: Environment = Environment("clients", "clients");
/// The emulator of AWS.
pub(crate) const EMULATOR: Environment = Environment("emulator", "emulator");

/// The installed programs of one environment.
pub(crate) struct Tools {
    bin: PathBuf,
}

/// Makes sure that what builds, checks and deploys is installed at the pinned versions.
pub(crate) fn tools() -> Result<Tools> {
    installed(TOOLS)
}

/// Makes sure that an environment is installed at the pinned versions.
pub(crate) fn installed(Environment(name, folder): Environment) -> Result<Tools> {
    let requirements = format!("xtask/python/{name}.txt");
    let venv = root().join(".tools").join(folder);
    // The place as well: a virtual environment holds absolute paths, and breaks when the folder is moved.
    let packages = fs::read_to_string(root().join(&requirements)).with_context(|| requirements.clone())?;
    let wanted = format!("{}\n{packages}", venv.display());
    // Written last, so an installation that was interrupted is begun again.
    let stamp = venv.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        if venv.exists() {
            fs::remove_dir_all(&venv).with_context(|| format!("cannot remove {}", venv.display()))?;
        }
        run(Command::new("python3").arg("-m").arg("venv").arg(&venv).current_dir(root()))?;
        run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "-r", &requirements]).current_dir(root()))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(Tools { bin: venv.join("bin") })
}

/// Fails when Python cannot make a virtual environment; `steps` cannot run then, `others` can.
pub(crate) fn check_python(steps: &[&str], others: &[&str]) -> Result<()> {
    // Debian and its kin ship Python without ensurepip, and `-m venv` fails only halfway through.
    let probe = Command::new("python3").args(["-c", "import venv, ensurepip"]).stderr(Stdio::null()).status();
    if probe.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let rest = if others.is_empty() {
        String::new()
    } else {
        format!(", or run the rest: cargo xtask test {}", others.join(" "))
    };
    bail!(
        "no python3 with its venv module, which is needed for {}: install Python 3.10 or newer \
         (Debian, Ubuntu: apt install python3-venv){rest}",
        steps.join(", "),
    )
}

impl Tools {
    /// Where one of the tools is.
    pub(crate) fn path(&self, tool: &str) -> PathBuf {
        self.bin.join(tool)
    }

    /// One of the tools, which finds the others: `sam` calls `cargo lambda`.
    pub(crate) fn command<const N: usize>(&self, tool: &str, args: [&str; N]) -> Result<Command> {
        let mut command = self.beside(&self.path(tool))?;
        command.args(args).env("SAM_CLI_TELEMETRY", "0");
        Ok(command)
    }

    /// Any program, which finds the tools before others of their names.
    pub(crate) fn beside(&self, program: &Path) -> Result<Command> {
        let mut command = Command::new(program);
        command.current_dir(root()).env("PATH", path_with(&self.bin)?);
        Ok(command)
    }
}

fn path_with(bin: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(bin.to_path_buf()).chain(env::split_paths(&path)))
        .with_context(|| format!("{} cannot be part of PATH: move the workspace elsewhere", bin.display()))
}
