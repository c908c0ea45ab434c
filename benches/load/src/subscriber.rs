//! A client that plays: what comes over one transport.
//!
//! Owns: its streams, and the feedback that a browser would give. Never does: ask for what was lost; a packet
//! that is missing once is counted as missing.

use std::time::{Duration, Instant};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::congestion::ArrivalLog;
use rapport_sfu::id::{Pt, Ssrc};
use rapport_sfu::parameters::MediaParameters;
use rapport_sfu::rtp::{ExtensionMap, Extensions, Header, rtcp};

use crate::connection::{Arrival, Connection};
use crate::stamp::Stamp;
use crate::stream::{Numbered, Stream};
use crate::tally::Tally;

/// Plays what a server sends.
pub(crate) struct Subscriber {
    pub(crate) connection: Connection,
    streams: Vec<(Ssrc, Stream)>,
    /// What each payload type carries; what is not here is a retransmission.
    kinds: Vec<(Pt, MediaKind)>,
    map: ExtensionMap,
    arrivals: ArrivalLog,
    next_report: Instant,
}

impl Subscriber {
    /// Over a transport that may not be connected yet.
    pub(crate) fn new(connection: Connection, media: &[MediaParameters], now: Instant) -> Self {
        let payloads = media.iter().flat_map(|section| &section.payloads);
        let extensions: Vec<_> = media
            .iter()
            .flat_map(|section| &section.extensions)
            .copied()
            .collect();
        Self {
            connection,
            streams: Vec::new(),
            kinds: payloads
                .map(|payload| (payload.pt, payload.codec.kind()))
                .collect(),
            map: ExtensionMap::new(&extensions),
            arrivals: ArrivalLog::default(),
            next_report: now + REPORT,
        }
    }

    /// A datagram of the server's came; the kernel had it at `arrived`, since 1970.
    pub(crate) fn handle_datagram(
        &mut self,
        now: Instant,
        arrived: Duration,
        datagram: &mut [u8],
        tally: &mut Tally,
    ) {
        if let Arrival::Rtp(header) = self.connection.handle_datagram(now, datagram) {
            self.handle_rtp(now, arrived, &header, datagram, tally);
        }
    }

    /// How many streams have brought something since [`Self::take_flowing`].
    pub(crate) fn flowing(&self) -> usize {
        self.streams.iter().filter(|(_, stream)| stream.flows()).count()
    }

    /// How many streams have brought something since this was last asked.
    pub(crate) fn take_flowing(&mut self) -> usize {
        self.streams
            .iter_mut()
            .filter_map(|(_, stream)| stream.take_flow().then_some(()))
            .count()
    }

    /// Nothing is watched for a while.
    pub(crate) fn forget_pauses(&mut self) {
        self.streams
            .iter_mut()
            .for_each(|(_, stream)| stream.forget_pause());
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let transport = self.connection.poll_timeout();
        if self.connection.profile().is_none() {
            return transport;
        }
        let feedback = self.arrivals.poll_timeout().unwrap_or(self.next_report);
        transport.min(self.next_report).min(feedback)
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.connection.poll_timeout() <= now {
            self.connection.handle_timeout(now);
        }
        let Some(&(media, _)) = self.streams.first() else {
            self.next_report = self.next_report.max(now + REPORT);
            return;
        };
        let mut packet = Vec::new();
        while self.arrivals.poll_feedback(now, &mut packet, OWN, media) {}
        if self.next_report <= now {
            self.next_report = now + REPORT;
            rtcp::receiver_report(&mut packet, OWN, &[]);
        }
        if !packet.is_empty() {
            self.connection.send_rtcp(packet);
        }
    }

    fn handle_rtp(
        &mut self,
        now: Instant,
        arrived: Duration,
        header: &Header,
        packet: &mut [u8],
        tally: &mut Tally,
    ) {
        if let Some(sequence) = Extensions::parse(header, packet, &self.map).transport_sequence {
            self.arrivals.handle_arrival(now, sequence);
        }
        let known = self.kinds.iter().find(|(pt, _)| *pt == header.payload_type);
        let Some(&(_, kind)) = known else {
            tally.other += 1;
            return;
        };
        let stream = stream(&mut self.streams, header.ssrc);
        let Numbered::Fresh { number, sample } = stream.handle_packet(header.sequence, tally) else {
            return;
        };
        tally.received_bytes += packet.len() as u64;
        if header.marker && kind == MediaKind::Video {
            stream.handle_frame(arrived, tally);
        }
        if !sample {
            return;
        }
        tally.opened += 1;
        let Some(stamp) = self.connection.open(header, packet).and_then(Stamp::read) else {
            tally.unreadable += 1;
            return;
        };
        tally.delays.record(arrived.saturating_sub(stamp.sent));
        let begins = stream.handle_stamp(number, &stamp, tally);
        // A browser that can't decode what it gets says so; from then on the server knows what to do.
        if begins && kind == MediaKind::Video && !stamp.keyframe {
            self.request_keyframe(header.ssrc);
        }
    }

    fn request_keyframe(&mut self, media: Ssrc) {
        let mut packet = Vec::new();
        rtcp::receiver_report(&mut packet, OWN, &[]);
        rtcp::pli(&mut packet, OWN, media);
        self.connection.send_rtcp(packet);
    }
}

/// A client plays a few dozen streams at most.
fn stream(streams: &mut Vec<(Ssrc, Stream)>, ssrc: Ssrc) -> &mut Stream {
    let at = streams
        .iter()
        .position(|(known, _)| *known == ssrc)
        .unwrap_or_else(|| {
            streams.push((ssrc, Stream::default()));
            streams.len() - 1
        });
    &mut streams[at].1
}

/// RFC 3550 §6.4.2 wants some source; a client that sends nothing has 1, as in libwebrtc.
const OWN: Ssrc = Ssrc(1);
/// As browsers report video.
const REPORT: Duration = Duration::from_secs(1);
