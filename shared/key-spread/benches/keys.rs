// SPDX-License-Identifier: Apache-2.0
//! Keys a second, over 64 shards, from memory and from a file, and Python's hashlib doing the same work in the same run.
//!
//! `cargo xtask bench keys`. Each is the best of several runs: the machine has other things to do as well.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use key_spread::{Spread, spread_lines};
use kinesis_model::HashKeyRange;
use kinesis_model::num::float;
use rayon::prelude::*;

const KEYS: usize = 10_000_000;
const SHARDS: u32 = 64;
const RUNS: usize = 5;
/// Python is slow; a part of the keys tells as much.
const PYTHON_KEYS: usize = 1_000_000;

/// What a Python programmer writes for it.
const PYTHON: &str = "
import hashlib, sys, time
from collections import Counter
with open(sys.argv[1], 'rb') as file:
    keys = file.read().split(b'\\n')[:int(sys.argv[2])]
shards = int(sys.argv[3])
began = time.perf_counter()
counts, keys_seen = [0] * shards, Counter()
for key in keys:
    hash_key = int.from_bytes(hashlib.md5(key).digest(), 'big')
    counts[hash_key * shards >> 128] += 1
    keys_seen[key] += 1
print(len(keys) / (time.perf_counter() - began))
";

fn main() {
    let mut text = String::with_capacity(KEYS * 17);
    for i in 0..KEYS as u64 {
        let _ = writeln!(text, "{:016x}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys.txt");
    if let Err(error) = File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
        eprintln!("cannot write {}: {error}", path.display());
        std::process::exit(1);
    }
    let ranges = HashKeyRange::uniform(SHARDS);
    let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let memory = best(|| from_memory(&lines, &ranges));
    let file =
        best(|| File::open(&path).ok().and_then(|file| spread_lines(file, &ranges, |_, line| Ok(line.into())).ok()));
    println!("16-byte keys over {SHARDS} shards, with the hottest keys, best of {RUNS} runs, on all cores");
    println!("from memory {memory:>12.0} keys/s (target 20,000,000)");
    println!("from a file {file:>12.0} keys/s (target  5,000,000)");
    match python(&path) {
        Some(python) => {
            println!("hashlib     {python:>12.0} keys/s, from memory, on one core");
            println!("ratio       {:>12.1} from memory, {:.1} from a file", memory / python, file / python);
        }
        None => println!("hashlib     not measured: there is no python3 here"),
    }
}

/// The same keys as slices that are there, shared out to the cores.
fn from_memory(keys: &[&[u8]], ranges: &[HashKeyRange]) -> Option<Spread> {
    let parts = keys.par_chunks(keys.len().div_ceil(rayon::current_num_threads())).map(|part| {
        let mut spread = Spread::over(ranges);
        part.chunks(4_096).for_each(|batch| spread.take(batch, |_| ()));
        spread
    });
    parts.reduce_with(|mut whole, mut part| {
        whole.merge(&mut part);
        whole
    })
}

/// Keys a second of the quickest run; every run must have counted every key.
fn best(run: impl Fn() -> Option<Spread>) -> f64 {
    let seconds = (0..RUNS).map(|_| {
        let began = Instant::now();
        let counted = run().map(|spread| spread.records());
        assert_eq!(counted, Some(KEYS as u64), "every key is counted");
        began.elapsed().as_secs_f64()
    });
    float(KEYS) / seconds.fold(f64::MAX, f64::min)
}

fn python(path: &Path) -> Option<f64> {
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON]).arg(path).args([PYTHON_KEYS.to_string(), SHARDS.to_string()]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
