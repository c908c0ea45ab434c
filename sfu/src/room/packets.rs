//! Steps 3 to 8 of the packet's path, and the feedback that walks it backwards.
//!
//! Owns: the one place where a packet of one participant becomes packets of others. Never does: change who
//! gets what.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Room;
use crate::drop::Drop;
use crate::id::{ParticipantId, Ssrc, TrackId};
use crate::output::Output;
use crate::publication::arrival::{Arrival, EncodingIndex, MAX_ENCODINGS};
use crate::rtp::Extensions;
use crate::rtp::rtcp::{self, NackItems, ReportBlocks, Rtcp};
use crate::transport::ice::Binding;

/// What arrives.
impl Room {
    pub(crate) fn handle_stun(
        &mut self,
        now: Instant,
        id: ParticipantId,
        path: (SocketAddr, Option<IpAddr>),
        message: &[u8],
        reply: &mut Vec<u8>,
        output: &mut Output,
    ) -> Result<Binding, Drop> {
        let participant = self.participants.get_mut(&id).ok_or(Drop::UnknownPeer)?;
        let (source, destination) = path;
        let binding = participant
            .transport
            .handle_stun(now, source, destination, message, reply)?;
        participant.touch(output);
        Ok(binding)
    }

    pub(crate) fn handle_dtls(
        &mut self,
        now: Instant,
        id: ParticipantId,
        source: SocketAddr,
        datagram: &[u8],
        output: &mut Output,
    ) -> Result<(), Drop> {
        let participant = self.participants.get_mut(&id).ok_or(Drop::UnknownPeer)?;
        participant.touch(output);
        participant.transport.handle_dtls(now, source, datagram)
    }

    /// Steps 3 to 7 of the packet's path.
    #[inline]
    pub(crate) fn handle_rtp(
        &mut self,
        now: Instant,
        id: ParticipantId,
        packet: &mut [u8],
        output: &mut Output,
    ) -> Result<(), Drop> {
        let participant = self.participants.get_mut(&id).ok_or(Drop::UnknownPeer)?;
        let (header, len) = participant.transport.unprotect_rtp(packet)?;
        let packet = packet.get(..len).ok_or(Drop::MalformedRtp)?;
        output.stats.inbound_packets += 1;
        participant.touch(output);
        let extensions = Extensions::parse(&header, packet, participant.sources.extensions());
        if let Some(sequence) = extensions.transport_sequence {
            // libwebrtc drops feedback whose media source is none of its own streams.
            participant.heard = header.ssrc;
            participant.arrivals.handle_arrival(now, sequence);
        }
        let source = participant.sources.resolve(&header, &extensions)?;
        let track = self.tracks.get_mut(&source.track).ok_or(Drop::UnknownSource)?;
        match track
            .publication
            .receive(now, source, &header, extensions, packet)
        {
            Ok(arrival) => self.forward(now, &arrival, output),
            Err(Drop::Unsealed) => {
                self.refuse(source.track);
                return Err(Drop::Unsealed);
            }
            Err(reason) => return Err(reason),
        }
        Ok(())
    }

    pub(crate) fn handle_rtcp(
        &mut self,
        now: Instant,
        id: ParticipantId,
        packet: &mut [u8],
        output: &mut Output,
    ) -> Result<(), Drop> {
        let participant = self.participants.get_mut(&id).ok_or(Drop::UnknownPeer)?;
        let len = participant.transport.unprotect_rtcp(packet)?;
        participant.touch(output);
        let packet = packet.get(..len).ok_or(Drop::MalformedRtcp)?;
        for report in rtcp::parse(packet) {
            self.handle_report(now, id, report.map_err(|_| Drop::MalformedRtcp)?, output);
        }
        Ok(())
    }

