use super::*;

#[test]
fn members_keep_their_roles() {
    let key = |number| PublicKey::from_bytes([number; 32]);
    let role = |name: &str| Box::<str>::from(name);
    let members: Members = [
        (key(9), vec![role("king")]),
        (key(2), vec![]),
        (key(5), vec![role("a"), role("b")]),
        (key(9), vec![role("queen")]),
    ]
    .into_iter()
    .collect();
    let table: [(u8, Option<&[&str]>); 6] =
        [(9, Some(&["king"])), (2, Some(&[])), (5, Some(&["a", "b"])), (1, None), (3, None), (10, None)];
    for (number, roles) in table {
        assert_eq!(members.contains(&key(number)), roles.is_some(), "{number}");
        let found: Vec<_> = members.roles(&key(number)).iter().map(|role| &**role).collect();
        assert_eq!(found, roles.unwrap_or_default(), "{number}");
    }
    assert_eq!(members.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [key(2), key(5), key(9)]);
    assert_eq!((members.len(), members.is_empty()), (3, false));
}

#[test]
fn a_set_of_events_knows_its_own() {
    let id = |number| EventId::from_bytes([number; 32]);
    let set: EventSet = [id(7), id(1), id(7)].into_iter().collect();
    assert_eq!((set.len(), set.is_empty()), (2, false));
    for number in 0..10 {
        assert_eq!(set.contains(&id(number)), [1, 7].contains(&number), "{number}");
        assert!(!EventSet::default().contains(&id(number)));
    }
}
