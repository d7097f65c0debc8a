//! NIP-09: deletion.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::{Client, Relay};

const DELETED: &str = "blocked: this event was deleted by its author";

fn note(seed: u64, text: &str) -> TestEvent {
    EventBuilder::new(1).content(text).sign(&Keys::from_seed(seed))
}

fn article(seed: u64, d: &str, seconds: u64) -> TestEvent {
    EventBuilder::new(30_023).created_at(seconds).tag(&["d", d]).sign(&Keys::from_seed(seed))
}

fn address(event: &TestEvent) -> String {
    let d = event.tag_values("d").next().unwrap_or_default();
    format!("{}:{}:{d}", event.kind(), event.pubkey())
}

/// A deletion by this key, with these tags.
fn deletion(seed: u64, seconds: u64, tags: &[[&str; 2]]) -> TestEvent {
    let request = EventBuilder::new(5).created_at(seconds).content("by mistake");
    tags.iter().fold(request, |request, tag| request.tag(tag)).sign(&Keys::from_seed(seed))
}

fn deletion_of(seed: u64, event: &TestEvent) -> TestEvent {
    deletion(seed, Relay::NOW, &[["e", &event.id().to_string()]])
}

/// It is in no answer any more, and comes back by no means.
async fn is_gone(client: &mut Client, event: &TestEvent) {
    client.finds(&format!(r#"{{"ids":["{}"]}}"#, event.id()), &[]).await;
    assert_eq!(
        client.count(&format!(r#"{{"kinds":[{}],"authors":["{}"]}}"#, event.kind(), event.pubkey())).await,
        0
    );
    client.refused(event, DELETED).await;
}

async fn is_there(client: &mut Client, event: &TestEvent) {
    client.finds(&format!(r#"{{"ids":["{}"]}}"#, event.id()), &[event]).await;
}

#[tokio::test]
async fn an_event_deleted_by_its_author_is_gone_for_good() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (event, other) = (note(1, "a"), note(2, "b"));
    let request = deletion_of(1, &event);
    for event in [&event, &other, &request] {
        client.store(event).await;
    }
    is_gone(&mut client, &event).await;
    is_there(&mut client, &other).await;
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    is_gone(&mut client, &event).await;
    is_there(&mut client, &other).await;
}

#[tokio::test]
async fn the_request_itself_is_stored_and_delivered() {
    let relay = Relay::start().await;
    let mut listener = relay.connect().await;
    listener.subscribe("deletions", r#"{"kinds":[5]}"#).await;
    let mut client = relay.connect().await;
    let event = note(1, "a");
    let request = deletion_of(1, &event);
    client.store(&event).await;
    client.store(&request).await;
    listener.hears_event("deletions", &request).await;
    client.finds(&format!(r##"{{"#e":["{}"]}}"##, event.id()), &[&request]).await;
}

/// NIP-09 says nothing of times for `e`: the author means exactly this event.
#[tokio::test]
async fn an_e_target_is_deleted_whatever_the_times() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note(1, "a");
    client.store(&event).await;
    client.store(&deletion(1, 1, &[["e", &event.id().to_string()]])).await;
    is_gone(&mut client, &event).await;
}

#[tokio::test]
async fn nobody_deletes_what_somebody_else_wrote() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (here, later, article) = (note(1, "here"), note(1, "later"), article(1, "d", 1_000));
    client.store(&here).await;
    client.store(&article).await;
    let by_stranger =
        [["e", &here.id().to_string()], ["e", &later.id().to_string()], ["a", &address(&article)]]
            .map(|tag| deletion(2, Relay::NOW, &[tag]));
    for request in &by_stranger {
        client.store(request).await;
    }
    client.store(&later).await;
    for event in [&here, &later, &article] {
        is_there(&mut client, event).await;
    }
}

#[tokio::test]
async fn a_deletion_reaches_what_comes_later() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note(1, "a");
    client.store(&deletion_of(1, &event)).await;
    is_gone(&mut client, &event).await;
    drop(client);
    relay.restart().await;
    is_gone(&mut relay.connect().await, &event).await;
}

#[tokio::test]
async fn a_deletion_of_a_deletion_has_no_effect() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note(1, "a");
    let request = deletion_of(1, &event);
    client.store(&event).await;
    client.store(&request).await;
    client.store(&deletion_of(1, &request)).await;
    is_there(&mut client, &request).await;
    client.refused(&event, DELETED).await;
    // Nor does one that comes first.
    let late = deletion(1, Relay::NOW, &[["e", &note(1, "b").id().to_string()]]);
    client.store(&deletion_of(1, &late)).await;
    client.store(&late).await;
    is_there(&mut client, &late).await;
}

#[tokio::test]
async fn an_address_is_deleted_up_to_the_time_of_the_deletion() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    let versions = [999, 1_000, 1_001].map(|seconds| article(1, "d", seconds));
    let [before, same, after] = &versions;
    let other = article(1, "other", 1_000);
    for event in [&other, before, same, &deletion(1, 1_000, &[["a", &address(same)]])] {
        client.store(event).await;
    }
    for event in [before, same] {
        client.refused(event, DELETED).await;
    }
    client.finds(r#"{"kinds":[30023]}"#, &[&other]).await;
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    for event in [before, same] {
        client.refused(event, DELETED).await;
    }
    // What was written since is another matter, and an old deletion leaves it alone.
    client.store(after).await;
    client.store(&deletion(1, 1_000, &[["a", &address(same)], ["k", "30023"]])).await;
    is_there(&mut client, after).await;
    is_there(&mut client, &other).await;
}

#[tokio::test]
async fn an_earlier_deletion_takes_nothing_back() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let between = article(1, "d", 900);
    for seconds in [1_000, 500] {
        client.store(&deletion(1, seconds, &[["a", &address(&between)]])).await;
    }
    client.refused(&between, DELETED).await;
}

#[tokio::test]
async fn addresses_of_replaceable_kinds_have_an_empty_d() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let profile = EventBuilder::new(0).tag(&["d", "no matter"]).sign(&Keys::from_seed(1));
    client.store(&profile).await;
    let author = profile.pubkey();
    client.store(&deletion(1, Relay::NOW, &[["a", &format!("0:{author}:no matter")]])).await;
    is_there(&mut client, &profile).await;
    client.store(&deletion(1, Relay::NOW, &[["a", &format!("0:{author}:")]])).await;
    is_gone(&mut client, &profile).await;
}

#[tokio::test]
async fn an_address_names_neither_regular_events_nor_other_places() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (note, article) = (note(1, "a"), article(1, "a:b", 1_000));
    client.store(&note).await;
    client.store(&article).await;
    let author = note.pubkey();
    for value in [
        format!("1:{author}:"),
        format!("30023:{author}"),
        format!("30023:{author}:"),
        format!("30023:{author}:a"),
        format!("30024:{author}:a:b"),
        format!("030023x:{author}:a:b"),
        author.to_string(),
        String::new(),
    ] {
        client.store(&deletion(1, Relay::NOW, &[["a", &value]])).await;
    }
    is_there(&mut client, &note).await;
    is_there(&mut client, &article).await;
    client.store(&deletion(1, Relay::NOW, &[["a", &address(&article)]])).await;
    is_gone(&mut client, &article).await;
}

#[tokio::test]
async fn a_deletion_that_names_nothing_deletes_nothing() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (note, article) = (note(1, "a"), article(1, "d", 1_000));
    client.store(&note).await;
    client.store(&article).await;
    client.store(&deletion(1, Relay::NOW, &[])).await;
    client
        .store(&deletion(1, Relay::NOW, &[["k", "1"], ["k", "30023"], ["p", &note.pubkey().to_string()]]))
        .await;
    client.store(&deletion(1, Relay::NOW, &[["e", "not an id"], ["E", &note.id().to_string()]])).await;
    is_there(&mut client, &note).await;
    is_there(&mut client, &article).await;
}

