//! What lies between a socket, which may be lost, and its session, which outlives it.
//!
//! Owns: the two lanes. Never does: read or write the network.

use std::fmt;

use tokio::sync::mpsc;

use super::closing::Closing;
use crate::protocol::{ClientBody, Frame};

/// Messages under way in either lane. A few, so that a session is never far ahead of its socket: what waits,
/// waits where newer states replace older ones.
const DEPTH: usize = 8;

/// What a socket brings.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message that can be read.
    Frame(Frame<ClientBody>),
    /// The client broke a rule, and its socket is closed for it.
    Fault(Closing),
}

/// What a socket is to do.
pub(crate) enum Outgoing {
    /// Write this.
    Text(String),
    /// Close, and nothing after it.
    Close(Closing),
}

/// The text may be a welcome, and whoever has that is the member: not for logs.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Close(closing) => f.debug_tuple("Close").field(closing).finish(),
        }
    }
}

/// The session's end. A lane that ends is a socket that is lost.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    pub(crate) outgoing: Outlet,
}

/// The lane to the socket.
#[derive(Debug)]
pub(crate) struct Outlet(mpsc::Sender<Outgoing>);

/// The socket's end.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) incoming: mpsc::Sender<Incoming>,
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
}

impl Line {
    pub(crate) fn new() -> (Self, Ends) {
        let (to_session, from_socket) = mpsc::channel(DEPTH);
        let (to_socket, from_session) = mpsc::channel(DEPTH);
        let line = Self {
            incoming: from_socket,
            outgoing: Outlet(to_socket),
        };
        let ends = Ends {
            incoming: to_session,
            outgoing: from_session,
        };
        (line, ends)
    }

    /// Has the socket closed, after what was handed over before.
    pub(crate) async fn close(self, closing: Closing) {
        let Self { incoming, outgoing } = self;
        // Nothing is read any more, so that a socket that has something to bring does not wait for us.
        drop(incoming);
        // A socket that is lost needs no closing.
        let _ = outgoing.0.send(Outgoing::Close(closing)).await;
    }
}

impl Outlet {
    /// The right to hand over one text, if there is room for it and a socket.
    pub(crate) fn reserve(&self) -> Option<Place<'_>> {
        self.0.try_reserve().ok().map(Place)
    }

    /// Hands over the first text of a new socket, for which there is room.
    pub(crate) fn write(&self, text: String) {
        if let Some(place) = self.reserve() {
            place.write(text);
        }
    }

    /// Waits until there is room.
    pub(crate) async fn freed(&self) {
        // A lost socket shows in the other lane.
        let _ = self.0.reserve().await;
    }
}

/// Room for one text.
pub(crate) struct Place<'a>(mpsc::Permit<'a, Outgoing>);

impl Place<'_> {
    /// Hands it over.
    pub(crate) fn write(self, text: String) {
        self.0.send(Outgoing::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_welcome_shows_in_logs() {
        let text = Outgoing::Text("worthy".into());
        assert_eq!(format!("{text:?}"), "Text(6 bytes)");
    }
}
