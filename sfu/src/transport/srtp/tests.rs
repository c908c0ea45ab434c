//! SRTP against the published vectors, against `rtc-srtp`, and against an adversary.

use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;
use crate::drop::Drop;
use crate::id::Ssrc;
use crate::rtp::header::Header;

mod contexts;
mod hostile;
mod oracle;
mod vectors;

const PROFILES: [SrtpProfile; 3] = [
    SrtpProfile::AeadAes128Gcm,
    SrtpProfile::AeadAes256Gcm,
    SrtpProfile::AesCm128HmacSha1_80,
];
const SSRC: Ssrc = Ssrc(0x5501_A0B2);

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

fn key(profile: SrtpProfile) -> Vec<u8> {
    (0..key_len(profile) as u8).collect()
}

fn salt(profile: SrtpProfile) -> Vec<u8> {
    (0..salt_len(profile) as u8).map(|byte| 0xA0 | byte).collect()
}

fn protector(profile: SrtpProfile) -> Protector {
    Protector::new(profile, &key(profile), &salt(profile)).unwrap()
}

fn unprotector(profile: SrtpProfile) -> Unprotector {
    Unprotector::new(profile, &key(profile), &salt(profile)).unwrap()
}

/// The reference with replay windows, just wide enough for the disorder of these tests.
fn reference(profile: SrtpProfile) -> Context {
    let theirs = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let provider = default_provider().unwrap();
    let windows = (
        Some(srtp_replay_protection(128)),
        Some(srtcp_replay_protection(128)),
    );
    Context::new(
        &key(profile),
        &salt(profile),
        theirs,
        windows.0,
        windows.1,
        provider.crypto(),
    )
    .unwrap()
}

/// A packet with a one-byte header extension and one CSRC, so that the header is more than its fixed part.
fn rtp(ssrc: Ssrc, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x91, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0x17, 0x70]);
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend([0xBE, 0xDE, 0, 1, 0x10, b'0', 0, 0]);
    packet.extend(payload);
    packet
}

/// A receiver report without blocks, then as much of something else.
fn rtcp(ssrc: Ssrc, words: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend([0x80, 204]);
    packet.extend((words + 1).to_be_bytes());
    packet.extend(ssrc.0.to_be_bytes());
    packet.extend((0..words * 4).map(|byte| byte as u8));
    packet
}

fn protect(protector: &mut Protector, plain: &[u8], index: u64) -> Result<Vec<u8>, Drop> {
    let header = Header::parse(plain).unwrap();
    let mut packet = plain.to_vec();
    protector.protect_rtp(&mut packet, 0, header.len, header.ssrc, index)?;
    Ok(packet)
}

fn unprotect(unprotector: &mut Unprotector, sealed: &[u8]) -> Result<(Vec<u8>, u64), Drop> {
    let header = Header::parse(sealed).ok_or(Drop::MalformedRtp)?;
    let mut packet = sealed.to_vec();
    let opened = unprotector.unprotect_rtp(&header, &mut packet)?;
    packet.truncate(opened.len);
    Ok((packet, opened.index))
}

fn protect_rtcp(protector: &mut Protector, plain: &[u8]) -> Result<Vec<u8>, Drop> {
    let mut packet = plain.to_vec();
    protector.protect_rtcp(&mut packet, 0)?;
    Ok(packet)
}

fn unprotect_rtcp(unprotector: &mut Unprotector, sealed: &[u8]) -> Result<Vec<u8>, Drop> {
    let mut packet = sealed.to_vec();
    let len = unprotector.unprotect_rtcp(&mut packet)?;
    packet.truncate(len);
    Ok(packet)
}
