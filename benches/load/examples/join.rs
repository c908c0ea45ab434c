//! Joins a server as two publishers and two players, one of whom publishes as well; sends made-up media, and says
//! what came.
//!
//! ```sh
//! cargo run -p rapport-load --example join -- pion http://127.0.0.1:8081
//! cargo run -p rapport-load --example join -- janus http://127.9.0.1:8088
//! cargo run -p rapport-load --example join -- rapport http://127.0.0.1:8080 KEY_ID SECRET
//! ```
//!
//! What to try first when a server or an adapter changes. Of the last words, `simulcast` makes the
//! picture of three encodings, and `vp9` makes it VP9.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rapport_client::handshake::{ClientIdentity, Handshake};
use rapport_client::ice::Checker;
use rapport_load::session::{Encoding, Local, Publish, Session, Source, Subscribe};
use rapport_load::target::Target;
use rapport_load::target::janus::Janus;
use rapport_load::target::pion::Pion;
use rapport_load::target::rapport::Rapport;
use rapport_load::target::token::Issuer;
use rapport_sfu::codec::Codec;
use rapport_sfu::demux::Protocol;
use rapport_sfu::event::SrtpProfile;
use rapport_sfu::id::{Rid, Ssrc};
use rapport_sfu::parameters::{IceCredentials, MediaParameters};
use rapport_sfu::rtp::{ExtensionMap, Extensions, Header, HeaderWriter};
use rapport_sfu::transport::srtp::{Protector, Unprotector};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let target = target(&words)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let identity = ClientIdentity::generate();
    let room = format!("join-{}", std::process::id());
    let (mut publishers, mut players, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    for (first_ssrc, name) in [(1_000, "anna"), (2_000, "ben")] {
        let wanted = Publish {
            room: room.clone(),
            identity: name.to_owned(),
            local: local(name, &identity),
            sources: sources(&words, first_ssrc),
        };
        let session = runtime.block_on(target.publish(&wanted))?;
        let mut client = Client::connect(name, &session, &wanted.local, &identity)?;
        client.send(&wanted.sources, &session.media, FIRST_TICKS)?;
        publishers.push((client, wanted.sources, session.media.clone()));
        sessions.push(session);
    }
    for (name, from) in [("anna", vec!["ben"]), ("carl", vec!["anna", "ben"])] {
        let wanted = Subscribe {
            room: room.clone(),
            identity: name.to_owned(),
            local: local(name, &identity),
            from: from.into_iter().map(str::to_owned).collect(),
            codecs: sources(&words, 0).iter().map(|source| source.codec).collect(),
        };
        let session = runtime.block_on(target.subscribe(&wanted))?;
        let client = Client::connect(&format!("{name}, who plays"), &session, &wanted.local, &identity)?;
        players.push((name, client));
        sessions.push(session);
    }
    // Fewer at a time than a socket holds.
    for _ in 0..ROUNDS {
        for (client, sources, media) in &mut publishers {
            client.send(sources, media, TICKS)?;
        }
        for (_, player) in &mut players {
            player.receive()?;
        }
    }
    for (name, player) in &players {
        println!("{name} received, by payload type and SSRC: {:?}", player.received);
    }
    for session in &sessions {
        runtime.block_on(target.leave(session))?;
    }
    Ok(())
}

fn target(words: &[String]) -> Result<Target> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        ["pion", url, ..] => Target::Pion(Pion::new(url.parse()?)?),
        ["janus", url, ..] => Target::Janus(Janus::new(url.parse()?)?),
        ["rapport", url, id, secret, ..] => {
            Target::Rapport(Rapport::new(url.parse()?, Issuer::new(id, secret.as_bytes()))?)
        }
        _ => return Err("expected: pion URL | janus URL | rapport URL KEY_ID SECRET".into()),
    })
}

fn local(name: &str, identity: &ClientIdentity) -> Local {
    Local {
        ice: IceCredentials {
            ufrag: format!("{name}Ufrag"),
            pwd: "a password of 24 chars".replace(' ', "+"),
        },
        fingerprint: identity.fingerprint(),
    }
}

fn sources(words: &[String], first_ssrc: u32) -> Vec<Source> {
    let said = |word: &str| words.iter().any(|said| said == word);
    let codec = match said("vp9") {
        true => Codec::Vp9 { profile: 0 },
        false => Codec::Vp8,
    };
    let encoding = |rid: Option<&str>, ssrc| Encoding {
        rid: rid.and_then(Rid::new),
        ssrc: Ssrc(first_ssrc + ssrc),
        rtx_ssrc: (ssrc > 100).then_some(Ssrc(first_ssrc + ssrc + 1)),
    };
    let pictures = match said("simulcast") {
        true => vec![
            encoding(Some("q"), 200),
            encoding(Some("h"), 300),
            encoding(Some("f"), 400),
        ],
        false => vec![encoding(None, 200)],
    };
    let source = |codec, encodings| Source { codec, encodings };
    vec![
        source(Codec::Opus, vec![encoding(None, 100)]),
        source(codec, pictures),
    ]
}

/// One connected transport.
struct Client {
    socket: UdpSocket,
    protector: Protector,
    unprotector: Unprotector,
    ticks: u16,
    /// How many packets came, by payload type and SSRC.
    received: BTreeMap<(u8, u32), usize>,
}

