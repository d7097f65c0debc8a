//! For tests only: keys and events from a seed, and a naive oracle
