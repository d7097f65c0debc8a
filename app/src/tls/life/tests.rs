use rcgen::{CertificateParams, KeyPair};

use super::*;

fn certificate(names: &[&str]) -> CertificateDer<'static> {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 4, 1);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
}

#[test]
fn a_third_of_it_is_left_for_renewal() {
    let life = Life::read(&certificate(&["a.example"])).unwrap();
    // The first of January 2026, and 90 days.
    assert_eq!((life.from, life.until), (1_767_225_600, 1_767_225_600 + 90 * 86_400));
    assert_eq!(life.renewal(), 1_767_225_600 + 60 * 86_400);
    // One that ends before it begins is due.
    assert_eq!(Life { from: 9, until: 3, names: Vec::new() }.renewal(), 3);
}

#[test]
fn names_are_the_same_in_any_order_and_case() {
    let life = Life::read(&certificate(&["b.example", "A.example"])).unwrap();
    let rows = [
        (vec!["a.example", "B.example"], true),
        (vec!["b.example", "a.example"], true),
        (vec!["a.example"], false),
        (vec!["a.example", "b.example", "c.example"], false),
        (vec![], false),
    ];
    for (names, expected) in rows {
        let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(life.is_for(&names), expected, "{names:?}");
    }
}

#[test]
fn a_certificate_without_names_is_for_none() {
    let life = Life::read(&certificate(&[])).unwrap();
    assert!(life.is_for(&[]) && !life.is_for(&["a.example".to_owned()]));
}

#[test]
fn what_is_no_certificate_has_no_life() {
    let whole = certificate(&["a.example"]);
    for end in 0..whole.len() {
        assert_eq!(Life::read(&CertificateDer::from(whole[..end].to_vec())), None, "{end} bytes");
    }
}
