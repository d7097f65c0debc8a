use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::Return;
use crate::Written;
use crate::tests::support::{TestStore, YOUNG_BYTES, stored};

#[test]
fn what_is_removed_is_gone_and_comes_back_only_where_it_may() {
    for young_bytes_max in YOUNG_BYTES {
        let test = TestStore::with_young_bytes(young_bytes_max);
        let build = |kind, text: &str| EventBuilder::new(kind).content(text).sign(&Keys::from_seed(1));
        let events = [build(1, "a"), build(1, "b"), build(0, "c"), build(5, "d"), build(1, "e")];
        test.put_all(&events);
        let ids: Vec<_> = events[1..].iter().map(TestEvent::id).collect();
        assert_eq!(test.store.remove(&ids[..1], Return::Allowed).unwrap(), 1);
        assert_eq!(test.store.remove(&ids, Return::Barred).unwrap(), 3);
        assert_eq!(test.store.remove(&ids, Return::Barred).unwrap(), 0);
        let test = test.reopened();
        test.assert_sound();
        assert_eq!(test.ids(), [events[0].id()]);
        assert_eq!(test.put(&events[1]), stored(6));
        assert_eq!(test.put(&events[2]), Written::Deleted);
        assert_eq!(test.put(&events[3]), stored(7));
        assert_eq!(test.put(&events[4]), Written::Deleted);
    }
}
