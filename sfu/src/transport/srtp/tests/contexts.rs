//! Keys, layout and what shows of them.

use super::*;

/// The bytes of an exporter, each different.
fn exported(profile: SrtpProfile) -> Vec<u8> {
    (0..exporter_len(profile) as u8).collect()
}

#[test]
fn what_the_server_sends_the_client_can_open_and_the_other_way_round() {
    for profile in PROFILES {
        let contexts = |is_server| {
            let material = KeyingMaterial::from_exporter(profile, is_server, &exported(profile)).unwrap();
            material.into_contexts().unwrap()
        };
        let ((mut server_out, mut server_in), (mut client_out, mut client_in)) =
            (contexts(true), contexts(false));
        let plain = rtp(SSRC, 1, b"hello");
        let down = protect(&mut server_out, &plain, 1).unwrap();
        let up = protect(&mut client_out, &plain, 1).unwrap();
        assert_ne!(down, up, "the directions must not share a key");
        assert_eq!(unprotect(&mut client_in, &down), Ok((plain.clone(), 1)));
        assert_eq!(unprotect(&mut server_in, &up), Ok((plain, 1)));
        let reflected = protect(&mut server_out, &rtp(SSRC, 2, b"hello"), 2).unwrap();
        assert_eq!(unprotect(&mut server_in, &reflected), Err(Drop::Unauthentic));
    }
}

#[test]
fn keys_are_cut_in_the_order_of_rfc_5764() {
    let material = KeyingMaterial::from_exporter(
        SrtpProfile::AeadAes128Gcm,
        true,
        &exported(SrtpProfile::AeadAes128Gcm),
    )
    .unwrap();
    assert_eq!((material.remote_key[0], material.local_key[0]), (0, 16));
    assert_eq!((material.remote_salt[0], material.local_salt[0]), (32, 44));
    assert_eq!((material.local_key.len(), material.local_salt.len()), (16, 12));
}

#[test]
fn keys_of_a_wrong_length_are_refused() {
    assert_eq!(PROFILES.map(exporter_len), [56, 88, 60]);
    for profile in PROFILES {
        let bytes = exported(profile);
        assert!(KeyingMaterial::from_exporter(profile, true, &bytes[1..]).is_none());
        assert!(Protector::new(profile, &key(profile), &bytes[..15]).is_none());
        assert!(Unprotector::new(profile, &bytes[..15], &salt(profile)).is_none());
    }
}

#[test]
fn keys_do_not_print() {
    for profile in PROFILES {
        let bytes = vec![0x7B; exporter_len(profile)];
        let material = KeyingMaterial::from_exporter(profile, true, &bytes).unwrap();
        let mut shown = format!("{material:?}");
        let contexts = material.into_contexts().unwrap();
        shown += &format!("{contexts:?}");
        assert!(
            shown.contains("profile") && !shown.contains("123") && !shown.contains("7b"),
            "{shown}"
        );
    }
}

#[test]
fn a_packet_is_sealed_where_it_lies() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (protector(profile), unprotector(profile));
        let plain = rtp(SSRC, 1, b"in the middle of a send buffer");
        let mut buffer = Vec::with_capacity(200 + MAX_TRAILER);
        buffer.extend(b"earlier");
        buffer.extend(&plain);
        let place = buffer.as_ptr();
        sender.protect_rtp(&mut buffer, 7, 24, SSRC, 1).unwrap();
        let sealed = buffer.strip_prefix(b"earlier").unwrap();
        assert!(sealed.len() <= plain.len() + MAX_TRAILER);
        assert_eq!(sealed[..24], plain[..24], "the header stays in the clear");
        assert_eq!(unprotect(&mut receiver, sealed), Ok((plain, 1)));

        let report = rtcp(SSRC, 2);
        buffer.truncate(7);
        buffer.extend(&report);
        sender.protect_rtcp(&mut buffer, 7).unwrap();
        assert!(buffer.len() <= 7 + report.len() + MAX_TRAILER);
        assert_eq!(unprotect_rtcp(&mut receiver, &buffer[7..]), Ok(report));
        assert_eq!(buffer.as_ptr(), place, "no reallocation");
    }
}

#[test]
fn rtcp_indices_are_not_shared_between_sources() {
    let mut sender = protector(SrtpProfile::AeadAes128Gcm);
    let words: Vec<_> = [1, 2, 1, 3]
        .map(|ssrc| protect_rtcp(&mut sender, &rtcp(Ssrc(ssrc), 1)).unwrap())
        .iter()
        .map(|packet| packet[packet.len() - 4..].to_vec())
        .collect();
    assert_eq!(
        words,
        [0_u32, 1, 2, 3].map(|index| (RTCP_ENCRYPTED | index).to_be_bytes())
    );
}

#[test]
fn a_source_that_starts_just_before_the_wrap_is_followed_over_it() {
    let (mut sender, mut receiver) = (protector(PROFILES[0]), unprotector(PROFILES[0]));
    for index in [65_535, 65_537, 65_534, 65_536_u64] {
        let plain = rtp(SSRC, index as u16, b"x");
        let sealed = protect(&mut sender, &plain, index).unwrap();
        assert_eq!(unprotect(&mut receiver, &sealed), Ok((plain, index)));
    }
}

#[test]
fn a_leap_in_the_first_cycle_is_taken_for_one() {
    let (mut sender, mut receiver) = (protector(PROFILES[0]), unprotector(PROFILES[0]));
    for index in [10, 50_000_u64] {
        let plain = rtp(SSRC, index as u16, b"x");
        let sealed = protect(&mut sender, &plain, index).unwrap();
        assert_eq!(unprotect(&mut receiver, &sealed), Ok((plain, index)));
    }
}
