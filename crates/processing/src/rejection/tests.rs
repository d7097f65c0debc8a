use super::*;

#[test]
fn a_text_keeps_a_word_of_nip01_and_is_blocked_otherwise() {
    let table = [
        ("not on the list", "blocked: not on the list"),
        ("blocked: not on the list", "blocked: not on the list"),
        ("rate-limited:slow down", "rate-limited: slow down"),
        ("  pow: 20 bits at least\n", "pow: 20 bits at least"),
        ("auth-required: who are you?", "auth-required: who are you?"),
        ("Blocked: no word of NIP-01 is capitalised", "blocked: Blocked: no word of NIP-01 is capitalised"),
        ("spam: buy now", "blocked: spam: buy now"),
        ("two\nlines\u{7f}", "blocked: two lines "),
        ("", "blocked: this event is not wanted here"),
        ("   ", "blocked: this event is not wanted here"),
    ];
    for (text, expected) in table {
        assert_eq!(Rejection::new(text).refusal().to_string(), expected, "{text:?}");
    }
}

#[test]
fn a_text_that_is_too_long_is_cut_between_characters() {
    let text = format!("x{}", "é".repeat(Rejection::BYTES_MAX));
    let refusal = Rejection::new(&text).refusal();
    assert_eq!(refusal.message.len(), Rejection::BYTES_MAX - 1);
    assert!(text.starts_with(&*refusal.message));
}
