//! What is checked, one function each.

use std::io::{Read, Write};
use std::net::TcpStream;

use nostr_sdk::prelude::*;

use crate::person::{Outcome, Person, ensure};

/// Text of every awkward sort comes back as it went, with id and signature intact.
pub async fn publish_and_fetch(url: &RelayUrl) -> Outcome {
    let (alice, reader) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let text = "tab\t, quote \", backslash \\, línea\n, 塔 🗼, bell \u{7}, delete \u{7f}";
    let note = alice.sign(EventBuilder::text_note(text).tag(Tag::hashtag("towers")))?;
    alice.publish(&note).await?;
    let hashtag = Filter::new().author(alice.pubkey()).hashtag("towers");
    for filter in [Filter::new().id(note.id), Filter::new().author(alice.pubkey()), hashtag] {
        let stored = reader.fetch(filter.clone()).await?;
        ensure!(stored == [note.clone()], "{filter:?} gave {stored:?}");
        stored[0].verify()?;
    }
    // Told as success although it adds nothing.
    alice.publish(&note).await
}

/// What was signed is what counts.
pub async fn forged_event_is_refused(url: &RelayUrl) -> Outcome {
    let alice = Person::who_stays_unknown(url).await?;
    let mut note = alice.sign(EventBuilder::text_note("mine"))?;
    note.content = "not mine".to_owned();
    alice.publish_refused(&note, "invalid").await
}

/// An open subscription hears what others publish.
pub async fn stored_then_live(url: &RelayUrl) -> Outcome {
    let (alice, reader) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let before = alice.sign(EventBuilder::text_note("before"))?;
    alice.publish(&before).await?;
    let mut feed = reader.follow(Filter::new().author(alice.pubkey())).await?;
    ensure!(feed.stored == [before.id], "stored: {:?}", feed.stored);
    let after = alice.sign(EventBuilder::text_note("after"))?;
    alice.publish(&after).await?;
    let live = feed.next().await?;
    ensure!(live == after, "live: {live:?}");
    Ok(())
}

/// Each subscription of a connection hears its own.
pub async fn several_subscriptions(url: &RelayUrl) -> Outcome {
    let (alice, reader) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let mut feeds = Vec::new();
    for topic in 0..10 {
        let filter = Filter::new().author(alice.pubkey()).hashtag(format!("topic{topic}"));
        feeds.push(reader.follow(filter).await?);
    }
    for (topic, feed) in feeds.iter_mut().enumerate() {
        let note = alice.sign(EventBuilder::text_note("news").tag(Tag::hashtag(format!("topic{topic}"))))?;
        alice.publish(&note).await?;
        let live = feed.next().await?;
        ensure!(live == note, "topic {topic} heard {live:?}");
    }
    Ok(())
}

/// Of profiles only the newest is kept.
pub async fn replaceable_replaces(url: &RelayUrl) -> Outcome {
    let (alice, reader) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let now = Timestamp::now();
    let profile = |name: &str, age: u64| {
        let builder = EventBuilder::metadata(&Metadata::new().name(name));
        alice.sign(builder.custom_created_at(now - age))
    };
    let newer = profile("Chappe", 5)?;
    alice.publish(&profile("Claude", 10)?).await?;
    alice.publish(&newer).await?;
    alice.publish_refused(&profile("too late", 20)?, "duplicate").await?;
    let stored = reader.fetch_ids(Filter::new().author(alice.pubkey()).kind(Kind::Metadata)).await?;
    ensure!(stored == [newer.id], "stored: {stored:?}");
    Ok(())
}

/// Of articles the newest for each `d` tag is kept.
pub async fn addressable_replaces(url: &RelayUrl) -> Outcome {
    let (alice, reader) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let now = Timestamp::now();
    let article = |d: &str, age: u64| {
        let builder = EventBuilder::long_form_text_note("text").tag(Tag::identifier(d));
        alice.sign(builder.custom_created_at(now - age))
    };
    let (draft, last, other) = (article("one", 10)?, article("one", 5)?, article("two", 7)?);
    for event in [&draft, &last, &other] {
        alice.publish(event).await?;
    }
    let articles = Filter::new().author(alice.pubkey()).kind(Kind::LongFormTextNote);
    let stored = reader.fetch_ids(articles.clone()).await?;
    ensure!(stored == [last.id, other.id], "stored: {stored:?}");
    let stored = reader.fetch_ids(articles.identifier("two")).await?;
    ensure!(stored == [other.id], "by address: {stored:?}");
    Ok(())
}

/// Only the author can delete, and then it stays so.
pub async fn deletion_deletes(url: &RelayUrl) -> Outcome {
    let (alice, eve) = (Person::who_stays_unknown(url).await?, Person::who_stays_unknown(url).await?);
    let reader = Person::who_stays_unknown(url).await?;
    let note = alice.sign(EventBuilder::text_note("regretted"))?;
    alice.publish(&note).await?;
    let request = || EventBuilder::delete(EventDeletionRequest::new().id(note.id));
    eve.publish(&eve.sign(request())?).await?;
    ensure!(reader.fetch_ids(Filter::new().id(note.id)).await? == [note.id], "somebody else deleted it");
    let deletion = alice.sign(request())?;
    alice.publish(&deletion).await?;
    let stored = reader.fetch_ids(Filter::new().ids([note.id, deletion.id])).await?;
    ensure!(stored == [deletion.id], "stored: {stored:?}");
    alice.publish_refused(&note, "blocked").await
}

