//! The lanes between the control plane and a worker: values cross, never handles to state.
//!
//! Owns: the depth of each lane and what being full means. Never does: make a worker wait. The lanes are
//! `async-channel`s: a runtime of any kind, or none, can wait at the control plane's end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_channel::{Receiver, Sender, TrySendError, bounded};

use super::{Lost, Machine, Report};

/// Commands under way to one worker. Reliable: full means that the worker is behind by as many, and the
/// control plane waits. A join is under ten commands, so this holds a hundred people arriving at one
/// moment, and at [`COMMANDS_PER_TURN`] it is worked off within sixteen turns.
const COMMAND_DEPTH: usize = 1_024;

/// Commands that one turn obeys, so that media never waits for a burst of them.
pub(super) const COMMANDS_PER_TURN: usize = 64;

/// Events that the control plane has not yet read. Reliable, and the worker never waits: full means that
/// the control plane is dead, since events are rare, and the worker stops loudly. The largest burst is a
/// thousand people leaving one closed room; this is sixteen of those.
const EVENT_DEPTH: usize = 16_384;

/// Packets of taps that their reader has not yet taken. Lossy: full means that the reader is too slow;
/// what is lost is counted. A second of four 720p publishers with their sound.
const TAP_DEPTH: usize = 2_048;

/// Opens the lanes of one worker.
pub(super) fn open<M: Machine>(waker: mio::Waker) -> (Mailbox<M>, ControlEnd<M>) {
    let (command_sender, commands) = bounded(COMMAND_DEPTH);
    let (events, event_receiver) = bounded(EVENT_DEPTH);
    let (taps, tap_receiver) = bounded(TAP_DEPTH);
    let doorbell = Arc::new(Doorbell {
        waker,
        stop: AtomicBool::new(false),
    });
    let control = ControlEnd {
        commands: Commands {
            lane: command_sender,
            doorbell: Arc::clone(&doorbell),
        },
        events: event_receiver,
        taps: tap_receiver,
    };
    let mailbox = Mailbox {
        commands,
        events,
        taps,
        doorbell,
    };
    (mailbox, control)
}

/// The control plane's end of a worker's lanes.
pub(super) struct ControlEnd<M: Machine> {
    pub(super) commands: Commands<M>,
    pub(super) events: Receiver<M::Event>,
    pub(super) taps: Receiver<M::Tap>,
}

/// Wakes a sleeping worker, and tells it to stop.
pub(super) struct Doorbell {
    waker: mio::Waker,
    stop: AtomicBool,
}

impl Doorbell {
    fn ring(&self) {
        // The eventfd behind it fails only when it is gone, and then so is the worker.
        let _ = self.waker.wake();
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.ring();
    }
}

/// What stands in the command lane.
pub(super) enum Order<M: Machine> {
    Command(M::Command),
    /// A snapshot is asked for; the answer is the latest there is.
    Report(Sender<Report<M::Stats>>),
}

/// The control plane's way to order a worker. Clones share one lane.
pub struct Commands<M: Machine> {
    lane: Sender<Order<M>>,
    doorbell: Arc<Doorbell>,
}

impl<M: Machine> Clone for Commands<M> {
    fn clone(&self) -> Self {
        Self {
            lane: self.lane.clone(),
            doorbell: Arc::clone(&self.doorbell),
        }
    }
}

impl<M: Machine> Commands<M> {
    /// Sends a command; waits, without a thread, while the lane is full.
    pub async fn send(&self, command: M::Command) -> Result<(), Gone> {
        self.order(Order::Command(command)).await
    }

    /// Sends a command if the lane has room, else hands it back.
    pub fn try_send(&self, command: M::Command) -> Result<(), Refused<M::Command>> {
        match self.lane.try_send(Order::Command(command)) {
            Ok(()) => {
                self.doorbell.ring();
                Ok(())
            }
            Err(TrySendError::Full(Order::Command(command))) => Err(Refused::Full(command)),
            Err(_) => Err(Refused::Gone),
        }
    }

    /// Asks for what has been counted so far.
    pub async fn report(&self) -> Result<Report<M::Stats>, Gone> {
        let (reply, answer) = bounded(1);
        self.order(Order::Report(reply)).await?;
        answer.recv().await.map_err(|_| Gone)
    }

    async fn order(&self, order: Order<M>) -> Result<(), Gone> {
        self.lane.send(order).await.map_err(|_| Gone)?;
        self.doorbell.ring();
        Ok(())
    }

    pub(super) fn doorbell(&self) -> Arc<Doorbell> {
        Arc::clone(&self.doorbell)
    }
}

/// The worker has ended; [`super::Thread::stop`] tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media worker has ended")]
pub struct Gone;

/// A command that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused<C> {
    /// The lane is full; the command comes back.
    Full(C),
    /// The worker has ended.
    Gone,
}

/// The worker's end of its lanes.
pub(super) struct Mailbox<M: Machine> {
    commands: Receiver<Order<M>>,
    events: Sender<M::Event>,
    taps: Sender<M::Tap>,
    doorbell: Arc<Doorbell>,
}

impl<M: Machine> Mailbox<M> {
    /// Whether somebody said stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.doorbell.stop.load(Ordering::Acquire)
    }

    /// Takes no more commands; those that are here already are still obeyed.
    pub(super) fn close(&self) {
        self.commands.close();
    }

    /// Whether a turn's bound left commands behind.
    pub(super) fn has_more(&self) -> bool {
        !self.commands.is_empty()
    }

    /// The next order, if there is one.
    pub(super) fn next(&self) -> Option<Order<M>> {
        self.commands.try_recv().ok()
    }

    /// Reports one event; the lane must have room.
    pub(super) fn event(&self, event: M::Event) -> Result<(), Lost> {
        match self.events.try_send(event) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Lost::EventLaneFull),
            Err(TrySendError::Closed(_)) => Err(Lost::Abandoned),
        }
    }

    /// Hands one packet to the reader of taps; `false` when it is lost.
    pub(super) fn tap(&self, packet: M::Tap) -> bool {
        self.taps.try_send(packet).is_ok()
    }
}

impl<M: Machine> Drop for Mailbox<M> {
    /// Also when the worker panicked: who waits for an answer that will not come is let go.
    fn drop(&mut self) {
        self.commands.close();
        while self.next().is_some() {}
    }
}
