//! What a client's SCTP sends once its association stands.

use super::Named;
use crate::script::append;
use crate::sctp::{ASSOCIATE, CHUNKS, INIT, SEND};

/// Channels opened, used and closed; acknowledgements; an end.
pub(super) fn associations() -> Vec<Named> {
    let open = data(1, 0, 0, 50, &DCEP_OPEN);
    let hello = data(2, 0, 1, 51, b"hello");
    let answered = sack(2);
    let reset = [
        130, 0, 0, 22, 0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
    ];
    let forward = [192, 0, 0, 8, 0, 0, 0, 3];
    let heartbeat = [4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4];
    let shutdown = [7, 0, 0, 8, 0, 0, 0, 0];
    let abort = [6, 0, 0, 4];
    vec![
        ("open-and-talk", script(&[&open, &hello, &answered], &[])),
        ("send-back", script(&[&open], &[b"an answer", b"another"])),
        ("open-and-close", script(&[&open, &reset], &[])),
        ("skip-and-probe", script(&[&forward, &heartbeat, &open], &[])),
        ("gap", script(&[&data(3, 2, 0, 53, b"later"), &open, &hello], &[])),
        (
            "reserved-control",
            script(&[&open, &data(2, 0, 1, 50, &[0, 1])], &[]),
        ),
        ("shutdown", script(&[&open, &shutdown], &[])),
        ("open-after-shutdown", script(&[&shutdown, &open], &[])),
        ("abort", script(&[&open, &abort], &[])),
        ("init", {
            let mut input = vec![0];
            let header = [0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0];
            append(&mut input, 0, &[&header[..], &INIT].concat());
            append(&mut input, 4 << 5, &[&header[..], &INIT].concat());
            input
        }),
    ]
}

fn script(packets: &[&[u8]], ours: &[&[u8]]) -> Vec<u8> {
    let mut input = vec![ASSOCIATE];
    packets
        .iter()
        .for_each(|chunks| append(&mut input, CHUNKS, chunks));
    ours.iter().for_each(|message| append(&mut input, SEND, message));
    append(&mut input, 4 << 5 | CHUNKS, &sack(0));
    input
}

/// RFC 9260 §3.3.1: a whole message in one chunk.
fn data(tsn: u8, stream: u8, sequence: u8, protocol: u8, bytes: &[u8]) -> Vec<u8> {
    let length = 16 + bytes.len() as u8;
    let header = [
        0, 3, 0, length, 0, 0, 0, tsn, 0, stream, 0, sequence, 0, 0, 0, protocol,
    ];
    let mut chunk = [&header[..], bytes].concat();
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// RFC 9260 §3.3.4.
fn sack(tsn: u8) -> Vec<u8> {
    vec![3, 0, 0, 16, 0, 0, 0, tsn, 0, 2, 0, 0, 0, 0, 0, 0]
}

/// RFC 8832 §5.1: a reliable channel called "chat".
const DCEP_OPEN: [u8; 16] = [3, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 0, b'c', b'h', b'a', b't'];
