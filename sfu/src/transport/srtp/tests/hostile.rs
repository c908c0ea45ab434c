//! What an adversary cannot do: replay, forge, or make us seal under a nonce twice.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[test]
fn a_replayed_packet_is_refused() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (protector(profile), unprotector(profile));
        let sealed: Vec<_> = (65_000..67_000_u64)
            .map(|index| protect(&mut sender, &rtp(SSRC, index as u16, b"once"), index).unwrap())
            .collect();
        for packet in &sealed {
            unprotect(&mut receiver, packet).unwrap();
        }
        for packet in &sealed {
            assert_eq!(unprotect(&mut receiver, packet), Err(Drop::Replayed));
        }
    }
}

#[test]
fn a_packet_older_than_the_window_is_refused() {
    let (mut sender, mut receiver) = (protector(PROFILES[0]), unprotector(PROFILES[0]));
    let [oldest, kept, newest] = [0, 1, 1024]
        .map(|index: u64| protect(&mut sender, &rtp(SSRC, index as u16, b"late"), index).unwrap());
    unprotect(&mut receiver, &newest).unwrap();
    assert_eq!(unprotect(&mut receiver, &oldest), Err(Drop::Replayed));
    assert!(unprotect(&mut receiver, &kept).is_ok());
}

#[test]
fn replayed_rtcp_is_refused() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (protector(profile), unprotector(profile));
        let [first, second] = [1, 2].map(|words| protect_rtcp(&mut sender, &rtcp(SSRC, words)).unwrap());
        unprotect_rtcp(&mut receiver, &second).unwrap();
        unprotect_rtcp(&mut receiver, &first).unwrap();
        assert_eq!(unprotect_rtcp(&mut receiver, &first), Err(Drop::Replayed));
        assert_eq!(unprotect_rtcp(&mut receiver, &second), Err(Drop::Replayed));
    }
}

#[test]
fn no_bit_of_a_packet_can_be_flipped() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (protector(profile), unprotector(profile));
        let sealed = protect(&mut sender, &rtp(SSRC, 9, b"voice"), 9).unwrap();
        let sealed_rtcp = protect_rtcp(&mut sender, &rtcp(SSRC, 3)).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                unprotect(&mut receiver, &forged).is_err(),
                "{profile:?} RTP bit {bit}"
            );
        }
        for bit in 0..sealed_rtcp.len() * 8 {
            let mut forged = sealed_rtcp.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                unprotect_rtcp(&mut receiver, &forged).is_err(),
                "{profile:?} RTCP bit {bit}"
            );
        }
        assert!(unprotect(&mut receiver, &sealed).is_ok());
        assert!(unprotect_rtcp(&mut receiver, &sealed_rtcp).is_ok());
    }
}

#[test]
fn forged_packets_move_neither_rollover_nor_window() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (protector(profile), unprotector(profile));
        for index in (65_000..70_000_u64).step_by(100) {
            for leap in (0..=u16::MAX).step_by(1_500) {
                let forged = rtp(SSRC, (index as u16).wrapping_add(leap), &[0x5A; 40]);
                assert!(unprotect(&mut receiver, &forged).is_err());
            }
            let plain = rtp(SSRC, index as u16, b"genuine");
            let sealed = protect(&mut sender, &plain, index).unwrap();
            assert_eq!(
                unprotect(&mut receiver, &sealed),
                Ok((plain, index)),
                "{profile:?}"
            );
        }
    }
}

#[test]
fn forged_sources_take_no_room() {
    let (mut sender, mut receiver) = (protector(PROFILES[0]), unprotector(PROFILES[0]));
    for ssrc in 0..1000 {
        assert_eq!(
            unprotect(&mut receiver, &rtp(Ssrc(ssrc), 1, &[0; 40])),
            Err(Drop::Unauthentic)
        );
        let mut forged = rtcp(Ssrc(ssrc), 8);
        forged.extend(RTCP_ENCRYPTED.to_be_bytes());
        assert_eq!(unprotect_rtcp(&mut receiver, &forged), Err(Drop::Unauthentic));
    }
    let sealed = protect(&mut sender, &rtp(SSRC, 1, b"genuine"), 1).unwrap();
    assert!(unprotect(&mut receiver, &sealed).is_ok());
    let sealed = protect_rtcp(&mut sender, &rtcp(SSRC, 1)).unwrap();
    assert!(unprotect_rtcp(&mut receiver, &sealed).is_ok());
}

