//! What the recorder's thread does.
//!
//! Owns: the desk, and who is told what of it. Never does: wait for anything but orders, packets and the disk.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use rapport_recorder::{
    BeginError, CommitError, Desk, DeskEvent, FileSystem, Manifest, Recorder, RecordingId, Stats, Track,
};
use rapport_seal::Codec;
use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::{TapId, TrackId};
use rapport_sfu::subscription::tap::TapPacket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;
use tracing::{error, info, warn};

use super::{Order, Report, unix_millis};
use crate::room::{Beginning, Feed, RecordOrder, Recorded, Request};

/// Events on their way to rooms: some seconds of a hundred recordings.
const EVENT_DEPTH: usize = 1024;

/// Packets that are taken in before anything else is looked at.
const BATCH: usize = 256;

/// See the module.
pub(super) struct Clerk {
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
    pub(super) fn new(recorder: Recorder<FileSystem>, report: watch::Sender<Report>) -> Self {
        Self {
            desk: Desk::new(recorder),
            rooms: HashMap::new(),
            tracks: HashMap::new(),
            taps_of: HashMap::new(),
            report,
            untold: VecDeque::new(),
            is_low: false,
            is_stopping: false,
        }
    }

    pub(super) fn run(self, orders: mpsc::Receiver<Order>, packets: mpsc::Receiver<TapPacket>) {
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
        self.report();
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
                // an hour in which nothing was recorded: what is stored may have got less
                Happening::Moment if self.desk.is_idle() => {
                    self.desk.count();
                    self.report();
                }
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
            self.report();
        }
    }

    fn report(&mut self) {
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
            DeskEvent::Room => Recorded::SoundOnly(false),
            DeskEvent::Low(hours) => Recorded::Low(hours as u32),
            DeskEvent::Safe(micros) => Recorded::Safe(micros / 1000),
            DeskEvent::WantsKeyframe(tap) => Recorded::WantsKeyframe(*self.tracks.get(&tap)?),
            DeskEvent::Trouble(error) => {
                warn!(recording = %id, %error, "the disk");
                return matches!(error, CommitError::Full).then_some(Recorded::SoundOnly(true));
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
/// When nothing is due.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Of the frames: those that pages seal by (`web/client/LAYOUT.md`).
const LAYOUT: u8 = 2;
/// RFC 9605: AES_256_GCM_SHA512_128.
const SUITE: u16 = 5;
