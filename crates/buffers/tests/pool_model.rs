//! The pool under random use, against what must hold whatever happens: a buffer has one borrower, comes empty and large
//! enough, and each one made is lent, kept or freed.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

mod random;

use std::thread;

use chappe_buffers::{Bounds, Buffer, Class, Pool};
use chappe_testkit::Rng;

const SIZES: [usize; 9] = [0, 1, 700, 1_024, 5_000, 16_384, 60_000, 262_144, 400_000];

/// Buffers on loan, each with the text that its borrower wrote, and the capacity it came with.
struct World {
    pool: Pool,
    bounds: Bounds,
    held: Vec<(Buffer, Vec<u8>, usize)>,
    taken: u64,
}

impl World {
    fn new(rng: &mut Rng) -> Self {
        let mut pick = || *rng.pick(&[0, 1_000, 4_096, 100_000, 1 << 20, 4 << 20, usize::MAX]);
        let bounds = Bounds { kept_bytes_max: pick(), thread_bytes_max: pick() };
        Self { pool: Pool::new(bounds), bounds, held: Vec::new(), taken: 0 }
    }

    fn step(&mut self, rng: &mut Rng) {
        let place = if self.held.is_empty() { None } else { Some(rng.below(self.held.len())) };
        match (rng.below(12), place) {
            (0..=4, _) => self.take(*rng.pick(&SIZES)),
            (5, Some(place)) => {
                let (buffer, text, _) = &mut self.held[place];
                let more = rng.bits().to_le_bytes().repeat(rng.below(5_000));
                buffer.extend_from_slice(&more);
                text.extend_from_slice(&more);
            }
            (6, Some(place)) => {
                let room = *rng.pick(&SIZES);
                let (buffer, text, came_with) = &mut self.held[place];
                let before = buffer.as_ptr();
                buffer.make_room(room);
                assert!(buffer.capacity() - buffer.len() >= room);
                // Another buffer of the pool may have taken its place: that counts as a loan.
                if text.len() + room <= Class::Large.capacity_bytes_min() && buffer.as_ptr() != before {
                    (self.taken, *came_with) = (self.taken + 1, buffer.capacity());
                }
            }
            (7, Some(place)) => {
                let (mut buffer, ..) = self.held.swap_remove(place);
                *buffer = Vec::with_capacity(*rng.pick(&SIZES));
            }
            (8, Some(place)) => {
                let (buffer, ..) = self.held.swap_remove(place);
                thread::spawn(move || drop(buffer)).join().expect("a thread");
            }
            (9, _) => [Pool::tick, Pool::settle, Pool::trim][rng.below(3)](&self.pool),
            (_, Some(place)) => drop(self.held.swap_remove(place)),
            (_, None) => self.held.clear(),
        }
    }

    fn take(&mut self, bytes: usize) {
        let buffer = self.pool.take_for(bytes);
        assert!(buffer.is_empty() && buffer.capacity() >= bytes.max(1_024), "{buffer:?} for {bytes}");
        self.taken += 1;
        let capacity = buffer.capacity();
        self.held.push((buffer, Vec::new(), capacity));
    }

    fn check(&self) {
        assert!(self.held.iter().all(|(buffer, text, _)| **buffer == *text), "a buffer has one borrower");
        let snapshot = self.pool.snapshot();
        assert!(snapshot.bytes_kept() <= self.bounds.kept_bytes_max as u64, "{snapshot:?}");
        assert_eq!(snapshot.taken(), self.taken, "{snapshot:?}");
        let bytes: usize = self.held.iter().map(|(.., capacity)| capacity).sum();
        assert_eq!(snapshot.bytes_in_use(), bytes as u64, "{snapshot:?}");
        let (mut made, mut known) = (0, 0);
        for one in snapshot.classes {
            assert_eq!(one.in_use, one.taken() - one.returned - one.discarded, "{one:?}");
            assert!(one.in_use <= one.in_use_peak, "{one:?}");
            assert!(one.bytes_kept >= one.kept * one.class.capacity_bytes_min() as u64, "{one:?}");
            made += one.created;
            known += one.in_use + one.kept + one.discarded + one.trimmed;
        }
        assert_eq!(made, known, "each is lent, kept or freed: {snapshot:?}");
        assert_eq!(snapshot.classes[3].kept, 0, "no giant is kept");
    }
}

#[test]
fn whatever_its_borrowers_do_the_pool_keeps_its_word() {
    for mut rng in random::worlds(60) {
        let mut world = World::new(&mut rng);
        for _ in 0..300 {
            world.step(&mut rng);
            world.check();
        }
        world.held.clear();
        world.check();
        (0..64).for_each(|_| {
            world.pool.tick();
            world.pool.settle();
        });
        assert_eq!(world.pool.snapshot().bytes_kept(), 0, "an idle pool shrinks to nothing");
    }
}
