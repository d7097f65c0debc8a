//! Writing events and what relays send, each at the end of a buffer of the caller's.
//!
//! Nothing here fails, and nothing here allocates when the buffer has room.

mod event;
mod message;
mod text;

pub use event::{append_event, append_preimage, has_bare_controls};
pub use message::{
    Answer, Completeness, append_auth, append_closed, append_count, append_eose, append_event_message,
    append_event_prefix, append_notice, append_ok,
};
pub use text::Controls;
