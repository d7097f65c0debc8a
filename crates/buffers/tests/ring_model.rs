//! The ring against a model that forgets nothing: a vector of all bytes ever written.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

mod random;

use chappe_buffers::Ring;
use chappe_testkit::Rng;

struct World {
    ring: Ring,
    bytes_max: usize,
    all: Vec<u8>,
}

impl World {
    fn new(rng: &mut Rng) -> Self {
        let bytes_max = *rng.pick(&[0, 1, 2, 7, 64, 1_000, 40_000]);
        Self { ring: Ring::new(bytes_max), bytes_max, all: Vec::new() }
    }

    fn step(&mut self, rng: &mut Rng) {
        match rng.below(4) {
            0 | 1 => {
                let length =
                    rng.below(*rng.clone().pick(&[2, 10, self.bytes_max + 2, 2 * self.bytes_max + 2]));
                let block: Vec<u8> = (0..length).map(|_| rng.bits().to_le_bytes()[0]).collect();
                self.ring.write(&block);
                self.all.extend_from_slice(&block);
            }
            2 => self.read(self.offset(rng), rng.below(*rng.clone().pick(&[1, 2, 100, 60_000]))),
            _ => self.history(self.offset(rng)),
        }
        assert_eq!(self.ring.written(), self.all.len() as u64);
        assert_eq!(self.ring.oldest(), self.oldest() as u64);
    }

    /// Mostly near what is kept; at times before or after all.
    fn offset(&self, rng: &mut Rng) -> usize {
        let first = self.oldest().saturating_sub(3);
        first + rng.below(self.all.len() + 3 - first)
    }

    fn oldest(&self) -> usize {
        self.all.len().saturating_sub(self.bytes_max)
    }

    fn expected(&self, offset: usize) -> Option<(u64, &[u8])> {
        let start = offset.max(self.oldest());
        let bytes = self.all.get(start..).filter(|bytes| !bytes.is_empty())?;
        Some((start as u64, bytes))
    }

    fn read(&self, offset: usize, bytes_max: usize) {
        let mut into = vec![0; bytes_max];
        let bytes_max = bytes_max.min(Ring::PIECE_BYTES_MAX);
        let piece = self.ring.read_from(offset as u64, &mut into);
        let expected = self.expected(offset).filter(|_| bytes_max > 0);
        let expected = expected.map(|(start, bytes)| (start, &bytes[..bytes.len().min(bytes_max)]));
        assert_eq!(piece.map(|piece| (piece.start, piece.bytes)), expected, "from {offset}");
    }

    fn history(&self, offset: usize) {
        let mut history = b"before".to_vec();
        let start = self.ring.history_from(offset as u64, &mut history);
        let history = history.strip_prefix(b"before").expect("what was there stays");
        assert_eq!(start, self.expected(offset).map(|(start, _)| start), "from {offset}");
        assert_eq!(history, self.expected(offset).map_or(b"".as_slice(), |(_, bytes)| bytes));
    }
}

#[test]
fn the_ring_answers_as_one_that_forgets_nothing_would_of_its_end() {
    for mut rng in random::worlds(100) {
        let mut world = World::new(&mut rng);
        (0..200).for_each(|_| world.step(&mut rng));
        world.ring.close();
        assert_eq!(
            (world.ring.oldest(), world.ring.written()),
            (world.all.len() as u64, world.all.len() as u64)
        );
    }
}
