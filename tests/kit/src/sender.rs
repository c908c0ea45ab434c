//! A synthetic media source: frames by rule, retransmissions on request.

use std::collections::VecDeque;

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::id::{Mid, Pt, SenderIndex, Ssrc, TrackId};
use rapport_sfu::parameters::{
    EncodingParameters, Extension, ExtensionKind, MediaParameters, Payload, PublicationParameters,
    SubscriptionParameters,
};
use rapport_sfu::rtp::{ExtensionMap, Extensions, HeaderWriter};

use crate::content::Content;
use crate::sealing;

/// The m-section that every synthetic client negotiates for a kind: Opus as 111, VP8 as 96 with
/// retransmissions as 97, and the extensions that browsers use.
///
/// # Panics
///
/// When `mid` is no tag.
pub fn media(kind: MediaKind, mid: &str) -> MediaParameters {
    let payload = match kind {
        MediaKind::Audio => Payload {
            pt: Pt(111),
            codec: Codec::Opus,
            rtx: None,
            nack: true,
            pli: false,
            fir: false,
            transport_cc: true,
        },
        MediaKind::Video => Payload {
            pt: Pt(96),
            codec: Codec::Vp8,
            rtx: Some(Pt(97)),
            nack: true,
            pli: true,
            fir: true,
            transport_cc: true,
        },
    };
    let extensions = [
        (1, ExtensionKind::AudioLevel),
        (2, ExtensionKind::AbsSendTime),
        (3, ExtensionKind::TransportCc),
        (4, ExtensionKind::Mid),
    ];
    MediaParameters {
        kind,
        mid: Mid::new(mid).expect("a short mid"),
        payloads: vec![payload],
        extensions: extensions.map(|(id, kind)| Extension { id, kind }).to_vec(),
    }
}

/// What an offer with one sending m-section comes to.
pub fn publication(kind: MediaKind, mid: &str, ssrc: Ssrc) -> PublicationParameters {
    let media = media(kind, mid);
    let rtx_ssrc = (kind == MediaKind::Video).then_some(Ssrc(ssrc.0 + 1));
    PublicationParameters {
        media,
        encodings: vec![EncodingParameters {
            rid: None,
            ssrc: Some(ssrc),
            rtx_ssrc,
        }],
        sealed: None,
    }
}

/// What an offer with one receiving m-section comes to.
pub fn subscription(kind: MediaKind, mid: &str, ssrc: Ssrc) -> SubscriptionParameters {
    SubscriptionParameters {
        media: media(kind, mid),
        ssrc,
        rtx_ssrc: (kind == MediaKind::Video).then_some(Ssrc(ssrc.0 + 1)),
        cname: "synthetic".to_owned(),
    }
}

/// One source of one client.
pub struct Sender {
    /// The name that the control plane gave it.
    pub track: TrackId,
    /// Its media SSRC; retransmissions have the next one.
    pub ssrc: Ssrc,
    /// Somebody asked for a key frame.
    pub keyframe_wanted: bool,
    kind: MediaKind,
    payload: Payload,
    map: ExtensionMap,
    mid: Mid,
    sealed: Option<SenderIndex>,
    sequence: u64,
    padding: u64,
    rtx_sequence: u64,
    timestamp: u32,
    frame: u32,
    sent: VecDeque<Sent>,
}

/// What a retransmission is made of.
struct Sent {
    index: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// A packet before it is sealed.
pub(crate) struct Unsealed {
    pub(crate) ssrc: Ssrc,
    pub(crate) index: u64,
    pub(crate) header_len: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Sender {
    /// A source whose first packet has this number and this timestamp. Where the parameters are of a sealed
    /// track, its frames look sealed.
    pub fn new(track: TrackId, parameters: &PublicationParameters, sequence: u16, timestamp: u32) -> Self {
        let media = &parameters.media;
        let first = &parameters.encodings[0];
        Self {
            track,
            ssrc: first.ssrc.expect("synthetic publications tell their SSRC"),
            keyframe_wanted: true,
            kind: media.kind,
            payload: media.payloads[0],
            map: ExtensionMap::new(&media.extensions),
            mid: media.mid,
            sealed: parameters.sealed,
            sequence: u64::from(sequence),
            padding: 0,
            rtx_sequence: 0,
            timestamp,
            frame: 0,
            sent: VecDeque::new(),
        }
    }

    /// Sound or picture.
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// The number of its next frame.
    pub fn next_frame(&self) -> u32 {
        self.frame
    }

    /// How many packets it has sent, retransmissions aside: the next extended number.
    pub fn next_sequence(&self) -> u64 {
        self.sequence
    }

    /// The next frame, cut into packets of these sizes; `transport_sequence` counts over all senders.
    pub(crate) fn frame(&mut self, sizes: &[usize], transport_sequence: &mut u16) -> Vec<Unsealed> {
        let keyframe = self.kind == MediaKind::Video && std::mem::take(&mut self.keyframe_wanted);
        let last = sizes.len().saturating_sub(1);
        let packets: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(at, &size)| {
                let content = Content {
                    track: self.track,
                    sequence: self.sequence,
                    padding: self.padding,
                    frame: self.frame,
                    keyframe,
                    start: at == 0,
                };
                self.packet(&content, at == last, size, transport_sequence)
            })
            .collect();
        self.frame += 1;
        self.timestamp = self.timestamp.wrapping_add(self.ticks());
        packets
    }

