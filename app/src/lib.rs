//! The Chappe relay
