//! The recorder's thread, and the way to it.
//!
//! Owns: one thread that waits for the disk, so that nothing else does; and what goes there and comes back. Never does:
//! decide who agrees; rooms do, and the desk holds them to it.
//!
//! | lane | bound | full means |
//! |---|---|---|
//! | orders | [`ORDER_DEPTH`] | rooms wait: an order lost would be a recording of somebody who said no |
//! | packets | [`PACKET_DEPTH`] | the packet is lost and counted: the disk is slower than what is recorded |
//! | events | [`EVENT_DEPTH`] | what is told again a second later is left out; a beginning and an end wait |

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rapport_recorder::{
    BeginError, Counts, Desk, DeskEvent, Disk, Expired, FileSystem, Limits, Manifest, Recorder, RecordingId,
    Recovered, Stats, Track, Uploads, expire, list, recover,
};
use rapport_seal::Codec;
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::id::{TapId, TrackId};
use rapport_sfu::subscription::tap::TapPacket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;
use tracing::{error, info, warn};

use crate::media::Lane;
use crate::plugin::Taps;
use crate::room::{Beginning, Feed, RecordOrder, Recorded, Request};

/// Orders on their way: those of all rooms of a server at the same moment.
const ORDER_DEPTH: usize = 1024;

/// Packets on their way: a sync of half a second while a hundred people are recorded.
const PACKET_DEPTH: usize = 16_384;

/// Events on their way to rooms: some seconds of a hundred recordings.
const EVENT_DEPTH: usize = 1024;

/// How long the disk may take for the last words: a controller that is reset takes less.
const STOPPING: Duration = Duration::from_secs(30);

/// The clock of a machine that has just started may be another one than a moment later.
const CLOCK_SETTLES: Duration = Duration::from_secs(600);

/// How often recordings are looked at whose time is over: days are what is agreed to.
const RETENTION: Duration = Duration::from_secs(3600);

/// Packets that are taken in before anything else is looked at.
const BATCH: usize = 256;

/// What was counted, of some moments ago.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Of the disk.
    pub stats: Stats,
    /// Of frames.
    pub counts: Counts,
    /// How far sound and picture of the worst person are apart from where their sender put them, if that is known.
    pub skew: Option<Duration>,
    /// Recordings that a crash had left, and that were brought to an end at the start.
    pub recovered: u64,
    /// Packets that found no room in their lane.
    pub lost_packets: u64,
    /// Of the copies in a bucket, where there is one.
    pub uploads: Option<Uploads>,
    /// When the thread has told this; it stands still while the disk hangs.
    pub at: Option<Instant>,
}

/// The way to the recorder.
#[derive(Debug)]
pub struct RecorderHandle {
    orders: mpsc::Sender<Order>,
    packets: mpsc::Sender<TapPacket>,
    taps: Arc<Taps>,
    /// By which each recording listens.
    listening: DashMap<RecordingId, Vec<TapId>>,
    reports: watch::Receiver<Report>,
    uploads: Option<watch::Receiver<Uploads>>,
}

/// What the thread is told.
#[derive(Debug)]
enum Order {
    Begin(Box<Beginning>, Vec<TapId>, mpsc::WeakSender<Request>),
    Feed(RecordingId, u8, TapId, TrackId),
    Room(RecordOrder),
    /// End what is going on, and then the thread.
    Stop,
}

