//! How far another's clock is from ours.
//!
//! Owns: the offset, followed through jitter and drift without jumps. Never does: read a clock, or know what its times
//! are of.
//!
//! What comes fastest shows the offset: of the last ten seconds the least of arrival less remote time. The offset in use
//! moves towards it slowly, so that times keep their distances. All times are in microseconds.

use rapport_sfu::rtp::time::NtpTime;

/// Of a clock that counts microseconds from anywhere.
#[derive(Debug)]
pub(super) struct Offset {
    /// How far it moves in a second.
    slew: i64,
    /// The least of each second, at the second modulo their number.
    least: [i64; SECONDS],
    second: i64,
    in_use: Option<InUse>,
}

#[derive(Clone, Copy, Debug)]
struct InUse {
    value: i64,
    since: i64,
}

impl Offset {
    pub(super) const fn new(slew: i64) -> Self {
        Self {
            slew,
            least: [i64::MAX; SECONDS],
            second: 0,
            in_use: None,
        }
    }

    /// Something that was sent at `remote` came at `local`. The offset goes to its target at once while it is settling,
    /// which is when nobody has used it yet.
    pub(super) fn handle_arrival(&mut self, remote: i64, local: i64, is_settling: bool) {
        let sample = local.saturating_sub(remote);
        let is_other_clock = sample.saturating_sub(self.target()) > LATEST_MICROS;
        if self.in_use.is_none() || is_other_clock {
            self.least = [i64::MAX; SECONDS];
        }
        self.note(sample, local.div_euclid(MICROS_A_SECOND));
        let target = self.target();
        let in_use = self.in_use.filter(|_| !is_other_clock && !is_settling);
        let InUse { value, since } = in_use.unwrap_or(InUse {
            value: target,
            since: local,
        });
        self.in_use = Some(InUse {
            value: slewed(value, target, self.slew, local - since),
            since: local.max(since),
        });
    }

    /// None before anything came.
    pub(super) fn local(&self, remote: i64) -> Option<i64> {
        Some(remote.saturating_add(self.in_use?.value))
    }

    fn note(&mut self, sample: i64, second: i64) {
        for passed in (self.second + 1..=second).rev().take(SECONDS) {
            self.least[slot(passed)] = i64::MAX;
        }
        self.second = self.second.max(second);
        let least = &mut self.least[slot(self.second)];
        *least = sample.min(*least);
    }

    fn target(&self) -> i64 {
        self.least.into_iter().fold(i64::MAX, i64::min)
    }
}

/// The clock that one person's tracks have in common, told by sender reports.
#[derive(Debug)]
pub(super) struct OwnerClock {
    origin: Option<NtpTime>,
    settles_until: i64,
    offset: Offset,
}

impl Default for OwnerClock {
    fn default() -> Self {
        Self {
            origin: None,
            settles_until: 0,
            offset: Offset::new(SLEW_MICROS),
        }
    }
}

impl OwnerClock {
    /// A packet of a track came. The first one is taken to have come when others of its track would have,
    /// `by_arrival`.
    pub(super) fn handle_arrival(&mut self, ntp: NtpTime, local: i64, by_arrival: i64, is_settling: bool) {
        let (origin, local) = match self.origin {
            Some(origin) => (origin, local),
            None => (ntp, local.min(by_arrival)),
        };
        if self.origin.replace(origin).is_none() {
            self.settles_until = local.saturating_add(SETTLING_MICROS);
        }
        let is_settling = is_settling && local < self.settles_until;
        self.offset
            .handle_arrival(micros_between(origin, ntp), local, is_settling);
    }

    pub(super) fn local(&self, ntp: NtpTime) -> Option<i64> {
        self.offset.local(micros_between(self.origin?, ntp))
    }
}

/// `value` on its way to `target`, after so many microseconds; at once if it is too far away to go there slowly.
pub(super) fn slewed(value: i64, target: i64, slew: i64, elapsed: i64) -> i64 {
    let error = target.saturating_sub(value);
    if error.saturating_abs() > JUMP_MICROS {
        return target;
    }
    let most = slew.saturating_mul(elapsed.max(0)) / MICROS_A_SECOND;
    value + error.clamp(-most, most)
}

const fn micros_between(earlier: NtpTime, later: NtpTime) -> i64 {
    ((later.since(earlier) as i128 * MICROS_A_SECOND as i128) >> 32) as i64
}

