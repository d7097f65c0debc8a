//! Events on disk, in LMDB
