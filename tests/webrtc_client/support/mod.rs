//! What these tests share.

pub(crate) mod client;
pub(crate) mod media;
pub(crate) mod path;
pub(crate) mod playing;
pub(crate) mod publisher;
pub(crate) mod rig;
