//! The control plane of Rapport: HTTP in, commands to the media workers out.
//!
//! Owns: rooms, sessions, tokens, the HTTP interface and the plugins' seam. Never does: touch a packet
//! of media.

mod api;
pub mod auth;
mod call;
pub mod directory;
mod entry;
mod error;
mod exchange;
mod health;
mod http;
pub mod invitation;
mod listen;
pub mod media;
mod metrics;
pub mod negotiate;
mod openapi;
mod pages;
pub mod plugin;
pub mod problem;
pub mod protocol;
mod recorder;
mod recordings;
pub mod room;
mod run;
pub mod sdp;
mod server;
pub mod session;
mod tls;
mod upload;
mod whep;
mod whip;

pub use error::Error;
pub use pages::{CONTENT_POLICY, built_page};
pub use run::{run, run_announced};
pub use server::{Server, check, load_keys};
pub use tls::TlsError;
pub use upload::OpenError;
