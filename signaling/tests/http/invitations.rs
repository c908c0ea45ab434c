//! From a link to a token.

use std::future::pending;

use rapport_signaling::auth::{Bearer, Grant, Role, RoomName, unix_now};
use rapport_signaling::invitation::{Invitation, InvitationId, Standing};
use rapport_signaling::plugin::{Answer, Plugin};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Rig, problem, rig_with};

const HOST: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const GUEST: &str = "AQAAAAAAAAAAAAAAAAAAAA";
const PAST: &str = "AgAAAAAAAAAAAAAAAAAAAA";
const TAKEN_BACK: &str = "AgAAAAAAAAAAAAAAAAAAAQ";
const PANICS: &str = "AwAAAAAAAAAAAAAAAAAAAA";
const STALLS: &str = "BAAAAAAAAAAAAAAAAAAAAA";
const UNKNOWN: &str = "BQAAAAAAAAAAAAAAAAAAAA";

const LAPTOP: &str = "_____________________w";
const PHONE: &str = "-AAAAAAAAAAAAAAAAAAAAA";

/// Knows some invitations, and fails at others.
struct Practice;

impl Plugin for Practice {
    fn name(&self) -> &'static str {
        "practice"
    }

    fn redeem<'a>(&'a self, invitation: &'a InvitationId) -> Answer<'a, Option<Invitation>> {
        let opens = |standing, expires| Invitation {
            room: RoomName::new("blue").unwrap(),
            standing,
            title: "Talk".into(),
            expires,
            revoked: false,
            demo: false,
        };
        Box::pin(async move {
            match invitation.to_text().as_str() {
                HOST => Some(opens(Standing::Host, unix_now() + 50_000)),
                GUEST => Some(opens(Standing::Guest, unix_now() + 50)),
                PAST => Some(opens(Standing::Guest, unix_now())),
                TAKEN_BACK => Some(Invitation {
                    revoked: true,
                    ..opens(Standing::Guest, unix_now() + 50)
                }),
                PANICS => panic!("as asked"),
                STALLS => pending().await,
                _ => None,
            }
        })
    }

    fn invite<'a>(&'a self, room: &'a RoomName) -> Answer<'a, Option<(InvitationId, u64)>> {
        let made = (InvitationId::parse(GUEST).unwrap(), unix_now() + 50);
        Box::pin(async move { (room.as_str() == "blue").then_some(made) })
    }

    fn take_back<'a>(&'a self, room: &'a RoomName, invitation: &'a InvitationId) -> Answer<'a, bool> {
        Box::pin(async move { room.as_str() == "blue" && invitation.to_text() == GUEST })
    }
}

/// Answers every question with "not mine".
struct Silent;

impl Plugin for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }
}

async fn practice() -> Rig {
    let extra = "auth.max_ttl = \"10min\"";
    rig_with(
        extra,
        vec![Box::new(Silent), Box::new(Practice), Box::new(Silent)],
    )
    .await
}

async fn post(rig: &Rig, invitation: &str, body: &Value) -> Response {
    let url = rig.url(&format!("/api/v1/invitations/{invitation}"));
    rig.http.post(url).json(body).send().await.unwrap()
}

async fn redeem(rig: &Rig, invitation: &str, device: &str) -> Value {
    let response = post(rig, invitation, &json!({ "device": device })).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    response.json().await.unwrap()
}

async fn refusal(rig: &Rig, invitation: &str, body: &Value) -> (StatusCode, Value) {
    problem(post(rig, invitation, body).await).await
}

fn grant(rig: &Rig, redeemed: &Value) -> Grant {
    let token = redeemed["token"].as_str().unwrap();
    rig.keys.verify(Bearer::new(token)).unwrap()
}

async fn token(rig: &Rig, invitation: &str) -> String {
    let redeemed = redeem(rig, invitation, LAPTOP).await;
    redeemed["token"].as_str().unwrap().to_owned()
}

async fn identity(rig: &Rig, invitation: &str, device: &str) -> String {
    let redeemed = redeem(rig, invitation, device).await;
    let join = grant(rig, &redeemed).join(&RoomName::new("blue").unwrap(), Role::Publisher);
    join.unwrap().identity().as_str().to_owned()
}

