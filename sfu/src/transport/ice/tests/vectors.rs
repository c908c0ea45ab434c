//! RFC 5769: the published messages.

use super::*;
use crate::transport::ice::reply::Reply;

const PWD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

/// §2.1, a request of a client that takes itself for controlled.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e7400240004\
    6e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249\
    c1b571a280280004e57a3bcf";
/// §2.2, the response to it over IPv4.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200008\
    0001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// §2.3, and over IPv6.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200014\
    0002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

fn key(pwd: &str) -> stun::Key {
    stun::Key::new(pwd)
}

#[test]
fn the_sample_request_is_understood() {
    let bytes = hex(REQUEST);
    let request = stun::parse(&bytes).unwrap();
    assert!(request.is_binding_request());
    assert_eq!(request.username(), Some(("evtj", "h6vY")));
    assert_eq!(request.role(), Some(stun::Role::Controlled));
    assert!(!request.use_candidate());
    assert!(request.unknown().is_empty());
    assert!(request.is_authentic(&key(PWD)));
    assert!(!request.is_authentic(&key("VOkJxbRl1RmTxUk/WvJxBu")));
}

#[test]
fn the_sample_responses_are_authentic() {
    for bytes in [RESPONSE_V4, RESPONSE_V6].map(hex) {
        let response = stun::parse(&bytes).unwrap();
        assert!(!response.is_binding_request());
        assert!(response.is_authentic(&key(PWD)));
    }
}

#[test]
fn the_sample_responses_are_what_we_write() {
    let samples = [
        (RESPONSE_V4, CLIENT),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ];
    for (sample, mapped) in samples {
        let (sample, mut ours) = (hex(sample), Vec::new());
        let transaction = sample[8..20].try_into().unwrap();
        let mut reply = Reply::begin(&mut ours, stun::BINDING_SUCCESS, &transaction);
        // RFC 5769 §2: the padding of SOFTWARE is a space there.
        reply.attribute_padded_with_space(0x8022, b"test vector");
        reply.xor_mapped_address(address(mapped), &transaction);
        reply.finish(&key(PWD));
        assert_eq!(ours, sample);
    }
}

#[test]
fn the_sample_request_asks_a_lite_agent_to_control() {
    let now = Instant::now();
    let local = credentials("evtj", PWD);
    let mut agent = IceAgent::new(&local, &credentials("h6vY", "unused"), now);
    let (result, reply) = send(&mut agent, now, CLIENT, &hex(REQUEST));
    assert_eq!(result, Ok(REFUSED));
    assert_eq!(error_code(&read_reply(&reply, &hex(REQUEST), PWD)), 487);
}

impl Reply<'_> {
    fn attribute_padded_with_space(&mut self, kind: u16, value: &[u8]) {
        let at = self.out.len();
        self.attribute(kind, value.iter().copied());
        let padding = at + stun::ATTRIBUTE_HEADER_BYTES + value.len();
        self.out[padding..].fill(b' ');
    }
}
