//! What operators' tools ask.

use std::collections::HashSet;

use reqwest::StatusCode;

use crate::support::{PUBLISH, Rig, problem, rig};

async fn scrape(rig: &Rig) -> String {
    let response = rig.client.get(rig.url("/metrics")).send().await.unwrap();
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_server_is_up_and_ready() {
    let rig = rig().await;
    for path in ["/healthz", "/readyz"] {
        let response = rig.client.get(rig.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_draining_server_is_up_and_not_ready() {
    let rig = rig().await;
    rig.server.drain();
    let up = rig.client.get(rig.url("/healthz")).send().await.unwrap();
    assert_eq!(up.status(), StatusCode::OK);
    let ready = rig.client.get(rig.url("/readyz")).send().await.unwrap();
    assert_eq!(problem(ready).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_server_without_its_worker_is_not_ready() {
    let mut rig = rig().await;
    rig.commands.close();
    let ready = rig.client.get(rig.url("/readyz")).send().await.unwrap();
    assert_eq!(problem(ready).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// Name, labels and value of each sample.
fn samples(text: &str) -> Vec<(&str, Vec<(&str, &str)>, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(sample).collect()
}

fn sample(line: &str) -> (&str, Vec<(&str, &str)>, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels
        .trim_end_matches('}')
        .split(',')
        .filter(|label| !label.is_empty());
    let labels = labels.map(|label| {
        let (key, value) = label.split_once('=').unwrap();
        (key, value.trim_matches('"'))
    });
    (name, labels.collect(), value.parse().unwrap())
}

#[tokio::test]
async fn metrics_are_named_by_the_rules() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    let text = scrape(&rig).await;
    let units = ["_total", "_seconds", "_bytes", "_bucket", "_sum", "_count"];
    // What is counted is its own unit.
    let things = [
        "_rooms",
        "_participants",
        "_workers",
        "_publications",
        "_subscriptions",
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
    rig.client.get(rig.url("/nonsense/thing")).send().await.unwrap();
    let brew = reqwest::Method::from_bytes(b"BREW").unwrap();
    rig.client
        .request(brew, rig.url("/whip/a-room-of-mine"))
        .send()
        .await
        .unwrap();
    let text = scrape(&rig).await;
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
    ]
    .into();
    for (name, labels, _) in samples(&text) {
        assert!(
            labels.iter().all(|(key, _)| known.contains(key)),
            "{name}: {labels:?}"
        );
    }
}

fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let all = samples(text);
    let found = all
        .iter()
        .find(|(other, has, _)| *other == name && labels.iter().all(|label| has.contains(label)));
    found.map(|(_, _, value)| *value)
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    rig.post("/whip/one", "nonsense", PUBLISH).await;
    rig.post("/whip/two", &rig.token("one", "anna", "p"), PUBLISH)
        .await;
    let text = scrape(&rig).await;
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
