//! Data channels: the window before the SCTP library, and the library behind it.

use std::collections::BTreeSet;
use std::time::Instant;

use bytes::Bytes;
use rapport_sfu::command::Message;
use rapport_sfu::parameters::DataChannelParameters;
use rapport_sfu::transport::dtls::MAX_DATA_BYTES;
use rapport_sfu::transport::sctp::{MAX_MESSAGE_BYTES, Sctp, SctpEvent};

use crate::script::{Step, steps};
use crate::stun::START;

/// Whatever a client with a certificate sends: nothing panics, what goes out fits DTLS and is bounded, a message
/// comes on an open channel only and is not longer than allowed.
///
/// The first byte says whether the association is there from the start. Checksums, and on request the tag, are
/// set right here: neither is a secret from the client.
pub fn sctp(input: &[u8]) {
    let Some((&how, script)) = input.split_first() else {
        return;
    };
    let mut trial = Trial::new();
    if how & ASSOCIATE != 0 {
        trial.associate();
    }
    for step in steps(script) {
        trial.now += step.pause();
        trial.sctp.handle_timeout(trial.now);
        trial.handle_step(&step);
        trial.settle();
    }
}

struct Trial {
    now: Instant,
    sctp: Sctp,
    /// The server's, from its INIT ACK.
    tag: [u8; 4],
    open: BTreeSet<String>,
}

impl Trial {
    fn new() -> Self {
        Self {
            now: *START,
            sctp: Sctp::new(DataChannelParameters { max_message_bytes: 0 }),
            tag: [0; 4],
            open: BTreeSet::new(),
        }
    }

    /// RFC 9260 §5.1: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK.
    fn associate(&mut self) {
        self.feed(&packet([0; 4], &INIT));
        let answer = self.settle();
        let (tag, cookie) = read_init_ack(&answer).expect("a good INIT has an answer");
        self.tag = tag;
        let length = (cookie.len() as u16 + 4).to_be_bytes();
        let echo = [&[COOKIE_ECHO, 0, length[0], length[1]], cookie].concat();
        self.feed(&packet(tag, &padded(echo)));
        let answer = self.settle();
        assert_eq!(answer.get(12), Some(&COOKIE_ACK), "{answer:?}");
    }

    fn handle_step(&mut self, step: &Step<'_>) {
        if step.is(SEND) {
            let message = Message::Binary(Bytes::copy_from_slice(step.bytes));
            for label in &self.open {
                let _ = self.sctp.send(self.now, label, &message);
            }
        } else if step.is(CHUNKS) {
            self.feed(&packet(self.tag, &padded(step.bytes.to_vec())));
        } else {
            let mut whole = step.bytes.to_vec();
            set_checksum(&mut whole);
            self.feed(&whole);
        }
    }

    fn feed(&mut self, packet: &[u8]) {
        let _ = self.sctp.handle_datagram(self.now, packet);
    }

    /// Drains it; the first packet that came out.
    fn settle(&mut self) -> Vec<u8> {
        let mut first = Vec::new();
        let mut count = 0;
        while let Some(packet) = self.sctp.poll_transmit(self.now) {
            count += 1;
            assert!(packet.len() <= MAX_DATA_BYTES, "{} bytes", packet.len());
            assert!(count <= MAX_BURST, "a flood of our own");
            if first.is_empty() {
                first = packet.to_vec();
            }
        }
        while let Some(event) = self.sctp.poll_event() {
            self.handle_event(event);
        }
        first
    }

    fn handle_event(&mut self, event: SctpEvent) {
        match event {
            SctpEvent::Opened { label } => assert!(self.open.insert(label), "a name twice"),
            SctpEvent::Closed { label } => assert!(self.open.remove(&label), "never opened"),
            SctpEvent::Message { label, message } => {
                let length = match message {
                    Message::Text(text) => text.len(),
                    Message::Binary(bytes) => bytes.len(),
                };
                assert!(self.open.contains(&label) && length <= MAX_MESSAGE_BYTES);
            }
        }
        assert!(self.open.len() <= MAX_CHANNELS);
    }
}

fn read_init_ack(packet: &[u8]) -> Option<([u8; 4], &[u8])> {
    let tag = packet.get(16..20)?.try_into().ok()?;
    let mut parameters = packet.get(32..)?;
    loop {
        let (&[k0, k1, l0, l1], _) = parameters.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if [k0, k1] == STATE_COOKIE {
            return Some((tag, parameters.get(4..length)?));
        }
        parameters = parameters.get(length.next_multiple_of(4).max(4)..)?;
    }
}

/// RFC 9260 §3.2: a chunk is padded to a multiple of four bytes.
fn padded(mut chunks: Vec<u8>) -> Vec<u8> {
    chunks.resize(chunks.len().next_multiple_of(4), 0);
    chunks
}

fn packet(tag: [u8; 4], chunks: &[u8]) -> Vec<u8> {
    let mut packet = [&PORTS[..], &tag, &[0; 4], chunks].concat();
    set_checksum(&mut packet);
    packet
}

/// RFC 9260 §6.8: over the packet with zeros in its place, lowest byte first.
fn set_checksum(packet: &mut [u8]) {
    if let Some(field) = packet.get_mut(8..12) {
        field.fill(0);
        let checksum = crc32c(packet).to_le_bytes();
        packet[8..12].copy_from_slice(&checksum);
    }
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        crc >> 8 ^ CRC_TABLE[usize::from(crc as u8 ^ byte)]
    })
}

/// RFC 9260 appendix A, reflected.
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

/// 5000 on both sides (RFC 8841 §5.1).
const PORTS: [u8; 4] = [0x13, 0x88, 0x13, 0x88];

/// Tag 7, a window of 128 KiB, 16 streams each way, the first TSN 1.
pub(crate) const INIT: [u8; 20] = [1, 0, 0, 20, 0, 0, 0, 7, 0, 2, 0, 0, 0, 16, 0, 16, 0, 0, 0, 1];

// RFC 9260 §3.2, §3.3.3.1.
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;
const STATE_COOKIE: [u8; 2] = [0, 7];

/// The association exists before the script begins.
pub(crate) const ASSOCIATE: u8 = 1;
/// The bytes are chunks, to be put into a packet of this association; else they are a packet.
pub(crate) const CHUNKS: u8 = 1;
/// The bytes are a message of ours, for every open channel.
pub(crate) const SEND: u8 = 2;

/// Packets in answer to one: sixteen channels with 64 KiB each are never in flight at once.
const MAX_BURST: usize = 1024;

/// See `transport::sctp::channel`.
const MAX_CHANNELS: usize = 16;
