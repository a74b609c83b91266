// SPDX-License-Identifier: Apache-2.0
//! Commands of the AWS CLI that people are told, wherever they are told: in documents, in the template, by the programs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::root;

/// All that the programs tell, which a test of scaler-app holds to what they tell.
const BY_PROGRAMS: &str = "shared/scaler-app/tests/aws-commands.txt";

/// Where the programs' commands are made. Elsewhere in their sources none stands.
const MADE_IN: &str = "shared/scaler-app/src/advice/commands.rs";

/// Folders with sources whose texts people read.
const SOURCES: [&str; 5] = ["shared", "functions", "cli", "sandbox", "demo"];

/// A command that begins with these words is not run: it signs in, which version 1 of the CLI does not, or names what wrote a file.
const NOT_RUN: [&str; 4] = ["aws configure export-credentials", "aws sso login", "aws login", "aws kafka"];

/// A command, and where it is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) place: String,
    pub(crate) command: String,
}

/// Every command that is told, in the order in which they can be tried: those of the programs first.
pub(crate) fn told() -> Result<(Vec<Told>, Vec<Told>)> {
    let by_programs = read(BY_PROGRAMS)?;
    let by_programs = by_programs.lines().map(|line| Told { place: BY_PROGRAMS.to_owned(), command: line.to_owned() });
    let mut in_texts = Vec::new();
    for path in texts()? {
        let text = fs::read_to_string(root().join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        in_texts.extend(in_text(&path.display().to_string(), &text)?);
    }
    sources_tell_none()?;
    in_texts.retain(|told| !is_not_run(&told.command));
    Ok((by_programs.collect(), in_texts))
}

/// Whether every command of a line is one of [`NOT_RUN`].
fn is_not_run(line: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-');
    let begins_so =
        |command: &str| NOT_RUN.iter().any(|start| command.strip_prefix(start).is_some_and(|rest| !goes_on(rest)));
    beginnings(line).all(|at| begins_so(&line[at..]))
}

fn texts() -> Result<Vec<PathBuf>> {
    let mut texts = vec![PathBuf::from("template.yaml")];
    for folder in ["", "docs"] {
        for entry in fs::read_dir(root().join(folder)).context("cannot read the folders of documents")? {
            let name = entry.context("cannot read the folders of documents")?.file_name();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                texts.push(Path::new(folder).join(name));
            }
        }
    }
    texts.sort();
    Ok(texts)
}

/// The commands between backticks of a text, which may go on over lines, or on lines of a block of code.
fn in_text(place: &str, text: &str) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    let mut add = |command: &str| told.push(Told { place: place.to_owned(), command: command.to_owned() });
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 1 {
            let part = part.replace("\\\n", " ");
            let lines = part.lines().map(|line| line.trim().trim_start_matches("$ "));
            lines.filter(|line| first(line).is_some()).for_each(&mut add);
            continue;
        }
        for (index, span) in part.split('`').enumerate() {
            let line = span.split_whitespace().collect::<Vec<_>>().join(" ");
            match first(&line) {
                Some(_) if index % 2 == 1 => add(&line),
                Some(at) => bail!("{place}: {:?} is not between backticks, so that nobody tries it", &line[at..]),
                None => {}
            }
        }
    }
    Ok(told)
}

/// Where the first command begins.
fn first(text: &str) -> Option<usize> {
    beginnings(text).next()
}

/// Where commands begin: `aws`, and after it the name of a service.
fn beginnings(text: &str) -> impl Iterator<Item = usize> {
    let begins = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[at + "aws ".len()..].chars().next();
        before.is_none_or(|it| it.is_whitespace() || "\"'(`$".contains(it))
            && after.is_some_and(|it| it.is_ascii_lowercase())
    };
    text.match_indices("aws ").map(|(at, _)| at).filter(begins)
}

fn sources_tell_none() -> Result<()> {
    let mut breaches = Vec::new();
    for folder in SOURCES {
        for path in rust_files(&root().join(folder))? {
            let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            if shown != MADE_IN && shown.contains("/src/") {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
                breaches.extend(in_source(&text).into_iter().map(|(line, told)| format!("{shown}:{line}: {told}")));
            }
        }
    }
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("commands of the AWS CLI that nobody tries; make them in {MADE_IN}:\n{}", breaches.join("\n"))
}

