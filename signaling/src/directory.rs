//! Which room lives where, and whose session is whose.
//!
//! Owns: the registries, the ids and the way of an event to its room. Never does: look into a room; each
//! has an owner of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rapport_config::{Config, Limits};
use rapport_keys::Ruling;
use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId, SubscriptionId, TapId, TrackId};
use rapport_sfu::worker::Load;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::auth::{Identity, Role, RoomName};
use crate::media::{Endpoint, Lane};
use crate::metrics::Metrics;
use crate::plugin::Plugins;
use crate::protocol::CloseReason;
use crate::recorder::RecorderHandle;
use crate::room::{self, Admission, Mailbox, Request, RoomError, Rules};
use crate::session::SessionId;

/// See the module. The maps are concurrent; no reference into one is held over an `await`.
pub struct Directory {
    limits: Limits,
    clear_rooms: bool,
    av1: bool,
    recorder: Option<RecorderHandle>,
    lanes: Vec<Lane>,
    /// Of the lanes, in their order. Counted here and not asked of the workers, whose own numbers are older
    /// than the last joins. A room counts like a participant, for the one it was opened for.
    load: Mutex<Load>,
    plugins: Plugins,
    metrics: Arc<Metrics>,
    emptied: Notify,
    next_id: AtomicU64,
    rooms: DashMap<RoomName, Mailbox>,
    sessions: DashMap<SessionId, Session>,
    routes: Routes,
}

/// Where events go.
#[derive(Default)]
struct Routes {
    rooms: DashMap<RoomId, Mailbox>,
    participants: DashMap<ParticipantId, RoomId>,
    tracks: DashMap<TrackId, RoomId>,
}

/// Somebody's session: of WHIP or WHEP, as its URL finds it, or of a member of a call, which has no URL.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where.
    pub room: RoomName,
    /// Its name inside.
    pub participant: ParticipantId,
    /// Whose.
    pub identity: Identity,
    /// Opened to do what.
    pub role: Role,
}

impl Session {
    pub(crate) fn of(admission: &Admission) -> Self {
        Self {
            room: admission.join.room().clone(),
            participant: admission.participant,
            identity: admission.join.identity().clone(),
            role: admission.join.role(),
        }
    }
}

/// What somebody finds who was let in.
#[derive(Debug)]
pub struct Entered<P, A> {
    /// Where.
    pub room: Mailbox,
    /// What was prepared beside the request.
    pub prepared: P,
    /// What the room said.
    pub answer: A,
}

/// Why somebody does not get in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The limit of the configuration.
    #[error("there are as many rooms as this server may have")]
    TooManyRooms,
    /// No worker takes orders.
    #[error("no media worker is running")]
    NoWorker,
    /// The room said no.
    #[error(transparent)]
    Room(#[from] RoomError),
}

impl Directory {
    /// Without rooms.
    pub fn new(
        config: &Config,
        lanes: Vec<Lane>,
        plugins: Plugins,
        (metrics, recorder): (Arc<Metrics>, Option<RecorderHandle>),
    ) -> Arc<Self> {
        Arc::new(Self {
            limits: config.limits.clone(),
            clear_rooms: config.media.clear_rooms,
            av1: config.media.av1,
            recorder,
            load: Mutex::new(Load::new(lanes.len())),
            lanes,
            plugins,
            metrics,
            emptied: Notify::new(),
            next_id: AtomicU64::new(1),
            rooms: DashMap::new(),
            sessions: DashMap::new(),
            routes: Routes::default(),
        })
    }

