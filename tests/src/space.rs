//! Room on the disk: what becomes of events when it runs low.

mod low_disk;
