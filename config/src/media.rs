//! `[media]`: the media plane.
//!
//! Owns: the section's keys and defaults. Never does: check ranges (`validate` does).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Deserialize;

use crate::units::{Bitrate, ByteSize, TimeSpan};

/// UDP, workers, and how much of the past is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The UDP addresses of worker 0; worker `i` adds `i` to the port.
    pub listen: Vec<SocketAddr>,
    /// The addresses that ICE candidates name; empty means those of `listen`.
    pub advertise: Vec<IpAddr>,
    /// Threads that forward media; a room lives whole on one of them.
    pub workers: u16,
    /// What the kernel is asked to hold of datagrams, each socket and direction.
    pub socket_buffer: ByteSize,
    /// What an answer asks a publisher's video not to exceed (`b=TIAS`, RFC 3890).
    pub video_bitrate: Bitrate,
    /// Rooms may be opened by WHIP, whose media this server can read.
    pub clear_rooms: bool,
    /// Pages offer AV1 before other codecs: sharper pictures at the same bit rate, for more of each processor. Who has
    /// a browser without it sees nobody.
    pub av1: bool,
    /// `[media.cache]`: packets kept for retransmission.
    pub cache: Cache,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            // Loopback like `server.listen`. The port has no official use and is not below the ephemeral
            // range of any common system.
            listen: vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, 7882)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 7882)),
            ],
            advertise: Vec::new(),
            workers: 1,
            // 100 ms of 300 Mbit/s: a worker that the scheduler took away for a while loses nothing, and a
            // key frame to fifty subscribers leaves in one turn.
            socket_buffer: ByteSize::from_bytes(4 << 20),
            // 720p30 of browsers' encoders.
            video_bitrate: Bitrate::from_bps(2_500_000),
            // Whoever wants the server to see and hear says so.
            clear_rooms: false,
            // A laptop of some years encodes it only just, and Firefox was not tried.
            av1: false,
            cache: Cache::default(),
        }
    }
}

/// How much of what was forwarded can be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// How long a video packet is kept.
    pub video: TimeSpan,
    /// How long an audio packet is kept.
    pub audio: TimeSpan,
    /// The bound in bytes, each encoding.
    pub bytes: ByteSize,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            // Two or three round trips of a poor path; what is later than that misses its picture anyway.
            video: TimeSpan::from_secs(1),
            // Jitter buffers of browsers rarely hold more.
            audio: TimeSpan::from_millis(500),
            // Three seconds of the default video bit rate, so that a key frame does not push out the rest.
            bytes: ByteSize::from_bytes(1 << 20),
        }
    }
}
