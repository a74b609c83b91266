// SPDX-License-Identifier: Apache-2.0
//! What a reader finds on the page, read as XML.
#![allow(clippy::unwrap_used)]

mod support;

use cost_page::draw;
use roxmltree::{Document, Node, ParsingOptions};
use scaler_app::report::figures::{AdviceLine, StreamCost, Usd, UsdSaved};
use support::{cents, empty, fleet, prices, stream};

fn parsed(html: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(html, options).unwrap()
}

/// All the words in a part of the page, one space apart, without the style sheet.
fn words(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text);
    let shown = texts.filter(|text| text.parent().is_none_or(|parent| !parent.has_tag_name("style")));
    shown.filter_map(|text| text.text()).collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all<'a, 'input>(page: &'a Document<'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    page.descendants().filter(move |node| node.has_tag_name(name))
}

fn of_class<'a, 'input>(page: &'a Document<'input>, class: &str) -> Option<Node<'a, 'input>> {
    page.descendants().find(|node| node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class)))
}

/// The row of a stream in the table, or of an item in a bill, by its head.
fn row<'a, 'input>(page: &'a Document<'input>, table: &str, head: &str) -> Node<'a, 'input> {
    let table = of_class(page, table).unwrap();
    let is_it =
        |row: &Node<'_, '_>| row.children().any(|cell| cell.has_tag_name("th") && words(cell).starts_with(head));
    table.descendants().filter(|node| node.has_tag_name("tr")).find(is_it).unwrap()
}

fn cell(row: Node<'_, '_>, label: &str) -> String {
    words(row.children().find(|cell| cell.attribute("data-label") == Some(label)).unwrap())
}

#[test]
fn every_stream_is_there_with_its_bill_its_advice_and_its_days() {
    let report = fleet();
    let html = draw(&report);
    let page = parsed(&html);
    let is_of_stream = |node: &Node<'_, '_>| node.children().any(|inside| inside.has_attribute("id"));
    let details: Vec<_> = all(&page, "details").filter(is_of_stream).collect();
    assert_eq!(details.len(), report.streams.len());
    for (stream, details) in report.streams.iter().zip(details) {
        assert!(words(row(&page, "streams", &stream.stream)).contains(&stream.stream));
        let told = words(details);
        assert!(told.starts_with(&stream.stream), "{told}");
        for line in &stream.lines {
            assert!(told.contains(line.item) && told.contains(line.unit), "{}: {told}", line.item);
        }
        for advice in &stream.advice {
            assert!(told.contains(&advice.words), "{told}");
            let codes: Vec<_> = details.descendants().filter(|node| node.has_tag_name("code")).map(words).collect();
            assert!(advice.command.iter().all(|command| codes.contains(command)), "{codes:?}");
        }
        for note in &stream.notes {
            assert!(told.contains(note), "{told}");
        }
        for day in &stream.days {
            assert!(told.contains(&day.date.to_string()), "{}: {told}", day.date);
        }
    }
    let told = words(page.root());
    for words in report.faults.iter().chain(&report.notes).chain(report.prices.iter().map(|price| &price.source)) {
        assert!(told.contains(words), "{words}");
    }
}

#[test]
fn money_is_in_cents_and_exact_on_pointing_at_it() {
    let mut report = empty("us-east-1");
    report.streams = vec![StreamCost { usd: Usd("1234.565001".parse().unwrap()), ..stream("orders", 1, None, None) }];
    let html = draw(&report);
    let page = parsed(&html);
    let row = row(&page, "streams", "orders");
    assert_eq!(cell(row, "Cost"), "1,234.57");
    assert!(row.descendants().any(|node| node.attribute("title") == Some("1234.565001 USD")));
}

#[test]
fn what_is_over_budget_is_called_out_before_anything_else() {
    let html = draw(&fleet());
    let page = parsed(&html);
    let main = all(&page, "main").next().unwrap();
    let first = main.children().find(Node::is_element).unwrap();
    let told = words(first);
    assert!(told.starts_with("1 stream over budget orders is expected to cost 1,247.40 USD"), "{told}");
    assert!(told.ends_with("its budget is 1,200.00 USD ."), "{told}");
    assert_eq!(cell(row(&page, "streams", "orders"), "Budget a month"), "1,200.00 47.40 over");
    assert_eq!(cell(row(&page, "streams", "clickstream"), "Budget a month"), "900.00");
    assert_eq!(cell(row(&page, "streams", "idle"), "Budget a month"), "none");

    let mut within = fleet();
    within.streams.retain(|stream| !stream.over_budget);
    assert!(!draw(&within).contains("over budget"));
}

#[test]
fn every_link_leads_somewhere_on_the_page_and_nothing_is_loaded() {
    let html = draw(&fleet());
    let page = parsed(&html);
    let ids: Vec<_> = page.descendants().filter_map(|node| node.attribute("id")).collect();
    for link in all(&page, "a") {
        assert!(ids.contains(&link.attribute("href").unwrap().strip_prefix('#').unwrap()), "{link:?}");
    }
    for name in ["script", "link", "img", "iframe", "object"] {
        assert_eq!(all(&page, name).count(), 0, "{name}");
    }
    assert!(
        !html.contains("url(") && !html.contains("@import") && !html.contains("http://") && !html.contains("https://")
    );
}

