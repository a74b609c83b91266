// SPDX-License-Identifier: Apache-2.0
//! What the environment says of AWS (variables, profiles, Region, endpoints), and which part of it is wrong.

mod profiles;
mod regions;

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use profiles::{Profile, Profiles};
pub(crate) use regions::{is_known, kinesis_host, meant};
use regions::{is_near_another, nearest};

const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const PROFILE: &str = "AWS_PROFILE";
/// With this, the SDKs take no endpoint from variables or profiles.
const IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const KINESIS: &str = "kinesis";
/// The services that commands call, as sections `services` of a profile call them; variables have them in capitals, with `_`.
/// Source: the crate `aws-runtime`, `env_config.rs`.
const SERVICES: [&str; 4] = ["cloudwatch", KINESIS, "pricing", "resource-groups-tagging-api"];

/// Variables and profiles, as the AWS SDKs find them.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    profiles: Profiles,
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables: BTreeMap<_, _> = env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        let profiles = Profiles::read(|name| variables.get(name).filter(|value| !value.is_empty()).cloned());
        Self { variables, profiles }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// `AWS_REGION="us-east-1"`.
    fn said(&self, name: &str) -> String {
        format!("{name}={:?}", self.get(name).unwrap_or_default())
    }

    /// Where the calls of a service go, with what says so; `None` for AWS's own. In the order in which the SDKs look.
    fn endpoint(&self, service: &str) -> Option<(String, &str)> {
        let is_ignored = self.get(IGNORE_ENDPOINTS).or_else(|| self.profile()?.get("ignore_configured_endpoint_urls"));
        if is_ignored.is_some_and(|ignored| ignored.eq_ignore_ascii_case("true")) {
            return None;
        }
        let by_variable = |name: String| Some((name.clone(), self.get(&name)?));
        by_variable(format!("{ENDPOINT}_{}", service.to_uppercase().replace('-', "_")))
            .or_else(|| by_variable(ENDPOINT.to_owned()))
            .or_else(|| {
                let profile = self.profile()?;
                let of_service = profile.get("services").and_then(|section| self.profiles.endpoint(section, service));
                let endpoint = of_service.or_else(|| profile.get("endpoint_url"))?;
                Some((format!("endpoint_url of {}", self.profile_said()), endpoint))
            })
    }

    /// Where calls go that do not go to AWS, once each, with what says so.
    fn endpoints(&self) -> BTreeSet<(String, &str)> {
        SERVICES.into_iter().filter_map(|service| self.endpoint(service)).collect()
    }

    /// Whether a Region may be called anything: its streams are not AWS's.
    fn is_elsewhere(&self) -> bool {
        self.endpoint(KINESIS).is_some()
    }

    /// The profile in use, where there is one of its name.
    fn profile(&self) -> Option<&Profile> {
        self.profiles.find(self.profile_name())
    }

    fn profile_name(&self) -> &str {
        self.get(PROFILE).unwrap_or("default")
    }

    /// The profile for people, with what names it.
    fn profile_said(&self) -> String {
        match self.get(PROFILE) {
            Some(_) => format!("the profile of {}", self.said(PROFILE)),
            None => "the profile default".to_owned(),
        }
    }

    /// What is wrong whatever is called, all at once.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> =
            self.endpoints().iter().filter_map(|(name, value)| endpoint_fault(name, value)).collect();
        let region = REGIONS.into_iter().find(|name| self.get(name).is_some());
        faults.extend(region.and_then(|name| self.region_fault(name)));
        faults
    }

    fn region_fault(&self, name: &str) -> Option<String> {
        let (value, said) = (self.get(name)?, self.said(name));
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match value {
            "" => Some(format!("{said} is empty: set it to a Region, such as us-east-1, or unset it")),
            _ if value.bytes().all(is_code) || self.is_elsewhere() => None,
            _ => Some(format!("{said} is not a Region's code, such as us-east-1: {}", meant(value))),
        }
    }

    /// A Region for people, with what names it.
    pub(crate) fn region_said(&self, region: &str) -> String {
        let variable = REGIONS.into_iter().find(|name| self.get(name) == Some(region));
        match variable {
            Some(name) => self.said(name),
            None if self.profile().is_some_and(|profile| profile.get("region") == Some(region)) => {
                format!("region={region:?} of {}", self.profile_said())
            }
            None => format!("the Region {region:?}"),
        }
    }

    /// Whether a Region has to be asked for its address before it is believed: it is nearly called as another is.
    pub(crate) fn doubts(&self, region: &str) -> bool {
        let through_proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        is_near_another(region) && !self.is_elsewhere() && !through_proxy.iter().any(|name| self.get(name).is_some())
    }

    /// Why there is no Region, and what to do.
    pub(crate) fn no_region(&self) -> String {
        let why = match (self.profile(), self.get(PROFILE)) {
            (Some(_), _) => format!(", and {} has none", self.profile_said()),
            (None, Some(_)) => format!(", and {}", self.no_profile()),
            (None, None) => String::new(),
        };
        format!("no AWS Region is set{why}: set AWS_REGION, or a region in the profile")
    }

    /// That `AWS_PROFILE` names nothing.
    fn no_profile(&self) -> String {
        let name = self.profile_name();
        if name.is_empty() {
            return format!("{} is empty: set it to a profile, or unset it", self.said(PROFILE));
        }
        let names: Vec<_> = self.profiles.names().collect();
        let likely = nearest(name, names.iter().copied());
        let there = match (likely.is_empty(), names.is_empty()) {
            (false, _) => format!("is {} meant?", likely.join(" or ")),
            (true, false) => format!("there are {}", names.join(", ")),
            (true, true) => "there is none".to_owned(),
        };
        format!("{} names no profile in {}: {there}", self.said(PROFILE), self.profiles.files())
    }

    /// Why there are no credentials, and what to do; `cause` is what the SDK says, where it says more than that.
    pub(crate) fn no_credentials(&self, cause: Option<&str>) -> String {
        let mut why: Vec<String> = self.profiles.unread().to_vec();
        why.extend(self.half_a_key());
        why.extend(match self.profile() {
            Some(profile) => Some(self.lacking(profile, cause)),
            None if self.get(PROFILE).is_some() => Some(self.no_profile()),
            None => cause.map(str::to_owned),
        });
        match why[..] {
            [] => "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with IAM Identity \
                   Center, eval \"$(aws configure export-credentials --format env)\""
                .to_owned(),
            _ => format!("no AWS credentials: {}", why.join("; ")),
        }
    }

    fn half_a_key(&self) -> Option<String> {
        let is_set = |name| self.get(name).is_some_and(|value| !value.is_empty());
        match (is_set(KEY), is_set(SECRET)) {
            (true, false) => Some(format!("{KEY} is set, and {SECRET} is not")),
            (false, true) => Some(format!("{SECRET} is set, and {KEY} is not")),
            (true, true) | (false, false) => None,
        }
    }

    /// Why a profile that is there gives none.
    fn lacking(&self, profile: &Profile, cause: Option<&str>) -> String {
        let (said, name) = (self.profile_said(), profile.name());
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let export = format!("eval \"$(aws configure export-credentials --profile {name} --format env)\"");
        if ["sso_session", "sso_start_url"].iter().any(|key| profile.has(key)) {
            return format!(
                "{said} uses IAM Identity Center; sign in with version 2 of the AWS CLI: aws sso login \
                 --profile {name}, then {export}"
            );
        }
        if profile.has("login_session") {
            return format!(
                "{said} signs in through the console; sign in with version 2 of the AWS CLI: aws login \
                 --profile {name}, then {export}"
            );
        }
        if let Some(command) = profile.get("credential_process") {
            return format!("{said} has credential_process={command:?}, which returned no credentials{cause}");
        }
        if let Some(role) = profile.get("role_arn") {
            return format!("{said} has role_arn={role:?}, which could not be assumed{cause}");
        }
        format!("{said} has no credentials{cause}: set {KEY} and {SECRET}, or name another profile with {PROFILE}")
    }

    /// Whose credentials are in use, for people.
    pub(crate) fn credentials_said(&self) -> String {
        if self.get(KEY).is_some_and(|key| !key.is_empty()) {
            return format!("those of {KEY}");
        }
        format!("those of {}", self.profile_said())
    }

    /// How to have new credentials in place of those that have expired.
    pub(crate) fn renewal(&self) -> String {
        let export = "eval \"$(aws configure export-credentials --format env)\"";
        if self.get(KEY).is_some_and(|key| !key.is_empty()) {
            return format!(
                "sign in again and set {KEY}, {SECRET} and AWS_SESSION_TOKEN anew, for example with \
                 aws sso login and {export} (unset them first)"
            );
        }
        format!("sign in again, for example with aws sso login --profile {}, and {export}", self.profile_name())
    }

    /// Where calls went that had no answer.
    pub(crate) fn unreachable(&self) -> String {
        let named: Vec<_> = self.endpoints().iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        if !named.is_empty() {
            return format!("does anything listen there ({})?", named.join(", "));
        }
        let doubt = self
            .region()
            .filter(|region| !is_known(region))
            .map(|region| format!("; {} is no Region that is known here: {}", self.region_said(region), meant(region)));
        format!("is AWS reachable from here (network, proxy)?{}", doubt.unwrap_or_default())
    }

    /// What to look at where something answered that is not AWS.
    pub(crate) fn not_aws(&self) -> String {
        let named: Vec<_> = self.endpoints().iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        if named.is_empty() {
            return "what answered is not AWS: is a proxy or a login page in between (HTTPS_PROXY, NO_PROXY)?"
                .to_owned();
        }
        format!("the answer is not from an AWS service: is {} set to the right address?", named.join(", "))
    }

    /// The Region, as the SDKs find it.
    fn region(&self) -> Option<&str> {
        let by_variable = REGIONS.into_iter().find_map(|name| self.get(name));
        by_variable.or_else(|| self.profile()?.get("region"))
    }
}