impl RecorderHandle {
    /// Brings to an end what a crash left in the folder, and starts the thread.
    pub fn start(
        settings: &rapport_config::Recorder,
        taps: Arc<Taps>,
    ) -> io::Result<Option<(Self, Running)>> {
        let Some(folder) = &settings.folder else {
            return Ok(None);
        };
        std::fs::create_dir_all(folder)?;
        let recovered = recover_all(folder)?;
        let limits = Limits {
            floor_bytes: settings.floor.as_bytes(),
            reserve_bytes: settings.reserve.as_bytes(),
            quota_bytes: settings.quota.map(|quota| quota.as_bytes()),
        };
        let recorder = Recorder::open(FileSystem::of(folder)?, limits, Instant::now())?;
        let (orders, order_lane) = mpsc::channel(ORDER_DEPTH);
        let (packets, packet_lane) = mpsc::channel(PACKET_DEPTH);
        let (report, reports) = watch::channel(Report {
            recovered,
            ..Report::default()
        });
        let clerk = Clerk {
            desk: Desk::new(recorder),
            rooms: HashMap::new(),
            tracks: HashMap::new(),
            taps_of: HashMap::new(),
            report,
            untold: VecDeque::new(),
            is_low: false,
            is_stopping: false,
        };
        let thread = std::thread::Builder::new().name("recorder".into());
        let thread = thread.spawn(move || clerk.run(order_lane, packet_lane))?;
        let handle = Self {
            orders: orders.clone(),
            packets,
            taps,
            listening: DashMap::new(),
            reports,
            uploads: None,
        };
        Ok(Some((handle, Running { orders, thread })))
    }

    /// Tells of these, too.
    pub(crate) fn with_uploads(self, uploads: watch::Receiver<Uploads>) -> Self {
        Self {
            uploads: Some(uploads),
            ..self
        }
    }

    /// Does what a room wants, whose media is on this lane.
    pub(crate) async fn handle(
        &self,
        order: RecordOrder,
        lane: &Lane,
        room: &mpsc::WeakSender<Request>,
        next_tap: impl Fn() -> TapId,
    ) {
        let order = match order {
            RecordOrder::Begin(beginning) => {
                if !self.is_new(beginning.id) {
                    // hosts choose ids: one of another room must not come between
                    let refused = Request::Recorded(beginning.id, Recorded::Lost);
                    let _ = room.upgrade().map(|room| room.try_send(refused));
                    return;
                }
                let taps: Vec<_> = beginning.feeds.iter().map(|_| next_tap()).collect();
                for (tap, feed) in taps.iter().zip(&beginning.feeds) {
                    if let Some(track) = feed.track {
                        self.listen(beginning.id, *tap, track, lane).await;
                    }
                }
                Order::Begin(beginning, taps, room.clone())
            }
            RecordOrder::Feed(id, number, track) => {
                let tap = next_tap();
                self.listen(id, tap, track, lane).await;
                Order::Feed(id, number, tap, track)
            }
            RecordOrder::End(id) => {
                // first what counts: the way to the media worker may be long
                let _ = self.orders.send(Order::Room(RecordOrder::End(id))).await;
                let taps = self.listening.remove(&id).map(|(_, taps)| taps);
                self.taps.close(taps.into_iter().flatten()).await;
                return;
            }
            order => Order::Room(order),
        };
        // A thread that is gone has told why.
        let _ = self.orders.send(order).await;
    }

    /// What was counted.
    pub fn report(&self) -> Report {
        Report {
            lost_packets: self.taps.lost_of_recorder(),
            uploads: self.uploads.as_ref().map(|uploads| *uploads.borrow()),
            ..*self.reports.borrow()
        }
    }

    fn is_new(&self, id: RecordingId) -> bool {
        match self.listening.entry(id) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(Vec::new());
                true
            }
        }
    }

    async fn listen(&self, id: RecordingId, tap: TapId, track: TrackId, lane: &Lane) {
        self.listening.entry(id).or_default().push(tap);
        self.taps
            .open_for_recorder(tap, lane.clone(), self.packets.clone());
        // A worker that is gone has taken its rooms along.
        let _ = lane.send(Command::Tap { tap, track }).await;
    }
}

/// The thread, for whoever has to wait for its end.
#[derive(Debug)]
pub struct Running {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Ends all recordings, and waits until what they have is safe.
    pub async fn stop(self) {
        let _ = self.orders.send(Order::Stop).await;
        let joined = tokio::task::spawn_blocking(|| self.thread.join());
        match tokio::time::timeout(STOPPING, joined).await {
            Ok(Ok(Ok(()))) => {}
            Ok(_) => error!("the recorder's thread has panicked"),
            Err(_) => error!("the disk of recordings does not answer; the next start brings them to an end"),
        }
    }
}

