//! The conversation's state and its turns.

use std::sync::Arc;

use chappe_authorization::{Challenge, Peer};
use chappe_codec::{About, Answer, ClientMessage, Malformed};
use chappe_frames::Agreement;
use chappe_processing::{Account, Ending, Inbox, Spent};
use chappe_protocol::{EventId, Prefix, Refusal, SubscriptionId, Timestamp};

use crate::backlog::Backlog;
use crate::compressor::Compression;
use crate::open::OpenSubscriptions;
use crate::replies::{Replies, Reply};
use crate::stored::Running;
use crate::waiting::Waiting;
use crate::workspace::Workspace;
use crate::{AuthChallenge, Compressor, Message, Outbox, Services};

/// One connection's conversation. Dropping it ends its subscriptions.
pub struct Session {
    pub(crate) services: Arc<Services>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) peer: Peer,
    pub(crate) challenge: Challenge,
    pub(crate) challenge_sent: bool,
    pub(crate) outbox: Outbox,
    /// Events that wait for their OK.
    pub(crate) replies: Replies,
    pub(crate) open: OpenSubscriptions,
    /// The query whose answers are being sent.
    pub(crate) running: Option<Running>,
    pub(crate) backlog: Backlog,
    waiting: Waiting,
    closing: Option<Closing>,
    /// By which the log names it.
    number: u64,
}

/// Whether [`Session::advance`] should be called again without waiting for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Nothing to do until the client says something, reads something, or the inbox signals.
    Idle,
    /// There is more to do; others may go first.
    More,
}

/// Why the connection has to end, once the outbox is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The relay stops: code 1001.
    ShuttingDown,
    /// A message was longer than allowed: code 1009.
    MessageTooLong,
    /// The client reads more slowly than new events come: code 1013.
    TooSlow,
    /// An administrator wants it: code 1008.
    Dismissed,
}

impl Closing {
    /// The WebSocket close code (RFC 6455, section 7.4.1).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::ShuttingDown => 1001,
            Self::MessageTooLong => 1009,
            Self::TooSlow => 1013,
            Self::Dismissed => 1008,
        }
    }

    /// The reason that goes with the code.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ShuttingDown => "the relay is shutting down",
            Self::MessageTooLong => "message too long",
            Self::TooSlow => "reading too slowly, reconnect",
            Self::Dismissed => "closed by an administrator",
        }
    }
}

/// Whether a message has had its turn.
pub(crate) enum Turn {
    Taken,
    /// Something before it is not done yet, or there is no room: again later.
    NotYet,
}

/// How many messages that have waited are taken in one [`Session::advance`]. A signature check each is what they cost.
const TURNS_AT_ONCE: usize = 16;

impl Session {
    /// Starts a conversation. The challenge must be unguessable; it is sent when it is needed.
    #[must_use]
    pub fn new(services: Arc<Services>, peer: Peer, challenge: Challenge, now: Timestamp) -> Self {
        let limits = services.limits;
        let account = Account::new(peer.address, now);
        let mut session = Self {
            inbox: Arc::new(Inbox::of(account, limits.live_backlog_bytes_max)),
            peer,
            challenge,
            challenge_sent: false,
            outbox: Outbox::new(services.buffers.clone()),
            replies: Replies::default(),
            open: OpenSubscriptions::default(),
            running: None,
            backlog: Backlog::default(),
            waiting: Waiting::new(limits.message_bytes_max),
            closing: None,
            number: 0,
            services,
        };
        if session.services.auth_challenge == AuthChallenge::OnConnect {
            session.send_challenge();
        }
        session
    }

    /// With the number by which its connection is known among all that are open.
    #[must_use]
    pub const fn numbered(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// That number; 0 where it was given none.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// From now on, messages are compressed as the client agreed to in the handshake.
    pub fn compress(&mut self, agreement: Agreement, compressor: Arc<Compressor>) {
        self.outbox.compress(Compression::new(agreement, compressor));
    }

    /// What to send to the client. Clear it when it is sent, then [advance](Self::advance).
    pub const fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Where outcomes and live events arrive: when it signals, [advance](Self::advance).
    #[must_use]
    pub const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Whether to read from the client. False while as much waits for its turn as may wait.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.closing.is_none() && self.waiting.has_room() && self.outbox.has_room()
    }

