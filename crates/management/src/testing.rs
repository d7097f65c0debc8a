//! A desk in a directory of its own, and the people around it.

use std::path::PathBuf;
use std::sync::Arc;

use chappe_authorization::{Mode, Settings, Viewer};
use chappe_codec::{Scratch, decode_event};
use chappe_protocol::{Event, Kind, KindClass, PublicKey, Timestamp};
use chappe_store::{Options, Placement, Record, Store, Write, Written};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};
use serde_json::Value;
use tempfile::TempDir;

use crate::membership::Answer;
use crate::{
    CallError, Management, Numbers, OwnEvent, PolicyFiles, RelayKeys, Surroundings, Terms, WantedConnections,
};

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

pub(crate) struct TestDesk {
    pub(crate) desk: Management,
    pub(crate) store: Arc<Store>,
    pub(crate) dir: TempDir,
    settings: Settings,
    files: PolicyFiles,
}

pub(crate) fn owner() -> Keys {
    Keys::from_seed(1)
}

pub(crate) fn admin() -> Keys {
    Keys::from_seed(2)
}

pub(crate) fn moderator() -> Keys {
    Keys::from_seed(3)
}

/// Somebody without a role; 100 and up.
pub(crate) fn person(number: u64) -> Keys {
    Keys::from_seed(100 + number)
}

pub(crate) fn relay_keys() -> RelayKeys {
    RelayKeys::from_secret([7; 32]).unwrap()
}

pub(crate) fn settings(mode: Mode) -> Settings {
    Settings {
        mode,
        owners: [owner().public()].into_iter().collect(),
        admins: [admin().public()].into_iter().collect(),
        moderators: [moderator().public()].into_iter().collect(),
        ..Settings::default()
    }
}

fn open_store(dir: &TempDir) -> Arc<Store> {
    let options =
        Options { map_bytes: 1 << 28, map_reserve_bytes: 1 << 20, readers_max: 16, ..Options::default() };
    Arc::new(Store::open(&dir.path().join("store"), &options).unwrap())
}

impl TestDesk {
    pub(crate) fn new(mode: Mode) -> Self {
        let dir = TempDir::new().unwrap();
        Self::with(dir, settings(mode), PolicyFiles::default())
    }

    /// With this policy file.
    pub(crate) fn with_policy(mode: Mode, text: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("policy.json");
        std::fs::write(&file, text).unwrap();
        Self::with(dir, settings(mode), PolicyFiles { file: Some(file), shadow: None })
    }

    pub(crate) fn with(dir: TempDir, settings: Settings, files: PolicyFiles) -> Self {
        let store = open_store(&dir);
        let desk = open(&store, &settings, &files);
        Self { desk, store, dir, settings, files }
    }

    /// Stops and starts again.
    pub(crate) fn reopened(self) -> Self {
        let Self { desk, store, dir, settings, files } = self;
        desk.stop(NOW);
        drop((desk, store));
        Self::with(dir, settings, files)
    }

