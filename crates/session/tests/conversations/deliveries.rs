//! From the message of one client to the frames of many: what each further subscriber costs, in allocations.

use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys, TestEvent, allocations};

use crate::script::{Client, Relay, START};

const NOW: Timestamp = Timestamp(START);

/// So many connections, of which each listens for ephemeral events twice, and one that publishes.
struct Crowd {
    _relay: Relay,
    publisher: Client,
    subscribers: Vec<Client>,
}

impl Crowd {
    fn new(subscribers: usize) -> Self {
        let relay = Relay::new();
        let subscribe = |number: usize| {
            let mut client = relay.connect(&number.to_string());
            let author = Keys::from_seed(1).hex();
            client.say(&format!(r#"["REQ","them",{{"authors":["{author}"]}}]"#), START);
            client.say(r#"["REQ","kind",{"kinds":[20001]}]"#, START);
            assert_eq!(client.hear(START).len(), 2);
            client
        };
        let subscribers = (0..subscribers).map(subscribe).collect();
        Self { publisher: relay.connect("publisher"), subscribers, _relay: relay }
    }

    /// Publishes all events, has everybody send what came, and says how many bytes of frames that were.
    fn pass_on(&mut self, messages: &[String]) -> usize {
        for message in messages {
            self.publisher.0.receive(message.as_bytes(), NOW);
        }
        let mut frames = 0;
        for client in &mut self.subscribers {
            client.0.advance(NOW);
            frames += client.0.outbox().frames().len();
            client.0.outbox().clear();
        }
        self.publisher.0.outbox().clear();
        frames
    }
}

/// A live event is copied into the outbox of each subscriber and shared until then. Everything around it is memory that
/// is used again.
#[test]
fn a_hundred_more_subscribers_cost_no_allocation() {
    let event = |number: usize| {
        EventBuilder::new(20_001).content("word by word ".repeat(20 + number)).sign(&Keys::from_seed(1))
    };
    let events: Vec<_> = (0..5).map(event).collect();
    let messages: Vec<_> = events.iter().map(TestEvent::message).collect();
    let of_each: usize =
        events.iter().flat_map(|event| ["them", "kind"].map(|name| event.delivery(name).len() + 4)).sum();
    let counts = [1, 101].map(|subscribers| {
        let mut crowd = Crowd::new(subscribers);
        let mut pass_on = || assert_eq!(crowd.pass_on(&messages), subscribers * of_each);
        assert!(allocations(&mut pass_on) > 10, "the first time warms the buffers, and is counted");
        (0..10).for_each(|_| pass_on());
        allocations(&mut pass_on)
    });
    assert_eq!(counts[0], counts[1]);
}
