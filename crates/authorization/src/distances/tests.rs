use std::convert::Infallible;

use super::*;

fn key(number: u8) -> PublicKey {
    PublicKey::from_bytes([number; 32])
}

/// 0 follows 1 and 2; each other number follows the next three.
fn follows(key: &PublicKey) -> Result<Vec<PublicKey>, Infallible> {
    let number = key.as_bytes()[0];
    let followed = if number == 0 { 1..=2 } else { number + 1..=number + 3 };
    Ok(followed.map(self::key).collect())
}

#[test]
fn the_shortest_way_counts_up_to_the_depth() {
    let roots: KeySet = [key(0)].into_iter().collect();
    let table: [(u8, usize, &[u8]); 5] = [
        (0, 100, &[0]),
        (1, 100, &[0, 1, 1]),
        (2, 100, &[0, 1, 1, 2, 2, 2]),
        (3, 100, &[0, 1, 1, 2, 2, 2, 3, 3, 3]),
        (3, 4, &[0, 1, 1, 2]),
    ];
    for (depth_max, keys_max, hops) in table {
        let distances = Distances::walk(&roots, depth_max, keys_max, follows).unwrap();
        assert_eq!(distances.len(), hops.len(), "depth {depth_max}, {keys_max} keys");
        for number in 0..20 {
            let expected = hops.get(usize::from(number)).copied();
            assert_eq!(
                distances.hops(&key(number)),
                expected,
                "{number}, depth {depth_max}, {keys_max} keys"
            );
        }
    }
}

#[test]
fn each_list_is_read_once() {
    let roots: KeySet = [key(0), key(1)].into_iter().collect();
    let mut asked = Vec::new();
    let circle = |key: &PublicKey| {
        asked.push(*key);
        Ok::<_, Infallible>((0..5).map(self::key).collect())
    };
    let distances = Distances::walk(&roots, 9, 100, circle).unwrap();
    assert_eq!(
        (0..5).map(|number| distances.hops(&key(number))).collect::<Vec<_>>(),
        [Some(0), Some(0), Some(1), Some(1), Some(1)]
    );
    assert_eq!(asked, (0..5).map(key).collect::<Vec<_>>());
}

#[test]
fn a_list_that_cannot_be_read_is_an_error() {
    let roots: KeySet = [key(0)].into_iter().collect();
    assert_eq!(Distances::walk(&roots, 1, 100, |_| Err("broken")), Err("broken"));
}
