//! What several whole-system tests share.

pub(crate) mod client;
pub(crate) mod media;
