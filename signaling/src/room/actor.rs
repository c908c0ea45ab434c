//! The task that owns a room: requests and events in one queue, so that each sees the last one's result.
//!
//! Owns: the mailbox, the clock of joins, and the carrying out of effects. Never does: decide; [`super::Room`] does,
//! and [`super::pace`] how often somebody may come.

use std::sync::Arc;

use rapport_recorder::RecordingId;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId, TapId, TrackId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::{info, warn};

use super::delivery::Delivery;
use super::pace::Pace;
use super::{
    Admission, Ask, Effect, Extension, Notice, Patched, Recorded, Room, RoomError, RoomEvent, RoomInfo,
    RoomSummary,
};
use crate::auth::RoomName;
use crate::directory::{Directory, Session};
use crate::media::Lane;
use crate::protocol::{Audience, CloseReason, Slot, Snapshot};
use crate::session::IfMatch;

/// Requests and events waiting for one room. A room of fifty that all leave at once fits; full means that
/// the media worker does not take orders, and whoever asks waits with it.
const MAILBOX_DEPTH: usize = 64;

type Reply<T> = oneshot::Sender<Result<T, RoomError>>;

/// What can be asked of a room.
#[derive(Debug)]
pub enum Request {
    /// Let somebody in.
    Join(Box<Admission>, Reply<()>),
    /// Let a member of a call in, and tell it through the lane what happens.
    Sit(Box<Admission>, mpsc::Sender<Notice>, Reply<Snapshot>),
    /// A member of a call asks for something.
    Ask(ParticipantId, Ask, Reply<()>),
    /// A member's message of the key protocol, and for whom.
    Relay(ParticipantId, Audience, String, Reply<()>),
    /// A member still agrees to a recording.
    Lease(ParticipantId, String, Reply<()>),
    /// A member gives a key to those who may open a recording.
    Capsule(ParticipantId, String, Reply<()>),
    /// The recorder said something.
    Recorded(RecordingId, Recorded),
    /// A member's new offer; the answer is all its places.
    Extend(ParticipantId, Box<Extension>, Reply<Vec<Slot>>),
    /// Somebody goes by its own will.
    Leave(ParticipantId, Reply<()>),
    /// Send somebody away.
    Remove(ParticipantId, Reply<()>),
    /// Candidates, or an ICE restart.
    Patch(ParticipantId, IfMatch, String, Reply<Patched>),
    /// Silence a track, or let it be heard.
    Mute(TrackId, bool, Reply<()>),
    /// Start or end a tap.
    Tap(TapId, TrackId, Reply<()>),
    /// Send everybody away, and tell members of a call why.
    Close(CloseReason, Reply<()>),
    /// The worker has ended, and all media with it.
    LoseWorker,
    /// Show in short.
    Summary(oneshot::Sender<RoomSummary>),
    /// Show in full.
    Info(oneshot::Sender<RoomInfo>),
    /// The media plane said something.
    Media(Event),
}

/// The way to a room.
#[derive(Clone, Debug)]
pub struct Mailbox {
    id: RoomId,
    lane: Lane,
    requests: mpsc::Sender<Request>,
    /// Latest wins: a scrape asks no room, so that none can hold it up.
    waiting: watch::Receiver<usize>,
}

impl Mailbox {
    /// Which room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The worker on which it lives.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// How many guests waited to be let in when the last request was done.
    pub fn waiting_count(&self) -> usize {
        *self.waiting.borrow()
    }

    /// Puts a request in; gives it back when the room is closed.
    pub async fn send(&self, request: Request) -> Result<(), Request> {
        self.requests.send(request).await.map_err(|refused| refused.0)
    }

    /// Asks, and waits for the answer; `None` when the room is closed.
    pub async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// Starts the task of an empty room. It ends when the last participant is gone, and after any request that
/// finds nobody there.
pub fn spawn(directory: Arc<Directory>, id: RoomId, name: RoomName, lane: Lane) -> Mailbox {
    let (requests, inbox) = mpsc::channel(MAILBOX_DEPTH);
    let (waiting, told) = watch::channel(0);
    let room = Room::new(id, name.clone(), directory.rules());
    let actor = Actor {
        directory,
        id,
        name,
        lane: lane.clone(),
        room,
        delivery: Delivery::default(),
        pace: Pace::default(),
        waiting,
        own: requests.downgrade(),
    };
    tokio::spawn(actor.run(inbox));
    Mailbox {
        id,
        lane,
        requests,
        waiting: told,
    }
}

struct Actor {
    directory: Arc<Directory>,
    id: RoomId,
    name: RoomName,
    lane: Lane,
    room: Room,
    delivery: Delivery,
    pace: Pace,
    waiting: watch::Sender<usize>,
    /// The way here, for the recorder. It does not keep the room.
    own: mpsc::WeakSender<Request>,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        loop {
            let happened = tokio::select! {
                request = inbox.recv() => Some(request),
                () = due(self.room.poll_timeout()) => None,
            };
            match happened {
                Some(Some(request)) => self.handle(request),
                Some(None) => break,
                None => {}
            }
            self.room.review(now());
            self.settle().await;
            self.waiting.send_replace(self.room.waiting_count());
            if self.room.is_empty() {
                break;
            }
        }
        // From here on a join opens the next room of this name. Whoever wrote in the meantime sees its
        // reply dropped and asks there.
        self.directory.remove_room(&self.name, self.id, &self.lane);
    }

