use super::*;

#[test]
fn a_running_one_goes_on_and_a_standing_one_does_not() {
    let (running, standing) = (Stopwatch::running(), Stopwatch::standing());
    let before = (running.read(), standing.read());
    while running.read() == before.0 {}
    assert!(running.read().since(before.0) > Duration::ZERO);
    assert_eq!(before.0.since(running.read()), Duration::ZERO);
    assert_eq!(standing.read(), before.1);
}
