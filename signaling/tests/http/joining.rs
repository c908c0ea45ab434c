//! Who gets in, and what is said to those who do not.

use rapport_sfu::command::Command;
use rapport_signaling::auth::{Claims, unix_now};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};

use crate::support::{PLAY, PUBLISH, SDP, config, problem, rig, rig_of, rig_with};

#[tokio::test]
async fn a_publisher_gets_an_answer_and_a_session() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    assert!(session.path.starts_with("/whip/one/"));
    assert!(session.tag.starts_with('"') && session.tag.ends_with('"'));
    assert_eq!(session.answer_type, SDP);
    let participant = rig.joined().await;
    for _ in 0..2 {
        let publisher = rig.command(|command| match command {
            Command::Publish { participant, .. } => Some(participant),
            _ => None,
        });
        assert_eq!(publisher.await, participant);
    }
}

#[tokio::test]
async fn the_answer_names_the_workers_address_and_certificate() {
    let rig = rig().await;
    let token = rig.token("one", "anna", "p");
    let response = rig.post("/whip/one", &token, PUBLISH).await;
    let answer = response.text().await.unwrap();
    assert!(answer.contains("192.0.2.1 7882 typ host"), "{answer}");
    assert!(answer.contains("a=fingerprint:sha-256 07:07:"), "{answer}");
    assert!(answer.contains("a=ice-lite"), "{answer}");
}

#[tokio::test]
async fn a_subscriber_sees_who_is_there_and_who_comes_later() {
    let mut rig = rig().await;
    rig.play("one", "ben").await;
    rig.publish("one", "anna").await;
    for _ in 0..2 {
        let select = |command| match command {
            Command::Select { track, .. } => track,
            _ => None,
        };
        rig.command(select).await;
    }
}

#[tokio::test]
async fn without_a_token_nobody_gets_in() {
    let mut rig = rig().await;
    for path in ["/whip/one", "/whep/one"] {
        let request = rig.http.post(rig.url(path)).header(CONTENT_TYPE, SDP);
        let response = request.body(PUBLISH).send().await.unwrap();
        // RFC 6750 §3.1: no error code for a request without any token.
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"rapport\"");
        assert_eq!(problem(response).await.0, StatusCode::UNAUTHORIZED);
    }
    assert!(
        rig.commands.try_recv().is_err(),
        "the media plane heard of nobody"
    );
}

#[tokio::test]
async fn a_bad_token_is_challenged() {
    let rig = rig().await;
    let expired = rig.keys.issue(Claims {
        publish: true,
        ..Claims::new("one", "anna", unix_now() - 60)
    });
    for (token, detail) in [
        ("nonsense".to_owned(), "malformed"),
        (expired.unwrap(), "expired"),
    ] {
        let response = rig.post("/whip/one", &token, PUBLISH).await;
        let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("invalid_token"), "{challenge}");
        let (status, body) = problem(response).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body["detail"].as_str().unwrap().contains(detail), "{body}");
    }
}

