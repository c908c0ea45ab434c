//! Attributes of a transport: ICE credentials, certificate fingerprint, DTLS role.
//!
//! Owns: reading them, at session or at media level. Never does: decide which level counts.

use rapport_sfu::parameters::{Fingerprint, IceCredentials};

use super::error::Error;

/// What one level of a description says about its transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport<'a> {
    /// `a=ice-ufrag`.
    pub ufrag: Option<&'a str>,
    /// `a=ice-pwd`.
    pub pwd: Option<&'a str>,
    /// The first `a=fingerprint` by SHA-256.
    pub fingerprint: Option<Fingerprint>,
    /// A fingerprint by another hash was there.
    pub other_hash: bool,
    /// `a=setup`.
    pub setup: Option<Setup>,
    /// `a=ice-options`, not split.
    pub ice_options: Option<&'a str>,
}

/// DTLS role that a side is ready for (RFC 4145 §4, RFC 8842 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Sends the ClientHello.
    Active,
    /// Waits for it.
    Passive,
    /// Either.
    ActPass,
    /// Neither, for now.
    HoldConn,
}

impl<'a> Transport<'a> {
    /// Takes one attribute; what isn't of a transport is passed over.
    pub(super) fn read(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match name {
            "ice-ufrag" => self.ufrag = Some(ice_chars(value, 4).ok_or(BAD_UFRAG)?),
            "ice-pwd" => self.pwd = Some(ice_chars(value, 22).ok_or(BAD_PWD)?),
            "fingerprint" => self.read_fingerprint(value)?,
            "setup" => self.setup = Some(Setup::read(value).ok_or(BAD_SETUP)?),
            "ice-options" => self.ice_options = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Both halves of the credentials; `None` when this level says neither.
    pub fn credentials(&self) -> Result<Option<IceCredentials>, Error> {
        match (self.ufrag, self.pwd) {
            (Some(ufrag), Some(pwd)) => Ok(Some(IceCredentials {
                ufrag: ufrag.to_owned(),
                pwd: pwd.to_owned(),
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::malformed("a=ice-pwd", "missing beside a=ice-ufrag")),
            (None, Some(_)) => Err(Error::malformed("a=ice-ufrag", "missing beside a=ice-pwd")),
        }
    }

    fn read_fingerprint(&mut self, value: &str) -> Result<(), Error> {
        let (hash, bytes) = value.split_once(' ').ok_or(BAD_FINGERPRINT)?;
        // RFC 8122 §5: hash names are matched without regard to case.
        if !hash.eq_ignore_ascii_case("sha-256") {
            self.other_hash = true;
        } else if self.fingerprint.is_none() {
            self.fingerprint = Some(sha256(bytes.trim()).ok_or(BAD_FINGERPRINT)?);
        }
        Ok(())
    }
}

impl Setup {
    fn read(value: &str) -> Option<Self> {
        match value {
            "active" => Some(Self::Active),
            "passive" => Some(Self::Passive),
            "actpass" => Some(Self::ActPass),
            "holdconn" => Some(Self::HoldConn),
            _ => None,
        }
    }
}

/// RFC 8839 §5.4: `ice-char = ALPHA / DIGIT / "+" / "/"`, at most 256 of them.
fn ice_chars(value: &str, least: usize) -> Option<&str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    ((least..=256).contains(&value.len()) && value.bytes().all(legal)).then_some(value)
}

fn sha256(text: &str) -> Option<Fingerprint> {
    let mut bytes = [0; 32];
    let mut pairs = text.split(':');
    for byte in &mut bytes {
        let pair = pairs
            .next()
            .filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(Fingerprint(bytes))
}

const BAD_UFRAG: Error = Error::malformed("a=ice-ufrag", "4 to 256 letters, digits, '+' or '/'");
const BAD_PWD: Error = Error::malformed("a=ice-pwd", "22 to 256 letters, digits, '+' or '/'");
const BAD_SETUP: Error = Error::malformed("a=setup", "active, passive, actpass or holdconn");
const BAD_FINGERPRINT: Error = Error::malformed(
    "a=fingerprint",
    "a hash name and its bytes in hexadecimal with colons",
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fingerprint_of(lines: &[&str]) -> Result<Option<Fingerprint>, Error> {
        let mut transport = Transport::default();
        lines
            .iter()
            .try_for_each(|line| transport.read("fingerprint", line))?;
        Ok(transport.fingerprint)
    }

    proptest! {
        #[test]
        fn a_fingerprint_reads_back_in_either_case(bytes: [u8; 32]) {
            let written = format!("sha-256 {}", Fingerprint(bytes));
            prop_assert_eq!(fingerprint_of(&[&written]).unwrap(), Some(Fingerprint(bytes)));
            prop_assert_eq!(fingerprint_of(&[&written.to_lowercase()]).unwrap(), Some(Fingerprint(bytes)));
            prop_assert_eq!(fingerprint_of(&[&written.to_uppercase()]).unwrap(), Some(Fingerprint(bytes)));
        }
    }

    #[test]
    fn among_several_fingerprints_the_first_by_sha_256_counts() {
        let [ours, later] =
            [Fingerprint([1; 32]), Fingerprint([2; 32])].map(|hash| format!("sha-256 {hash}"));
        let read = fingerprint_of(&["sha-1 AA:BB", &ours, &later, "sha-512 00"]);
        assert_eq!(read.unwrap(), Some(Fingerprint([1; 32])));
        assert_eq!(fingerprint_of(&["sha-1 AA:BB"]).unwrap(), None);
    }

    #[test]
    fn a_fingerprint_of_another_length_is_refused() {
        let whole = Fingerprint([7; 32]).to_string();
        for bad in [
            &whole[..whole.len() - 3],
            &format!("{whole}:00"),
            &whole.replace("07", "+7"),
            "",
            "é",
        ] {
            assert_eq!(
                fingerprint_of(&[&format!("sha-256 {bad}")]),
                Err(BAD_FINGERPRINT),
                "{bad}"
            );
        }
    }

    #[test]
    fn half_of_the_credentials_is_refused() {
        let mut transport = Transport::default();
        assert_eq!(transport.credentials(), Ok(None));
        transport.read("ice-ufrag", "abcd").unwrap();
        assert_eq!(transport.credentials().unwrap_err().field, "a=ice-pwd");
        for bad in ["", "abc", "ab:d", "abcd e", &"a".repeat(257)] {
            assert_eq!(transport.read("ice-ufrag", bad), Err(BAD_UFRAG), "{bad}");
        }
    }
}
