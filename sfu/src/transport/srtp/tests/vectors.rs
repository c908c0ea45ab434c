//! The published vectors. Those of RFC 7714 and of RFC 3711 B.2 start from session keys.

use super::super::cipher::derive;
use super::super::counter_mode::CounterMode;
use super::super::gcm::Gcm;
use super::*;

/// RFC 7714 §16: "Quid pro quo".
const SALT: [u8; 12] = *b"\x51\x75\x69\x64\x20\x70\x72\x6f\x20\x71\x75\x6f";
const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
    61727465 73207472 6573";
const RTP_INDEX: u64 = 0xF17B;
/// §16.1.1.
const SRTP_128: &str = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
    42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce";
/// §16.2.1.
const SRTP_256: &str = "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
    b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13";

/// §17.
const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
    deadbeef deadbeef deadbeef";
const RTCP_SSRC: Ssrc = Ssrc(0x4D61_7273);
const RTCP_WORD: u32 = 0x8000_05D4;
/// §17.1.
const SRTCP_128: &str = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
    730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4";
/// §17.2.
const SRTCP_256: &str = "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1
    110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4";
/// §17.3, authenticated but not encrypted.
const SRTCP_CLEAR: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef
    deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4";

fn gcm(key_bytes: u8) -> Gcm {
    Gcm::new(&(0..key_bytes).collect::<Vec<_>>(), SALT).unwrap()
}

#[test]
fn gcm_seals_and_opens_the_rtp_of_rfc_7714() {
    for (key_bytes, sealed) in [(16, hex(SRTP_128)), (32, hex(SRTP_256))] {
        let (gcm, plain) = (gcm(key_bytes), hex(RTP));
        let mut packet = plain.clone();
        gcm.seal_rtp(&mut packet, 0, 12, (SSRC, RTP_INDEX)).unwrap();
        assert_eq!(packet, sealed);
        assert_eq!(gcm.open_rtp(&mut packet, 12, (SSRC, RTP_INDEX)), Ok(plain.len()));
        assert_eq!(packet[..plain.len()], plain);
    }
}

#[test]
fn gcm_seals_and_opens_the_rtcp_of_rfc_7714() {
    for (key_bytes, sealed) in [(16, hex(SRTCP_128)), (32, hex(SRTCP_256))] {
        let (gcm, plain) = (gcm(key_bytes), hex(RTCP));
        let mut packet = plain.clone();
        gcm.seal_rtcp(&mut packet, 0, (RTCP_SSRC, RTCP_WORD)).unwrap();
        assert_eq!(packet, sealed);
        assert_eq!(
            gcm.open_rtcp(&mut packet, (RTCP_SSRC, RTCP_WORD)),
            Ok(plain.len())
        );
        assert_eq!(packet[..plain.len()], plain);
    }
}

#[test]
fn rtcp_in_the_clear_is_refused() {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm] {
        let refused = unprotect_rtcp(&mut unprotector(profile), &hex(SRTCP_CLEAR));
        assert_eq!(refused, Err(Drop::MalformedRtcp));
    }
}

#[test]
fn the_key_stream_is_that_of_rfc_3711_b_2() {
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
    let mode = CounterMode::new(&hex("2B7E151628AED2A6ABF7158809CF4F3C"), salt, b"unused").unwrap();
    let mut stream = vec![0; 0xFF02 * 16];
    mode.apply_key_stream(Ssrc(0), 0, &mut stream);
    let expected = [
        (0x0000, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (0x0001, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (0x0002, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xFF00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ];
    for (block, bytes) in expected {
        assert_eq!(stream[block * 16..][..16], hex(bytes), "block {block:#06x}");
    }
}

fn derived(label: u8, key: &str, salt: &str, len: usize) -> Vec<u8> {
    let mut out = vec![0xFF; len];
    derive(label, &hex(key), &hex(salt), &mut out).unwrap();
    out
}

#[test]
fn session_keys_are_derived_as_in_rfc_3711_b_3() {
    let (key, salt) = ("E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6");
    assert_eq!(derived(0, key, salt, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(2, key, salt, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let authentication = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE
        E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25
        6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(derived(1, key, salt, 94), hex(authentication));
}

#[test]
fn session_keys_of_256_bits_are_derived_as_in_rfc_6188_7_2() {
    let key = "F0F04914B513F2763A1B1FA130F10E2998F6F6E43E4309D1E622A0E332B9F1B6";
    let salt = "3B04803DE51EE7C96423AB5B78D2";
    let session_key = "5BA1064E30EC51613CAD926C5A28EF731EC7FB397F70A960653CAF06554CD8C4";
    assert_eq!(derived(0, key, salt, 32), hex(session_key));
    assert_eq!(
        derived(1, key, salt, 20),
        hex("FD9C32D39ED5FBB5A9DC96B30818454D1313DC05")
    );
    assert_eq!(derived(2, key, salt, 14), hex("FA31791685CA444A9E07C6C64E93"));
}