#[tokio::test]
async fn one_deletion_may_name_many() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let notes: Vec<_> = (0..30).map(|n| note(1, &format!("{n}"))).collect();
    let article = article(1, "d", 1_000);
    let mut request = EventBuilder::new(5).tag(&["e", "broken"]).tag(&["a", &address(&article)]);
    for event in &notes {
        client.store(event).await;
        request = request.tag(&["e", &event.id().to_string(), "wss://relay.example.com"]);
    }
    client.store(&article).await;
    let request = request.sign(&Keys::from_seed(1));
    client.store(&request).await;
    client.finds("{}", &[&request]).await;
    for event in notes.iter().chain([&article]) {
        client.refused(event, DELETED).await;
    }
}

#[tokio::test]
async fn a_deleted_version_makes_room_for_a_newer_one() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [old, new] = [1_000, 1_001].map(|seconds| article(1, "d", seconds));
    client.store(&old).await;
    client.store(&deletion_of(1, &old)).await;
    client.refused(&old, DELETED).await;
    client.store(&new).await;
    is_there(&mut client, &new).await;
}

#[tokio::test]
async fn a_gift_wrap_is_deleted_by_its_recipient_and_by_nobody_else() {
    let mut relay = Relay::start().await;
    let (recipient, stranger) = (Keys::from_seed(1), Keys::from_seed(2));
    let wrap = |text: &str| {
        EventBuilder::new(1059).tag(&["p", &recipient.hex()]).content(text).sign(&Keys::from_seed(77))
    };
    let (here, later) = (wrap("here"), wrap("later"));
    let mut client = relay.connect_as(&[&recipient]).await;
    client.store(&here).await;
    for event in [&here, &later] {
        client.store(&deletion_of(2, event)).await;
    }
    is_there(&mut client, &here).await;
    for event in [&here, &later] {
        client.store(&deletion_of(1, event)).await;
        is_gone(&mut client, event).await;
    }
    // A `p` tag gives no such right over other kinds.
    let mention = EventBuilder::new(1).tag(&["p", &recipient.hex()]).sign(&stranger);
    client.store(&mention).await;
    client.store(&deletion_of(1, &mention)).await;
    is_there(&mut client, &mention).await;
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    for event in [&here, &later] {
        client.refused(event, DELETED).await;
    }
}

