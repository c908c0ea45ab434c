//! A plugin's ear: the packets of one track, over a bounded lane.
//!
//! Owns: the lanes by tap and their counters. Never does: wait for a reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use rapport_sfu::command::Command;
use rapport_sfu::id::{TapId, TrackId};
use rapport_sfu::subscription::tap::TapPacket;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::Context;
use crate::auth::RoomName;
use crate::media::Lane;
use crate::room::{Request, RoomError};

/// Packets waiting for one reader: half a second of 720p. Full means that it does not keep up, and what
/// comes then is lost and counted.
const TAP_DEPTH: usize = 256;

/// The reading end. Dropping it ends the tap.
#[derive(Debug)]
pub struct Tap {
    track: TrackId,
    packets: mpsc::Receiver<TapPacket>,
}

impl Tap {
    /// Which track.
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// The next packet; `None` when the server stops.
    pub async fn recv(&mut self) -> Option<TapPacket> {
        self.packets.recv().await
    }
}

/// Every open tap.
#[derive(Debug, Default)]
pub struct Taps {
    open: DashMap<TapId, Writer>,
    lost: AtomicU64,
    lost_of_recorder: AtomicU64,
}

#[derive(Clone, Debug)]
struct Writer {
    packets: mpsc::Sender<TapPacket>,
    lane: Lane,
    /// All of its taps have one lane.
    is_of_recorder: bool,
}

impl Taps {
    /// Brings packets to their readers until the lane ends.
    pub(crate) async fn deliver(self: Arc<Self>, mut packets: mpsc::Receiver<TapPacket>) {
        while let Some(packet) = packets.recv().await {
            self.handle_packet(packet).await;
        }
    }

    /// Packets lost because a reader did not keep up.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn handle_packet(&self, packet: TapPacket) {
        let tap = packet.tap;
        let Some(writer) = self.open.get(&tap).map(|writer| writer.clone()) else {
            return;
        };
        match writer.packets.try_send(packet) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                let lost = if writer.is_of_recorder {
                    &self.lost_of_recorder
                } else {
                    &self.lost
                };
                lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Closed(_)) => {
                self.open.remove(&tap);
                // A worker that is gone has no taps left to end.
                let _ = writer.lane.send(Command::Untap { tap }).await;
            }
        }
    }

    fn open(&self, tap: TapId, lane: Lane) -> mpsc::Receiver<TapPacket> {
        let (packets, reader) = mpsc::channel(TAP_DEPTH);
        let is_of_recorder = false;
        self.open.insert(
            tap,
            Writer {
                packets,
                lane,
                is_of_recorder,
            },
        );
        reader
    }

    /// Of the recorder, whose taps share a lane.
    pub(crate) fn open_for_recorder(&self, tap: TapId, lane: Lane, packets: mpsc::Sender<TapPacket>) {
        let is_of_recorder = true;
        self.open.insert(
            tap,
            Writer {
                packets,
                lane,
                is_of_recorder,
            },
        );
    }

    /// Nothing comes of these any more.
    pub(crate) async fn close(&self, taps: impl IntoIterator<Item = TapId>) {
        for tap in taps {
            if let Some((_, writer)) = self.open.remove(&tap) {
                // A worker that is gone has no taps left to end.
                let _ = writer.lane.send(Command::Untap { tap }).await;
            }
        }
    }

    /// Packets lost because the recorder did not keep up.
    pub(crate) fn lost_of_recorder(&self) -> u64 {
        self.lost_of_recorder.load(Ordering::Relaxed)
    }
}

impl Context {
    /// Listens to a track of a room, whose names came with a [`crate::room::RoomEvent::Published`].
    pub async fn tap(&self, room: &RoomName, track: TrackId) -> Result<Tap, RoomError> {
        let room = self.directory.room(room).ok_or(RoomError::NoTrack)?;
        let tap = self.directory.tap_id();
        // The lane is there before the first packet can be.
        let packets = self.taps.open(tap, room.lane().clone());
        let opened = room.ask(|reply| Request::Tap(tap, track, reply)).await;
        match opened.unwrap_or(Err(RoomError::NoTrack)) {
            Ok(()) => Ok(Tap { track, packets }),
            Err(error) => {
                self.taps.open.remove(&tap);
                Err(error)
            }
        }
    }
}
