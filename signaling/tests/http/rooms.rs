//! The room API as an administrator uses it.

use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, SrtpProfile};
use rapport_sfu::id::TrackId;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{PLAY, Rig, problem, rig};

async fn mute(rig: &Rig, path: &str, token: &str, body: &Value) -> Response {
    rig.request(Method::PUT, path, token)
        .json(body)
        .send()
        .await
        .unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    let rooms = list.as_array().unwrap().iter();
    rooms.map(|room| room["room"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_administrator_sees_the_rooms_that_the_token_covers() {
    let rig = rig().await;
    for room in ["one", "two"] {
        rig.publish(room, "anna").await;
    }
    for (scope, expected) in [("*", vec!["one", "two"]), ("two", vec!["two"]), ("three", vec![])] {
        let list = rig.get("/api/v1/rooms", &rig.token(scope, "root", "a")).await;
        let list: Value = list.json().await.unwrap();
        assert_eq!(names(&list), expected, "{scope}");
    }
}

#[tokio::test]
async fn who_is_no_administrator_sees_and_does_nothing() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    let tokens = [rig.token("one", "anna", "ps"), rig.token("two", "root", "a")];
    for token in tokens {
        for (method, path) in [
            (Method::GET, "/api/v1/rooms/one"),
            (Method::DELETE, "/api/v1/rooms/one"),
            (Method::DELETE, "/api/v1/rooms/one/participants/1"),
            (Method::PUT, "/api/v1/rooms/one/tracks/1/muted"),
        ] {
            let response = rig.request(method, path, &token).send().await.unwrap();
            assert_eq!(problem(response).await.0, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let response = rig.get("/api/v1/rooms", &rig.token("one", "anna", "ps")).await;
    assert_eq!(problem(response).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_room_shows_who_is_in_it_and_what_flows() {
    let mut rig = rig().await;
    rig.publish("one", "anna").await;
    let admin = rig.token("one", "root", "a");
    let participant = rig.joined().await;
    let (events, profile) = (rig.events.clone(), SrtpProfile::AeadAes128Gcm);
    events
        .send(Event::Connected { participant, profile })
        .await
        .unwrap();
    let connected = |room: &Value| room["participants"][0]["connected"] == true;
    let room = rig.until("/api/v1/rooms/one", &admin, connected).await;
    assert_eq!((&room["kind"], &room["locked"]), (&"clear".into(), &false.into()));
    let anna = &room["participants"][0];
    assert_eq!(
        (&anna["identity"], &anna["role"]),
        (&"anna".into(), &"publisher".into())
    );
    let kinds: Vec<_> = anna["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| &track["kind"])
        .collect();
    assert_eq!(kinds, ["audio", "video"]);
    let track = TrackId(anna["tracks"][1]["id"].as_u64().unwrap());
    events.send(Event::Started { track }).await.unwrap();
    let live = |room: &Value| room["participants"][0]["tracks"][1]["live"] == true;
    rig.until("/api/v1/rooms/one", &admin, live).await;
    events.send(Event::Stalled { track }).await.unwrap();
    rig.until("/api/v1/rooms/one", &admin, |room| !live(room)).await;
}

#[tokio::test]
async fn a_participant_can_be_sent_away() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    rig.publish("one", "ben").await;
    let admin = rig.token("*", "root", "a");
    let anna = rig.joined().await;
    let path = format!("/api/v1/rooms/one/participants/{anna}");
    assert_eq!(rig.delete(&path, &admin).await.status(), StatusCode::NO_CONTENT);
    let left = rig.command(|command| match command {
        Command::Leave { participant } => Some(participant),
        _ => None,
    });
    assert_eq!(left.await, anna);
    assert_eq!(
        problem(rig.get(&session.path, &session.token).await).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        problem(rig.delete(&path, &admin).await).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_room_can_be_closed() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let admin = rig.token("one", "root", "a");
    assert_eq!(
        rig.delete("/api/v1/rooms/one", &admin).await.status(),
        StatusCode::NO_CONTENT
    );
    let closed = |command| matches!(command, Command::CloseRoom { .. }).then_some(());
    rig.command(closed).await;
    rig.until_gone("/api/v1/rooms/one", &admin).await;
    assert_eq!(
        problem(rig.get(&session.path, &session.token).await).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_track_can_be_muted_and_heard_again() {
    let mut rig = rig().await;
    rig.publish("one", "anna").await;
    let admin = rig.token("one", "root", "a");
    let room = rig.until("/api/v1/rooms/one", &admin, |_| true).await;
    let track = room["participants"][0]["tracks"][0]["id"].as_u64().unwrap();
    let path = format!("/api/v1/rooms/one/tracks/{track}/muted");
    for muted in [true, false] {
        let response = mute(&rig, &path, &admin, &json!({ "muted": muted })).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let ordered = rig.command(|command| match command {
            Command::Mute { track, muted } => Some((track.0, muted)),
            _ => None,
        });
        assert_eq!(ordered.await, (track, muted));
        let shown = rig.until("/api/v1/rooms/one", &admin, |_| true).await;
        assert_eq!(shown["participants"][0]["tracks"][0]["muted"], muted);
    }
}

#[tokio::test]
async fn a_mute_that_makes_no_sense_is_refused() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    let admin = rig.token("one", "root", "a");
    let path = "/api/v1/rooms/one/tracks/999999/muted";
    let response = mute(&rig, path, &admin, &json!({ "muted": true })).await;
    assert_eq!(problem(response).await.0, StatusCode::NOT_FOUND);
    for body in [
        json!({}),
        json!({ "muted": "yes" }),
        json!({ "muted": true, "loud": 1 }),
    ] {
        let (status, problem) = problem(mute(&rig, path, &admin, &body).await).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &"muted".into()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_room_whose_worker_takes_no_orders_keeps_nobody_waiting() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let admin = rig.token("one", "root", "a");
    let room = rig.until("/api/v1/rooms/one", &admin, |_| true).await;
    let track = room["participants"][0]["tracks"][0]["id"].as_u64().unwrap();
    let path = format!("/api/v1/rooms/one/tracks/{track}/muted");
    // Nobody reads the lane: sooner or later it is full. What changes nothing is no order.
    let mut muted = true;
    let refused = loop {
        let response = mute(&rig, &path, &admin, &json!({ "muted": muted })).await;
        if response.status() != StatusCode::NO_CONTENT {
            break response;
        }
        muted = !muted;
    };
    assert_eq!(refused.headers()[RETRY_AFTER], "2");
    assert_eq!(problem(refused).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let token = rig.token("one", "ben", "s");
    let late = rig.post("/whep/one", &token, PLAY).await;
    assert_eq!(problem(late).await.0, StatusCode::SERVICE_UNAVAILABLE);

    // The worker is back: who gave up is not in the room, and who comes is let in.
    while rig.commands.try_recv().is_ok() {}
    let shown = rig.get("/api/v1/rooms/one", &admin).await;
    let shown: Value = shown.json().await.unwrap();
    assert_eq!(shown["participants"].as_array().unwrap().len(), 1);
    let left = rig.delete(&session.path, &session.token).await;
    assert_eq!(left.status(), StatusCode::OK);
}
