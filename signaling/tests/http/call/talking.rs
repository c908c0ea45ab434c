//! What members tell each other by way of the room.

use rapport_sfu::command::Command;
use serde_json::json;

use super::socket::{GROWN, OFFER, RESTARTED, sources};
use crate::support::rig;

#[tokio::test]
async fn everybody_sees_what_somebody_changes_about_itself() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let media = json!({ "microphone": false, "camera": true, "screen": false });
    anna.say(json!({ "type": "media", "media": media })).await;
    ben.until_member(anna.you, |member| member["media"] == media)
        .await;
    anna.say(json!({ "type": "speaking", "speaking": true })).await;
    ben.until_member(anna.you, |member| member["speaking"] == true)
        .await;
    anna.say(json!({ "type": "line", "line": "poor" })).await;
    ben.until_member(anna.you, |member| member["line"] == "poor")
        .await;
    anna.until_member(anna.you, |member| member["line"] == "poor")
        .await;
}

#[tokio::test]
async fn only_a_host_removes_locks_and_ends() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.guest("one", "ben").await;
    for body in [
        json!({ "type": "remove", "participant": anna.you }),
        json!({ "type": "lock", "locked": true }),
        json!({ "type": "end" }),
    ] {
        let number = ben.say(body).await;
        let failed = ben.until(|body| body["type"] == "failed").await;
        assert_eq!(
            (&failed["to"], &failed["code"]),
            (&json!(number), &json!("not_permitted"))
        );
    }
    let number = anna.say(json!({ "type": "remove", "participant": 99_999 })).await;
    let failed = anna.until(|body| body["type"] == "failed").await;
    assert_eq!(
        (&failed["to"], &failed["code"]),
        (&json!(number), &json!("no_participant"))
    );
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn a_new_offer_adds_sections_on_the_same_transport() {
    let mut rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let before = anna.snapshot["slots"].as_array().unwrap().len();
    let first = [("0", "microphone"), ("1", "camera")];
    let screen = sections(GROWN)[sections(OFFER).len()..]
        .iter()
        .filter(|(_, sends)| *sends)
        .map(|(mid, _)| mid.clone())
        .collect::<Vec<_>>();
    let mut named = first.to_vec();
    named.extend(screen.iter().map(String::as_str).zip(["screen", "screen_audio"]));
    let number = anna
        .say(json!({ "type": "offer", "sdp": GROWN, "sources": sources(&named) }))
        .await;
    let answer = anna
        .until(|body| body["type"] == "answer" || body["type"] == "failed")
        .await;
    assert_eq!(answer["to"], number, "{answer}");
    let places = sections(GROWN).iter().filter(|(_, sends)| !sends).count();
    assert_eq!(answer["slots"].as_array().map(Vec::len), Some(places), "{answer}");
    assert!(before <= places);
    for _ in 0..2 + screen.len() {
        rig.command(|command| matches!(command, Command::Publish { .. }).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn new_ice_credentials_restart_ice() {
    let mut rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let named = sources(&[("0", "microphone"), ("1", "camera"), ("6", "screen")]);
    anna.say(json!({ "type": "offer", "sdp": RESTARTED, "sources": named }))
        .await;
    let answer = anna
        .until(|body| body["type"] == "answer" || body["type"] == "failed")
        .await;
    let local = rig
        .command(|command| match command {
            Command::RestartIce { local, .. } => Some(local),
            _ => None,
        })
        .await;
    let sdp = answer["sdp"].as_str().expect("an answer");
    assert!(sdp.contains(&format!("a=ice-ufrag:{}", local.ufrag)));
    assert!(
        !anna.answer.contains(&local.ufrag),
        "the first ones are not used again"
    );
}

#[tokio::test]
async fn an_offer_that_can_not_be_served_changes_nothing() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let named = [("0", "microphone"), ("1", "camera")];
    for (sdp, named) in [
        ("nonsense", &named[..]),
        (OFFER, &named[..1]),
        (OFFER, &[("0", "microphone"), ("1", "screen")]),
    ] {
        let number = anna
            .say(json!({ "type": "offer", "sdp": sdp, "sources": sources(named) }))
            .await;
        let failed = anna.until(|body| body["type"] == "failed").await;
        assert_eq!(
            (&failed["to"], &failed["code"]),
            (&json!(number), &json!("offer"))
        );
    }
    anna.is_heard_by(&mut ben).await;
}

/// Mids, and whether the client sends there.
fn sections(sdp: &str) -> Vec<(String, bool)> {
    let sections = sdp.split("\r\nm=").skip(1);
    let section = |text: &str| {
        let mid = text.split("a=mid:").nth(1)?.lines().next()?;
        Some((mid.to_owned(), text.contains("a=sendonly")))
    };
    sections.filter_map(section).collect()
}
