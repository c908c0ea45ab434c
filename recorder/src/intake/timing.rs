//! When the frames of one encoding were captured.
//!
//! Owns: the way from RTP timestamps to our time. Never does: compare tracks; those of one person have one clock, and so
//! fit each other.
//!
//! Once a sender report came, a frame's time is its `ntp` by its owner's clock. Until then it is the RTP timestamp by
//! its own offset, which is that of the first packet, or of one that came faster since. The difference of the two goes
//! away slowly when the report comes.

use rapport_sfu::rtp::time::ticks_between;
use rapport_sfu::subscription::tap::TapPacket;

use super::assembly::Whole;
use super::clock::{JUMP_MICROS, LATEST_MICROS, MICROS_A_SECOND, Offset, OwnerClock, slewed};

/// See the module.
#[derive(Debug)]
pub(super) struct Timing {
    newest: Option<Newest>,
    offset: Offset,
    lead: Lead,
}

/// The newest timestamp, and how many ticks it is since the first.
#[derive(Clone, Copy, Debug)]
struct Newest {
    timestamp: u32,
    ticks: i64,
}

/// How far ahead of the owner's clock frames are.
#[derive(Clone, Copy, Debug)]
enum Lead {
    /// As far as arrival put the last one: no report had come.
    ByArrival,
    Known {
        micros: i64,
        since: i64,
    },
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            newest: None,
            offset: Offset::new(SLEW_MICROS),
            lead: Lead::Known { micros: 0, since: 0 },
        }
    }
}

impl Timing {
    /// A packet came at `local`. Returns when it would have come without waiting, as far as that is known.
    pub(super) fn handle_packet(&mut self, packet: &TapPacket, local: i64, is_settling: bool) -> i64 {
        let ticks = self.ticks(packet.timestamp);
        let newest = self.newest.map_or(ticks, |newest| newest.ticks);
        if ticks >= newest {
            self.newest = Some(Newest {
                timestamp: packet.timestamp,
                ticks,
            });
        }
        let remote = micros(ticks, packet.codec.clock_rate());
        self.offset.handle_arrival(remote, local, is_settling);
        self.offset.local(remote).unwrap_or(local)
    }

    /// When a frame was captured, of which the first packet came at `local`.
    pub(super) fn time_of(&mut self, frame: &Whole, owner: &OwnerClock, local: i64) -> i64 {
        let time = self.unbounded_time_of(frame, owner, local);
        // a clock that was set after its packets came can't put it anywhere else
        time.clamp(local - LATEST_MICROS, local + JUMP_MICROS)
    }

    fn unbounded_time_of(&mut self, frame: &Whole, owner: &OwnerClock, local: i64) -> i64 {
        let remote = micros(self.ticks(frame.timestamp), frame.codec.clock_rate());
        let by_arrival = self.offset.local(remote).unwrap_or(local);
        let Some(by_report) = frame.ntp.and_then(|ntp| owner.local(ntp)) else {
            self.lead = Lead::ByArrival;
            return by_arrival;
        };
        by_report.saturating_add(self.lead_over(by_report, by_arrival, local))
    }

    fn lead_over(&mut self, by_report: i64, by_arrival: i64, local: i64) -> i64 {
        let (micros, since) = match self.lead {
            Lead::ByArrival => (by_arrival.saturating_sub(by_report), local),
            Lead::Known { micros, since } => (micros, since),
        };
        let micros = slewed(micros, 0, SLEW_MICROS, local - since);
        self.lead = Lead::Known {
            micros,
            since: local.max(since),
        };
        micros
    }

    fn ticks(&self, timestamp: u32) -> i64 {
        self.newest.map_or(0, |newest| {
            newest.ticks + i64::from(ticks_between(newest.timestamp, timestamp))
        })
    }
}

const fn micros(ticks: i64, clock_rate: u32) -> i64 {
    (ticks as i128 * MICROS_A_SECOND as i128 / clock_rate as i128) as i64
}

/// What the first packets' jitter put between somebody's lips and voice is gone in some seconds: 80 ms in four. That is
/// more than a clock may be slewed by, and a time of 20 ms becomes one of 20.4.
const SLEW_MICROS: i64 = 20_000;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rapport_sfu::codec::Codec;
    use rapport_sfu::rtp::time::NtpTime;

    use super::*;
    use crate::intake::continuity::Marks;
    use crate::intake::testing::packet;

    const SECOND: i64 = MICROS_A_SECOND;

    /// How far behind its capture a frame of that second is put, which came `delay` after it.
    fn lateness(timing: &mut Timing, owner: &OwnerClock, second: i64, delay: i64, has_ntp: bool) -> i64 {
        let timestamp = (second * 48_000) as u32;
        let packet = packet(Codec::Opus, 0, vec![0]);
        let local = second * SECOND + delay;
        timing.handle_packet(&TapPacket { timestamp, ..packet }, local, false);
        let frame = Whole {
            codec: Codec::Opus,
            timestamp,
            ntp: has_ntp.then_some(NtpTime((second << 32) as u64)),
            arrived: Instant::now(),
            is_key: true,
            marks: Marks::default(),
            bytes: Vec::new(),
        };
        timing.time_of(&frame, owner, local) - second * SECOND
    }

    /// Of somebody whose fastest packet took 10 ms.
    fn owner() -> OwnerClock {
        let mut owner = OwnerClock::default();
        owner.handle_arrival(NtpTime(0), 10_000, 10_000, false);
        owner
    }

    #[test]
    fn what_arrival_put_too_late_comes_to_the_reports_slowly() {
        let (mut timing, owner) = (Timing::default(), owner());
        let mut lateness = |second, has_ntp| lateness(&mut timing, &owner, second, 70_000, has_ntp);
        assert_eq!([0, 1].map(|second| lateness(second, false)), [70_000; 2]);
        let then = [2, 3, 4, 5, 6].map(|second| lateness(second, true));
        assert_eq!(then, [70_000, 50_000, 30_000, 10_000, 10_000]);
        assert_eq!(lateness(7, false), 70_000, "another source without reports");
    }

    #[test]
    fn what_was_never_right_comes_to_the_reports_at_once() {
        let (mut timing, owner) = (Timing::default(), owner());
        assert_eq!(lateness(&mut timing, &owner, 0, 220_000, false), 220_000);
        assert_eq!(lateness(&mut timing, &owner, 1, 220_000, true), 10_000);
    }

    #[test]
    fn with_reports_from_the_beginning_arrival_does_not_matter() {
        let (mut timing, owner) = (Timing::default(), owner());
        assert_eq!(lateness(&mut timing, &owner, 0, 100_000, true), 10_000);
    }
}
