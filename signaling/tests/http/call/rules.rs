//! What breaks the protocol's rules ends a session, with a word why, and nobody else's.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{rig, rig_with};

#[tokio::test]
async fn a_malformed_message_ends_its_session_and_nobody_elses() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let hand = |seq: u64| json!({ "seq": seq, "ack": 0, "body": { "type": "hand", "raised": true } });
    for (turn, (text, field)) in [
        ("secret".to_owned(), "json"),
        (r#"{"ack":"#.into(), "json"),
        ("[]".into(), "frame"),
        (json!({ "seq": 1 }).to_string(), "frame.ack"),
        (json!({ "ack": 0, "secret": 1 }).to_string(), "frame"),
        (json!({ "ack": "secret" }).to_string(), "frame"),
        (
            json!({ "seq": 1, "ack": 0, "body": { "type": "secret" } }).to_string(),
            "body",
        ),
        (
            json!({ "seq": 1, "ack": 0, "body": { "type": "hand" } }).to_string(),
            "body.raised",
        ),
        (json!({ "seq": 1, "ack": 0 }).to_string(), "seq"),
        (json!({ "ack": 0, "body": { "type": "end" } }).to_string(), "seq"),
        (hand(2).to_string(), "seq"),
        (hand(0).to_string(), "seq"),
        (json!({ "ack": 1_000 }).to_string(), "ack"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut clara = rig.host("one", &format!("clara {turn}")).await;
        clara.socket.send_raw(Message::text(text.clone())).await;
        let expected = (4400, format!("malformed: {field}"));
        assert_eq!(clara.closed().await, expected, "{text}");
        anna.until_left(clara.you).await;
        assert_eq!(rig.resume(&clara.session, 0).await.err().unwrap().0, 4404);
    }
    anna.is_heard_by(&mut ben).await;
}

#[tokio::test]
async fn a_binary_message_is_malformed() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    anna.socket.send_raw(Message::binary(b"{}".to_vec())).await;
    assert_eq!(anna.closed().await, (4400, "malformed: binary".into()));
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused() {
    let rig = rig_with("server.max_body = \"32KiB\"", Vec::new()).await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let sdp = "x".repeat(40 << 10);
    anna.say(json!({ "type": "offer", "sdp": sdp, "sources": [] }))
        .await;
    assert_eq!(anna.closed().await, (4413, "too_much: message".into()));
    ben.until_left(anna.you).await;
}

#[tokio::test]
async fn a_flood_of_messages_is_cut_off() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let bare = json!({ "ack": 0 });
    // More than a new socket may say at once, however slow this machine is.
    for _ in 0..20_000 {
        if !anna.socket.try_send(&bare).await {
            break;
        }
    }
    assert_eq!(anna.closed().await, (4413, "too_much: messages".into()));
    ben.until_left(anna.you).await;
}

#[tokio::test]
async fn whose_session_ended_for_being_slow_hears_so_on_the_next_socket() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    // Answers that no newer one replaces, and none is acknowledged: more than are kept and may wait, in two lots
    // that each socket may say at once.
    let remove = json!({ "type": "remove", "participant": 0 });
    for _ in 0..300 {
        anna.say(remove.clone()).await;
    }
    anna.say(json!({ "type": "hand", "raised": true })).await;
    ben.until_member(anna.you, |member| member["hand"] == true).await;
    let (socket, _) = rig.resume(&anna.session, 0).await.unwrap();
    anna.socket = socket;
    for _ in 0..250 {
        anna.say(remove.clone()).await;
    }
    let too_slow = (4414, "too_slow".to_owned());
    assert_eq!(anna.closed().await, too_slow);
    ben.until_left(anna.you).await;
    assert_eq!(rig.resume(&anna.session, 0).await.err(), Some(too_slow));
}

#[tokio::test]
async fn who_does_not_read_is_bounded_and_holds_up_nobody() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    let deaf = rig.host("one", "clara").await;
    for turn in 0..300 {
        anna.say(json!({ "type": "hand", "raised": turn % 2 == 0 })).await;
        ben.until_member(anna.you, |member| member["hand"] == (turn % 2 == 0))
            .await;
        anna.until_member(anna.you, |member| member["hand"] == (turn % 2 == 0))
            .await;
        ben.socket.send(&json!({ "ack": ben.heard })).await;
    }
    // The newest state waits for the one who does not read, and comes with the resumption.
    let (mut socket, _) = rig.resume(&deaf.session, 0).await.unwrap();
    let mut last = Value::Null;
    let mut heard = 0;
    while last["member"]["hand"] != false || heard <= 256 {
        let frame = socket.next().await.unwrap();
        if let Some(seq) = frame["seq"].as_u64() {
            heard += 1;
            assert_eq!(seq, heard);
            last = frame["body"].clone();
            socket.send(&json!({ "ack": heard })).await;
        }
    }
    assert!(heard < 300, "older states were replaced by newer ones");
}