#[test]
fn names_from_outside_are_words_and_never_markup() {
    let hostile = r#"<script>alert("1")</script>'"&amp;<b>"#;
    let mut report = empty(hostile);
    let name = || hostile.to_owned();
    report.streams = vec![StreamCost {
        notes: vec![name()],
        advice: vec![AdviceLine { words: name(), usd_month: cents(100), command: Some(name()) }],
        over_budget: true,
        ..stream(hostile, 10, Some(2), Some(2))
    }];
    report.faults = vec![name()];
    report.notes = vec![name()];
    report.prices = prices("us-east-1");
    report.prices[0].source = name();
    let html = draw(&report);
    let page = parsed(&html);
    assert_eq!(all(&page, "script").count() + all(&page, "b").count(), 0);
    let as_words = page.descendants().filter(|node| node.is_text() && node.text().unwrap().contains(hostile)).count();
    // Title and heading; the stream's name thrice, its advice, command and note; a fault, a note, a source.
    assert_eq!(as_words, 11);
}

#[test]
fn a_price_that_is_missing_is_not_nothing() {
    let mut report = empty("ap-northeast-1");
    let clicks = StreamCost {
        usd_on_demand: Some(cents(7_920)),
        saved_against_on_demand: Some(UsdSaved(51_570_000)),
        ..stream("clicks", 50, Some(3), Some(2))
    };
    report.streams = vec![stream("orders", 100, None, Some(2)), clicks];
    let html = draw(&report);
    let page = parsed(&html);
    assert_eq!(cell(row(&page, "streams", "orders"), "On-demand instead"), "no price");
    assert_eq!(cell(row(&page, "streams", "clicks"), "On-demand instead"), "79.20 51.57 saved");
    for name in ["Saved against on-demand", "On-demand Standard", "On-demand Advantage"] {
        let is_it = |node: &Node<'_, '_>| node.attribute("class") == Some("tile") && words(*node).starts_with(name);
        let tile = words(page.descendants().find(is_it).unwrap());
        assert!(tile.contains("no price") && !tile.contains("0.00"), "{tile}");
    }
    // One stream without a price makes the fleet's line one that cannot be drawn.
    let chart = words(of_class(&page, "chart").unwrap());
    assert!(chart.contains("on-demand Standard: no price"), "{chart}");
    assert!(chart.contains("2026-10-27 paid: 1.55 USD on-demand Standard: no price static peak: 3.00 USD"), "{chart}");
}

#[test]
fn what_was_spent_more_is_not_called_saved() {
    let mut report = empty("us-east-1");
    report.streams = vec![stream("orders", 100, Some(1), Some(1))];
    let dearer = report.streams[0].saved_against_on_demand;
    (report.fleet.usd_on_demand, report.fleet.saved_against_on_demand) = (Some(cents(100)), dearer);
    let html = draw(&report);
    let page = parsed(&html);
    assert!(cell(row(&page, "streams", "orders"), "On-demand instead").ends_with("1.23 more"));
    assert!(html.contains("More than on-demand"));
}

#[test]
fn a_report_of_nothing_reads_well() {
    let html = draw(&empty("us-east-1"));
    let told = words(parsed(&html).root());
    assert!(told.contains("The report covers no stream"), "{told}");
    assert!(!told.contains("0.00"), "{told}");

    let mut faulty = empty("us-east-1");
    faulty.until = faulty.from;
    faulty.faults = vec!["since=\"a while\" is neither a number of days nor hours nor a time".to_owned()];
    let html = draw(&faulty);
    let told = words(parsed(&html).root());
    assert!(told.contains("requested on 2026-10-26 13:05 UTC Not included since=\"a while\""), "{told}");
    assert!(told.contains("No stream's cost could be calculated"), "{told}");
}

#[test]
fn extremes_can_be_drawn() {
    let mut report = fleet();
    for stream in &mut report.streams {
        for day in &mut stream.days {
            day.usd.0 = u64::MAX;
            day.mean_shards = f64::MAX;
        }
        stream.usd.0.0 = u64::MAX;
    }
    report.streams[0].days.clear();
    report.fleet.usd.0.0 = u64::MAX;
    assert!(draw(&report).contains("18,446,744,073,709.55"));
}

/// For looking at: the pages stand in the target folder afterwards.
#[test]
fn the_pages_can_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("fleet.html"), draw(&fleet())).unwrap();
    let mut faulty = empty("eu-west-1");
    faulty.faults = vec!["orders is left out: no price of shard-hour is known for eu-west-1".to_owned()];
    std::fs::write(folder.join("faults.html"), draw(&faulty)).unwrap();
}

/// What a stream that nobody manages costs is no base for what was saved, and what throttling made cheaper is marked.
#[test]
fn savings_are_of_managed_streams_and_throttling_stands_beside_them() {
    let mut report = empty("us-east-1");
    let hot = StreamCost { throttled_records: 5_433_736, ..stream("hot", 100, Some(4), Some(4)) };
    let others = StreamCost { managed: false, ..stream("others", 100, Some(96), Some(96)) };
    report.streams = vec![hot, others];
    report.fleet.saved_against_on_demand = Some(UsdSaved(20_000));
    let html = draw(&report);
    let page = parsed(&html);
    let is_it = |node: &Node<'_, '_>| {
        node.attribute("class") == Some("tile") && words(*node).starts_with("Saved against on-demand")
    };
    let tile = words(page.descendants().find(is_it).unwrap());
    let base = report.streams[0].usd_on_demand.unwrap().0.0;
    assert!(tile.contains(&format!("{} % less, for managed streams", 20_000 * 100 / base)), "{tile} {base}");
    assert!(words(row(&page, "streams", "hot")).contains("5,433,736 records throttled"));
}
