//! The call's WebSocket as its clients see it.

mod ending;
mod joining;
mod resuming;
mod rules;
mod socket;
mod talking;
mod waiting;
