//! The seam for everything that is not a media server: a practice, a waiting room, billing.
//!
//! Owns: [`Plugin`], its lanes and its limits. Never does: give a plugin more than an authorised
//! participant could do, or let one hold up anything but itself.
//!
//! A plugin is called in three ways, and each bounds what it can cost the rest: a question has a deadline, after
//! which a join may not take place, and a link is answered with 503; events come through a lane of their own, and
//! what does not fit is lost and counted; packets of a tap likewise. A panic ends the lane in which it happens. Its
//! routes are served a bounded number at a time, until a deadline.

mod routes;
mod tap;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::{error, warn};

use crate::auth::{Join, RoomName};
use crate::directory::Directory;
use crate::invitation::{Invitation, InvitationId};
use crate::room::RoomEvent;

pub use tap::{Tap, Taps};

/// How long a plugin may think about a question. A person waits at the other end; a data base that takes
/// longer is down.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(2);

/// Events waiting for one plugin. The joins and tracks of a full room fit several times over; full means
/// that the plugin has stopped reading.
const EVENT_DEPTH: usize = 1024;

/// What an async method of [`Plugin`] returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A plugin's no, with a reason that the client is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

/// A plugin gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silent;

/// Something that takes part in the control plane. Every method has a default: implement what is needed.
pub trait Plugin: Send + Sync + 'static {
    /// Names it in URLs, logs and metrics: lower case, no spaces.
    fn name(&self) -> &'static str;

    /// May this join, which a token permits already, take place?
    fn authorise<'a>(&'a self, join: &'a Join) -> Answer<'a, Result<(), Refusal>> {
        let _ = join;
        Box::pin(async { Ok(()) })
    }

    /// What does this invitation open? `None` for one that is not this plugin's; one whose time is over is
    /// answered all the same, so that its holder hears that it was right once.
    fn redeem<'a>(&'a self, invitation: &'a InvitationId) -> Answer<'a, Option<Invitation>> {
        let _ = invitation;
        Box::pin(async { None })
    }

    /// Makes an invitation for a guest of this room, whose administrator asks; also until when it works, in seconds
    /// since 1970. `None`: this plugin makes none for this room, or no more.
    fn invite<'a>(&'a self, room: &'a RoomName) -> Answer<'a, Option<(InvitationId, u64)>> {
        let _ = room;
        Box::pin(async { None })
    }

    /// Takes an invitation of this room back. `false`: it is not one that this plugin has made for this room.
    fn take_back<'a>(&'a self, room: &'a RoomName, invitation: &'a InvitationId) -> Answer<'a, bool> {
        let _ = (room, invitation);
        Box::pin(async { false })
    }

    /// Routes below `/plugins/{name}`. They authenticate their callers themselves. The head of an answer
    /// has to come within seconds; its body may take longer.
    fn routes(&self, context: Context) -> Router {
        let _ = context;
        Router::new()
    }

    /// Hears of rooms, one event after the other.
    fn handle_event<'a>(&'a self, context: &'a Context, event: RoomEvent) -> Answer<'a, ()> {
        let _ = (context, event);
        Box::pin(async {})
    }
}

/// What a plugin can do.
#[derive(Clone)]
pub struct Context {
    directory: Arc<Directory>,
    taps: Arc<Taps>,
}

impl Context {
    pub(crate) fn new(directory: Arc<Directory>, taps: Arc<Taps>) -> Self {
        Self { directory, taps }
    }
}

/// The plugins of this process, in the order in which they are asked.
#[derive(Default)]
pub struct Plugins(Vec<Hosted>);

struct Hosted {
    plugin: Arc<dyn Plugin>,
    events: mpsc::Sender<RoomEvent>,
    lost: AtomicU64,
}

/// The reading ends of the event lanes, until [`Plugins::start`] takes them.
pub(crate) struct Lanes(Vec<mpsc::Receiver<RoomEvent>>);

impl Plugins {
    pub(crate) fn new(plugins: Vec<Box<dyn Plugin>>) -> (Self, Lanes) {
        let (hosted, lanes) = plugins.into_iter().map(Hosted::new).unzip();
        (Self(hosted), Lanes(lanes))
    }

    /// Reads the lanes: one task a plugin, that ends with a panic of its plugin.
    pub(crate) fn start(&self, lanes: Lanes, context: &Context) {
        for (hosted, events) in self.0.iter().zip(lanes.0) {
            tokio::spawn(deliver(Arc::clone(&hosted.plugin), context.clone(), events));
        }
    }

