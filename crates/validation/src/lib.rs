//! Event to Verified: id, signature, time bounds, sizes, proof of work
