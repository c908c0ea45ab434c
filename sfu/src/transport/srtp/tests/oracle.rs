//! Against `rtc-srtp`, in both directions, over the rollover and out of order.

use proptest::prelude::*;

use super::*;

/// From before one rollover to behind the next, in steps that no receiver may lose count over.
fn indices() -> impl Iterator<Item = u64> {
    (65_400..65_700)
        .chain((65_700..196_000).step_by(9_973))
        .chain(196_500..196_700)
}

/// Swaps neighbours as far apart as `reach`, so that packets of two cycles mingle at the wrap.
fn out_of_order<T>(mut packets: Vec<T>, reach: usize) -> Vec<T> {
    for at in (0..packets.len().saturating_sub(reach)).step_by(3) {
        packets.swap(at, at + reach);
    }
    packets
}

fn plain(index: u64) -> Vec<u8> {
    rtp(SSRC, index as u16, format!("payload of {index}").as_bytes())
}

#[test]
fn the_reference_opens_what_we_seal() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = (protector(profile), reference(profile));
        let sealed: Vec<_> = indices()
            .map(|index| (index, protect(&mut ours, &plain(index), index).unwrap()))
            .collect();
        for (index, packet) in sealed {
            assert_eq!(
                theirs.decrypt_rtp(&packet).unwrap(),
                plain(index),
                "{profile:?} {index}"
            );
        }
    }
}

#[test]
fn the_reference_opens_what_we_seal_out_of_order() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = (protector(profile), reference(profile));
        // Sealed out of order too: each index once is all that a window asks for.
        for index in out_of_order((65_400..65_700).collect(), 40) {
            let packet = protect(&mut ours, &plain(index), index).unwrap();
            assert_eq!(
                theirs.decrypt_rtp(&packet).unwrap(),
                plain(index),
                "{profile:?} {index}"
            );
        }
    }
}

#[test]
fn we_open_what_the_reference_seals() {
    for (profile, reach) in PROFILES
        .into_iter()
        .flat_map(|profile| [(profile, 0), (profile, 1), (profile, 40)])
    {
        let (mut theirs, mut ours) = (reference(profile), unprotector(profile));
        let range: Vec<u64> = if reach == 0 {
            indices().collect()
        } else {
            (65_400..65_700).collect()
        };
        let sealed = range
            .iter()
            .map(|&index| (index, theirs.encrypt_rtp(&plain(index)).unwrap()))
            .collect();
        for (index, packet) in out_of_order(sealed, reach) {
            assert_eq!(
                unprotect(&mut ours, &packet),
                Ok((plain(index), index)),
                "{profile:?} {index}"
            );
        }
    }
}

#[test]
fn sources_do_not_disturb_each_other() {
    for profile in PROFILES {
        let (mut theirs, mut ours) = (reference(profile), unprotector(profile));
        for index in 65_530..65_560_u64 {
            for ssrc in (0..MAX_SOURCES as u32).map(Ssrc) {
                let plain = rtp(ssrc, (index + u64::from(ssrc.0)) as u16, b"of many");
                let sealed = theirs.encrypt_rtp(&plain).unwrap();
                assert_eq!(unprotect(&mut ours, &sealed).unwrap().0, plain);
            }
        }
    }
}

#[test]
fn rtcp_is_understood_both_ways() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = (protector(profile), reference(profile));
        let mut ours_in = unprotector(profile);
        for words in 0..50 {
            let ssrc = Ssrc(u32::from(words) % 3);
            let plain = rtcp(ssrc, words);
            let sealed = protect_rtcp(&mut ours, &plain).unwrap();
            assert_eq!(theirs.decrypt_rtcp(&sealed).unwrap(), plain, "{profile:?} out");
            let sealed = theirs.encrypt_rtcp(&plain).unwrap();
            assert_eq!(unprotect_rtcp(&mut ours_in, &sealed), Ok(plain), "{profile:?} in");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_seal_any_packet_alike(
        payload in proptest::collection::vec(any::<u8>(), 0..1200), sequence: u16, ssrc: u32, which in 0..3_usize,
    ) {
        let profile = PROFILES[which];
        let plain = rtp(Ssrc(ssrc), sequence, &payload);
        let ours = protect(&mut protector(profile), &plain, u64::from(sequence)).unwrap();
        let theirs = reference(profile).encrypt_rtp(&plain).unwrap();
        prop_assert_eq!(&ours, &theirs[..]);
        prop_assert_eq!(unprotect(&mut unprotector(profile), &theirs), Ok((plain, u64::from(sequence))));
    }
}
