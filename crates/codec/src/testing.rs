//! JSON for this crate's tests.

pub(crate) const ID: &str = "1111111111111111111111111111111111111111111111111111111111111abc";
pub(crate) const PUBKEY: &str = "2222222222222222222222222222222222222222222222222222222222222abc";
pub(crate) const SIG: &str = "3333333333333333333333333333333333333333333333333333333333333333\
                              3333333333333333333333333333333333333333333333333333333333333abc";

/// The fields of an ordinary event, in canonical order, as JSON.
fn fields() -> [(&'static str, String); 7] {
    [
        ("id", format!("{ID:?}")),
        ("pubkey", format!("{PUBKEY:?}")),
        ("created_at", "1700000000".into()),
        ("kind", "1".into()),
        ("tags", r#"[["t","nostr"]]"#.into()),
        ("content", r#""hello""#.into()),
        ("sig", format!("{SIG:?}")),
    ]
}

fn object(fields: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let members: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// An ordinary event in canonical form.
pub(crate) fn event() -> String {
    object(fields())
}

/// The same with another value for one field, as JSON.
pub(crate) fn event_with(field: &str, value: &str) -> String {
    object(fields().map(|(name, old)| {
        let value = if name == field { value.to_owned() } else { old };
        (name, value)
    }))
}

/// The same without one field.
pub(crate) fn event_without(field: &str) -> String {
    object(fields().into_iter().filter(|(name, _)| *name != field))
}

/// The same with text of any sort before the last brace.
pub(crate) fn event_and(more: &str) -> String {
    let mut event = event();
    event.pop();
    event + more + "}"
}
