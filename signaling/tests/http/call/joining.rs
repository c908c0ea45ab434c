//! Who gets into a call, and what is said to those who do not.

use std::time::Duration;

use rapport_sfu::command::Command;
use rapport_sfu::id::SenderIndex;
use rapport_signaling::auth::{Claims, Join, unix_now};
use rapport_signaling::plugin::{Answer, Plugin, Refusal};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{OFFER, sources};
use crate::support::{Rig, problem, rig, rig_with, value};

#[tokio::test]
async fn two_members_see_each_other() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    assert!(anna.answer.contains("a=ice-lite"));
    assert!(
        !anna.answer.contains("ssrc-audio-level"),
        "nobody tells how loud somebody is"
    );
    let ben = rig.guest("one", "ben").await;
    let members = ben.snapshot["members"].as_array().unwrap();
    let ids: Vec<_> = members.iter().map(|member| &member["participant"]).collect();
    assert_eq!(ids, [anna.you, ben.you]);
    assert_eq!(members[0]["standing"], "host");
    assert_eq!(members[1]["standing"], "guest");
    assert_eq!(
        (&members[0]["admitted"], &members[1]["admitted"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(members[1]["sender"], 17);
    assert_eq!(members[1]["media"]["microphone"], true);
    assert_eq!(ben.snapshot["room"]["locked"], false);
    anna.until_member(ben.you, |member| member["name"] == "ben").await;
}

#[tokio::test]
async fn the_media_plane_is_told_to_hold_every_frame_against_the_senders_key() {
    let mut rig = rig().await;
    let anna = rig.guest("one", "anna").await;
    assert_eq!(rig.joined().await.0, anna.you);
    for _ in 0..2 {
        let sealed = rig.command(|command| match command {
            Command::Publish { parameters, .. } => Some(parameters.sealed),
            _ => None,
        });
        assert_eq!(sealed.await, Some(SenderIndex(16)));
    }
}

#[tokio::test]
async fn a_token_that_can_not_be_used_is_told_apart() {
    let rig = rig().await;
    let expired = Claims {
        publish: true,
        subscribe: true,
        ..Claims::new("one", "anna", unix_now() - 60)
    };
    let expired = rig.keys.issue(expired).unwrap();
    for (token, code, reason) in [
        (expired, 4410, "expired: the token has expired"),
        ("nonsense".into(), 4401, "unauthorized: the token is malformed"),
        (String::new(), 4401, "unauthorized: the token is malformed"),
        (
            rig.token("one", "anna", "p"),
            4403,
            "forbidden: the token does not permit subscribing",
        ),
        (
            rig.token("one", "anna", "s"),
            4403,
            "forbidden: the token does not permit publishing",
        ),
        (
            rig.token("*", "anna", "psa"),
            4403,
            "forbidden: the token is for another room",
        ),
    ] {
        let mut joining = rig.joining("one", "anna", "ps");
        joining["token"] = token.into();
        assert_eq!(rig.refusal(&joining).await, (code, reason.to_owned()));
    }
    assert_eq!(rooms(&rig).await, 0.0);
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_checked_field_by_field() {
    let rig = rig().await;
    for (pointer, bad, field) in [
        ("/name", json!(" \n "), "name"),
        ("/name", json!("x".repeat(65)), "name"),
        ("/name", json!("a\u{0}b"), "name"),
        ("/name", json!(7), "opening"),
        ("/sealing/layout", json!(1), "sealing.layout"),
        ("/sealing/suite", json!(4), "sealing.suite"),
        ("/media", json!({}), "opening.microphone"),
        ("/sources", json!(null), "opening"),
        ("/type", json!("enter"), "opening"),
    ] {
        let mut joining = rig.joining("one", "anna", "ps");
        *joining.pointer_mut(pointer).unwrap() = bad;
        let expected = (4400, format!("malformed: {field}"));
        assert_eq!(rig.refusal(&joining).await, expected, "{pointer}");
    }
    assert_eq!(rooms(&rig).await, 0.0);
}

#[tokio::test]
async fn an_offer_that_can_not_be_served_is_refused_with_its_field() {
    let rig = rig().await;
    for (offer, named) in [
        (String::new(), "offer: "),
        ("v=0\r\n".into(), "offer: "),
        (
            OFFER.replace("a=fingerprint:sha-256", "a=fingerprint:md5"),
            "a=fingerprint",
        ),
    ] {
        let mut joining = rig.joining("one", "anna", "ps");
        joining["offer"] = offer.into();
        let (code, reason) = rig.refusal(&joining).await;
        assert_eq!(code, 4422, "{reason}");
        assert!(
            reason.starts_with("offer: ") && reason.contains(named),
            "{reason}"
        );
    }
    assert_eq!(rooms(&rig).await, 0.0);
}

#[tokio::test]
async fn every_section_in_which_a_client_sends_is_named_once() {
    let rig = rig().await;
    for bad in [
        &[("0", "microphone")][..],
        &[("0", "microphone"), ("1", "camera"), ("2", "screen")],
        &[("0", "microphone"), ("1", "camera"), ("99", "screen")],
        &[("0", "microphone"), ("0", "microphone")],
        &[("0", "camera"), ("1", "microphone")],
    ] {
        let mut joining = rig.joining("one", "anna", "ps");
        joining["sources"] = sources(bad);
        let (code, reason) = rig.refusal(&joining).await;
        assert_eq!(code, 4422, "{bad:?}");
        assert!(reason.starts_with("offer: sources"), "{reason}");
    }
}

#[tokio::test]
async fn a_full_room_and_a_locked_one_let_nobody_new_in() {
    let rig = rig_with("limits.participants_per_room = 2", Vec::new()).await;
    let mut anna = rig.host("one", "anna").await;
    anna.say(json!({ "type": "lock", "locked": true })).await;
    anna.until(|body| body["type"] == "room" && body["room"]["locked"] == true)
        .await;
    let ben = rig.joining("one", "ben", "ps");
    assert_eq!(rig.refusal(&ben).await.0, 4423);
    anna.say(json!({ "type": "lock", "locked": false })).await;
    anna.until(|body| body["type"] == "room" && body["room"]["locked"] == false)
        .await;
    rig.try_join(&ben).await.unwrap();
    let clara = rig.joining("one", "clara", "ps");
    assert_eq!(
        rig.refusal(&clara).await,
        (4424, "room_full: the room is full".into())
    );
}

#[tokio::test]
async fn a_room_of_clear_media_is_no_room_for_a_call() {
    let rig = rig().await;
    rig.publish("one", "camera").await;
    assert_eq!(rig.refusal(&rig.joining("one", "anna", "ps")).await.0, 4425);
}

struct Closed;

impl Plugin for Closed {
    fn name(&self) -> &'static str {
        "closed"
    }

    fn authorise<'a>(&'a self, _: &'a Join) -> Answer<'a, Result<(), Refusal>> {
        Box::pin(async { Err(Refusal("the practice is closed".into())) })
    }
}

#[tokio::test]
async fn a_plugin_says_why_not() {
    let rig = rig_with("", vec![Box::new(Closed)]).await;
    let refusal = rig.refusal(&rig.joining("one", "anna", "ps")).await;
    assert_eq!(refusal, (4403, "forbidden: the practice is closed".into()));
}

#[tokio::test]
async fn a_server_that_stops_takes_nobody_and_keeps_who_is_there() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    rig.server.drain();
    let refusal = rig.refusal(&rig.joining("one", "clara", "ps")).await;
    assert_eq!(refusal, (4503, "unavailable: the server is stopping".into()));
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let rig = rig().await;
    let mut socket = rig.dial().await;
    assert!(socket.is_quiet(Duration::from_secs(1)).await);
    assert_eq!(socket.closed().await, (4408, "silent".into()));
}

#[tokio::test]
async fn strangers_make_way_for_members() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut strangers = Vec::new();
    for _ in 0..65 {
        strangers.push(rig.dial().await);
    }
    let displaced = (4503, "unavailable: others wait for a socket".into());
    assert_eq!(strangers[0].closed().await, displaced);
    let (socket, _) = rig.resume(&anna.session, anna.heard).await.unwrap();
    anna.socket = socket;
    assert_eq!(strangers[1].closed().await, displaced);
    let mut ben = rig.host("one", "ben").await;
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn a_socket_begins_with_an_opening() {
    let rig = rig().await;
    for (message, reason) in [
        (Message::text("hello"), "malformed: json"),
        (Message::text(r#"{"ack":0}"#), "malformed: opening.type"),
        (Message::binary(vec![0; 8]), "malformed: binary"),
    ] {
        let mut socket = rig.dial().await;
        socket.send_raw(message).await;
        assert_eq!(socket.closed().await, (4400, reason.to_owned()));
    }
}

#[tokio::test]
async fn only_a_handshake_with_the_subprotocol_opens_a_socket() {
    let rig = rig().await;
    let url = rig.url("/api/v1/call");
    let plain = rig.http.get(&url).send().await.unwrap();
    assert_eq!(plain.headers()["Sec-WebSocket-Version"], "13");
    assert_eq!(problem(plain).await.0, StatusCode::UPGRADE_REQUIRED);
    let handshake = |protocol: &str, origin: &str| {
        let request = rig.http.get(&url).header("Connection", "Upgrade");
        let request = request.header("Upgrade", "websocket").header("Origin", origin);
        let request = request.header("Sec-WebSocket-Version", "13");
        let request = request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        request
            .header("Sec-WebSocket-Protocol", protocol.to_owned())
            .send()
    };
    let own = rig.url("");
    let other = handshake("rapport.v2", &own).await.unwrap();
    let (status, body) = problem(other).await;
    assert_eq!(
        (status, &body["field"]),
        (StatusCode::BAD_REQUEST, &json!("sec-websocket-protocol"))
    );
    let foreign = handshake("rapport.v1", "https://example.org").await.unwrap();
    assert_eq!(problem(foreign).await.0, StatusCode::FORBIDDEN);
    let good = handshake("rapport.v2, rapport.v1", &own).await.unwrap();
    assert_eq!(good.status(), StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn joins_sockets_and_ends_are_counted() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut joining = rig.joining("one", "ben", "ps");
    joining["name"] = Value::from("");
    rig.refusal(&joining).await;
    let text = rig.scrape().await;
    let joins = |outcome| {
        value(
            &text,
            "rapport_joins_total",
            &[("role", "member"), ("outcome", outcome)],
        )
    };
    assert_eq!((joins("admitted"), joins("malformed")), (Some(1.0), Some(1.0)));
    assert_eq!(value(&text, "rapport_call_sessions", &[]), Some(1.0));
    assert_eq!(
        value(&text, "rapport_participants", &[("role", "member")]),
        Some(1.0)
    );
    let malformed = [("reason", "malformed")];
    assert_eq!(value(&text, "rapport_call_closes_total", &malformed), Some(1.0));
    anna.say(json!({ "type": "leave" })).await;
    assert_eq!(anna.closed().await, (1000, "left".into()));
    drop(anna);
    rig.scrape_until(|text| value(text, "rapport_call_sockets", &[]) == Some(0.0))
        .await;
    let text = rig.scrape().await;
    assert_eq!(value(&text, "rapport_call_sessions", &[]), Some(0.0));
    let inbound = value(&text, "rapport_call_messages_total", &[("direction", "inbound")]);
    assert!(inbound >= Some(3.0), "{inbound:?}");
}

async fn rooms(rig: &Rig) -> f64 {
    value(&rig.scrape().await, "rapport_rooms", &[]).unwrap()
}
