//! Room on the volume, and within the quota.
//!
//! Owns: how much is enough, the reserve, and how long what is left lasts. Never does: know a recording.
//!
//! A quota keeps recordings from beginning, and ends none: what is said in a session does not come again.

use std::io;
use std::time::{Duration, Instant};

use crate::volume::Volume;

/// How much room there has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// With less than this nothing begins, in bytes.
    pub floor_bytes: u64,
    /// Taken before, and given back when the volume is full, so that sound and journals go on. In bytes.
    pub reserve_bytes: u64,
    /// All recordings together may take so much, in bytes; none means as much as there is.
    pub quota_bytes: Option<u64>,
}

impl Default for Limits {
    /// An hour of two pictures and their sound; and two hours of the sound of two people, at 40 kbit/s each.
    fn default() -> Self {
        Self {
            floor_bytes: 2_300_000_000,
            reserve_bytes: 64 << 20,
            quota_bytes: None,
        }
    }
}

/// What was found when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing is new.
    Same,
    /// There is room again.
    Room,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Room {
    limits: Limits,
    free_bytes: u64,
    /// When somebody counted last, and what was written since.
    stored_bytes: u64,
    is_reserved: bool,
    meter: Option<Meter>,
    bytes_per_second: f64,
}

/// What was written since.
#[derive(Debug)]
struct Meter {
    since: Instant,
    bytes: u64,
}

impl Room {
    /// Takes the reserve, if that leaves enough.
    pub(crate) fn open(volume: &mut impl Volume, limits: Limits) -> io::Result<Self> {
        // what a server left that ended is counted as free
        volume.release()?;
        let mut room = Self {
            limits,
            free_bytes: 0,
            stored_bytes: 0,
            is_reserved: false,
            meter: None,
            bytes_per_second: 0.0,
        };
        room.look(volume)?;
        // who limits nothing need not know
        match room.count(volume) {
            Err(error) if limits.quota_bytes.is_some() => return Err(error),
            _ => {}
        }
        Ok(room)
    }

    /// Looks at every file: others destroy recordings, too.
    pub(crate) fn count(&mut self, volume: &mut impl Volume) -> io::Result<()> {
        self.stored_bytes = volume.stored_bytes()?;
        Ok(())
    }

    /// Takes the reserve back when there is room for it above the floor: it would be asked for again at once otherwise.
    pub(crate) fn look(&mut self, volume: &mut impl Volume) -> io::Result<Found> {
        self.free_bytes = volume.free_bytes()?;
        // a quota does not end what goes on, so it does not keep its pictures off, either
        if self.is_reserved || !self.has_room() {
            return Ok(Found::Same);
        }
        volume.reserve(self.limits.reserve_bytes)?;
        self.free_bytes = volume.free_bytes()?;
        self.is_reserved = true;
        Ok(Found::Room)
    }

    /// The volume is full.
    pub(crate) fn release(&mut self, volume: &mut impl Volume) -> io::Result<()> {
        self.is_reserved = false;
        volume.release()
    }

    /// The reserve is given away.
    pub(crate) const fn is_short(&self) -> bool {
        !self.is_reserved
    }

    /// As of the last look.
    pub(crate) const fn free_bytes(&self) -> u64 {
        self.free_bytes
    }

    /// Whether a recording may begin, as of the last look.
    pub(crate) fn is_enough(&self) -> bool {
        self.has_room() && self.left_bytes() >= self.limits.floor_bytes
    }

    /// On the volume, for the reserve above the floor.
    const fn has_room(&self) -> bool {
        let reserve = if self.is_reserved {
            0
        } else {
            self.limits.reserve_bytes
        };
        self.free_bytes >= self.limits.floor_bytes.saturating_add(reserve)
    }

    /// What recordings may still take.
    pub(crate) fn left_bytes(&self) -> u64 {
        let quota = self.limits.quota_bytes;
        let left = quota.map(|quota| quota.saturating_sub(self.stored_bytes));
        left.unwrap_or(u64::MAX).min(self.free_bytes)
    }

    /// Somebody should make room before there is none.
    pub(crate) fn is_low(&self) -> bool {
        self.left_bytes() < self.limits.floor_bytes.saturating_mul(LOW_FLOORS)
    }

    /// As of the last count, with what was written since.
    pub(crate) const fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    pub(crate) const fn quota_bytes(&self) -> Option<u64> {
        self.limits.quota_bytes
    }

    pub(crate) fn handle_written(&mut self, now: Instant, bytes: u64) {
        self.stored_bytes = self.stored_bytes.saturating_add(bytes);
        let meter = self.meter.get_or_insert(Meter { since: now, bytes: 0 });
        meter.bytes += bytes;
        let passed = now.saturating_duration_since(meter.since);
        if passed >= METERED {
            self.bytes_per_second = meter.bytes as f64 / passed.as_secs_f64();
            self.meter = Some(Meter { since: now, bytes: 0 });
        }
    }

