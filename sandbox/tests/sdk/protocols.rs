// SPDX-License-Identifier: Apache-2.0
//! CloudWatch in the protocols that the AWS SDK for Rust does not speak: AWS JSON of boto3 and the AWS CLI, and the query protocol.

use aws_models::cloudwatch::Metric;
use serde_json::{Value, json};

use crate::support::{STREAM, World, manual, post};

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
const ARN: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a";

/// Asks over AWS JSON.
async fn asked(world: &World, operation: &str, input: &Value) -> (u16, Value) {
    let target = format!("GraniteServiceVersion20100801.{operation}");
    let headers = [JSON, ("x-amz-target", target.as_str())];
    let (status, answer) = post(world, "/", &headers, input.to_string().into_bytes()).await;
    (status, serde_json::from_str(&answer).unwrap())
}

/// Asks by a form; ids, which are counted, are left out of the answer.
async fn posted(world: &World, form: &str) -> (u16, String) {
    let form = format!("Version=2010-08-01&{form}");
    let (status, answer) = post(world, "/", &[FORM], form.into_bytes()).await;
    let (before, rest) = answer.split_once("<RequestId>").unwrap();
    (status, format!("{before}{}", rest.split_once("</RequestId>").unwrap().1))
}

fn response(operation: &str, result: &str) -> (u16, String) {
    let namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/";
    let body = format!("{result}<ResponseMetadata></ResponseMetadata>");
    (200, format!("<{operation}Response xmlns=\"{namespace}\">{body}</{operation}Response>"))
}

fn refused(status: u16, code: &str, message: &str) -> (u16, String) {
    let namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/";
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, format!("<ErrorResponse xmlns=\"{namespace}\">{error}</ErrorResponse>"))
}

/// Metric math on one metric, as a form and as JSON.
const QUERIES: &str = "member.1.Id=m&{}.member.1.ReturnData=false&{}.member.1.MetricStat.Stat=Sum\
    &{}.member.1.MetricStat.Period=60&{}.member.1.MetricStat.Metric.Namespace=AWS%2FKinesis\
    &{}.member.1.MetricStat.Metric.MetricName=IncomingBytes\
    &{}.member.1.MetricStat.Metric.Dimensions.member.1.Name=StreamName\
    &{}.member.1.MetricStat.Metric.Dimensions.member.1.Value=orders&{}.member.2.Id=e&{}.member.2.Expression=m+%2B+1";

fn form_queries(field: &str) -> String {
    format!("{field}.{}", QUERIES.replace("{}", field))
}

