//! DTLS datagrams, alone and among the others that a shard gets.

use super::Named;
use crate::dtls_guard::{ESTABLISH, STALL};
use crate::script::append;
use crate::shard::{CHECK, KNOWN, SIGN};

/// What the guard lets through, whole, in pieces, and repeated.
pub(super) fn handshakes() -> Vec<Named> {
    vec![
        ("whole", script(&messages(), 0)),
        ("in-pieces", script(&pieces(), 0)),
        ("repeated-after-pauses", script(&repeated(), 3 << 5)),
        ("unread", script(&messages(), STALL)),
        ("fatal-alert", script(&[record(ALERT, 0, &[2, 40])], 0)),
    ]
}

/// What a shard gets: from a client that has checked, and from one that has not.
pub(super) fn arrivals() -> Vec<Named> {
    let hello = record(HANDSHAKE, 0, &fragment(0, &CLIENT_HELLO, 0, CLIENT_HELLO.len()));
    let rtp = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 100, 1, 2, 3, 4];
    let rtcp = [0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 0, 0, 0];
    let mut known = Vec::new();
    let mut stranger = Vec::new();
    for datagram in [&hello[..], &rtp, &rtcp, &[4, 4]] {
        append(&mut known, KNOWN, datagram);
        append(&mut stranger, 0, datagram);
    }
    append(&mut stranger, SIGN, CHECK);
    append(&mut stranger, 0, &hello);
    let mut patient = Vec::new();
    for pause in [0, 2, 6, 7] {
        append(&mut patient, pause << 5 | KNOWN, &hello);
        append(&mut patient, pause << 5 | KNOWN | SIGN, CHECK);
    }
    vec![("checked", known), ("stranger", stranger), ("patient", patient)]
}

fn script(datagrams: &[Vec<u8>], how: u8) -> Vec<u8> {
    let mut input = Vec::new();
    for datagram in datagrams {
        append(&mut input, how, datagram);
    }
    append(&mut input, ESTABLISH, &record(HANDSHAKE, 1, b"finished"));
    append(&mut input, 0, &record(APPLICATION_DATA, 1, b"data"));
    append(&mut input, 0, &record(HANDSHAKE, 1, b"finished"));
    input
}

/// The five messages of a client, and its ChangeCipherSpec.
fn messages() -> Vec<Vec<u8>> {
    let whole = |number| record(HANDSHAKE, 0, &fragment(number, BODY, 0, BODY.len()));
    let spec = record(CHANGE_CIPHER_SPEC, 0, &[1]);
    (0..5).map(whole).chain([spec]).collect()
}

/// The same in datagrams of two records each, the end of a message before its beginning.
fn pieces() -> Vec<Vec<u8>> {
    let half = |number| {
        let first = fragment(number, BODY, 0, BODY.len() / 2 + 1);
        let second = fragment(number, BODY, BODY.len() / 2, BODY.len());
        [record(HANDSHAKE, 0, &second), record(HANDSHAKE, 0, &first)].concat()
    };
    let spec = record(CHANGE_CIPHER_SPEC, 0, &[1]);
    [spec].into_iter().chain((0..5).rev().map(half)).collect()
}

fn repeated() -> Vec<Vec<u8>> {
    messages()
        .into_iter()
        .flat_map(|message| [message.clone(), message])
        .collect()
}

/// RFC 6347 §4.1.
fn record(content: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
    let header = [content, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
    [&header[..], body].concat()
}

/// RFC 6347 §4.2.2.
fn fragment(number: u8, body: &[u8], from: usize, to: usize) -> Vec<u8> {
    let (length, offset, bytes) = (body.len() as u8, from as u8, (to - from) as u8);
    let header = [
        CLIENT_HELLO_TYPE,
        0,
        0,
        length,
        0,
        number,
        0,
        0,
        offset,
        0,
        0,
        bytes,
    ];
    [&header[..], &body[from..to]].concat()
}

// RFC 5246 §6.2.1.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The guard compares the types of a message's pieces, and knows none.
const CLIENT_HELLO_TYPE: u8 = 1;

const BODY: &[u8] = b"a message";

/// RFC 5246 §7.4.1.2: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, then the extensions supported_groups,
/// ec_point_formats, signature_algorithms, use_srtp and extended_master_secret.
const CLIENT_HELLO: [u8; 84] = [
    254, 253, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
    0, 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 40, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4,
    3, 0, 14, 0, 7, 0, 4, 0, 7, 0, 1, 0, 0, 23, 0, 0, 0, 0, 0,
];
