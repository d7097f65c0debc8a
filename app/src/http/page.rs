//! The page for browsers.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

use super::{Changing, Counters, nip11};
use crate::config::{Config, Limits};
use crate::figures::grouped;

/// Holds `{{name}}` where a value goes.
const TEMPLATE: &str = include_str!("page.html");

/// Claude Chappe's telegraph, for pages of the relay.
pub(super) const TELEGRAPH: &str = include_str!("telegraph.svg");

/// All of the page that is known when the relay starts, as HTML.
#[derive(Debug)]
pub(super) struct Page {
    /// The template, with the fixed values put in.
    template: String,
    /// The relay's configured address.
    own_url: Option<String>,
}

impl Page {
    pub(super) fn new(config: &Config, changing: &Changing) -> Self {
        let relay = &config.relay;
        let own_url = relay.urls.first().cloned();
        let contact = match relay.contact.as_str() {
            "" => String::new(),
            contact => format!(" Its operator: {}.", escape(contact)),
        };
        let fixed = [
            ("telegraph", TELEGRAPH.trim_end().to_owned()),
            ("name", escape(changing.name(config))),
            ("description", escape(changing.description(config))),
            ("contact", contact),
            ("version", escape(env!("CARGO_PKG_VERSION"))),
            ("limits", limits(&config.limits)),
            ("nips", nips(&nip11::supported_nips(changing))),
            ("account", account(changing).to_owned()),
            ("own", if own_url.is_some() { "yes" } else { "no" }.to_owned()),
        ];
        Self { template: fill(TEMPLATE, &fixed), own_url }
    }

    /// The page with the address that it was asked for by and the numbers of now, and headers that let nothing else in.
    pub(super) fn response(&self, address: Option<String>, counters: Counters) -> Response<Body> {
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            return (StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers\n").into_response();
        }
        let nonce = format!("{:032x}", u128::from_le_bytes(random));
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let fixed = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::VARY, HeaderValue::from_static("Accept")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        (fixed, [(header::CONTENT_SECURITY_POLICY, policy)], self.html(address, counters, nonce))
            .into_response()
    }

    fn html(&self, address: Option<String>, counters: Counters, nonce: String) -> String {
        let address = self.own_url.clone().or(address);
        let values = [
            ("nonce", nonce),
            ("address", escape(address.as_deref().unwrap_or("this page's address, with wss:// in front"))),
            ("events", counters.events.map_or_else(|| "?".to_owned(), grouped)),
            ("connections", grouped(counters.connections as u64)),
            ("subscriptions", grouped(counters.subscriptions as u64)),
        ];
        fill(&self.template, &values)
    }
}

/// Puts each value, which is HTML already, where its name stands. What has no value here is left for later.
///
/// A value is never looked into, so that nobody can smuggle in the name of another.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 1024);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let value = after.split_once("}}").and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(candidate, _)| *candidate == name)?;
            Some((value, after))
        });
        if let Some((value, after)) = value {
            out.push_str(value);
            rest = after;
        } else {
            out.push_str("{{");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Makes a text safe between tags and in quoted attributes. Braces too: a name is not a place for a value.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '{' => out.push_str("&#123;"),
            other => out.push(other),
        }
    }
    out
}

/// What a newcomer needs.
const fn account(changing: &Changing) -> &'static str {
    if changing.has_members {
        "Who writes here is a member: an invite makes you one."
    } else if changing.restricted_writes {
        "Who may write here is for its operator to say."
    } else {
        "You need no account here, only your own key."
    }
}

fn limits(limits: &Limits) -> String {
    let mut rows = vec![
        ("Message", bytes(limits.message_bytes_max)),
        ("Content", format!("{} characters", grouped(nip11::content_chars_max(limits) as u64))),
        ("Tags of an event", grouped(limits.event_tags_max.into())),
        ("Subscriptions of a connection", grouped(limits.subscriptions_max as u64)),
        ("Filters of a request", grouped(limits.filters_max as u64)),
        ("Events for a filter without a limit", grouped(limits.limit_default)),
        ("Events for a filter at most", grouped(limits.limit_max)),
    ];
    if limits.created_at_ahead_seconds_max > 0 {
        rows.push(("Time ahead of the relay's clock", seconds(limits.created_at_ahead_seconds_max)));
    }
    if limits.created_at_age_seconds_max > 0 {
        rows.push(("Age of an event when it is published", seconds(limits.created_at_age_seconds_max)));
    }
    if limits.pow_bits_min > 0 {
        rows.push(("Proof of work", format!("{} bits", limits.pow_bits_min)));
    }
    rows.iter().fold(String::new(), |mut html, (name, value)| {
        // Writing to a String cannot fail.
        let _ = writeln!(html, "      <div><dt>{name}</dt><dd>{value}</dd></div>");
        html
    })
}

fn nips(nips: &[u16]) -> String {
    nips.iter().fold(String::new(), |mut html, nip| {
        let url = format!("https://github.com/nostr-protocol/nips/blob/master/{nip:02}.md");
        // Writing to a String cannot fail.
        let _ = writeln!(
            html,
            r#"      <li><a href="{url}" rel="noreferrer" aria-label="NIP {nip:02}">{nip:02}</a></li>"#
        );
        html
    })
}

fn bytes(bytes: usize) -> String {
    match bytes {
        bytes if bytes.is_multiple_of(1024 * 1024) => {
            format!("{} MiB", grouped((bytes / (1024 * 1024)) as u64))
        }
        bytes if bytes.is_multiple_of(1024) => format!("{} KiB", grouped((bytes / 1024) as u64)),
        bytes => format!("{} bytes", grouped(bytes as u64)),
    }
}

fn seconds(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let unit = UNITS.iter().find(|(length, _)| seconds > *length && seconds.is_multiple_of(*length));
    unit.map_or_else(
        || format!("{seconds} seconds"),
        |(length, name)| format!("{} {name}", grouped(seconds / length)),
    )
}

#[cfg(test)]
mod tests;
