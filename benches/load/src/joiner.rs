//! The thread that speaks HTTP with the server, so that media goes on while people join.
//!
//! Owns: errands under way and their results. Never does: media.

use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};
use mio::Waker;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::session::{Publish, Session, Subscribe};
use crate::target::{Target, TargetError};

/// Something to do at the server's HTTP interface.
#[derive(Debug)]
pub(crate) enum Errand {
    Publish(Publish),
    Subscribe(Subscribe),
    Leave(Session),
}

/// What came of an errand; `Ok(None)` when somebody left.
#[derive(Debug)]
pub(crate) struct Done {
    /// As it was given with the errand.
    pub(crate) number: usize,
    pub(crate) result: Result<Option<Session>, TargetError>,
}

/// The way to the thread. It ends when this is dropped.
pub(crate) struct Joiner {
    errands: Sender<(usize, Errand)>,
    done: Receiver<Done>,
}

impl Joiner {
    /// Starts the thread; `waker` is woken when something is done.
    pub(crate) fn start(target: Target, waker: Waker) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (errands, wanted) = bounded(DEPTH);
        let (report, done) = bounded(DEPTH);
        let work = work(
            Arc::new(target),
            wanted,
            Reports {
                lane: report,
                waker: Arc::new(waker),
            },
        );
        Builder::new()
            .name("load-join".to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(Self { errands, done })
    }

    /// Asks for something; `false` when too much is asked for already, or the thread is gone.
    pub(crate) fn ask(&self, number: usize, errand: Errand) -> bool {
        self.errands.try_send((number, errand)).is_ok()
    }

    /// The next result, if there is one.
    pub(crate) fn poll_done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

#[derive(Clone)]
struct Reports {
    lane: Sender<Done>,
    waker: Arc<Waker>,
}

async fn work(target: Arc<Target>, wanted: Receiver<(usize, Errand)>, reports: Reports) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    while let Ok((number, errand)) = wanted.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (target, reports) = (Arc::clone(&target), reports.clone());
        tasks.spawn(async move {
            let result = timeout(PATIENCE, run(&target, errand)).await;
            let result = result.unwrap_or_else(|_| Err(TargetError::Refused("no answer in time".to_owned())));
            drop(place);
            // Nobody waits for it any more when the other end is gone.
            let _ = reports.lane.send(Done { number, result }).await;
            let _ = reports.waker.wake();
        });
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

async fn run(target: &Target, errand: Errand) -> Result<Option<Session>, TargetError> {
    match errand {
        Errand::Publish(wanted) => target.publish(&wanted).await.map(Some),
        Errand::Subscribe(wanted) => target.subscribe(&wanted).await.map(Some),
        Errand::Leave(session) => target.leave(&session).await.map(|()| None),
    }
}

/// Errands that wait, and results that wait: both ends are one program, and this is more than it ever has.
const DEPTH: usize = 16_384;
/// Requests under way: enough to keep a server busy, few enough to find out which was refused.
const AT_ONCE: usize = 8;
/// A server under load answers late; one that does not answer in this time never will.
const PATIENCE: Duration = Duration::from_secs(10);
