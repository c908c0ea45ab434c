//! Bodies that arrive once and in order, over sockets that may be lost.
//!
//! Owns: the numbers of `rapport_signaling::protocol::Frame`, from a client's side. Never does: open sockets.

use std::collections::VecDeque;

use anyhow::{Result, ensure};
use rapport_signaling::protocol::{ClientBody, Frame, ServerBody};

/// The numbering of one session.
#[derive(Default)]
pub(crate) struct Reliable {
    sent: u64,
    received: u64,
    waiting: VecDeque<(u64, ClientBody)>,
}

impl Reliable {
    /// The number of the last body that arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The next frame with this body.
    pub(crate) fn send(&mut self, body: ClientBody) -> Result<Frame<ClientBody>> {
        ensure!(
            self.waiting.len() < MOST_WAITING,
            "the server acknowledges nothing"
        );
        self.sent += 1;
        self.waiting.push_back((self.sent, body.clone()));
        Ok(self.frame(self.sent, body))
    }

    /// A frame that says no more than what arrived.
    pub(crate) fn acknowledgement(&self) -> Frame<ClientBody> {
        Frame {
            seq: None,
            ack: self.received,
            body: None,
        }
    }

    /// A frame came: its body, unless it came before.
    pub(crate) fn handle(&mut self, frame: Frame<ServerBody>) -> Result<Option<ServerBody>> {
        self.acknowledge(frame.ack)?;
        let (Some(seq), Some(body)) = (frame.seq, frame.body) else {
            return Ok(None);
        };
        if seq <= self.received {
            return Ok(None);
        }
        ensure!(seq == self.received + 1, "body {seq} after {}", self.received);
        self.received = seq;
        Ok(Some(body))
    }

    /// The session goes on, and the server has received so many: what it has not.
    pub(crate) fn resume(&mut self, received: u64) -> Result<Vec<Frame<ClientBody>>> {
        self.acknowledge(received)?;
        let again = self.waiting.iter();
        Ok(again.map(|(seq, body)| self.frame(*seq, body.clone())).collect())
    }

    fn acknowledge(&mut self, ack: u64) -> Result<()> {
        ensure!(ack <= self.sent, "body {ack} acknowledged, {} sent", self.sent);
        self.waiting.retain(|(seq, _)| *seq > ack);
        Ok(())
    }

    fn frame(&self, seq: u64, body: ClientBody) -> Frame<ClientBody> {
        Frame {
            seq: Some(seq),
            ack: self.received,
            body: Some(body),
        }
    }
}

/// The protocol's bound.
const MOST_WAITING: usize = 256;

#[cfg(test)]
mod tests {
    use rapport_signaling::protocol::RoomState;

    use super::*;

    fn said(seq: u64, ack: u64) -> Frame<ServerBody> {
        let room = RoomState {
            locked: seq % 2 == 1,
            ..RoomState::default()
        };
        Frame {
            seq: Some(seq),
            ack,
            body: Some(ServerBody::Room { room }),
        }
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again() {
        let mut reliable = Reliable::default();
        for raised in [true, false, true] {
            reliable.send(ClientBody::Hand { raised }).unwrap();
        }
        assert!(reliable.handle(said(1, 1)).unwrap().is_some());
        let again = reliable.resume(2).unwrap();
        let expected = Frame {
            seq: Some(3),
            ack: 1,
            body: Some(ClientBody::Hand { raised: true }),
        };
        assert_eq!(again, [expected]);
        assert!(reliable.resume(4).is_err(), "nobody sent a fourth");
    }

    #[test]
    fn a_body_comes_once_and_none_is_left_out() {
        let mut reliable = Reliable::default();
        assert!(reliable.handle(said(1, 0)).unwrap().is_some());
        assert_eq!(reliable.handle(said(1, 0)).unwrap(), None);
        assert!(reliable.handle(said(3, 0)).is_err());
        assert_eq!(reliable.received(), 1);
    }
}
