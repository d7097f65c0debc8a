//! A keeper and a store in a small world where everything collides, held against plain loops after each step.

use std::cmp::Reverse;

use chappe_authorization::{KindSet, Settings, Standing};
use chappe_protocol::{Kind, KindClass};
use chappe_store::{Options, Placement, Record, Return, Write, Written};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use tempfile::TempDir;

use super::*;
use crate::group::Group;
use crate::plan::Rule;

const NOW: u64 = 1_700_000_000;
/// Small enough to be reached with some hundred events.
const BYTES_MAX: u64 = 1 << 20;
const GROUPS: [Group; 5] = [Group::Managers, Group::Banned, Group::Members, Group::Listed, Group::Others];
/// Of each group, and the relay itself first.
const PEOPLE: usize = 7;

fn access(member: u64) -> Access {
    let set = |seed: u64| std::iter::once(Keys::from_seed(seed).public()).collect();
    let settings =
        Settings { relay_key: Some(Keys::from_seed(0).public()), owners: set(1), ..Settings::default() };
    let standing = Standing {
        banned_keys: set(2),
        members: [(Keys::from_seed(member).public(), None)].into_iter().collect(),
        allowed_keys: set(4),
        ..Standing::default()
    };
    Access::new(settings).with_standing(Arc::new(standing))
}

fn random_rules(rng: &mut Rng) -> Vec<Rule> {
    let rule = |rng: &mut Rng, place: usize| Rule {
        name: place.to_string(),
        kinds: (0..rng.below(3)).map(|_| Kind(*rng.pick(&[0, 1, 5, 7, 30_023]))).collect::<KindSet>(),
        authors: (0..rng.below(3)).map(|_| *rng.pick(&GROUPS)).collect(),
        bytes_min: *rng.pick(&[0, 0, 3_000]),
        age_seconds_max: *rng.pick(&[None, None, Some(500), Some(1_500)]),
        order: *rng.pick(&[None, Some(Order(1)), Some(Order(1)), Some(Order(2)), Some(Order(9))]),
    };
    (0..rng.below(5)).map(|place| rule(rng, place)).collect()
}

fn pool(rng: &mut Rng) -> Vec<TestEvent> {
    let event = |rng: &mut Rng, n: usize| {
        let kind = *rng.pick(&[0, 1, 1, 1, 5, 7, 7, 30_023]);
        let content = format!("{n} {}", "x".repeat(*rng.pick(&[500, 2_000, 5_000])));
        let event = EventBuilder::new(kind).created_at(NOW - rng.below(2_000) as u64).content(content);
        let event = if kind == 30_023 { event.tag(&["d", &(n % 40).to_string()]) } else { event };
        event.tag(&["t", &(n % 7).to_string()]).sign(&Keys::from_seed(rng.below(PEOPLE) as u64))
    };
    (0..700).map(|n| event(rng, n)).collect()
}

/// A store, what it should hold, and the keeper over it.
struct World {
    dir: TempDir,
    options: Options,
    store: Store,
    held: Vec<TestEvent>,
    access: Access,
    plan: Arc<Plan>,
    keeper: Keeper,
    now: u64,
}

impl World {
    fn new(rng: &mut Rng, young_bytes_max: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let options =
            Options { map_bytes: 1 << 28, map_reserve_bytes: 1 << 20, young_bytes_max, ..Options::default() };
        let plan =
            Arc::new(Plan { rules: random_rules(rng), bytes_max: *rng.pick(&[0, BYTES_MAX, BYTES_MAX]) });
        let store = Store::open(dir.path(), &options).unwrap();
        let keeper = Keeper::new(Arc::clone(&plan));
        Self { dir, options, store, held: Vec::new(), access: access(3), plan, keeper, now: NOW }
    }

    /// Stores what a session would let in.
    fn put(&mut self, events: &[&TestEvent]) {
        let is_let_in = |event: &&&TestEvent| {
            let (head, bytes) = (event.event().head, event.json().len());
            self.plan.check_age(&self.access, &head, bytes, Timestamp(self.now)).is_ok()
        };
        let events: Vec<_> = events.iter().filter(is_let_in).copied().collect();
        let placed: Vec<_> = events
            .iter()
            .map(|event| {
                let placement = match Kind(event.kind()).class() {
                    _ if event.kind() == 5 => Placement::Delete,
                    KindClass::Replaceable => Placement::Replaceable,
                    KindClass::Addressable => Placement::Addressable,
                    KindClass::Regular | KindClass::Ephemeral => Placement::Regular,
                };
                (Record::new(&event.event(), event.json().as_bytes()), placement)
            })
            .collect();
        let writes: Vec<_> =
            placed.iter().map(|(record, placement)| Write { record, placement: *placement }).collect();
        let written = self.store.write(&writes, Timestamp(self.now)).unwrap();
        for (event, written) in events.iter().zip(written) {
            if let Written::Stored(_) = written {
                self.held.push(TestEvent::clone(event));
                self.keeper.note_stored(Timestamp(event.created_at()));
            }
        }
        // Of versions the store decides, which is its own model's matter.
        let Self { held, store, .. } = self;
        held.retain(|event| store.contains(&event.id()).unwrap());
    }

    fn fate(&self, event: &TestEvent) -> Fate {
        self.plan.fate(&self.access, &event.event().head, event.json().len())
    }

    fn too_old(&self) -> Vec<EventId> {
        let age = |event: &&TestEvent| self.fate(event).age_seconds_max;
        let is_old = |event: &&TestEvent| age(event).is_some_and(|age| event.created_at() + age < self.now);
        self.held.iter().filter(is_old).map(TestEvent::id).collect()
    }