    /// The bounds of the configuration.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What holds in every room.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            participants: self.limits.participants_per_room as usize,
            publications: self.limits.publications_per_participant as usize,
            subscriptions: self.limits.subscriptions_per_participant as usize,
            clear: self.clear_rooms,
            records: self.recorder.is_some(),
        }
    }

    /// The workers.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Pages are to offer AV1 first.
    pub(crate) const fn offers_av1(&self) -> bool {
        self.av1
    }

    /// The recorder, where there is one.
    pub(crate) fn recorder(&self) -> Option<&RecorderHandle> {
        self.recorder.as_ref()
    }

    /// The plugins.
    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    fn open(self: &Arc<Self>, name: &RoomName) -> Result<Mailbox, JoinError> {
        let count = self.rooms.len();
        match self.rooms.entry(name.clone()) {
            Entry::Occupied(room) => Ok(room.get().clone()),
            Entry::Vacant(_) if count >= self.limits.rooms as usize => Err(JoinError::TooManyRooms),
            Entry::Vacant(vacant) => {
                let mailbox = self.spawn(name)?;
                vacant.insert(mailbox.clone());
                Ok(mailbox)
            }
        }
    }

    /// Lets somebody in. `prepare` is told the worker's endpoint, because the answer names it, and gives the
    /// request that lets in; it is asked again when the room closes in the meantime, since the next room of that
    /// name may live elsewhere.
    pub async fn enter<P, A, R, E: From<JoinError>>(
        self: &Arc<Self>,
        name: &RoomName,
        mut prepare: impl FnMut(&Endpoint) -> Result<(R, P), E>,
    ) -> Result<Entered<P, A>, E>
    where
        R: FnOnce(oneshot::Sender<Result<A, RoomError>>) -> Request,
    {
        loop {
            let room = self.open(name)?;
            let (request, prepared) = match prepare(room.lane().endpoint()) {
                Ok(ready) => ready,
                Err(error) => {
                    // Any request lets a room notice that nobody came.
                    room.ask(Request::Summary).await;
                    return Err(error);
                }
            };
            if let Some(answer) = room.ask(request).await {
                let answer = answer.map_err(JoinError::Room)?;
                return Ok(Entered {
                    room,
                    prepared,
                    answer,
                });
            }
        }
    }

    /// The room of that name, if it is open.
    pub fn room(&self, name: &RoomName) -> Option<Mailbox> {
        self.rooms.get(name).map(|room| room.clone())
    }

    /// Every open room.
    pub fn rooms(&self) -> Vec<(RoomName, Mailbox)> {
        let entries = self.rooms.iter();
        entries
            .map(|entry| (entry.key().clone(), entry.value().clone()))
            .collect()
    }

    /// How many rooms are open.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// How many sessions play this role.
    pub fn session_count(&self, role: Role) -> usize {
        self.sessions
            .iter()
            .filter(|session| session.role == role)
            .count()
    }

    /// How many guests wait to be let in.
    pub fn waiting_count(&self) -> usize {
        self.rooms.iter().map(|room| room.waiting_count()).sum()
    }

    /// The session of that URL.
    pub fn session(&self, id: &SessionId) -> Option<Session> {
        self.sessions.get(id).map(|session| session.clone())
    }

    /// A name for somebody new.
    pub fn participant_id(&self) -> ParticipantId {
        ParticipantId(self.next())
    }

    /// A name for a new track.
    pub fn track_id(&self) -> TrackId {
        TrackId(self.next())
    }

    /// A name for a new place.
    pub fn subscription_id(&self) -> SubscriptionId {
        SubscriptionId(self.next())
    }

    /// A name for a new tap.
    pub fn tap_id(&self) -> TapId {
        TapId(self.next())
    }

    /// Brings events of one worker to their rooms until the lane ends.
    pub async fn dispatch(self: Arc<Self>, mut events: mpsc::Receiver<Event>) {
        while let Some(event) = events.recv().await {
            self.metrics.count_event(&event);
            if let Some(room) = self.routes.find(&event) {
                // A closed room has forgotten everybody: the event is about the past.
                let _ = room.send(Request::Media(event)).await;
            }
        }
    }

    /// Waits for the end of a worker, and closes the rooms that lived on it.
    pub async fn mourn(self: Arc<Self>, lane: Lane) {
        lane.closed().await;
        for (_, room) in self.rooms() {
            if room.lane().is_same(&lane) {
                // A room that closed by itself needs no telling.
                let _ = room.send(Request::LoseWorker).await;
            }
        }
    }

    /// Sends everybody away.
    pub async fn close_all(&self) {
        let mut closed = JoinSet::new();
        for (_, room) in self.rooms() {
            let close = |reply| Request::Close(CloseReason::Unavailable, reply);
            closed.spawn(async move { room.ask(close).await });
        }
        closed.join_all().await;
    }

    /// Returns when no room is open.
    pub async fn empty(&self) {
        loop {
            let closed = self.emptied.notified();
            if self.rooms.is_empty() {
                return;
            }
            closed.await;
        }
    }

    /// Counts a participant whose worker can't say any more that it left.
    pub(crate) fn count_lost_participant(&self) {
        self.metrics.count_leave(LeaveReason::WorkerLost);
    }

    /// Counts a message of the key protocol.
    pub(crate) fn count_key_message(&self, relayed: &Result<Vec<Ruling>, RoomError>) {
        self.metrics.count_key_message(relayed);
    }

    pub(crate) fn remove_room(&self, name: &RoomName, id: RoomId, lane: &Lane) {
        self.unload(lane);
        self.rooms.remove_if(name, |_, room| room.id() == id);
        self.routes.rooms.remove(&id);
        self.emptied.notify_waiters();
    }

    pub(crate) fn add_session(&self, id: SessionId, session: Session, lane: &Lane) {
        if let Some(worker) = self.worker(lane) {
            self.load().joined(worker);
        }
        self.sessions.insert(id, session);
    }

    pub(crate) fn remove_session(
        &self,
        id: &SessionId,
        participant: ParticipantId,
        tracks: &[TrackId],
        lane: &Lane,
    ) {
        self.unload(lane);
        self.sessions.remove(id);
        self.routes.participants.remove(&participant);
        for track in tracks {
            self.routes.tracks.remove(track);
        }
    }

    /// Remembers what a command names, before the media plane can speak of it.
    pub(crate) fn note(&self, room: RoomId, command: &Command) {
        match command {
            Command::Join { participant, .. } => drop(self.routes.participants.insert(*participant, room)),
            Command::Publish { track, .. } => drop(self.routes.tracks.insert(*track, room)),
            _ => {}
        }
    }

    fn spawn(self: &Arc<Self>, name: &RoomName) -> Result<Mailbox, JoinError> {
        let id = RoomId(self.next());
        let lane = self.take_lane().ok_or(JoinError::NoWorker)?;
        let mailbox = room::spawn(Arc::clone(self), id, name.clone(), lane);
        self.routes.rooms.insert(id, mailbox.clone());
        Ok(mailbox)
    }

    /// A room lives whole on one worker: the least loaded one.
    fn take_lane(&self) -> Option<Lane> {
        let mut load = self.load();
        for (worker, lane) in self.lanes.iter().enumerate() {
            if !lane.is_alive() {
                load.lost(worker);
            }
        }
        let worker = load.least()?;
        load.joined(worker);
        self.lanes.get(worker).cloned()
    }

    fn unload(&self, lane: &Lane) {
        if let Some(worker) = self.worker(lane) {
            self.load().left(worker);
        }
    }

    fn worker(&self, lane: &Lane) -> Option<usize> {
        self.lanes.iter().position(|other| other.is_same(lane))
    }

    /// Numbers have no half-done state that a panic could leave behind.
    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

impl Routes {
    fn find(&self, event: &Event) -> Option<Mailbox> {
        let room = match event {
            Event::Left { room, .. } => *room,
            Event::Connected { participant, .. } | Event::Message { participant, .. } => {
                *self.participants.get(participant)?
            }
            Event::Started { track } | Event::Stalled { track } | Event::Unsealed { track } => {
                *self.tracks.get(track)?
            }
            _ => return None,
        };
        self.rooms.get(&room).map(|mailbox| mailbox.clone())
    }
}