/// Lines of a source that tell a command, by their numbers; comments and modules of tests tell nobody.
fn in_source(text: &str) -> Vec<(usize, String)> {
    let lines = without_tests(text).filter(|(_, line)| !line.trim_start().starts_with("//"));
    let telling = lines.filter_map(|(index, line)| Some((index + 1, line[first(line)?..].to_owned())));
    telling.filter(|(_, told)| !is_not_run(told)).collect()
}

/// The lines outside modules of tests, by their indices. Such a module ends with the brace that is indented as it is.
fn without_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut is_test, mut end) = (false, None);
    text.lines().enumerate().filter(move |(_, line)| {
        if let Some(closing) = &end {
            if line == closing {
                end = None;
            }
            return false;
        }
        let item = line.trim_start();
        let is_module = item.split_whitespace().any(|word| word == "mod") && item.ends_with('{');
        if is_test && is_module {
            end = Some(format!("{}}}", &line[..line.len() - item.len()]));
        }
        // Other attributes may stand between.
        is_test = item == "#[cfg(test)]" || is_test && item.starts_with("#[");
        end.is_none()
    })
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Result<Vec<String>, String> {
        let told = in_text("t.md", text).map_err(|error| error.to_string())?;
        Ok(told.into_iter().map(|told| told.command).collect())
    }

    #[test]
    fn every_command_that_is_told_today_is_found() {
        let found = told().map(|(by_programs, in_texts)| (by_programs.len() > 10, !in_texts.is_empty()));
        assert_eq!(found.map_err(|error| error.to_string()), Ok((true, true)));
    }

    #[test]
    fn commands_stand_between_backticks_or_in_blocks_and_may_go_on_over_lines() {
        let text = "Say `aws a\n  b --c 'd'`, not `aws:ResourceTag`.\n```sh\naws e f # g\ncd aws\n$ aws h i\n```\n`eval \"$(aws j k)\"`";
        let expected = ["aws a b --c 'd'", "aws e f # g", "aws h i", "eval \"$(aws j k)\""];
        assert_eq!(commands(text), Ok(expected.map(str::to_owned).to_vec()));
        let bare = commands("Call aws kinesis list-streams today.");
        assert!(
            bare.is_err_and(|error| error.contains("\"aws kinesis list-streams today.\" is not between backticks"))
        );
    }

    #[test]
    fn a_source_tells_no_command_but_in_comments_and_tests() {
        let text = "/// `aws a b`\nlet x = \"or aws kinesis wait\";\n\"aws sso login\"\n\
                    #[cfg(test)]\nmod tests {\n    \"aws c d\"\n    }\n    \"aws e f\"\n}";
        assert_eq!(in_source(text), [(2, "aws kinesis wait\";".to_owned())]);
    }

    #[test]
    fn a_source_is_read_behind_all_that_is_for_tests_only() {
        for for_tests in [
            "#[cfg(test)]\nfn f() {\n}\n",
            "#[cfg(test)]\nmod tests;\n",
            "#[cfg(test)]\nuse std::fs;\n",
            "#[cfg(test)]\n#[path = \"t.rs\"]\npub(crate) mod tests {\n    \"aws a b\"\n}\n",
            "mod inner {\n    #[cfg(test)]\n    mod tests {\n        \"aws a b\"\n    }\n}\n",
        ] {
            let told = in_source(&format!("{for_tests}let x = \"aws c d\";"));
            assert_eq!(told, [(for_tests.lines().count() + 1, "aws c d\";".to_owned())], "{for_tests}");
        }
    }

    #[test]
    fn a_line_is_not_run_if_all_its_commands_begin_with_what_is_not() {
        for (line, expected) in [
            ("aws sso login --profile dev", true),
            ("eval \"$(aws configure export-credentials --format env)\"", true),
            ("aws kafka list-topics, aws kafka describe-topic", true),
            ("aws sso login, then aws kinesis list-streams", false),
            ("aws kinesis list-streams # not aws login", false),
            ("aws kinesis describe-stream --stream-name 'my-aws kafka x'", false),
            ("aws login-profiles list", false),
        ] {
            assert_eq!(is_not_run(line), expected, "{line}");
        }
    }
}
