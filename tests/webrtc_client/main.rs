//! A full WebRTC stack that is not ours, publishing and playing: against itself, then through the real server.

mod itself;
mod loss;
mod media;
mod plugins;
mod sessions;
mod support;
