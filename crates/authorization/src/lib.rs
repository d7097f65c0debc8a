//! Verified to Permit: who may write and who may see what
