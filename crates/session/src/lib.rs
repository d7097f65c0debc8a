//! One connection's conversation, without a socket and without a clock
