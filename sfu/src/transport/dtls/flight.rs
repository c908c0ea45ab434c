//! The last flight we sent, kept to be sent again (RFC 6347 §4.2.4).
//!
//! Owns: its datagrams, byte for byte, and how often they may go out. Never does: make a flight.
//!
//! Byte for byte, because every flight of ours fits one datagram: where the first copy was lost the second
//! is as good, and where it was not, the receiver's replay window drops it. Fresh record numbers would pass
//! that window and disarm the retransmission timer of clients that take any handshake record for progress.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// One flight, and the client's messages that it answers.
#[derive(Debug, Default)]
pub(super) struct Flight {
    datagrams: Vec<Bytes>,
    answers: Range<u16>,
    sent: Option<Instant>,
    resends: u32,
    timer: Option<Timer>,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    at: Instant,
    interval: Duration,
}

impl Flight {
    /// A flight that went out now.
    pub(super) fn new(now: Instant, datagrams: Vec<Bytes>, answers: Range<u16>) -> Self {
        Self {
            datagrams,
            answers,
            sent: Some(now),
            resends: 0,
            timer: None,
        }
    }

    /// Sends it again when no answer comes.
    pub(super) fn arm(&mut self, now: Instant) {
        self.timer = Some(Timer {
            at: now + FIRST_INTERVAL,
            interval: FIRST_INTERVAL,
        });
    }

    /// An answer began to arrive: what is lost of it, the client sends again.
    pub(super) fn disarm(&mut self) {
        self.timer = None;
    }

    /// The `message_seq` of the first message that it does not answer.
    pub(super) fn end(&self) -> u16 {
        self.answers.end
    }

    /// What to send because the client repeats a message: if that is one which this flight answers.
    pub(super) fn handle_repeat(&mut self, now: Instant, sequence: u16) -> &[Bytes] {
        if self.answers.contains(&sequence) {
            self.resend(now)
        } else {
            &[]
        }
    }

    /// What to send because the timer says so.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> &[Bytes] {
        let Some(timer) = self.timer.filter(|timer| timer.at <= now) else {
            return &[];
        };
        let interval = (timer.interval * 2).min(LAST_INTERVAL);
        self.timer = (self.resends < MAX_RESENDS).then_some(Timer {
            at: now + interval,
            interval,
        });
        self.resend(now)
    }

    /// When [`Self::handle_timeout`] is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timer.map(|timer| timer.at)
    }

    /// The datagrams, unless they went out just now or too often: a repeated message costs its sender
    /// little, and the answer must not be a way to make us send much.
    pub(super) fn resend(&mut self, now: Instant) -> &[Bytes] {
        let too_soon = self.sent.is_some_and(|sent| now < sent + MIN_GAP);
        if too_soon || self.resends >= MAX_RESENDS {
            return &[];
        }
        self.sent = Some(now);
        self.resends += 1;
        &self.datagrams
    }
}

/// How often a flight is sent again at most. With the intervals below this outlasts the handshake's deadline.
pub(super) const MAX_RESENDS: u32 = 16;

/// Two copies are at least this far apart: a message in two datagrams is one repeat, not two.
const MIN_GAP: Duration = Duration::from_millis(20);

/// Above the round trip of most clients, so that few copies are in vain; browsers themselves start at 50 ms.
const FIRST_INTERVAL: Duration = Duration::from_millis(150);

/// RFC 6347 §4.2.4.1 doubles up to a minute; a handshake that has ten seconds can't wait that long.
const LAST_INTERVAL: Duration = Duration::from_secs(1);
