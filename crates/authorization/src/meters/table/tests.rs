use super::*;

/// Weighs what it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count(u64);

impl Counter for Count {
    fn weight(&self, _now: Timestamp) -> u64 {
        self.0
    }
}

fn add(table: &Table<u32, Count>, charge: Charge, key: u32, amount: u64) -> u64 {
    table.change(charge, key, 100, Timestamp(0), |count| {
        count.0 += amount;
        count.0
    })
}

#[test]
fn looking_changes_nothing() {
    let table = Table::default();
    assert_eq!(add(&table, Charge::Look, 1, 5), 5);
    assert_eq!((table.len(), table.get(&1)), (0, None));
    assert_eq!(add(&table, Charge::Take, 1, 5), 5);
    assert_eq!(add(&table, Charge::Look, 1, 5), 10);
    assert_eq!((table.len(), table.get(&1)), (1, Some(Count(5))));
}

#[test]
fn a_flood_of_fresh_keys_does_not_push_out_heavy_ones() {
    let table = Table::default();
    for key in 0..50 {
        add(&table, Charge::Take, key, 1_000);
    }
    for key in 1_000..20_000 {
        add(&table, Charge::Take, key, 1);
        assert!(table.len() <= 100);
    }
    let kept = (0..50).filter(|key| table.get(key) == Some(Count(1_000))).count();
    assert_eq!((table.len(), kept), (100, 50));
    assert_eq!(table.get(&19_999), Some(Count(1)), "the new one is in");
}

#[test]
fn a_bound_that_sinks_is_kept_from_the_next_key_on() {
    let table = Table::default();
    for key in 0..100 {
        add(&table, Charge::Take, key, 1);
    }
    for (entries_max, expected) in [(10, 10), (1, 1), (0, 1)] {
        table.change(
            Charge::Take,
            1_000 + u32::try_from(entries_max).unwrap(),
            entries_max,
            Timestamp(0),
            |_| (),
        );
        assert_eq!(table.len(), expected, "at most {entries_max}");
    }
}

#[test]
fn only_what_weighs_is_worth_keeping() {
    let table = Table::default();
    for (key, amount) in [(1, 5), (2, 0), (3, 7)] {
        add(&table, Charge::Take, key, amount);
    }
    assert_eq!(table.weighty(Timestamp(0)), [(1, Count(5)), (3, Count(7))]);
}
