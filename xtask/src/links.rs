// SPDX-License-Identifier: Apache-2.0
//! Links to documents lead somewhere: to a file that exists, and to a heading that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::shell::{from_root, root, text};
use crate::tidy::files;

/// Documents that are named from the workspace's root in sources, the template and documents, and links of documents to files
/// beside them.
pub(crate) fn links_lead_somewhere() -> Result<Vec<String>> {
    let mut breaches = BTreeSet::new();
    for extension in ["rs", "py", "tf", "toml", "yaml", "md"] {
        for path in files(root(), extension)? {
            let here = path.parent().unwrap_or(root());
            for (at, line) in text(&path)?.lines().enumerate() {
                let mut faults: Vec<_> = named(line).into_iter().map(|link| fault(root(), &link)).collect();
                if extension == "md" {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    faults.extend(linked(line, &name).iter().map(|link| fault(here, link)));
                }
                for fault in faults {
                    breaches.extend(fault?.map(|fault| format!("{}:{}: {fault}", from_root(&path), at + 1)));
                }
            }
        }
    }
    Ok(breaches.into_iter().collect())
}

/// The documents that a line names by their path from the root, each with the heading that is named behind it.
fn named(line: &str) -> Vec<String> {
    let in_word = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let of = |(at, _): (usize, &str)| {
        let rest = &line[at..];
        let path = &rest[..rest.find(|c| !in_word(c)).unwrap_or(rest.len())];
        let file = &path[..path.rfind(".md")? + ".md".len()];
        let anchor = rest[file.len()..].strip_prefix('#').unwrap_or_default();
        let anchor =
            anchor.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).next().filter(|it| !it.is_empty());
        Some(anchor.map_or_else(|| file.to_owned(), |anchor| format!("{file}#{anchor}")))
    };
    line.match_indices("docs/").filter(|(at, _)| !line[..*at].ends_with(in_word)).filter_map(of).collect()
}

/// The files that a line of the document of this name links to: `[words](file#heading)` without a scheme.
fn linked(line: &str, name: &str) -> Vec<String> {
    let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    links
        .filter(|link| !link.is_empty() && !link.contains(':'))
        .map(|link| if link.starts_with('#') { format!("{name}{link}") } else { link.to_owned() })
        .collect()
}

/// What is wrong with a link that is read from this folder.
fn fault(folder: &Path, link: &str) -> Result<Option<String>> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = folder.join(file);
    if !target.exists() {
        return Ok(Some(format!("there is no {file}: name the file that took its place")));
    }
    let is_there = anchor.is_empty() || headings(&text(&target)?).contains(anchor);
    Ok((!is_there).then(|| format!("{file} has no heading for #{anchor}: name one that it has")))
}

/// The anchors of a document's headings, as GitHub makes them: the second of two alike ends with `-1`.
fn headings(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut in_code = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let words = line.trim_start_matches('#');
        let is_heading = !in_code && (1..=6).contains(&(line.len() - words.len())) && words.starts_with(' ');
        if is_heading {
            let slug = slug(words);
            let before = seen.entry(slug.clone()).or_default();
            anchors.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
            *before += 1;
        }
    }
    anchors
}

/// Small letters, without punctuation, and a hyphen for each blank.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn headings_have_the_anchors_that_github_gives_them() {
        let text = "# What `it` does, & why\n## Why\n```sh\n# no heading\n```\n## Why\n#no heading\n";
        let expected = ["what-it-does--why", "why", "why-1"];
        assert_eq!(headings(text).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn documents_are_found_in_any_line_and_links_in_documents() {
        // Put together here, or this file would have the broken links itself.
        let line = concat!("see `doc", "s/a.md#b-c`, (doc", "s/d/e.md). Not x/doc", "s/f.md nor doc", "s/g.svg");
        assert_eq!(named(line), [concat!("doc", "s/a.md#b-c"), concat!("doc", "s/d/e.md")]);
        let line = "[a](b.md#c), [d](#e), [f](https://g.h/i.md), ![j](k.svg)";
        assert_eq!(linked(line, "l.md"), ["b.md#c", "l.md#e", "k.svg"]);
    }

    #[test]
    fn a_link_needs_a_file_and_a_heading() {
        let fault = |link| fault(root(), link).unwrap();
        assert_eq!(fault("README.md"), None);
        assert!(fault("NO.md").is_some_and(|told| told.starts_with("there is no NO.md")));
        assert!(
            fault("README.md#no-such-heading").is_some_and(|told| told.contains("no heading for #no-such-heading"))
        );
    }
}