/// What the thread has on its desk.
struct Clerk {
    desk: Desk<FileSystem>,
    rooms: HashMap<RecordingId, mpsc::WeakSender<Request>>,
    tracks: HashMap<TapId, TrackId>,
    taps_of: HashMap<RecordingId, Vec<TapId>>,
    report: watch::Sender<Report>,
    /// Events for which there was no room yet; those that a second later are told again anyway are not kept.
    untold: VecDeque<Told>,
    /// Room was short when it was looked at last.
    is_low: bool,
    is_stopping: bool,
}

/// An event, and for whom.
type Told = (mpsc::WeakSender<Request>, Request);

/// What happens next.
enum Happening {
    Order(Option<Order>),
    Packets,
    Moment,
}

impl Clerk {
    fn run(self, orders: mpsc::Receiver<Order>, packets: mpsc::Receiver<TapPacket>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.work(orders, packets)),
            Err(error) => error!(%error, "the recorder has no timers, and records nothing"),
        }
    }

    async fn work(mut self, mut orders: mpsc::Receiver<Order>, mut packets: mpsc::Receiver<TapPacket>) {
        let (events, told) = mpsc::channel(EVENT_DEPTH);
        let dispatch = tokio::spawn(dispatch(told));
        let mut batch = Vec::with_capacity(BATCH);
        while !(self.is_stopping && self.desk.is_idle()) {
            let due = self.desk.poll_timeout();
            let happening = tokio::select! {
                biased;
                order = orders.recv() => Happening::Order(order),
                _ = packets.recv_many(&mut batch, BATCH) => Happening::Packets,
                () = sleep_until(due.unwrap_or_else(far).into()) => Happening::Moment,
            };
            let now = Instant::now();
            match happening {
                Happening::Order(Some(order)) => {
                    self.obey(now, order);
                    // all that was said while the disk was waited for, before time is looked at
                    while let Ok(order) = orders.try_recv() {
                        self.obey(now, order);
                    }
                }
                Happening::Order(None) => {
                    self.stop(now);
                    break;
                }
                Happening::Packets => batch
                    .drain(..)
                    .for_each(|packet| self.desk.handle_packet(now, packet)),
                Happening::Moment => {}
            }
            if self.desk.poll_timeout().is_some_and(|due| due <= now) {
                self.desk.handle_timeout(now);
            }
            self.tell(&events);
        }
        // a room may wait for the lane of orders, and its events for the room
        drop((events, orders, packets));
        let _ = dispatch.await;
    }

    fn obey(&mut self, now: Instant, order: Order) {
        match order {
            Order::Begin(..) if self.is_stopping => {}
            Order::Begin(beginning, taps, room) => self.begin(now, *beginning, &taps, room),
            Order::Feed(id, number, tap, track) => {
                self.tracks.insert(tap, track);
                self.taps_of.entry(id).or_default().push(tap);
                self.desk.handle_feed(now, id, number, tap);
            }
            Order::Room(RecordOrder::Consented(id, at, until)) => {
                self.desk.handle_consented(now, id, at, until);
            }
            Order::Room(RecordOrder::Silent(id, number, silent)) => {
                self.desk.handle_silent(now, id, number, silent);
            }
            Order::Room(RecordOrder::Keep(id, record)) => {
                self.desk
                    .handle_consents(id, record.iter().map(|message| consent_line(message)).collect());
            }
            Order::Room(RecordOrder::Capsule(id, capsule, message)) => {
                let line = serde_json::json!({ "message": message }).to_string();
                self.desk.handle_capsule(id, capsule.kid, line);
            }
            Order::Room(RecordOrder::End(id)) => self.desk.handle_end(now, id),
            // they come with what they listen by
            Order::Room(RecordOrder::Begin(_) | RecordOrder::Feed(..)) => {}
            Order::Stop => self.stop(now),
        }
    }

    fn begin(&mut self, now: Instant, beginning: Beginning, taps: &[TapId], room: mpsc::WeakSender<Request>) {
        let Beginning {
            id,
            room: room_name,
            purpose,
            days,
            feeds,
            record,
            until,
        } = beginning;
        info!(recording = %id, purpose, tracks = feeds.len(), "a recording begins");
        self.rooms.insert(id, room);
        self.taps_of.insert(id, taps.to_vec());
        let listening = taps.iter().zip(&feeds);
        self.tracks.extend(
            listening
                .clone()
                .filter_map(|(tap, feed)| Some((*tap, feed.track?))),
        );
        let begun = unix_millis();
        let described = listening.map(|(tap, feed)| {
            let track = Track {
                codec: codec_of(feed),
                sender: feed.sender,
                device: Some(Track::spelt(&feed.device)),
                spare_of: None,
                width: 0,
                height: 0,
            };
            (track, (*tap, feed.owner))
        });
        let (tracks, owners): (Vec<_>, Vec<_>) = described.unzip();
        let manifest = Manifest {
            version: Manifest::VERSION,
            id,
            begun,
            layout: LAYOUT,
            suite: SUITE,
            room: Some(room_name.as_str().to_owned()),
            purpose: Some(purpose.to_owned()),
            expires: Some(begun / 1000 + u64::from(days) * 86_400),
            tracks,
        };
        let lines = record.iter().map(|message| consent_line(message)).collect();
        self.desk.handle_begin(now, manifest, &owners, (until, lines));
        for (number, feed) in (1..).zip(&feeds) {
            if feed.silent {
                self.desk.handle_silent(now, id, number, true);
            }
        }
    }

    fn stop(&mut self, now: Instant) {
        self.is_stopping = true;
        for id in self.rooms.keys() {
            self.desk.handle_end(now, *id);
        }
    }

    fn tell(&mut self, events: &mpsc::Sender<Told>) {
        let mut is_news = false;
        while let Some((id, event)) = self.desk.poll_event() {
            is_news = true;
            let is_over = matches!(
                event,
                DeskEvent::Refused(_) | DeskEvent::Ended(_) | DeskEvent::Lost(_)
            );
            let room = self.rooms.get(&id).cloned();
            if let (Some(room), Some(recorded)) = (room, self.translate(id, event)) {
                self.untold.push_back((room, Request::Recorded(id, recorded)));
            }
            if is_over {
                self.taps_of.remove(&id).into_iter().flatten().for_each(|tap| {
                    self.tracks.remove(&tap);
                });
                self.rooms.remove(&id);
            }
        }
        while let Some(told) = self.untold.pop_front() {
            if let Err(TrySendError::Full(told)) = events.try_send(told) {
                self.untold.push_front(told);
                self.untold.retain(|(_, request)| !is_repeated(request));
                break;
            }
        }
        if is_news {
            let (stats, counts, skew) = (self.desk.stats(), self.desk.counts(), self.desk.skew());
            self.warn(&stats);
            self.report.send_modify(|report| {
                *report = Report {
                    stats,
                    counts,
                    skew,
                    at: Some(Instant::now()),
                    ..*report
                };
            });
        }
    }

    /// Once when room gets short, and again when it does after there was enough.
    fn warn(&mut self, stats: &Stats) {
        let was_low = std::mem::replace(&mut self.is_low, stats.is_low);
        if stats.is_low && !was_low {
            warn!(
                left_bytes = stats.left_bytes,
                stored_bytes = stats.stored_bytes,
                quota_bytes = stats.quota_bytes,
                "room for recordings is getting short: soon none will begin"
            );
        }
    }

    fn translate(&self, id: RecordingId, event: DeskEvent) -> Option<Recorded> {
        Some(match event {
            DeskEvent::Begun => Recorded::Begun,
            DeskEvent::Low(hours) => Recorded::Low(hours as u32),
            DeskEvent::Safe(micros) => Recorded::Safe(micros / 1000),
            DeskEvent::WantsKeyframe(tap) => Recorded::WantsKeyframe(*self.tracks.get(&tap)?),
            DeskEvent::Trouble(error) => {
                warn!(recording = %id, %error, "the disk");
                return None;
            }
            DeskEvent::Refused(error) => {
                error!(recording = %id, %error, "it does not begin");
                match error {
                    BeginError::NoRoom { hours, .. } => Recorded::Full(hours as u32),
                    _ => Recorded::Lost,
                }
            }
            DeskEvent::Ended(micros) => {
                info!(recording = %id, seconds = micros / 1_000_000, "a recording is complete");
                Recorded::Ended(micros / 1000)
            }
            DeskEvent::Lost(error) => {
                error!(recording = %id, %error, "a recording could not go on");
                Recorded::Lost
            }
        })
    }
}

