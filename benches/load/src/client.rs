//! One client with its socket.
//!
//! Owns: the way between a socket and what publishes or plays over it. Never does: wait.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::connection::Connection;
use crate::publisher::Publisher;
use crate::session::Session;
use crate::socket::{Arena, BATCH, Socket};
use crate::subscriber::Subscriber;
use crate::tally::Tally;

/// A transport to the server.
pub(crate) struct Client {
    pub(crate) socket: Socket,
    pub(crate) role: Role,
    pub(crate) session: Session,
    /// Media packets handed to the kernel since it began.
    pub(crate) sent: u64,
}

/// What it is for.
pub(crate) enum Role {
    Publisher(Box<Publisher>),
    Subscriber(Box<Subscriber>),
}

impl Client {
    pub(crate) fn connection(&self) -> &Connection {
        match &self.role {
            Role::Publisher(publisher) => &publisher.connection,
            Role::Subscriber(subscriber) => &subscriber.connection,
        }
    }

    /// Media can flow, and the server has not said goodbye.
    pub(crate) fn is_connected(&self) -> bool {
        let connection = self.connection();
        connection.profile().is_some() && !connection.is_closed()
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        match &self.role {
            Role::Publisher(publisher) => publisher.poll_timeout(),
            Role::Subscriber(subscriber) => subscriber.poll_timeout(),
        }
    }

    /// Takes what its socket has.
    pub(crate) fn receive(&mut self, arena: &mut Arena, tally: &mut Tally) {
        for _ in 0..MOST_BATCHES {
            let Ok(messages) = self.socket.receive(arena) else {
                break;
            };
            let (now, wall) = (Instant::now(), wall_clock());
            for received in arena.filled(messages) {
                let arrived = received.arrived.unwrap_or(wall);
                for datagram in received.datagrams() {
                    match &mut self.role {
                        Role::Publisher(publisher) => publisher.handle_datagram(now, datagram, tally),
                        Role::Subscriber(subscriber) => {
                            subscriber.handle_datagram(now, arrived, datagram, tally);
                        }
                    }
                }
            }
            if messages < BATCH {
                break;
            }
        }
        self.flush(tally);
    }

    /// Its time has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>, tally: &mut Tally) {
        match &mut self.role {
            Role::Publisher(publisher) => {
                publisher.handle_timeout(now, wall_clock());
                // The clock is read for each packet, since each takes the kernel's time to send.
                while publisher.poll_media(Instant::now(), wall_clock(), out, tally) {
                    match self.socket.send(out) {
                        Ok(()) => self.sent += 1,
                        Err(_) => tally.send_failed += 1,
                    }
                }
            }
            Role::Subscriber(subscriber) => subscriber.handle_timeout(now),
        }
        self.flush(tally);
    }

    fn flush(&mut self, tally: &mut Tally) {
        let connection = match &mut self.role {
            Role::Publisher(publisher) => &mut publisher.connection,
            Role::Subscriber(subscriber) => &mut subscriber.connection,
        };
        while let Some(datagram) = connection.poll_transmit() {
            tally.send_failed += u64::from(self.socket.send(&datagram).is_err());
        }
    }
}

/// Since 1970: the clock that the kernel stamps arrivals with.
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What one client may take at a time, so that others' packets leave in time. More is not lost: a socket that
/// still has something when this is reached has a full buffer, and its next packet makes it ready again.
const MOST_BATCHES: usize = 8;
