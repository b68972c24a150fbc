//! The cache, on a real directory.
