use chappe_protocol::{Filter, Kind, PublicKey, TagFilter, TagMode};
use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, random_filter};

use super::{Given, Hint, Sieve};
use crate::tests::support::record;

#[test]
fn the_layout_is_the_one_drawn() {
    // It lies on disk: what is made of an event has to stay the same for ever.
    let event = EventBuilder::new(0x1234).tag(&["t", "nostr"]).tag(&["e", "x"]).tag(&["long", "y"]);
    let mut hint = Hint::of(&record(&event.sign(&Keys::from_seed(1))).view()).0;
    assert_eq!(hint >> 63, 1);
    assert_eq!(hint >> 32 & 0xFFFF, 0x1234);
    assert_eq!((hint & u64::from(u32::MAX)).count_ones(), 2);
    hint = Hint::of(&record(&EventBuilder::new(1).sign(&Keys::from_seed(1))).view()).0;
    assert_eq!(hint, GOLDEN);
    let tag = |letter, value: &[u8]| super::tag_bit(letter, value).trailing_zeros();
    let bits = [tag(b't', b"nostr"), tag(b't', b""), tag(b'p', b"nostr"), tag(b'd', &[b'x'; 100])];
    assert_eq!(bits, GOLDEN_TAGS);
}

const GOLDEN: u64 = 18_141_062_253_296_746_496;
const GOLDEN_TAGS: [u32; 4] = [6, 22, 16, 29];

#[test]
fn what_matches_passes() {
    let corpus = Corpus::eventful(1, 400, 20);
    let mut rng = Rng::new(1);
    let records: Vec<_> = corpus.events.iter().map(record).collect();
    let (mut matching, mut passing, mut all) = (0, 0, 0);
    for _ in 0..500 {
        let filter = random_filter(&mut rng, &corpus);
        for given in [(false, false), (true, false), (false, true), (true, true)] {
            let sieve = Sieve::new(&filter, Given { author: given.0, kind: given.1 });
            for record in &records {
                let (matches, passes) =
                    (filter.matches(&record.view().head()), sieve.passes(Hint::of(&record.view())));
                assert!(passes || !matches, "{filter:?}");
                assert!(sieve.passes(Hint::NONE));
                if given == (false, false) {
                    (matching, passing, all) =
                        (matching + usize::from(matches), passing + usize::from(passes), all + 1);
                }
            }
        }
    }
    // And most else does not: ids and times are not in a hint.
    assert!(matching <= passing && passing * 2 < all, "{matching} match, {passing} of {all} pass");
}

#[test]
fn few_others_pass() {
    let mut rng = Rng::new(2);
    let key = |rng: &mut Rng| {
        let mut bytes = [0; 32];
        // As if all of them had searched for a key that begins so.
        bytes[16..].iter_mut().for_each(|byte| *byte = u8::try_from(rng.below(256)).unwrap());
        PublicKey::from_bytes(bytes)
    };
    let mut authors: Vec<_> = (0..200).map(|_| key(&mut rng)).collect();
    authors.sort_unstable();
    let given = Given { author: false, kind: false };
    let sieve = Sieve::new(&Filter { authors: Some(authors), ..Filter::default() }, given);
    let passing = (0..10_000).filter(|_| {
        let author = u64::from(super::author_bits(&key(&mut rng))) << super::AUTHOR_SHIFT;
        sieve.passes(Hint(super::KNOWN | author))
    });
    assert!(passing.count() < 150);
    let values = vec![b"rare".as_slice().into()];
    let tags = vec![TagFilter { letter: b't', mode: TagMode::Any, values }];
    let sieve = Sieve::new(&Filter { tags, kinds: Some(vec![Kind(1)]), ..Filter::default() }, given);
    let passing = (0..10_000_u64).filter(|n| {
        let bit = u64::from(super::tag_bit(b't', n.to_string().as_bytes()));
        sieve.passes(Hint(super::KNOWN | 1 << super::KIND_SHIFT | bit))
    });
    assert!(passing.count() < 500);
}
