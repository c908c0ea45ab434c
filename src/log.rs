//! Where the log goes.
//!
//! Owns: its one installation. Never does: write a line.

use std::io;

use rapport_config::{Format, Log};
use tracing_subscriber::EnvFilter;

/// Our own crates at the level of the configuration, libraries when they warn.
pub(crate) fn install(log: &Log) {
    let level = log.level.as_str();
    let ours = ["rapport", "rapport_signaling", "rapport_sfu"].map(|name| format!("{name}={level}"));
    let filter = EnvFilter::new(format!("warn,{}", ours.join(",")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match log.format {
        Format::Text => builder.init(),
        Format::Json => builder.json().init(),
    }
}
