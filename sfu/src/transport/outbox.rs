//! What one turn sends to one participant: sealed packets in order, cut into runs of equal size.
//!
//! Owns: the bytes between sealing and the socket, and the rule by which packets share a run. Never
//! does: seal, pace, or know an address.
//!
//! A run becomes one system call with UDP_SEGMENT, which wants equal sizes; only the last packet may be
//! shorter. The buffer is kept between turns, so that a warm outbox allocates nothing.

use crate::drop::Drop;

/// Sealed packets on their way to one participant.
#[derive(Debug, Default)]
pub struct Outbox {
    buffer: Vec<u8>,
    runs: Vec<Run>,
    /// Runs that have been handed out already.
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    end: usize,
    segment_size: usize,
    segments: usize,
    /// A shorter packet has ended it.
    closed: bool,
}

impl Outbox {
    /// Opens one packet: append it to the buffer, then [`Self::commit`] or [`Self::abandon`] with the
    /// returned start.
    pub fn begin(&mut self) -> Result<usize, Drop> {
        if self.taken == self.runs.len() {
            self.clear();
        }
        // What could be a packet must still fit below the bound.
        if self.buffer.len() + MAX_PACKET > MAX_BYTES {
            return Err(Drop::OutboxFull);
        }
        Ok(self.buffer.len())
    }

    /// The buffer that an open packet is appended to. What stands before its start is not to be touched.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Queues the open packet and returns its bytes.
    pub fn commit(&mut self, start: usize) -> &[u8] {
        let end = self.buffer.len();
        debug_assert!(start < end, "an open packet has bytes");
        let len = end - start;
        let open = self.runs.get_mut(self.taken..).and_then(<[Run]>::last_mut);
        match open.filter(|run| run.takes(len)) {
            Some(run) => {
                run.end = end;
                run.segments += 1;
                run.closed = len < run.segment_size;
            }
            None => self.runs.push(Run {
                start,
                end,
                segment_size: len,
                segments: 1,
                closed: false,
            }),
        }
        &self.buffer[start..end]
    }

    /// Gives up the open packet.
    pub fn abandon(&mut self, start: usize) {
        self.buffer.truncate(start);
    }

    /// The size that the next packet must have to share the open run, if there is one.
    pub fn open_segment_size(&self) -> Option<usize> {
        let run = self.runs.get(self.taken..)?.last()?;
        (!run.closed && run.segments < MAX_SEGMENTS).then_some(run.segment_size)
    }

    /// Is there anything to send?
    pub fn is_empty(&self) -> bool {
        self.taken == self.runs.len()
    }

    /// The next run: its bytes, and the size of its segments if it has more than one.
    pub fn poll_run(&mut self) -> Option<(&[u8], Option<usize>)> {
        let run = *self.runs.get(self.taken)?;
        self.taken += 1;
        let segment_size = (run.segments > 1).then_some(run.segment_size);
        Some((&self.buffer[run.start..run.end], segment_size))
    }

    /// Throws away what has not been sent: its addressee has no path.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.runs.clear();
        self.taken = 0;
    }
}

impl Run {
    fn takes(&self, len: usize) -> bool {
        !self.closed
            && len <= self.segment_size
            && self.segments < MAX_SEGMENTS
            && self.end - self.start + len <= MAX_RUN_BYTES
    }
}

/// The longest packet we ever seal: an Ethernet frame's worth, with room for tag and padding.
pub const MAX_PACKET: usize = 1500;

/// One turn's send buffer a participant. A key frame of a 2.5 Mbit/s video is 100 kB at most; twice that,
/// and what does not fit is dropped and asked for again.
const MAX_BYTES: usize = 256 * 1024;

/// Linux: UDP_MAX_SEGMENTS was 64 until 5.19 and is 128 since; 64 works everywhere.
const MAX_SEGMENTS: usize = 64;

/// The longest UDP payload over IPv4 is 65,507 bytes; a run is built by the kernel as one such datagram.
const MAX_RUN_BYTES: usize = 65_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outbox: &mut Outbox, len: usize) {
        let start = outbox.begin().unwrap();
        outbox.buffer().resize(start + len, 7);
        outbox.commit(start);
    }

    fn runs(outbox: &mut Outbox) -> Vec<(usize, Option<usize>)> {
        std::iter::from_fn(|| outbox.poll_run().map(|(bytes, size)| (bytes.len(), size))).collect()
    }

    #[test]
    fn equal_packets_share_a_run_and_a_shorter_one_ends_it() {
        let mut outbox = Outbox::default();
        for len in [1000, 1000, 400, 400, 900] {
            push(&mut outbox, len);
        }
        assert_eq!(runs(&mut outbox), [(2400, Some(1000)), (400, None), (900, None)]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_run_stays_below_the_limits_of_the_kernel() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            push(&mut outbox, 100);
        }
        assert_eq!(runs(&mut outbox), [(6400, Some(100)), (3600, Some(100))]);
        for _ in 0..60 {
            push(&mut outbox, 1200);
        }
        assert!(runs(&mut outbox).iter().all(|(len, _)| *len <= MAX_RUN_BYTES));
    }

    #[test]
    fn a_run_that_was_handed_out_takes_nothing_more() {
        let mut outbox = Outbox::default();
        push(&mut outbox, 100);
        push(&mut outbox, 200);
        assert_eq!(outbox.poll_run().map(|(bytes, _)| bytes.len()), Some(100));
        assert_eq!(outbox.poll_run().map(|(bytes, _)| bytes.len()), Some(200));
        push(&mut outbox, 200);
        assert_eq!(runs(&mut outbox), [(200, None)]);
    }

    #[test]
    fn a_full_outbox_refuses_instead_of_growing() {
        let mut outbox = Outbox::default();
        let mut queued = 0;
        while outbox.begin().is_ok() {
            push(&mut outbox, 1200);
            queued += 1200;
        }
        assert!(queued <= MAX_BYTES);
        assert!(queued > MAX_BYTES - 2 * MAX_PACKET);
        outbox.clear();
        assert_eq!(outbox.begin(), Ok(0));
    }

    #[test]
    fn an_abandoned_packet_leaves_no_trace() {
        let mut outbox = Outbox::default();
        push(&mut outbox, 100);
        let start = outbox.begin().unwrap();
        outbox.buffer().extend_from_slice(&[1, 2, 3]);
        outbox.abandon(start);
        push(&mut outbox, 100);
        assert_eq!(runs(&mut outbox), [(200, Some(100))]);
    }
}
