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

mod clerk;
mod upkeep;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rapport_recorder::{Counts, FileSystem, Limits, Recorder, RecordingId, Stats, Uploads};
use rapport_sfu::command::Command;
use rapport_sfu::id::{TapId, TrackId};
use rapport_sfu::subscription::tap::TapPacket;
use tokio::sync::{mpsc, watch};
use tracing::error;

use crate::media::Lane;
use crate::plugin::Taps;
use crate::room::{Beginning, RecordOrder, Recorded, Request};
use clerk::Clerk;
use upkeep::recover_all;
pub(crate) use upkeep::retain;

/// Orders on their way: those of all rooms of a server at the same moment.
const ORDER_DEPTH: usize = 1024;

/// Packets on their way: a sync of half a second while a hundred people are recorded.
const PACKET_DEPTH: usize = 16_384;

/// How long the disk may take for the last words: a controller that is reset takes less.
const STOPPING: Duration = Duration::from_secs(30);

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
            stats: recorder.stats(),
            ..Report::default()
        });
        let clerk = Clerk::new(recorder, report);
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
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
