//! Live filters: which subscriptions an event matches
