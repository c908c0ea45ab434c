//! The control plane.

pub mod negotiate;
pub mod sdp;
