//! Where the fuzz targets start from: valid inputs, a few each, written by rule.
//!
//! Owns: the inputs that `tests/fuzz/corpus` holds; `cargo run -p rapport-hostile --example write_seeds` puts
//! them there, and a test compares. Never does: draw random numbers, so the files change only when this does.

mod dtls;
mod keys;
mod media;
mod sctp;
mod sdp;
mod stun;

use std::path::PathBuf;

use crate::TARGETS;

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The file's name, without its extension.
    pub name: &'static str,
    /// What the target gets.
    pub bytes: Vec<u8>,
}

/// The seeds of a target; none for a name that is none.
pub fn of(target: &str) -> Vec<Seed> {
    let seeds = match target {
        "stun" => stun::checks(),
        "rtp" => media::packets(),
        "rtcp" => media::compounds(),
        "dependency" => media::descriptors(),
        "dtls_guard" => dtls::handshakes(),
        "sctp" => sctp::associations(),
        "sdp" => sdp::offers(),
        "keys" => keys::messages(),
        "shard" => dtls::arrivals(),
        _ => vec![],
    };
    seeds
        .into_iter()
        .map(|(name, bytes)| Seed { name, bytes })
        .collect()
}

/// Every file of the corpus: which target it is for, where it is and what is in it.
pub fn files() -> impl Iterator<Item = (PathBuf, Vec<u8>)> {
    TARGETS.iter().flat_map(|(target, _)| {
        of(target).into_iter().map(move |seed| {
            (
                folder(target).join(format!("{}.{EXTENSION}", seed.name)),
                seed.bytes,
            )
        })
    })
}

/// The committed inputs of a target.
pub fn folder(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../fuzz/corpus", target]
        .iter()
        .collect()
}

/// Marks the committed inputs: what libFuzzer adds to a corpus has a name without a dot.
pub const EXTENSION: &str = "seed";

/// A name and an input.
type Named = (&'static str, Vec<u8>);
