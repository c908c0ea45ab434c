//! One synthetic member, as a task of its own.
//!
//! Owns: the handle that a test holds, and coming in. Never does: wait for a fixed time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use rapport_client::handshake::ClientIdentity;
use rapport_keys::agreement::{self, Agreement};
use rapport_keys::{Device, Root, Secret};
use rapport_sfu::id::SenderIndex;
use rapport_signaling::protocol::{
    self, ClientBody, Joining, MediaState, Opening, Snapshot, Source, SourceSection, Welcome,
};
use serde::Serialize;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::media::{Ready, Sealing};
use crate::random;
use crate::report::Report;
use crate::sdp::Answer;
use crate::signaling::{Heard, Socket};
use crate::tap::Tap;
use crate::task::{Order, Task};

/// Who joins what, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// `http://HOST:PORT` of the server.
    pub origin: String,
    /// A bearer token for the room.
    pub token: String,
    /// The room's name, which the keys are bound to.
    pub room: String,
    /// What it came by. A member with the link of a demonstration's host is a host, and lets everybody in.
    pub link: rapport_keys::Link,
    /// Shown to the others.
    pub name: String,
    /// Which picture and tone.
    pub clip: usize,
    /// How many of them a second.
    pub pictures: u32,
    /// Places to receive in, each for sound and picture.
    pub pairs: usize,
    /// Of the first frame.
    pub first_counter: u64,
    /// Sends frames without a seal, which no client of ours does.
    pub clear: bool,
    /// Sends frames in the clear that have the form of sealed ones.
    pub forge: bool,
    /// Where to keep what comes out of the transport, still sealed.
    pub tap: Option<PathBuf>,
}

/// What happens to a member, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Nothing of this sender was opened before.
    Opened {
        /// Whose frame it was.
        sender: u16,
    },
    /// The server refuses what is sent in this section.
    Unsealed {
        /// Of the section.
        mid: String,
    },
    /// A new socket took over from a lost one.
    Resumed,
    /// The server closed the call.
    Ended {
        /// `name` or `name: detail`.
        reason: String,
    },
}

/// A member of a call. Dropping it ends its task without a word, as a crash would.
pub struct Client {
    orders: mpsc::Sender<Order>,
    reports: watch::Receiver<Report>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<Result<String>>,
}

impl Client {
    /// Comes in. Media connects by and by, see [`Report::connected`].
    pub async fn join(identity: &ClientIdentity, options: Options) -> Result<Self> {
        let ready = Ready::new(identity.clone(), options.clip, options.pictures)?;
        let mut socket = Socket::open(&options.origin).await?;
        socket
            .send(&opening(&options, ready.offer(options.pairs)))
            .await?;
        let welcome = tokio::time::timeout(PATIENCE, socket.hear()).await;
        let (session, answer, snapshot) = match welcome.context("no welcome")?? {
            Heard::Said(Welcome::Joined {
                session,
                answer,
                snapshot,
            }) => (session, Answer::read(&answer)?, snapshot),
            other => bail!("not let in: {other:?}"),
        };
        ensure!(answer.sends, "the server takes nothing");
        let sender = own_sender(&snapshot)?;
        let udp = connect(&answer.candidates).await?;
        let tap = options.tap.as_deref().map(Tap::create).transpose()?;
        let sealing = match (options.clear, options.forge) {
            (true, _) => Sealing::Clear,
            (false, true) => Sealing::forging(),
            (false, false) => Sealing::waiting(options.first_counter),
        };
        let media = ready.connect(&answer, (sealing, tap), Instant::now())?;
        let agreement = agreement(&options, sender)?;
        let report = Report {
            participant: snapshot.you,
            sender: sender.0,
            ..Report::default()
        };
        let (reports, events) = (watch::Sender::new(report), mpsc::channel(EVENTS));
        let (orders, ordered) = mpsc::channel(ORDERS);
        let watched = reports.subscribe();
        let mut task = Task::new(
            options,
            session,
            (socket, udp),
            (media, agreement),
            reports,
            events.0,
        );
        snapshot.members.iter().for_each(|member| task.meet(member));
        task.agree()?;
        Ok(Self {
            orders,
            reports: watched,
            events: events.1,
            task: tokio::spawn(task.run(ordered)),
        })
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        self.reports.borrow().clone()
    }

    /// Waits until the report is as wanted.
    pub async fn until(&self, what: &str, wanted: impl FnMut(&Report) -> bool) -> Result<Report> {
        let mut reports = self.reports.clone();
        let found = async { reports.wait_for(wanted).await.map(|report| report.clone()) };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(report) => report.context("the member is gone"),
            Err(_) => bail!("no {what} after {PATIENCE:?}: {:?}", self.report()),
        }
    }

    /// The next event; none once the member is gone.
    pub async fn event(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Says something to the server.
    pub async fn say(&self, body: ClientBody) -> Result<()> {
        Ok(self.orders.send(Order::Say(body)).await?)
    }

    /// Breaks the socket, as a change of network does; the member comes back by itself.
    pub async fn lose_socket(&self) -> Result<()> {
        Ok(self.orders.send(Order::LoseSocket).await?)
    }

    /// Says goodbye and waits for the server's reason.
    pub async fn leave(self) -> Result<String> {
        // Who is gone already is asked for its reason all the same.
        let _ = self.orders.send(Order::Say(ClientBody::Leave)).await;
        self.ended().await
    }

    /// Waits for the end, and returns the server's reason.
    pub async fn ended(mut self) -> Result<String> {
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await;
        ended.context("the call does not end")??
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn opening(options: &Options, offer: String) -> Opening {
    let section = |mid: &str, source| SourceSection {
        mid: mid.to_owned(),
        source,
    };
    Opening::Join(Box::new(Joining {
        token: options.token.clone().into(),
        name: options.name.clone(),
        sealing: protocol::Sealing { layout: 2, suite: 5 },
        media: MediaState {
            microphone: true,
            camera: true,
            screen: false,
        },
        offer,
        sources: vec![section("0", Source::Microphone), section("1", Source::Camera)],
    }))
}

fn own_sender(snapshot: &Snapshot) -> Result<SenderIndex> {
    let mut members = snapshot.members.iter();
    let own = members.find(|member| member.participant == snapshot.you);
    let sender = own
        .and_then(|own| own.sender)
        .context("no index of our own in the room")?;
    Ok(SenderIndex(sender))
}

/// As a new device.
fn agreement(options: &Options, sender: SenderIndex) -> Result<Agreement> {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(Agreement::join(agreement::Joining {
        room: options.room.clone(),
        name: options.name.clone(),
        sender: sender.0,
        device: Device::new(&Secret(random::bytes()?), random::bytes()?),
        root: options.link.root_seed().map(Root::new),
        link: Some(options.link.clone()),
        unix_seconds: u32::try_from(unix)?,
    }))
}

/// A socket to where the server listens; on this machine if it does.
async fn connect(candidates: &[SocketAddr]) -> Result<UdpSocket> {
    let local = candidates.iter().find(|candidate| candidate.ip().is_loopback());
    let server = local.or_else(|| candidates.first()).context("no candidate")?;
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let udp = UdpSocket::bind((any, 0)).await?;
    udp.connect(server).await?;
    Ok(udp)
}

/// Far above what anything here takes, below what a person waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(15);

/// Nobody orders more than one thing at a time.
const ORDERS: usize = 8;

/// More than happens in a test; who does not listen misses what comes after.
const EVENTS: usize = 256;
