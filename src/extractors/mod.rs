//! extractors
