//! What an association reports.
//!
//! Owns: the values. Never does: show keys.

use std::fmt;

use bytes::Bytes;

use crate::event::{LeaveReason, SrtpProfile};

/// What became of the association.
#[derive(Clone, PartialEq, Eq)]
pub enum DtlsEvent {
    /// The handshake is complete and the certificate is the expected one.
    Connected {
        /// What protects media from here on.
        profile: SrtpProfile,
        /// Keys and salts of both sides (RFC 5764 §4.2).
        exporter: Vec<u8>,
    },
    /// Data that the client sent, decrypted: one SCTP packet.
    Data(Bytes),
    /// The client closed the association.
    Closed,
    /// The association will not come to be.
    Failed(LeaveReason),
}

/// Keys never show.
impl fmt::Debug for DtlsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { profile, .. } => f.debug_tuple("Connected").field(profile).finish(),
            Self::Data(data) => f.debug_tuple("Data").field(&data.len()).finish(),
            Self::Closed => f.write_str("Closed"),
            Self::Failed(reason) => f.debug_tuple("Failed").field(reason).finish(),
        }
    }
}