    fn handle_report(&mut self, now: Instant, id: ParticipantId, report: Rtcp<'_>, output: &mut Output) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        match report {
            Rtcp::SenderReport { ssrc, info, reports } => {
                for track in &participant.publications {
                    if let Some(track) = self.tracks.get_mut(track) {
                        track
                            .publication
                            .handle_sender_report(now, ssrc, info.ntp, info.rtp);
                    }
                }
                self.handle_report_blocks(now, id, reports);
            }
            Rtcp::ReceiverReport { reports, .. } => self.handle_report_blocks(now, id, reports),
            Rtcp::Nack { media, items, .. } => self.handle_nack(now, id, media, items, output),
            Rtcp::Pli { media, .. } => self.handle_keyframe_request(now, id, media, output),
            Rtcp::Fir { entries, .. } => {
                for (media, _) in entries {
                    self.handle_keyframe_request(now, id, media, output);
                }
            }
            // What the subscriber's line can carry is measured, not obeyed, until there is an estimator.
            _ => {}
        }
    }

    /// What a subscriber says of our streams; the round trip of its transport holds for what it publishes.
    fn handle_report_blocks(&mut self, now: Instant, id: ParticipantId, reports: ReportBlocks<'_>) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let told = reports
            .filter_map(|block| participant.handle_report(now, &block))
            .last();
        let Some(rtt) = told else { return };
        for track in &participant.publications {
            if let Some(track) = self.tracks.get_mut(track) {
                track.publication.set_rtt(rtt);
            }
        }
    }
}

/// What leaves.
impl Room {
    #[inline]
    fn forward(&mut self, now: Instant, arrival: &Arrival<'_>, output: &mut Output) {
        let Some(track) = self.tracks.get_mut(&arrival.track) else {
            return;
        };
        if track.muted {
            return output.drop(Drop::Muted);
        }
        let Some(clock) = track.publication.clock(arrival.encoding) else {
            return;
        };
        for &(id, subscription) in &track.subscribers {
            let Some(participant) = self.participants.get_mut(&id) else {
                continue;
            };
            participant.touch(output);
            match participant.forward(now, subscription, arrival, clock) {
                Ok(()) => output.stats.outbound_packets += 1,
                Err(reason) => output.drop(reason),
            }
        }
        for tap in &track.taps {
            if let Some(packet) = output.settle(tap.forward(arrival, clock)) {
                output.tap(packet);
            }
        }
    }

    fn handle_nack(
        &mut self,
        now: Instant,
        id: ParticipantId,
        media: Ssrc,
        lost: NackItems<'_>,
        output: &mut Output,
    ) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if lost.clone().nth(MAX_LOST).is_some() {
            output.drop(Drop::NackThrottled);
        }
        for sequence in lost.take(MAX_LOST) {
            output.stats.inbound_nacks += 1;
            let sent = participant.retransmit(now, media, sequence, &self.tracks);
            if output.settle(sent).is_some() {
                output.stats.outbound_packets += 1;
            }
        }
    }

    fn handle_keyframe_request(&mut self, now: Instant, id: ParticipantId, media: Ssrc, output: &mut Output) {
        output.stats.inbound_keyframe_requests += 1;
        let Some(participant) = self.participants.get(&id) else {
            return;
        };
        let Some((track, encoding)) = participant.showing(media) else {
            return;
        };
        self.request_keyframe(now, track, encoding, output);
    }

    /// Asks publishers for the key frames that a participant's places wait for.
    pub(super) fn request_wanted_keyframes(&mut self, now: Instant, id: ParticipantId, output: &mut Output) {
        let mut wanted = std::mem::take(&mut self.wanted);
        if let Some(participant) = self.participants.get_mut(&id) {
            participant.poll_keyframe_requests(now, &mut wanted);
        }
        for (track, encoding) in wanted.drain(..) {
            self.request_keyframe(now, track, encoding, output);
        }
        self.wanted = wanted;
    }

    /// Of all encodings of a track.
    pub(crate) fn request_keyframes(
        &mut self,
        now: Instant,
        track: TrackId,
        output: &mut Output,
    ) -> Option<()> {
        self.tracks.get(&track)?;
        for encoding in 0..MAX_ENCODINGS as u8 {
            self.request_keyframe(now, track, EncodingIndex(encoding), output);
        }
        Some(())
    }

    fn request_keyframe(
        &mut self,
        now: Instant,
        track: TrackId,
        encoding: EncodingIndex,
        output: &mut Output,
    ) {
        // While nobody gets the track, key frames of it would only be a burden to its publisher.
        let Some(track) = self.tracks.get_mut(&track).filter(|track| !track.muted) else {
            return;
        };
        track.publication.request_keyframe(now, encoding);
        if let Some(publisher) = self.participants.get_mut(&track.publication.publisher()) {
            publisher.touch(output);
        }
    }
}

/// Numbers of one NACK that are looked at. Browsers ask for a frame or two at a time; half of what a second
/// of video has can't be meant to be sent again.
const MAX_LOST: usize = 512;
