//! What the server needs to know of a ClientHello before the library reads it (RFC 5246 §7.4.1.2).
//!
//! Owns: the choice of the SRTP profile. Never does: negotiate anything else; the library does.

use crate::event::SrtpProfile;

/// What a ClientHello offers, as far as it must not change between the first and the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    random: Vec<u8>,
    session: Vec<u8>,
    cipher_suites: Vec<u8>,
    compressions: Vec<u8>,
    profile: Option<SrtpProfile>,
}

impl Offer {
    /// Reads the body of a ClientHello.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let _version = reader.take(2)?;
        let random = reader.take(32)?.to_vec();
        let session = reader.short_vector()?.to_vec();
        let _cookie = reader.short_vector()?;
        let cipher_suites = reader.vector()?.to_vec();
        let compressions = reader.short_vector()?.to_vec();
        Some(Self {
            random,
            session,
            cipher_suites,
            compressions,
            profile: extension(reader.vector()?, USE_SRTP).and_then(best_profile),
        })
    }

    /// The best profile that both sides know: our order, not the client's (Chromium lists SHA1_80 first).
    pub(super) fn profile(&self) -> Option<SrtpProfile> {
        self.profile
    }
}

/// The body of the first extension of a kind.
fn extension(extensions: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut reader = Reader(extensions);
    loop {
        let kind = reader.number()?;
        let body = reader.vector()?;
        if kind == wanted {
            return Some(body);
        }
    }
}

/// RFC 5764 §4.1.1: SRTPProtectionProfiles, then the MKI, for which we have no use.
fn best_profile(use_srtp: &[u8]) -> Option<SrtpProfile> {
    let profiles = Reader(use_srtp).vector()?;
    profiles
        .chunks_exact(2)
        .filter_map(|id| profile(u16::from_be_bytes([id[0], id[1]])))
        .min()
}

/// RFC 5764 §4.1.2 and RFC 7714 §14.2.
fn profile(id: u16) -> Option<SrtpProfile> {
    match id {
        0x0001 => Some(SrtpProfile::AesCm128HmacSha1_80),
        0x0007 => Some(SrtpProfile::AeadAes128Gcm),
        0x0008 => Some(SrtpProfile::AeadAes256Gcm),
        _ => None,
    }
}

/// RFC 5764 §9.
const USE_SRTP: u16 = 14;

/// Takes TLS's length-prefixed vectors off the front of a slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// With a length of one byte.
    fn short_vector(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(usize::from(length))
    }

    /// With a length of two bytes.
    fn vector(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hello(profiles: &[u16]) -> Vec<u8> {
        let mut body = vec![254, 253];
        body.extend_from_slice(&[5; 32]);
        body.extend_from_slice(&[0, 0]); // session, cookie
        body.extend_from_slice(&[0, 2, 0xc0, 0x2b, 1, 0]);
        let srtp = profiles.len() * 2 + 3;
        body.extend_from_slice(&[
            0,
            srtp as u8 + 8,
            0,
            23,
            0,
            0,
            0,
            14,
            0,
            srtp as u8,
            0,
            srtp as u8 - 3,
        ]);
        profiles
            .iter()
            .for_each(|id| body.extend_from_slice(&id.to_be_bytes()));
        body.push(0);
        body
    }

    #[test]
    fn our_order_decides_not_the_clients() {
        let chosen = |profiles: &[u16]| Offer::parse(&hello(profiles)).unwrap().profile();
        assert_eq!(chosen(&[1, 8, 7]), Some(SrtpProfile::AeadAes128Gcm));
        assert_eq!(chosen(&[1, 8]), Some(SrtpProfile::AeadAes256Gcm));
        assert_eq!(chosen(&[2, 1]), Some(SrtpProfile::AesCm128HmacSha1_80));
        assert_eq!(chosen(&[2, 5]), None);
    }

    #[test]
    fn a_truncated_hello_is_no_hello() {
        let whole = hello(&[7]);
        for length in 0..whole.len() {
            assert_eq!(Offer::parse(&whole[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Offer::parse(&body);
        }
    }
}
