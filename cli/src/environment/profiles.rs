//! The AWS SDKs' files of profiles, as far as it takes to say which profile is meant and what it lacks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::files;

/// The profiles of both files.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    files: Vec<String>,
    by_name: BTreeMap<String, Profile>,
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
        let mut current = None;
        for line in text.lines() {
            if let Some(section) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                current = name_of(kind, section).map(str::to_owned);
                if let Some(name) = &current {
                    let profile = self.by_name.entry(name.clone()).or_default();
                    profile.name.clone_from(name);
                }
            } else if let (Some(name), Some((key, value))) = (&current, line.split_once('='))
                && !line.starts_with(char::is_whitespace)
                && !line.starts_with(['#', ';'])
            {
                let values = &mut self.by_name.entry(name.clone()).or_default().values;
                values.insert(key.trim().to_lowercase(), value.trim().to_owned());
            }
        }
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

/// The profile that a section is about; others are about sessions and services.
fn name_of(kind: Kind, section: &str) -> Option<&str> {
    let section = section.trim();
    match (kind, section.split_once(char::is_whitespace)) {
        (Kind::Config, Some(("profile", name))) => Some(name.trim()),
        (Kind::Config, None) if section == "default" => Some(section),
        (Kind::Credentials, None) => Some(section),
        (Kind::Config, _) | (Kind::Credentials, Some(_)) => None,
    }
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
