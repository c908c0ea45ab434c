//! What runs while a member is in a call: one socket, one UDP port and one timer.
//!
//! Owns: the order of things, and coming back after the socket was lost. Never does: media itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rapport_keys::To;
use rapport_keys::agreement::{Agreement, Output};
use rapport_sfu::id::SenderIndex;
use rapport_signaling::protocol::{
    Audience, ClientBody, Frame, Member, Opening, Secret, ServerBody, Welcome,
};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use crate::client::{Event, Options};
use crate::media::Media;
use crate::reliable::Reliable;
use crate::report::{Person, Report};
use crate::signaling::{Heard, Socket};
use rapport_seal::{BaseKey, Kid};

/// What the holder of a member wants.
pub(crate) enum Order {
    /// Say this.
    Say(ClientBody),
    /// Break the socket.
    LoseSocket,
}

/// A member in a call.
pub(crate) struct Task {
    options: Options,
    session: Secret,
    /// None while it is lost.
    socket: Option<Socket>,
    /// When the socket was lost, and when to try again.
    lost: Option<(Instant, Instant)>,
    udp: UdpSocket,
    media: Media,
    agreement: Agreement,
    /// What it says, until it is sent.
    said: VecDeque<ClientBody>,
    reliable: Reliable,
    acknowledge_at: Instant,
    reports: watch::Sender<Report>,
    events: mpsc::Sender<Event>,
}

