//! Images: built by BuildKit, pulled, or found again.
