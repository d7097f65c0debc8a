use super::Tally;

#[test]
fn counts_add_up_and_are_read_from_elsewhere() {
    let tally = Tally::<2>::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tally.add(0, 2);
            tally.add(1, 5);
            tally.add(0, 1);
            tally.add(2, 9);
        });
    });
    assert_eq!(tally.values(), [3, 5]);
    assert_eq!((tally.value(1), tally.value(2)), (5, 0));
}
