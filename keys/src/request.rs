//! What a device shows to whoever holds the clinic's root, to be certified (SK-1.md, section 4).
//!
//! Owns: its form. Never does: prove anything; the number of the device is compared by people, and the certificate is
//! of no use without the device's keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::device::DeviceKeys;
use crate::encoding::Reader;
use crate::primitives::hash;

/// A device that wants to be certified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request(pub DeviceKeys);

impl Request {
    /// Reads one; `None` if the text is none, or a damaged one.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, check) = bytes.split_last_chunk::<CHECK>()?;
        (*check == check_of(body)).then_some(())?;
        let mut reader = Reader::new(body);
        (reader.u8()? == VERSION && reader.u8()? == KIND).then_some(())?;
        let keys = DeviceKeys {
            signing: reader.array()?,
            agreement: reader.array()?,
        };
        reader.end()?;
        Some(Self(keys))
    }

    /// As it is handed over.
    pub fn text(&self) -> String {
        let mut bytes = [&[VERSION, KIND], &self.0.signing[..], &self.0.agreement].concat();
        bytes.extend(check_of(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn check_of(body: &[u8]) -> [u8; CHECK] {
    let whole = hash("request", &[body]);
    std::array::from_fn(|at| whole[at])
}

const VERSION: u8 = 1;
const KIND: u8 = 0x21;
const CHECK: usize = 4;
