//! OTLP's JSON form (opentelemetry-proto, `trace/v1/trace.proto`): ids in hex, times as text.

use std::time::Duration;

use chappe_counters::{Reading, Span};
use chappe_protocol::EventId;
use serde_json::{Value, json};

/// `SPAN_KIND_INTERNAL`.
const INTERNAL: u8 = 1;

/// The stage that the others hang below: the first that an event comes to.
const ROOT: &str = "validate";

/// Makes parcels.
pub(super) struct Encoder {
    /// The system's time when the stopwatch began, since 1970.
    began_at: Duration,
    /// How many spans there were. An event is delivered many times, and each has a number of its own.
    numbered: u64,
}

impl Encoder {
    pub(super) const fn new(began_at: Duration) -> Self {
        Self { began_at, numbered: 0 }
    }

    /// A parcel of these.
    pub(super) fn encode(&mut self, spans: &[Span]) -> String {
        let spans: Vec<_> = spans.iter().map(|span| self.span(span)).collect();
        let parcel = json!({ "resourceSpans": [{
            "resource": { "attributes": [
                attribute("service.name", "chappe"),
                attribute("service.version", env!("CARGO_PKG_VERSION")),
            ] },
            "scopeSpans": [{ "scope": { "name": "chappe" }, "spans": spans }],
        }] });
        parcel.to_string()
    }

    fn span(&mut self, span: &Span) -> Value {
        let event = EventId::from_bytes(span.id).to_string();
        let root = span.id.as_chunks().0.get(2).copied().map_or(0, u64::from_be_bytes);
        self.numbered += 1;
        // The root's only where the number is 0, and 0, which stands for none, as good as never.
        let own = if span.stage == ROOT { root } else { root ^ self.numbered };
        // Empty where there is none, as in protobuf.
        let parent = (span.stage != ROOT).then(|| format!("{root:016x}"));
        json!({
            "traceId": event.get(..32),
            "spanId": format!("{own:016x}"),
            "parentSpanId": parent.unwrap_or_default(),
            "name": span.stage,
            "kind": INTERNAL,
            "startTimeUnixNano": self.at(span.from),
            "endTimeUnixNano": self.at(span.to),
            "attributes": [attribute("nostr.event.id", &event)],
        })
    }

    fn at(&self, reading: Reading) -> String {
        (self.began_at + reading.since(Reading::default())).as_nanos().to_string()
    }
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
