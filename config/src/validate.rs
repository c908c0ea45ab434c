//! What types alone can't tell: ranges, and keys that contradict each other.
//!
//! Owns: every semantic check, in one place. Never does: change a value.

use std::collections::HashSet;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::error::Error;
use crate::source::Node;
use crate::units::{Bitrate, ByteSize, TimeSpan};
use crate::{Auth, BucketUrl, Config, Limits, Media, Recorder, Server};

/// The first rule that a configuration breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    key: String,
    problem: String,
}

impl Violation {
    fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }

    pub(crate) fn at(self, tree: &Node) -> Error {
        Error::Invalid {
            place: tree.place_of(&self.key).clone(),
            key: self.key,
            problem: self.problem,
        }
    }
}

type Check = Result<(), Violation>;

/// Checks everything, in the order of the handbook.
pub(crate) fn validate(config: &Config) -> Check {
    server(&config.server)?;
    media(&config.media)?;
    auth(&config.auth)?;
    limits(&config.limits)?;
    recorder(&config.recorder)
}

fn server(server: &Server) -> Check {
    plain_http(server)?;
    within(
        "server.drain_deadline",
        server.drain_deadline,
        secs(0)..=secs(3_600),
    )?;
    within("server.max_body", server.max_body, kib(4)..=kib(16 << 10))
}

fn plain_http(server: &Server) -> Check {
    let Server { listen, tls, .. } = server;
    if tls.is_some() || server.allow_plain_http || listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Violation::new(
        "server.listen",
        format!(
            "found {listen} without TLS, expected a [server.tls] table, a loopback address, or \
             `allow_plain_http = true` behind a proxy that ends TLS"
        ),
    ))
}

fn media(media: &Media) -> Check {
    let Media { cache, .. } = media;
    within("media.workers", media.workers, 1..=256)?;
    if media.listen.is_empty() {
        return Err(Violation::new(
            "media.listen",
            "found no address, expected at least one",
        ));
    }
    unique("media.listen", &media.listen)?;
    each("media.listen", &media.listen, |address| {
        port(*address, media.workers)
    })?;
    unique("media.advertise", &media.advertise)?;
    each("media.advertise", &media.advertise, |address| {
        advertised(*address, media)
    })?;
    within("media.socket_buffer", media.socket_buffer, kib(64)..=kib(1 << 20))?;
    within(
        "media.video_bitrate",
        media.video_bitrate,
        kbps(50)..=kbps(1_000_000),
    )?;
    within("media.cache.video", cache.video, millis(100)..=secs(10))?;
    within("media.cache.audio", cache.audio, millis(100)..=secs(10))?;
    within("media.cache.bytes", cache.bytes, kib(64)..=kib(64 << 10))
}

/// Worker `i` takes `port + i`; port 0 lets the system choose each.
fn port(address: SocketAddr, workers: u16) -> Result<(), String> {
    let free = u32::from(u16::MAX) - u32::from(address.port()) + 1;
    if u32::from(workers) > free {
        return Err(format!(
            "found {address} for {workers} workers, expected a port of at most {}",
            65_536 - u32::from(workers)
        ));
    }
    Ok(())
}

fn advertised(address: IpAddr, media: &Media) -> Result<(), String> {
    if address.is_unspecified() || address.is_multicast() {
        return Err(format!(
            "found {address}, expected an address that clients can reach"
        ));
    }
    if !media
        .listen
        .iter()
        .any(|listen| listen.is_ipv4() == address.is_ipv4())
    {
        return Err(format!(
            "found {address}, expected an address of a family that media.listen has"
        ));
    }
    Ok(())
}

fn auth(auth: &Auth) -> Check {
    if auth.keys.is_empty() && auth.secrets.is_empty() {
        return Err(Violation::new(
            "auth",
            "found no key, expected at least one [[auth.keys]] or [[auth.secrets]]",
        ));
    }
    let mut seen = HashSet::new();
    let keys = auth
        .keys
        .iter()
        .enumerate()
        .map(|(at, key)| (format!("auth.keys[{at}].id"), &key.id));
    let secrets = auth.secrets.iter().enumerate();
    let secrets = secrets.map(|(at, secret)| (format!("auth.secrets[{at}].id"), &secret.id));
    for (key, id) in keys.chain(secrets) {
        if id.is_empty() {
            return Err(Violation::new(
                key,
                "found an empty id, expected a name for the key",
            ));
        }
        // A token names its key by `kid` alone: two keys of one name could not be told apart.
        if !seen.insert(id) {
            return Err(Violation::new(
                key,
                format!("found {id:?} a second time, expected a name of its own"),
            ));
        }
    }
    within("auth.max_ttl", auth.max_ttl, secs(60)..=secs(365 * 86_400))
}

fn limits(limits: &Limits) -> Check {
    within("limits.rooms", limits.rooms, 1..=1_000_000)?;
    within(
        "limits.participants_per_room",
        limits.participants_per_room,
        1..=1_000,
    )?;
    let Limits {
        publications_per_participant: publications,
        subscriptions_per_participant: subscriptions,
        ..
    } = *limits;
    within("limits.publications_per_participant", publications, 1..=64)?;
    within("limits.subscriptions_per_participant", subscriptions, 1..=64)
}

fn recorder(recorder: &Recorder) -> Check {
    let Some(bucket) = &recorder.bucket else {
        return Ok(());
    };
    if recorder.folder.is_none() {
        return Err(Violation::new(
            "recorder.bucket",
            "found a bucket without `recorder.folder`, expected the folder that is copied to it",
        ));
    }
    if matches!(bucket.url, BucketUrl::Folder(_)) && bucket.endpoint.is_some() {
        return Err(Violation::new(
            "recorder.bucket.endpoint",
            "found an endpoint for a folder, expected one for a url that begins with \"s3://\" alone",
        ));
    }
    Ok(())
}

fn within<T: PartialOrd + Display>(key: &str, value: T, range: RangeInclusive<T>) -> Check {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Violation::new(
        key,
        format!("found {value}, expected {least} to {most}"),
    ))
}

fn each<T>(key: &str, values: &[T], check: impl Fn(&T) -> Result<(), String>) -> Check {
    values.iter().enumerate().try_for_each(|(at, value)| {
        check(value).map_err(|problem| Violation::new(format!("{key}[{at}]"), problem))
    })
}

fn unique<T: Display + PartialEq>(key: &str, values: &[T]) -> Check {
    let twice = |at: &usize| values[..*at].contains(&values[*at]);
    match (0..values.len()).find(twice) {
        None => Ok(()),
        Some(at) => {
            let problem = format!("found {} a second time, expected each address once", values[at]);
            Err(Violation::new(format!("{key}[{at}]"), problem))
        }
    }
}

const fn millis(millis: u64) -> TimeSpan {
    TimeSpan::from_millis(millis)
}

const fn secs(seconds: u64) -> TimeSpan {
    TimeSpan::from_secs(seconds)
}

const fn kib(kibibytes: u64) -> ByteSize {
    ByteSize::from_bytes(kibibytes << 10)
}

const fn kbps(kilobits: u64) -> Bitrate {
    Bitrate::from_bps(kilobits * 1_000)
}
