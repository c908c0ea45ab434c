//! A member's session: it outlives sockets, and ends when the member is out of the room.
//!
//! Owns: the numbering, what was negotiated, and the order of what happens to one member. Never does: decide
//! for the room, or touch a socket.

use std::time::Instant;

use rapport_sfu::id::ParticipantId;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tracing::info;

use super::Arrival;
use super::closing::Closing;
use super::json;
use super::line::{Incoming, Line};
use super::media::Media;
use super::outbox::Outbox;
use super::presence::{ABSENCE, Lapse, Presence};
use super::reliable::Reliable;
use crate::http::App;
use crate::protocol::{
    Audience, ClientBody, CloseReason, FailureCode, Frame, ServerBody, SourceSection, Welcome,
};
use crate::room::{Ask, Mailbox, Notice, Request, RoomError};
use crate::session::SessionId;

/// See the module.
pub(crate) struct Session {
    pub(crate) app: App,
    pub(crate) id: SessionId,
    pub(crate) participant: ParticipantId,
    pub(crate) room: Mailbox,
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) media: Media,
    pub(crate) outbox: Outbox,
    pub(crate) numbers: Reliable<ServerBody>,
    pub(crate) presence: Presence,
    pub(crate) line: Option<Line>,
    /// The socket can take no more at present.
    pub(crate) blocked: bool,
}

/// What a session waits for.
enum Happening {
    Incoming(Option<Incoming>),
    Notice(Option<Notice>),
    Arrival(Arrival),
    /// Time passed, or the socket can take more.
    Moment,
}

/// Why it ends.
struct Ending {
    closing: Closing,
    /// The room said so, and has forgotten the member.
    is_out: bool,
}

impl Ending {
    /// The client may not have been there to hear it, or may take it for one of those that it can resume after.
    fn may_be_news(&self) -> bool {
        self.is_out || self.closing.reason() == CloseReason::TooSlow
    }
}

impl Session {
    /// With its first socket.
    pub(crate) fn attach(mut self, line: Line) -> Self {
        let now = Instant::now();
        // Nothing was said yet that could be acknowledged wrongly.
        let _ = self.numbers.attach(now, 0);
        self.presence = Presence::Here { heard: now };
        self.line = Some(line);
        self
    }

    /// Until the member is out.
    pub(crate) async fn run(mut self) {
        let ending = self.converse().await;
        let may_be_news = ending.may_be_news();
        let Ending { closing, is_out } = ending;
        info!(participant = %self.participant, reason = closing.reason().label(), "the call session ends");
        if !is_out {
            let leave = |reply| Request::Leave(self.participant, reply);
            // A room that is closed has forgotten everybody.
            let _ = self.room.ask(leave).await;
        }
        if let Some(line) = self.line.take() {
            line.close(closing.clone()).await;
        }
        let Self {
            app, id, arrivals, ..
        } = self;
        if may_be_news {
            linger(&app, arrivals, &closing).await;
        }
        app.calls.remove(&id);
    }

    async fn converse(&mut self) -> Ending {
        loop {
            let happening = self.next().await;
            let handled = match happening {
                Happening::Incoming(incoming) => self.handle_incoming(incoming).await,
                Happening::Notice(notice) => self.handle_notice(notice),
                Happening::Arrival(arrival) => self.handle_arrival(arrival).await,
                Happening::Moment => self.handle_moment().await,
            };
            if let Err(ending) = handled {
                return ending;
            }
            self.flush();
        }
    }

    async fn next(&mut self) -> Happening {
        let deadline = self.deadline();
        tokio::select! {
            Some(arrival) = self.arrivals.recv() => Happening::Arrival(arrival),
            notice = self.notices.recv() => Happening::Notice(notice),
            happening = socket(self.line.as_mut(), self.blocked) => happening,
            () = sleep_until(deadline.into()) => Happening::Moment,
        }
    }

    /// While the socket takes nothing, what would be due on it has to wait.
    fn deadline(&self) -> Instant {
        let numbers = self.numbers.poll_timeout().filter(|_| !self.blocked);
        numbers
            .into_iter()
            .fold(self.presence.poll_timeout(), Instant::min)
    }

    async fn handle_incoming(&mut self, incoming: Option<Incoming>) -> Result<(), Ending> {
        match incoming {
            Some(Incoming::Frame(frame)) => self.handle_frame(frame).await,
            Some(Incoming::Fault(closing)) => Err(own(closing)),
            None => self.lose_line().await,
        }
    }

