//! What is kept of a room, for its hosts.

use std::path::PathBuf;

use rapport_recorder::{Disk, Frame, Manifest, Recording, RecordingId, Track};
use reqwest::header::{ACCEPT_RANGES, CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::support::{Rig, problem, rig_with, samples, value};

const BLUE: RecordingId = RecordingId([0xb1; 16]);
const RED: RecordingId = RecordingId([0xed; 16]);

/// A server over a folder with a recording of the room "blue", and one of "red".
struct Scene {
    rig: Rig,
    folder: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn scene(name: &str) -> Scene {
    scene_with(name, "").await
}

async fn scene_with(name: &str, extra: &str) -> Scene {
    let folder = std::env::temp_dir().join(format!("rapport-http-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    for (id, room) in [(BLUE, "blue"), (RED, "red")] {
        record(&folder, id, room, true);
    }
    let extra = format!(
        "recorder.folder = {folder:?}\nrecorder.floor = \"1MiB\"\nrecorder.reserve = \"1MiB\"\n{extra}"
    );
    Scene {
        rig: rig_with(&extra, Vec::new()).await,
        folder,
    }
}

fn record(folder: &std::path::Path, id: RecordingId, room: &str, ends: bool) {
    let path = folder.join(id.to_string());
    std::fs::create_dir_all(&path).unwrap();
    let manifest = Manifest {
        version: Manifest::VERSION,
        id,
        begun: 1_795_816_800_000,
        layout: 2,
        suite: 5,
        room: Some(room.to_owned()),
        purpose: Some("calm".to_owned()),
        expires: Some(1_797_026_400),
        tracks: vec![Track {
            codec: rapport_seal::Codec::Opus,
            sender: 17,
            device: None,
            spare_of: None,
            width: 0,
            height: 0,
        }],
    };
    let mut recording = Recording::begin(Disk::of(&path), manifest).unwrap();
    for at in 0..100 {
        recording.handle_frame(Frame {
            track: 1,
            micros: at * 20_000,
            is_key: true,
            bytes: vec![at as u8; 40],
        });
    }
    recording.commit().unwrap();
    if ends {
        recording.end().unwrap();
    }
}

impl Scene {
    async fn get(&self, path: &str, token: &str) -> Response {
        self.rig.get(&format!("/api/v1/rooms/{path}"), token).await
    }

    async fn status(&self, path: &str, token: &str) -> StatusCode {
        problem(self.get(path, token).await).await.0
    }
}

#[tokio::test]
async fn a_host_sees_the_recordings_of_the_own_room_and_no_others() {
    let scene = scene("list").await;
    let host = scene.rig.token("blue", "dana", "psa");
    let list: Value = scene.get("blue/recordings", &host).await.json().await.unwrap();
    let [one] = list.as_array().unwrap().as_slice() else {
        panic!("{list}")
    };
    assert_eq!(one["id"], BLUE.to_string());
    assert_eq!(
        (one["purpose"].as_str(), one["expires"].as_u64()),
        (Some("calm"), Some(1_797_026_400))
    );
    assert_eq!(
        (one["safe_ms"].as_u64(), one["ended"].as_bool()),
        (Some(1980), Some(true))
    );
    assert_eq!(
        (one["shredded"].as_bool(), &one["files"][0]),
        (Some(false), &Value::from("capture-000.mkv"))
    );
}

#[tokio::test]
async fn its_files_come_whole_or_in_parts() {
    let scene = scene("files").await;
    let host = scene.rig.token("blue", "dana", "psa");
    let path = format!("blue/recordings/{BLUE}/capture-000.mkv");
    let whole = scene.get(&path, &host).await;
    assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes");
    let whole = whole.bytes().await.unwrap();
    let kept = std::fs::read(scene.folder.join(BLUE.to_string()).join("capture-000.mkv")).unwrap();
    assert_eq!(whole, kept);
    let url = scene.rig.url(&format!("/api/v1/rooms/{path}"));
    let part = |range: &'static str| {
        scene
            .rig
            .http
            .get(&url)
            .bearer_auth(&host)
            .header(RANGE, range)
            .send()
    };
    let answered = part("bytes=10-19").await.unwrap();
    assert_eq!(answered.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        answered.headers()[CONTENT_RANGE],
        format!("bytes 10-19/{}", kept.len())
    );
    assert_eq!(answered.bytes().await.unwrap(), kept[10..20]);
    let (status, _) = problem(part("bytes=999999-").await.unwrap()).await;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn nobody_else_gets_any_of_it() {
    let scene = scene("refused").await;
    let host = scene.rig.token("blue", "dana", "psa");
    let guest = scene.rig.token("blue", "omar", "ps");
    let own = format!("blue/recordings/{BLUE}/manifest.json");
    assert_eq!(
        scene.status("blue/recordings", &guest).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(scene.status(&own, &guest).await, StatusCode::FORBIDDEN);
    assert_eq!(scene.status("red/recordings", &host).await, StatusCode::FORBIDDEN);
    for unknown in [
        format!("blue/recordings/{RED}/manifest.json"),
        format!("blue/recordings/{BLUE}/capture-001.mkv"),
        format!("blue/recordings/{BLUE}/..%2F{RED}%2Fmanifest.json"),
        format!("blue/recordings/{BLUE}/..%2F..%2Freserve"),
        "blue/recordings/..%2F/manifest.json".to_owned(),
        format!("blue/recordings/{}/manifest.json", RecordingId([1; 16])),
    ] {
        assert_eq!(
            scene.status(&unknown, &host).await,
            StatusCode::NOT_FOUND,
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn a_server_without_a_recorder_has_none() {
    let rig = rig_with("", Vec::new()).await;
    let host = rig.token("blue", "dana", "psa");
    let list: Value = rig
        .get("/api/v1/rooms/blue/recordings", &host)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(list, Value::Array(Vec::new()));
    let path = format!("/api/v1/rooms/blue/recordings/{BLUE}/manifest.json");
    assert_eq!(
        problem(rig.get(&path, &host).await).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_a_crash_left_is_brought_to_an_end_at_the_start_and_counted() {
    let folder = std::env::temp_dir().join(format!("rapport-http-crash-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    record(&folder, BLUE, "blue", false);
    let extra =
        format!("recorder.folder = {folder:?}\nrecorder.floor = \"1MiB\"\nrecorder.reserve = \"1MiB\"");
    let scene = Scene {
        rig: rig_with(&extra, Vec::new()).await,
        folder,
    };
    let host = scene.rig.token("blue", "dana", "psa");
    let list: Value = scene.get("blue/recordings", &host).await.json().await.unwrap();
    assert_eq!(
        (list[0]["ended"].as_bool(), list[0]["safe_ms"].as_u64()),
        (Some(true), Some(1980))
    );
    let text = scene
        .rig
        .http
        .get(scene.rig.url("/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!samples(&text).is_empty());
    for (name, expected) in [
        ("rapport_recorder_recovered_total", 1.0),
        ("rapport_recorder_unconsented_packets_total", 0.0),
        ("rapport_recordings", 0.0),
        ("rapport_recorder_sync_seconds_count", 0.0),
    ] {
        assert_eq!(value(&text, name, &[]), Some(expected), "{name}");
    }
}

#[tokio::test]
async fn a_bucket_gets_copies_and_what_it_is_not_proven_to_have_is_counted() {
    let bucket = std::env::temp_dir().join(format!("rapport-http-bucket-{}", std::process::id()));
    let extra = format!("recorder.bucket.url = \"file://{}\"", bucket.display());
    let scene = scene_with("copied", &extra).await;
    let manifest =
        |folder: &std::path::Path| std::fs::read(folder.join(BLUE.to_string()).join("manifest.json"));
    let copied = async {
        while manifest(&bucket).is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(30), copied).await;
    assert!(in_time.is_ok(), "nothing is copied");
    assert_eq!(manifest(&bucket).unwrap(), manifest(&scene.folder).unwrap());
    let metrics = scene
        .rig
        .http
        .get(scene.rig.url("/metrics"))
        .send()
        .await
        .unwrap();
    let text = metrics.text().await.unwrap();
    // a piece, the journal and the manifest of each
    let pending = value(&text, "rapport_recorder_uploads_pending", &[]);
    assert!(pending.is_some_and(|pending| pending <= 6.0), "{pending:?}");
    for (name, expected) in [
        ("rapport_recorder_upload_failures_total", 0.0),
        ("rapport_recorder_uploads_lost_total", 0.0),
    ] {
        assert_eq!(value(&text, name, &[]), Some(expected), "{name}");
    }
    std::fs::remove_dir_all(&bucket).unwrap();
}
