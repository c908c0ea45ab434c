//! Who should be there, who is, and how they get there.
//!
//! Owns: the difference between a plan and what is, and the errands that mend it. Never does: media.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mio::Token;
use ring::rand::{SecureRandom, SystemRandom};

use super::{DOORBELL, Driver, Plan};
use crate::client::{Client, Role};
use crate::connection::Connection;
use crate::error::Error;
use crate::joiner::{Done, Errand};
use crate::plan::Member;
use crate::publisher::{Publisher, Track};
use crate::session::{Local, Publish, Session, Source, Subscribe};
use crate::socket::Socket;
use crate::subscriber::Subscriber;
use rapport_sfu::parameters::IceCredentials;

/// Everybody who is there, or on the way.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: HashMap<String, Seat>,
    pending: HashMap<usize, Pending>,
    /// The next number of an errand.
    errands: usize,
    /// The last SSRC that was given away.
    ssrcs: u32,
    /// The last source's number in stamps.
    origins: u32,
    /// Why somebody could not join, since it was last asked.
    failed: Option<Error>,
    leaving: usize,
}

/// One person, and the clients that are his.
#[derive(Debug)]
struct Seat {
    member: Member,
    publisher: Option<usize>,
    subscriber: Option<usize>,
}

/// Somebody the server was asked to let in.
#[derive(Debug)]
struct Pending {
    identity: String,
    local: IceCredentials,
    /// What he will send; nothing for who watches.
    sources: Option<Vec<Source>>,
}

impl Seats {
    /// How many watch what this client publishes.
    pub(super) fn watchers(&self, client: usize) -> u64 {
        let publishes = |(_, seat): &(&String, &Seat)| seat.publisher == Some(client);
        let Some((identity, _)) = self.seats.iter().find(publishes) else {
            return 0;
        };
        let watches = |seat: &&Seat| seat.subscriber.is_some() && seat.member.from.contains(identity);
        self.seats.values().filter(watches).count() as u64
    }

    /// How many streams should flow, when everybody publishes so many tracks.
    pub(super) fn streams(&self, tracks: usize) -> usize {
        self.seats
            .values()
            .map(|seat| seat.member.from.len() * tracks)
            .sum()
    }

    /// How many transports there should be.
    pub(super) fn transports(&self) -> usize {
        let wanted =
            |seat: &Seat| usize::from(seat.member.publishes) + usize::from(!seat.member.from.is_empty());
        self.seats.values().map(wanted).sum()
    }
}

impl Driver {
    /// Makes those be there whom the plan names, and nobody else. Who publishes comes first, so that who
    /// watches finds something; both have to be connected, and all streams flow, within [`patience`].
    pub(crate) fn gather(&mut self, plan: &Plan) -> Result<(), Error> {
        self.dismiss(plan);
        for member in &plan.members {
            let seat = self.seats.seats.entry(member.identity.clone());
            let seat = seat.or_insert_with(|| Seat {
                member: member.clone(),
                publisher: None,
                subscriber: None,
            });
            seat.member = member.clone();
        }
        let patience = patience(self.seats.transports());
        self.enter(plan, patience, |driver, member| {
            let seat = &driver.seats.seats[&member.identity];
            (member.publishes && seat.publisher.is_none()).then(|| driver.publish(member))
        })?;
        self.enter(plan, patience, |driver, member| {
            let seat = &driver.seats.seats[&member.identity];
            (!member.from.is_empty() && seat.subscriber.is_none()).then(|| driver.subscribe(member))
        })?;
        self.await_streams()
    }

    /// Everybody leaves.
    pub(crate) fn disperse(&mut self) -> Result<(), Error> {
        self.dismiss(&Plan::default());
        let patience = patience(self.seats.leaving);
        self.wait(patience, |driver| driver.seats.leaving == 0)?;
        Ok(())
    }

    /// Takes what came of errands.
    pub(super) fn settle_errands(&mut self) -> Result<(), Error> {
        while let Some(Done { number, result }) = self.joiner.poll_done() {
            let Some(pending) = self.seats.pending.remove(&number) else {
                self.seats.leaving = self.seats.leaving.saturating_sub(1);
                continue;
            };
            match result {
                Ok(Some(session)) => self.seat(pending, session)?,
                Ok(None) => {}
                Err(source) => {
                    let identity = pending.identity;
                    self.seats.failed.get_or_insert(Error::Join { identity, source });
                }
            }
        }
        Ok(())
    }

    /// Those whom a plan does not name leave; who should watch others than he does leaves and comes again.
    fn dismiss(&mut self, plan: &Plan) {
        let named: HashMap<_, _> = plan
            .members
            .iter()
            .map(|member| (&member.identity, member))
            .collect();
        let mut gone = Vec::new();
        self.seats.seats.retain(|identity, seat| {
            let member = named.get(identity);
            if member.is_none_or(|member| member.from != seat.member.from) {
                gone.extend(seat.subscriber.take());
            }
            if member.is_none() {
                gone.extend(seat.publisher.take());
            }
            member.is_some()
        });
        gone.into_iter().for_each(|client| self.leave(client));
    }

    fn leave(&mut self, index: usize) {
        self.timers.unset(index);
        let Some(mut client) = self.clients.get_mut(index).and_then(Option::take) else {
            return;
        };
        // A socket that is closed leaves the poll by itself.
        let _ = client.socket.deregister(self.poll.registry());
        self.seats.errands += 1;
        if self.joiner.ask(self.seats.errands, Errand::Leave(client.session)) {
            self.seats.leaving += 1;
        }
    }

