//! A full WebRTC stack that is not ours, tried on itself.

mod itself;
mod support;
