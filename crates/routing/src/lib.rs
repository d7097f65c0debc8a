//! Kind to Route
