//! Media through the real server: what is published is what is played.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use anyhow::{Result, ensure};

use crate::support::client::Client;
use crate::support::media;
use crate::support::playing::{PACKETS, Played};
use crate::support::publisher::Publisher;
use crate::support::rig::{Rig, value};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn a_player_hears_and_sees_the_publisher() -> Result<()> {
    publish_and_play(LOOPBACK).await
}

#[tokio::test]
async fn a_player_hears_and_sees_the_publisher_over_ipv6() -> Result<()> {
    let loopback = IpAddr::V6(Ipv6Addr::LOCALHOST);
    if let Err(error) = UdpSocket::bind((loopback, 0)) {
        println!("skipped: this machine has no IPv6: {error}");
        return Ok(());
    }
    publish_and_play(loopback).await
}

async fn publish_and_play(address: IpAddr) -> Result<()> {
    let rig = Rig::start(address, Vec::new()).await?;
    let mut publisher = rig.publisher("one", "anna").await?;
    let mut player = rig.player("one", "ben").await?;
    play(&mut publisher, &mut player).await?;
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

#[tokio::test]
async fn a_player_who_waits_gets_the_picture_when_it_comes() -> Result<()> {
    let rig = Rig::start(LOOPBACK, Vec::new()).await?;
    let mut player = rig.player("one", "ben").await?;
    let mut publisher = rig.publisher("one", "anna").await?;
    let played = play(&mut publisher, &mut player).await?;
    // It was there before the first packet, so it misses none.
    assert_eq!((played.audio.counters()[0], played.video.counters()[0]), (0, 0));
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

#[tokio::test]
async fn the_metrics_show_what_moved_under_names_of_our_own() -> Result<()> {
    let rig = Rig::start(LOOPBACK, Vec::new()).await?;
    let mut publisher = rig.publisher("one", "anna").await?;
    let mut player = rig.player("one", "ben").await?;
    play(&mut publisher, &mut player).await?;
    let moved = |metrics: &str| {
        let directions = ["inbound", "outbound"];
        directions.iter().all(|direction| {
            let series = format!("rapport_rtp_packets_total{{direction=\"{direction}\"}}");
            value(metrics, &series).is_some_and(|packets| packets >= 2.0 * PACKETS as f64)
        })
    };
    let metrics = rig.metrics(moved).await?;
    let completed = "rapport_handshakes_total{outcome=\"completed\"}";
    assert_eq!(value(&metrics, completed), Some(2.0));
    assert_eq!(value(&metrics, "rapport_rooms"), Some(1.0));
    for line in metrics.lines() {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        assert!(name.starts_with("rapport_"), "{line}");
    }
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

/// Plays while the publisher publishes; a picture begins with a key frame.
async fn play(publisher: &mut Publisher, player: &mut Client) -> Result<Played> {
    let played = publisher.publish_until(Played::receive(player, PACKETS)).await?;
    let first = played.video.counters()[0];
    ensure!(media::is_keyframe(first), "begins with picture {first}");
    Ok(played)
}