    /// A reply that nobody waits for any more is no error: the client hung up.
    fn handle(&mut self, request: Request) {
        match request {
            // Who gave up waiting is not let in: nobody knows the way to that session.
            Request::Join(_, reply) if reply.is_closed() => {}
            Request::Join(admission, reply) => drop(reply.send(self.join(*admission))),
            Request::Sit(_, _, reply) if reply.is_closed() => {}
            Request::Sit(admission, notices, reply) => self.sit(*admission, notices, reply),
            Request::Ask(member, ask, reply) => drop(reply.send(self.room.ask(member, ask))),
            Request::Relay(member, to, message, reply) => {
                drop(reply.send(self.relay(member, to, &message)));
            }
            Request::Lease(member, recording, reply) => {
                drop(reply.send(self.room.lease(member, &recording, now())));
            }
            Request::Capsule(member, message, reply) => {
                drop(reply.send(self.room.capsule(member, message)));
            }
            Request::Recorded(id, recorded) => self.room.handle_recorded(id, recorded),
            Request::Extend(member, extension, reply) => {
                let extended = self.room.extend(member, *extension);
                if extended.is_ok() {
                    self.deliver(member, Notice::Extended);
                }
                drop(reply.send(extended));
            }
            Request::Leave(participant, reply) => drop(reply.send(self.room.leave(participant))),
            Request::Remove(participant, reply) => {
                drop(reply.send(self.room.expel(participant, CloseReason::Removed)));
            }
            Request::Patch(participant, condition, fragment, reply) => {
                let candidates = &self.lane.endpoint().candidates;
                let patched = self.room.patch(participant, &condition, &fragment, candidates);
                drop(reply.send(patched));
            }
            Request::Mute(track, muted, reply) => drop(reply.send(self.room.mute(track, muted))),
            Request::Tap(tap, track, reply) => drop(reply.send(self.room.tap(tap, track))),
            Request::Close(why, reply) => {
                self.room.close(LeaveReason::RoomClosed, why);
                drop(reply.send(Ok(())));
            }
            Request::LoseWorker => self.lose_worker(),
            Request::Summary(reply) => drop(reply.send(self.room.summary())),
            Request::Info(reply) => drop(reply.send(self.room.info())),
            Request::Media(event) => self.room.handle_event(event),
        }
    }

    fn join(&mut self, admission: Admission) -> Result<(), RoomError> {
        self.admit(admission, Room::join)
    }

    fn sit(&mut self, admission: Admission, notices: mpsc::Sender<Notice>, reply: Reply<Snapshot>) {
        let participant = admission.participant;
        let seated = if self.pace.admits(admission.join.identity(), now()) {
            self.admit(admission, Room::sit)
        } else {
            Err(RoomError::TooOften)
        };
        if seated.is_ok() {
            self.delivery.open(participant, notices);
        }
        if let Err(Ok(_)) = reply.send(seated) {
            // Hung up at the last moment. If it is not in the room, there is nothing to take back.
            let _ = self.room.leave(participant);
        }
    }

    fn relay(&mut self, from: ParticipantId, to: Audience, message: &str) -> Result<(), RoomError> {
        let relayed = self.room.relay(from, to, message, now());
        self.directory.count_key_message(&relayed);
        relayed.map(drop)
    }

    /// The session is known before effects can end it.
    fn admit<T>(
        &mut self,
        admission: Admission,
        enter: impl FnOnce(&mut Room, Admission) -> Result<T, RoomError>,
    ) -> Result<T, RoomError> {
        let id = admission.session.clone();
        let session = Session::of(&admission);
        let entered = enter(&mut self.room, admission)?;
        self.directory.add_session(id, session, &self.lane);
        Ok(entered)
    }

    async fn settle(&mut self) {
        while let Some(effect) = self.room.poll_effect() {
            match effect {
                Effect::Command(command) => {
                    self.directory.note(self.id, &command);
                    if self.lane.send(command).await.is_err() {
                        self.lose_worker();
                    }
                }
                Effect::Event(event) => self.tell(event),
                Effect::Record(order) => {
                    if let Some(recorder) = self.directory.recorder() {
                        let next_tap = || self.directory.tap_id();
                        recorder.handle(order, &self.lane, &self.own, next_tap).await;
                    }
                }
                Effect::Notify(member, notice) => self.deliver(member, notice),
                Effect::Gone {
                    session,
                    participant,
                    tracks,
                } => self
                    .directory
                    .remove_session(&session, participant, &tracks, &self.lane),
            }
        }
    }

    fn deliver(&mut self, member: ParticipantId, notice: Notice) {
        if self.delivery.deliver(member, notice).is_err() {
            warn!(room = %self.name, participant = %member, "does not read what it is told, and is sent away");
            // Whoever is gone already needs no sending.
            let _ = self.room.expel(member, CloseReason::TooSlow);
        }
    }

    /// Without its worker a room has no media and never will again: its sessions end, clients join anew.
    fn lose_worker(&mut self) {
        if !self.room.is_empty() {
            warn!(room = %self.name, "the media worker is gone, the room closes");
            self.room.close(LeaveReason::WorkerLost, CloseReason::Unavailable);
        }
    }

    fn tell(&self, event: RoomEvent) {
        log(&event);
        if let RoomEvent::Left {
            reason: LeaveReason::WorkerLost,
            ..
        } = event
        {
            self.directory.count_lost_participant();
        }
        self.directory.plugins().tell(&event);
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Never, where nothing is due.
async fn due(at: Option<std::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

fn log(event: &RoomEvent) {
    match event {
        RoomEvent::Joined {
            room,
            participant,
            role,
            ..
        } => info!(%room, %participant, role = role.label(), "joined"),
        RoomEvent::Connected { room, participant } => info!(%room, %participant, "connected"),
        RoomEvent::Left {
            room,
            participant,
            reason,
        } => info!(%room, %participant, ?reason, "left"),
        RoomEvent::Closed { room } => info!(%room, "closed"),
        RoomEvent::Published { .. } | RoomEvent::Message { .. } => {}
    }
}
