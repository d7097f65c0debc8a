use super::*;

fn kinds(set: &KindSet) -> Vec<u16> {
    set.iter().map(|kind| kind.0).collect()
}

#[test]
fn words_name_kinds_ranges_and_categories() {
    let table: [(&[&str], &[u16]); 8] = [
        (&[], &[]),
        (&["1"], &[1]),
        (&["7", "1", "1"], &[1, 7]),
        (&["0-2", "2-4", "5"], &[0, 1, 2, 3, 4, 5]),
        (&["65534-65535", "65535"], &[65_534, 65_535]),
        (&["9-9"], &[9]),
        (&["calendar"], &[31_922, 31_923, 31_924, 31_925]),
        (&["calendar", "1"], &[1, 31_922, 31_923, 31_924, 31_925]),
    ];
    for (words, expected) in table {
        assert_eq!(KindSet::parse(words).as_ref().map(kinds).as_deref(), Ok(expected), "{words:?}");
    }
}

#[test]
fn other_words_are_refused_by_name() {
    for word in ["", "-", "1-", "-1", "2-1", "+1", "65536", "1-65536", "1.5", "Social", "social ", "1-2-3"] {
        let error = KindSet::parse(&["1", word]).unwrap_err();
        assert_eq!(error.word, word);
        assert!(error.to_string().contains("marketplace"), "{error}");
    }
}

#[test]
fn a_set_contains_what_it_lists_and_nothing_else() {
    let backwards = RangeInclusive::new(12, 11);
    let set = KindSet::from_ranges([30_000..=39_999, 1..=1, 3..=5, 4..=9, backwards, 10..=10]);
    let all = kinds(&set);
    assert_eq!(all.len(), 10_000 + 1 + 8);
    for kind in 0..=u16::MAX {
        assert_eq!(set.contains(Kind(kind)), all.binary_search(&kind).is_ok(), "kind {kind}");
        assert!(KindSet::all().contains(Kind(kind)));
        assert!(!KindSet::default().contains(Kind(kind)));
    }
    assert_eq!(set, all.iter().copied().map(Kind).collect());
    assert!(KindSet::default().is_empty() && !set.is_empty());
}

#[test]
fn each_category_has_kinds_and_a_name_of_its_own() {
    for (place, category) in CATEGORIES.iter().enumerate() {
        assert!(!category.about.is_empty());
        assert!(category.kinds.iter().all(|range| !range.is_empty()), "{}", category.name);
        let later = CATEGORIES.iter().skip(place + 1).any(|other| other.name == category.name);
        assert!(!later, "{} is there twice", category.name);
    }
}