impl Client {
    fn connect(name: &str, session: &Session, local: &Local, identity: &ClientIdentity) -> Result<Self> {
        println!("{name}: {} with {:#?}", session.server, summary(&session.media));
        if !session.server.ip().is_loopback() {
            return Err("the server's candidate is not a loopback address".into());
        }
        let socket = UdpSocket::bind((session.server.ip(), 0))?;
        socket.connect(session.server)?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let begun = Instant::now();
        let mut checker = Checker::new(local.ice.clone(), session.remote.clone(), begun);
        let mut handshake: Option<Handshake> = None;
        let mut datagram = [0; 2048];
        while begun.elapsed() < PATIENCE {
            let now = Instant::now();
            let mut out: Vec<Vec<u8>> = checker
                .poll_check(now, identity.provider.crypto())
                .into_iter()
                .collect();
            if let Some(handshake) = &mut handshake {
                handshake.drain(now, &mut out);
                handshake.handle_timeout(now, &mut out);
            }
            for message in out {
                socket.send(&message)?;
            }
            // Nothing within 20 ms is no error here.
            let Ok(length) = socket.recv(&mut datagram) else {
                continue;
            };
            match Protocol::of(&datagram[..length]) {
                Some(Protocol::Stun) => {
                    checker.handle_reply(&datagram[..length]);
                    let crypto = identity.provider.crypto();
                    if let Some(reply) = checker.answer(&datagram[..length], session.server, crypto) {
                        socket.send(&reply)?;
                    }
                    if checker.answered && handshake.is_none() {
                        println!("{name}: the check is answered after {:?}", begun.elapsed());
                        handshake = Some(Handshake::start_with(identity, &PROFILES, now));
                    }
                }
                Some(Protocol::Dtls) => {
                    let keys = handshake
                        .as_mut()
                        .and_then(|it| it.handle_datagram(now, &datagram[..length]));
                    let Some(keys) = keys else { continue };
                    println!("{name}: {} after {:?}", keys.profile.name(), begun.elapsed());
                    let (protector, unprotector) = keys.into_contexts().ok_or("keys of another length")?;
                    let mut last = Vec::new();
                    handshake.iter_mut().for_each(|it| it.drain(now, &mut last));
                    for message in last {
                        socket.send(&message)?;
                    }
                    return Ok(Self {
                        socket,
                        protector,
                        unprotector,
                        ticks: 0,
                        received: BTreeMap::new(),
                    });
                }
                _ => (),
            }
        }
        Err(format!("{name}: no connection; check answered: {}", checker.answered).into())
    }

    /// A packet of each encoding every 20 ms, each a key frame.
    fn send(&mut self, sources: &[Source], media: &[MediaParameters], ticks: u16) -> Result<()> {
        for _ in 0..ticks {
            for (source, media) in sources.iter().zip(media) {
                for encoding in &source.encodings {
                    self.send_one(encoding, media)?;
                }
            }
            self.ticks += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn send_one(&mut self, encoding: &Encoding, media: &MediaParameters) -> Result<()> {
        let payload = media.payloads.first().ok_or("a section without a payload type")?;
        let writer = HeaderWriter {
            marker: true,
            payload_type: payload.pt,
            sequence: self.ticks,
            timestamp: u32::from(self.ticks) * (payload.codec.clock_rate() / 50),
            ssrc: encoding.ssrc,
            padding: 0,
        };
        let extensions = Extensions {
            mid: Some(media.mid),
            rid: encoding.rid,
            ..Default::default()
        };
        let mut packet = Vec::with_capacity(256);
        let header = writer.write(&extensions, &ExtensionMap::new(&media.extensions), &mut packet);
        let start: &[u8] = match payload.codec {
            Codec::Vp8 => &VP8_KEY_FRAME,
            _ => &VP9_KEY_FRAME,
        };
        packet.extend(start);
        packet.resize(packet.len() + 100, 7);
        let index = u64::from(self.ticks);
        self.protector
            .protect_rtp(&mut packet, 0, header, encoding.ssrc, index)
            .map_err(|drop| format!("{drop:?}"))?;
        self.socket.send(&packet)?;
        Ok(())
    }

    /// Opens and counts what has come.
    fn receive(&mut self) -> Result<()> {
        let mut datagram = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut datagram) {
            let packet = &mut datagram[..length];
            let header = Header::parse(packet).filter(|_| Protocol::of(packet) == Some(Protocol::Srtp));
            let Some(header) = header else { continue };
            let opened = self.unprotector.unprotect_rtp(&header, packet);
            opened.map_err(|drop| format!("{drop:?}"))?;
            *self
                .received
                .entry((header.payload_type.0, header.ssrc.0))
                .or_default() += 1;
        }
        Ok(())
    }
}

/// A line a section.
fn summary(media: &[MediaParameters]) -> Vec<String> {
    let line = |media: &MediaParameters| {
        let payloads: Vec<_> = media
            .payloads
            .iter()
            .map(|it| {
                format!(
                    "{:?} {} rtx {:?} nack {} pli {} twcc {}",
                    it.codec, it.pt, it.rtx, it.nack, it.pli, it.transport_cc
                )
            })
            .collect();
        let extensions: Vec<_> = media
            .extensions
            .iter()
            .map(|it| format!("{}={:?}", it.id, it.kind))
            .collect();
        format!(
            "mid {}: {}; {}",
            media.mid,
            payloads.join(", "),
            extensions.join(" ")
        )
    };
    media.iter().map(line).collect()
}

/// The cheaper one first.
const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::AesCm128HmacSha1_80];

/// RFC 7741 §4.2, §4.3: the start of a partition 0, then a key frame's tag and start code.
const VP8_KEY_FRAME: [u8; 11] = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0];

/// RFC 9628 §4.2: a picture id, start and end of a frame that refers to no other. As sound it is any bytes.
const VP9_KEY_FRAME: [u8; 2] = [0x8c, 1];

const FIRST_TICKS: u16 = 10;
const TICKS: u16 = 10;
const ROUNDS: u16 = 10;
const PATIENCE: Duration = Duration::from_secs(5);
