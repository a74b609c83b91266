// SPDX-License-Identifier: Apache-2.0
//! The program as Lambda runs it, with a bad setting: CloudFormation is answered all the same, and nothing else is done.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Lambda's own endpoint and S3 at once: it hands over events, and keeps what it is told of them.
struct Lambda {
    listener: TcpListener,
    events: Vec<Value>,
}

impl Lambda {
    /// Serves until the function asks for one event more than there are; what it was told, as `METHOD path` and body.
    fn serve(self) -> Vec<(String, String)> {
        let (mut told, mut events) = (Vec::new(), self.events.into_iter().enumerate());
        for connection in self.listener.incoming() {
            let mut connection = connection.unwrap();
            let (line, body) = read(&connection);
            if !line.contains("/invocation/next") {
                told.push((line, body));
                answer(&mut connection, "", "{}");
                continue;
            }
            let Some((id, event)) = events.next() else { break };
            let headers = format!(
                "lambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:alarm-sync\r\n"
            );
            answer(&mut connection, &headers, &event.to_string());
        }
        told
    }
}

fn read(connection: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(connection);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        // S3 refuses an answer that comes in chunks, or says what it is.
        assert!(!first.starts_with("PUT") || !["transfer-encoding", "content-type"].contains(&name), "{line}");
        if name == "content-length" {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first.trim_end_matches(" HTTP/1.1\r\n").to_owned(), String::from_utf8(body).unwrap())
}

fn answer(connection: &mut TcpStream, headers: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n");
    connection.write_all((head + body).as_bytes()).unwrap();
}

#[test]
fn a_stack_with_a_bad_setting_is_deployed_and_nothing_is_done_but_to_say_what_is_wrong() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let created = json!({
        "RequestType": "Create",
        "ResponseURL": format!("http://{endpoint}/answer?X-Amz-Signature=0123456789abcdef"),
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/kinesis-scaler/1",
        "RequestId": "r-1",
        "LogicalResourceId": "StreamAlarms",
    });
    let lambda = Lambda { listener, events: vec![created, json!({ "sync": "all" })] };
    let mut function = Command::new(env!("CARGO_BIN_EXE_alarm-sync"));
    function
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", &endpoint)
        .env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
        .env("AWS_LAMBDA_LOG_LEVEL", "DEBUG")
        .env("AWS_LAMBDA_FUNCTION_NAME", "alarm-sync")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_REGION", "us-east-1")
        .env("SHARDS_MIN", "lots")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = function.spawn().unwrap();
    let told = lambda.serve();
    running.kill().unwrap();
    let output = running.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);

    let lines: Vec<_> = told.iter().map(|(line, _)| line.as_str()).collect();
    let expected = [
        "PUT /answer?X-Amz-Signature=0123456789abcdef",
        "POST /2018-06-01/runtime/invocation/0/response",
        "POST /2018-06-01/runtime/invocation/1/error",
    ];
    assert_eq!(lines, expected, "{printed}");
    let answered: Value = serde_json::from_str(&told[0].1).unwrap();
    assert_eq!((&answered["Status"], &answered["RequestId"]), (&json!("SUCCESS"), &json!("r-1")));
    assert!(told[2].1.contains("SHARDS_MIN"), "{}", told[2].1);
    assert!(!printed.contains("X-Amz-Signature"), "whoever reads the log could answer: {printed}");
}