    /// Who would have to make room, in order.
    fn candidates(&self) -> Vec<EventId> {
        let with_order = |event| Some((self.fate(event).order?, event));
        let mut found: Vec<_> = self.held.iter().filter_map(with_order).collect();
        found.sort_by_key(|(order, event)| (*order, event.created_at(), Reverse(event.id())));
        found.into_iter().map(|(_, event)| event.id()).collect()
    }

    /// One step, each of its choices held against what plain loops find.
    fn step(&mut self) -> State {
        let step = self.keeper.step(&self.store, &self.access, Timestamp(self.now)).unwrap();
        let of = |cause| step.evictions.iter().filter(move |eviction| eviction.cause == cause);
        let too_old = self.too_old();
        assert!(of(Cause::Age).all(|eviction| too_old.contains(&eviction.id)));
        let making_room: Vec<_> = of(Cause::Ceiling).map(|eviction| eviction.id).collect();
        if !making_room.is_empty() {
            assert_eq!(too_old, [], "what is too old goes first");
            assert_eq!(making_room, self.candidates()[..making_room.len()]);
        }
        assert!(step.evictions.len() <= EVICTIONS_A_STEP * (1 + step.haste as usize));
        let ids: Vec<_> = step.evictions.iter().map(|eviction| eviction.id).collect();
        assert_eq!(self.store.remove(&ids, Return::Allowed).unwrap(), ids.len());
        self.held.retain(|event| !ids.contains(&event.id()));
        step.state
    }

    fn check(&self, state: State) {
        assert_eq!(self.too_old(), []);
        let used = self.store.usage().unwrap().bytes_used;
        match state {
            State::Kept => assert!(self.plan.bytes_max == 0 || used <= self.plan.begins_at(), "{used}"),
            State::Stuck => assert_eq!(self.candidates(), [], "{used}"),
            State::More => panic!("not done"),
        }
        let audit = self.store.audit().unwrap();
        assert!(audit.is_clean(), "{:?}", audit.faults);
        assert_eq!(audit.events, self.held.len() as u64);
        assert!(self.held.iter().all(|event| self.store.contains(&event.id()).unwrap()));
    }

    /// What a kill leaves: the keeper knows nothing, and the store reads its young entries again.
    fn restart(self) -> Self {
        let Self { dir, options, store, held, access, plan, now, .. } = self;
        drop(store);
        let store = Store::open(dir.path(), &options).unwrap();
        let keeper = Keeper::new(Arc::clone(&plan));
        Self { dir, options, store, held, access, plan, keeper, now }
    }
}

fn check(seed: u64, young_bytes_max: usize) -> usize {
    let mut rng = Rng::new(seed);
    let (pool, mut gone) = (pool(&mut rng), 0);
    let mut world = World::new(&mut rng, young_bytes_max);
    for _ in 0..12 {
        world.now += REWIND_SECONDS;
        // Some of them come again after they had to go.
        for _ in 0..6 {
            let batch: Vec<_> = (0..20).map(|_| rng.pick(&pool)).collect();
            world.put(&batch);
        }
        match rng.below(6) {
            0 => world = world.restart(),
            1 => world.access = access(3 + 2 * rng.below(2) as u64),
            _ => {}
        }
        let before = world.held.len();
        let state = loop {
            match world.step() {
                State::More => {}
                state @ (State::Kept | State::Stuck) => break state,
            }
        };
        gone += before - world.held.len();
        world.check(state);
    }
    gone
}

#[test]
fn what_goes_is_what_plain_loops_say() {
    let mut gone = 0;
    for young_bytes_max in [0, 8 << 10, 64 << 10, 32 << 20] {
        for seed in 0..12 {
            gone += check(seed, young_bytes_max);
        }
    }
    assert!(gone > 1_000, "{gone}");
}

/// It goes on from where it was, and comes back for what is late no more than once a minute.
#[test]
fn late_events_are_found_within_a_minute() {
    let mut rng = Rng::new(1);
    let mut world = World::new(&mut rng, 0);
    world.plan = Arc::new(Plan { rules: Vec::new(), bytes_max: BYTES_MAX });
    world.keeper = Keeper::new(Arc::clone(&world.plan));
    let note = |n: u64| {
        EventBuilder::new(1).created_at(NOW - 2_000 + n).content("x".repeat(5_000)).sign(&Keys::from_seed(6))
    };
    let (first, later): (Vec<_>, Vec<_>) =
        ((500..700).map(note).collect(), (1_000..1_050).map(note).collect());
    let run = |world: &mut World| while world.step_freely() == State::More {};
    world.put(&first.iter().collect::<Vec<_>>());
    run(&mut world);
    let late = note(1);
    world.put(&[&late]);
    world.put(&later.iter().collect::<Vec<_>>());
    run(&mut world);
    assert!(world.held.contains(&late), "what is behind is not looked at again at once");
    world.now += REWIND_SECONDS;
    let more: Vec<_> = (1_100..1_150).map(note).collect();
    world.put(&more.iter().collect::<Vec<_>>());
    run(&mut world);
    assert!(!world.held.contains(&late));
}

impl World {
    fn step_freely(&mut self) -> State {
        let step = self.keeper.step(&self.store, &self.access, Timestamp(self.now)).unwrap();
        let ids: Vec<_> = step.evictions.iter().map(|eviction| eviction.id).collect();
        self.store.remove(&ids, Return::Allowed).unwrap();
        self.held.retain(|event| !ids.contains(&event.id()));
        step.state
    }
}
