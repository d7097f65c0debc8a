//! Bounded memory: pooled byte buffers
