//! Packets kept for a while, in one ring of bytes.
//!
//! Owns: the bytes, their bound in time and in memory, and finding a packet by its number. Never does:
//! know what the bytes or the notes beside them mean; allocate once it has grown to its working size.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long and in how many bytes packets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimit {
    /// Older packets are forgotten.
    pub span: Duration,
    /// Payload and header bytes, at most 4 GiB; the oldest packets make room.
    pub bytes: usize,
}

/// A ring of packets, each with a number and a note of type `M`. Nothing is allocated before the first.
#[derive(Debug)]
pub(crate) struct PacketRing<M> {
    limit: CacheLimit,
    bytes: Vec<u8>,
    /// Behind the newest packet; where the oldest one starts when the ring is full.
    head: usize,
    /// In order of arrival.
    entries: VecDeque<Entry<M>>,
    /// The running number of the front of `entries`.
    first: u64,
    /// Packet number modulo its length → running number of the entry that may hold it.
    index: Vec<u64>,
}

#[derive(Debug)]
struct Entry<M> {
    number: u64,
    kept: Instant,
    start: u32,
    len: u32,
    note: M,
}

/// A packet that is still kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept<'a, M> {
    pub(crate) note: &'a M,
    pub(crate) at: Instant,
    pub(crate) bytes: &'a [u8],
}

impl<M> PacketRing<M> {
    /// An empty ring. `packets` bounds the number of packets, rounded up to a power of two.
    pub(crate) fn new(limit: CacheLimit, packets: usize) -> Self {
        let packets = packets.next_power_of_two();
        let bytes = limit.bytes.min(u32::MAX as usize);
        Self {
            limit: CacheLimit { bytes, ..limit },
            bytes: Vec::new(),
            head: 0,
            entries: VecDeque::new(),
            first: 0,
            index: vec![u64::MAX; packets],
        }
    }

    /// Keeps a packet that is the concatenation of two parts; one that could never fit is not kept.
    pub(crate) fn push(&mut self, now: Instant, number: u64, note: M, parts: [&[u8]; 2]) {
        let len = parts[0].len() + parts[1].len();
        if len == 0 || len > self.limit.bytes {
            return;
        }
        self.expire(now);
        if self.entries.len() == self.index.len() {
            self.forget_oldest();
        }
        let start = self.make_room(len);
        let middle = start + parts[0].len();
        self.bytes[start..middle].copy_from_slice(parts[0]);
        self.bytes[middle..start + len].copy_from_slice(parts[1]);
        self.head = start + len;
        let slot = self.slot(number);
        self.index[slot] = self.first + self.entries.len() as u64;
        self.entries.push_back(Entry {
            number,
            kept: now,
            start: start as u32,
            len: len as u32,
            note,
        });
    }

    /// The packet of this number, if it is still kept.
    pub(crate) fn get(&self, now: Instant, number: u64) -> Option<Kept<'_, M>> {
        let at = self.index[self.slot(number)].checked_sub(self.first)?;
        let entry = self.entries.get(usize::try_from(at).ok()?)?;
        let alive = now.saturating_duration_since(entry.kept) <= self.limit.span;
        (entry.number == number && alive).then(|| Kept {
            note: &entry.note,
            at: entry.kept,
            bytes: &self.bytes[entry.range()],
        })
    }

    /// Bytes of memory that packets may occupy at present.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    fn slot(&self, number: u64) -> usize {
        // The length is a power of two that fits usize, so the masked value fits as well.
        (number & (self.index.len() as u64 - 1)) as usize
    }

    fn expire(&mut self, now: Instant) {
        let span = self.limit.span;
        while let Some(oldest) = self.entries.front()
            && now.saturating_duration_since(oldest.kept) > span
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if self.entries.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// Where `len` contiguous bytes are free, after growing or forgetting as much as it takes.
    fn make_room(&mut self, len: usize) -> usize {
        loop {
            if let Some(start) = self.gap(len) {
                return start;
            }
            if self.bytes.len() < self.limit.bytes {
                self.grow(len);
            } else {
                self.forget_oldest();
            }
        }
    }

    /// A gap of `len` bytes before the oldest packet, or behind the newest.
    fn gap(&self, len: usize) -> Option<usize> {
        let Some(oldest) = self.entries.front() else {
            return (len <= self.bytes.len()).then_some(0);
        };
        if self.head <= oldest.start() {
            return (oldest.start() - self.head >= len).then_some(self.head);
        }
        if self.bytes.len() - self.head >= len {
            return Some(self.head);
        }
        (oldest.start() >= len).then_some(0)
    }

    /// Doubles the ring and lays its packets out anew, oldest first.
    fn grow(&mut self, len: usize) {
        let wanted = (self.bytes.len() * 2)
            .max(self.bytes.len() + len)
            .max(FIRST_BYTES);
        let mut bytes = vec![0; wanted.min(self.limit.bytes)];
        let mut head = 0;
        for entry in &mut self.entries {
            let from = entry.range();
            let len = from.len();
            bytes[head..head + len].copy_from_slice(&self.bytes[from]);
            entry.start = head as u32;
            head += len;
        }
        self.bytes = bytes;
        self.head = head;
    }
}

