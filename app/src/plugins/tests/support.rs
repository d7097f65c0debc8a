//! A relay without sockets whose events pass programs that the test writes.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::{
    Access, Meters, Mode, Peer, Plugin, Settings as Rights, Source, Strangers, authorize,
};
use chappe_buffers::{Bounds, Pool};
use chappe_policy::Policy;
use chappe_processing::{Failure, Hooks, Inbox, Outcome, Processor, Submitted, Ticket};
use chappe_protocol::Timestamp;
use chappe_routing::{Desks, route};
use chappe_store::{Options, Store};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::config::{Dialect, OnFailure};
use crate::plugins::{Plugins, Settings};

/// When every event comes.
pub(super) const NOW: Timestamp = Timestamp(1_700_000_000);

/// Longer than anything may take, on a machine that does a lot besides.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What a test asks of an answer that has to come.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// Reads questions and has each one's id. What is to be done with it stands in the event's content.
const LOOP: &str = r#"
say() { printf '{"id":"%s","action":"%s","msg":"%s"}\n' "$@"; }
while read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}
  content=${line#*'"content":"'}; content=${content%%'"'*}
"#;

pub(super) struct Bench {
    pub(super) plugins: Plugins,
    processor: Processor,
    inbox: Arc<Inbox>,
    access: Access,
    peer: Peer,
    tickets: std::cell::Cell<u64>,
    pub(super) folder: TempDir,
}

/// What a bench begins with.
pub(super) struct Setup {
    folder: TempDir,
    settings: Settings,
    rights: Rights,
    policy: Option<String>,
    pub(super) peer: Peer,
}

impl Setup {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let settings = Settings {
            plugin: String::new(),
            plugin_dialect: Dialect::Strfry,
            plugin_folder: folder.path().to_owned(),
            script_dialect: Dialect::Orly,
            scripts_folder: folder.path().to_owned(),
            on_failure: OnFailure::Deny,
            timeout: LONG,
            in_flight_max: 256,
        };
        Self { folder, settings, rights: Rights::default(), policy: None, peer: Peer::default() }
    }

    /// With a plugin that does this with each question: shell, in which `$id`, `$content` and `say` are there.
    pub(super) fn plugin(self, each: &str) -> Self {
        // Some shells stay between the relay and what they start, and keep its pipes open.
        self.script("plugin", each).command("exec ./plugin")
    }

    /// With this command line as the plugin.
    pub(super) fn command(mut self, command: &str) -> Self {
        self.settings.plugin = command.to_owned();
        self.rights.plugin = Plugin::Asked;
        self
    }

    /// With a script of that name that does this with each question.
    pub(super) fn script(self, name: &str, each: &str) -> Self {
        write_script(self.folder.path(), name, each);
        self
    }

    /// With a shell program of that name.
    pub(super) fn program(self, name: &str, text: &str) -> Self {
        write_program(self.folder.path(), name, text);
        self
    }

    /// With a policy file of these rules.
    pub(super) fn rules(mut self, rules: &str) -> Self {
        self.policy = Some(format!(r#"{{"default_policy":"allow","rules":{rules}}}"#));
        self
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(super) fn delay(mut self, step: Duration) -> Self {
        let delay = chappe_authorization::Delay { step, max: PATIENCE };
        self.rights.mode = Mode::Follows(Strangers::Delay(delay));
        self
    }

    /// Starts it. Needs a tokio runtime.
    pub(super) fn start(self) -> Bench {
        let Self { folder, settings, rights, policy, peer } = self;
        let plugins = Plugins::start(settings, crate::log::Journals::new(10_240));
        let options = Options { map_bytes: 1 << 26, map_reserve_bytes: 1 << 20, ..Options::default() };
        let store = Store::open(&folder.path().join("store"), &options).unwrap();
        let buffers = Pool::new(Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 1 << 16 });
        let hooks = Hooks { checker: plugins.checker(), ..Hooks::default() };
        let processor =
            Processor::start(Arc::new(store), buffers, 1 << 24, NonZeroUsize::MIN, hooks).unwrap();
        let policy = policy.map_or_else(Policy::permissive, |text| Policy::parse(&text).unwrap());
        let access = Access::new(rights).with_policy(Arc::new(policy));
        let inbox = Arc::new(Inbox::new(1 << 20));
        Bench { plugins, processor, inbox, access, peer, tickets: 0.into(), folder }
    }
}

/// Writes a program that does this with each question.
pub(super) fn write_script(folder: &Path, name: &str, each: &str) {
    write_program(folder, name, &format!("{LOOP}{each}\ndone"));
}

/// Writes a program under another name first, so that it is there as a whole or not at all.
fn write_program(folder: &Path, name: &str, text: &str) {
    let (unfinished, file) = (folder.join("unfinished"), folder.join(name));
    std::fs::write(&unfinished, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&unfinished, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::rename(unfinished, file).unwrap();
}

impl Bench {
    pub(super) fn submit(&self, event: &TestEvent) -> Submitted {
        let ticket = Ticket(self.tickets.replace(self.tickets.get() + 1));
        let verified = Verifier::new().verify(event.event(), &Rules::import(), NOW, &mut Vec::new()).unwrap();
        let source = Source::Client(&self.peer);
        let bytes = event.json().len();
        let permit = authorize(&self.access, &Meters::default(), verified, source, bytes, NOW).unwrap();
        let room = self.processor.reserve(bytes, &self.inbox).unwrap();
        let route = route(event.head().kind, Desks::default());
        self.processor.process(&permit, route, NOW, room, (&self.inbox, ticket), source)
    }

    /// Submits a note with this content.
    pub(super) fn say(&self, content: &str) {
        assert_eq!(self.submit(&note(content)), Submitted::Queued);
    }

    /// So many outcomes, in the order of their events.
    pub(super) async fn outcomes(&self, count: usize) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            let arrival = poll_fn(|context| self.inbox.poll_arrival(context));
            let arrived = timeout(PATIENCE, arrival).await;
            outcomes.extend(std::iter::from_fn(|| self.inbox.next_outcome()));
            assert!(arrived.is_ok(), "only {outcomes:?}");
        }
        outcomes.sort_unstable_by_key(|&(ticket, _)| ticket);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// What becomes of a note with this content.
    pub(super) async fn outcome(&self, content: &str) -> Outcome {
        self.say(content);
        self.outcomes(1).await.remove(0)
    }

    pub(super) fn has(&self, event: &TestEvent) -> bool {
        self.processor.has(&event.id()).unwrap()
    }

    /// Waits until a program has written this file, and reads it.
    pub(super) async fn file(&self, name: &str) -> String {
        let file = self.folder.path().join(name);
        timeout(PATIENCE, async {
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(text) if text.ends_with('\n') => return text,
                    Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no program has written {name}"))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

pub(super) fn note(content: &str) -> TestEvent {
    EventBuilder::new(1).content(content).sign(&Keys::from_seed(1))
}

pub(super) fn rejected(text: &str) -> Outcome {
    Outcome::Rejected(chappe_processing::Rejection::new(text))
}

pub(super) const FAILED: Outcome = Outcome::Failed(Failure::Check);
