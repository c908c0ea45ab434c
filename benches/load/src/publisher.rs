//! A client that publishes: its sources over one transport.
//!
//! Owns: what goes out, and obedience to requests for key frames. Never does: encode; it plays recordings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rapport_sfu::id::{Mid, Rid, Ssrc};
use rapport_sfu::parameters::{MediaParameters, Payload};
use rapport_sfu::rtp::rtcp::{self, Rtcp, SenderInfo};
use rapport_sfu::rtp::{AudioLevel, ExtensionMap, Extensions, HeaderWriter, NtpTime};

use crate::connection::{Arrival, Connection};
use crate::player::{Next, Player};
use crate::recording::Recording;
use crate::session::Source;
use crate::stamp::{Stamp, append_payload};
use crate::tally::Tally;

/// Publishes some sources.
pub(crate) struct Publisher {
    pub(crate) connection: Connection,
    lanes: Vec<Lane>,
    transport_sequence: u16,
    next_report: Instant,
    cname: String,
}

/// One encoding of one source.
struct Lane {
    player: Player,
    origin: u32,
    encoding: u8,
    ssrc: Ssrc,
    rid: Option<Rid>,
    mid: Mid,
    payload: Payload,
    map: ExtensionMap,
    sent: Sent,
}

#[derive(Clone, Copy, Default)]
struct Sent {
    packets: u32,
    octets: u32,
    timestamp: u32,
}

/// One source with its recording, as negotiated.
pub(crate) struct Track<'a> {
    pub(crate) source: &'a Source,
    pub(crate) media: &'a MediaParameters,
    pub(crate) recording: &'a Arc<Recording>,
    /// Unique in the run.
    pub(crate) origin: u32,
    /// Where in the recording it begins.
    pub(crate) offset: Duration,
}