impl<M> Entry<M> {
    fn start(&self) -> usize {
        self.start as usize
    }

    fn range(&self) -> Range<usize> {
        self.start()..self.start() + self.len as usize
    }
}

/// The first allocation: half a second of Opus at 64 kbit/s with room to spare, and small enough that a
/// room of silent publications costs nothing to speak of.
const FIRST_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(millis: u64, bytes: usize) -> CacheLimit {
        CacheLimit {
            span: Duration::from_millis(millis),
            bytes,
        }
    }

    fn content(number: u64, len: usize) -> Vec<u8> {
        (0..len).map(|at| (number as usize * 31 + at) as u8).collect()
    }

    #[test]
    fn a_packet_is_found_by_its_number_until_its_time_is_over() {
        let start = Instant::now();
        let mut ring = PacketRing::new(limit(500, 4096), 16);
        ring.push(start, 7, 'a', [b"head", b"body"]);
        let kept = ring.get(start, 7).unwrap();
        assert_eq!((*kept.note, kept.at, kept.bytes), ('a', start, &b"headbody"[..]));
        assert_eq!(ring.get(start, 8), None);
        assert_eq!(ring.get(start, 7 + 16), None, "same slot, other number");
        let span = Duration::from_millis(500);
        assert!(ring.get(start + span, 7).is_some());
        assert!(ring.get(start + span + Duration::from_millis(1), 7).is_none());
    }

    #[test]
    fn what_could_never_fit_is_not_kept_and_hurts_nobody() {
        let now = Instant::now();
        let mut ring = PacketRing::new(limit(500, 100), 16);
        ring.push(now, 1, (), [&[1; 50], &[]]);
        ring.push(now, 2, (), [&[2; 60], &[2; 60]]);
        assert!(ring.get(now, 1).is_some() && ring.get(now, 2).is_none());
    }

    #[test]
    fn the_number_of_packets_is_bounded_too() {
        let now = Instant::now();
        let mut ring = PacketRing::new(limit(500, 1 << 20), 8);
        (0..20).for_each(|number| ring.push(now, number, (), [&[1], &[2]]));
        let kept: Vec<_> = (0..20)
            .filter(|&number| ring.get(now, number).is_some())
            .collect();
        assert_eq!(kept, (12..20).collect::<Vec<_>>());
        assert_eq!(ring.entries.len(), 8);
    }

    #[test]
    fn packets_that_fit_to_the_byte_leave_no_gap() {
        let now = Instant::now();
        let mut ring = PacketRing::new(limit(500, 100), 16);
        (0..30).for_each(|number| ring.push(now, number, (), [&[number as u8; 20], &[number as u8; 5]]));
        let kept: Vec<_> = (0..30)
            .filter(|&number| ring.get(now, number).is_some())
            .collect();
        assert_eq!(kept, [26, 27, 28, 29]);
        assert!(
            kept.iter()
                .all(|&number| ring.get(now, number).unwrap().bytes == [number as u8; 25])
        );
    }

    proptest! {
        /// Whatever comes in, what is found is what was put in, and the newest packets are found.
        #[test]
        fn bytes_survive_wrapping_and_growing(
            lens in prop::collection::vec((1usize..1500, 0u64..40), 1..400),
            bytes in 2_000usize..60_000,
        ) {
            let limit = limit(300, bytes);
            let mut ring = PacketRing::new(limit, 64);
            let mut now = Instant::now();
            let mut kept = Vec::new();
            for (number, &(len, pause)) in lens.iter().enumerate() {
                now += Duration::from_millis(pause);
                let whole = content(number as u64, len);
                let (head, body) = whole.split_at(len / 3);
                ring.push(now, number as u64, number, [head, body]);
                kept.push((now, whole));
                prop_assert!(ring.capacity() <= bytes);
                let mut total = 0;
                for (number, (at, whole)) in kept.iter().enumerate() {
                    if let Some(Kept { note, at: when, bytes: found }) = ring.get(now, number as u64) {
                        prop_assert_eq!((*note, when, found), (number, *at, &whole[..]));
                        prop_assert!(now - *at <= limit.span);
                        total += found.len();
                    }
                }
                prop_assert!(total <= bytes && total >= len);
            }
        }
    }
}
