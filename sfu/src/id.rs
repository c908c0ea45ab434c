//! Names of things: ids the control plane hands out, and the words that stand on the wire.
//!
//! Owns: the newtypes. Never does: allocate ids (the control plane does) or look anything up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! control_id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )+};
}

control_id! {
    /// One conference. Handed out by the control plane, unique for the life of the process.
    RoomId
    /// An addressable member of a room (RFC 7656): one transport, one set of keys.
    ParticipantId
    /// One published media source, as the application sees it.
    TrackId
    /// One place in which a subscriber receives media: its own SSRC, whatever source is mapped to it.
    SubscriptionId
    /// The far end of a subscription that is no network peer: the recorder, a plugin.
    TapId
}

macro_rules! wire_word {
    ($($(#[$doc:meta])* $name:ident($inner:ty))+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )+};
}

wire_word! {
    /// RTP payload type, 0–127 (RFC 3550 §5.1).
    Pt(u8)
    /// RTP synchronisation source (RFC 3550 §3).
    Ssrc(u32)
    /// The sender's part of an SFrame KID: its upper 12 bits, of [`SenderIndex::KID_BITS`] in all. From 1, and
    /// unique in a room for its life, so that a key is never taken for another sender's.
    SenderIndex(u16)
}

impl SenderIndex {
    /// KID = sender index (12) | generation (12) | step (8).
    pub const KID_BITS: u32 = 32;
    /// Generation and step: what stands below the index in a KID.
    pub const KID_SHIFT: u32 = 20;
    /// The last index: what fits twelve bits.
    pub const MAX: Self = Self(0x0FFF);
}

/// The longest identification tag that fits a one-byte header extension element (RFC 8285 §4.2).
const TAG_BYTES: usize = 16;

/// A short identification tag, held inline so that comparing one costs no pointer chase.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tag {
    bytes: [u8; TAG_BYTES],
    len: u8,
}

impl Tag {
    fn new(text: &str) -> Option<Self> {
        // RFC 8866 §9: token = 1*(token-char); RFC 8852 §3.3 narrows rid further, and what is longer
        // than sixteen bytes could not travel in a one-byte header extension.
        let legal =
            !text.is_empty() && text.len() <= TAG_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        legal.then(|| {
            let mut bytes = [0; TAG_BYTES];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            Self {
                bytes,
                len: text.len() as u8,
            }
        })
    }

    fn as_str(&self) -> &str {
        // The constructor admits ASCII only, so this never takes the empty branch.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

macro_rules! wire_tag {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Tag);

        impl $name {
            /// Takes one to sixteen visible ASCII characters; anything else is `None`.
            pub fn new(text: &str) -> Option<Self> {
                Tag::new(text).map(Self)
            }

            /// The tag as it stands on the wire.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(&text).ok_or("not one to sixteen visible ASCII characters")
            }
        }

        impl From<$name> for String {
            fn from(tag: $name) -> Self {
                tag.as_str().to_owned()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

wire_tag! {
    /// Media identification of an m-section (RFC 5888, RFC 9143).
    Mid
    /// RtpStreamId (RFC 8851): names one simulcast encoding.
    Rid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_what_it_was_given() {
        assert_eq!(Mid::new("0").unwrap().as_str(), "0");
        assert_eq!(Rid::new("sixteen-letters!").unwrap().as_str(), "sixteen-letters!");
    }

    #[test]
    fn a_tag_that_could_not_travel_is_refused() {
        for bad in ["", "seventeen-letters", "with space", "ümlaut"] {
            assert_eq!(Mid::new(bad), None, "{bad:?}");
        }
    }
}