fn slot(second: i64) -> usize {
    second.rem_euclid(SECONDS as i64) as usize
}

/// A clock's drift, 100 ppm for a bad one, moves the least by 1 ms in that time; and of the hundreds of packets in it one
/// comes without having waited.
const SECONDS: usize = 10;
pub(super) const MICROS_A_SECOND: i64 = 1_000_000;
/// Ten times the drift of two bad clocks, and nothing that an ear or a player notices.
const SLEW_MICROS: i64 = 1_000;
/// As long as a track is held back when it begins.
pub(super) const SETTLING_MICROS: i64 = 200_000;
/// What is further off was never right.
pub(super) const JUMP_MICROS: i64 = 200_000;
/// Neither jitter nor a retransmission takes so long: the clock was set.
pub(super) const LATEST_MICROS: i64 = 5 * MICROS_A_SECOND;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_fastest_shows_the_offset() {
        let mut offset = Offset::new(SLEW_MICROS);
        assert_eq!(offset.local(0), None);
        offset.handle_arrival(0, 50_000, false);
        assert_eq!(offset.local(0), Some(50_000));
        offset.handle_arrival(1_000_000, 1_010_000, false);
        assert_eq!(
            offset.local(1_000_000),
            Some(1_049_040),
            "960 µs are 1 ms a second"
        );
        for second in 2..60 {
            offset.handle_arrival(second * 1_000_000, second * 1_000_000 + 10_000, false);
        }
        assert_eq!(offset.local(0), Some(10_000));
    }

    #[test]
    fn an_offset_that_nobody_used_yet_is_the_least_at_once() {
        let mut offset = Offset::new(SLEW_MICROS);
        offset.handle_arrival(0, 80_000, true);
        offset.handle_arrival(20_000, 60_000, true);
        assert_eq!(offset.local(0), Some(40_000));
        let mut clock = OwnerClock::default();
        clock.handle_arrival(NtpTime(0), 80_000, 70_000, true);
        assert_eq!(clock.local(NtpTime(0)), Some(70_000));
        clock.handle_arrival(NtpTime(0), 69_970, 69_970, true);
        assert_eq!(clock.local(NtpTime(0)), Some(69_970));
        clock.handle_arrival(NtpTime(1 << 32), 1_060_000, 1_060_000, true);
        assert_eq!(
            clock.local(NtpTime(0)),
            Some(68_980),
            "it is settled after 200 ms"
        );
    }

    #[test]
    fn a_route_that_is_longer_is_followed_when_the_shorter_is_forgotten() {
        let mut offset = Offset::new(SLEW_MICROS);
        let arrive = |offset: &mut Offset, second: i64, delay| {
            offset.handle_arrival(second * 1_000_000, second * 1_000_000 + delay, false);
            offset.local(0).unwrap()
        };
        assert_eq!(arrive(&mut offset, 0, 10_000), 10_000);
        assert_eq!(arrive(&mut offset, 9, 60_000), 10_000);
        assert_eq!(arrive(&mut offset, 10, 60_000), 11_000);
        assert_eq!(arrive(&mut offset, 30, 60_000), 31_000);
    }

    #[test]
    fn a_clock_that_was_set_is_followed_at_once() {
        let mut offset = Offset::new(SLEW_MICROS);
        offset.handle_arrival(0, 10_000, false);
        offset.handle_arrival(-9_000_000, 20_000, false);
        assert_eq!(offset.local(-9_000_000), Some(20_000));
        offset.handle_arrival(3_600_000_000, 30_000, false);
        assert_eq!(offset.local(3_600_000_000), Some(30_000));
    }

    #[test]
    fn ntp_counts_over_its_wrap() {
        let mut clock = OwnerClock::default();
        assert_eq!(clock.local(NtpTime(0)), None);
        clock.handle_arrival(NtpTime(u64::MAX), 7, 7, false);
        assert_eq!(clock.local(NtpTime((2 << 32) - 1)), Some(2_000_007));
    }

    proptest! {
        #[test]
        fn no_time_is_too_strange(arrivals: Vec<(u64, i64)>) {
            let mut clock = OwnerClock::default();
            for (ntp, local) in arrivals {
                let local = local.rem_euclid(1 << 50);
                clock.handle_arrival(NtpTime(ntp), local, local, ntp % 2 == 0);
                prop_assert!(clock.local(NtpTime(ntp)).is_some());
            }
        }
    }
}
