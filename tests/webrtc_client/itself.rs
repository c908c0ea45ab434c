//! The client of the other tests, tried on itself: what it publishes is what it plays.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::{Context, Result};
use rapport_sfu::parameters::{Fingerprint, IceCredentials};
use rapport_signaling::negotiate::{self, Ours};
use tokio::sync::oneshot;

use crate::support::client::Client;
use crate::support::playing::{PACKETS, Played};
use crate::support::publisher::Publisher;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn a_publisher_and_a_player_hear_and_see_each_other() -> Result<()> {
    let mut publisher = Publisher::new(LOOPBACK).await?;
    let mut player = Client::new(LOOPBACK).await?;
    let answer = player.answer(publisher.client().offer().await?).await?;
    publisher.client().take_answer(answer).await?;
    connect(&mut publisher, &mut player).await?;
    publisher.leave().await?;
    player.leave().await
}

#[tokio::test]
async fn an_offer_travels_by_http_and_the_session_is_deleted() -> Result<()> {
    let listener = TcpListener::bind((LOOPBACK, 0))?;
    let endpoint = format!("http://{}/whip/room", listener.local_addr()?);
    let mut player = Client::new(LOOPBACK).await?;
    let mut publisher = Publisher::new(LOOPBACK).await?;

    let serve = async {
        let (mut request, stream) = accept(&listener).await?;
        let offer = std::mem::take(&mut request.body);
        let answer = player.answer(offer).await?;
        let head = "201 Created\r\nlocation: /session/1\r\ncontent-type: application/sdp";
        reply(stream, head, &answer)?;
        anyhow::Ok(request)
    };
    let ((), request) = tokio::try_join!(publisher.client().join(&endpoint, "secret"), serve)?;
    assert_eq!(request.line, "POST /whip/room HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer secret");
    assert_eq!(request.headers["content-type"], "application/sdp");

    connect(&mut publisher, &mut player).await?;
    let serve = async {
        let (request, stream) = accept(&listener).await?;
        reply(stream, "200 OK", "")?;
        anyhow::Ok(request)
    };
    let ((), request) = tokio::try_join!(publisher.leave(), serve)?;
    assert_eq!(request.line, "DELETE /session/1 HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer secret");
    player.leave().await
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status_and_body() -> Result<()> {
    let listener = TcpListener::bind((LOOPBACK, 0))?;
    let endpoint = format!("http://{}/whep/room", listener.local_addr()?);
    let mut player = Client::player(LOOPBACK).await?;
    let serve = async {
        let (request, stream) = accept(&listener).await?;
        reply(stream, "403 Forbidden", "another room")?;
        anyhow::Ok(request)
    };
    let refused = async { anyhow::Ok(player.join(&endpoint, "secret").await.unwrap_err()) };
    let (refused, request) = tokio::try_join!(refused, serve)?;
    assert_eq!(request.body.matches("a=recvonly").count(), 2);
    assert_eq!(refused.to_string(), "403 Forbidden: another room");
    player.leave().await
}

#[tokio::test]
async fn the_answers_of_the_server_are_taken() -> Result<()> {
    let ice = IceCredentials {
        ufrag: "serverUfrag".to_owned(),
        pwd: "serverPasswordOf24Chars/".to_owned(),
    };
    let candidates = [SocketAddr::from((LOOPBACK, 9))];
    let ours = Ours {
        session: 1,
        ice: &ice,
        fingerprint: Fingerprint([9; 32]),
        candidates: &candidates,
        video_bitrate: 2_500_000,
    };

    let mut publisher = Publisher::new(LOOPBACK).await?;
    let offer = publisher.client().offer().await?;
    let negotiated = negotiate::publish(&offer, &ours)?;
    assert_eq!(negotiated.publications.len(), 2);
    publisher.client().take_answer(negotiated.answer).await?;
    publisher.leave().await?;

    let player = Client::player(LOOPBACK).await?;
    let offer = player.offer().await?;
    let negotiated = negotiate::play(&offer, &ours, &mut rand::random)?;
    assert_eq!(negotiated.subscriptions.len(), 2);
    player.take_answer(negotiated.answer).await?;
    player.leave().await
}

/// Waits for both to be connected, then for media to flow and be what was sent, numbered as it was sent.
async fn connect(publisher: &mut Publisher, player: &mut Client) -> Result<()> {
    publisher.client().connected().await?;
    player.connected().await?;
    let played = publisher.publish_until(Played::receive(player, PACKETS)).await?;
    for source in [&played.audio, &played.video] {
        assert_eq!(source.sequence_offset(), 0);
        assert_eq!(source.timestamp_offset(), 0);
    }
    assert_eq!(played.video.picture_offset(), 0);
    Ok(())
}

/// As much of an HTTP request as these tests look at.
struct Request {
    line: String,
    headers: HashMap<String, String>,
    body: String,
}

/// A thread of its own waits, which a test that fails leaves behind.
async fn accept(listener: &TcpListener) -> Result<(Request, TcpStream)> {
    let listener = listener.try_clone()?;
    let (tell, accepted) = oneshot::channel();
    std::thread::spawn(move || {
        let accept = || {
            let (stream, _) = listener.accept()?;
            Ok((read(&stream)?, stream))
        };
        let _ = tell.send(accept());
    });
    accepted.await?
}

fn read(stream: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let line = lines.next().context("an empty request")?;
    let header = |line: String| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    };
    let headers: HashMap<_, _> = lines.filter_map(header).collect();
    let length = headers
        .get("content-length")
        .map_or(Ok(0), |length| length.parse())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        line,
        headers,
        body: String::from_utf8(body)?,
    })
}

fn reply(mut stream: TcpStream, head: &str, body: &str) -> Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    Ok(stream.flush()?)
}
