//! Streams: live, cut and resumed, overrun, slow, too many, and ended.

use super::*;
use crate::logs::reader::Event;

/// The bytes of the log that these lines stand for.
fn text(lines: &[Event]) -> String {
    lines.iter().map(|line| format!("{}\n", line.data)).collect()
}

#[tokio::test]
async fn a_stream_tells_each_line_as_it_comes() {
    let setting = Setting::start(&[]).await;
    let mut reader = setting.stream("/logs/stream", None).await;
    assert!(reader.head().contains("content-type: text/event-stream\r\n"), "{}", reader.head());
    let place = reader.place().await;
    setting.say(3).await;
    let lines = reader.lines_to("000003 of 3: ").await;
    assert_eq!(lines.len(), 3, "nothing of what was before: {lines:?}");
    assert_eq!(lines[2].id - place, text(&lines).len() as u64);
}

/// The last id is a place: what follows it comes, and nothing that came already, wherever the cut was.
#[tokio::test]
async fn a_stream_that_was_cut_goes_on_without_loss_or_repetition() {
    let setting = Setting::start(&[("LOG__HISTORY_BYTES", "1048576")]).await;
    let (mut lines, mut last) = (Vec::new(), Some(0));
    for round in 0..10 {
        let mut reader = setting.stream("/logs/stream", last).await;
        setting.say(300 + round).await;
        // Cut in the middle of what comes.
        for _ in 0..(97 * (round + 1)) % 311 {
            lines.push(reader.line().await);
        }
        last = lines.last().map(|line: &Event| line.id).or(last);
    }
    let whole = setting.get_as(&owner(), "/logs").await;
    let end: u64 = whole.header("log-end").unwrap().parse().unwrap();
    let mut reader = setting.stream("/logs/stream", last).await;
    while lines.last().unwrap().id < end {
        lines.push(reader.line().await);
    }
    assert_eq!(text(&lines), whole.body);
    let mut place = whole.header("log-start").unwrap().parse::<u64>().unwrap();
    for line in &lines {
        place += line.data.len() as u64 + 1;
        assert_eq!(line.id, place);
    }
}

#[tokio::test]
async fn who_was_away_too_long_is_told_how_many_bytes_were_missed() {
    let setting = Setting::start(&[("LOG__HISTORY_BYTES", "10240")]).await;
    let place = setting.stream("/logs/stream", None).await.place().await;
    setting.say(1_000).await;
    let mut reader = setting.stream("/logs/stream", Some(place)).await;
    let missed = reader.next().await.unwrap();
    let lines = reader.lines_to("001000 of 1000: ").await;
    assert!(lines.len() > 50, "what is kept is told: {}", lines.len());
    let told = text(&lines).len() as u64;
    assert_eq!(place + missed.missed() + told, lines.last().unwrap().id);
    assert_eq!(missed.id + told, lines.last().unwrap().id);
    assert!(lines[0].data.starts_with("20"), "whole lines: {:?}", lines[0]);
    // From there it goes on as if nothing had been.
    setting.say(2).await;
    assert!(reader.line().await.data.contains("000001 of 2: "));
}

