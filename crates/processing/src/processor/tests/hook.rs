//! The hook for stored events.

use std::sync::mpsc;

use super::*;

fn hooks(after_save: crate::AfterSave) -> Hooks {
    Hooks { after_save, ..Hooks::default() }
}

#[test]
fn the_hook_sees_each_stored_event_once_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let (sender, seen) = mpsc::channel();
    let processor = start_with(
        &dir,
        1 << 26,
        1 << 24,
        hooks(Box::new(move |view| sender.send((view.head().id, view.head().kind)).unwrap())),
    );
    let inbox = Arc::new(Inbox::new(0));
    let keys = Keys::from_seed(1);
    let note = EventBuilder::new(1).sign(&keys);
    let profile = EventBuilder::new(0).created_at(NOW.0).sign(&keys);
    let older = EventBuilder::new(0).created_at(NOW.0 - 1).sign(&keys);
    let ephemeral = EventBuilder::new(20_000).sign(&keys);
    let id = format!("{}", note.id());
    let deletion = EventBuilder::new(5).tag(&["e", &id]).sign(&keys);
    for (ticket, event) in [&note, &note, &profile, &older, &deletion].into_iter().enumerate() {
        submit(&processor, &inbox, ticket as u64, event);
    }
    submit(&processor, &inbox, 9, &ephemeral);
    assert_eq!(outcomes(&inbox, 5)[3], Outcome::Superseded);
    processor.stop();
    let seen: Vec<_> = seen.try_iter().collect();
    let expected = [&note, &profile, &deletion].map(|event| (event.id(), event.head().kind));
    assert_eq!(seen, expected);
}

/// Whoever hears the OK, or the event, finds in force what follows from it.
#[test]
fn the_hook_has_run_before_anybody_is_told() {
    let dir = TempDir::new().unwrap();
    let (publisher, listener) = (Arc::new(Inbox::new(0)), Arc::new(Inbox::new(1 << 20)));
    let (sender, seen) = mpsc::channel();
    let (first, second) = (Arc::clone(&publisher), Arc::clone(&listener));
    let after_save = move |_: &chappe_store::RecordView<'_>| {
        // Long enough for a wrong order to show.
        std::thread::sleep(Duration::from_millis(20));
        let mut live = std::collections::VecDeque::new();
        second.take_live(&mut live);
        sender.send((first.next_outcome(), live.len())).unwrap();
    };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks(Box::new(after_save)));
    processor.subscribe(Arc::from([Filter::default()]), &listener);
    let event = EventBuilder::new(3).sign(&Keys::from_seed(1));
    submit(&processor, &publisher, 0, &event);
    assert_eq!(outcomes(&publisher, 1), [Outcome::Stored]);
    assert_eq!(seen.recv(), Ok((None, 0)));
}

#[test]
fn a_hook_that_panics_takes_nothing_down() {
    let dir = TempDir::new().unwrap();
    let after_save = |view: &chappe_store::RecordView<'_>| {
        assert_ne!(view.head().kind.0, 3, "this is the panic of the test");
    };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks(Box::new(after_save)));
    let (inbox, listener) = (Arc::new(Inbox::new(0)), Arc::new(Inbox::new(1 << 20)));
    processor.subscribe(Arc::from([Filter::default()]), &listener);
    let keys = Keys::from_seed(1);
    for (ticket, kind) in [1, 3, 1].into_iter().enumerate() {
        let event = EventBuilder::new(kind).content(ticket.to_string()).sign(&keys);
        submit(&processor, &inbox, ticket as u64, &event);
    }
    assert_eq!(outcomes(&inbox, 3), vec![Outcome::Stored; 3]);
    let mut live = std::collections::VecDeque::new();
    listener.take_live(&mut live);
    assert_eq!(live.len(), 3, "it is told as well");
}
