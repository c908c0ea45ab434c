//! What negotiation settled: the values that travel from the control plane to a shard.
//!
//! Owns: plain serde values. Never does: validate SDP (signaling does) or hold media state.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{Codec, MediaKind};
use crate::id::{Mid, Pt, Rid, SenderIndex, Ssrc};

/// The short-term credentials of one ICE agent (RFC 8445 §5.3). The password never shows in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceCredentials {
    /// `a=ice-ufrag`: 4–256 ice-chars.
    pub ufrag: String,
    /// `a=ice-pwd`: 22–256 ice-chars.
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// SHA-256 over the DER of a DTLS certificate (RFC 8122 §5); other hashes are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    /// RFC 8122 §5: upper-case hexadecimal bytes, separated by colons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// One participant's transport as negotiated: ICE-lite and DTLS server on our side, always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportParameters {
    /// Ours, as the answer told them.
    pub local: IceCredentials,
    /// The client's, as its offer told them.
    pub remote: IceCredentials,
    /// The only certificate that the client may show.
    pub fingerprint: Fingerprint,
    /// Present when the offer had `m=application … webrtc-datachannel`.
    pub data_channel: Option<DataChannelParameters>,
}

/// `m=application` as negotiated (RFC 8841).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataChannelParameters {
    /// `a=max-message-size` of the client, in bytes.
    pub max_message_bytes: u32,
}

/// One payload type of an m-section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The number on this transport.
    pub pt: Pt,
    /// What it carries.
    pub codec: Codec,
    /// The payload type of its retransmissions (RFC 4588), video only.
    pub rtx: Option<Pt>,
    /// Generic NACK was negotiated (RFC 4585).
    pub nack: bool,
    /// PLI was negotiated (RFC 4585 §6.3.1).
    pub pli: bool,
    /// FIR was negotiated (RFC 5104 §4.3.1).
    pub fir: bool,
    /// Transport-wide congestion control feedback was negotiated.
    pub transport_cc: bool,
}

/// A header extension we know by its URI; the wire id differs a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionKind {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 9143).
    Mid,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id` (RFC 8852).
    Rid,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id` (RFC 8852).
    RepairedRid,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`.
    AbsSendTime,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`.
    TransportCc,
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464).
    AudioLevel,
    /// `https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension`.
    DependencyDescriptor,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/playout-delay`.
    PlayoutDelay,
    /// `urn:3gpp:video-orientation`.
    VideoOrientation,
}

impl ExtensionKind {
    /// Every kind we know, in the order in which answers list them.
    pub const ALL: [Self; 9] = [
        Self::Mid,
        Self::Rid,
        Self::RepairedRid,
        Self::AbsSendTime,
        Self::TransportCc,
        Self::AudioLevel,
        Self::DependencyDescriptor,
        Self::PlayoutDelay,
        Self::VideoOrientation,
    ];

    /// The URI that names it in `a=extmap`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Self::AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Self::TransportCc => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::DependencyDescriptor => {
                "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
            }
            Self::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            Self::VideoOrientation => "urn:3gpp:video-orientation",
        }
    }
}

/// `a=extmap` of one m-section: at most one id a kind, 1–14 or 16–255 (RFC 8285).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The id on this transport.
    pub id: u8,
    /// What it carries.
    pub kind: ExtensionKind,
}

/// One negotiated m-section, whichever way it points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaParameters {
    /// Sound or picture.
    pub kind: MediaKind,
    /// `a=mid`.
    pub mid: Mid,
    /// Payload types in order of preference; never empty, each number once in the transport.
    pub payloads: Vec<Payload>,
    /// Header extensions.
    pub extensions: Vec<Extension>,
}

/// What a client publishes in one m-section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationParameters {
    /// The m-section.
    pub media: MediaParameters,
    /// Its encodings in the order of the offer: one without rid, or up to three with. Never empty.
    pub encodings: Vec<EncodingParameters>,
    /// Present in a sealed room: every frame has to carry an SFrame header (RFC 9605) with a KID of this
    /// sender. What does not is refused.
    pub sealed: Option<SenderIndex>,
}

/// One encoding of a publication; what the offer did not tell is learnt from the first packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodingParameters {
    /// `a=rid` of a simulcast encoding (RFC 8853).
    pub rid: Option<Rid>,
    /// `a=ssrc`.
    pub ssrc: Option<Ssrc>,
    /// The second SSRC of `a=ssrc-group:FID`.
    pub rtx_ssrc: Option<Ssrc>,
}

/// A place in which a client receives media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionParameters {
    /// The m-section.
    pub media: MediaParameters,
    /// Ours, told in the answer.
    pub ssrc: Ssrc,
    /// Ours for retransmissions; present when any payload has `rtx`.
    pub rtx_ssrc: Option<Ssrc>,
    /// SDES CNAME in our sender reports; what shares a CNAME is played in sync (RFC 3550 §6.5.1).
    pub cname: String,
}
