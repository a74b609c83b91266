// SPDX-License-Identifier: Apache-2.0
//! Who may depend on whom: the layers of our crates, and what no function may carry.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::{array, cargo, from_root, metadata, text};

/// Each crate of ours depends on crates of a lower layer alone; tests may look the other way.
pub(crate) fn dependencies_point_inwards() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for package in array(&metadata()?["packages"]) {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        for dependency in array(&package["dependencies"]).iter().filter(|dependency| dependency["kind"] != "dev") {
            let needed = dependency["name"].as_str().unwrap_or_default();
            if let Some(rule) = forbidden(name, &from_root(manifest), needed, dependency["path"].is_string()) {
                let line = text(manifest)?.lines().position(|line| line.starts_with(needed)).map_or(1, |at| at + 1);
                breaches.push(format!("{}:{line}: {name} must not depend on {needed}: {rule}", from_root(manifest)));
            }
        }
    }
    Ok(breaches)
}

/// Why the package may not have that dependency, if it may not; `manifest` is where it lies, from the root.
fn forbidden(package: &str, manifest: &str, needed: &str, of_ours: bool) -> Option<&'static str> {
    let is_pure = ["kinesis-model", "scaler-core", "billing", "sizing"].contains(&package);
    if is_pure && !of_ours && !["jiff", "md-5", "thiserror"].contains(&needed) {
        return Some("calculation takes values and gives values, with jiff, md-5 and thiserror and nothing else");
    }
    // These know Kinesis and nothing of the scaler; the last two are libraries for other people's programs, too.
    let is_general = ["aws-models", "kinesis-producer", "key-spread"].contains(&package);
    if is_general && of_ours && needed != "kinesis-model" {
        return Some("a general library carries nothing of the scaler: move what it needs to shared/kinesis-model");
    }
    let speaks = ["scaler-aws", "billing-aws", "operator-aws"].contains(&package)
        || (package == "kinesis-producer" && needed == "aws-sdk-kinesis");
    if needed.starts_with("aws-sdk-") && layer(package) < OUTERMOST && !speaks {
        return Some(
            "only scaler-aws, billing-aws and operator-aws speak to AWS: add the call to a trait in shared/scaler-app/src/cloud",
        );
    }
    if manifest.starts_with("functions/")
        && ["aws-models", "testkit", "simulator", "sandbox", "operator-aws"].contains(&needed)
    {
        return Some("a deployed function carries no model of AWS");
    }
    if manifest.starts_with("functions/") && needed == "sizing" {
        return Some("what only people's commands need stays out of the functions");
    }
    if of_ours && layer(needed) >= layer(package) && layer(needed) < OUTERMOST {
        return Some("dependencies point one way, see `layer` in xtask/src/tidy.rs: move what is shared inwards");
    }
    None
}

const OUTERMOST: u8 = 6;

/// A crate may depend on those of lower layers.
fn layer(package: &str) -> u8 {
    match package {
        "kinesis-model" | "file-reader" => 0,
        "scaler-core" | "aws-models" | "key-spread" | "kinesis-producer" => 1,
        "billing" => 2,
        "scaler-app" | "sizing" => 3,
        "scaler-aws" | "testkit" | "simulator" | "cost-page" => 4,
        "billing-aws" | "operator-aws" => 5,
        _ => OUTERMOST,
    }
}

/// What a function has no use for: it would be compiled, and perhaps linked. `flate2` is not among them: `aws-sdk-cloudwatch` itself
/// compresses requests with it.
const NOT_IN: [(&str, &[&str]); 4] = [
    ("scale-out", &["aws-sdk-s3", "aws-sdk-pricing", "prost", "maud", "rust_decimal", "sizing"]),
    ("scale-in", &["aws-sdk-s3", "aws-sdk-pricing", "prost", "maud", "rust_decimal", "sizing"]),
    ("alarm-sync", &["aws-sdk-s3", "aws-sdk-pricing", "prost", "maud", "rust_decimal", "sizing"]),
    ("cost-report", &["prost", "sizing"]),
];

/// A function's tree of dependencies holds nothing that it has no use for.
pub(crate) fn functions_compile_what_they_use() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for (function, needless) in NOT_IN {
        let tree = ["tree", "--locked", "--package", function, "--edges", "normal", "--prefix", "none"];
        let output = cargo(tree).output().context("cannot start `cargo tree`")?;
        if !output.status.success() {
            bail!("`cargo tree` of {function} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        let found =
            needless.iter().filter(|needless| tree.lines().any(|line| line.split(' ').next() == Some(**needless)));
        breaches.extend(found.map(|found| {
            format!("functions/{function}/Cargo.toml:1: {function} compiles {found}: `cargo tree -p {function} -i {found}` tells why")
        }));
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_point_one_way() {
        let allowed = |folder, package, needed, of_ours| {
            forbidden(package, &format!("{folder}/{package}/Cargo.toml"), needed, of_ours).is_none()
        };
        assert!(allowed("shared", "scaler-core", "jiff", false));
        assert!(!allowed("shared", "scaler-core", "serde", false));
        assert!(allowed("shared", "scaler-core", "kinesis-model", true));
        assert!(!allowed("shared", "scaler-core", "billing", true));
        assert!(allowed("shared", "scaler-app", "scaler-core", true));
        assert!(!allowed("shared", "scaler-app", "testkit", true));
        assert!(!allowed("shared", "simulator", "scaler-aws", true));
        assert!(!allowed("shared", "scaler-app", "aws-sdk-kinesis", false));
        assert!(allowed("shared", "scaler-aws", "aws-sdk-kinesis", false));
        assert!(allowed("shared", "cost-page", "scaler-app", true));
        assert!(!allowed("shared", "cost-page", "scaler-aws", true));
        assert!(allowed("shared", "billing-aws", "scaler-aws", true));
        for general in ["kinesis-producer", "key-spread"] {
            assert!(allowed("shared", general, "kinesis-model", true));
            assert!(!allowed("shared", general, "scaler-core", true));
        }
        for function in ["scale-out", "alarm-sync", "one-to-come"] {
            assert!(allowed("functions", function, "scaler-aws", true));
            assert!(allowed("functions", function, "cost-page", true));
            for models in ["aws-models", "testkit", "simulator", "sandbox", "sizing"] {
                assert!(!allowed("functions", function, models, true));
            }
        }
        assert!(allowed(".", "sandbox", "aws-models", true));
    }
}
