//! Values of one sort each. What is not of the sort is a fault, and counts as absent.

use chappe_protocol::{Kind, PublicKey};

use super::notes::Notes;
use super::path::Path;
use crate::KeySet;
use crate::json::{Node, Value};
use crate::rule::{Names, Pattern};

/// The longest tag name that a rule may speak of, in bytes.
const TAG_NAME_BYTES_MAX: usize = 64;

fn wrong_sort(node: &Node, path: &Path<'_>, wanted: &str, notes: &mut Notes) {
    notes.fault(node.place, path, format!("expected {wanted}, but found {}", node.value.sort()));
}

/// The value, or a fault at its place.
fn checked<T>(node: &Node, path: &Path<'_>, result: Result<T, String>, notes: &mut Notes) -> Option<T> {
    result.map_err(|reason| notes.fault(node.place, path, reason)).ok()
}

pub(crate) fn flag(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<bool> {
    let Value::Flag(flag) = node.value else {
        wrong_sort(node, path, "true or false", notes);
        return None;
    };
    Some(flag)
}

pub(crate) fn text<'a>(node: &'a Node, path: &Path<'_>, notes: &mut Notes) -> Option<&'a str> {
    let Value::Text(text) = &node.value else {
        wrong_sort(node, path, "a text", notes);
        return None;
    };
    Some(text)
}

/// A text that is absent when it is empty, as ORLY's files have it.
pub(crate) fn text_unless_empty<'a>(node: &'a Node, path: &Path<'_>, notes: &mut Notes) -> Option<&'a str> {
    text(node, path, notes).filter(|text| !text.is_empty())
}

/// A whole number within bounds.
pub(crate) fn number(
    node: &Node,
    path: &Path<'_>,
    bounds: std::ops::RangeInclusive<i64>,
    notes: &mut Notes,
) -> Option<i64> {
    let Value::Number(written) = &node.value else {
        wrong_sort(node, path, "a whole number", notes);
        return None;
    };
    let number = written.parse().ok().filter(|number| bounds.contains(number)).ok_or_else(|| {
        format!("{written} is not a whole number from {} to {}", bounds.start(), bounds.end())
    });
    checked(node, path, number, notes)
}

/// A whole number that is not negative.
pub(crate) fn amount(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<u64> {
    number(node, path, 0..=i64::MAX, notes)?.try_into().ok()
}

pub(crate) fn kind(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<Kind> {
    number(node, path, 0..=u16::MAX.into(), notes)?.try_into().ok().map(Kind)
}

/// A list, item by item.
pub(crate) fn list<'a, T>(
    node: &'a Node,
    path: &Path<'_>,
    notes: &mut Notes,
    mut item: impl FnMut(&'a Node, &Path<'_>, &mut Notes) -> Option<T>,
) -> Vec<T> {
    let Value::List(items) = &node.value else {
        wrong_sort(node, path, "a list", notes);
        return Vec::new();
    };
    let items = items.iter().enumerate();
    items.filter_map(|(number, node)| item(node, &path.item(number), notes)).collect()
}

/// A list that warns of what stands in it twice.
fn set<'a, T: Ord + Clone>(
    node: &'a Node,
    path: &Path<'_>,
    notes: &mut Notes,
    mut item: impl FnMut(&'a Node, &Path<'_>, &mut Notes) -> Option<T>,
) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    list(node, path, notes, |node, path, notes| {
        let value = item(node, path, notes)?;
        if !seen.insert(value.clone()) {
            notes.warning(node.place, path, "stands in the list twice");
            return None;
        }
        Some(value)
    })
}

pub(crate) fn kinds(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Box<[Kind]> {
    let mut kinds = set(node, path, notes, kind);
    kinds.sort_unstable();
    kinds.into()
}

pub(crate) fn keys(node: &Node, path: &Path<'_>, notes: &mut Notes) -> KeySet {
    set(node, path, notes, key).into_iter().collect()
}

/// A public key, as hex or npub (NIP-19).
pub(crate) fn key(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<PublicKey> {
    let text = text(node, path, notes)?;
    checked(node, path, key_of(text), notes)
}

/// Reads a public key, as 64 characters of lowercase hex or as an npub (NIP-19).
pub(crate) fn key_of(text: &str) -> Result<PublicKey, String> {
    if let Ok(key) = PublicKey::from_hex(text.as_bytes()) {
        return Ok(key);
    }
    let wrong = "not a public key: 64 characters of lowercase hex, or an npub";
    let (prefix, bytes) = bech32::decode(text).map_err(|_| wrong)?;
    if prefix.as_str() == "nsec" {
        return Err("this is a secret key: take it out of the file, and do not use it any more".to_owned());
    }
    match <[u8; PublicKey::BYTES]>::try_from(bytes) {
        Ok(bytes) if prefix.as_str() == "npub" => Ok(PublicKey::from_bytes(bytes)),
        Ok(_) | Err(_) => Err(wrong.to_owned()),
    }
}

pub(crate) fn names(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Names {
    let names = set(node, path, notes, |node, path, notes| {
        let name = text(node, path, notes)?;
        checked(node, path, tag_name(name), notes)
    });
    names.into_iter().collect()
}

/// A tag's name.
pub(crate) fn tag_name(name: &str) -> Result<Box<str>, String> {
    if name.is_empty() || name.len() > TAG_NAME_BYTES_MAX {
        return Err(format!("a tag's name has 1 to {TAG_NAME_BYTES_MAX} bytes"));
    }
    Ok(name.into())
}

pub(crate) fn pattern(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<Pattern> {
    let text = text_unless_empty(node, path, notes)?;
    let counted = notes.count_pattern();
    let compile = |()| Pattern::new(text).map_err(|reason| format!("not a regex: {reason}"));
    checked(node, path, counted.and_then(compile), notes)
}

/// An ISO 8601 duration, in seconds.
pub(crate) fn duration(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<u64> {
    let text = text_unless_empty(node, path, notes)?;
    checked(
        node,
        path,
        crate::duration::parse(text).map_err(|reason| format!("not a duration: {reason}")),
        notes,
    )
}
