//! What shares a commit.

use std::sync::mpsc;

use super::*;

/// While one batch is on its way, what others publish gathers; then one commit takes all of it.
#[test]
fn publishers_share_the_commit_after_the_one_that_is_running() {
    let dir = TempDir::new().unwrap();
    let (entered, entering) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    // It runs between the commit and the answers: while it waits, the writer takes nothing new.
    let after_save = move |_: &chappe_store::RecordView<'_>| {
        entered.send(()).unwrap();
        // Once the test has seen enough, nobody waits any more.
        let _ = released.lock().recv();
    };
    let hooks = Hooks { after_save: Box::new(after_save), ..Hooks::default() };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks);
    let commits = || processor.store.usage().unwrap().commits;
    let event = |seed: u64| EventBuilder::new(1).sign(&Keys::from_seed(seed));
    let publishers: Vec<_> = (0..3).map(|_| Arc::new(Inbox::new(0))).collect();

    let before = commits();
    submit(&processor, &publishers[0], 0, &event(1));
    entering.recv().unwrap();
    assert_eq!(commits(), before + 1, "one that comes alone waits for nobody");
    submit(&processor, &publishers[1], 0, &event(2));
    submit(&processor, &publishers[2], 0, &event(3));
    drop(release);
    for publisher in &publishers {
        assert_eq!(outcomes(publisher, 1), [Outcome::Stored]);
    }
    assert_eq!(commits(), before + 2, "the two others share one");
}
