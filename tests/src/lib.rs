//! End-to-end tests: one integration binary, a module per NIP
