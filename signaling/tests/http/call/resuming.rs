//! A socket is lost, and nothing with it.

use serde_json::{Value, json};

use super::socket::{Member, Socket};
use crate::support::{Rig, rig, value};

/// Goes on with a new socket; the old one is the server's to notice.
async fn resume(rig: &Rig, member: &mut Member) -> (Socket, Value) {
    let (socket, welcome) = rig.resume(&member.session, member.heard).await.unwrap();
    (std::mem::replace(&mut member.socket, socket), welcome)
}

#[tokio::test]
async fn what_was_missed_is_said_again_and_what_was_heard_is_not() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    anna.until_member(ben.you, |_| true).await;
    // Written to a socket that nobody reads any more.
    ben.say(json!({ "type": "speaking", "speaking": true })).await;
    ben.until_member(ben.you, |member| member["speaking"] == true)
        .await;
    let (former, welcome) = resume(&rig, &mut anna).await;
    drop(former);
    assert_eq!(welcome, json!({ "type": "resumed", "received": 0 }));
    anna.until_member(ben.you, |member| member["speaking"] == true)
        .await;
    anna.is_heard_by(&mut ben).await;
    ben.is_heard_by(&mut anna).await;
    let text = rig.scrape().await;
    assert_eq!(value(&text, "rapport_call_resumes_total", &[]), Some(1.0));
}

#[tokio::test]
async fn the_others_see_who_is_away_and_who_is_back() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let ben = rig.host("one", "ben").await;
    let (you, session, heard) = (ben.you, ben.session.clone(), ben.heard);
    drop(ben);
    anna.until_member(you, |member| member["connection"] == "away")
        .await;
    let (_socket, _) = rig.resume(&session, heard).await.unwrap();
    anna.until_member(you, |member| member["connection"] != "away")
        .await;
}

#[tokio::test]
async fn what_a_client_says_twice_happens_once() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    anna.say(json!({ "type": "hand", "raised": true })).await;
    ben.until_member(anna.you, |member| member["hand"] == true).await;
    anna.say(json!({ "type": "hand", "raised": false })).await;
    ben.until_member(anna.you, |member| member["hand"] == false).await;
    let (_former, welcome) = resume(&rig, &mut anna).await;
    assert_eq!(welcome["received"], 2);
    // Its client does not know that both arrived.
    for (seq, raised) in [(1, true), (2, false)] {
        let body = json!({ "type": "hand", "raised": raised });
        let frame = json!({ "seq": seq, "ack": 0, "body": body });
        anna.socket.send(&frame).await;
    }
    anna.say(json!({ "type": "speaking", "speaking": true })).await;
    ben.until_member(anna.you, |member| {
        assert_eq!(member["hand"], false, "the hand went up a second time");
        member["speaking"] == true
    })
    .await;
}

#[tokio::test]
async fn a_second_socket_closes_the_first() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let (mut former, _) = resume(&rig, &mut anna).await;
    assert_eq!(former.closed().await, (4409, "replaced".into()));
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn somebody_who_comes_in_again_takes_the_place_of_the_former_self() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let mut again = rig.host("one", "anna").await;
    assert_eq!(anna.closed().await, (4409, "replaced".into()));
    ben.until_left(anna.you).await;
    again.is_heard_by(&mut ben).await;
    // Even a late resumption hears why, and not that there is no session.
    let late = rig.resume(&anna.session, 0).await.err();
    assert_eq!(late, Some((4409, "replaced".into())));
}

#[tokio::test]
async fn a_session_that_is_not_there_can_not_be_resumed() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    anna.say(json!({ "type": "leave" })).await;
    anna.closed().await;
    rig.scrape_until(|text| value(text, "rapport_call_sessions", &[]) == Some(0.0))
        .await;
    for session in [anna.session.as_str(), "", "nonsense", &"0".repeat(32)] {
        let refused = rig.resume(session, 0).await.err();
        assert_eq!(refused, Some((4404, "no_session".into())), "{session}");
    }
}

#[tokio::test]
async fn a_resumption_from_nowhere_is_refused_and_the_member_stays() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let refused = rig.resume(&anna.session, 1_000).await.err();
    assert_eq!(refused, Some((4400, "malformed: received".into())));
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn who_stays_away_leaves_the_room() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let ben = rig.host("one", "ben").await;
    let (you, session) = (ben.you, ben.session.clone());
    drop(ben);
    anna.until_member(you, |member| member["connection"] == "away")
        .await;
    let started = std::time::Instant::now();
    loop {
        // A heartbeat keeps anna's own socket alive.
        let heartbeat = json!({ "ack": anna.heard });
        anna.socket.send(&heartbeat).await;
        let next = tokio::time::timeout(std::time::Duration::from_secs(5), anna.hear()).await;
        if matches!(&next, Ok(Ok(body)) if body["type"] == "left" && body["participant"] == you) {
            break;
        }
        assert!(started.elapsed().as_secs() < 45, "still there");
    }
    assert!(started.elapsed().as_secs() >= 28, "{:?}", started.elapsed());
    assert_eq!(
        rig.resume(&session, 0).await.err(),
        Some((4404, "no_session".into()))
    );
}
