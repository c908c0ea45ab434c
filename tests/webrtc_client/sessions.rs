//! How sessions end: by their own DELETE, and by an administrator's.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, ensure};

use crate::support::client::Client;
use crate::support::media;
use crate::support::playing::{PACKETS, Played};
use crate::support::publisher::Publisher;
use crate::support::rig::{Rig, value};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn the_delete_of_the_publisher_ends_it_for_its_player() -> Result<()> {
    let rig = Rig::start(LOOPBACK, Vec::new()).await?;
    let (mut publisher, mut player) = pair(&rig).await?;
    let room = rig.room("one").await?.context("the room is open")?;
    assert_eq!(room["participants"][0]["identity"], "anna");
    assert_eq!(
        room["participants"][0]["tracks"].as_array().map(Vec::len),
        Some(2)
    );

    publisher.client().end().await?;
    let room = rig.room("one").await?.context("the room is open")?;
    assert_eq!(room["participants"].as_array().map(Vec::len), Some(1));
    assert_eq!(room["participants"][0]["identity"], "ben");
    let gone = |metrics: &str| value(metrics, "rapport_publications") == Some(0.0);
    rig.metrics(gone).await?;
    nothing_arrives(&mut publisher, &mut player).await?;

    // The player itself is well: it gets the next one.
    let mut next = rig.publisher("one", "clara").await?;
    let enough = |played: &Played| played.audio.len() >= PACKETS && played.video.len() >= PACKETS;
    next.publish_until(Played::until(&mut player, enough)).await?;
    next.leave().await?;
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

#[tokio::test]
async fn an_administrator_who_closes_the_room_ends_both() -> Result<()> {
    let rig = Rig::start(LOOPBACK, Vec::new()).await?;
    let (mut publisher, mut player) = pair(&rig).await?;
    rig.close("one").await?;
    assert_eq!(rig.room("one").await?, None);
    let empty = |metrics: &str| {
        value(metrics, "rapport_publications") == Some(0.0)
            && value(metrics, "rapport_subscriptions") == Some(0.0)
    };
    let metrics = rig.metrics(empty).await?;
    let closed = "rapport_leaves_total{reason=\"room_closed\"}";
    assert_eq!(value(&metrics, closed), Some(2.0));
    nothing_arrives(&mut publisher, &mut player).await?;
    for ended in [publisher.client(), &mut player] {
        let refused = ended.end().await.unwrap_err().to_string();
        ensure!(refused.contains("404"), "{refused}");
    }
    publisher.leave().await?;
    player.leave().await?;
    rig.stop().await
}

/// A publisher and a player, between whom media has flowed.
async fn pair(rig: &Rig) -> Result<(Publisher, Client)> {
    let mut publisher = rig.publisher("one", "anna").await?;
    let mut player = rig.player("one", "ben").await?;
    publisher
        .publish_until(Played::receive(&mut player, PACKETS))
        .await?;
    Ok((publisher, player))
}

/// What is sent from now on does not come.
async fn nothing_arrives(publisher: &mut Publisher, player: &mut Client) -> Result<()> {
    let sent = publisher.sent();
    publisher.publish_some(PACKETS).await?;
    while let Some(received) = player.received() {
        let counter = media::counter(&received.payload).context("a payload without a counter")?;
        ensure!(counter < sent, "sent after the end: {received:?}");
    }
    Ok(())
}
