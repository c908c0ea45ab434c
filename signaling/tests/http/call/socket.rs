//! A client of the call: a socket, and the numbers on it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rapport_signaling::protocol::SUBPROTOCOL;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{PATIENCE, Rig};

pub(super) const OFFER: &str = include_str!("../../../src/sdp/offers/chromium-call.sdp");
pub(super) const GROWN: &str = include_str!("../../../src/sdp/offers/chromium-call-grown.sdp");
pub(super) const RESTARTED: &str = include_str!("../../../src/sdp/offers/chromium-call-restarted.sdp");

/// A socket without a session.
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// A socket with one.
pub(super) struct Member {
    pub(super) socket: Socket,
    pub(super) session: String,
    pub(super) answer: String,
    pub(super) snapshot: Value,
    pub(super) you: u64,
    pub(super) said: u64,
    pub(super) heard: u64,
}

impl Rig {
    pub(super) async fn dial(&self) -> Socket {
        let mut request = self
            .url("/api/v1/call")
            .replace("http", "ws")
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", SUBPROTOCOL.parse().unwrap());
        let (socket, response) = connect_async(request).await.unwrap();
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], SUBPROTOCOL);
        Socket(socket)
    }

    /// A joining that is as it has to be.
    pub(super) fn joining(&self, room: &str, identity: &str, permissions: &str) -> Value {
        json!({
            "type": "join",
            "token": self.token(room, identity, permissions),
            "name": identity,
            "sealing": { "layout": 2, "suite": 5 },
            "media": { "microphone": true, "camera": false, "screen": false },
            "offer": OFFER,
            "sources": sources(&[("0", "microphone"), ("1", "camera")]),
        })
    }

    pub(super) async fn try_join(&self, joining: &Value) -> Result<Member, (u16, String)> {
        let mut socket = self.dial().await;
        socket.send(joining).await;
        let welcome = socket.next().await?;
        assert_eq!(welcome["type"], "joined", "{welcome}");
        Ok(Member {
            socket,
            session: welcome["session"].as_str().unwrap().to_owned(),
            answer: welcome["answer"].as_str().unwrap().to_owned(),
            you: welcome["snapshot"]["you"].as_u64().unwrap(),
            snapshot: welcome["snapshot"].clone(),
            said: 0,
            heard: 0,
        })
    }

    pub(super) async fn guest(&self, room: &str, identity: &str) -> Member {
        self.try_join(&self.joining(room, identity, "ps")).await.unwrap()
    }

    pub(super) async fn host(&self, room: &str, identity: &str) -> Member {
        self.try_join(&self.joining(room, identity, "psa")).await.unwrap()
    }

    /// Why this joining is refused.
    pub(super) async fn refusal(&self, joining: &Value) -> (u16, String) {
        let refused = self.try_join(joining).await;
        refused.err().expect("a refusal")
    }

    /// The first message of a new socket for this member.
    pub(super) async fn resume(
        &self,
        session: &str,
        received: u64,
    ) -> Result<(Socket, Value), (u16, String)> {
        let mut socket = self.dial().await;
        let resume = json!({ "type": "resume", "session": session, "received": received });
        socket.send(&resume).await;
        let welcome = socket.next().await?;
        Ok((socket, welcome))
    }
}

pub(super) fn sources(sections: &[(&str, &str)]) -> Value {
    let section = |(mid, source): &(&str, &str)| json!({ "mid": mid, "source": source });
    sections.iter().map(section).collect()
}

impl Socket {
    pub(super) async fn send(&mut self, message: &Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub(super) async fn send_raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Sends although the server may have closed already.
    pub(super) async fn try_send(&mut self, message: &Value) -> bool {
        self.0.send(Message::text(message.to_string())).await.is_ok()
    }

    /// The next message, or the close frame.
    pub(super) async fn next(&mut self) -> Result<Value, (u16, String)> {
        loop {
            let next = timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match next.expect("a close frame before the end").unwrap() {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(Some(frame)) => return Err((frame.code.into(), frame.reason.to_string())),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The close frame, whatever is said before it.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }

    /// Nothing comes for so long.
    pub(super) async fn is_quiet(&mut self, span: Duration) -> bool {
        timeout(span, self.0.next()).await.is_err()
    }
}

impl Member {
    /// Says something, and tells its number.
    pub(super) async fn say(&mut self, body: Value) -> u64 {
        self.said += 1;
        let frame = json!({ "seq": self.said, "ack": self.heard, "body": body });
        self.socket.send(&frame).await;
        self.said
    }

    /// The next body, whose number has to be the next.
    pub(super) async fn hear(&mut self) -> Result<Value, (u16, String)> {
        loop {
            let frame = self.socket.next().await?;
            if let Some(seq) = frame["seq"].as_u64() {
                self.heard += 1;
                assert_eq!(seq, self.heard, "{frame}");
                return Ok(frame["body"].clone());
            }
        }
    }

    /// Hears until a body is what is waited for.
    pub(super) async fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let body = self.hear().await.unwrap();
            if wanted(&body) {
                return body;
            }
        }
    }

    /// Hears until somebody is as waited for.
    pub(super) async fn until_member(&mut self, participant: u64, wanted: impl Fn(&Value) -> bool) {
        self.until(|body| {
            let member = &body["member"];
            member["participant"] == participant && wanted(member)
        })
        .await;
    }

    pub(super) async fn until_left(&mut self, participant: u64) {
        self.until(|body| body["type"] == "left" && body["participant"] == participant)
            .await;
    }

    /// Says something that somebody else hears: the call goes on for both.
    pub(super) async fn is_heard_by(&mut self, other: &mut Self) {
        for raised in [true, false] {
            self.say(json!({ "type": "hand", "raised": raised })).await;
            other
                .until_member(self.you, |member| member["hand"] == raised)
                .await;
        }
    }

    /// The close frame, whatever is said before it.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        self.socket.closed().await
    }
}
