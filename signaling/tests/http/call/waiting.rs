//! Who waits, and who listens: what they get of a call, and what an operator sees of them.

use std::collections::HashMap;

use rapport_keys::{Device, Entry, Hello, MOST_CHARACTERS, Message, Secret, Statement, Stay, Verdict};
use rapport_sfu::command::Command;
use serde_json::json;

use super::socket::Member;
use crate::support::{PLAY, rig, value};

#[tokio::test]
async fn a_listener_gets_a_call_by_a_hosts_token_alone() {
    let mut rig = rig().await;
    let _anna = rig.host("one", "anna").await;
    for permissions in ["s", "sa"] {
        let token = rig.token("one", "listener", permissions);
        rig.post("/whep/one", &token, PLAY).await;
    }
    let (mut came, mut owners) = (Vec::new(), HashMap::new());
    let shown_to = rig
        .command(|command| match command {
            Command::Join { participant, .. } => {
                came.push(participant);
                None
            }
            Command::Subscribe {
                participant,
                subscription,
                ..
            } => {
                owners.insert(subscription, participant);
                None
            }
            Command::Select { subscription, .. } => Some(owners[&subscription]),
            _ => None,
        })
        .await;
    assert_eq!(
        came.iter().position(|one| *one == shown_to),
        Some(2),
        "the host's"
    );
}

#[tokio::test]
async fn the_metrics_show_how_many_wait_and_what_became_of_them() {
    let rig = rig().await;
    let mut anna = rig.host("one", "anna").await;
    let mut ben = rig.guest("one", "ben").await;
    let mut carl = rig.guest("one", "carl").await;
    let waiting = |count: f64| move |text: &str| value(text, "rapport_waiting_guests", &[]) == Some(count);
    rig.scrape_until(waiting(2.0)).await;
    anna.say_keys(&device(anna.you).1).await;
    // What is said of somebody has to follow his hello.
    for guest in [&mut ben, &mut carl] {
        guest.say_keys(&device(guest.you).1).await;
        anna.until(|body| body["type"] == "keys" && body["from"] == guest.you)
            .await;
    }
    let host = anna.you;
    for (clock, whom, verdict) in [
        (1, ben.you, Verdict::Admitted),
        (2, ben.you, Verdict::Waiting),
        (2, ben.you, Verdict::Waiting),
        (3, ben.you, Verdict::Admitted),
        (4, carl.you, Verdict::Refused),
    ] {
        anna.say_keys(&statement(host, whom, verdict, clock)).await;
    }
    for refused in ["AQ".to_owned(), "A".repeat(MOST_CHARACTERS + 1)] {
        anna.say_keys(&refused).await;
        anna.until(|body| body["type"] == "failed").await;
    }
    rig.scrape_until(waiting(1.0)).await;
    let text = rig.scrape().await;
    let key_messages = |outcome| value(&text, "rapport_key_messages_total", &[("outcome", outcome)]);
    assert_eq!(
        ["relayed", "malformed", "too_long"].map(key_messages),
        [Some(8.0), Some(1.0), Some(1.0)]
    );
    let admissions = |verdict| value(&text, "rapport_admissions_total", &[("verdict", verdict)]);
    assert_eq!(
        ["admitted", "put_back", "refused"].map(admissions),
        [Some(2.0), Some(1.0), Some(1.0)]
    );
    anna.say(json!({ "type": "end" })).await;
    rig.scrape_until(waiting(0.0)).await;
}

impl Member {
    async fn say_keys(&mut self, message: &str) {
        self.say(json!({ "type": "keys", "to": "everyone", "message": message }))
            .await;
    }
}

/// The device of a participant, made of its number, its hello, and the stay that the hello opens.
fn device(of: u64) -> (Device, String, Stay) {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&of.to_be_bytes());
    let device = Device::new(&Secret(seed), seed);
    let hello = Message::Hello(Hello {
        room: "one".to_owned(),
        signing_key: device.keys().signing,
        agreement_key: device.keys().agreement,
        ephemeral_key: [9; 32],
        sender: 17,
        capabilities: 0,
        name: "somebody".to_owned(),
        certificate: Vec::new(),
    });
    let stay = Hello::stay(&hello.body());
    let text = hello.write(device.sign());
    (device, text, stay)
}

fn statement(host: u64, whom: u64, verdict: Verdict, clock: u32) -> String {
    let (device_of_host, _, from) = device(host);
    let (device, _, stay) = device(whom);
    let entry = Entry {
        device: device.keys().id().0,
        stay,
        sender: 17,
        verdict,
        clock,
    };
    let entries = vec![entry];
    Message::Statement(Statement { from, entries }).write(device_of_host.sign())
}