fn json_queries() -> Value {
    let dimensions = json!([{"Name": "StreamName", "Value": "orders"}]);
    let metric = json!({"Namespace": "AWS/Kinesis", "MetricName": "IncomingBytes", "Dimensions": dimensions});
    json!([
        {"Id": "m", "ReturnData": false, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        {"Id": "e", "Expression": "m + 1"},
    ])
}

/// What was put by one protocol is the same as what was put by another.
#[tokio::test]
async fn an_alarm_put_as_json_is_the_one_put_as_a_form() {
    let by_json = World::new(manual()).await;
    let put = json!({
        "AlarmName": "a", "AlarmDescription": "<&>", "Metrics": json_queries(), "Threshold": 2, "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2, "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "ignore",
        "ActionsEnabled": false, "OKActions": [], "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"],
        "Tags": [{"Key": "team", "Value": "data"}],
    });
    assert_eq!(asked(&by_json, "PutMetricAlarm", &put).await, (200, json!({})));
    let by_form = World::new(manual()).await;
    let put = format!(
        "Action=PutMetricAlarm&AlarmName=a&AlarmDescription=%3C%26%3E&{}&Threshold=2&EvaluationPeriods=3\
         &DatapointsToAlarm=2&ComparisonOperator=LessThanThreshold&TreatMissingData=ignore&ActionsEnabled=false&OKActions=\
         &AlarmActions.member.1=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3At&Tags.member.1.Key=team\
         &Tags.member.1.Value=data",
        form_queries("Metrics")
    );
    assert_eq!(posted(&by_form, &put).await, response("PutMetricAlarm", ""));

    let (status, described) = asked(&by_json, "DescribeAlarms", &json!({"AlarmNames": ["a"], "MaxRecords": 1})).await;
    assert_eq!((status, described), asked(&by_form, "DescribeAlarms", &json!({})).await);
    let (_, described) = asked(&by_json, "DescribeAlarms", &json!({})).await;
    let alarm = &described["MetricAlarms"][0];
    assert_eq!(
        (&alarm["AlarmDescription"], &alarm["StateUpdatedTimestamp"], &alarm["Threshold"], &alarm["ActionsEnabled"]),
        (&json!("<&>"), &json!(1_767_322_800.0), &json!(2.0), &json!(false))
    );
    assert_eq!(described["CompositeAlarms"], json!([]));
    let described = posted(&by_json, "Action=DescribeAlarms&AlarmNames.member.1=a").await;
    assert_eq!(described, posted(&by_form, "Action=DescribeAlarms&AlarmNamePrefix=a").await);
    for part in [
        "<DescribeAlarmsResult><MetricAlarms><member><AlarmName>a</AlarmName>",
        "<AlarmDescription>&lt;&amp;&gt;</AlarmDescription>",
        "<StateUpdatedTimestamp>2026-01-02T03:00:00.000Z</StateUpdatedTimestamp>",
        "<AlarmActions><member>arn:aws:sns:us-east-1:123456789012:t</member></AlarmActions>",
        "<OKActions></OKActions>",
        "<Threshold>2.0</Threshold>",
    ] {
        assert!(described.1.contains(part), "{part} is not in {}", described.1);
    }
    let tags = asked(&by_form, "ListTagsForResource", &json!({"ResourceARN": ARN})).await;
    assert_eq!(tags, (200, json!({"Tags": [{"Key": "team", "Value": "data"}]})));
}

#[tokio::test]
async fn metric_data_is_the_same_by_every_protocol() {
    let world = World::with_stream(1).await;
    for value in [101.0, 201.0] {
        world.sandbox.cloudwatch().record(&Metric::kinesis(STREAM, "IncomingBytes"), world.sandbox.now(), value);
        world.minute().await;
    }
    let (start, end) = (1_767_322_800, 1_767_323_400);
    let input = json!({
        "MetricDataQueries": json_queries(), "StartTime": start, "EndTime": f64::from(end), "ScanBy": "TimestampAscending",
    });
    let result = json!({
        "Id": "e", "Label": "e", "Timestamps": [start, start + 60], "Values": [102.0, 202.0], "StatusCode": "Complete",
    });
    assert_eq!(asked(&world, "GetMetricData", &input).await, (200, json!({"MetricDataResults": [result]})));
    let form = format!(
        "Action=GetMetricData&StartTime=2026-01-02T03%3A00%3A00Z&EndTime=2026-01-02T03%3A10%3A00%2B00%3A00\
         &ScanBy=TimestampAscending&MaxDatapoints=100&{}",
        form_queries("MetricDataQueries")
    );
    let times = "<member>2026-01-02T03:00:00.000Z</member><member>2026-01-02T03:01:00.000Z</member>";
    let xml = format!(
        "<GetMetricDataResult><MetricDataResults><member><Id>e</Id><Label>e</Label><Timestamps>{times}</Timestamps>\
         <Values><member>102.0</member><member>202.0</member></Values><StatusCode>Complete</StatusCode></member>\
         </MetricDataResults></GetMetricDataResult>"
    );
    assert_eq!(posted(&world, &form).await, response("GetMetricData", &xml));
}