impl Task {
    pub(crate) fn new(
        options: Options,
        session: Secret,
        (socket, udp): (Socket, UdpSocket),
        (media, agreement): (Media, Agreement),
        reports: watch::Sender<Report>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            options,
            session,
            socket: Some(socket),
            lost: None,
            udp,
            media,
            agreement,
            said: VecDeque::new(),
            reliable: Reliable::default(),
            acknowledge_at: Instant::now() + HEARTBEAT,
            reports,
            events,
        }
    }

    /// Somebody is in the room.
    pub(crate) fn meet(&self, member: &Member) {
        let person = Person {
            name: member.name.clone(),
            hand: member.hand,
        };
        self.reports
            .send_modify(|report| _ = report.members.insert(member.participant, person));
    }

    /// Carries out what the agreement of keys wants; what it says waits to be sent.
    pub(crate) fn agree(&mut self) -> Result<()> {
        while let Some(output) = self.agreement.poll() {
            match output {
                Output::Say(to, message) => {
                    let to = audience(to);
                    self.said.push_back(ClientBody::Keys { to, message });
                }
                Output::SealWith(key) => self.media.seal_with(&base_key(key))?,
                Output::OpenWith(key) => self.media.open_with(&base_key(key))?,
                Output::Forget(sender) => self.media.forget(SenderIndex(sender)),
            }
        }
        Ok(())
    }

    /// Takes part until the server ends it; returns its reason.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Result<String> {
        let mut datagram = vec![0; DATAGRAM_BYTES];
        loop {
            let due = self.due();
            let mut heard = None;
            tokio::select! {
                said = hear(&mut self.socket) => heard = Some(said?),
                received = self.udp.recv(&mut datagram) => {
                    // An error is the server's port that is closed, or not open yet: its socket tells more.
                    if let Ok(len) = received {
                        self.handle_datagrams(&mut datagram, len)?;
                    }
                }
                () = tokio::time::sleep_until(due.into()) => self.handle_timeout().await?,
                order = orders.recv() => self.handle_order(order).await?,
            }
            if let Some(heard) = heard
                && let Some(reason) = self.handle_heard(heard).await?
            {
                self.tell(Event::Ended {
                    reason: reason.clone(),
                });
                return Ok(reason);
            }
            self.agree()?;
            self.say().await?;
            self.transmit();
        }
    }

    /// What waits, in order.
    async fn say(&mut self) -> Result<()> {
        while let Some(body) = self.said.pop_front() {
            let frame = self.reliable.send(body)?;
            self.send(&frame).await;
        }
        Ok(())
    }

    fn due(&self) -> Instant {
        let signaling = self.lost.map_or(self.acknowledge_at, |(_, again)| again);
        let agreement = self
            .agreement
            .poll_timeout()
            .unwrap_or_else(|| Instant::now() + AGREE);
        signaling.min(self.media.poll_timeout()).min(agreement)
    }

    /// The datagram that is there, and those behind it.
    fn handle_datagrams(&mut self, datagram: &mut [u8], first: usize) -> Result<()> {
        let mut len = first;
        loop {
            let now = Instant::now();
            let mut opened = Ok(None);
            self.reports
                .send_modify(|report| opened = self.media.handle_datagram(now, &mut datagram[..len], report));
            if let Some(sender) = opened? {
                self.tell(Event::Opened { sender });
            }
            match self.udp.try_recv(datagram) {
                Ok(next) => len = next,
                Err(_) => return Ok(()),
            }
        }
    }

    async fn handle_timeout(&mut self) -> Result<()> {
        let now = Instant::now();
        self.agreement.handle_timeout(now);
        let mut done = Ok(());
        self.reports
            .send_modify(|report| done = self.media.handle_timeout(now, report));
        done?;
        if let Some((since, again)) = self.lost {
            if again <= now {
                self.resume(since).await?;
            }
        } else if self.acknowledge_at <= now {
            let frame = self.reliable.acknowledgement();
            self.send(&frame).await;
        }
        Ok(())
    }

    async fn handle_order(&mut self, order: Option<Order>) -> Result<()> {
        match order {
            Some(Order::Say(body)) => {
                let frame = self.reliable.send(body)?;
                self.send(&frame).await;
            }
            Some(Order::LoseSocket) => self.lose_socket(),
            None => bail!("nobody holds this member any more"),
        }
        Ok(())
    }

    /// Returns the reason when this was the end.
    async fn handle_heard(&mut self, heard: Heard<Frame<ServerBody>>) -> Result<Option<String>> {
        match heard {
            Heard::Said(frame) => {
                self.acknowledge_at = self.acknowledge_at.min(Instant::now() + ACKNOWLEDGE);
                if let Some(body) = self.reliable.handle(frame)? {
                    self.handle_body(body)?;
                }
            }
            Heard::Closed(reason) => return Ok(Some(reason)),
            Heard::Lost => self.lose_socket(),
        }
        Ok(None)
    }

    fn handle_body(&mut self, body: ServerBody) -> Result<()> {
        match body {
            ServerBody::Member { member } => self.meet(&member),
            ServerBody::Keys { from, message } => {
                self.agreement.handle_message(from, &message, Instant::now())
            }
            ServerBody::Left { participant } => {
                self.agreement.handle_left(participant, Instant::now());
                self.reports
                    .send_modify(|report| _ = report.members.remove(&participant));
            }
            ServerBody::Unsealed { mid } => {
                self.reports
                    .send_modify(|report| report.unsealed.push(mid.clone()));
                self.tell(Event::Unsealed { mid });
            }
            ServerBody::Failed { code, detail, .. } => bail!("{code:?}: {detail}"),
            // Whose frames come where, their keys say.
            ServerBody::Slot { .. } | ServerBody::Room { .. } | ServerBody::Answer { .. } => {}
        }
        Ok(())
    }

    async fn send(&mut self, frame: &Frame<ClientBody>) {
        self.acknowledge_at = Instant::now() + HEARTBEAT;
        if let Some(socket) = &mut self.socket
            && socket.send(frame).await.is_err()
        {
            self.lose_socket();
        }
    }

    fn lose_socket(&mut self) {
        let now = Instant::now();
        self.socket = None;
        self.lost = Some((now, now));
    }

    /// Opens another socket and goes on where the last one broke.
    async fn resume(&mut self, since: Instant) -> Result<()> {
        let Ok(mut socket) = Socket::open(&self.options.origin).await else {
            if since.elapsed() > GIVE_UP {
                bail!("the server is gone");
            }
            self.lost = Some((since, Instant::now() + TRY_AGAIN));
            return Ok(());
        };
        let opening = Opening::Resume {
            session: self.session.clone(),
            received: self.reliable.received(),
        };
        socket.send(&opening).await?;
        match socket.hear().await? {
            Heard::Said(Welcome::Resumed { received }) => {
                for frame in self.reliable.resume(received)? {
                    socket.send(&frame).await?;
                }
            }
            other => bail!("not let in again: {other:?}"),
        }
        (self.socket, self.lost) = (Some(socket), None);
        self.acknowledge_at = Instant::now() + HEARTBEAT;
        self.reports.send_modify(|report| report.resumed += 1);
        self.tell(Event::Resumed);
        Ok(())
    }

    fn transmit(&mut self) {
        while let Some(datagram) = self.media.poll_transmit() {
            // What the system does not take at once is lost, as on any network.
            let _ = self.udp.try_send(&datagram);
        }
    }

    fn tell(&self, event: Event) {
        // Who does not listen misses it, and has the report.
        let _ = self.events.try_send(event);
    }
}

fn base_key(key: rapport_keys::BaseKey) -> BaseKey {
    BaseKey::new(Kid(key.kid), key.bytes)
}

fn audience(to: To) -> Audience {
    match to {
        To::Participant(participant) => Audience::Participant(participant),
        To::Members => Audience::Members,
        To::Everyone => Audience::Everyone,
    }
}

/// Waits for ever while there is no socket.
async fn hear(socket: &mut Option<Socket>) -> Result<Heard<Frame<ServerBody>>> {
    match socket {
        Some(socket) => socket.hear().await,
        None => std::future::pending().await,
    }
}

/// The protocol's second, with room for a busy machine.
const ACKNOWLEDGE: Duration = Duration::from_millis(500);

/// The protocol's ten seconds, likewise.
const HEARTBEAT: Duration = Duration::from_secs(8);

/// As long as the server keeps a member without a socket.
const GIVE_UP: Duration = Duration::from_secs(30);

const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Before it is a member, an agreement waits for others alone.
const AGREE: Duration = Duration::from_millis(100);

/// The largest that UDP carries.
const DATAGRAM_BYTES: usize = 65_535;
