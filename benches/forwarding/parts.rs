//! Steps 2, 3, 7 and 8 alone, on the real types, with packets as they occur.
//!
//! Owns: the steps that work on one packet and no room. Never does: measure what makes the packets.

use std::hint::black_box;
use std::net::SocketAddr;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::demux::{Demux, Protocol};
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::id::{Mid, ParticipantId, Pt, Ssrc};
use rapport_sfu::rtp::{AbsSendTime, ExtensionMap, Extensions, Header, HeaderWriter};
use rapport_sfu::transport::srtp::{Protector, Unprotector};
use rapport_testkit::media;

use crate::report::{Named, Scene};
use crate::wire::{AUDIO, FRAME};

pub(crate) fn rows() -> Vec<Named> {
    let (video, sound) = (FRAME[0], AUDIO[0]);
    vec![
        named("2 demux, one of 1,000 addresses", Routing::new()),
        named("3 unprotect, video", Opening::new(video)),
        named("3 unprotect, sound", Opening::new(sound)),
        named(
            "7 rewrite alone: header and copy, video",
            Writing::new(MediaKind::Video, video),
        ),
        named(
            "7 rewrite alone: header and copy, sound",
            Writing::new(MediaKind::Audio, sound),
        ),
        named("8 protect, video", Sealing::new(video)),
        named("8 protect, sound", Sealing::new(sound)),
    ]
}

fn named(id: &'static str, scene: impl Scene + 'static) -> Named {
    let scene = Box::new(scene);
    Named { id, scene }
}

/// A plain packet with the extensions that browsers send.
pub(crate) fn packet(kind: MediaKind, index: u64, payload: &[u8], out: &mut Vec<u8>) -> usize {
    let media = media(kind, "0");
    let header = HeaderWriter {
        marker: false,
        payload_type: media.payloads[0].pt,
        sequence: index as u16,
        timestamp: (index / FRAME.len() as u64 * 3_000) as u32,
        ssrc: SOURCE,
        padding: 0,
    };
    let len = header.write(&extensions(index), &ExtensionMap::new(&media.extensions), out);
    out.extend_from_slice(payload);
    len
}

fn extensions(index: u64) -> Extensions<'static> {
    Extensions {
        mid: Mid::new("0"),
        transport_sequence: Some(index as u16),
        ..Extensions::default()
    }
}

/// Step 2: what, by the first bytes; whose, by the address.
struct Routing {
    demux: Demux,
    addresses: Vec<SocketAddr>,
}

impl Routing {
    fn new() -> Self {
        let mut demux = Demux::default();
        let addresses = (0..1_000u16).map(|number| SocketAddr::from(([10, 0, 0, 1], 20_000 + number)));
        let addresses: Vec<_> = addresses.collect();
        for (&address, number) in addresses.iter().zip(1..) {
            demux.insert_address(address, ParticipantId(number));
        }
        Self { demux, addresses }
    }
}

impl Scene for Routing {
    fn prepare(&mut self) {}

    fn run(&mut self) -> u64 {
        for address in &self.addresses {
            black_box(Protocol::of(black_box(&[0x90, 96])));
            black_box(self.demux.by_address(black_box(address)));
        }
        self.addresses.len() as u64
    }
}

/// Step 3: header and tag.
struct Opening {
    protector: Protector,
    unprotector: Unprotector,
    payload: Vec<u8>,
    packets: Vec<Vec<u8>>,
    index: u64,
}

impl Opening {
    fn new(size: usize) -> Self {
        Self {
            protector: protector(),
            unprotector: Unprotector::new(PROFILE, &KEY, &SALT).expect("lengths of the profile"),
            payload: vec![0xa5; size],
            packets: (0..PACKETS).map(|_| Vec::with_capacity(2_048)).collect(),
            index: 0,
        }
    }
}

impl Scene for Opening {
    fn prepare(&mut self) {
        for bytes in &mut self.packets {
            bytes.clear();
            let len = packet(MediaKind::Video, self.index, &self.payload, bytes);
            let sealed = self.protector.protect_rtp(bytes, 0, len, SOURCE, self.index);
            sealed.expect("numbers count up");
            self.index += 1;
        }
    }

    fn run(&mut self) -> u64 {
        for bytes in &mut self.packets {
            let header = Header::parse(bytes).expect("a packet");
            black_box(self.unprotector.unprotect_rtp(&header, bytes)).expect("an authentic packet");
        }
        self.packets.len() as u64
    }
}

/// Step 7 without its numbers: the header for one subscriber, and the copy of the payload.
struct Writing {
    map: ExtensionMap,
    payload: Vec<u8>,
    out: Vec<u8>,
}

impl Writing {
    fn new(kind: MediaKind, size: usize) -> Self {
        Self {
            map: ExtensionMap::new(&media(kind, "0").extensions),
            payload: vec![0xa5; size],
            out: Vec::with_capacity(PACKETS * 2_048),
        }
    }
}

impl Scene for Writing {
    fn prepare(&mut self) {}

    fn run(&mut self) -> u64 {
        self.out.clear();
        for index in 0..PACKETS as u64 {
            let header = HeaderWriter {
                marker: false,
                payload_type: Pt(96),
                sequence: index as u16,
                timestamp: 1,
                ssrc: SOURCE,
                padding: 0,
            };
            let extensions = Extensions {
                abs_send_time: Some(AbsSendTime(index as u32)),
                ..extensions(index)
            };
            black_box(header.write(black_box(&extensions), &self.map, &mut self.out));
            self.out.extend_from_slice(&self.payload);
        }
        PACKETS as u64
    }
}

/// Step 8: one seal in place.
struct Sealing {
    protector: Protector,
    payload: Vec<u8>,
    packets: Vec<(usize, Vec<u8>)>,
    index: u64,
}

impl Sealing {
    fn new(size: usize) -> Self {
        Self {
            protector: protector(),
            payload: vec![0xa5; size],
            packets: vec![(0, Vec::with_capacity(2_048)); PACKETS],
            index: 0,
        }
    }
}

impl Scene for Sealing {
    fn prepare(&mut self) {
        for ((len, bytes), index) in self.packets.iter_mut().zip(self.index..) {
            bytes.clear();
            // A vector that was cloned has no room to spare.
            bytes.reserve(2_048);
            *len = packet(MediaKind::Video, index, &self.payload, bytes);
        }
    }

    fn run(&mut self) -> u64 {
        for (len, bytes) in &mut self.packets {
            let sealed = self.protector.protect_rtp(bytes, 0, *len, SOURCE, self.index);
            sealed.expect("numbers count up");
            self.index += 1;
        }
        PACKETS as u64
    }
}

fn protector() -> Protector {
    Protector::new(PROFILE, &KEY, &SALT).expect("lengths of the profile")
}

pub(crate) const SOURCE: Ssrc = Ssrc(1_000);
/// As many as fit a core's second cache well.
pub(crate) const PACKETS: usize = 100;
const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;
const KEY: [u8; 16] = [3; 16];
const SALT: [u8; 12] = [7; 12];