#[test]
fn sources_are_bounded_and_none_is_forgotten() {
    let (mut receiver, mut sender) = (unprotector(PROFILES[0]), protector(PROFILES[0]));
    let mut other = protector(PROFILES[0]);
    for ssrc in (0..MAX_SOURCES as u32).map(Ssrc) {
        let sealed = protect(&mut sender, &rtp(ssrc, 1, b"one"), 1).unwrap();
        unprotect(&mut receiver, &sealed).unwrap();
        assert_eq!(unprotect(&mut receiver, &sealed), Err(Drop::Replayed));
    }
    let one_more = rtp(Ssrc(MAX_SOURCES as u32), 1, b"one too many");
    assert_eq!(protect(&mut sender, &one_more, 1), Err(Drop::TooManySources));
    let sealed = protect(&mut other, &one_more, 1).unwrap();
    assert_eq!(unprotect(&mut receiver, &sealed), Err(Drop::TooManySources));
    // Refused before it costs an AEAD check.
    let forged = rtp(Ssrc(u32::MAX), 1, &[0; 40]);
    assert_eq!(unprotect(&mut receiver, &forged), Err(Drop::TooManySources));
    assert_eq!(
        protect(&mut sender, &rtp(Ssrc(0), 1, b"again"), 1),
        Err(Drop::IndexSpent)
    );
}

#[test]
fn an_index_that_failed_is_spent_all_the_same() {
    let mut sender = protector(PROFILES[0]);
    let plain = rtp(SSRC, 5, b"");
    let too_long_a_header = sender.protect_rtp(&mut plain.clone(), 0, plain.len() + 1, SSRC, 5);
    assert_eq!(too_long_a_header, Err(Drop::MalformedRtp));
    assert_eq!(protect(&mut sender, &plain, 5), Err(Drop::IndexSpent));
}

#[test]
fn counters_end_and_do_not_wrap() {
    for profile in PROFILES {
        let mut sender = protector(profile);
        assert!(protect(&mut sender, &rtp(SSRC, u16::MAX, b"last"), MAX_RTP_INDEX).is_ok());
        assert_eq!(
            protect(&mut sender, &rtp(SSRC, 0, b"beyond"), MAX_RTP_INDEX + 1),
            Err(Drop::IndexSpent)
        );
        sender.skip_rtcp_indices_to(MAX_RTCP_INDEX);
        assert!(protect_rtcp(&mut sender, &rtcp(SSRC, 1)).is_ok());
        assert_eq!(protect_rtcp(&mut sender, &rtcp(SSRC, 1)), Err(Drop::IndexSpent));
        assert_eq!(protect_rtcp(&mut sender, &rtcp(SSRC, 1)), Err(Drop::IndexSpent));
    }
}

/// Indices that collide, leap and lag, around a rollover.
fn any_index() -> impl Strategy<Value = u64> {
    prop_oneof![
        65_500..65_600_u64,
        64_000..68_000_u64,
        Just(0),
        Just(MAX_RTP_INDEX)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_index_is_ever_sealed_twice(
        indices in proptest::collection::vec((any_index(), 0..3_u32), 0..400), which in 0..3_usize,
    ) {
        let (mut sender, mut spent) = (protector(PROFILES[which]), HashSet::new());
        for (index, ssrc) in indices {
            let plain = rtp(Ssrc(ssrc), index as u16, b"x");
            match protect(&mut sender, &plain, index) {
                Ok(_) => prop_assert!(spent.insert((ssrc, index)), "sealed {index} of {ssrc} twice"),
                Err(reason) => prop_assert_eq!(reason, Drop::IndexSpent),
            }
        }
    }

    #[test]
    fn no_packet_is_ever_accepted_twice(
        order in proptest::collection::vec(0..300_usize, 0..600), which in 0..3_usize,
    ) {
        let (mut sender, mut receiver) = (protector(PROFILES[which]), unprotector(PROFILES[which]));
        let sealed: Vec<_> = (65_400..65_700_u64)
            .map(|index| protect(&mut sender, &rtp(SSRC, index as u16, b"x"), index).unwrap())
            .collect();
        let mut seen = HashSet::new();
        for at in order {
            if let Ok((_, index)) = unprotect(&mut receiver, &sealed[at]) {
                prop_assert!(seen.insert(index), "accepted {index} twice");
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..120), which in 0..3_usize, start in 0..130_usize,
        header_len in 0..200_usize,
    ) {
        let profile = PROFILES[which];
        let mut receiver = unprotector(profile);
        prop_assert!(unprotect(&mut receiver, &bytes).is_err());
        prop_assert!(unprotect_rtcp(&mut receiver, &bytes).is_err());
        // A header that belongs to another, longer packet.
        let foreign = Header::parse(&rtp(SSRC, 1, b"")).unwrap();
        prop_assert!(receiver.unprotect_rtp(&foreign, &mut bytes.clone()).is_err());
        let mut sender = protector(profile);
        let _ = sender.protect_rtcp(&mut bytes.clone(), start);
        bytes.resize(bytes.len().min(start + 1), 0);
        let _ = sender.protect_rtp(&mut bytes, start, header_len, SSRC, 0);
    }
}
