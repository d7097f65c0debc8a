//! Bytes to protocol nouns and back
