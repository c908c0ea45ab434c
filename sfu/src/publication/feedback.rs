//! The RTCP that goes back to the publisher.
//!
//! Owns: when a publication's reports, NACKs and key frame requests are due, and their composition. Never
//! does: seal or send; the publisher's transport does.

use std::time::{Duration, Instant};

use crate::id::Ssrc;
use crate::publication::arrival::EncodingIndex;
use crate::publication::encoding::Encoding;
use crate::publication::{Publication, Requests};
use crate::rtp::rtcp;
use crate::rtp::time::NtpTime;

impl Publication {
    /// A sender report of the publisher's; false when its SSRC is none of this track.
    pub fn handle_sender_report(&mut self, now: Instant, ssrc: Ssrc, ntp: NtpTime, rtp: u32) -> bool {
        let encoding = self
            .encodings
            .iter_mut()
            .find(|encoding| encoding.ssrc() == Some(ssrc));
        encoding
            .map(|encoding| encoding.handle_sender_report(now, ntp, rtp))
            .is_some()
    }

    /// A subscriber waits for a key frame.
    pub fn request_keyframe(&mut self, now: Instant, encoding: EncodingIndex) {
        if let Some(encoding) = self.encodings.get_mut(encoding.get()) {
            encoding.keyframes.request(now);
        }
    }

    /// The round trip to the publisher, measured on whatever its transport carries.
    pub fn set_rtt(&mut self, rtt: Duration) {
        self.encodings
            .iter_mut()
            .for_each(|encoding| encoding.nack.set_rtt(rtt));
    }

    /// Appends one compound packet of what is due, below the size of a datagram; false when nothing is.
    /// `sender` is our SSRC toward this publisher. To be called until false.
    pub fn poll_rtcp(&mut self, now: Instant, sender: Ssrc, out: &mut Vec<u8>) -> bool {
        if self.feedback_at().is_none_or(|at| at > now) {
            return false;
        }
        let start = out.len();
        // RFC 3550 §6.1: every compound packet begins with a report, be it empty.
        self.write_report(now, sender, out);
        let empty = out.len() - start == EMPTY_REPORT_BYTES;
        let before = out.len();
        self.write_nacks(now, sender, out);
        self.write_keyframe_requests(now, sender, out);
        let idle = empty && out.len() == before;
        if idle {
            out.truncate(start);
        }
        !idle
    }

    /// What was asked for since the last call.
    pub fn take_requests(&mut self) -> Requests {
        std::mem::take(&mut self.requests)
    }

    /// When something is due.
    pub(super) fn feedback_at(&self) -> Option<Instant> {
        let (nack, keyframe) = (self.asks_nack(), self.asks_keyframe());
        let sending = self.encodings.iter().filter(|encoding| encoding.ssrc().is_some());
        let due = |encoding: &Encoding| {
            let nack = encoding.nack.poll_timeout().filter(|_| nack);
            let keyframe = encoding.keyframes.poll_timeout().filter(|_| keyframe);
            [nack, keyframe].into_iter().flatten().min()
        };
        sending.filter_map(due).chain(self.report_at).min()
    }

    fn write_report(&mut self, now: Instant, sender: Ssrc, out: &mut Vec<u8>) {
        self.blocks.clear();
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = Some(now + REPORT_INTERVAL);
            let reports = self
                .encodings
                .iter_mut()
                .filter_map(|encoding| encoding.report(now));
            self.blocks.extend(reports);
        }
        rtcp::receiver_report(out, sender, &self.blocks);
    }

    fn write_nacks(&mut self, now: Instant, sender: Ssrc, out: &mut Vec<u8>) {
        if !self.asks_nack() {
            return;
        }
        for encoding in &mut self.encodings {
            let Some(media) = encoding.ssrc() else { continue };
            let lost = encoding.nack.poll_nack(now);
            if !lost.is_empty() {
                self.requests.nacks += lost.len() as u64;
                rtcp::nack(out, sender, media, lost.iter().map(|sequence| sequence.low()));
            }
        }
    }

    fn write_keyframe_requests(&mut self, now: Instant, sender: Ssrc, out: &mut Vec<u8>) {
        if !self.asks_keyframe() {
            return;
        }
        let pli = self.payloads.iter().any(|payload| payload.pli);
        for encoding in &mut self.encodings {
            let Some(media) = encoding.ssrc() else { continue };
            let Some(number) = encoding.keyframes.poll(now) else {
                continue;
            };
            self.requests.keyframes += 1;
            if pli {
                rtcp::pli(out, sender, media);
            } else {
                rtcp::fir(out, sender, media, number);
            }
        }
    }

    fn asks_nack(&self) -> bool {
        self.payloads.iter().any(|payload| payload.nack)
    }

    fn asks_keyframe(&self) -> bool {
        self.payloads.iter().any(|payload| payload.pli || payload.fir)
    }
}

/// RFC 3550 §6.2 recommends at least five seconds and allows 360 divided by the session bandwidth in
/// kbit/s, which is less than one from 360 kbit/s on; browsers report every second, and their senders
/// expect it.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// RFC 3550 §6.4.2: header and SSRC of the sender.
const EMPTY_REPORT_BYTES: usize = 8;
