//! What operators' tools ask.

use std::collections::HashSet;

use rapport_sfu::command::Command;
use reqwest::StatusCode;

use crate::support::{PUBLISH, problem, rig, rig_with, samples, value};

#[tokio::test]
async fn a_server_is_up_and_ready() {
    let rig = rig().await;
    for path in ["/healthz", "/readyz"] {
        let response = rig.http.get(rig.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_draining_server_is_up_and_not_ready() {
    let rig = rig().await;
    rig.server.drain();
    let up = rig.http.get(rig.url("/healthz")).send().await.unwrap();
    assert_eq!(up.status(), StatusCode::OK);
    let ready = rig.http.get(rig.url("/readyz")).send().await.unwrap();
    assert_eq!(problem(ready).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_drain_deadline_ends_the_sessions_that_are_left() {
    let mut rig = rig_with("server.drain_deadline = \"100ms\"", Vec::new()).await;
    let session = rig.publish("one", "anna").await;
    rig.server.drain();
    let there = rig.get(&session.path, &session.token).await;
    assert_eq!(there.status(), StatusCode::NO_CONTENT, "sessions go on");
    rig.server.drained().await;
    rig.server.stop().await.unwrap();
    let mut closed = false;
    while let Ok(command) = rig.commands.try_recv() {
        closed |= matches!(command, Command::CloseRoom { .. });
    }
    assert!(closed, "the worker is told");
    let url = rig.client.url("/healthz");
    assert!(rig.client.http.get(url).send().await.is_err(), "nobody answers");
}

#[tokio::test]
async fn a_server_without_its_worker_is_not_ready() {
    let mut rig = rig().await;
    rig.commands.close();
    let ready = rig.http.get(rig.url("/readyz")).send().await.unwrap();
    assert_eq!(problem(ready).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_self_signed_server_speaks_tls_and_nothing_else() {
    let rig = rig_with("server.tls.self_signed = true", Vec::new()).await;
    let trusting = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let url = rig.url("/healthz").replace("http://", "https://");
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), StatusCode::OK);
    assert!(
        rig.http.get(&url).send().await.is_err(),
        "nobody trusts it unasked"
    );
    assert!(
        rig.http.get(rig.url("/healthz")).send().await.is_err(),
        "no plain HTTP"
    );
}

#[tokio::test]
async fn metrics_are_named_by_the_rules() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    let text = rig.scrape().await;
    let units = ["_total", "_seconds", "_bytes", "_bucket", "_sum", "_count"];
    // What is counted is its own unit.
    let things = [
        "_rooms",
        "_participants",
        "_workers",
        "_publications",
        "_subscriptions",
        "_sockets",
        "_sessions",
        "_guests",
    ];
    for (name, _, _) in samples(&text) {
        assert!(name.starts_with("rapport_"), "{name}");
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        assert!(ends(&units) || ends(&things), "{name} has no unit");
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
    }
}

#[tokio::test]
async fn labels_come_from_fixed_sets() {
    let rig = rig().await;
    rig.publish("a-room-of-mine", "anna-smith").await;
    rig.http.get(rig.url("/nonsense/thing")).send().await.unwrap();
    let brew = reqwest::Method::from_bytes(b"BREW").unwrap();
    rig.http
        .request(brew, rig.url("/whip/a-room-of-mine"))
        .send()
        .await
        .unwrap();
    let text = rig.scrape().await;
    for secret in ["a-room-of-mine", "anna-smith", "nonsense", "BREW", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let known: HashSet<_> = [
        "method",
        "route",
        "status",
        "role",
        "outcome",
        "direction",
        "reason",
        "le",
        "plugin",
        "verdict",
    ]
    .into();
    for (name, labels, _) in samples(&text) {
        assert!(
            labels.iter().all(|(key, _)| known.contains(key)),
            "{name}: {labels:?}"
        );
    }
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    rig.post("/whip/one", "nonsense", PUBLISH).await;
    rig.post("/whip/two", &rig.token("one", "anna", "p"), PUBLISH)
        .await;
    let text = rig.scrape().await;
    assert_eq!(value(&text, "rapport_rooms", &[]), Some(1.0));
    assert_eq!(
        value(&text, "rapport_participants", &[("role", "publisher")]),
        Some(1.0)
    );
    for outcome in ["admitted", "unauthenticated", "forbidden"] {
        let labels = [("role", "publisher"), ("outcome", outcome)];
        assert_eq!(
            value(&text, "rapport_joins_total", &labels),
            Some(1.0),
            "{outcome}"
        );
    }
    let created = [("method", "POST"), ("route", "/whip/{room}"), ("status", "201")];
    assert_eq!(value(&text, "rapport_http_requests_total", &created), Some(1.0));
    assert!(value(&text, "rapport_process_resident_memory_bytes", &[]).unwrap() > 0.0);
    let reason = [("reason", "unauthentic")];
    assert_eq!(value(&text, "rapport_dropped_packets_total", &reason), Some(0.0));
}