/// NIP-70: refused from strangers, accepted from the author after AUTH.
pub async fn protected_takes_auth(url: &RelayUrl) -> Outcome {
    let (alice, unknown) = (Person::who_signs_in(url).await?, Person::who_stays_unknown(url).await?);
    let note = alice.sign(EventBuilder::text_note("only from me").tag(Tag::protected()))?;
    unknown.publish_refused(&note, "auth-required").await?;
    alice.publish(&note).await?;
    let foreign = unknown.sign(EventBuilder::text_note("not from her").tag(Tag::protected()))?;
    alice.publish_refused(&foreign, "restricted").await?;
    let stored = unknown.fetch_ids(Filter::new().ids([note.id, foreign.id])).await?;
    ensure!(stored == [note.id], "stored: {stored:?}");
    Ok(())
}

/// NIP-04 messages are served to sender and recipient.
pub async fn direct_messages_are_private(url: &RelayUrl) -> Outcome {
    let (alice, bob, eve) = (
        Person::who_signs_in(url).await?,
        Person::who_signs_in(url).await?,
        Person::who_signs_in(url).await?,
    );
    let unknown = Person::who_stays_unknown(url).await?;
    let text = nip04::encrypt(alice.keys.secret_key(), &bob.pubkey(), "meet at the tower")?;
    let builder = EventBuilder::new(Kind::EncryptedDirectMessage, text).tag(Tag::public_key(bob.pubkey()));
    let message = alice.sign(builder)?;
    alice.publish(&message).await?;
    let to_bob = Filter::new().kind(Kind::EncryptedDirectMessage).pubkey(bob.pubkey());
    for (person, expected) in [(&bob, 1), (&alice, 1), (&eve, 0)] {
        let stored = person.fetch(to_bob.clone()).await?;
        ensure!(stored.len() == expected, "{} events instead of {expected}", stored.len());
    }
    let stored = bob.fetch(to_bob.clone()).await?;
    let plain = nip04::decrypt(bob.keys.secret_key(), &alice.pubkey(), &stored[0].content)?;
    ensure!(plain == "meet at the tower", "decrypted: {plain}");
    ensure!(eve.count(to_bob).await? == 0, "counting told of a message");
    ensure!(unknown.fetch(Filter::new().id(message.id)).await?.is_empty(), "served to somebody unknown");
    Ok(())
}

/// NIP-17 messages come to their recipient, live.
pub async fn gift_wraps_arrive(url: &RelayUrl) -> Outcome {
    let (alice, bob) = (Person::who_stays_unknown(url).await?, Person::who_signs_in(url).await?);
    let to_bob = Filter::new().kind(Kind::GiftWrap).pubkey(bob.pubkey());
    // Asking once signs in; what follows is live.
    ensure!(bob.fetch(to_bob.clone()).await?.is_empty(), "a letter before it was sent");
    let mut inbox = bob.follow(to_bob).await?;
    let letter = EventBuilder::private_msg(&alice.keys, bob.pubkey(), "signal received", []).await?;
    alice.publish(&letter).await?;
    let unwrapped = UnwrappedGift::from_gift_wrap(&bob.keys, &inbox.next().await?).await?;
    ensure!(unwrapped.sender == alice.pubkey(), "from {}", unwrapped.sender);
    ensure!(unwrapped.rumor.content == "signal received", "it says {}", unwrapped.rumor.content);
    Ok(())
}

/// NIP-45 counts what a REQ would serve.
pub async fn count_is_exact(url: &RelayUrl) -> Outcome {
    let alice = Person::who_stays_unknown(url).await?;
    for number in 0..7 {
        alice.publish(&alice.sign(EventBuilder::text_note(format!("{number}")))?).await?;
    }
    let count = alice.count(Filter::new().author(alice.pubkey()).kind(Kind::TextNote)).await?;
    ensure!(count == 7, "{count} instead of 7");
    Ok(())
}

/// The document parses and lists what was just shown to work.
pub async fn information_document(url: &RelayUrl) -> Outcome {
    let url: &Url = url.into();
    let host =
        format!("{}:{}", url.host_str().ok_or("no host")?, url.port_or_known_default().ok_or("no port")?);
    let mut stream = TcpStream::connect(&host)?;
    let accept = "Accept: application/nostr+json, */*;q=0.1";
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n{accept}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
    let document = RelayInformationDocument::from_json(body)?;
    let nips = document.supported_nips.unwrap_or_default();
    for nip in [1, 9, 11, 42, 45, 70] {
        ensure!(nips.contains(&nip), "NIP-{nip} is not listed");
    }
    Ok(())
}
