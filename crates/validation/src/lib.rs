//! Whether an event is what it says: [`Verifier::verify`] turns an `Event` into a [`Verified`] or an [`Invalid`].
//!
//! A [`Verified`] is the evidence that the rest of the house asks for. Its id was computed from its own fields, its
//! author signed that id, and the [`Rules`] of the place it came in by hold. Nothing else can make one:
//!
//! ```
//! use chappe_protocol::Timestamp;
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::{Rules, Verified, Verifier};
//!
//! let event = EventBuilder::new(1).created_at(1_000).sign(&Keys::from_seed(1));
//! let now = Timestamp(1_000);
//! let verified: Verified = Verifier::new().verify(event.event(), &Rules::default(), now, &mut Vec::new()).unwrap();
//! assert_eq!(verified.event(), event.event());
//! ```
//!
//! ```compile_fail,E0423
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_validation::Verified;
//!
//! let event = EventBuilder::new(1).created_at(1_000).sign(&Keys::from_seed(1));
//! let verified: Verified = Verified(event.event());
//! ```
//!
//! It does not know who sent the event, what the relay holds or what its policy is, and it has no clock: `now` is a
//! value. Whether hex and JSON are well formed was settled by `chappe_codec`.
//!
//! The one decision: ids over both serialisations of control characters are accepted
//! (docs/decisions/, `chappe_codec::Controls`). The price is a second hash, for wrong ids that hold such characters.
//!
//! Start with `verifier.rs`, then `rules.rs`.

mod invalid;
mod known_keys;
mod repost;
mod rules;
mod verifier;
mod work;

pub use invalid::Invalid;
pub use rules::Rules;
pub use verifier::{KeyLookups, Verified, Verifier, check_id, check_signature};
