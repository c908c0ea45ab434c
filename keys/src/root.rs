//! The clinic's root (SK-1.md, section 4).
//!
//! Owns: its name and its signature. Never does: keep it; it belongs on no server.

use ring::signature::Ed25519KeyPair;

use crate::certificate::Certificate;
use crate::device::{key_pair, public_key};
use crate::encoding::spelt;
use crate::primitives::{Secret, hash};

/// Names a root: 128 bits, because the attack is to find a second root for a given hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootHash(pub [u8; 16]);

/// A root in hand.
#[derive(Debug)]
pub struct Root {
    public_key: [u8; 32],
    sign: Ed25519KeyPair,
}

impl Root {
    /// Of its seed.
    pub fn new(seed: &Secret) -> Self {
        let sign = key_pair(seed);
        Self {
            public_key: public_key(&sign),
            sign,
        }
    }

    /// Ed25519.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// What links and pages name it by.
    pub fn hash(&self) -> RootHash {
        RootHash::of(&self.public_key)
    }

    /// Makes a device a host, as bytes for its hello.
    pub fn certify(&self, certificate: &Certificate) -> Vec<u8> {
        certificate.signed(&self.sign, &self.public_key)
    }
}

impl RootHash {
    /// Of a root's public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        let whole = hash("root", &[public_key]);
        Self(std::array::from_fn(|at| whole[at]))
    }

    /// In hexadecimal, in groups of four: to be compared by people.
    pub fn spelt(&self) -> String {
        spelt(&self.0)
    }

    /// Of such a text; blanks and upper case do not matter.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.chars().filter(|character| !character.is_whitespace());
        let digits: Option<Vec<_>> = digits.map(|digit| digit.to_digit(16)).collect();
        let digits: [u32; 32] = digits?.try_into().ok()?;
        // a digit has four bits
        Some(Self(std::array::from_fn(|at| {
            (digits[2 * at] << 4 | digits[2 * at + 1]) as u8
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_back_however_it_is_spelt() {
        let name = RootHash(std::array::from_fn(|at| (at * 17) as u8));
        assert_eq!(name.spelt(), "0011 2233 4455 6677 8899 aabb ccdd eeff");
        assert_eq!(RootHash::read(&name.spelt()), Some(name));
        assert_eq!(RootHash::read("00112233445566778899AABBCCDDEEFF"), Some(name));
        for bad in [
            "",
            "0011",
            "0011 2233 4455 6677 8899 aabb ccdd eefg",
            &format!("{}0", name.spelt()),
        ] {
            assert_eq!(RootHash::read(bad), None, "{bad}");
        }
    }
}
