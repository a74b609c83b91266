// SPDX-License-Identifier: Apache-2.0
//! The names of streams, alone and in ARNs.

/// Whether Kinesis would take this for a stream's name. Source: Kinesis API reference, `StreamName`.
pub fn is_stream_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The name in `arn:aws:kinesis:region:account:stream/name`; `None` for what is no stream, as a stream's consumer.
pub fn stream_in(arn: &str) -> Option<&str> {
    let name = arn.split_once(":stream/").filter(|(service, _)| service.contains(":kinesis:"))?.1;
    is_stream_name(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_streams_arn_names_one() {
        assert_eq!(stream_in("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/or.de_rs-1"), Some("or.de_rs-1"));
        for other in [
            "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1",
            "arn:aws:dynamodb:us-east-1:123456789012:table/t:stream/orders",
            "arn:aws:kinesis:us-east-1:123456789012:stream/",
            "orders",
        ] {
            assert_eq!(stream_in(other), None, "{other}");
        }
    }
}
