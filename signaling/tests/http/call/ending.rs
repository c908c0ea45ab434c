//! How somebody's part in a call ends, and the call.

use reqwest::StatusCode;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::rig;

#[tokio::test]
async fn who_leaves_is_told_so_and_missed_by_the_others() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    ben.say(json!({ "type": "leave" })).await;
    assert_eq!(ben.closed().await, (1000, "left".into()));
    anna.until_left(ben.you).await;
}

#[tokio::test]
async fn a_socket_that_the_client_closes_is_closed_from_both_sides() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let close = CloseFrame {
        code: CloseCode::Away,
        reason: "reload".into(),
    };
    anna.socket.send_raw(Message::Close(Some(close))).await;
    assert_eq!(anna.closed().await, (1001, "reload".into()));
}

#[tokio::test]
async fn a_host_sends_somebody_away() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    anna.say(json!({ "type": "remove", "participant": ben.you }))
        .await;
    assert_eq!(ben.closed().await, (4412, "removed".into()));
    anna.until_left(ben.you).await;
}

#[tokio::test]
async fn who_was_sent_away_while_its_socket_was_lost_hears_it_on_the_next() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let ben = rig.host("one", "ben").await;
    let (you, session) = (ben.you, ben.session.clone());
    drop(ben);
    anna.until_member(you, |member| member["connection"] == "away")
        .await;
    anna.say(json!({ "type": "remove", "participant": you })).await;
    anna.until_left(you).await;
    assert_eq!(
        rig.resume(&session, 0).await.err(),
        Some((4412, "removed".into()))
    );
}

#[tokio::test]
async fn a_host_ends_the_call_for_everybody() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("one", "ben").await;
    anna.say(json!({ "type": "end" })).await;
    for member in [&mut anna, &mut ben] {
        assert_eq!(member.closed().await, (4411, "ended".into()));
    }
    rig.until_gone("/api/v1/rooms/one", &rig.token("one", "admin", "a"))
        .await;
}

#[tokio::test]
async fn an_administrator_ends_the_call_by_the_room_api() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let response = rig
        .delete("/api/v1/rooms/one", &rig.token("one", "admin", "a"))
        .await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.closed().await, (4411, "ended".into()));
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_everybody() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.host("two", "ben").await;
    let told = async { (anna.closed().await, ben.closed().await) };
    let (stopped, told) = tokio::join!(rig.server.stop(), told);
    stopped.unwrap();
    assert_eq!(told.0, (4503, "unavailable".into()));
    assert_eq!(told.1, (4503, "unavailable".into()));
}