    /// Whether, and why, to close the connection once the outbox is sent.
    #[must_use]
    pub const fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// Takes a text message from the client: any bytes. It is answered now, or when its turn has come.
    pub fn receive(&mut self, message: &[u8], now: Timestamp) {
        if self.closing.is_some() {
            return;
        }
        self.inbox.account().spend(Spent::Messages, 1);
        if self.waiting.is_empty() && self.may_take_turn() {
            if let Turn::Taken = self.take_turn(message, now) {
                return;
            }
        } else {
            self.cut_short_if_closed(message);
        }
        self.waiting.push_back(message.into());
    }

    /// Takes note of a binary message: Nostr has none.
    pub fn receive_binary(&mut self) {
        self.inbox.account().spend(Spent::Messages, 1);
        self.services.counts.message(Message::Malformed);
        self.notice("invalid: messages are text, binary ones are not read");
    }

    /// Takes note of a message that was too long to be read.
    pub fn receive_too_long(&mut self) {
        self.services.counts.message(Message::Malformed);
        let bytes = self.services.limits.message_bytes_max;
        self.notice(&format!("invalid: a message has at most {bytes} bytes"));
        self.close(Closing::MessageTooLong);
    }

    /// Ends the conversation because the relay stops. OKs for events already on their way are still worth waiting for:
    /// see [`Self::has_events_in_flight`].
    pub fn shut_down(&mut self) {
        self.close(Closing::ShuttingDown);
    }

