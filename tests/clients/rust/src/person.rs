//! Somebody with a key and a connection.

use std::error::Error;
use std::time::Duration;

use nostr_sdk::prelude::*;

/// How a check went.
pub type Outcome = Result<(), Box<dyn Error>>;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Fails the check unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+).into());
        }
    };
}
pub(crate) use ensure;

/// A key, and a client that talks to the relay; it may or may not sign in with the key.
#[derive(Debug)]
pub struct Person {
    /// Signs the events.
    pub keys: Keys,
    client: Client,
    url: RelayUrl,
}

impl Person {
    /// Signs in whenever the relay asks for it.
    pub async fn who_signs_in(url: &RelayUrl) -> Result<Self, Box<dyn Error>> {
        let keys = Keys::generate();
        let client = Client::new(keys.clone());
        Self { keys, client, url: url.clone() }.connected().await
    }

    /// Never signs in.
    pub async fn who_stays_unknown(url: &RelayUrl) -> Result<Self, Box<dyn Error>> {
        let client = Client::builder().opts(ClientOptions::new().automatic_authentication(false)).build();
        Self { keys: Keys::generate(), client, url: url.clone() }.connected().await
    }

    async fn connected(self) -> Result<Self, Box<dyn Error>> {
        self.client.add_relay(self.url.clone()).await?;
        let output = self.client.try_connect(ANSWER_TIMEOUT).await;
        ensure!(output.success.len() == 1, "no connection: {:?}", output.failed);
        Ok(self)
    }

    /// The public key.
    pub fn pubkey(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// Signs what the builder made.
    pub fn sign(&self, builder: EventBuilder) -> Result<Event, Box<dyn Error>> {
        Ok(builder.sign_with_keys(&self.keys)?)
    }

    /// Publishes, and returns what the relay said when that was a no.
    pub async fn try_publish(&self, event: &Event) -> Result<Result<(), String>, Box<dyn Error>> {
        let output = self.client.send_event(event).await?;
        Ok(match output.failed.into_values().next() {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        })
    }

    /// Publishes what has to be accepted.
    pub async fn publish(&self, event: &Event) -> Outcome {
        Ok(self.try_publish(event).await??)
    }

    /// Publishes what has to be refused with this prefix.
    pub async fn publish_refused(&self, event: &Event, prefix: &str) -> Outcome {
        match self.try_publish(event).await? {
            Err(refusal) if refusal.contains(prefix) => Ok(()),
            other => Err(format!("expected a refusal with `{prefix}`, got {other:?}").into()),
        }
    }

    /// Stored events, newest first.
    pub async fn fetch(&self, filter: Filter) -> Result<Vec<Event>, Box<dyn Error>> {
        Ok(self.client.fetch_events(filter, ANSWER_TIMEOUT).await?.into_iter().collect())
    }

    /// The ids of stored events, newest first.
    pub async fn fetch_ids(&self, filter: Filter) -> Result<Vec<EventId>, Box<dyn Error>> {
        Ok(self.fetch(filter).await?.into_iter().map(|event| event.id).collect())
    }

    /// How many events match, by the relay's count.
    pub async fn count(&self, filter: Filter) -> Result<usize, Box<dyn Error>> {
        Ok(self.client.relay(self.url.clone()).await?.count_events(filter, ANSWER_TIMEOUT).await?)
    }

    /// Subscribes, and returns once the stored events have come.
    pub async fn follow(&self, filter: Filter) -> Result<Feed, Box<dyn Error>> {
        let mut notifications = self.client.notifications();
        let subscription = self.client.subscribe(filter, None).await?.val;
        let mut stored = Vec::new();
        loop {
            match next_message(&mut notifications).await? {
                RelayMessage::Event { subscription_id, event } if *subscription_id == subscription => {
                    stored.push(event.id);
                }
                RelayMessage::EndOfStoredEvents(id) if *id == subscription => break,
                RelayMessage::Closed { subscription_id, message } if *subscription_id == subscription => {
                    return Err(format!("the subscription was closed: {message}").into());
                }
                _ => {}
            }
        }
        Ok(Feed { stored, subscription, notifications })
    }
}

/// A subscription that stays open.
#[derive(Debug)]
pub struct Feed {
    /// What came before EOSE.
    pub stored: Vec<EventId>,
    subscription: SubscriptionId,
    notifications: tokio::sync::broadcast::Receiver<RelayPoolNotification>,
}

impl Feed {
    /// Waits for the next live event.
    pub async fn next(&mut self) -> Result<Event, Box<dyn Error>> {
        loop {
            if let RelayMessage::Event { subscription_id, event } =
                next_message(&mut self.notifications).await?
                && *subscription_id == self.subscription
            {
                return Ok(event.into_owned());
            }
        }
    }
}

async fn next_message(
    notifications: &mut tokio::sync::broadcast::Receiver<RelayPoolNotification>,
) -> Result<RelayMessage<'static>, Box<dyn Error>> {
    loop {
        let next = tokio::time::timeout(ANSWER_TIMEOUT, notifications.recv()).await;
        if let RelayPoolNotification::Message { message, .. } =
            next.map_err(|_| "the relay sent nothing")??
        {
            return Ok(message);
        }
    }
}
