//! One WebSocket, from its opening to its close frame.
//!
//! Owns: reading and writing, and the rules about form and amount. Never does: keep anything that has to
//! outlive it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Error;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, error::ProtocolError};

use super::Arrival;
use super::closing::Closing;
use super::line::{Ends, Incoming, Line, Outgoing};
use super::pace::Pace;
use super::{join, message};
use crate::http::App;
use crate::protocol::{CloseReason, Opening};
use crate::session::SessionId;

/// The first message has to be there by then; an offer takes a slow device a second or two to make, which it
/// does before it connects.
const OPENING_DEADLINE: Duration = Duration::from_secs(10);

/// How long the network may take no more of what we write. A client that does not read for so long is gone, or
/// as good as.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);

/// After our close frame: how long we wait for the client's (RFC 6455 §7.1.1), and read what it had on its way,
/// so that the end of the connection is no reset that would take our reason away.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// Serves a socket to its end.
pub(super) async fn serve(app: &App, ws: WebSocket) {
    let mut socket = Socket {
        app,
        ws,
        pace: Pace::new(Instant::now()),
    };
    match socket.serve().await {
        Err(Some(closing)) => socket.close(&closing).await,
        Err(None) => app.metrics.count_lost_socket(),
    }
}

struct Socket<'a> {
    app: &'a App,
    ws: WebSocket,
    pace: Pace,
}

/// Why a socket ends: with a reason to tell, or because it is lost.
type End = Option<Closing>;

impl Socket<'_> {
    async fn serve(&mut self) -> Result<Infallible, End> {
        let first = timeout(OPENING_DEADLINE, self.read()).await;
        let first = first.map_err(|_| Closing::from(CloseReason::Silent))??;
        let ends = open(self.app, message::opening(&first)?).await?;
        self.carry(ends).await
    }

    /// Carries messages both ways.
    async fn carry(&mut self, ends: Ends) -> Result<Infallible, End> {
        let Ends {
            incoming,
            mut outgoing,
        } = ends;
        let mut is_heard = true;
        loop {
            tokio::select! {
                order = outgoing.recv() => self.carry_out(order).await?,
                text = self.read(), if is_heard => is_heard = bring(text, &incoming).await?,
            }
        }
    }

    async fn carry_out(&mut self, order: Option<Outgoing>) -> Result<(), End> {
        match order {
            Some(Outgoing::Text(text)) => self.write(text).await,
            Some(Outgoing::Close(closing)) => Err(Some(closing)),
            // A session says why before it lets go of a socket that works.
            None => Err(Some(CloseReason::Internal.into())),
        }
    }

    async fn write(&mut self, text: String) -> Result<(), End> {
        self.app.metrics.count_message("outbound");
        let written = timeout(WRITE_DEADLINE, self.ws.send(Message::Text(text.into()))).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }

    /// The next text. It may be given up at any time without losing one.
    async fn read(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            let message = self.ws.recv().await.ok_or(None)?.map_err(fault)?;
            if !self.pace.admits(Instant::now()) {
                return Err(Some(Closing::because(CloseReason::TooMuch, "messages")));
            }
            self.app.metrics.count_message("inbound");
            match message {
                Message::Text(text) if text.len() > self.app.config.server.max_body.as_len() => {
                    return Err(Some(too_long()));
                }
                Message::Text(text) => return Ok(text),
                Message::Binary(_) => return Err(Some(Closing::malformed("binary"))),
                Message::Close(_) => {
                    self.answer_close().await;
                    return Err(None);
                }
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    /// RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the
    /// endpoint MUST send a Close frame in response." It is made with the reading of the client's, and written
    /// with the next one, which finds nothing more.
    async fn answer_close(&mut self) {
        let _ = timeout(CLOSE_DEADLINE, self.ws.recv()).await;
    }

    async fn close(&mut self, closing: &Closing) {
        self.app.metrics.count_close(closing.reason());
        let farewell = async {
            let sent = self.ws.send(closing.message()).await;
            while sent.is_ok() && matches!(self.ws.recv().await, Some(Ok(_))) {}
        };
        // Who does not say goodbye is left without.
        let _ = timeout(CLOSE_DEADLINE, farewell).await;
    }
}

/// Finds or makes the session.
async fn open(app: &App, opening: Opening) -> Result<Ends, Closing> {
    let (line, ends) = Line::new();
    match opening {
        Opening::Join(joining) => join::join(app, *joining, line).await?,
        Opening::Resume { session, received } => {
            resume(app, &session, Arrival { received, line }).await?;
        }
    }
    Ok(ends)
}

async fn resume(app: &App, session: &str, arrival: Arrival) -> Result<(), Closing> {
    let over = || Closing::from(CloseReason::NoSession);
    let session = SessionId::parse(session).ok_or_else(over)?;
    let resumed = timeout(OPENING_DEADLINE, app.calls.resume(&session, arrival)).await;
    let resumed = resumed.map_err(|_| Closing::from(CloseReason::Unavailable))?;
    resumed.map_err(|_| over())
}

/// Brings text to the session, and tells whether it still listens: one that ends says why in the other lane.
async fn bring(text: Result<Utf8Bytes, End>, incoming: &mpsc::Sender<Incoming>) -> Result<bool, End> {
    let frame = text.and_then(|text| message::frame(&text).map_err(Some));
    match frame {
        Ok(frame) => Ok(incoming.send(Incoming::Frame(frame)).await.is_ok()),
        Err(Some(closing)) => {
            let fault = incoming.send(Incoming::Fault(closing.clone()));
            // A session that hangs hears of a lost socket instead, in the end.
            let _ = timeout(CLOSE_DEADLINE, fault).await;
            Err(Some(closing))
        }
        Err(None) => Err(None),
    }
}

/// Whose fault it is that nothing can be read any more.
fn fault(error: Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => Some(too_long()),
        Some(tungstenite::Error::Utf8(_)) => Some(Closing::malformed("utf-8")),
        Some(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => None,
        Some(tungstenite::Error::Protocol(_)) => Some(Closing::malformed("websocket")),
        _ => None,
    }
}

fn too_long() -> Closing {
    Closing::because(CloseReason::TooMuch, "message")
}
