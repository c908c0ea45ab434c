//! Plugins in the real server: one that refuses, one that listens.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rapport_sfu::codec::{Codec, MediaKind};
use rapport_signaling::auth::Join;
use rapport_signaling::plugin::{Answer, Context, Plugin, Refusal, Tap};
use rapport_signaling::room::RoomEvent;
use tokio::sync::mpsc;

use crate::support::client::{Client, patience};
use crate::support::media;
use crate::support::playing::{PACKETS, Played};
use crate::support::publisher::Publisher;
use crate::support::rig::{Rig, value};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Lets nobody in who is called as it dislikes.
struct Doorkeeper(&'static str);

impl Plugin for Doorkeeper {
    fn name(&self) -> &'static str {
        "doorkeeper"
    }

    fn authorise<'a>(&'a self, join: &'a Join) -> Answer<'a, Result<(), Refusal>> {
        let refused = join.identity().as_str() == self.0;
        Box::pin(async move {
            match refused {
                true => Err(Refusal("not on the list".to_owned())),
                false => Ok(()),
            }
        })
    }
}

#[tokio::test]
async fn whom_a_plugin_refuses_gets_403_and_no_media() -> Result<()> {
    let rig = Rig::start(LOOPBACK, vec![Box::new(Doorkeeper("mallory"))]).await?;
    let token = rig.token("one", "mallory")?;
    let mut publisher = rig.publisher("one", "anna").await?;
    let mut player = rig.player("one", "ben").await?;
    let mut refused = Client::player(LOOPBACK).await?;
    let mut intruder = Publisher::new(LOOPBACK).await?;
    for (client, endpoint) in [
        (&mut refused, rig.whep("one")),
        (intruder.client(), rig.whip("one")),
    ] {
        let refusal = client.join(&endpoint, &token).await.unwrap_err().to_string();
        ensure!(refusal.starts_with("403 Forbidden: "), "{refusal}");
        ensure!(refusal.contains("not on the list"), "{refusal}");
    }

    // The others are not disturbed.
    publisher
        .publish_until(Played::receive(&mut player, PACKETS))
        .await?;
    ensure!(refused.received().is_none(), "media for who was refused");
    let room = rig.room("one").await?.context("the room is open")?;
    assert_eq!(room["participants"].as_array().map(Vec::len), Some(2));
    let known = |metrics: &str| value(metrics, "rapport_subscriptions") == Some(2.0);
    let metrics = rig.metrics(known).await?;
    assert_eq!(value(&metrics, "rapport_publications"), Some(2.0));

    refused.leave().await?;
    intruder.leave().await?;
    player.leave().await?;
    publisher.leave().await?;
    rig.stop().await
}

/// Taps every track.
struct Listener {
    taps: mpsc::Sender<(MediaKind, Tap)>,
}

impl Plugin for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn handle_event<'a>(&'a self, context: &'a Context, event: RoomEvent) -> Answer<'a, ()> {
        Box::pin(async move {
            let RoomEvent::Published {
                room, track, kind, ..
            } = event
            else {
                return;
            };
            let tap = context.tap(&room, track).await.expect("the track is there");
            self.taps.send((kind, tap)).await.expect("the test listens");
        })
    }
}

#[tokio::test]
async fn a_plugin_that_taps_a_track_receives_what_is_published_in_order() -> Result<()> {
    let (taps, mut opened) = mpsc::channel(2);
    let rig = Rig::start(LOOPBACK, vec![Box::new(Listener { taps })]).await?;
    let mut publisher = rig.publisher("one", "anna").await?;
    for _ in ["sound", "picture"] {
        let (kind, mut tap) = patience("a tap", opened.recv())
            .await?
            .context("the plugin is gone")?;
        let (codec, payload): (_, fn(u64) -> Bytes) = match kind {
            MediaKind::Audio => (Codec::Opus, media::opus),
            MediaKind::Video => (Codec::Vp8, media::vp8),
        };
        publisher.publish_until(listen(&mut tap, codec, payload)).await?;
    }
    publisher.leave().await?;
    rig.stop().await
}

async fn listen(tap: &mut Tap, codec: Codec, payload: fn(u64) -> Bytes) -> Result<()> {
    let mut before = None;
    for _ in 0..PACKETS {
        let packet = patience("a packet of the tap", tap.recv())
            .await?
            .context("the tap has ended")?;
        let counter = media::counter(&packet.payload).context("a payload without a counter")?;
        ensure!(
            packet.payload == payload(counter),
            "not what was sent: {packet:?}"
        );
        ensure!((packet.track, packet.codec) == (tap.track(), codec), "{packet:?}");
        // Extended beyond sixteen bits, which are those sent.
        ensure!(
            packet.sequence as u16 == counter as u16,
            "another number: {packet:?}"
        );
        let next =
            before.is_none_or(|(last, sequence)| (last + 1, sequence + 1) == (counter, packet.sequence));
        ensure!(next, "after {before:?}: {packet:?}");
        before = Some((counter, packet.sequence));
    }
    Ok(())
}
