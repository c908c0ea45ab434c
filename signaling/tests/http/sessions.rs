//! The life of a session URL: candidates, ICE restarts, the end.

use rapport_sfu::command::Command;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::RoomId;
use reqwest::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_TYPE, ETAG, IF_MATCH,
    ORIGIN,
};
use reqwest::{Method, Response, StatusCode};

use crate::support::{FRAGMENT, Rig, Session, problem, rig, rig_with};

const RESTART: &str = "a=ice-ufrag:newer\r\na=ice-pwd:0123456789012345678901\r\n";
const CANDIDATE: &str =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.9 4000 typ host\r\n";

async fn patch(rig: &Rig, session: &Session, condition: &str, body: &'static str) -> Response {
    let request = rig.request(Method::PATCH, &session.path, &session.token);
    let request = request.header(CONTENT_TYPE, FRAGMENT).header(IF_MATCH, condition);
    request.body(body).send().await.unwrap()
}

#[tokio::test]
async fn candidates_are_taken_under_the_current_tag() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let response = patch(&rig, &session, &session.tag, CANDIDATE).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(!response.headers().contains_key(ETAG));
    let (status, body) = problem(patch(&rig, &session, "\"other\"", CANDIDATE).await).await;
    assert_eq!(
        (status, &body["field"]),
        (StatusCode::PRECONDITION_FAILED, &"If-Match".into())
    );
}

#[tokio::test]
async fn an_ice_restart_gives_new_credentials_and_a_new_tag() {
    let mut rig = rig().await;
    for session in [rig.publish("one", "anna").await, rig.play("one", "ben").await] {
        let response = patch(&rig, &session, "*", RESTART).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], FRAGMENT);
        let tag = response.headers()[ETAG].to_str().unwrap().to_owned();
        let body = response.text().await.unwrap();
        let local = rig.command(|command| match command {
            Command::RestartIce { local, .. } => Some(local),
            _ => None,
        });
        let local = local.await;
        assert!(body.contains(&local.ufrag) && body.contains(&local.pwd), "{body}");
        let stale = patch(&rig, &session, &session.tag, CANDIDATE).await;
        assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(
            patch(&rig, &session, &tag, CANDIDATE).await.status(),
            StatusCode::NO_CONTENT
        );
    }
}

#[tokio::test]
async fn a_patch_has_to_say_which_ice_session_it_means() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let request = rig.request(Method::PATCH, &session.path, &session.token);
    let response = request
        .header(CONTENT_TYPE, FRAGMENT)
        .body(CANDIDATE)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.0, StatusCode::PRECONDITION_REQUIRED);
}

#[tokio::test]
async fn a_patch_of_another_type_or_form_is_refused_and_the_session_goes_on() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let request = rig.request(Method::PATCH, &session.path, &session.token);
    let request = request
        .header(CONTENT_TYPE, "application/sdp")
        .header(IF_MATCH, &session.tag);
    let response = request.body(CANDIDATE).send().await.unwrap();
    assert_eq!(problem(response).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let response = patch(&rig, &session, "*", "a=ice-ufrag:newer\r\n").await;
    let (status, body) = problem(response).await;
    assert_eq!(
        (status, &body["field"]),
        (StatusCode::BAD_REQUEST, &"a=ice-pwd".into())
    );
    assert_eq!(
        rig.get(&session.path, &session.token).await.status(),
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_session_ends_once() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let joined = rig.joined().await;
    // RFC 9725 §4.3.1: entity-tags do not matter here.
    let request = rig.request(Method::DELETE, &session.path, &session.token);
    let response = request.header(IF_MATCH, "\"other\"").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let left = rig.command(|command| match command {
        Command::Leave { participant } => Some(participant),
        _ => None,
    });
    assert_eq!(left.await, joined);
    let response = rig.delete(&session.path, &session.token).await;
    assert_eq!(problem(response).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_is_its_owners_alone() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    for token in [
        rig.token("one", "ben", "psa"),
        rig.token("two", "anna", "psa"),
        rig.token("*", "anna", "psa"),
    ] {
        let response = rig.delete(&session.path, &token).await;
        assert_eq!(problem(response).await.0, StatusCode::FORBIDDEN);
    }
    let response = rig.http.delete(rig.url(&session.path)).send().await.unwrap();
    assert_eq!(problem(response).await.0, StatusCode::UNAUTHORIZED);
    let again = rig.token("one", "anna", "p");
    assert_eq!(
        rig.delete(&session.path, &again).await.status(),
        StatusCode::OK,
        "any token of the same identity"
    );
}

#[tokio::test]
async fn a_session_is_not_found_in_another_room_or_protocol() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    for path in [
        session.path.replace("/whip/", "/whep/"),
        "/whip/one/nonsense".to_owned(),
        format!("/whip/one/{}", "0".repeat(32)),
    ] {
        let response = rig.get(&path, &session.token).await;
        assert_eq!(problem(response).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_session_whose_media_died_is_gone() {
    let mut rig = rig().await;
    let session = rig.publish("one", "anna").await;
    let (room, participant) = rig
        .command(|command| match command {
            Command::Join {
                room, participant, ..
            } => Some((room, participant)),
            _ => None,
        })
        .await;
    let reason = LeaveReason::ConsentExpired;
    rig.events
        .send(Event::Left {
            room,
            participant,
            reason,
        })
        .await
        .unwrap();
    rig.until_gone(&session.path, &session.token).await;
    // The room is closed too, and the next one of its name is another room.
    rig.publish("one", "anna").await;
    let next: RoomId = rig
        .command(|command| match command {
            Command::Join { room, .. } => Some(room),
            _ => None,
        })
        .await;
    assert_ne!(next, room);
}

#[tokio::test]
async fn other_methods_are_refused_with_a_list_of_those_allowed() {
    let rig = rig().await;
    let session = rig.publish("one", "anna").await;
    for (path, allowed) in [("/whip/one", "POST"), (session.path.as_str(), "PATCH")] {
        let response = rig
            .request(Method::PUT, path, &session.token)
            .send()
            .await
            .unwrap();
        let allow = response.headers()[ALLOW].to_str().unwrap().to_owned();
        assert!(allow.contains(allowed), "{path}: {allow}");
        assert_eq!(problem(response).await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}

async fn preflight(rig: &Rig, path: &str, origin: &str) -> Response {
    let request = rig
        .http
        .request(Method::OPTIONS, rig.url(path))
        .header(ORIGIN, origin);
    let request = request.header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let request = request.header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_page_of_a_named_origin_may_publish() {
    let rig = rig_with(
        "server.cors_origins = [\"https://clinic.example.org\"]",
        Vec::new(),
    )
    .await;
    let response = preflight(&rig, "/whip/one", "https://clinic.example.org").await;
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_lowercase();
    assert_eq!(
        header("access-control-allow-origin"),
        "https://clinic.example.org"
    );
    assert!(header("access-control-allow-methods").contains("patch"));
    for needed in ["authorization", "content-type", "if-match"] {
        assert!(
            header("access-control-allow-headers").contains(needed),
            "{needed}"
        );
    }
    assert_eq!(header("accept-post"), "application/sdp");
    let other = preflight(&rig, "/whip/one", "https://elsewhere.example.org").await;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_page_can_read_where_its_session_is() {
    let rig = rig_with("server.cors_origins = [\"*\"]", Vec::new()).await;
    let request = rig
        .http
        .get(rig.url("/whip/one"))
        .header(ORIGIN, "https://clinic.example.org");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let exposed = response.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap()
        .to_lowercase();
    for needed in ["location", "etag", "link"] {
        assert!(exposed.contains(needed), "{needed}");
    }
}