    /// Every plugin's routes below its name.
    pub(crate) fn routes(&self, context: &Context) -> Router {
        self.0.iter().fold(Router::new(), |router, hosted| {
            let path = format!("/plugins/{}", hosted.plugin.name());
            let own = hosted.plugin.routes(context.clone());
            router.nest(&path, routes::bound(own))
        })
    }

    /// Asks all of them; the first no counts.
    pub(crate) async fn authorise(&self, join: &Join) -> Result<(), Refusal> {
        for hosted in &self.0 {
            hosted.authorise(join).await?;
        }
        Ok(())
    }

    /// Asks one after the other until one knows the invitation. That none of them does is known only if each
    /// has answered.
    pub(crate) async fn redeem(&self, id: &InvitationId) -> Result<Option<Invitation>, Silent> {
        let mut outcome = Ok(None);
        for hosted in &self.0 {
            match hosted.redeem(id).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(silent) => outcome = Err(silent),
            }
        }
        outcome
    }

    /// Asks one after the other until one makes an invitation.
    pub(crate) async fn invite(&self, room: &RoomName) -> Result<Option<(InvitationId, u64)>, Silent> {
        for hosted in &self.0 {
            let room = room.clone();
            let made = hosted.ask(|plugin| async move { plugin.invite(&room).await });
            if let Some(made) = made.await? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// Asks all of them: one that was made stays in force nowhere.
    pub(crate) async fn take_back(&self, room: &RoomName, id: &InvitationId) -> Result<bool, Silent> {
        let mut outcome = Ok(false);
        for hosted in &self.0 {
            let (room, id) = (room.clone(), id.clone());
            let taken = hosted.ask(|plugin| async move { plugin.take_back(&room, &id).await });
            outcome = match (outcome, taken.await) {
                (Ok(known), Ok(taken)) => Ok(known || taken),
                (Err(silent), _) | (_, Err(silent)) => Err(silent),
            };
        }
        outcome
    }

    /// Tells all of them, waiting for none.
    pub(crate) fn tell(&self, event: &RoomEvent) {
        for hosted in &self.0 {
            hosted.tell(event.clone());
        }
    }

    /// Events lost by plugin.
    pub(crate) fn lost(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let count = |hosted: &Hosted| hosted.lost.load(Ordering::Relaxed);
        self.0
            .iter()
            .map(move |hosted| (hosted.plugin.name(), count(hosted)))
    }
}

impl Hosted {
    fn new(plugin: Box<dyn Plugin>) -> (Self, mpsc::Receiver<RoomEvent>) {
        let (events, lane) = mpsc::channel(EVENT_DEPTH);
        let hosted = Self {
            plugin: plugin.into(),
            events,
            lost: AtomicU64::new(0),
        };
        (hosted, lane)
    }

    async fn authorise(&self, join: &Join) -> Result<(), Refusal> {
        let join = join.clone();
        let verdict = self.ask(|plugin| async move { plugin.authorise(&join).await });
        let silent = |_| Refusal("the join could not be authorised".into());
        verdict.await.map_err(silent)?
    }

    async fn redeem(&self, id: &InvitationId) -> Result<Option<Invitation>, Silent> {
        let id = id.clone();
        self.ask(|plugin| async move { plugin.redeem(&id).await }).await
    }

    /// In a task of its own, so that a panic comes back as a value.
    async fn ask<T, F>(&self, question: impl FnOnce(Arc<dyn Plugin>) -> F) -> Result<T, Silent>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let mut task = tokio::spawn(question(Arc::clone(&self.plugin)));
        let how = match timeout(ANSWER_DEADLINE, &mut task).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(_)) => "panicked",
            Err(_) => {
                task.abort();
                "did not answer in time"
            }
        };
        warn!(plugin = self.plugin.name(), "asked by a client, it {how}");
        Err(Silent)
    }

    fn tell(&self, event: RoomEvent) {
        if self.events.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn deliver(plugin: Arc<dyn Plugin>, context: Context, mut events: mpsc::Receiver<RoomEvent>) {
    let _guard = Unwinding(plugin.name());
    while let Some(event) = events.recv().await {
        plugin.handle_event(&context, event).await;
    }
}

/// Says so when a plugin's lane ends by a panic.
struct Unwinding(&'static str);

impl Drop for Unwinding {
    fn drop(&mut self) {
        if std::thread::panicking() {
            error!(plugin = self.0, "panicked, and hears no more events");
        }
    }
}