/// Whether the same is told again soon.
const fn is_repeated(request: &Request) -> bool {
    matches!(
        request,
        Request::Recorded(_, Recorded::Safe(_) | Recorded::WantsKeyframe(_))
    )
}

/// Brings events to rooms; one that is behind holds up others here, and not the recorder.
async fn dispatch(mut events: mpsc::Receiver<Told>) {
    while let Some((room, request)) = events.recv().await {
        if let Some(room) = room.upgrade() {
            let _ = room.send(request).await;
        }
    }
}

/// How many a crash had left. One that can't be brought to an end is told, and does not keep the others from it.
fn recover_all(folder: &Path) -> io::Result<u64> {
    let found = list(folder).map_err(io::Error::other)?;
    let mut recovered = 0;
    for summary in found {
        match recover(&mut Disk::of(&summary.folder)) {
            Ok(Recovered::Nothing) => {}
            Ok(Recovered::UpTo(micros)) => {
                recovered += 1;
                info!(recording = %summary.id, seconds = micros / 1_000_000, "brought to an end after a crash");
            }
            Err(error) => error!(recording = %summary.id, %error, "it can't be brought to an end"),
        }
    }
    Ok(recovered)
}

/// Destroys what is kept longer than everybody agreed to, some minutes after the start and then every hour.
pub(crate) async fn retain(folder: PathBuf) {
    let first = tokio::time::Instant::now() + CLOCK_SETTLES;
    let mut hours = tokio::time::interval_at(first, RETENTION);
    loop {
        hours.tick().await;
        let looked = folder.clone();
        let looking = tokio::task::spawn_blocking(move || expire(&looked, unix_millis()));
        match looking.await {
            Ok(Ok(expired)) => tell_expired(&expired),
            Ok(Err(error)) => error!(%error, "recordings can't be looked at"),
            // The server stops.
            Err(_) => return,
        }
    }
}

fn tell_expired(expired: &Expired) {
    for id in &expired.destroyed {
        info!(recording = %id, "its time is over, and the folder has nothing of it to open");
    }
    for (id, error) in &expired.failed {
        error!(recording = %id, %error, "its time is over, and it can't be destroyed");
    }
}

/// Each feed has a track, and so its number: where a codec can't be sealed, no packet of it is written.
fn codec_of(feed: &Feed) -> Codec {
    Codec::of(feed.codec).unwrap_or(match feed.kind {
        MediaKind::Audio => Codec::Opus,
        MediaKind::Video => Codec::Vp9,
    })
}

fn consent_line(message: &str) -> String {
    serde_json::json!({ "at": unix_millis(), "message": message }).to_string()
}

pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

/// When nothing is due.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Of the frames: those that pages seal by (`web/client/LAYOUT.md`).
const LAYOUT: u8 = 2;
/// RFC 9605: AES_256_GCM_SHA512_128.
const SUITE: u16 = 5;
