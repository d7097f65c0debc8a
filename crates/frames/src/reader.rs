//! From bytes to messages.

use crate::close::Close;
use crate::deflate::Inflater;
use crate::head::{ClientHead, Opcode};
use crate::mask::unmask;
use crate::utf8::Utf8;
use crate::violation::Violation;

/// What a client said, borrowed from where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'m> {
    /// A whole text message. It is UTF-8.
    Text(&'m [u8]),
    /// A whole binary message.
    Binary(&'m [u8]),
    /// To be answered by a pong with the same bytes, 125 at most.
    Ping(&'m [u8]),
    /// The answer to a ping, or a sign of life.
    Pong(&'m [u8]),
    /// The last thing it says.
    Close(Close<'m>),
}

/// Reads what one client sends.
///
/// Between two messages this is all that a connection holds. Of an unfinished frame the bytes stay with the caller; only of
/// a message in several frames are the first ones kept here.
#[derive(Debug)]
pub struct Reader {
    message_bytes_max: usize,
    /// None when the handshake has not agreed on compression.
    inflater: Option<Inflater>,
    /// The frame whose head has been read.
    frame: Option<Frame>,
    /// The message whose first frames have been read, or that was handed out last.
    message: Option<Box<Message>>,
    utf8: Utf8,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    head: ClientHead,
    /// As in the head, and not more than a message may have.
    payload_bytes: usize,
    /// How much of the payload is unmasked, and looked at if it is text.
    done_bytes: usize,
}

/// A message in several frames.
#[derive(Debug)]
struct Message {
    kind: Kind,
    is_compressed: bool,
    is_complete: bool,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl Reader {
    /// A reader for messages of so many bytes at most, before and after decompression. Without an inflater compressed
    /// messages are a violation: the handshake has not agreed on them.
    #[must_use]
    pub const fn new(message_bytes_max: usize, inflater: Option<Inflater>) -> Self {
        let utf8 = Utf8::new();
        Self { message_bytes_max, inflater, frame: None, message: None, utf8 }
    }

    /// Whether messages may come compressed, and need the `scratch` of [`Self::next`].
    #[must_use]
    pub const fn inflates(&self) -> bool {
        self.inflater.is_some()
    }

    /// Takes the next thing the client said from the front of `unread`, or nothing while it is not all there. Call it until
    /// it returns nothing.
    ///
    /// What it leaves in `unread` then is a part of a frame. Keep these bytes as they are, and have the next call's begin
    /// with them; the payload among them is unmasked already. `scratch` is emptied and used for a message that was
    /// compressed.
    ///
    /// # Errors
    /// The first rule that the client has broken. There is nothing to read any more after that.
    pub fn next<'m, 'a: 'm>(
        &'m mut self,
        unread: &mut &'a mut [u8],
        scratch: &'m mut Vec<u8>,
    ) -> Result<Option<Incoming<'m>>, Violation> {
        // What was handed out last is free as soon as there is no need for it.
        self.message.take_if(|message| message.is_complete);
        loop {
            let Some((head, payload)) = self.next_frame(unread)? else { return Ok(None) };
            let kind = match head.opcode {
                Opcode::Ping => return Ok(Some(Incoming::Ping(payload))),
                Opcode::Pong => return Ok(Some(Incoming::Pong(payload))),
                Opcode::Close => return Close::read(payload).map(|close| Some(Incoming::Close(close))),
                Opcode::Continuation => None,
                Opcode::Text => Some(Kind::Text),
                Opcode::Binary => Some(Kind::Binary),
            };
            match kind {
                Some(kind) if head.is_last => {
                    return self.whole(kind, head.is_compressed, payload, scratch).map(Some);
                }
                Some(kind) => self.begin(kind, head.is_compressed, payload),
                None => {
                    self.go_on(payload);
                    if head.is_last {
                        return self.assembled(scratch).map(Some);
                    }
                }
            }
        }
    }

    /// How many bytes are missing of the frame that has begun: with so many more, it is whole. None while its head is not
    /// all there. It is no more than a message's bound.
    #[must_use]
    pub fn missing_bytes(&self, unread_bytes: usize) -> Option<usize> {
        self.frame.map(|frame| frame.payload_bytes.saturating_sub(unread_bytes))
    }

    /// The next frame, if it is whole: its head and its payload, unmasked.
    fn next_frame<'a>(
        &mut self,
        unread: &mut &'a mut [u8],
    ) -> Result<Option<(ClientHead, &'a mut [u8])>, Violation> {
        let mut frame = match self.frame {
            Some(frame) => frame,
            None => match ClientHead::read(unread)? {
                Some((head, head_bytes)) => {
                    let frame = self.admit(head)?;
                    split(unread, head_bytes);
                    frame
                }
                None => return Ok(None),
            },
        };
        let there = frame.payload_bytes.min(unread.len());
        let part = unread.get_mut(frame.done_bytes..there).unwrap_or_default();
        unmask(part, frame.head.mask, frame.done_bytes);
        if self.is_plain_text(&frame.head) {
            self.utf8.feed(part)?;
        }
        frame.done_bytes = there;
        if there < frame.payload_bytes {
            self.frame = Some(frame);
            return Ok(None);
        }
        self.frame = None;
        Ok(Some((frame.head, split(unread, frame.payload_bytes))))
    }

    /// Whether a frame may come now, and may be so long.
    fn admit(&self, head: ClientHead) -> Result<Frame, Violation> {
        let begins = matches!(head.opcode, Opcode::Text | Opcode::Binary);
        // Only a message's first frame says that it is compressed (RFC 7692, section 6.1).
        if head.is_compressed && !(begins && self.inflater.is_some()) {
            return Err(Violation::ReservedBit);
        }
        match &self.message {
            Some(_) if begins => return Err(Violation::UnfinishedMessage),
            None if head.opcode == Opcode::Continuation => return Err(Violation::NothingToContinue),
            Some(_) | None => {}
        }
        let before = if head.opcode == Opcode::Continuation { self.message_bytes() } else { 0 };
        let room = self.message_bytes_max.saturating_sub(before);
        match usize::try_from(head.payload_bytes) {
            Ok(payload_bytes) if payload_bytes <= room || head.opcode.is_control() => {
                Ok(Frame { head, payload_bytes, done_bytes: 0 })
            }
            Ok(_) | Err(_) => Err(Violation::TooLong),
        }
    }

    fn message_bytes(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.bytes.len())
    }

    /// Whether the frame's payload is text as it is.
    fn is_plain_text(&self, head: &ClientHead) -> bool {
        match head.opcode {
            Opcode::Text => !head.is_compressed,
            Opcode::Continuation => self
                .message
                .as_ref()
                .is_some_and(|message| message.kind == Kind::Text && !message.is_compressed),
            Opcode::Binary | Opcode::Close | Opcode::Ping | Opcode::Pong => false,
        }
    }

    fn begin(&mut self, kind: Kind, is_compressed: bool, payload: &[u8]) {
        let bytes = payload.to_vec();
        self.message = Some(Box::new(Message { kind, is_compressed, is_complete: false, bytes }));
    }

    fn go_on(&mut self, payload: &[u8]) {
        if let Some(message) = &mut self.message {
            message.bytes.extend_from_slice(payload);
        }
    }

    /// A message in one frame.
    fn whole<'m>(
        &'m mut self,
        kind: Kind,
        is_compressed: bool,
        payload: &'m [u8],
        scratch: &'m mut Vec<u8>,
    ) -> Result<Incoming<'m>, Violation> {
        match &self.inflater {
            Some(inflater) if is_compressed => {
                inflated(inflater, kind, payload, scratch, self.message_bytes_max)
            }
            Some(_) | None => self.utf8.finish().map(|()| kind.incoming(payload)),
        }
    }

    /// The message whose last frame has come.
    fn assembled<'m>(&'m mut self, scratch: &'m mut Vec<u8>) -> Result<Incoming<'m>, Violation> {
        let message = self.message.as_mut().ok_or(Violation::NothingToContinue)?;
        message.is_complete = true;
        let (kind, payload) = (message.kind, message.bytes.as_slice());
        match &self.inflater {
            Some(inflater) if message.is_compressed => {
                inflated(inflater, kind, payload, scratch, self.message_bytes_max)
            }
            Some(_) | None => self.utf8.finish().map(|()| kind.incoming(payload)),
        }
    }
}

impl Kind {
    const fn incoming(self, payload: &[u8]) -> Incoming<'_> {
        match self {
            Self::Text => Incoming::Text(payload),
            Self::Binary => Incoming::Binary(payload),
        }
    }
}

/// A compressed message, decompressed. Its text is looked at only now: it is no longer than the bound.
fn inflated<'m>(
    inflater: &Inflater,
    kind: Kind,
    payload: &[u8],
    scratch: &'m mut Vec<u8>,
    bytes_max: usize,
) -> Result<Incoming<'m>, Violation> {
    scratch.clear();
    inflater.inflate(payload, scratch, bytes_max)?;
    if kind == Kind::Text && str::from_utf8(scratch).is_err() {
        return Err(Violation::NotUtf8);
    }
    Ok(kind.incoming(scratch))
}

/// Takes bytes off the front; as many as there are when there are fewer.
fn split<'a>(unread: &mut &'a mut [u8], bytes: usize) -> &'a mut [u8] {
    let all = std::mem::take(unread);
    let (front, rest) = all.split_at_mut(bytes.min(all.len()));
    *unread = rest;
    front
}

#[cfg(test)]
mod tests;