    /// Asks for all who are missing, then waits until nobody is on the way any more.
    fn enter(
        &mut self,
        plan: &Plan,
        patience: Duration,
        mut errand: impl FnMut(&mut Self, &Member) -> Option<(Pending, Errand)>,
    ) -> Result<(), Error> {
        for member in &plan.members {
            let Some((pending, errand)) = errand(self, member) else {
                continue;
            };
            self.seats.errands += 1;
            if !self.joiner.ask(self.seats.errands, errand) {
                return Err(Error::TooMany);
            }
            self.seats.pending.insert(self.seats.errands, pending);
        }
        let arrived = self.wait(patience, |driver| {
            driver.seats.failed.is_some()
                || driver.seats.pending.is_empty()
                    && driver.clients.iter().flatten().all(Client::is_connected)
        })?;
        match self.seats.failed.take() {
            Some(error) => Err(error),
            None if arrived => Ok(()),
            None => {
                let (wanted, up) = self.connected();
                Err(Error::NotConnected { wanted, up })
            }
        }
    }

    fn await_streams(&mut self) -> Result<(), Error> {
        let (wanted, _) = self.streams();
        let mut flowing = 0;
        let flows = self.wait(STREAM_PATIENCE, |driver| {
            flowing = driver.subscribers().map(|subscriber| subscriber.flowing()).sum();
            flowing >= wanted
        })?;
        if flows {
            Ok(())
        } else {
            Err(Error::NoStream { wanted, flowing })
        }
    }

    fn publish(&mut self, member: &Member) -> (Pending, Errand) {
        let local = self.local();
        let sources = self.media.sources(&mut self.seats.ssrcs);
        let wanted = Publish {
            room: member.room.clone(),
            identity: member.identity.clone(),
            local: local.clone(),
            sources: sources.clone(),
        };
        (pending(member, local, Some(sources)), Errand::Publish(wanted))
    }

    fn subscribe(&self, member: &Member) -> (Pending, Errand) {
        let local = self.local();
        let wanted = Subscribe {
            room: member.room.clone(),
            identity: member.identity.clone(),
            local: local.clone(),
            from: member.from.clone(),
            codecs: self.media.codecs(),
        };
        (pending(member, local, None), Errand::Subscribe(wanted))
    }

    fn local(&self) -> Local {
        Local {
            ice: credentials(),
            fingerprint: self.identity.fingerprint(),
        }
    }

    /// The server let somebody in: he gets a socket, and begins to knock.
    fn seat(&mut self, pending: Pending, session: Session) -> Result<(), Error> {
        let Some(seat) = self.seats.seats.get_mut(&pending.identity) else {
            return Ok(());
        };
        let now = Instant::now();
        let connection = Connection::new(&self.identity, pending.local, &session, now);
        let role = match &pending.sources {
            None => Role::Subscriber(Box::new(Subscriber::new(connection, &session.media, now))),
            Some(sources) => {
                let tracks = tracks(sources, &session, &self.media, &mut self.seats.origins);
                let publisher = Publisher::new(connection, &tracks, pending.identity.clone(), now);
                Role::Publisher(Box::new(publisher.ok_or(Error::CodecRefused)?))
            }
        };
        let mut socket = Socket::connect(session.server)?;
        let index = self
            .clients
            .iter()
            .position(Option::is_none)
            .unwrap_or(self.clients.len());
        debug_assert_ne!(Token(index), DOORBELL);
        socket.register(self.poll.registry(), Token(index))?;
        match role {
            Role::Publisher(_) => seat.publisher = Some(index),
            Role::Subscriber(_) => seat.subscriber = Some(index),
        }
        let client = Client {
            socket,
            role,
            session,
            sent: 0,
        };
        self.timers.set(index, client.poll_timeout());
        if index == self.clients.len() {
            self.clients.push(Some(client));
        } else {
            self.clients[index] = Some(client);
        }
        Ok(())
    }
}

fn pending(member: &Member, local: Local, sources: Option<Vec<Source>>) -> Pending {
    Pending {
        identity: member.identity.clone(),
        local: local.ice,
        sources,
    }
}

/// Each source with its section and its recording; nobody begins where the one before him did.
fn tracks<'a>(
    sources: &'a [Source],
    session: &'a Session,
    media: &'a crate::media::Media,
    origins: &mut u32,
) -> Vec<Track<'a>> {
    let parts = sources.iter().zip(&session.media).zip(&media.recordings);
    parts
        .map(|((source, section), recording)| {
            *origins += 1;
            let step = u64::from(*origins) * OFFSET_MILLIS % recording.length.as_millis().max(1) as u64;
            Track {
                source,
                media: section,
                recording,
                origin: *origins,
                offset: Duration::from_millis(step),
            }
        })
        .collect()
}

/// RFC 8445 §5.3: at least 24 bits of randomness in the name, 128 in the password.
fn credentials() -> IceCredentials {
    let mut random = [0_u8; 20];
    // A generator of load can do without secrecy, should the system have none to give.
    let _ = SystemRandom::new().fill(&mut random);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    IceCredentials {
        ufrag: hex(&random[..4]),
        pwd: hex(&random[4..]),
    }
}

/// How long so many transports may take to come up: a handshake is a few milliseconds at each end.
fn patience(transports: usize) -> Duration {
    Duration::from_secs(10) + Duration::from_millis(50) * transports as u32
}

/// A key frame is asked for and sent within a second, if it is at all.
const STREAM_PATIENCE: Duration = Duration::from_secs(10);

/// Prime, so that offsets of many publishers fall everywhere.
const OFFSET_MILLIS: u64 = 1_237;
