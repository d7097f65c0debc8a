//! The form in which a permitted event is kept, and where.

use chappe_authorization::Permit;
use chappe_routing::Route;
use chappe_store::{Compressor, Placement, Record};

/// The event in the form in which it is kept and sent: encoded once, here, and compressed for the store. `bytes` is memory to
/// do it in.
#[must_use]
pub fn record(permit: &Permit<'_>, bytes: &mut Vec<u8>, compressor: Compressor<'_>) -> Record {
    let event = permit.event();
    Record::put_together(&event, bytes, compressor, |json| chappe_codec::append_event(json, &event))
}

/// What storing an event that goes this way means; nothing for ephemeral ones, which are never stored (NIP-01),
/// and for requests to the relay itself.
#[must_use]
pub const fn placement(route: Route) -> Option<Placement> {
    match route {
        Route::Ephemeral | Route::Join | Route::Leave | Route::PolicyUpdate => None,
        Route::Regular => Some(Placement::Regular),
        Route::Replaceable => Some(Placement::Replaceable),
        Route::Addressable => Some(Placement::Addressable),
        Route::Delete => Some(Placement::Delete),
        Route::Vanish => Some(Placement::Vanish),
    }
}
