// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask bench cold-start`: from spawn to the first poll of the Lambda Runtime API, beside an empty function.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, run, target_folder};

const RUNS: usize = 40;
const WARM_UPS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(10);
const RATIO_MAX: f64 = 3.0;
const RESIDENT_KIB_MAX: u64 = 8 * 1024;

/// A bench and not a test: a target that is missed is printed, and fails nothing.
pub(crate) fn bench() -> Result<()> {
    // One at a time: built together, the empty function would be given scale-out's features of their dependencies.
    let ours = build("scale-out")?;
    let empty = build("empty-function")?;

    let (mut ours_seen, mut empty_seen) = (Vec::new(), Vec::new());
    for round in 0..WARM_UPS + RUNS {
        // Alternating, so that a busy moment of the machine falls on both.
        let (a, b) = (start(&ours)?, start(&empty)?);
        if round >= WARM_UPS {
            ours_seen.push(a);
            empty_seen.push(b);
        }
    }

    println!("\n{RUNS} starts each, alternating, after {WARM_UPS} warm-ups");
    println!("{:<16} {:^26} {:^20}", "", "spawn to first poll, ms", "resident, KiB");
    println!("{:<16} {:>8} {:>8} {:>8} {:>10} {:>9}", "", "min", "median", "max", "at poll", "peak");
    print_row("scale-out", &ours_seen);
    print_row("empty function", &empty_seen);

    let ratio = median(&ours_seen, milliseconds) / median(&empty_seen, milliseconds);
    let resident = ours_seen.iter().map(|start| start.resident_peak_kib).max().unwrap_or_default();
    println!("\nratio of the medians  {ratio:>6.2}      target <= {RATIO_MAX:.0}: {}", met(ratio <= RATIO_MAX));
    println!(
        "highest resident peak {resident:>6} KiB  target <  {RESIDENT_KIB_MAX}: {}",
        met(resident < RESIDENT_KIB_MAX)
    );
    Ok(())
}

/// One start of a function.
struct Start {
    to_first_poll: Duration,
    resident_kib: u64,
    resident_peak_kib: u64,
}

fn build(package: &str) -> Result<PathBuf> {
    run(&mut cargo(["build", "--release", "--locked", "--package", package]))?;
    Ok(target_folder()?.join("release").join(package))
}

/// Starts the function as Lambda would and waits until it asks for its first event, which it never gets.
fn start(function: &Path) -> Result<Start> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
    let mut command = as_lambda(function, listener.local_addr().context("the listener's address")?);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let polled = first_request(&listener);
        // The connection goes along and stays open, so the function waits for its event while it is looked at.
        sender.send((Instant::now(), polled))
    });
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", function.display()))?;
    let polled = wait_for_poll(&receiver, &mut child);
    let resident = resident(&child);
    // Before the connection is dropped, which it would complain about. It may be gone already; nothing to do about that.
    let _ = child.kill();
    let _ = child.wait();
    let (at, _connection) = polled.with_context(|| function.display().to_string())?;
    let (resident_kib, resident_peak_kib) = resident?;
    Ok(Start { to_first_poll: at - began, resident_kib, resident_peak_kib })
}

/// What the listening thread tells: when the first request came, and its connection.
type Polled = (Instant, Result<TcpStream>);

fn wait_for_poll(receiver: &Receiver<Polled>, child: &mut Child) -> Result<(Instant, TcpStream)> {
    let until = Instant::now() + PATIENCE;
    loop {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok((at, connection)) => return Ok((at, connection?)),
            Err(_) if Instant::now() > until => bail!("did not poll the Runtime API within {PATIENCE:?}"),
            Err(_) => {
                if let Some(status) = child.try_wait().context("cannot wait for it")? {
                    bail!("ended before it polled the Runtime API ({status}): start it by hand to see why");
                }
            }
        }
    }
}

/// The environment that Lambda gives a function. Its settings are unset, which is their defaults.
fn as_lambda(function: &Path, runtime_api: SocketAddr) -> Command {
    let mut command = Command::new(function);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "cold-start")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cold-start")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/02/[$LATEST]0")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_SESSION_TOKEN", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

fn first_request(listener: &TcpListener) -> Result<TcpStream> {
    let (connection, _) = listener.accept().context("accept")?;
    let mut line = String::new();
    BufReader::new(&connection).read_line(&mut line).context("its request")?;
    if !line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
        bail!("its first request was {line:?}, not a poll: it failed to start, and its output says why");
    }
    Ok(connection)
}

/// Resident memory now and at its highest, in KiB.
fn resident(child: &Child) -> Result<(u64, u64)> {
    let path = format!("/proc/{}/status", child.id());
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path} (this bench needs Linux)"))?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .with_context(|| format!("{path} has no {name}"))
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
fn print_row(name: &str, seen: &[Start]) {
    let times = sorted(seen, milliseconds);
    println!(
        "{name:<16} {:>8.2} {:>8.2} {:>8.2} {:>10.0} {:>9.0}",
        times[0],
        median(seen, milliseconds),
        times[times.len() - 1],
        median(seen, |start| start.resident_kib as f64),
        median(seen, |start| start.resident_peak_kib as f64),
    );
}

fn milliseconds(start: &Start) -> f64 {
    start.to_first_poll.as_secs_f64() * 1000.0
}

/// Of an even number, the upper of the two in the middle.
fn median(seen: &[Start], of: impl Fn(&Start) -> f64) -> f64 {
    sorted(seen, of)[seen.len() / 2]
}

fn sorted(seen: &[Start], of: impl Fn(&Start) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = seen.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
