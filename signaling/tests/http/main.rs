//! The HTTP interface as a client sees it: over TCP, mostly with a media plane that just keeps what it is
//! ordered.

mod call;
mod description;
mod invitations;
mod joining;
mod operation;
mod plugins;
mod recordings;
mod rooms;
mod sessions;
mod support;
mod workers;
