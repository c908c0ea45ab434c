//! The same interface over workers that run.

use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId};
use rapport_signaling::media::{self, Plane, Workers};
use rapport_signaling::{Server, load_keys};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Client, PUBLISH, client, config, lane, problem, value};

const MEDIA: &str = "media.listen = [\"127.0.0.1:0\"]\nmedia.workers = 2";

async fn start() -> (Server, Workers, Client) {
    let config = config(MEDIA);
    let keys = load_keys(&config).unwrap();
    let (plane, workers) = media::start(&config.media).unwrap();
    let server = Server::start(config, Vec::new(), plane).await.unwrap();
    let client = client(server.address(), keys);
    (server, workers, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_reaches_a_worker_and_leaves_it() {
    let (server, workers, client) = start().await;
    let session = client.publish("one", "anna").await;
    let publications = |text: &str| value(text, "rapport_publications", &[]).unwrap();
    client.scrape_until(|text| publications(text) == 2.0).await;
    assert_eq!(
        client.delete(&session.path, &session.token).await.status(),
        StatusCode::OK
    );
    client.scrape_until(|text| publications(text) == 0.0).await;
    server.stop().await.unwrap();
    workers.stop().await.unwrap();
}

/// Publishes into a room; the port of its worker.
async fn port(client: &Client, room: &str) -> u16 {
    let token = client.token(room, "anna", "p");
    let answer = client.post(&format!("/whip/{room}"), &token, PUBLISH).await;
    let answer = answer.text().await.unwrap();
    let mut lines = answer.lines();
    let candidate = lines.find(|line| line.starts_with("a=candidate:")).unwrap();
    candidate.split(' ').nth(5).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_opened_one_after_the_other_spread_over_the_workers() {
    let (_server, _workers, client) = start().await;
    let mut ports = Vec::new();
    for room in ["one", "two", "three", "four"] {
        ports.push(port(&client, room).await);
    }
    assert_ne!(ports[0], ports[1]);
    assert_eq!(ports[..2], ports[2..], "in turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_a_port_that_is_bound() {
    let (_server, _workers, client) = start().await;
    let port = port(&client, "one").await;
    let taken = std::net::UdpSocket::bind(("127.0.0.1", port)).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_lost_workers_end() {
    let (_server, workers, client) = start().await;
    let session = client.publish("one", "anna").await;
    drop(workers);
    client.until_gone(&session.path, &session.token).await;
    let left = |text: &str| value(text, "rapport_leaves_total", &[("reason", "worker_lost")]);
    client.scrape_until(|text| left(text) == Some(1.0)).await;
    let (status, _) = problem(client.get("/readyz", "").await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

/// Mutes a track until the room does not answer any more, because nobody reads the worker's lane.
async fn block(client: &Client, room: &str) {
    let admin = client.token(room, "root", "a");
    let url = format!("/api/v1/rooms/{room}");
    let shown: Value = client.get(&url, &admin).await.json().await.unwrap();
    let track = &shown["participants"][0]["tracks"][0]["id"];
    let url = format!("{url}/tracks/{track}/muted");
    let mute = |muted: bool| {
        let request = client.request(Method::PUT, &url, &admin);
        request.json(&json!({ "muted": muted })).send()
    };
    // Back and forth: what changes nothing is no order.
    let mut muted = true;
    while mute(muted).await.unwrap().status() == StatusCode::NO_CONTENT {
        muted = !muted;
    }
}

async fn joined(commands: &mut mpsc::Receiver<Command>) -> (RoomId, ParticipantId) {
    match commands.recv().await {
        Some(Command::Join {
            room, participant, ..
        }) => (room, participant),
        other => panic!("{other:?} and no join"),
    }
}

#[tokio::test]
async fn a_worker_that_is_behind_holds_up_the_events_of_no_other() {
    let config = config("");
    let keys = load_keys(&config).unwrap();
    let ((first, mut to_first), (second, mut to_second)) = (lane(), lane());
    let ((of_first, first_events), (of_second, second_events)) = (mpsc::channel(8), mpsc::channel(8));
    let plane = Plane {
        lanes: vec![first, second],
        events: vec![first_events, second_events],
        taps: mpsc::channel(8).1,
    };
    let server = Server::start(config, Vec::new(), plane).await.unwrap();
    let client = client(server.address(), keys);
    client.publish("one", "anna").await;
    let left = |(room, participant)| Event::Left {
        room,
        participant,
        reason: LeaveReason::Closed,
    };
    let event = left(joined(&mut to_first).await);
    block(&client, "one").await;
    let session = client.publish("two", "ben").await;
    // More than the room's mailbox takes: the rest waits in the lane.
    for _ in 0..68 {
        of_first.send(event.clone()).await.unwrap();
    }
    let event = left(joined(&mut to_second).await);
    of_second.send(event).await.unwrap();
    client.until_gone(&session.path, &session.token).await;
}