    /// At the rate of the last ten seconds.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        let seconds = self.free_bytes as f64 / self.bytes_per_second;
        (self.bytes_per_second > 0.0).then_some(seconds as u64)
    }
}

/// How long so many bytes last.
pub(crate) fn hours(bytes: u64, pictures: usize) -> f64 {
    bytes as f64 / (PICTURE_BYTES_PER_SECOND * pictures.max(1) as f64) / 3600.0
}

/// What a browser sends at most of a picture of 720 lines where nobody limits it: 2.5 Mbit/s
/// (`media/engine/simulcast.cc` of libwebrtc).
const PICTURE_BYTES_PER_SECOND: f64 = 2_500_000.0 / 8.0;

/// One of them is what has to be there for a recording to begin: with the default, this is a day of sessions.
const LOW_FLOORS: u64 = 5;

/// Ten commits: some key frames are among them.
const METERED: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Storage as _;
    use crate::testing::{Faulty, Shared};

    #[test]
    fn an_hour_of_two_pictures_fits_above_the_floor() {
        let hours = hours(Limits::default().floor_bytes, 2);
        assert!((1.0..1.1).contains(&hours), "{hours}");
    }

    #[test]
    fn what_is_left_lasts_as_long_as_the_rate_says() {
        let mut volume = Shared::of(Faulty::of_size(1_000_000));
        let limits = Limits {
            floor_bytes: 1000,
            reserve_bytes: 100_000,
            quota_bytes: None,
        };
        let mut room = Room::open(&mut volume, limits).unwrap();
        assert_eq!(room.free_bytes(), 900_000);
        let begin = Instant::now();
        for second in 0..=10 {
            assert_eq!(room.seconds_left(), None, "nothing is known after {second} s");
            room.handle_written(begin + Duration::from_secs(second), 1000);
        }
        assert_eq!(room.seconds_left(), Some(900_000 / 1100));
    }

    #[test]
    fn a_quota_is_what_may_be_taken_and_warns_before_nothing_may() {
        let mut volume = Shared::of(Faulty::of_size(1_000_000));
        let limits = Limits {
            floor_bytes: 1000,
            reserve_bytes: 0,
            quota_bytes: Some(10_000),
        };
        let mut room = Room::open(&mut volume, limits).unwrap();
        let begin = Instant::now();
        let mut state = |written| {
            room.handle_written(begin, written);
            (room.left_bytes(), room.is_low(), room.is_enough())
        };
        assert_eq!(state(0), (10_000, false, true));
        assert_eq!(state(5000), (5000, false, true));
        assert_eq!(state(1), (4999, true, true));
        assert_eq!(state(4000), (999, true, false));
        // what was destroyed makes room again, as soon as somebody looks
        let mut recording = volume.create_folder("one").unwrap();
        recording.create("a").unwrap();
        recording.append("a", &[1; 300]).unwrap();
        room.count(&mut volume).unwrap();
        assert_eq!((room.stored_bytes(), room.is_enough()), (300, true));
    }

    #[test]
    fn a_quota_that_is_used_up_does_not_keep_the_reserve_from_being_taken_back() {
        let mut volume = Shared::of(Faulty::of_size(100_000));
        let limits = Limits {
            floor_bytes: 1000,
            reserve_bytes: 5000,
            quota_bytes: Some(10),
        };
        let mut room = Room::open(&mut volume, limits).unwrap();
        room.handle_written(Instant::now(), 10);
        assert!(!room.is_enough() && !room.is_short());
        room.release(&mut volume).unwrap();
        assert_eq!(room.look(&mut volume).unwrap(), Found::Room);
    }

    #[test]
    fn a_volume_that_is_smaller_than_its_quota_counts() {
        let mut volume = Shared::of(Faulty::of_size(4000));
        let limits = Limits {
            floor_bytes: 1000,
            reserve_bytes: 500,
            quota_bytes: Some(1 << 40),
        };
        let room = Room::open(&mut volume, limits).unwrap();
        assert_eq!(room.left_bytes(), 3500);
        assert!(room.is_low() && room.is_enough());
    }

    #[test]
    fn a_reserve_that_would_be_asked_for_at_once_is_not_taken() {
        let mut volume = Shared::of(Faulty::of_size(1000));
        let limits = Limits {
            floor_bytes: 500,
            reserve_bytes: 501,
            quota_bytes: None,
        };
        let mut room = Room::open(&mut volume, limits).unwrap();
        assert!(room.is_short() && !room.is_enough());
        volume.borrow_mut().capacity = Some(1001);
        assert_eq!(room.look(&mut volume).unwrap(), Found::Room);
        assert!(!room.is_short() && room.is_enough());
        assert_eq!(room.free_bytes(), 500);
        room.release(&mut volume).unwrap();
        assert!(room.is_short());
    }
}
