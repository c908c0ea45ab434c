//! What a payload type means, and whether two sides mean the same.
//!
//! Owns: the codecs we forward and their compatibility rule. Never does: parse SDP or payloads.

use serde::{Deserialize, Serialize};

/// What kind of media an m-section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// A codec as far as forwarding cares: two equal values can be sent to one another unchanged.
///
/// The parameters are those that decide whether a decoder can take the stream; everything else in an
/// `a=fmtp` line is a preference of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Codec {
    /// RFC 7587, 48 kHz, two channels on the wire.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9 {
        /// `profile-id`, 0–3; 0 when absent.
        profile: u8,
    },
    /// RFC 6184.
    H264 {
        /// The profile that `profile-level-id` names; the level is not compared.
        profile: H264Profile,
        /// `packetization-mode`, 0 or 1.
        packetization_mode: u8,
    },
    /// AV1 RTP payload specification 1.0.
    Av1 {
        /// `profile`, 0–2; 0 when absent.
        profile: u8,
    },
}

/// H.264 profiles that browsers offer (RFC 6184 §8.1, table 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum H264Profile {
    /// 42e0…
    ConstrainedBaseline,
    /// 4200…
    Baseline,
    /// 4d00…
    Main,
    /// 640c…
    ConstrainedHigh,
    /// 6400…
    High,
}

impl Codec {
    /// Sound or picture.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            _ => MediaKind::Video,
        }
    }

    /// Ticks of the RTP clock a second.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            _ => 90_000,
        }
    }
}