    /// Whether events that were handed over have no outcome yet.
    #[must_use]
    pub fn has_events_in_flight(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Does what can be done now: tells outcomes, sends live events, continues the stored ones, takes the next turns.
    pub fn advance(&mut self, now: Timestamp) -> Activity {
        while let Some((ticket, outcome)) = self.inbox.next_outcome() {
            self.replies.settle(ticket, self.services.counts.answer(outcome));
        }
        while let Some((id, reply)) = self.replies.next_ready() {
            self.write_ok(&id, &reply);
        }
        if self.closing.is_some() {
            return Activity::Idle;
        }
        if let Some(ending) = self.inbox.ending() {
            self.end_by(ending);
            return Activity::Idle;
        }
        self.send_live();
        let was_running = self.running.is_some();
        self.continue_running(now);
        if was_running && self.running.is_none() {
            // What was held for its EOSE: no signal would come for it any more.
            self.send_live();
        }
        for _ in 0..TURNS_AT_ONCE {
            if !self.may_take_turn() {
                break;
            }
            let Some(message) = self.waiting.pop_front() else { return Activity::Idle };
            if let Turn::NotYet = self.take_turn(&message, now) {
                self.waiting.push_front(message);
                return Activity::Idle;
            }
        }
        if self.outbox.has_room() { Activity::More } else { Activity::Idle }
    }

    fn may_take_turn(&self) -> bool {
        self.running.is_none() && self.outbox.has_room()
    }

    fn take_turn(&mut self, message: &[u8], now: Timestamp) -> Turn {
        let mut workspace = self.services.workspaces.take();
        let Workspace { scratch, buffer } = &mut workspace;
        let decoded = chappe_codec::decode_message(message, scratch);
        let kind = Message::of(&decoded);
        let turn = match decoded {
            Ok(ClientMessage::Event(event)) => self.publish(event, message.len(), buffer, now),
            Err(Malformed { about: About::Event(id), reason }) => self.refuse_event(id, reason.into()),
            // Everything else is answered at once, so it has to wait for the OKs before it.
            _ if !self.replies.is_empty() => Turn::NotYet,
            Ok(ClientMessage::Auth(event)) => self.authenticate(event, buffer, now),
            Ok(ClientMessage::Req { subscription, filters }) => {
                self.request(subscription, filters, message.len(), now)
            }
            Ok(ClientMessage::Count { subscription, filters }) => self.count(subscription, filters, now),
            Ok(ClientMessage::Close { subscription }) => self.end(&subscription),
            Err(Malformed { about: About::Subscription(id), reason }) => self.refuse(&id, &reason.into()),
            Err(Malformed { about: About::Message, reason }) => {
                self.notice(&Refusal::from(reason).to_string());
                Turn::Taken
            }
        };
        self.services.workspaces.give_back(workspace);
        if let Turn::Taken = turn {
            self.services.counts.message(kind);
        }
        turn
    }

    /// A CLOSE that has to wait its turn still stops the query it is about, so that nobody waits for what nobody wants.
    fn cut_short_if_closed(&mut self, message: &[u8]) {
        let Some(running) = self.running.as_ref().map(Running::id) else { return };
        let mut workspace = self.services.workspaces.take();
        let decoded = chappe_codec::decode_message(message, &mut workspace.scratch);
        if matches!(decoded, Ok(ClientMessage::Close { ref subscription }) if subscription == running) {
            self.stop_running();
        }
        self.services.workspaces.give_back(workspace);
    }

    /// Sends the challenge, unless the client has it.
    pub(crate) fn send_challenge(&mut self) {
        if !std::mem::replace(&mut self.challenge_sent, true) {
            let challenge = self.challenge.as_str();
            self.outbox.message(|out| chappe_codec::append_auth(out, challenge));
        }
    }

    /// Answers an event that needs no outcome: at once, or after the OKs before it.
    pub(crate) fn reply(&mut self, id: EventId, reply: Reply) {
        if self.replies.is_empty() {
            self.write_ok(&id, &reply);
        } else {
            self.replies.add(id, Some(reply));
        }
    }

    /// Whoever is told to sign in gets the challenge to do it with, first.
    fn write_ok(&mut self, id: &EventId, reply: &Reply) {
        let answer = match reply {
            Ok(text) => Answer::Accepted(text),
            Err(refusal) => Answer::Refused(refusal),
        };
        if reply.as_ref().is_err_and(|refusal| refusal.prefix == Prefix::AuthRequired) {
            self.send_challenge();
        }
        self.outbox.message(|out| chappe_codec::append_ok(out, id, answer));
    }

    pub(crate) fn refuse_event(&mut self, id: EventId, refusal: Refusal) -> Turn {
        self.services.counts.refuse(&refusal);
        self.reply(id, Err(refusal));
        Turn::Taken
    }

    /// Refuses a REQ or COUNT by CLOSED. A subscription of that name is over, as the client has to understand it.
    pub(crate) fn refuse(&mut self, id: &SubscriptionId, refusal: &Refusal) -> Turn {
        if refusal.prefix == Prefix::AuthRequired {
            self.send_challenge();
        }
        self.services.counts.refuse_request(refusal);
        self.forget(id);
        self.outbox.message(|out| chappe_codec::append_closed(out, id, refusal));
        Turn::Taken
    }

    fn notice(&mut self, text: &str) {
        self.outbox.message(|out| chappe_codec::append_notice(out, text));
    }

    /// Tells the client why the rest of the relay wants the connection to end.
    fn end_by(&mut self, ending: Ending) {
        match ending {
            Ending::Overflowed => {
                self.notice("error: new events come faster than you read them, closing the connection");
                self.close(Closing::TooSlow);
            }
            Ending::Dismissed => {
                let reason = self.inbox.dismissal().map(|dismissal| dismissal.reason).unwrap_or_default();
                let colon = if reason.is_empty() { "" } else { ": " };
                self.notice(&format!("blocked: an administrator closes this connection{colon}{reason}"));
                self.close(Closing::Dismissed);
            }
        }
    }

    fn close(&mut self, closing: Closing) {
        self.closing.get_or_insert(closing);
        self.running = None;
    }
}
