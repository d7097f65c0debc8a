//! Live subscriptions, opened before anything is published.

use std::time::Duration;

use chappe_protocol::Filter;
use chappe_testkit::naive::access::Answered;
use chappe_testkit::{naive, req_message};
use serde_json::Value;
use tokio::time::timeout;

use super::super::paths::filters;
use super::super::{Tally, add};
use super::{Sight, World};
use crate::harness::Client;

/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Open subscriptions of one viewer.
const SUBSCRIPTIONS: usize = 5;

/// A connection that only listens.
pub struct Listener {
    /// The place among the viewers.
    viewer: usize,
    client: Client,
    /// Those that were not closed at once, named by their places.
    open: Vec<Option<Vec<Filter>>>,
}

impl World {
    /// Opens some for each viewer.
    pub async fn listen(&mut self) -> Vec<Listener> {
        let mut listeners = Vec::new();
        for viewer in 0..self.viewers.len() {
            let client = self.viewers[viewer].0.connect(&self.relay).await;
            let mut listener = Listener { viewer, client, open: Vec::new() };
            for name in 0..SUBSCRIPTIONS {
                self.open(&mut listener, name).await;
            }
            listeners.push(listener);
        }
        listeners
    }

    async fn open(&mut self, listener: &mut Listener, name: usize) {
        let viewer = &self.viewers[listener.viewer].0;
        let filters = match name {
            0 => vec![Filter::default()],
            _ => filters(&mut self.rng, &self.corpus, viewer),
        };
        listener.client.say(&req_message(&name.to_string(), &filters)).await;
        let answered = self.access.answers(&viewer.hex, &filters, &self.events);
        let end = loop {
            let heard = listener.client.hear().await;
            assert_eq!(heard[1], name.to_string(), "{heard} {}", self.about(viewer));
            if heard[0] != "EVENT" {
                break heard;
            }
        };
        let closed = end[0] == "CLOSED";
        let fits = match answered {
            Answered::Yes => !closed,
            Answered::Closed(_) => closed,
            Answered::Perhaps => true,
        };
        assert!(fits, "{end} instead of {answered:?} for {filters:?} {}", self.about(viewer));
        listener.open.push((!closed).then_some(filters));
    }

    /// Compares what was delivered since the last time with the model.
    pub async fn hear(&mut self, listeners: &mut [Listener], tally: &Tally) {
        let recent = std::mem::take(&mut self.recent);
        for listener in listeners {
            let about = self.about(&self.viewers[listener.viewer].0);
            let (mut due, mut may) = (Vec::new(), Vec::new());
            for (name, filters) in listener.open.iter().enumerate() {
                let Some(filters) = filters else { continue };
                for (event, sights) in &recent {
                    if !filters.iter().any(|filter| naive::matches(filter, event)) {
                        continue;
                    }
                    let delivery = (name.to_string(), event.id().to_string());
                    match sights[listener.viewer] {
                        Sight::Seen => due.push(delivery),
                        Sight::Either => may.push(delivery),
                        Sight::Hidden => add(&tally.hidden, 1),
                    }
                }
            }
            add(&tally.delivered, due.len());
            listener.hear(due, may, &about).await;
        }
    }
}

impl Listener {
    /// Hears all that is due, some of what may come, and nothing else.
    async fn hear(&mut self, mut due: Vec<(String, String)>, mut may: Vec<(String, String)>, about: &str) {
        while !due.is_empty() {
            let heard = timeout(PATIENCE, self.client.hear()).await;
            let heard = heard.unwrap_or_else(|_| panic!("{due:?} is not delivered {about}"));
            self.take(&heard, &mut due, &mut may, about);
        }
        // What is on its way has come when this is answered. Twice: the session looks for news once each turn.
        for _ in 0..2 {
            self.client.say(r#"["REQ","done",{"ids":[]}]"#).await;
            loop {
                let heard = self.client.hear().await;
                if heard[1] == "done" {
                    break;
                }
                self.take(&heard, &mut due, &mut may, about);
            }
        }
    }

    fn take(
        &mut self,
        heard: &Value,
        due: &mut Vec<(String, String)>,
        may: &mut Vec<(String, String)>,
        about: &str,
    ) {
        // Who has been banned may be told so.
        if heard[0] == "CLOSED" && heard[2].as_str().is_some_and(|text| text.starts_with("blocked: ")) {
            let name: usize = heard[1].as_str().unwrap().parse().unwrap();
            self.open[name] = None;
            return;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let delivery = (text(&heard[1]), text(&heard[2]["id"]));
        for list in [due, may] {
            if let Some(place) = list.iter().position(|expected| *expected == delivery) {
                list.swap_remove(place);
                return;
            }
        }
        panic!("LEAK, or a second time: {heard} live {about}");
    }
}