    pub(crate) fn policy_path(&self) -> PathBuf {
        self.files.file.clone().unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better with json!")]
    pub(crate) fn call(&self, by: &Keys, method: &str, params: Value) -> Result<Value, CallError> {
        self.desk.call(by.public(), method, &params, NOW, &Process)
    }

    /// A call of the owner's that has to work.
    #[track_caller]
    pub(crate) fn done(&self, method: &str, params: Value) -> Value {
        self.call(&owner(), method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(crate) fn join(&self, builder: EventBuilder, by: &Keys) -> Answer {
        self.join_at(builder, by, NOW)
    }

    pub(crate) fn join_at(&self, builder: EventBuilder, by: &Keys, now: Timestamp) -> Answer {
        let event = builder.sign(by);
        let verified = verified(&event);
        self.desk.join(&verified, &signed_in(&[by]), now)
    }

    pub(crate) fn update(&self, by: &Keys, text: &str) -> Answer {
        let event = EventBuilder::new(12345).content(text).sign(by);
        self.desk.update_policy(&verified(&event), NOW)
    }

    /// Stores the event and has the desk see it, as the writer's thread does.
    #[track_caller]
    pub(crate) fn save(&self, builder: EventBuilder, by: &Keys) {
        let event = builder.sign(by);
        let record = Record::new(&event.event(), event.json().as_bytes());
        let write = Write { record: &record, placement: placement(Kind(event.kind())) };
        let written = self.store.write(&[write], NOW).unwrap();
        assert!(matches!(written[..], [Written::Stored(_)]), "{written:?}");
        self.desk.after_save(&record.view(), NOW);
    }

    /// Takes what the relay has to say, checks that it is true, and stores it.
    pub(crate) fn publish(&self) -> Vec<TestOwn> {
        let events = self.desk.take_events();
        events.iter().map(|event| self.publish_one(event)).collect()
    }

    fn publish_one(&self, own: &OwnEvent) -> TestOwn {
        let mut scratch = Scratch::default();
        let event = decode_event(own.json(), &mut scratch).unwrap();
        Verifier::new().verify(event, &Rules::import(), NOW, &mut Vec::new()).unwrap();
        let record = Record::new(&event, own.json());
        let write = Write { record: &record, placement: placement(event.head.kind) };
        let written = self.store.write(&[write], NOW).unwrap();
        assert!(
            matches!(written[..], [Written::Stored(_)]),
            "{written:?} {}",
            String::from_utf8_lossy(own.json())
        );
        TestOwn::of(&event)
    }
}

/// A process with one connection, of number 7.
pub(crate) struct Process;

impl Surroundings for Process {
    fn numbers(&self) -> Numbers {
        Numbers { connections: 3, uptime_seconds: 9, ..Numbers::default() }
    }

    fn connections(&self, wanted: &WantedConnections) -> Vec<Value> {
        vec![Value::from(format!("{wanted:?}"))]
    }

    fn connection_addresses(&self, wanted: &WantedConnections) -> Vec<Value> {
        self.connections(wanted)
    }

    fn close_connection(&self, number: u64, _by: PublicKey, _reason: String) -> bool {
        number == 7
    }

    fn settings(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// An event of the relay's own, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestOwn {
    pub(crate) kind: u16,
    pub(crate) author: PublicKey,
    pub(crate) tags: Vec<Vec<String>>,
}

impl TestOwn {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let strings = |strings: chappe_protocol::TagStrings<'_>| {
            strings.map(|string| String::from_utf8(string.to_vec()).unwrap()).collect()
        };
        Self {
            kind: event.head.kind.0,
            author: event.head.pubkey,
            tags: event.head.tags.iter().map(|tag| strings(tag.strings())).collect(),
        }
    }

    pub(crate) fn read(own: &OwnEvent) -> Self {
        Self::of(&decode_event(own.json(), &mut Scratch::default()).unwrap())
    }

    /// As `[["-"],["p","..."]]`.
    pub(crate) fn tags(&self) -> Value {
        self.tags.iter().map(|tag| Value::from(tag.clone())).collect()
    }
}

pub(crate) fn placement(kind: Kind) -> Placement {
    match (kind, kind.class()) {
        (Kind::DELETION, _) => Placement::Delete,
        (Kind::VANISH, _) => Placement::Vanish,
        (_, KindClass::Replaceable) => Placement::Replaceable,
        (_, KindClass::Addressable) => Placement::Addressable,
        (_, KindClass::Regular | KindClass::Ephemeral) => Placement::Regular,
    }
}

pub(crate) fn verified(event: &TestEvent) -> chappe_validation::Verified<'_> {
    Verifier::new().verify(event.event(), &Rules::import(), NOW, &mut Vec::new()).unwrap()
}

pub(crate) fn signed_in(keys: &[&Keys]) -> Viewer {
    let mut viewer = Viewer::anonymous();
    keys.iter().for_each(|keys| viewer.add(keys.public()).unwrap());
    viewer
}

pub(crate) fn follow_list(of: &[&Keys], created_at: u64) -> EventBuilder {
    let list = EventBuilder::new(3).created_at(created_at);
    of.iter().fold(list, |list, keys| list.tag(&["p", &keys.hex()]))
}

fn open(store: &Arc<Store>, settings: &Settings, files: &PolicyFiles) -> Management {
    let terms = Terms { relay_url: Some("wss://relay.example.com".into()), ..Terms::default() };
    Management::open(Arc::clone(store), settings.clone(), terms, files.clone(), relay_keys(), NOW).unwrap()
}
