//! The media plane of this process: workers on threads of their own, linked to the control plane's lanes.
//!
//! Owns: the threads, and the tasks that carry values between a worker's lanes and ours. Never does: keep a
//! value back; what was ordered before a stop is obeyed before it.

use std::io;
use std::time::Duration;

use async_channel::Receiver;
use rapport_config::Media;
use rapport_sfu::command::Command;
use rapport_sfu::event::Event;
use rapport_sfu::publication::cache::{CacheLimit, CacheLimits};
use rapport_sfu::subscription::tap::TapPacket;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::worker::{
    Commands, Counters, Lost, Report, Thread, Worker, WorkerConfig, candidates, spawn_pool,
};
use rapport_sfu::{Shard, ShardConfig, Stats};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::interval;
use tracing::error;

use super::{Endpoint, Lane, Plane};
use crate::session::description_id;

/// Events of one worker that are on their way to their rooms. The worker's own lane is the long one; full
/// means that a room is behind, and the rest waits there.
const EVENT_DEPTH: usize = 256;

/// Likewise for the packets of all taps.
const TAP_DEPTH: usize = 256;

/// How old the counters are that `/metrics` shows, at most: below any scrape interval.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The running workers. Dropping it stops them where they are; [`Workers::stop`] lets them finish.
pub struct Workers {
    /// Of commands. They end when somebody says stop and they are empty.
    orders: JoinSet<()>,
    /// Of everything that comes back.
    reports: JoinSet<()>,
    stop: watch::Sender<bool>,
    threads: Vec<Thread>,
}

/// Starts the workers of the configuration. An error names the address that could not be bound.
pub fn start(config: &Media) -> io::Result<(Plane, Workers)> {
    let identity = Identity::generate().map_err(io::Error::other)?;
    let first = WorkerConfig {
        name: "media".into(),
        listen: config.listen.clone(),
        socket_buffer: config.socket_buffer.as_len(),
    };
    let shard = |_| Shard::new(shard_config(config), identity.clone(), description_id());
    let workers = spawn_pool(config.workers, &first, shard)?;
    let mut pool = Workers {
        orders: JoinSet::new(),
        reports: JoinSet::new(),
        stop: watch::Sender::new(false),
        threads: Vec::with_capacity(workers.len()),
    };
    let (tap_sender, taps) = mpsc::channel(TAP_DEPTH);
    let mut lanes = Vec::with_capacity(workers.len());
    let mut events = Vec::with_capacity(workers.len());
    for worker in workers {
        let endpoint = Endpoint {
            candidates: candidates(&worker.local_addresses, &config.advertise)?,
            fingerprint: identity.fingerprint(),
            video_bitrate: config.video_bitrate.as_bps(),
        };
        let (event_sender, reported) = mpsc::channel(EVENT_DEPTH);
        lanes.push(pool.link(worker, endpoint, event_sender, tap_sender.clone()));
        events.push(reported);
    }
    Ok((Plane { lanes, events, taps }, pool))
}

fn shard_config(config: &Media) -> ShardConfig {
    let bytes = config.cache.bytes.as_len();
    let limit = |span: Duration| CacheLimit { span, bytes };
    ShardConfig {
        cache: CacheLimits {
            video: limit(config.cache.video.into()),
            audio: limit(config.cache.audio.into()),
        },
    }
}

impl Workers {
    fn link(
        &mut self,
        worker: Worker<Shard>,
        endpoint: Endpoint,
        events: mpsc::Sender<Event>,
        taps: mpsc::Sender<TapPacket>,
    ) -> Lane {
        let (latest, reports) = watch::channel(Report {
            machine: Stats::default(),
            counters: Counters::default(),
        });
        let (lane, commands) = Lane::new(endpoint, reports);
        let (alive, dead) = oneshot::channel();
        self.threads.push(worker.thread);
        self.reports.spawn(carry_reports(worker.commands.clone(), latest));
        // Events have a task of their own: were they to wait behind commands, a room that waits to send one
        // could not take the other.
        let stop = self.stop.subscribe();
        self.reports
            .spawn(carry_events(worker.events, events, stop.clone(), alive));
        self.reports.spawn(carry_taps(worker.taps, taps));
        self.orders
            .spawn(carry_commands(commands, worker.commands, stop, dead));
        lane
    }

    /// Lets the workers obey what was ordered, then stops them.
    pub async fn stop(mut self) -> Result<(), Lost> {
        self.stop.send_replace(true);
        while self.orders.join_next().await.is_some() {}
        stop_threads(std::mem::take(&mut self.threads)).await
    }
}

/// Commands, until the worker is dead, or somebody says stop and all are sent. Dropping `lane` is how the
/// control plane learns of either.
async fn carry_commands(
    mut lane: mpsc::Receiver<Command>,
    worker: Commands<Shard>,
    mut stop: watch::Receiver<bool>,
    mut dead: oneshot::Receiver<()>,
) {
    loop {
        let command = tokio::select! {
            command = lane.recv() => command,
            _ = stop.wait_for(|stop| *stop) => break,
            _ = &mut dead => return,
        };
        let Some(command) = command else { return };
        if worker.send(command).await.is_err() {
            return;
        }
    }
    lane.close();
    while let Some(command) = lane.recv().await {
        if worker.send(command).await.is_err() {
            return;
        }
    }
}

/// Events, until the worker ends. `alive` falls with it, or when nobody takes events any more.
async fn carry_events(
    worker: Receiver<Event>,
    lane: mpsc::Sender<Event>,
    stop: watch::Receiver<bool>,
    alive: oneshot::Sender<()>,
) {
    while let Ok(event) = worker.recv().await {
        if lane.send(event).await.is_err() {
            drop(alive);
            // Its rooms are gone, and its stop is on the way: until then it must not find its own lane broken.
            while worker.recv().await.is_ok() {}
            return;
        }
    }
    if !*stop.borrow() {
        error!("a media worker has ended");
    }
    drop(alive);
}

/// Packets of taps. A reader that does not keep up loses them later, in its own lane, and they are counted.
async fn carry_taps(worker: Receiver<TapPacket>, lane: mpsc::Sender<TapPacket>) {
    while let Ok(packet) = worker.recv().await {
        if lane.send(packet).await.is_err() {
            return;
        }
    }
}

async fn carry_reports(worker: Commands<Shard>, latest: watch::Sender<Report<Stats>>) {
    let mut ticks = interval(REPORT_INTERVAL);
    while let Ok(report) = worker.report().await {
        latest.send_replace(report);
        ticks.tick().await;
    }
}

async fn stop_threads(threads: Vec<Thread>) -> Result<(), Lost> {
    let stop = move || threads.into_iter().try_for_each(Thread::stop);
    // A worker that panicked comes back as a value; this task itself has nothing to panic with.
    tokio::task::spawn_blocking(stop).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use rapport_sfu::id::TrackId;

    use super::*;

    #[tokio::test]
    async fn a_worker_keeps_its_event_lane_when_its_rooms_are_gone() {
        let (worker, events) = async_channel::bounded(1);
        let (lane, rooms) = mpsc::channel(1);
        let (alive, dead) = oneshot::channel();
        let carrying = tokio::spawn(carry_events(
            events,
            lane,
            watch::Sender::new(false).subscribe(),
            alive,
        ));
        drop(rooms);
        worker.send(event()).await.unwrap();
        assert!(dead.await.is_err(), "whoever gives orders learns of it");
        worker.send(event()).await.unwrap();
        worker.send(event()).await.unwrap();
        drop(worker);
        carrying.await.unwrap();
    }

    fn event() -> Event {
        Event::Started { track: TrackId(1) }
    }
}