impl Publisher {
    /// Over a transport that may not be connected yet; `None` when the server did not take a codec.
    pub(crate) fn new(
        connection: Connection,
        tracks: &[Track<'_>],
        cname: String,
        now: Instant,
    ) -> Option<Self> {
        let mut lanes = Vec::new();
        for track in tracks {
            let takes = |payload: &&Payload| payload.codec == track.source.codec;
            let payload = *track.media.payloads.iter().find(takes)?;
            for (at, encoding) in track.source.encodings.iter().enumerate() {
                lanes.push(Lane {
                    player: Player::new(track.recording, at, track.offset, now)?,
                    origin: track.origin,
                    encoding: at as u8,
                    ssrc: encoding.ssrc,
                    rid: encoding.rid,
                    mid: track.media.mid,
                    payload,
                    map: ExtensionMap::new(&track.media.extensions),
                    sent: Sent::default(),
                });
            }
        }
        Some(Self {
            connection,
            lanes,
            transport_sequence: 0,
            next_report: now + REPORT,
            cname,
        })
    }

    /// A datagram of the server's came.
    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8], tally: &mut Tally) {
        let connected = self.connection.profile().is_some();
        let arrival = self.connection.handle_datagram(now, datagram);
        if !connected && self.connection.profile().is_some() {
            self.lanes.iter_mut().for_each(|lane| lane.player.start(now));
        }
        if let Arrival::Rtcp(len) = arrival {
            let reports = datagram.get(..len).unwrap_or_default();
            for report in rtcp::parse(reports).flatten() {
                self.handle_report(report, tally);
            }
        }
    }

    /// When [`Self::handle_timeout`] and [`Self::poll_media`] want to be called.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let transport = self.connection.poll_timeout();
        if self.connection.profile().is_none() {
            return transport;
        }
        let media = self.lanes.iter().map(|lane| lane.player.poll_timeout());
        media.fold(transport.min(self.next_report), Instant::min)
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, wall: Duration) {
        if self.connection.poll_timeout() <= now {
            self.connection.handle_timeout(now);
        }
        if self.next_report <= now {
            self.next_report = now + REPORT;
            self.report(wall);
        }
    }

    /// Writes the next sealed packet of media that is due, and says so. `wall` is the time since 1970.
    pub(crate) fn poll_media(
        &mut self,
        now: Instant,
        wall: Duration,
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> bool {
        if self.connection.profile().is_none() {
            return false;
        }
        let due = |lane: &&mut Lane| lane.player.poll_timeout() <= now;
        let Some(lane) = self.lanes.iter_mut().find(due) else {
            return false;
        };
        let Some(next) = lane.player.poll_packet(now) else {
            return false;
        };
        let (ssrc, index) = (lane.ssrc, u64::from(next.number));
        let header_len = lane.append(&next, self.transport_sequence, wall, out);
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        tally.lateness.record(now.saturating_duration_since(next.due));
        self.connection.seal(out, header_len, ssrc, index)
    }

    fn handle_report(&mut self, report: Rtcp<'_>, tally: &mut Tally) {
        match report {
            Rtcp::Pli { media, .. } => self.want_keyframe(media, tally),
            Rtcp::Fir { entries, .. } => entries.for_each(|(media, _)| self.want_keyframe(media, tally)),
            // On loopback a packet is lost where a buffer is full: sending more would hide it.
            Rtcp::Nack { items, .. } => tally.nacked += items.count() as u64,
            _ => {}
        }
    }

    fn want_keyframe(&mut self, media: Ssrc, tally: &mut Tally) {
        tally.keyframe_requests += 1;
        let asked = self.lanes.iter_mut().filter(|lane| lane.ssrc == media);
        asked.for_each(|lane| lane.player.want_keyframe());
    }

    fn report(&mut self, wall: Duration) {
        let mut packet = Vec::new();
        for lane in self.lanes.iter().filter(|lane| lane.sent.packets > 0) {
            let info = SenderInfo {
                ntp: NtpTime::from_unix(wall),
                rtp: lane.sent.timestamp,
                packets: lane.sent.packets,
                octets: lane.sent.octets,
            };
            rtcp::sender_report(&mut packet, lane.ssrc, info, &[], &self.cname);
        }
        if !packet.is_empty() {
            self.connection.send_rtcp(packet);
        }
    }
}

impl Lane {
    /// Header and payload, in clear; returns the header's length.
    fn append(&mut self, next: &Next, transport_sequence: u16, wall: Duration, out: &mut Vec<u8>) -> usize {
        out.clear();
        let header = HeaderWriter {
            marker: next.place.last && self.payload.codec.clock_rate() == VIDEO_CLOCK,
            payload_type: self.payload.pt,
            sequence: next.number as u16,
            timestamp: next.timestamp,
            ssrc: self.ssrc,
            padding: 0,
        };
        let extensions = Extensions {
            mid: Some(self.mid),
            rid: self.rid,
            transport_sequence: Some(transport_sequence),
            audio_level: Some(SPEECH),
            ..Extensions::default()
        };
        let header_len = header.write(&extensions, &self.map, out);
        let stamp = Stamp {
            origin: self.origin,
            encoding: self.encoding,
            keyframe: next.keyframe,
            number: next.number,
            sent: wall,
        };
        append_payload(self.payload.codec, next.place, &stamp, next.bytes, out);
        self.sent = Sent {
            packets: self.sent.packets.wrapping_add(1),
            octets: self.sent.octets.wrapping_add(next.bytes as u32),
            timestamp: next.timestamp,
        };
        header_len
    }
}

/// Reports of browsers come about once a second with video, less often with sound alone.
const REPORT: Duration = Duration::from_secs(1);
/// RFC 7741, RFC 9628: ticks a second; and on these the marker ends a frame.
const VIDEO_CLOCK: u32 = 90_000;
/// Somebody talks.
const SPEECH: AudioLevel = AudioLevel {
    level: 30,
    voice: true,
};
