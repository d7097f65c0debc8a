//! Reads what a relay says, as cheaply as possible: the generator must not be what is measured.

use chappe_protocol::EventId;

/// A message from the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// An event of a subscription; only its id is read.
    Event(EventId),
    /// What became of an event.
    Ok { id: EventId, accepted: Accepted, message: &'a str },
    /// The end of the stored events.
    Eose,
    /// A subscription ended by the relay.
    Closed(&'a str),
    /// A notice, an AUTH challenge, or something unknown.
    Other,
}

/// The verdict of an OK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    No,
}

impl<'a> Answer<'a> {
    /// Looks at the first elements of the array only; what comes after is taken on trust.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut rest = Scan(text);
        rest.answer().unwrap_or(Self::Other)
    }
}

/// The part of a JSON array that is not read yet.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn answer(&mut self) -> Option<Answer<'a>> {
        self.mark('[')?;
        match self.string()? {
            "EVENT" => {
                self.mark(',')?;
                self.string()?;
                Some(Answer::Event(self.event_id()?))
            }
            "OK" => {
                self.mark(',')?;
                let id = EventId::from_hex(self.string()?.as_bytes()).ok()?;
                self.mark(',')?;
                let accepted = self.verdict()?;
                let message = self.mark(',').and_then(|()| self.string()).unwrap_or_default();
                Some(Answer::Ok { id, accepted, message })
            }
            "EOSE" => Some(Answer::Eose),
            "CLOSED" => {
                self.mark(',')?;
                self.string()?;
                Some(Answer::Closed(self.mark(',').and_then(|()| self.string()).unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(mark)?;
        Some(())
    }

    /// A string as it stands, escapes and all.
    fn string(&mut self) -> Option<&'a str> {
        self.mark('"')?;
        let mut escaped = false;
        let end = self.0.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let (string, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(string)
    }

    fn verdict(&mut self) -> Option<Accepted> {
        let rest = self.0.trim_ascii_start();
        let (verdict, rest) = match rest.strip_prefix("true") {
            Some(rest) => (Accepted::Yes, rest),
            None => (Accepted::No, rest.strip_prefix("false")?),
        };
        self.0 = rest;
        Some(verdict)
    }

    /// An event has no objects inside, and quotes in its strings are escaped: the first `"id"` with a colon is its own.
    fn event_id(&mut self) -> Option<EventId> {
        loop {
            let (_, rest) = self.0.split_once(r#""id""#)?;
            self.0 = rest;
            if self.mark(':').is_some() {
                return EventId::from_hex(self.string()?.as_bytes()).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_however_they_are_spaced_and_ordered() {
        let hex = "ab".repeat(32);
        let id = EventId::from_bytes([0xab; 32]);
        let ok = |accepted, message| Answer::Ok { id, accepted, message };
        for (text, answer) in [
            (format!(r#"["EVENT","s",{{"id":"{hex}","kind":1}}]"#), Answer::Event(id)),
            (format!(r#" [ "EVENT" , "a\"b\\" , {{ "kind": 1, "id" : "{hex}" }} ]"#), Answer::Event(id)),
            (
                format!(r#"["EVENT","s",{{"tags":[["id","x"]],"content":"\"id\":\"","id":"{hex}"}}]"#),
                Answer::Event(id),
            ),
            (format!(r#"["OK","{hex}",true,""]"#), ok(Accepted::Yes, "")),
            (format!(r#"["OK", "{hex}", false, "blocked: no"]"#), ok(Accepted::No, "blocked: no")),
            (format!(r#"["OK","{hex}",true]"#), ok(Accepted::Yes, "")),
            (r#"["EOSE","s",["finish"]]"#.to_owned(), Answer::Eose),
            (r#"["CLOSED","s","error: full"]"#.to_owned(), Answer::Closed("error: full")),
            (r#"["NOTICE","hello"]"#.to_owned(), Answer::Other),
        ] {
            assert_eq!(Answer::read(&text), answer, "{text}");
        }
    }

    #[test]
    fn whatever_cannot_be_read_is_something_else() {
        for text in [
            "",
            "[",
            "{}",
            r#"["OK","12",true,""]"#,
            r#"["EVENT","s",{"content":"id"}]"#,
            r#"["EVENT"#,
            "\u{1F919}",
        ] {
            assert_eq!(Answer::read(text), Answer::Other, "{text}");
        }
    }
}
