use super::*;

fn id(end: u64) -> [u8; 32] {
    let mut id = [0; 32];
    id[24..].copy_from_slice(&end.to_be_bytes());
    id
}

fn observe(spans: &Spans, end: u64) {
    spans.observe(&id(end), "stage", Reading::default(), Reading::default());
}

fn ends(spans: &[Span]) -> Vec<u64> {
    spans.iter().map(|span| u64::from_be_bytes(*span.id.last_chunk().unwrap())).collect()
}

#[test]
fn one_in_so_many_is_kept_until_it_is_taken() {
    let spans = Spans::of_one_in(NonZeroU64::new(3).unwrap(), 100);
    (0..10).for_each(|end| observe(&spans, end));
    let (taken, left_out) = spans.take();
    assert_eq!((ends(&taken), left_out), (vec![0, 3, 6, 9], 0));
    assert_eq!(spans.take(), (vec![], 0));
    // Copies are of the same, on whatever thread.
    let copy = spans.clone();
    std::thread::spawn(move || observe(&copy, 12)).join().unwrap();
    assert_eq!(ends(&spans.take().0), [12]);
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let spans = Spans::of_one_in(NonZeroU64::MIN, 2);
    for _ in 0..2 {
        (0..5).for_each(|end| observe(&spans, end));
        let (taken, left_out) = spans.take();
        assert_eq!((ends(&taken), left_out), (vec![0, 1], 3));
    }
}

#[test]
fn by_default_nothing_is_kept() {
    let spans = Spans::default();
    observe(&spans, 0);
    assert!(!spans.is_on());
    assert_eq!(spans.take(), (vec![], 0));
}
