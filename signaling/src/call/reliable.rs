//! Numbers on what both sides say, so that each body arrives once and in order however many sockets it takes.
//!
//! Owns: the numbers, what is not acknowledged yet, and when to acknowledge. Never does: touch a socket or a
//! clock: frames and moments go in, frames come out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::Frame;

/// Bodies kept until the other side has them. A room of fifty that comes in at once is told in fewer; full
/// means that the other side has stopped reading.
pub(crate) const WINDOW: usize = 256;

/// An acknowledgement waits this long for a body to travel with. Short beside [`STALLED_AFTER`], long beside
/// the pauses between bodies of a lively room.
const ACK_DELAY: Duration = Duration::from_secs(1);

/// Without anything to say an acknowledgement goes out this often, so that the other side knows a dead line
/// from a silent one. Twice within the 25 s after which either side gives a socket up.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A body that was written has to be acknowledged by then: the delay of the acknowledgement and a bad mobile
/// line's pauses fit many times over.
const STALLED_AFTER: Duration = Duration::from_secs(25);

/// One side of a session. The other side's mirrors it.
#[derive(Debug)]
pub(crate) struct Reliable<Out> {
    /// Said and not acknowledged, the oldest first.
    kept: VecDeque<Out>,
    /// The number of the last body said.
    sent: u64,
    /// The number of the last body written to the present socket.
    written: u64,
    /// The number of the last body that arrived.
    received: u64,
    /// Absent without a socket.
    clock: Option<Clock>,
}

/// What is due on the present socket, and when.
#[derive(Debug)]
struct Clock {
    /// Something arrived that was not acknowledged.
    acknowledge: Option<Instant>,
    heartbeat: Instant,
    /// Something was written that is not acknowledged.
    stalled: Option<Instant>,
}

/// More bodies than are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side does not acknowledge what it is told")]
pub(crate) struct Overflow;

/// A frame that no correct other side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// A number without a body, or a body without a number.
    #[error("`seq` and `body` belong together")]
    Halved,
    /// A number that is not the next, and not one that was there.
    #[error("`seq` is out of order")]
    Gap,
    /// An acknowledgement of what was never said, or a resumption before what was acknowledged.
    #[error("`ack` is out of range")]
    Ack,
}

impl Fault {
    /// The member of the frame at fault.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Halved | Self::Gap => "seq",
            Self::Ack => "ack",
        }
    }
}

impl<Out: Clone> Reliable<Out> {
    /// Nothing said, nothing heard, no socket.
    pub(crate) fn new() -> Self {
        Self {
            kept: VecDeque::new(),
            sent: 0,
            written: 0,
            received: 0,
            clock: None,
        }
    }

    /// The number of the last body that arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// One more body can be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.kept.len() < WINDOW
    }

    /// Takes a body, with or without a socket, and tells its number.
    pub(crate) fn send(&mut self, body: Out) -> Result<u64, Overflow> {
        if !self.has_room() {
            return Err(Overflow);
        }
        self.kept.push_back(body);
        self.sent += 1;
        Ok(self.sent)
    }

    /// A socket is there, whose other end has the bodies up to the number `received`; what is missing is
    /// written again. For the first socket that is 0.
    pub(crate) fn attach(&mut self, now: Instant, received: u64) -> Result<(), Fault> {
        self.acknowledge(received)?;
        self.written = received;
        self.clock = Some(Clock {
            acknowledge: None,
            heartbeat: now + HEARTBEAT,
            stalled: None,
        });
        Ok(())
    }

    /// The socket is lost.
    pub(crate) fn detach(&mut self) {
        self.clock = None;
    }

    /// A frame arrived. Gives its body and number, unless there is none or it was there before.
    pub(crate) fn handle_frame<In>(
        &mut self,
        now: Instant,
        frame: Frame<In>,
    ) -> Result<Option<(u64, In)>, Fault> {
        let body = match (frame.seq, frame.body) {
            (Some(seq), Some(body)) => Some((seq, body)),
            (None, None) => None,
            _ => return Err(Fault::Halved),
        };
        let next = self.received + 1;
        if body.as_ref().is_some_and(|(seq, _)| *seq == 0 || *seq > next) {
            return Err(Fault::Gap);
        }
        // An older one says nothing new: a side may keep its frames as they were written first.
        if frame.ack > self.acked() {
            self.acknowledge(frame.ack)?;
            self.progress(now);
        }
        if let (Some(_), Some(clock)) = (&body, &mut self.clock) {
            clock.acknowledge.get_or_insert(now + ACK_DELAY);
        }
        let new = body.filter(|(seq, _)| *seq == next);
        self.received += u64::from(new.is_some());
        Ok(new)
    }

    /// The next frame to write; `None` when nothing is due, and without a socket.
    pub(crate) fn poll_frame(&mut self, now: Instant) -> Option<Frame<Out>> {
        let body = self.unwritten().cloned();
        let received = self.received;
        let clock = self.clock.as_mut()?;
        if body.is_none() && !clock.is_due(now) {
            return None;
        }
        clock.acknowledge = None;
        clock.heartbeat = now + HEARTBEAT;
        if body.is_some() {
            clock.stalled.get_or_insert(now + STALLED_AFTER);
            self.written += 1;
        }
        Some(Frame {
            seq: body.is_some().then_some(self.written),
            ack: received,
            body,
        })
    }

    /// Something is to be written now, whatever the time is.
    pub(crate) fn has_frame(&self) -> bool {
        self.clock.is_some() && self.unwritten().is_some()
    }

    /// When [`Reliable::poll_frame`] or [`Reliable::is_stalled`] is to be asked again at the latest.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let clock = self.clock.as_ref()?;
        [clock.acknowledge, clock.stalled]
            .into_iter()
            .flatten()
            .fold(clock.heartbeat, Instant::min)
            .into()
    }

    /// The other end of the socket takes no notice of what is written.
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        let stalled = self.clock.as_ref().and_then(|clock| clock.stalled);
        stalled.is_some_and(|at| at <= now)
    }

    fn unwritten(&self) -> Option<&Out> {
        let index = usize::try_from(self.written - self.acked()).ok()?;
        self.kept.get(index)
    }

    /// The number of the last body that the other side has for certain.
    fn acked(&self) -> u64 {
        self.sent - self.kept.len() as u64
    }

    fn acknowledge(&mut self, ack: u64) -> Result<(), Fault> {
        if ack < self.acked() || ack > self.sent {
            return Err(Fault::Ack);
        }
        while self.acked() < ack {
            self.kept.pop_front();
        }
        self.written = self.written.max(ack);
        Ok(())
    }

    fn progress(&mut self, now: Instant) {
        let outstanding = self.written > self.acked();
        if let Some(clock) = &mut self.clock {
            clock.stalled = outstanding.then_some(now + STALLED_AFTER);
        }
    }
}

impl Clock {
    fn is_due(&self, now: Instant) -> bool {
        self.heartbeat <= now || self.acknowledge.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests;