    async fn handle_frame(&mut self, frame: Frame<ClientBody>) -> Result<(), Ending> {
        let now = Instant::now();
        self.presence = Presence::Here { heard: now };
        let heard = self.numbers.handle_frame(now, frame);
        match heard.map_err(|fault| own(Closing::malformed(fault.field())))? {
            Some((number, body)) => self.handle_body(number, body).await,
            None => Ok(()),
        }
    }

    async fn handle_body(&mut self, number: u64, body: ClientBody) -> Result<(), Ending> {
        let ask = match body {
            ClientBody::Offer { sdp, sources } => return self.handle_offer(number, &sdp, &sources).await,
            ClientBody::Keys { to, message } => return self.handle_keys(number, to, message).await,
            ClientBody::Lease { recording } => {
                let lease = |reply| Request::Lease(self.participant, recording, reply);
                let leased = self.room.ask(lease).await;
                return self.tell_failure(number, leased.unwrap_or(Err(RoomError::NoParticipant)));
            }
            ClientBody::Capsule { message } => {
                let capsule = |reply| Request::Capsule(self.participant, message, reply);
                let kept = self.room.ask(capsule).await;
                return self.tell_failure(number, kept.unwrap_or(Err(RoomError::NoParticipant)));
            }
            ClientBody::Leave => return Err(own(CloseReason::Left)),
            ClientBody::Media { media } => Ask::Media(media),
            ClientBody::Speaking { speaking } => Ask::Speaking(speaking),
            ClientBody::Hand { raised } => Ask::Hand(raised),
            ClientBody::Line { line } => Ask::Line(line),
            ClientBody::Remove { participant } => Ask::Remove(ParticipantId(participant)),
            ClientBody::Lock { locked } => Ask::Lock(locked),
            ClientBody::End => Ask::End,
        };
        let asked = self.ask(ask).await;
        self.tell_failure(number, asked)
    }

    async fn handle_keys(&mut self, number: u64, to: Audience, message: String) -> Result<(), Ending> {
        let relay = |reply| Request::Relay(self.participant, to, message, reply);
        let relayed = self.room.ask(relay).await;
        self.tell_failure(number, relayed.unwrap_or(Err(RoomError::NoParticipant)))
    }

    fn tell_failure(&mut self, number: u64, asked: Result<(), RoomError>) -> Result<(), Ending> {
        match asked {
            Ok(()) => Ok(()),
            Err(error) => self.tell(failed(number, code(&error), error.to_string())),
        }
    }

    async fn handle_offer(
        &mut self,
        number: u64,
        offer: &str,
        sources: &[SourceSection],
    ) -> Result<(), Ending> {
        let answered = self
            .media
            .extend(&self.app, &self.room, self.participant, offer, sources)
            .await;
        match answered {
            Ok((sdp, slots)) => {
                self.catch_up().await?;
                self.tell(ServerBody::Answer {
                    to: number,
                    sdp,
                    slots,
                })
            }
            Err(failure) => self.tell(failed(number, failure.code, failure.detail)),
        }
    }

    /// Takes in what the room said before it took an offer: the places of the answer are newer.
    async fn catch_up(&mut self) -> Result<(), Ending> {
        loop {
            match self.notices.recv().await {
                Some(Notice::Extended) => return Ok(()),
                notice => self.handle_notice(notice)?,
            }
        }
    }

    fn handle_notice(&mut self, notice: Option<Notice>) -> Result<(), Ending> {
        match notice {
            Some(Notice::Body(body)) => self.tell(body),
            // Waited for where an offer is answered.
            Some(Notice::Extended) => Ok(()),
            Some(Notice::Out(reason)) => Err(out(reason)),
            // A room says why before it lets go of somebody, unless the lane is so full that it can't.
            None => Err(out(CloseReason::TooSlow)),
        }
    }

    /// Somebody is back, on a new socket.
    async fn handle_arrival(&mut self, arrival: Arrival) -> Result<(), Ending> {
        let Arrival { received, line } = arrival;
        let now = Instant::now();
        if self.numbers.attach(now, received).is_err() {
            line.close(Closing::malformed("received")).await;
            return Ok(());
        }
        self.app.metrics.count_resume();
        let received = self.numbers.received();
        line.outgoing.write(json(&Welcome::Resumed { received }));
        if let Some(former) = self.line.replace(line) {
            // It may be stuck: nobody waits for it.
            tokio::spawn(former.close(CloseReason::Replaced.into()));
        }
        let was_here = self.presence.is_here();
        self.presence = Presence::Here { heard: now };
        if !was_here {
            self.attached(true).await;
        }
        Ok(())
    }

