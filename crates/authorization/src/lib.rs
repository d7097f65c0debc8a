//! Who may write what, and who may see what.
//!
//! [`authorize`] turns a `Verified` event and the connection it came over into a [`Permit`] or a [`Denied`];
//! [`can_see`] is the one rule about reading, [`may_ask`] and [`narrow`] are its shadow on questions; [`accept_auth`]
//! signs a connection in (NIP-42), [`http_auth`] a request (NIP-98). Nothing else can make a [`Permit`]:
//!
//! ```
//! use chappe_authorization::{Access, Meters, Peer, Permit, Source, authorize};
//! use chappe_protocol::Timestamp;
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::{Rules, Verifier};
//!
//! let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
//! let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new()).unwrap();
//! let (access, meters, peer) = (Access::default(), Meters::new(), Peer::default());
//! let permit: Permit =
//!     authorize(&access, &meters, verified, Source::Client(&peer), event.json().len(), Timestamp(0)).unwrap();
//! assert_eq!(permit.event(), event.event());
//! ```
//!
//! ```compile_fail,E0451
//! use chappe_authorization::Permit;
//! use chappe_protocol::Timestamp;
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::{Rules, Verifier};
//!
//! let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
//! let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new()).unwrap();
//! let permit = Permit { verified, grant: Default::default() };
//! ```
//!
//! It knows no store, no socket, no clock and no chance, and keeps no lists: an [`Access`] is an unchanging snapshot
//! that somebody else makes and swaps ([`LiveAccess`]). What changes in here is [`Meters`], the counters.
//!
//! The one decision: reading is decided on the head of each event, and questions are narrowed only to save work, so
//! that no way to ask can go around it. The price is a look at every event on its way out.
//!
//! Start with `access.rs`, then `judge.rs` and `visibility.rs`.

mod access;
mod address;
mod asking;
mod auth;
mod denied;
mod distances;
mod explain;
mod http_auth;
mod judge;
mod kind_set;
mod level;
mod meters;
mod narrow;
mod permit;
mod relay_url;
mod replay_guard;
mod settings;
mod shadow;
mod standing;
#[cfg(test)]
mod testing;
mod viewer;
mod visibility;
mod witness;

pub use access::{Access, LiveAccess, Snapshot};
pub use address::{AddressGroup, AddressRange, AddressRangeError, BlockedAddresses, Until};
pub use asking::{AskDenied, may_ask};
pub use auth::{AuthRefused, Challenge, accept_auth};
pub use denied::{Denied, List};
pub use distances::Distances;
pub use explain::Explanation;
pub use http_auth::{HTTP_AUTH_SECONDS, HttpAuthRefused, HttpRequest, http_auth};
pub use kind_set::{CATEGORIES, Category, KindSet, KindSetError};
pub use level::{Level, Role};
pub use meters::{Meters, MetersSnapshotError};
pub use narrow::narrow;
pub use permit::{Check, Permit, Source, authorize, compare_with_shadow};
pub use relay_url::{RelayUrl, RelayUrlError};
pub use replay_guard::ReplayGuard;
pub use settings::{Bringing, Curating, Delay, Gate, Mode, Plugin, Rates, Settings, Social, Strangers};
pub use shadow::{Differed, Difference, Shadow, ShadowCounts};
pub use standing::{EventSet, Members, Standing};
pub use viewer::{KEYS_MAX, Peer, TooManyKeys, Viewer};
pub use visibility::can_see;
