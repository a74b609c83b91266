// SPDX-License-Identifier: Apache-2.0
//! What Lambda is told of an invocation that failed, by the program as it is deployed.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};

use serde_json::{Value, json};

/// The program, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The path and the body of the next request.
fn request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let length = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.last().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

fn answer(mut stream: &TcpStream, status: &str, headers: &str, body: &str) {
    write!(stream, "HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
}

/// An AWS whose answers cannot be read: such a call is not tried again at once.
fn unreadable() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            request(&stream);
            answer(&stream, "200 OK", "content-type: text/html\r\n", "<html>sorry</html>");
        }
    });
    endpoint
}

/// What the program reports to Lambda of an invocation with this event.
fn reported(event: &Value) -> (String, Value) {
    let lambda = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = lambda.local_addr().unwrap().to_string();
    let program = Command::new(env!("CARGO_BIN_EXE_scale-out"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_ENDPOINT_URL", &unreadable()),
            ("AWS_REGION", "us-east-1"),
        ])
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_LAMBDA_FUNCTION_NAME", "scale-out")])
        .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
        .envs([("AWS_LAMBDA_LOG_GROUP_NAME", "group"), ("AWS_LAMBDA_LOG_STREAM_NAME", "stream")])
        .spawn()
        .unwrap();
    let _program = Running(program);
    let headers = "lambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
                   lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:scale-out\r\n";
    let mut is_sent = false;
    loop {
        let (stream, _) = lambda.accept().unwrap();
        let Some((path, body)) = request(&stream) else { continue };
        if !path.ends_with("/invocation/next") {
            return (path, serde_json::from_slice(&body).unwrap());
        }
        if !is_sent {
            answer(&stream, "200 OK", headers, &event.to_string());
            is_sent = true;
        }
    }
}

#[test]
fn a_failed_invocation_has_an_error_type_that_reads_like_a_name() {
    let alarm = json!({ "source": "aws.cloudwatch", "alarmData": {
        "alarmName": "kinesis-scaler/orders/scale-out",
        "state": { "value": "ALARM" },
        "configuration": { "metrics": [{ "metricStat": { "metric": { "dimensions": { "StreamName": "orders" } } } }] },
    } });
    let (path, told) = reported(&alarm);
    assert!(path.ends_with("/invocation/1/error"), "{path}");
    assert_eq!(told["errorType"], "RetryNeeded");
    let words = told["errorMessage"].as_str().unwrap();
    let begins = "worth another try: 1 of 1 evaluations failed, the first: DescribeStreamSummary for orders: an \
        answer that cannot be read: HTTP 200 with text/html";
    assert!(words.starts_with(begins), "{words}");
}
