//! Strings, hex and numbers as JSON.

use std::io::Write;

use crate::scan::plain_length;

/// How to write the control characters (below 0x20) for which JSON has no short escape.
///
/// NIP-01 names seven characters to escape and wants "all other characters" verbatim; `JSON.stringify`, which most
/// clients compute their ids with, escapes these too. Ids of either form are in use. 0x7f stands as it is in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controls {
    /// As `\u00xx` in lowercase: the only form that is legal JSON.
    Escaped,
    /// As they are: NIP-01 to the letter. For ids only.
    Verbatim,
}

/// Whether the text has a control character without a short escape, which [`Controls`] is about.
pub(super) fn has_bare_control(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte < 0x20 && short_escape(byte).is_none())
}

/// Appends a string, quotes and all, with NIP-01's escapes. `text` is UTF-8.
pub(super) fn append_string(out: &mut Vec<u8>, text: &[u8], controls: Controls) {
    out.push(b'"');
    append_string_body(out, text, controls);
    out.push(b'"');
}

/// Appends what stands between the quotes of a string.
pub(super) fn append_string_body(out: &mut Vec<u8>, text: &[u8], controls: Controls) {
    let mut rest = text;
    while let Some((plain, special)) = rest.split_at_checked(plain_length(rest)) {
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else {
            break;
        };
        append_escaped(out, byte, controls);
        rest = after;
    }
}

/// Appends bytes that need no escape, in quotes.
pub(super) fn append_quoted(out: &mut Vec<u8>, plain: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(plain);
    out.push(b'"');
}

/// Appends a number in decimal digits.
pub(super) fn append_number(out: &mut Vec<u8>, number: u64) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{number}");
}

fn append_escaped(out: &mut Vec<u8>, byte: u8, controls: Controls) {
    match (short_escape(byte), controls) {
        (Some(letter), _) => out.extend_from_slice(&[b'\\', letter]),
        (None, Controls::Verbatim) => out.push(byte),
        (None, Controls::Escaped) => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
}

/// The letter after the backslash, for the characters that NIP-01 lists.
const fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        b'"' | b'\\' => Some(byte),
        _ => None,
    }
}