#[tokio::test]
async fn deletions_survive_export_and_import() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (event, kept) = (note(1, "a"), note(1, "b"));
    let versions = [1_000, 1_001].map(|seconds| article(1, "d", seconds));
    let by_address = deletion(1, 1_000, &[["a", &address(&versions[0])]]);
    for event in [&event, &kept, &versions[0], &deletion_of(1, &event), &by_address] {
        client.store(event).await;
    }
    drop(client);
    let relay = relay.exported_and_imported().await;
    let mut client = relay.connect().await;
    is_gone(&mut client, &versions[0]).await;
    client.refused(&event, DELETED).await;
    is_there(&mut client, &kept).await;
    client.store(&versions[1]).await;
}

/// All in one go, so that one commit may hold them all.
#[tokio::test]
async fn a_deletion_has_its_place_in_the_order_of_what_was_sent() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (event, early, article) = (note(1, "a"), note(1, "b"), article(1, "d", 1_000));
    let events = [
        (deletion_of(1, &early), ""),
        (event.clone(), ""),
        (article.clone(), ""),
        (deletion(1, 1_000, &[["e", &event.id().to_string()], ["a", &address(&article)]]), ""),
        (event, DELETED),
        (early, DELETED),
        (article, DELETED),
    ];
    for (event, _) in &events {
        client.say(&event.message()).await;
    }
    for (event, text) in &events {
        assert_eq!(client.ok(event).await, (text.is_empty(), (*text).to_owned()), "{}", event.json());
    }
    assert_eq!(client.count("{}").await, 2);
}