/// What is wrong with an endpoint, before it is called.
fn endpoint_fault(name: &str, value: &str) -> Option<String> {
    let host = ["http://", "https://"].iter().find_map(|scheme| value.strip_prefix(scheme));
    match (value, host) {
        ("", _) => Some(format!("{name}=\"\" is empty: set it to a URL, such as http://127.0.0.1:4566, or unset it")),
        (_, Some(host)) if !host.is_empty() && !value.contains(char::is_whitespace) => None,
        _ => Some(format!(
            "{name}={value:?} is not a URL: expected http:// or https:// and a host, such as http://127.0.0.1:4566"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = include_str!("../tests/environment/config");
    const CREDENTIALS: &str = include_str!("../tests/environment/credentials");

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment { variables, profiles: Profiles::of("config", CONFIG, "credentials", CREDENTIALS) }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_variable_and_all_at_once() {
        for (variables, expected) in [
            (&[("AWS_REGION", "")][..], &["AWS_REGION=\"\" is empty"][..]),
            (&[("AWS_DEFAULT_REGION", "")], &["AWS_DEFAULT_REGION=\"\" is empty"]),
            (&[("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "")], &[]),
            (&[("AWS_REGION", "US East")], &["AWS_REGION=\"US East\" is not a Region's code"]),
            (&[("AWS_REGION", "LOCAL"), ("AWS_ENDPOINT_URL", "http://localhost:4566")], &[]),
            (
                &[("AWS_REGION", ""), ("AWS_ENDPOINT_URL_KINESIS", "localhost:4566"), ("AWS_ENDPOINT_URL", "")],
                &[
                    "AWS_ENDPOINT_URL=\"\" is empty",
                    "AWS_ENDPOINT_URL_KINESIS=\"localhost:4566\" is not a URL",
                    "AWS_REGION=\"\" is empty",
                ],
            ),
            (&[("AWS_ENDPOINT_URL", "http://")], &["AWS_ENDPOINT_URL=\"http://\" is not a URL"]),
        ] {
            let faults = environment(variables).faults();
            assert_eq!(faults.len(), expected.len(), "{faults:?}");
            for (fault, begin) in faults.iter().zip(expected) {
                assert!(fault.starts_with(begin), "{fault}");
            }
        }
    }

    #[test]
    fn endpoints_of_services_that_are_not_called_say_nothing() {
        for (variables, elsewhere, faults) in [
            (&[("AWS_ENDPOINT_URL_S3", "http://minio:9000")][..], false, 0),
            (&[("AWS_ENDPOINT_URL_DYNAMODB", "")], false, 0),
            (&[("AWS_ENDPOINT_URL_KINESIS_VIDEO", "minio")], false, 0),
            (&[("AWS_ENDPOINT_URL_CLOUDWATCH", "http://x")], false, 0),
            (&[("AWS_ENDPOINT_URL_CLOUDWATCH", "x")], false, 1),
            (&[("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", "x")], false, 1),
            (&[("AWS_ENDPOINT_URL_PRICING", "")], false, 1),
            (&[("AWS_ENDPOINT_URL_KINESIS", "http://x")], true, 0),
            (&[("AWS_ENDPOINT_URL", "http://x")], true, 0),
            (&[("AWS_ENDPOINT_URL", "x"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], false, 0),
            (&[("AWS_PROFILE", "local")], true, 0),
            (&[("AWS_PROFILE", "pages")], false, 0),
            (&[("AWS_PROFILE", "noscheme")], true, 1),
        ] {
            let environment = environment(variables);
            let told = environment.faults();
            assert_eq!((environment.is_elsewhere(), told.len()), (elsewhere, faults), "{variables:?}: {told:?}");
            assert_eq!(environment.doubts("us-esat-1"), !elsewhere, "{variables:?}");
        }
        let local = environment(&[("AWS_PROFILE", "local")]).unreachable();
        let words = "(endpoint_url of the profile of AWS_PROFILE=\"local\"=\"http://127.0.0.1:4566\")";
        assert!(local.contains(words), "{local}");
    }

    #[test]
    fn a_region_that_is_not_known_is_doubted_once_it_does_not_answer() {
        for (region, doubt) in [
            ("us-east-1", None),
            ("us-iso-east-1", None),
            (
                "us-east-9",
                Some("AWS_REGION=\"us-east-9\" is no Region that is known here: is us-east-1 or us-east-2 meant?"),
            ),
            ("nz-central-9", Some("AWS_REGION=\"nz-central-9\" is no Region that is known here: AWS has af-south-1")),
        ] {
            let told = environment(&[("AWS_REGION", region)]).unreachable();
            assert!(told.starts_with("is AWS reachable from here (network, proxy)?"), "{told}");
            assert!(doubt.map_or(!told.contains("known"), |doubt| told.contains(doubt)), "{told}");
        }
        assert!(!environment(&[("AWS_REGION", "nz-central-9")]).doubts("nz-central-9"), "no slip for another");
    }

    #[test]
    fn credentials_that_are_not_there_are_told_by_what_lacks_them() {
        for (variables, expected) in [
            (
                &[("AWS_PROFILE", "typo")][..],
                "AWS_PROFILE=\"typo\" names no profile in config or credentials: there are base, dev, local, noregion, noscheme, pages, proc",
            ),
            (&[("AWS_PROFILE", "dve")], "names no profile in config or credentials: is dev meant?"),
            (&[("AWS_PROFILE", "")], "AWS_PROFILE=\"\" is empty"),
            (&[("AWS_PROFILE", "dev")], "aws sso login --profile dev, then eval"),
            (
                &[("AWS_PROFILE", "proc")],
                "AWS_PROFILE=\"proc\" has credential_process=\"/bin/false\", which returned no credentials: exit 1",
            ),
            (
                &[("AWS_PROFILE", "noregion")],
                "has role_arn=\"arn:aws:iam::123456789012:role/x\", which could not be assumed: exit 1",
            ),
            (&[("AWS_ACCESS_KEY_ID", "x")], "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"),
            (
                &[("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_ACCESS_KEY_ID", "")],
                "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID",
            ),
        ] {
            let told = environment(variables).no_credentials(Some("exit 1"));
            assert!(told.contains(expected), "{variables:?}: {told}");
        }
        let told = environment(&[]).no_credentials(None);
        assert!(told.contains("set AWS_PROFILE, or AWS_ACCESS_KEY_ID"), "{told}");
    }

    #[test]
    fn a_region_is_told_with_what_names_it() {
        let by = |variables| environment(variables).region_said("eu-west-1");
        assert_eq!(by(&[("AWS_REGION", "eu-west-1")]), "AWS_REGION=\"eu-west-1\"");
        assert_eq!(by(&[("AWS_PROFILE", "dev")]), "region=\"eu-west-1\" of the profile of AWS_PROFILE=\"dev\"");
        let none = |variables| environment(variables).no_region();
        assert!(none(&[("AWS_PROFILE", "noregion")]).contains("the profile of AWS_PROFILE=\"noregion\" has none"));
        assert!(none(&[("AWS_PROFILE", "typo")]).contains("AWS_PROFILE=\"typo\" names no profile"));
    }
}
