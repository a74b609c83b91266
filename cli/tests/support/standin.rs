// SPDX-License-Identifier: Apache-2.0
//! An endpoint that says to each operation what a test wants AWS to say.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Starts one that ends with the test; `answer` gives the status and the body for an operation.
pub(crate) fn start<B: AsRef<[u8]>>(answer: impl Fn(&str) -> (u16, B) + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream, answer));
        }
    });
    endpoint
}

/// Answers requests until the client hangs up.
fn serve<B: AsRef<[u8]>>(mut stream: TcpStream, answer: impl Fn(&str) -> (u16, B)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((operation, length)) = head(&mut reader) {
        reader.read_exact(&mut vec![0; length]).unwrap();
        let (status, body) = answer(&operation);
        let head = format!("HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.1\r\n");
        let body = body.as_ref();
        write!(stream, "{head}content-length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(body).unwrap();
    }
}

/// The operation, by its header or as the last part of the path, and the length of the body.
fn head(reader: &mut impl BufRead) -> Option<(String, usize)> {
    let mut lines = reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let mut operation = first.split(' ').nth(1)?.rsplit('/').next()?.to_owned();
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => value.rsplit('.').next()?.clone_into(&mut operation),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    Some((operation, length))
}