    async fn handle_moment(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        match self.presence.lapse(now) {
            Some(Lapse::Gone) => Err(own(CloseReason::Silent)),
            Some(Lapse::Silent) => self.give_up(CloseReason::Silent).await,
            None if self.numbers.is_stalled(now) => self.give_up(CloseReason::TooSlow).await,
            None => Ok(()),
        }
    }

    /// Closes a socket that does not work. Its client may resume on another.
    async fn give_up(&mut self, reason: CloseReason) -> Result<(), Ending> {
        if let Some(line) = self.line.take() {
            tokio::spawn(line.close(reason.into()));
        }
        self.lose_line().await
    }

    async fn lose_line(&mut self) -> Result<(), Ending> {
        self.line = None;
        self.numbers.detach();
        self.presence = Presence::Away {
            since: Instant::now(),
        };
        self.attached(false).await;
        Ok(())
    }

    /// A room that does not know the member any more has said so in the lane of notices.
    async fn attached(&self, attached: bool) {
        let _ = self.ask(Ask::Attached(attached)).await;
    }

    async fn ask(&self, ask: Ask) -> Result<(), RoomError> {
        let request = |reply| Request::Ask(self.participant, ask, reply);
        let answer = self.room.ask(request).await;
        answer.unwrap_or(Err(RoomError::NoParticipant))
    }

    fn tell(&mut self, body: ServerBody) -> Result<(), Ending> {
        let full = |_| own(CloseReason::TooSlow);
        self.outbox.push(body).map_err(full)
    }

    /// Hands the socket what it can take. What has no number yet may still be replaced by a newer state, so
    /// numbers are given as late as can be.
    fn flush(&mut self) {
        let now = Instant::now();
        self.blocked = false;
        let Some(line) = &self.line else {
            return;
        };
        loop {
            let Some(place) = line.outgoing.reserve() else {
                self.blocked = true;
                return;
            };
            let Some(frame) = next_frame(&mut self.numbers, &mut self.outbox, now) else {
                return;
            };
            place.write(json(&frame));
        }
    }
}

fn next_frame(
    numbers: &mut Reliable<ServerBody>,
    outbox: &mut Outbox,
    now: Instant,
) -> Option<Frame<ServerBody>> {
    if !numbers.has_frame() && numbers.has_room() {
        let body = outbox.pop();
        body.and_then(|body| numbers.send(body).ok());
    }
    numbers.poll_frame(now)
}

/// Whether the socket brings something, or can take what waits. Without one nothing happens.
async fn socket(line: Option<&mut Line>, blocked: bool) -> Happening {
    let Some(line) = line else {
        return std::future::pending().await;
    };
    tokio::select! {
        incoming = line.incoming.recv() => Happening::Incoming(incoming),
        () = line.outgoing.freed(), if blocked => Happening::Moment,
    }
}

fn failed(to: u64, code: FailureCode, detail: String) -> ServerBody {
    ServerBody::Failed { to, code, detail }
}

fn code(error: &RoomError) -> FailureCode {
    match error {
        RoomError::NotPermitted => FailureCode::NotPermitted,
        RoomError::KeyMessage(_) => FailureCode::KeyMessage,
        RoomError::NoConsent(_) | RoomError::Capsule(_) => FailureCode::Consent,
        _ => FailureCode::NoParticipant,
    }
}

/// The member is still in the room.
fn own(closing: impl Into<Closing>) -> Ending {
    Ending {
        closing: closing.into(),
        is_out: false,
    }
}

/// The room has let go of the member.
fn out(reason: CloseReason) -> Ending {
    Ending {
        closing: reason.into(),
        is_out: true,
    }
}

/// Tells those who come back what they have missed: that they are out, and why.
async fn linger(app: &App, mut arrivals: mpsc::Receiver<Arrival>, closing: &Closing) {
    let tell = async {
        while let Some(arrival) = arrivals.recv().await {
            arrival.line.close(closing.clone()).await;
        }
    };
    let mut draining = app.draining.subscribe();
    tokio::select! {
        () = tell => {}
        () = tokio::time::sleep(ABSENCE) => {}
        // A server that stops has no time for this, and no sockets either.
        _ = draining.wait_for(|draining| *draining) => {}
    }
}
