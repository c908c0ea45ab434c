//! What a client may send at most, enforced before the library sees it.
//!
//! Owns: the receive window as our own SACKs told it. Never does: acknowledge or keep data.
//!
//! Why: `rtc-sctp` keeps every chunk beyond a gap however far, opens any stream that a chunk names, walks a
//! FORWARD TSN one number at a time, takes data into a full buffer as long as nothing can be read from it,
//! and remembers resets that are not due yet without a bound. A client has authenticated itself before it can
//! do any of this, but a client is not a friend.

use super::packet::{self, Chunk};
use crate::drop::Drop;

/// One association's window.
#[derive(Debug)]
pub(super) struct Window {
    /// The last TSN that we acknowledged, with all before it.
    acknowledged: u32,
    /// The free bytes that our last SACK advertised.
    credit: u32,
    /// Bytes of data that came after it was used up.
    overrun: usize,
    /// Chunks of data that may wait in the library's buffers, however few bytes they have.
    held: usize,
    /// Resets that came before the data that they wait for.
    early_resets: u32,
}

/// What to do with a packet that does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Drop it: what is of use in it comes again.
    Refuse,
    /// End the association: it holds more than it may, and would hold on to it.
    Abort,
    /// The client ended it. (The library would read the reasons, and panic on some.)
    Aborted,
}

impl Window {
    /// A window before any data; the first chunk will have this TSN.
    pub(super) fn new(initial_tsn: u32) -> Self {
        Self {
            acknowledged: initial_tsn.wrapping_sub(1),
            credit: RECEIVE_BUFFER_BYTES,
            overrun: 0,
            held: 0,
            early_resets: 0,
        }
    }

