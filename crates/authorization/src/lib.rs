//! Who may write what, and who may see what.
//!
//! [`authorize`] turns a `Verified` event and the connection it came over into a [`Permit`] or a [`Denied`];
//! [`accept_auth`] signs a connection in (NIP-42); [`can_see`] and [`may_ask`] are the one rule about reading, for
//! REQ, live delivery and COUNT alike. Nothing else can make a [`Permit`]:
//!
//! ```
//! use chappe_authorization::{Access, Peer, Permit, Source, authorize};
//! use chappe_protocol::Timestamp;
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::{Rules, Verifier};
//!
//! let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
//! let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new()).unwrap();
//! let permit: Permit = authorize(&Access::default(), verified, Source::Client(&Peer::default())).unwrap();
//! assert_eq!(permit.event(), event.event());
//! ```
//!
//! ```compile_fail,E0423
//! use chappe_authorization::Permit;
//! use chappe_protocol::Timestamp;
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::{Rules, Verifier};
//!
//! let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
//! let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new()).unwrap();
//! let permit: Permit = Permit(verified);
//! ```
//!
//! It knows no store, no socket and no clock, and draws no random numbers: a challenge is made of bytes that the
//! caller brings.
//!
//! The one decision: reading is decided on the head of each event, not on filters, so that no way to ask can go
//! around it. The price is that a query may read events from disk which its viewer is then not shown.
//!
//! Start with `permit.rs`, then `visibility.rs`, then `auth.rs`.

mod access;
mod auth;
mod permit;
mod relay_url;
mod viewer;
mod visibility;

pub use access::Access;
pub use auth::{AuthRefused, Challenge, accept_auth};
pub use permit::{Denied, Permit, Source, authorize};
pub use relay_url::{RelayUrl, RelayUrlError};
pub use viewer::{KEYS_MAX, Peer, TooManyKeys, Viewer};
pub use visibility::{AskDenied, can_see, may_ask};
