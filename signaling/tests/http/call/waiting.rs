//! Who waits, and who listens: what they get of a call, and what an operator sees of them.

use std::collections::HashMap;

use rapport_sfu::command::Command;

use crate::support::{PLAY, rig};

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
