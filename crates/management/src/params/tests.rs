use serde_json::{Value, json};

use super::Params;

#[test]
fn absent_and_null_are_the_same() {
    let none = Params::new(&Value::Null).unwrap();
    assert!(none.get(0).is_none());
    let nulls = json!([null, null]);
    let params = Params::new(&nulls).unwrap();
    assert!(params.get(0).is_none() && params.options(1).unwrap().is_none());
    assert_eq!(params.reason(0).unwrap(), "");
}

#[test]
fn numbers_may_be_text_within_their_range() {
    let values = json!([5, "5", "x", 1.5, 361]);
    let params = Params::new(&values).unwrap();
    let number = |place| params.optional_number(place, "a hue", (0, 360));
    assert_eq!((number(0).unwrap(), number(1).unwrap()), (Some(5), Some(5)));
    assert!((2..5).all(|place| number(place).is_err()));
}

#[test]
fn a_page_is_never_longer_than_the_relay_allows() {
    let limit = |asked: Value, most| {
        let values = json!([asked]);
        Params::new(&values).unwrap().page(0, most).unwrap().entries_max
    };
    assert_eq!(limit(json!(null), 500), 500);
    assert_eq!(limit(json!({}), 500), 500);
    assert_eq!(limit(json!({"limit": 7}), 500), 7);
    assert_eq!(limit(json!({"limit": 501}), 500), 500);
    assert_eq!(limit(json!({}), 0), 1);
}
