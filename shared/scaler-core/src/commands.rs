//! Commands for people to run, so written that they work for a stream of any name: one may begin with `-`.

/// `aws kinesis CALL` for a stream in a Region, to which the call's other options can be added.
pub fn aws_kinesis(call: &str, region: &str, stream: &str) -> String {
    let stream = option_value(stream);
    format!("aws kinesis {call} --region {region} --stream-name{stream}")
}

/// A stream as the last argument of shardctl.
pub fn operand(stream: &str) -> String {
    if stream.starts_with('-') { format!("-- {stream}") } else { stream.to_owned() }
}

/// What follows an option's name.
pub fn option_value(value: &str) -> String {
    if value.starts_with('-') { format!("={value}") } else { format!(" {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_an_option_is_none() {
        assert_eq!(aws_kinesis("delete-stream", "r", "a-b"), "aws kinesis delete-stream --region r --stream-name a-b");
        assert_eq!(aws_kinesis("delete-stream", "r", "-x"), "aws kinesis delete-stream --region r --stream-name=-x");
        assert_eq!([operand("a-b"), operand("-x")], ["a-b", "-- -x"]);
    }
}
