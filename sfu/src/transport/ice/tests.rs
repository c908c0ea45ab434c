//! A lite agent as its client sees it. The client's half is written with `rtc-stun`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, AttrType,
};
use rtc_stun::attributes::{ATTR_USERNAME, ATTR_XORMAPPED_ADDRESS};
use rtc_stun::crypto::{RTCCrypto, default_provider};
use rtc_stun::error_code::ErrorCodeAttribute;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Getter, Message, MessageType, Setter,
};
use rtc_stun::xoraddr::XorMappedAddress;

use super::*;

mod behaviour;
mod hostile;
mod vectors;

const LOCAL_PWD: &str = "the-server-password-of-22+";
const CLIENT: &str = "192.0.2.1:32853";

fn credentials(ufrag: &str, pwd: &str) -> IceCredentials {
    IceCredentials {
        ufrag: ufrag.to_owned(),
        pwd: pwd.to_owned(),
    }
}

fn agent(now: Instant) -> IceAgent {
    IceAgent::new(
        &credentials("serv", LOCAL_PWD),
        &credentials("clie", "not-needed-by-a-lite-agent"),
        now,
    )
}

fn restart(agent: &mut IceAgent, ufrag: &str, pwd: &str, now: Instant) {
    agent.restart(
        &credentials(ufrag, pwd),
        &credentials("clie", "not-needed-by-a-lite-agent"),
        now,
    );
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn with_crypto<T>(work: impl FnOnce(&dyn RTCCrypto) -> T) -> T {
    work(default_provider().unwrap().crypto())
}

/// A check like a browser's, with these attributes between USERNAME and MESSAGE-INTEGRITY.
fn check_as(username: &str, pwd: &str, attributes: &[(AttrType, &[u8])]) -> Vec<u8> {
    let mut message = Message::new();
    message.set_type(BINDING_REQUEST);
    message.new_transaction_id().unwrap();
    message.write_header();
    message.add(ATTR_USERNAME, username.as_bytes());
    for (kind, value) in attributes {
        message.add(*kind, value);
    }
    with_crypto(|crypto| seal(&mut message, pwd, crypto));
    message.raw
}

fn seal(message: &mut Message, pwd: &str, crypto: &dyn RTCCrypto) {
    MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), crypto)
        .add_to(message)
        .unwrap();
    FINGERPRINT.add_to(message).unwrap();
}

fn check(attributes: &[(AttrType, &[u8])]) -> Vec<u8> {
    check_as("serv:clie", LOCAL_PWD, attributes)
}

/// A check and a check that nominates, as Chromium sends them.
fn plain() -> Vec<u8> {
    check(&[
        (ATTR_ICE_CONTROLLING, &[7; 8]),
        (ATTR_PRIORITY, &[0x6E, 0, 1, 0xFF]),
    ])
}

fn nominating() -> Vec<u8> {
    check(&[
        (ATTR_ICE_CONTROLLING, &[7; 8]),
        (ATTR_USE_CANDIDATE, &[]),
        (ATTR_PRIORITY, &[0x6E, 0, 1, 0xFF]),
    ])
}

fn send(
    agent: &mut IceAgent,
    now: Instant,
    source: &str,
    request: &[u8],
) -> (Result<Binding, Drop>, Vec<u8>) {
    let mut reply = Vec::new();
    let result = agent.handle_binding(now, address(source), None, request, &mut reply);
    (result, reply)
}

/// Reads a reply and checks all that a client would: transaction, MESSAGE-INTEGRITY, FINGERPRINT.
fn read_reply(reply: &[u8], request: &[u8], pwd: &str) -> Message {
    let mut message = Message::new();
    message.unmarshal_binary(reply).unwrap();
    assert_eq!(message.transaction_id.0, request[8..20]);
    FINGERPRINT.check(&message).unwrap();
    with_crypto(|crypto| MessageIntegrity::check(&mut message, pwd.as_bytes(), crypto)).unwrap();
    message
}

fn mapped_address(message: &Message) -> SocketAddr {
    let mut mapped = XorMappedAddress::default();
    mapped.get_from_as(message, ATTR_XORMAPPED_ADDRESS).unwrap();
    SocketAddr::new(mapped.ip, mapped.port)
}

fn error_code(message: &Message) -> u16 {
    let mut error = ErrorCodeAttribute::default();
    error.get_from(message).unwrap();
    error.code.0
}

fn kind(message: &Message) -> MessageType {
    message.typ
}
