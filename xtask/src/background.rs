// SPDX-License-Identifier: Apache-2.0
//! A program that runs beside us, and ends when we do.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Becomes the program, beside a shell that ends it when our end of the pipe closes. A pipe closes however we end, also
/// when Ctrl-C or a signal leaves no time for a destructor.
const TETHERED: &str = r#"exec 3<&0; { read -r _ <&3; kill $$; } & exec "$@" 3<&- </dev/null"#;

/// From the start of a program to its being ready; it is built by then.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// For a program to end its own children and itself, once it is told to.
const ENDED_WITHIN: Duration = Duration::from_secs(5);

const POLL_EVERY: Duration = Duration::from_millis(50);

/// How much of a log is shown when something failed, lines.
const TAIL_LINES: usize = 30;

/// A running program; dropping it ends it.
pub(crate) struct Background {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts the program with everything it prints going to the log.
    pub(crate) fn start(name: &'static str, command: &Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", TETHERED, "sh"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        shell.stdin(Stdio::piped()).stdout(file.try_clone().context("cannot share the log")?).stderr(file);
        let child = shell.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log })
    }

    /// Waits until `probe` finds, given all that was printed so far, what tells that the program is ready.
    pub(crate) fn ready<T>(&mut self, probe: impl Fn(&str) -> Option<T>) -> Result<T> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            if let Some(found) = probe(&self.printed()) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait().context("cannot wait for it")? {
                bail!("{} ended before it was ready ({status})", self.name);
            }
            if Instant::now() > until {
                bail!("{} was not ready within {READY_WITHIN:?}", self.name);
            }
            thread::sleep(POLL_EVERY);
        }
    }

    /// Shows the end of the log, for an error whose cause it may tell.
    pub(crate) fn show_log(&self) {
        let printed = self.printed();
        let lines: Vec<&str> = printed.lines().collect();
        eprintln!("\nthe last of {}:", self.log.display());
        for line in &lines[lines.len().saturating_sub(TAIL_LINES)..] {
            eprintln!("  {line}");
        }
    }

    fn printed(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let until = Instant::now() + ENDED_WITHIN;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(POLL_EVERY);
        }
        // It does not listen. It may be gone by now; nothing to do about that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
