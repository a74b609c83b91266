// SPDX-License-Identifier: Apache-2.0
//! An environment that is told wrong: the profile, the variable or the Region that is wrong is named, and what to do.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use std::process::Output;

use support::shardctl;

/// Runs with these variables, and the profiles of the folder of this test.
fn output(arguments: &str, variables: &[(&str, &str)]) -> Output {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/environment");
    let mut command = shardctl(arguments, &[]);
    command.env_clear().current_dir(folder).envs([
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    command.envs(variables.iter().copied()).output().unwrap()
}

/// Fails with 1, says these and not those, and writes nothing else.
fn fails(arguments: &str, variables: &[(&str, &str)], words: &[&str], not: &[&str]) {
    let output = output(arguments, variables);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{variables:?}: {told}");
    assert!(output.stdout.is_empty(), "{variables:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(words.iter().all(|words| told.contains(words)), "{variables:?}: {words:?}: {told}");
    assert!(!not.iter().any(|words| told.contains(words)), "{variables:?}: {not:?}: {told}");
}

const HERE: (&str, &str) = ("AWS_REGION", "us-east-1");
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x")];

#[test]
fn a_profile_that_gives_nothing_is_named() {
    for arguments in ["status", "status orders", "scale orders auto", "cost", "keys sample --stream orders"] {
        let words = [
            "AWS_PROFILE=\"typo\" names no profile in config or credentials",
            "base, dev, local, noregion, noscheme, pages, proc",
        ];
        fails(arguments, &[("AWS_PROFILE", "typo"), HERE], &words, &["set AWS_PROFILE", "permission"]);
    }
    fails("status", &[("AWS_PROFILE", "typo")], &["AWS_PROFILE=\"typo\" names no profile"], &[]);
    fails("status", &[("AWS_PROFILE", "bsae"), HERE], &["is base meant?"], &[]);
    fails("status", &[("AWS_PROFILE", "dev")], &["IAM Identity Center", "aws sso login --profile dev"], &["cargo"]);
    fails("status", &[("AWS_PROFILE", "noregion")], &["the profile of AWS_PROFILE=\"noregion\" has none"], &[]);
    fails(
        "status",
        &[("AWS_PROFILE", "proc")],
        &["credential_process=\"/bin/false\", which returned no credentials"],
        &[],
    );
    fails("status", &[HERE, KEYS[0]], &["AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"], &[]);
    let gone = [("AWS_CONFIG_FILE", "gone"), ("AWS_PROFILE", "dev"), HERE];
    fails(
        "status",
        &gone,
        &["AWS_CONFIG_FILE: cannot open the profiles in gone", "AWS_PROFILE=\"dev\" names no profile"],
        &[],
    );
}

#[test]
fn a_region_that_is_none_is_named_with_what_may_be_meant() {
    let [key, secret] = KEYS;
    for arguments in ["status", "status orders"] {
        fails(arguments, &[("AWS_REGION", ""), key, secret], &["AWS_REGION=\"\" is empty"], &["permission"]);
        let slip = [("AWS_REGION", "us-esat-1"), key, secret];
        fails(arguments, &slip, &["AWS_REGION=\"us-esat-1\" is not a Region", "is us-east-1 meant?"], &["endpoint"]);
    }
    // Nothing is asked of S3: where it is says nothing of the Region.
    let elsewhere = [("AWS_ENDPOINT_URL_S3", "http://minio:9000"), ("AWS_REGION", "us-esat-1"), key, secret];
    fails("status", &elsewhere, &["AWS_REGION=\"us-esat-1\" is not a Region"], &["minio"]);
    let paper = output("size --mb-per-second 1 --region us-esat-1", &[]);
    assert!(String::from_utf8(paper.stdout).unwrap().contains("is known for us-esat-1 (is us-east-1 meant?)"));
    let paper = output("size --mb-per-second 1", &[("AWS_REGION", "")]);
    assert!(String::from_utf8(paper.stderr).unwrap().contains("AWS_REGION=\"\" is empty"));
}

#[test]
fn an_endpoint_that_is_none_or_does_not_answer_is_named() {
    let [key, secret] = KEYS;
    let with = |name, value| [(name, value), HERE, key, secret];
    fails("status orders", &with("AWS_ENDPOINT_URL", ""), &["AWS_ENDPOINT_URL=\"\" is empty"], &[]);
    let no_scheme = with("AWS_ENDPOINT_URL_KINESIS", "localhost:4566");
    fails("status orders", &no_scheme, &["AWS_ENDPOINT_URL_KINESIS=\"localhost:4566\" is not a URL"], &[]);
    // Nothing listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    let words = format!("does anything listen there (AWS_ENDPOINT_URL=\"{endpoint}\")?");
    fails("status orders", &with("AWS_ENDPOINT_URL", &endpoint), &[&words], &["permission"]);
}

#[test]
fn endpoints_are_those_of_the_profile_and_of_the_services_that_are_called() {
    let [key, secret] = KEYS;
    let expired = standin::start(|_| (400, r#"{"__type":"ExpiredTokenException","message":"the token is expired"}"#));
    let services = ["kinesis", "cloudwatch", "resource-groups-tagging-api"];
    let services = services.map(|service| format!("{service} =\n  endpoint_url = {expired}\n")).concat();
    let text =
        format!("[profile here]\nregion = us-esat-1\nservices = sandbox # below\n\n[services sandbox]\n{services}");
    let config = support::file("services-config", &text);
    let variables = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_PROFILE", "here"),
        ("AWS_ENDPOINT_URL_DYNAMODB", ""),
        ("AWS_ENDPOINT_URL_S3", "minio"),
        key,
        secret,
    ];
    for arguments in ["status", "status orders"] {
        fails(arguments, &variables, &["the credentials have expired"], &["is not a Region", "DYNAMODB", "minio"]);
    }
}

#[test]
fn credentials_that_aws_does_not_take_are_no_lacking_permission() {
    let [key, secret] = KEYS;
    let commands = [
        "status orders",
        "status orders --output json",
        "status",
        "scale orders auto",
        "scale orders to 4",
        "cost",
        "cost orders --output json",
        "forecast orders",
        "keys sample --stream orders",
    ];
    let expired = standin::start(|_| {
        (400, r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#)
    });
    for arguments in commands {
        let variables = [("AWS_ENDPOINT_URL", expired.as_str()), HERE, key, secret];
        let words =
            ["ExpiredTokenException", "the credentials have expired (those of AWS_ACCESS_KEY_ID): sign in again"];
        fails(arguments, &variables, &words, &["permission", "missing"]);
    }
    let profile = [("AWS_ENDPOINT_URL", expired.as_str()), HERE, ("AWS_PROFILE", "base")];
    fails("status orders", &profile, &["those of the profile of AWS_PROFILE=\"base\"", "--profile base"], &[]);
    let unknown = standin::start(|_| (400, r#"{"__type":"UnrecognizedClientException","message":"invalid token"}"#));
    let variables = [("AWS_ENDPOINT_URL", unknown.as_str()), HERE, key, secret];
    fails("status orders", &variables, &["AWS does not know the credentials"], &["permission"]);
    let wrong = standin::start(|_| (400, r#"{"__type":"ValidationException","message":"no"}"#));
    let variables = [("AWS_ENDPOINT_URL", wrong.as_str()), HERE, key, secret];
    fails("status orders", &variables, &["stream orders cannot be read", "AWS's message"], &["permission"]);
    let denied = standin::start(|_| (400, r#"{"__type":"AccessDeniedException","message":"no"}"#));
    let variables = [("AWS_ENDPOINT_URL", denied.as_str()), HERE, key, secret];
    let words = ["stream orders cannot be read", "ask for the permission kinesis:DescribeStreamSummary"];
    fails("status orders", &variables, &words, &[]);
    for code in ["LimitExceededException", "ServiceQuotaExceededException"] {
        let body = if code.starts_with('L') {
            r#"{"__type":"LimitExceededException","message":"the shard limit"}"#
        } else {
            r#"{"__type":"ServiceQuotaExceededException","message":"the shard limit"}"#
        };
        let full = standin::start(move |_| (400, body));
        let variables = [("AWS_ENDPOINT_URL", full.as_str()), HERE, key, secret];
        fails("create orders", &variables, &[code, "AWS's message names the limit"], &["permission"]);
    }
    // A page of a proxy's, and an endpoint that speaks otherwise.
    let page = standin::start(|_| (407, "<html><body>Sign in</body></html>"));
    let variables = [("AWS_ENDPOINT_URL", page.as_str()), HERE, key, secret];
    let words = [
        "an answer that cannot be read: HTTP 407 with application/x-amz-json-1.1, but its body is not what AWS writes",
        "which begins \"<html><body>Sign in</body></html>\"",
        "the answer is not from an AWS service: is AWS_ENDPOINT_URL=",
    ];
    fails("status orders", &variables, &words, &["permission", "does anything listen"]);
    // AWS itself fails, and says so with a code, without one, or not at all.
    for body in [r#"{"__type":"InternalFailure"}"#, r#"{"message":"Service Unavailable"}"#, ""] {
        let failing = standin::start(move |_| (503, body));
        let variables = [("AWS_ENDPOINT_URL", failing.as_str()), HERE, key, secret];
        let words = ["AWS is failing; try again in a minute"];
        fails("status orders", &variables, &words, &["answer that cannot be read", "does anything listen"]);
    }
}
