//! A path that loses media between the publisher and the server.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Result, ensure};

use crate::support::path::LossyPath;
use crate::support::playing::{PACKETS, Played};
use crate::support::publisher::Publisher;
use crate::support::rig::{Rig, value};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Several times the distance between two losses.
const PICTURES: u64 = 3 * PACKETS as u64;

#[tokio::test]
async fn every_picture_arrives_although_the_publisher_loses_packets() -> Result<()> {
    let rig = Rig::start(LOOPBACK, Vec::new()).await?;
    let mut player = rig.player("one", "ben").await?;
    let mut publisher = Publisher::new(LOOPBACK).await?;
    let answer = publisher
        .client()
        .post(&rig.whip("one"), &rig.token("one", "anna")?)
        .await?;
    let (path, answer) = LossyPath::open(&answer).await?;
    publisher.client().take_answer(answer).await?;
    publisher.client().connected().await?;

    publisher
        .publish_until(Played::until(&mut player, |played| {
            let pictures: BTreeSet<u64> = played.video.counters().into_iter().collect();
            has_run(&pictures, PICTURES) && played.audio.len() >= PACKETS
        }))
        .await?;
    ensure!(path.lost() >= PACKETS / 2, "the path lost {} only", path.lost());
    let asked = "rapport_nacked_packets_total{direction=\"outbound\"}";
    rig.metrics(|metrics| value(metrics, asked).is_some_and(|packets| packets > 0.0))
        .await?;
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

/// So many numbers follow each other without a hole, from the first on.
fn has_run(numbers: &BTreeSet<u64>, len: u64) -> bool {
    let Some(&first) = numbers.first() else {
        return false;
    };
    (first..first + len).all(|number| numbers.contains(&number))
}
