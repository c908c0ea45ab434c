//! The seam for plugins: a plugin that refuses, listens, stalls and panics.

use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_signaling::auth::Join;
use rapport_signaling::plugin::{Answer, Context, Plugin, Refusal, Tap};
use rapport_signaling::room::RoomEvent;
use reqwest::StatusCode;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::support::{PUBLISH, Rig, problem, rig_with, tap_packet};

/// Behaves as the name of the identity says.
struct Moody;

impl Plugin for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn authorise<'a>(&'a self, join: &'a Join) -> Answer<'a, Result<(), Refusal>> {
        Box::pin(async {
            match join.identity().as_str() {
                "refused" => Err(Refusal("not today".into())),
                "panics" => panic!("as asked"),
                "stalls" => pending().await,
                _ => Ok(()),
            }
        })
    }

    fn routes(&self, _: Context) -> Router {
        Router::new()
            .route("/mood", get(|| async { "good" }))
            .route("/stalls", get(pending::<()>))
    }
}

async fn moody() -> Rig {
    rig_with("", vec![Box::new(Moody)]).await
}

async fn attempt(rig: &Rig, identity: &str) -> reqwest::Response {
    rig.post("/whip/one", &rig.token("one", identity, "p"), PUBLISH)
        .await
}

#[tokio::test]
async fn a_plugin_can_refuse_a_join_and_say_why() {
    let mut rig = moody().await;
    let (status, body) = problem(attempt(&rig, "refused").await).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body["type"], "urn:rapport:problem:refused-by-policy");
    assert_eq!(body["detail"], "not today");
    assert!(
        rig.commands.try_recv().is_err(),
        "the media plane heard of nobody"
    );
    rig.publish("one", "anna").await;
}

#[tokio::test]
async fn a_plugin_that_panics_or_stalls_refuses_that_join_only() {
    let rig = moody().await;
    for identity in ["panics", "stalls"] {
        let (status, body) = problem(attempt(&rig, identity).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{identity}: {body}");
    }
    rig.publish("one", "anna").await;
}

#[tokio::test]
async fn a_plugin_serves_routes_below_its_name() {
    let rig = moody().await;
    let response = rig.http.get(rig.url("/plugins/moody/mood")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "good");
}

#[tokio::test]
async fn a_plugin_whose_routes_hang_holds_up_nobody() {
    let rig = moody().await;
    // More than the server works on for rooms.
    let asked = 300;
    let mut answers = JoinSet::new();
    for _ in 0..asked {
        let request = rig.http.get(rig.url("/plugins/moody/stalls"));
        answers.spawn(async { problem(request.send().await.unwrap()).await });
    }
    let mut refused = 0;
    while refused < asked - 64 {
        let (status, body) = answers.join_next().await.unwrap().unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body["detail"].as_str().unwrap().contains("as many"), "{body}");
        refused += 1;
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let response = rig.http.get(rig.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
    rig.publish("one", "anna").await;
    assert_eq!(answers.len(), 64, "they hang still");
    for (status, body) in answers.join_all().await.into_iter() {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body["detail"].as_str().unwrap().contains("in time"), "{body}");
    }
}

/// Taps every sound track that it hears of.
struct Listener {
    taps: mpsc::Sender<Tap>,
}

impl Plugin for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn handle_event<'a>(&'a self, context: &'a Context, event: RoomEvent) -> Answer<'a, ()> {
        Box::pin(async move {
            let RoomEvent::Published {
                room,
                track,
                kind: MediaKind::Audio,
                ..
            } = event
            else {
                return;
            };
            let tap = context.tap(&room, track).await.unwrap();
            self.taps.send(tap).await.unwrap();
        })
    }
}

#[tokio::test]
async fn a_tap_receives_the_packets_of_its_track_until_it_is_dropped() {
    let (taps, mut opened) = mpsc::channel(1);
    let mut rig = rig_with("", vec![Box::new(Listener { taps })]).await;
    rig.publish("one", "anna").await;
    let mut tap = opened.recv().await.unwrap();
    let (id, track) = rig
        .command(|command| match command {
            Command::Tap { tap, track } => Some((tap, track)),
            _ => None,
        })
        .await;
    assert_eq!(tap.track(), track);
    let packet = tap_packet(id, track, Bytes::from_static(b"sound"));
    rig.taps.send(packet.clone()).await.unwrap();
    assert_eq!(tap.recv().await, Some(packet.clone()));
    drop(tap);
    rig.taps.send(packet).await.unwrap();
    let ended = rig.command(|command| match command {
        Command::Untap { tap } => Some(tap),
        _ => None,
    });
    assert_eq!(ended.await, id);
}

/// Reads one event and never comes back.
struct Stuck {
    reached: Arc<Notify>,
}

impl Plugin for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn handle_event<'a>(&'a self, _: &'a Context, _: RoomEvent) -> Answer<'a, ()> {
        self.reached.notify_one();
        Box::pin(pending())
    }
}

/// Panics at the first event.
struct Fragile;

impl Plugin for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn handle_event<'a>(&'a self, _: &'a Context, _: RoomEvent) -> Answer<'a, ()> {
        panic!("as built")
    }
}

#[tokio::test]
async fn a_stuck_and_a_broken_plugin_hold_up_nobody() {
    let reached = Arc::new(Notify::new());
    let (taps, mut opened) = mpsc::channel(1);
    let stuck = Stuck {
        reached: Arc::clone(&reached),
    };
    let rig = rig_with(
        "",
        vec![Box::new(stuck), Box::new(Fragile), Box::new(Listener { taps })],
    )
    .await;
    let session = rig.publish("one", "anna").await;
    reached.notified().await;
    opened.recv().await.expect("the plugin after them hears of it");
    assert_eq!(
        rig.delete(&session.path, &session.token).await.status(),
        StatusCode::OK
    );
    rig.play("one", "ben").await;
}
