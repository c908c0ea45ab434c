//! The call's WebSocket, from a client's side.
//!
//! Owns: one socket. Never does: number frames, or open another when this one is lost.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use rapport_signaling::protocol::SUBPROTOCOL;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::redeem::authority;

/// One open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What comes of waiting.
#[derive(Debug)]
pub(crate) enum Heard<T> {
    /// A message.
    Said(T),
    /// The server closed, with this reason.
    Closed(String),
    /// The socket broke.
    Lost,
}

impl Socket {
    /// Opens the socket of a call.
    pub(crate) async fn open(origin: &str) -> Result<Self> {
        let authority = authority(origin)?;
        let mut request = format!("ws://{authority}/api/v1/call").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        headers.insert("origin", HeaderValue::from_str(origin)?);
        let stream = TcpStream::connect(authority).await?;
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { stream })
    }

    /// Says something.
    pub(crate) async fn send(&mut self, message: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(message)?;
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Waits for what the server says; may be given up and called again.
    pub(crate) async fn hear<T: DeserializeOwned>(&mut self) -> Result<Heard<T>> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let said = serde_json::from_str(&text);
                    return Ok(Heard::Said(
                        said.with_context(|| format!("not understood: {text}"))?,
                    ));
                }
                Some(Ok(Message::Close(Some(frame)))) => return Ok(Heard::Closed(frame.reason.to_string())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => bail!("the server said {other:?}"),
                Some(Err(_)) | None => return Ok(Heard::Lost),
            }
        }
    }
}
