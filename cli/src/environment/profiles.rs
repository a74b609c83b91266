// SPDX-License-Identifier: Apache-2.0
//! The AWS SDKs' files of profiles, as far as it takes to say which profile is meant and what it lacks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::files;

/// The profiles of both files.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    files: Vec<String>,
    by_name: BTreeMap<String, Profile>,
    /// By the name of a section `services` and by a service in it.
    endpoints: BTreeMap<(String, String), String>,
    unread: Vec<String>,
}

/// A profile: what both files say of it.
#[derive(Debug, Default)]
pub(super) struct Profile {
    name: String,
    values: BTreeMap<String, String>,
}

/// Which of the two files: profiles have the word `profile` before their name in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    Credentials,
}

impl Profiles {
    /// Reads the files that variables name, or those at home. None at home is no fault.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut read = Self::default();
        let home = variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from);
        for (kind, name, usual) in [
            (Kind::Config, "AWS_CONFIG_FILE", ".aws/config"),
            (Kind::Credentials, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ] {
            let named = variable(name);
            let Some(path) = named.as_ref().map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(usual))) else {
                continue;
            };
            match files::text("profiles in", &path) {
                Ok(text) => read.take(kind, &path, &text),
                Err(error) if named.is_some() => read.unread.push(format!("{name}: {error:#}")),
                Err(_) => read.files.push(path.display().to_string()),
            }
        }
        read
    }

    /// Those of two texts.
    #[cfg(test)]
    pub(super) fn of(config: &str, config_text: &str, credentials: &str, credentials_text: &str) -> Self {
        let mut read = Self::default();
        read.take(Kind::Config, Path::new(config), config_text);
        read.take(Kind::Credentials, Path::new(credentials), credentials_text);
        read
    }

    fn take(&mut self, kind: Kind, path: &Path, text: &str) {
        self.files.push(path.display().to_string());
        let (mut section, mut service) = (None, None);
        for line in text.lines() {
            if let Some(header) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                (section, service) = (section_of(kind, header), None);
                if let Some(Section::Profile(name)) = section {
                    name.clone_into(&mut self.by_name.entry(name.to_owned()).or_default().name);
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| !line.trim_start().starts_with(['#', ';'])) else {
                continue;
            };
            let (key, value) = (key.trim().to_lowercase(), value.trim().to_owned());
            let is_nested = line.starts_with(char::is_whitespace);
            match section {
                Some(Section::Profile(name)) if !is_nested => {
                    self.by_name
                        .entry(name.to_owned())
                        .or_default()
                        .values
                        .insert(key, without_comment(&value).trim().to_owned());
                }
                Some(Section::Services(_)) if !is_nested => service = Some(key),
                Some(Section::Services(name)) if key == "endpoint_url" => {
                    let service = service.clone().unwrap_or_default();
                    self.endpoints.insert((name.to_owned(), service), value);
                }
                Some(_) | None => {}
            }
        }
    }

    /// The endpoint of a service in a section `services`.
    pub(super) fn endpoint(&self, section: &str, service: &str) -> Option<&str> {
        self.endpoints.get(&(section.to_owned(), service.to_owned())).map(String::as_str)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Files that variables name and that could not be read, in words.
    pub(super) fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Where was looked.
    pub(super) fn files(&self) -> String {
        if self.files.is_empty() { "any file".to_owned() } else { self.files.join(" or ") }
    }
}

/// What a section is about, where it is of use here; others are about sessions.
#[derive(Clone, Copy)]
enum Section<'a> {
    Profile(&'a str),
    Services(&'a str),
}

fn section_of(kind: Kind, header: &str) -> Option<Section<'_>> {
    let header = header.trim();
    match (kind, header.split_once(char::is_whitespace)) {
        (Kind::Config, Some(("profile", name))) => Some(Section::Profile(name.trim())),
        (Kind::Config, Some(("services", name))) => Some(Section::Services(name.trim())),
        (Kind::Config, None) if header == "default" => Some(Section::Profile(header)),
        (Kind::Credentials, None) => Some(Section::Profile(header)),
        (Kind::Config, _) | (Kind::Credentials, Some(_)) => None,
    }
}

/// A value up to a comment, which begins behind a blank; the SDKs find none in what is nested.
fn without_comment(value: &str) -> &str {
    let comment = value.match_indices(['#', ';']).find(|(at, _)| value[..*at].ends_with(char::is_whitespace));
    comment.map_or(value, |(at, _)| &value[..at])
}

impl Profile {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }
}