    /// A packet that is padding only, as libwebrtc probes a line with: it has the last frame's time.
    pub(crate) fn padding(&mut self, transport_sequence: &mut u16) -> Unsealed {
        let nothing = Sent {
            index: self.sequence,
            timestamp: self.timestamp.wrapping_sub(self.ticks()),
            marker: false,
            payload: Vec::new(),
        };
        (self.sequence, self.padding) = (self.sequence + 1, self.padding + 1);
        let Payload { pt, .. } = self.payload;
        let mut packet = self.seal_ready(pt, self.ssrc, nothing.index, &nothing, &[], transport_sequence);
        // RFC 3550 §5.1: the P bit, and a last octet that counts the padding with itself.
        packet.bytes[0] |= 0x20;
        packet.bytes.resize(packet.bytes.len() + 223, 0);
        packet.bytes.push(224);
        packet
    }

    fn packet(
        &mut self,
        content: &Content,
        last: bool,
        size: usize,
        transport_sequence: &mut u16,
    ) -> Unsealed {
        let mut payload = Vec::with_capacity(size);
        let seal = self
            .sealed
            .map(|sender| sealing::header(sender, self.frame.into()));
        content.write(
            self.payload.codec,
            seal.as_deref().unwrap_or_default(),
            size,
            &mut payload,
        );
        let index = self.sequence;
        self.sequence += 1;
        if self.sent.len() == HISTORY {
            self.sent.pop_front();
        }
        let marker = last && self.kind == MediaKind::Video;
        let sent = Sent {
            index,
            timestamp: self.timestamp,
            marker,
            payload,
        };
        let packet = self.seal_ready(self.payload.pt, self.ssrc, index, &sent, &[], transport_sequence);
        self.sent.push_back(sent);
        packet
    }

    /// The retransmission of a packet (RFC 4588), or for audio the packet's number and nothing: its sealed
    /// bytes are sent again as they were.
    pub(crate) fn retransmission(&mut self, sequence: u16, transport_sequence: &mut u16) -> Option<Unsealed> {
        let sent = self
            .sent
            .iter()
            .rev()
            .find(|sent| sent.index as u16 == sequence)?;
        let (pt, ssrc, index) = (self.payload.rtx?, Ssrc(self.ssrc.0 + 1), self.rtx_sequence);
        // RFC 4588 §4: the original sequence number, then the original payload.
        let packet = self.seal_ready(pt, ssrc, index, sent, &sequence.to_be_bytes(), transport_sequence);
        self.rtx_sequence += 1;
        Some(packet)
    }

    fn seal_ready(
        &self,
        payload_type: Pt,
        ssrc: Ssrc,
        index: u64,
        sent: &Sent,
        prefix: &[u8],
        transport_sequence: &mut u16,
    ) -> Unsealed {
        let header = HeaderWriter {
            marker: sent.marker,
            payload_type,
            sequence: index as u16,
            timestamp: sent.timestamp,
            ssrc,
            padding: 0,
        };
        let extensions = Extensions {
            mid: Some(self.mid),
            transport_sequence: Some(*transport_sequence),
            ..Extensions::default()
        };
        *transport_sequence = transport_sequence.wrapping_add(1);
        let mut bytes = Vec::with_capacity(sent.payload.len() + 64);
        let header_len = header.write(&extensions, &self.map, &mut bytes);
        bytes.extend_from_slice(prefix);
        bytes.extend_from_slice(&sent.payload);
        Unsealed {
            ssrc,
            index,
            header_len,
            bytes,
        }
    }

    /// 30 pictures, or 50 packets of sound, a second.
    fn ticks(&self) -> u32 {
        match self.kind {
            MediaKind::Audio => 960,
            MediaKind::Video => 3_000,
        }
    }
}

/// Packets kept for retransmission: libwebrtc keeps 600 at most.
const HISTORY: usize = 600;
