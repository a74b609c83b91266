// SPDX-License-Identifier: Apache-2.0
//! A service on loopback that answers what a test scripts, and notes what it was asked.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use ciborium::Value as Cbor;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) operation: String,
    body: Vec<u8>,
}

impl Asked {
    /// The body of a Kinesis request.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A field of the body of a CloudWatch request.
    pub(crate) fn cbor(&self, field: &str) -> Option<Cbor> {
        let body: Cbor = ciborium::from_reader(self.body.as_slice()).unwrap();
        let fields = body.into_map().unwrap();
        fields.into_iter().find(|(key, _)| key.as_text() == Some(field)).map(|(_, value)| value)
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// An answer of HTTP.
    Http { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// The connection is closed with nothing said.
    HangUp,
    /// Nothing, and the connection stays open.
    Silence,
}

impl Answer {
    /// An answer in the protocol of Kinesis, the tagging service and SQS.
    pub(crate) fn json(status: u16, body: &Json) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
        Self::Http { status, headers, body: body.to_string().into_bytes() }
    }

    /// An answer in the protocol of CloudWatch.
    pub(crate) fn cbor(status: u16, body: &Cbor) -> Self {
        let mut bytes = Vec::new();
        ciborium::into_writer(body, &mut bytes).unwrap();
        let headers =
            vec![("content-type", "application/cbor".to_owned()), ("smithy-protocol", "rpc-v2-cbor".to_owned())];
        Self::Http { status, headers, body: bytes }
    }

    /// An error of the service that has this operation.
    pub(crate) fn error(operation: &str, status: u16, code: &str, message: &str) -> Self {
        if speaks_json(operation) {
            return Self::json(status, &json!({"__type": code, "message": message}));
        }
        let shape = format!("com.amazonaws.cloudwatch#{code}");
        let mut answer = Self::cbor(status, &map([("__type", text(&shape)), ("message", text(message))]));
        if let Self::Http { headers, .. } = &mut answer {
            headers.push(("x-amzn-query-error", format!("{code};Sender")));
        }
        answer
    }

    /// Success with something that is no answer of that service.
    pub(crate) fn garbage(operation: &str) -> Self {
        let mut answer = if speaks_json(operation) { Self::json(200, &json!({})) } else { Self::cbor(200, &map([])) };
        if let Self::Http { body, .. } = &mut answer {
            *body = b"<html>sorry</html>".to_vec();
        }
        answer
    }
}

/// Whether the service speaks JSON, as Kinesis, the tagging service and SQS do, and not CBOR as CloudWatch.
pub(crate) fn speaks_json(operation: &str) -> bool {
    !["GetMetricData", "DescribeAlarms", "PutMetricAlarm", "DeleteAlarms", "ListTagsForResource"].contains(&operation)
}

pub(crate) fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

pub(crate) fn map<const N: usize>(fields: [(&str, Cbor); N]) -> Cbor {
    Cbor::Map(fields.into_iter().map(|(key, value)| (text(key), value)).collect())
}

/// The answer to whose an alarm is: ours.
pub(crate) fn our_tags() -> Answer {
    let tag = map([("Key", text(scaler_core::TAG_MADE_BY)), ("Value", text("kinesis-scaler"))]);
    Answer::cbor(200, &map([("Tags", vec![tag].into())]))
}

pub(crate) fn number(number: f64) -> Cbor {
    Cbor::Float(number)
}

/// One metric of a `GetMetricData` answer: epoch seconds and values.
pub(crate) fn series(id: &str, points: &[(i64, f64)], status: &str) -> Cbor {
    let timestamps: Vec<_> = points.iter().map(|(at, _)| Cbor::Tag(1, Box::new(Cbor::from(*at)))).collect();
    let values: Vec<_> = points.iter().map(|(_, value)| number(*value)).collect();
    map([
        ("Id", text(id)),
        ("Label", text(id)),
        ("Timestamps", timestamps.into()),
        ("Values", values.into()),
        ("StatusCode", text(status)),
    ])
}

/// The service; dropping it stops it.
pub(crate) struct Standin {
    endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Standin {
    /// Answers every request by what this says.
    pub(crate) async fn start(answers: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, Arc::clone(&asked), answers));
        Self { endpoint, asked, task }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection, one after the other: nothing here asks two things at once.
async fn serve(listener: TcpListener, asked: Arc<Mutex<Vec<Asked>>>, mut answers: impl FnMut(&Asked) -> Answer) {
    let mut silent = Vec::new();
    while let Ok((mut connection, _)) = listener.accept().await {
        let Some(request) = read(&mut connection).await else { continue };
        let answer = answers(&request);
        asked.lock().unwrap().push(request);
        match answer {
            Answer::Http { status, headers, body } => write(&mut connection, status, &headers, &body).await,
            Answer::HangUp => {}
            Answer::Silence => silent.push(connection),
        }
    }
}

/// Reads one request; `None` when the client went away before its end.
async fn read(connection: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let header = |name: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + length {
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    // Kinesis names its operation in a header, CloudWatch at the end of the path.
    let path = || head.split(' ').nth(1).unwrap_or_default().to_owned();
    let name = header("x-amz-target").unwrap_or_else(path);
    let operation = name.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
    Some(Asked { operation, body: bytes[head_end..].to_vec() })
}

/// A client that has given up is none of the service's business.
async fn write(connection: &mut TcpStream, status: u16, headers: &[(&'static str, String)], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    let _ = connection.write_all(&[head.as_bytes(), body].concat()).await;
    let _ = connection.shutdown().await;
}