#[tokio::test]
async fn an_invitation_becomes_a_token_for_its_room() {
    let rig = practice().await;
    let room = RoomName::new("blue").unwrap();
    for (invitation, standing) in [(HOST, "host"), (GUEST, "guest")] {
        let redeemed = redeem(&rig, invitation, LAPTOP).await;
        assert_eq!(redeemed["room"], "blue");
        assert_eq!(redeemed["standing"], standing);
        assert_eq!(redeemed["title"], "Talk");
        assert_eq!(redeemed["demo"], false);
        assert!(redeemed["expires"].as_u64().unwrap() > unix_now());
        let grant = grant(&rig, &redeemed);
        assert!(grant.join(&room, Role::Publisher).is_ok());
        assert!(grant.join(&room, Role::Subscriber).is_ok());
        assert_eq!(grant.administers(&room).is_ok(), standing == "host");
        assert!(
            grant
                .join(&RoomName::new("red").unwrap(), Role::Publisher)
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_token_outlives_neither_its_invitation_nor_what_the_server_allows() {
    let rig = practice().await;
    for (invitation, life) in [(HOST, 600), (GUEST, 50)] {
        let before = unix_now();
        let redeemed = redeem(&rig, invitation, LAPTOP).await;
        let expires = expiry(redeemed["token"].as_str().unwrap());
        assert!(
            (before + life..=unix_now() + life).contains(&expires),
            "{invitation}"
        );
    }
}

/// The `exp` of a token, unverified.
fn expiry(token: &str) -> u64 {
    use base64::Engine;
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"].as_u64().unwrap()
}

#[tokio::test]
async fn a_device_stays_one_person_and_shows_neither_itself_nor_its_link() {
    let rig = practice().await;
    let laptop = identity(&rig, HOST, LAPTOP).await;
    assert_eq!(identity(&rig, HOST, LAPTOP).await, laptop);
    assert_ne!(identity(&rig, HOST, PHONE).await, laptop);
    assert_ne!(identity(&rig, GUEST, LAPTOP).await, laptop);
    assert!(!laptop.contains(HOST) && !laptop.contains(LAPTOP));
}

#[tokio::test]
async fn an_invitation_that_nobody_knows_is_not_found() {
    let rig = practice().await;
    let body = json!({ "device": LAPTOP });
    for invitation in [UNKNOWN, "1", "AAAAAAAAAAAAAAAAAAAAAB", "%2e%2e"] {
        let (status, body) = refusal(&rig, invitation, &body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{invitation}");
        assert_eq!(body["type"], "urn:rapport:problem:not-found");
    }
    let bare = rig_with("", Vec::new()).await;
    assert_eq!(refusal(&bare, HOST, &body).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invitation_whose_time_is_over_or_that_was_taken_back_says_so() {
    let rig = practice().await;
    for (invitation, reason) in [(PAST, "expired"), (TAKEN_BACK, "revoked")] {
        let (status, body) = refusal(&rig, invitation, &json!({ "device": LAPTOP })).await;
        assert_eq!(status, StatusCode::GONE);
        assert_eq!(body["type"], format!("urn:rapport:problem:{reason}"));
    }
}

#[tokio::test]
async fn a_plugin_that_panics_or_stalls_makes_no_invitation_unknown() {
    let rig = practice().await;
    for invitation in [PANICS, STALLS] {
        let (status, _) = refusal(&rig, invitation, &json!({ "device": LAPTOP })).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{invitation}");
    }
    redeem(&rig, HOST, LAPTOP).await;
}

#[tokio::test]
async fn who_leads_a_room_makes_invitations_and_takes_them_back() {
    let rig = practice().await;
    let host = token(&rig, HOST).await;
    let url = rig.url("/api/v1/rooms/blue/invitations");
    let made = rig.http.post(&url).bearer_auth(&host).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()[CACHE_CONTROL], "no-store");
    let made: Value = made.json().await.unwrap();
    assert_eq!(made["invitation"], GUEST);
    assert!(made["expires"].as_u64().unwrap() > unix_now());
    let take = |id: &str| rig.http.delete(format!("{url}/{id}")).bearer_auth(&host).send();
    assert_eq!(take(GUEST).await.unwrap().status(), StatusCode::NO_CONTENT);
    for unknown in [UNKNOWN, "short"] {
        assert_eq!(take(unknown).await.unwrap().status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn nobody_else_makes_invitations_or_takes_them_back() {
    let rig = practice().await;
    let [host, guest] = [token(&rig, HOST).await, token(&rig, GUEST).await];
    for (room, token, expected) in [
        ("blue", Some(&guest), StatusCode::FORBIDDEN),
        ("red", Some(&host), StatusCode::FORBIDDEN),
        ("blue", None, StatusCode::UNAUTHORIZED),
        ("%20", Some(&host), StatusCode::NOT_FOUND),
    ] {
        let url = rig.url(&format!("/api/v1/rooms/{room}/invitations"));
        let requests = [rig.http.post(&url), rig.http.delete(format!("{url}/{GUEST}"))];
        for request in requests {
            let request = token
                .iter()
                .fold(request, |request, token| request.bearer_auth(token));
            let (status, _) = problem(request.send().await.unwrap()).await;
            assert_eq!(status, expected, "{room}");
        }
    }
}

#[tokio::test]
async fn a_room_for_which_no_plugin_makes_invitations_gets_none() {
    let rig = rig_with("", vec![Box::new(Silent)]).await;
    let token = rig.token("blue", "dana", "a");
    let url = rig.url("/api/v1/rooms/blue/invitations");
    let (status, _) = problem(rig.http.post(&url).bearer_auth(&token).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let taken = rig.http.delete(format!("{url}/{GUEST}")).bearer_auth(&token);
    assert_eq!(taken.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_server_that_stops_redeems_nothing() {
    let rig = practice().await;
    rig.server.drain();
    let (status, _) = refusal(&rig, HOST, &json!({ "device": LAPTOP })).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_request_without_a_device_is_refused() {
    let rig = practice().await;
    for body in [
        json!({}),
        json!({ "device": "short" }),
        json!({ "device": 7 }),
        json!({ "device": format!("{LAPTOP}A") }),
        json!({ "device": LAPTOP, "more": true }),
        json!([]),
    ] {
        let (status, answer) = refusal(&rig, HOST, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer["field"], "device");
    }
    let url = rig.url(&format!("/api/v1/invitations/{HOST}"));
    let text = rig.http.post(url).header(CONTENT_TYPE, "text/plain");
    let (status, _) = problem(text.body("{}").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