#[tokio::test]
async fn every_operation_is_there_by_every_protocol() {
    let world = World::new(manual()).await;
    let metric = "Namespace=n&MetricName=m&Period=60&Statistic=Sum&EvaluationPeriods=1&Threshold=1";
    let put = format!("Action=PutMetricAlarm&AlarmName=a&{metric}&ComparisonOperator=LessThanThreshold");
    let arn = "ResourceARN=arn%3Aaws%3Acloudwatch%3Aus-east-1%3A123456789012%3Aalarm%3Aa";
    for (form, answer) in [
        (put, response("PutMetricAlarm", "")),
        ("Action=SetAlarmState&AlarmName=a&StateValue=OK&StateReason=%0D%01".to_owned(), response("SetAlarmState", "")),
        (
            format!("Action=TagResource&{arn}&Tags.member.2.Key=k&Tags.member.2.Value="),
            response("TagResource", "<TagResourceResult></TagResourceResult>"),
        ),
        (
            format!("Action=ListTagsForResource&{arn}"),
            response(
                "ListTagsForResource",
                "<ListTagsForResourceResult><Tags><member><Key>k</Key><Value></Value></member></Tags>\
                 </ListTagsForResourceResult>",
            ),
        ),
        (
            format!("Action=UntagResource&{arn}&TagKeys.member.1=k"),
            response("UntagResource", "<UntagResourceResult></UntagResourceResult>"),
        ),
        ("Action=DeleteAlarms&AlarmNames.member.1=a".to_owned(), response("DeleteAlarms", "")),
    ] {
        if form.starts_with("Action=Tag") {
            // XML has no place for most control characters.
            let described = posted(&world, "Action=DescribeAlarms").await.1;
            assert!(described.contains("<StateReason>&#13;\u{FFFD}</StateReason>"), "{described}");
        }
        assert_eq!(posted(&world, &form).await, answer, "{form}");
    }
    let metric = json!({
        "AlarmName": "a", "Namespace": "n", "MetricName": "m", "Period": 60, "Statistic": "Sum", "EvaluationPeriods": 1,
        "Threshold": 1.5, "ComparisonOperator": "LessThanThreshold",
    });
    for (operation, input) in [
        ("PutMetricAlarm", metric),
        ("SetAlarmState", json!({"AlarmName": "a", "StateValue": "OK", "StateReason": "r", "StateReasonData": "{}"})),
        ("TagResource", json!({"ResourceARN": ARN, "Tags": [{"Key": "k", "Value": "v"}]})),
        ("UntagResource", json!({"ResourceARN": ARN, "TagKeys": ["k"]})),
        ("DeleteAlarms", json!({"AlarmNames": ["a"]})),
    ] {
        assert_eq!(asked(&world, operation, &input).await, (200, json!({})), "{operation}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_shape_of_its_protocol() {
    let world = World::new(manual()).await;
    let set = json!({"AlarmName": "none", "StateValue": "OK", "StateReason": "r"});
    let words = "alarm \"none\" does not exist";
    let error = json!({"__type": "com.amazonaws.cloudwatch#ResourceNotFound", "message": words});
    assert_eq!(asked(&world, "SetAlarmState", &set).await, (404, error));
    let form = "Action=SetAlarmState&AlarmName=none&StateValue=OK&StateReason=r";
    assert_eq!(posted(&world, form).await, refused(404, "ResourceNotFound", words));

    let headers = [JSON, ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms")];
    for body in ["{", "[1]", "{\"AlarmNames\":1}", "null"] {
        let (status, answer) = post(&world, "/", &headers, body.into()).await;
        assert!(status == 400 && answer.contains("#SerializationException"), "{body}: {status} {answer}");
    }
    let deep = vec!["a"; 100_000].join(".");
    for (form, code) in [
        ("", "MissingAction"),
        ("Action=", "MissingAction"),
        ("Action=DescribeAlarms&MaxRecords=many", "MalformedInput"),
        ("Action=DescribeAlarms&AlarmNames=a", "MalformedInput"),
        ("Action=DescribeAlarms&AlarmNames.member.x=a", "SerializationException"),
        ("Action=DescribeAlarms&AlarmNames=&AlarmNames.member.1=a", "SerializationException"),
        ("Action=DescribeAlarms&AlarmNamePrefix.member.1=a", "SerializationException"),
        ("Action=PutMetricAlarm&Threshold=NaN", "ValidationError"),
        ("Action=GetMetricData&StartTime=yesterday", "MalformedInput"),
        (&format!("Action=DescribeAlarms&{deep}=1"), "SerializationException"),
    ] {
        let (status, answer) = posted(&world, form).await;
        assert!(
            status == 400 && answer.contains(&format!("<Code>{code}</Code>")),
            "{form:.80}: {status} {answer:.300}"
        );
    }
    let unknown = posted(&world, "Action=Nonsense").await;
    assert!(unknown.0 == 404 && unknown.1.contains("<Code>InvalidAction</Code>"), "{unknown:?}");
}
