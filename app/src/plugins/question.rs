//! What a program is asked, in its dialect.

use std::io::Write;
use std::net::IpAddr;

use chappe_processing::Awaiting;
use chappe_protocol::PublicKey;

use crate::config::Dialect;

/// Appends the question about the event, as a line.
pub(super) fn append_question(out: &mut Vec<u8>, dialect: Dialect, awaiting: &Awaiting) {
    let (json, key, address) = (awaiting.record().json(), signed_in(awaiting), address(awaiting));
    match dialect {
        Dialect::Strfry => {
            out.extend_from_slice(br#"{"type":"new","event":"#);
            append_event(out, json);
            append(out, format_args!(r#","receivedAt":{}"#, awaiting.received_at().0));
            let (source_type, source) = match address {
                Some(address @ IpAddr::V4(_)) => ("IP4", address.to_string()),
                Some(address @ IpAddr::V6(_)) => ("IP6", address.to_string()),
                None => ("Import", String::new()),
            };
            append(out, format_args!(r#","sourceType":"{source_type}","sourceInfo":"{source}""#));
            if let Some(key) = key {
                append(out, format_args!(r#","authed":"{key}""#));
            }
        }
        Dialect::Orly => {
            append_event(out, json.strip_suffix(b"}").unwrap_or(json));
            if let Some(key) = key {
                append(out, format_args!(r#","logged_in_pubkey":"{key}""#));
            }
            if let Some(address) = address {
                append(out, format_args!(r#","ip_address":"{address}""#));
            }
            out.extend_from_slice(br#","access_type":"write""#);
        }
    }
    out.extend_from_slice(b"}\n");
}

/// Both dialects name one key at most. Of several it is the author's, else the first.
fn signed_in(awaiting: &Awaiting) -> Option<PublicKey> {
    let author = awaiting.record().view().head().pubkey;
    let keys = awaiting.signed_in();
    if keys.contains(&author) { Some(author) } else { keys.first().copied() }
}

/// An IPv4 address that came in the dress of an IPv6 one is what a list of addresses knows it as.
fn address(awaiting: &Awaiting) -> Option<IpAddr> {
    awaiting.address().map(|address| address.to_canonical())
}

fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(text);
}

/// The event's JSON, except for two characters that some readers of lines, Node's among them, take for the end of one.
/// They stand in strings only, where JSON can say them otherwise.
fn append_event(out: &mut Vec<u8>, json: &[u8]) {
    const LINE_SEPARATOR: &[u8] = "\u{2028}".as_bytes();
    const PARAGRAPH_SEPARATOR: &[u8] = "\u{2029}".as_bytes();
    let mut rest = json;
    // No other character has this byte sequence in it, and its first byte begins characters only.
    while let Some(at) = rest.iter().position(|&byte| byte == 0xe2) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let (escaped, after) = if let Some(after) = from.strip_prefix(LINE_SEPARATOR) {
            (&br"\u2028"[..], after)
        } else if let Some(after) = from.strip_prefix(PARAGRAPH_SEPARATOR) {
            (&br"\u2029"[..], after)
        } else {
            (&[0xe2][..], from.get(1..).unwrap_or_default())
        };
        out.extend_from_slice(escaped);
        rest = after;
    }
    out.extend_from_slice(rest);
}
