//! Clocks on the wire: NTP, RTP timestamps, absolute send time, and how a source relates them.
//!
//! Owns: conversions between them. Never does: read a clock; the time of day is the caller's.

use std::time::Duration;

/// Seconds since 1900 in 32.32 fixed point (RFC 3550 §4); wraps in 2036, and so does all arithmetic here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since 1970.
    pub fn from_unix(since_1970: Duration) -> Self {
        let seconds = since_1970.as_secs().wrapping_add(SECONDS_1900_TO_1970);
        let fraction = (u64::from(since_1970.subsec_nanos()) << 32) / NANOS_A_SECOND;
        Self(seconds << 32 | fraction)
    }

    /// The middle 32 bits, as `LSR` in a report block has them (RFC 3550 §6.4.1).
    #[inline]
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }

    /// How far this is ahead of `earlier` in units of 2⁻³² seconds; negative when it is behind.
    #[inline]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0) as i64
    }
}

/// A duration in units of 1/65536 s, as `DLSR` in a report block has it (RFC 3550 §6.4.1); about eighteen
/// hours at most, what is longer is cut to that.
pub fn short_ntp(duration: Duration) -> u32 {
    let units = (duration.as_nanos() << 16) / u128::from(NANOS_A_SECOND);
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// The reverse of [`short_ntp`].
pub fn from_short_ntp(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * NANOS_A_SECOND) >> 16)
}

/// The moment of sending in 6.18 fixed-point seconds, which wrap every 64 s; always below 2²⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AbsSendTime(pub u32);

impl AbsSendTime {
    /// Six bits of the seconds and eighteen of the fraction.
    #[inline]
    pub const fn from_ntp(ntp: NtpTime) -> Self {
        Self((ntp.0 >> 14) as u32 & 0x00ff_ffff)
    }

    /// As it stands in the element.
    #[inline]
    pub const fn from_be_bytes([high, middle, low]: [u8; 3]) -> Self {
        Self(u32::from_be_bytes([0, high, middle, low]))
    }

    /// As it stands in the element.
    #[inline]
    pub const fn to_be_bytes(self) -> [u8; 3] {
        let [_, high, middle, low] = self.0.to_be_bytes();
        [high, middle, low]
    }
}

/// Ticks from one RTP timestamp to another, over the wrap; negative when `later` is behind.
#[inline]
pub const fn ticks_between(earlier: u32, later: u32) -> i32 {
    later.wrapping_sub(earlier) as i32
}

/// A duration in ticks of an RTP clock, wrapping as timestamps do.
#[inline]
pub const fn ticks_in(duration: Duration, clock_rate: u32) -> u32 {
    (duration.as_nanos() * clock_rate as u128 / NANOS_A_SECOND as u128) as u32
}

/// Relates the RTP clock of one source to its NTP clock, by its newest sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockMap {
    clock_rate: u32,
    report: Option<(NtpTime, u32)>,
}

impl ClockMap {
    /// Knows nothing yet; `clock_rate` is in ticks a second.
    pub const fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            report: None,
        }
    }

    /// Takes the two times that a sender report declares equal (RFC 3550 §6.4.1).
    pub const fn handle_sender_report(&mut self, ntp: NtpTime, rtp: u32) {
        self.report = Some((ntp, rtp));
    }

    /// When the sample with this timestamp was taken, by the source's own clock.
    pub fn ntp_at(&self, rtp: u32) -> Option<NtpTime> {
        let (ntp, reference) = self.report?;
        let ticks = i128::from(ticks_between(reference, rtp));
        let units = div_round(ticks << 32, i128::from(self.clock_rate))?;
        Some(NtpTime(ntp.0.wrapping_add_signed(units as i64)))
    }

    /// Which timestamp a sample taken at that time has.
    pub fn rtp_at(&self, ntp: NtpTime) -> Option<u32> {
        let (reference, rtp) = self.report?;
        let units = i128::from(ntp.since(reference));
        let ticks = div_round(units * i128::from(self.clock_rate), 1 << 32)?;
        Some(rtp.wrapping_add(ticks as u32))
    }
}

/// To the nearest, so that there and back again is where one began.
fn div_round(dividend: i128, divisor: i128) -> Option<i128> {
    (dividend + divisor / 2).checked_div_euclid(divisor)
}

/// RFC 868: seventy years with seventeen leap days.
const SECONDS_1900_TO_1970: u64 = 2_208_988_800;
const NANOS_A_SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 3550 §6.4.1, figure 2: NTP 0xb44d_b705_2000_0000 has the middle 0xb705_2000.
    #[test]
    fn the_middle_of_ntp_is_that_of_figure_2() {
        assert_eq!(NtpTime(0xb44d_b705_2000_0000).middle(), 0xb705_2000);
        // Its DLSR of 5.250 s is 0x0005_4000.
        assert_eq!(short_ntp(Duration::from_millis(5250)), 0x0005_4000);
        assert_eq!(from_short_ntp(0x0005_4000), Duration::from_millis(5250));
    }

    #[test]
    fn unix_time_is_moved_to_1900() {
        assert_eq!(NtpTime::from_unix(Duration::ZERO).0 >> 32, 2_208_988_800);
        assert_eq!(NtpTime::from_unix(Duration::from_millis(500)).0 as u32, 1 << 31);
        // The era ends on 7 February 2036, 06:28:16 UTC.
        assert_eq!(NtpTime::from_unix(Duration::from_secs(2_085_978_496)).0, 0);
    }

    #[test]
    fn absolute_send_time_wraps_every_64_seconds() {
        let time = |millis| AbsSendTime::from_ntp(NtpTime::from_unix(Duration::from_millis(millis)));
        assert_eq!(time(500).0 & 0x3_ffff, 1 << 17);
        assert_eq!(time(1_000), time(65_000));
        assert_eq!(AbsSendTime::from_be_bytes([1, 2, 3]).0, 0x01_0203);
    }

    #[test]
    fn timestamps_compare_over_the_wrap() {
        assert_eq!(ticks_between(u32::MAX, 2), 3);
        assert_eq!(ticks_between(2, u32::MAX), -3);
        assert_eq!(ticks_in(Duration::from_millis(20), 48_000), 960);
    }

    #[test]
    fn a_sender_report_relates_the_clocks() {
        let mut map = ClockMap::new(48_000);
        assert_eq!((map.ntp_at(0), map.rtp_at(NtpTime(0))), (None, None));
        map.handle_sender_report(NtpTime(100 << 32), 1000);
        assert_eq!(map.ntp_at(49_000), Some(NtpTime(101 << 32)));
        assert_eq!(
            map.ntp_at(1000u32.wrapping_sub(24_000)),
            Some(NtpTime((99 << 32) + (1 << 31)))
        );
        assert_eq!(map.rtp_at(NtpTime(102 << 32)), Some(97_000));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_timestamp(ntp: u64, reference: u32, rtp: u32, video: bool) {
            let mut map = ClockMap::new(if video { 90_000 } else { 48_000 });
            map.handle_sender_report(NtpTime(ntp), reference);
            let there = map.ntp_at(rtp).unwrap();
            prop_assert_eq!(map.rtp_at(there), Some(rtp));
        }
    }
}