    /// Whether the library may see these chunks.
    pub(super) fn check<'a>(&mut self, chunks: impl Iterator<Item = Chunk<'a>>) -> Result<(), Verdict> {
        for chunk in chunks {
            if !chunk.is_canonical() {
                return Err(Verdict::Refuse);
            }
            match chunk.kind {
                packet::ABORT => return Err(Verdict::Aborted),
                packet::DATA => self.check_data(&chunk)?,
                packet::SACK => check_sack(&chunk)?,
                packet::FORWARD_TSN => self.check_tsn(chunk.long(0))?,
                packet::RE_CONFIG => self.check_reset(&chunk)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Learns from a packet of ours what the client was told.
    pub(super) fn observe(&mut self, packet: &[u8]) -> Result<(), Drop> {
        for chunk in packet::chunks(packet)?.filter(|chunk| chunk.kind == packet::SACK) {
            self.acknowledged = chunk.long(0).unwrap_or(self.acknowledged);
            self.credit = chunk.long(4).unwrap_or(self.credit);
        }
        if self.credit > 0 {
            self.overrun = 0;
        }
        if self.credit == RECEIVE_BUFFER_BYTES {
            self.held = 0;
        }
        Ok(())
    }

    /// So many chunks left the library's buffers as one message.
    pub(super) fn handle_read(&mut self, chunks: usize) {
        self.held = self.held.saturating_sub(chunks);
    }

    fn check_data(&mut self, chunk: &Chunk<'_>) -> Result<(), Verdict> {
        self.check_tsn(chunk.long(0))?;
        if chunk.short(4).is_none_or(|stream| stream >= MAX_STREAMS) {
            return Err(Verdict::Refuse);
        }
        if self.credit == 0 {
            self.overrun += chunk.value.len();
        }
        self.held += usize::from(chunk.long(0).is_some_and(|tsn| self.ahead(tsn) > 0));
        let exceeded = self.overrun > MAX_OVERRUN_BYTES || self.held > MAX_HELD_CHUNKS;
        if exceeded { Err(Verdict::Abort) } else { Ok(()) }
    }

    fn check_tsn(&self, tsn: Option<u32>) -> Result<(), Verdict> {
        let ahead = tsn.map(|tsn| self.ahead(tsn));
        if ahead.is_some_and(|ahead| ahead <= MAX_AHEAD) {
            Ok(())
        } else {
            Err(Verdict::Refuse)
        }
    }

    fn check_reset(&mut self, chunk: &Chunk<'_>) -> Result<(), Verdict> {
        for reset in chunk.resets() {
            if reset.streams > usize::from(MAX_STREAMS) {
                return Err(Verdict::Refuse);
            }
            self.early_resets += u32::from(self.ahead(reset.last_tsn) > 0);
        }
        if self.early_resets > MAX_EARLY_RESETS {
            Err(Verdict::Abort)
        } else {
            Ok(())
        }
    }

    /// How far a TSN lies beyond what we acknowledged. RFC 9260 §1.6: serial number arithmetic.
    fn ahead(&self, tsn: u32) -> i32 {
        tsn.wrapping_sub(self.acknowledged) as i32
    }
}

fn check_sack(chunk: &Chunk<'_>) -> Result<(), Verdict> {
    let span = chunk.gap_span().ok_or(Verdict::Refuse)?;
    if span > MAX_GAP_SPAN {
        Err(Verdict::Refuse)
    } else {
        Ok(())
    }
}

/// What we advertise as the receive window, in bytes: four of the largest messages.
pub(super) const RECEIVE_BUFFER_BYTES: u32 = 256 << 10;

/// Streams that a client may use; browsers number theirs in steps of two, from 0 or 1.
pub(super) const MAX_STREAMS: u16 = 64;

/// Chunks beyond the last that we acknowledged: twice what fits the receive window at full size.
const MAX_AHEAD: i32 = 1024;

/// Data taken into a full buffer, in bytes. RFC 9260 §6.1 A allows one packet as a probe; and what fills
/// gaps must come in, or the buffer would never empty.
const MAX_OVERRUN_BYTES: usize = 64 << 10;

/// Chunks that wait: each costs the library a few hundred bytes, and a walk past the others of its message.
/// The receive window has room for 232 of full size; copies of a chunk count until the buffer is empty.
const MAX_HELD_CHUNKS: usize = 4096;

/// Resets before their time, in an association's life. A client that closes its channels at leisure has none.
const MAX_EARLY_RESETS: u32 = 1024;

/// TSNs that one SACK's gap blocks may name: each is looked up, and more are never in flight.
const MAX_GAP_SPAN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn data(tsn: u32, stream: u16, bytes: usize) -> Vec<u8> {
        let mut value = tsn.to_be_bytes().to_vec();
        value.extend_from_slice(&stream.to_be_bytes());
        value.resize(12 + bytes, 0);
        value
    }

    fn check(window: &mut Window, kind: u8, value: &[u8]) -> Result<(), Verdict> {
        window.check([Chunk { kind, value }].into_iter())
    }

    fn sack(acknowledged: u32, credit: u32) -> Vec<u8> {
        let mut packet = vec![0; 12];
        packet.extend_from_slice(&[packet::SACK, 0, 0, 16]);
        packet.extend_from_slice(&acknowledged.to_be_bytes());
        packet.extend_from_slice(&credit.to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet
    }

    #[test]
    fn data_may_run_ahead_so_far_even_where_numbers_wrap() {
        let mut window = Window::new(u32::MAX - 5);
        let limit = (u32::MAX - 6).wrapping_add(1024);
        assert_eq!(check(&mut window, packet::DATA, &data(limit, 0, 1)), Ok(()));
        let beyond = data(limit.wrapping_add(1), 0, 1);
        assert_eq!(check(&mut window, packet::DATA, &beyond), Err(Verdict::Refuse));
        window.observe(&sack(u32::MAX - 5, 1)).unwrap();
        assert_eq!(check(&mut window, packet::DATA, &beyond), Ok(()));
    }

    #[test]
    fn a_forward_tsn_may_not_leap() {
        let mut window = Window::new(1);
        assert_eq!(
            check(&mut window, packet::FORWARD_TSN, &1024u32.to_be_bytes()),
            Ok(())
        );
        assert_eq!(
            check(&mut window, packet::FORWARD_TSN, &1025u32.to_be_bytes()),
            Err(Verdict::Refuse)
        );
        assert_eq!(
            check(&mut window, packet::FORWARD_TSN, &[1, 2]),
            Err(Verdict::Refuse)
        );
    }

    #[test]
    fn a_client_gets_no_more_streams_than_it_was_told() {
        let mut window = Window::new(1);
        assert_eq!(check(&mut window, packet::DATA, &data(1, 63, 1)), Ok(()));
        assert_eq!(
            check(&mut window, packet::DATA, &data(1, 64, 1)),
            Err(Verdict::Refuse)
        );
    }

    #[test]
    fn a_client_that_ignores_a_closed_window_is_cut_off() {
        let mut window = Window::new(1);
        window.observe(&sack(0, 0)).unwrap();
        let chunk = data(1, 0, 1000);
        let passed = (0..)
            .take_while(|_| check(&mut window, packet::DATA, &chunk).is_ok())
            .count();
        assert_eq!(passed, MAX_OVERRUN_BYTES / 1012);
        assert_eq!(check(&mut window, packet::DATA, &chunk), Err(Verdict::Abort));
        window.observe(&sack(0, 1)).unwrap();
        assert_eq!(check(&mut window, packet::DATA, &chunk), Ok(()));
    }

    #[test]
    fn crumbs_that_are_never_read_are_counted() {
        let mut window = Window::new(1);
        window.observe(&sack(0, RECEIVE_BUFFER_BYTES - 1)).unwrap();
        let crumb = data(1, 0, 1);
        for _ in 0..MAX_HELD_CHUNKS {
            assert_eq!(check(&mut window, packet::DATA, &crumb), Ok(()));
        }
        window.handle_read(1);
        assert_eq!(check(&mut window, packet::DATA, &crumb), Ok(()));
        assert_eq!(check(&mut window, packet::DATA, &crumb), Err(Verdict::Abort));
        window.observe(&sack(0, RECEIVE_BUFFER_BYTES)).unwrap();
        assert_eq!(check(&mut window, packet::DATA, &crumb), Ok(()));
    }

    #[test]
    fn resets_before_their_time_are_counted() {
        let mut window = Window::new(1);
        let mut reset = vec![0, 13, 0, 18];
        reset.extend_from_slice(&[0; 11]);
        reset.extend_from_slice(&[9, 0, 0]);
        for _ in 0..MAX_EARLY_RESETS {
            assert_eq!(check(&mut window, packet::RE_CONFIG, &reset), Ok(()));
        }
        assert_eq!(check(&mut window, packet::RE_CONFIG, &reset), Err(Verdict::Abort));
    }

    #[test]
    fn a_chunk_of_a_kind_or_shape_unknown_does_not_pass() {
        let mut window = Window::new(1);
        for (kind, value) in [(9, &[0, 1, 0, 99][..]), (64, &[]), (packet::DATA, &[0; 12])] {
            assert_eq!(check(&mut window, kind, value), Err(Verdict::Refuse), "{kind}");
        }
        assert_eq!(
            check(&mut window, packet::ABORT, &[0, 12, 0, 99]),
            Err(Verdict::Aborted)
        );
    }

    #[test]
    fn a_sack_may_not_name_more_than_is_ever_in_flight() {
        let mut value = [0; 16];
        value[9] = 1;
        value[12..].copy_from_slice(&[0, 2, 0x10, 1]);
        assert_eq!(check(&mut Window::new(1), packet::SACK, &value), Ok(()));
        value[15] = 2;
        assert_eq!(
            check(&mut Window::new(1), packet::SACK, &value),
            Err(Verdict::Refuse)
        );
    }
}