#[tokio::test]
async fn a_part_has_a_stream_of_its_own() {
    let setting = Setting::start(&[]).await;
    let mut management = setting.stream("/logs/stream/management", None).await;
    let mut plugin = setting.stream("/logs/stream/plugin", None).await;
    setting.say(2).await;
    setting.manage("banpubkey", json!([Keys::from_seed(9).public().to_string()])).await;
    let line = management.line().await;
    assert!(line.data.contains(r#"method="banpubkey""#), "{line:?}");
    assert!(plugin.line().await.data.ends_with("says it at some length"));
    let mut again = setting.stream("/logs/stream/management", Some(0)).await;
    assert_eq!(again.line().await, line);
}

/// The socket of one who does not read fills up; the others, and the log, go on.
#[tokio::test]
async fn a_slow_reader_holds_up_nobody_and_is_told_what_it_missed() {
    let setting = Setting::start(&[("LOG__HISTORY_BYTES", "102400")]).await;
    let mut slow = setting.stream("/logs/stream", None).await;
    let place = slow.place().await;
    let mut fast = setting.stream("/logs/stream/process", None).await;
    fast.place().await;
    // Some 20 MB: more than all buffers on the way.
    for round in 0..10 {
        setting.say(20_000 + round).await;
    }
    let (mut told, mut missed, mut last) = (0, 0, 0);
    let mut line = String::new();
    while !line.contains("020009 of 20009: ") {
        let event = slow.next().await.unwrap();
        if event.name == "missed" {
            missed += event.missed();
        } else {
            told += event.data.len() as u64 + 1;
            line = event.data;
        }
        assert_eq!(event.id, place + told + missed, "each byte is told or missed, once");
        assert!(event.id >= last);
        last = event.id;
    }
    assert!(missed > 5_000_000 && told > 50_000, "told {told}, missed {missed}");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_given_up() {
    let setting = Setting::start(&[("TIMEOUTS__WRITE_SECONDS", "1")]).await;
    let mut stalled = setting.stream("/logs/stream", None).await;
    setting.reaches_connections(2).await;
    for _ in 0..10 {
        setting.say(20_000).await;
    }
    setting.reaches_connections(1).await;
    // What had been sent can be read; then it is over, and not in an orderly way.
    while stalled.skip().await {}
    assert!(!stalled.ended_well());
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let setting = Setting::start(&[]).await;
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(setting.stream("/logs/stream", None).await);
    }
    let refused = setting.get_as(&owner(), "/logs/stream").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("30")), "{}", refused.body);
    assert!(refused.body.contains("16 streams"), "{}", refused.body);
    // The history is told all the same, and so is a stream when one has gone.
    setting.get("/logs").await;
    open.pop();
    let begun = std::time::Instant::now();
    while setting.stream_as(&owner(), "/logs/stream", None).await.status() != 200 {
        assert!(begun.elapsed() < PATIENCE, "the place is not free again");
    }
}

#[tokio::test]
async fn a_silent_stream_gives_signs_of_life() {
    let setting = Setting::start(&[("TIMEOUTS__PING_SECONDS", "1")]).await;
    let mut reader = setting.stream("/logs/stream/management", None).await;
    while reader.signs_of_life < 2 {
        assert!(reader.skip().await, "the stream ended");
    }
    setting.manage("banpubkey", json!([Keys::from_seed(9).public().to_string()])).await;
    assert!(reader.line().await.data.contains("managed"));
}

#[tokio::test]
async fn streams_end_when_the_relay_stops() {
    let mut setting = Setting::start(&[]).await;
    let mut reader = setting.stream("/logs/stream", None).await;
    let mut quiet = setting.stream("/logs/stream/store", None).await;
    setting.process.stop().await;
    let mut last = String::new();
    while let Some(event) = reader.next().await {
        last.push_str(&event.data);
    }
    assert!(last.contains(" stopping"), "{last:?}");
    assert_eq!(quiet.next().await, None);
    assert!(reader.ended_well() && quiet.ended_well());
}

#[tokio::test]
async fn another_run_of_the_relay_is_told_apart() {
    let mut setting = Setting::start(&[]).await;
    let mut reader = setting.stream("/logs/stream", Some(0)).await;
    let last = reader.lines_to(" ready ").await.pop().unwrap().id;
    setting.process.stop().await;
    setting.process = start_on(&setting.dir, &[]).await;
    setting.wait_for("/logs", " ready ").await;
    let mut reader = setting.stream("/logs/stream", Some(last)).await;
    let event = reader.next().await.unwrap();
    assert_eq!(event.name, "restarted", "{event:?}");
    let lines = reader.lines_to(" ready ").await;
    assert!(setting.get("/logs").await.starts_with(&text(&lines)), "from its beginning");
    // Places of this run go on as they do.
    let mut reader = setting.stream("/logs/stream", Some(lines[0].id)).await;
    assert_eq!(reader.line().await, lines[1]);
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let setting = Setting::start(&[]).await;
    for last in ["here", "-1", "1.5", "99999999999999999999"] {
        let signed = setting.signed(&owner(), "GET", "/logs/stream", None);
        let lines = [signed.as_str(), &format!("Last-Event-ID: {last}")];
        let response = http::request(&setting.address(), "GET", "/logs/stream", &lines).await;
        assert_eq!(response.status, 400, "{last}");
        assert!(response.body.contains("Last-Event-ID"), "{}", response.body);
    }
}