#[tokio::test]
async fn another_scheme_than_bearer_is_no_token() {
    let rig = rig().await;
    let request = rig
        .http
        .post(rig.url("/whip/one"))
        .header(AUTHORIZATION, "Basic YTpi");
    let response = request
        .header(CONTENT_TYPE, SDP)
        .body(PUBLISH)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_opens_its_room_in_its_role_only() {
    let mut rig = rig().await;
    let cases = [
        ("/whip/two", rig.token("one", "anna", "ps")),
        ("/whip/one", rig.token("one", "anna", "s")),
        ("/whep/one", rig.token("one", "anna", "p")),
        ("/whip/one", rig.token("one", "anna", "a")),
        ("/whip/one", rig.token("*", "anna", "psa")),
    ];
    for (path, token) in cases {
        let response = rig.post(path, &token, PUBLISH).await;
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(problem(response).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(
        rig.commands.try_recv().is_err(),
        "the media plane heard of nobody"
    );
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let rig = rig().await;
    let token = rig.token("one", "anna", "p");
    let request = rig
        .request(Method::POST, "/whip/one", &token)
        .header(CONTENT_TYPE, "text/plain");
    let (status, body) = problem(request.body(PUBLISH).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(body["field"], "Content-Type");
}

#[tokio::test]
async fn a_client_that_takes_no_sdp_is_told() {
    let rig = rig().await;
    let token = rig.token("one", "anna", "p");
    let request = rig
        .request(Method::POST, "/whip/one", &token)
        .header(ACCEPT, "text/html");
    let response = request
        .header(CONTENT_TYPE, SDP)
        .body(PUBLISH)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.0, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_malformed_offer_is_refused_by_field_and_leaves_no_room_behind() {
    let mut rig = rig().await;
    let token = rig.token("one", "anna", "pa");
    let cases = [
        ("hello", StatusCode::BAD_REQUEST, ""),
        (
            &PUBLISH.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 XX:"),
            StatusCode::BAD_REQUEST,
            "a=fingerprint",
        ),
        (
            &PUBLISH.replace("a=rtcp-mux", "a=x-mux"),
            StatusCode::UNPROCESSABLE_ENTITY,
            "a=rtcp-mux",
        ),
    ];
    for (offer, expected, field) in cases {
        let (status, body) = problem(rig.post("/whip/one", &token, offer).await).await;
        assert_eq!(status, expected, "{body}");
        assert!(body["field"].as_str().unwrap().starts_with(field), "{body}");
    }
    let (status, _) = problem(rig.get("/api/v1/rooms/one", &token).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        rig.commands.try_recv().is_err(),
        "the media plane heard of nobody"
    );
}

#[tokio::test]
async fn a_refused_offer_does_not_harm_those_who_are_there() {
    let rig = rig().await;
    rig.publish("one", "anna").await;
    let token = rig.token("one", "ben", "pa");
    problem(rig.post("/whip/one", &token, "v=1").await).await;
    let room = rig.until("/api/v1/rooms/one", &token, |_| true).await;
    assert_eq!(room["participants"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_above_the_bound_is_not_read() {
    let rig = rig_with("server.max_body = \"4KiB\"", Vec::new()).await;
    let token = rig.token("one", "anna", "p");
    let long = PUBLISH.repeat(4);
    let (status, _) = problem(rig.post("/whip/one", &token, &long).await).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_name_that_no_room_can_have_is_not_found() {
    let rig = rig().await;
    let token = rig.token("one", "anna", "p");
    let (status, _) = problem(rig.post("/whip/a%20b", &token, PUBLISH).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_full_room_and_a_full_server_say_so() {
    let rig = rig_with("limits.rooms = 1\nlimits.participants_per_room = 1", Vec::new()).await;
    rig.publish("one", "anna").await;
    for room in ["one", "two"] {
        let token = rig.token(room, "ben", "p");
        let response = rig.post(&format!("/whip/{room}"), &token, PUBLISH).await;
        assert_eq!(problem(response).await.0, StatusCode::TOO_MANY_REQUESTS, "{room}");
    }
}

#[tokio::test]
async fn an_offer_with_too_much_in_it_is_refused() {
    let limits = "limits.publications_per_participant = 1\nlimits.subscriptions_per_participant = 1";
    let rig = rig_with(limits, Vec::new()).await;
    for (path, offer) in [("/whip/one", PUBLISH), ("/whep/one", PLAY)] {
        let token = rig.token("one", "anna", "ps");
        let (status, body) = problem(rig.post(path, &token, offer).await).await;
        assert_eq!(
            (status, &body["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &"m=".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_draining_server_refuses_joins_and_keeps_sessions() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    rig.server.drain();
    let response = rig.post("/whip/one", &session.token, PUBLISH).await;
    assert!(response.headers().contains_key(RETRY_AFTER));
    assert_eq!(problem(response).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        rig.get(&session.path, &session.token).await.status(),
        StatusCode::NO_CONTENT
    );
    rig.delete(&session.path, &session.token).await;
    rig.server.drained().await;
    rig.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_dead_media_worker_means_no_joins() {
    let mut rig = rig().await;
    rig.commands.close();
    let token = rig.token("one", "anna", "p");
    let (status, _) = problem(rig.post("/whip/one", &token, PUBLISH).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn without_the_configurations_word_nobody_publishes_by_whip() {
    let mut config = config("");
    config.media.clear_rooms = false;
    let rig = rig_of(config, Vec::new()).await;
    let token = rig.token("one", "anna", "p");
    let (status, body) = problem(rig.post("/whip/one", &token, PUBLISH).await).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body["type"], "urn:rapport:problem:refused-by-policy");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("clear_rooms"), "{detail}");
    let admin = rig.token("one", "root", "a");
    let room = rig.get("/api/v1/rooms/one", &admin).await;
    assert_eq!(room.status(), StatusCode::NOT_FOUND, "and no room is left open");
}
