//! Messages as SCTP carries them: the payload protocol identifier says of which kind they are.
//!
//! Owns: both directions of that table. Never does: keep anything.

use bytes::Bytes;
use rtc_sctp::PayloadProtocolIdentifier as Protocol;

use crate::command::Message;
use crate::drop::Drop;

/// RFC 8831 §6.6: SCTP can't carry nothing, so an empty message is one zero byte with a name of its own.
pub(super) fn encode(message: &Message) -> (Protocol, Bytes) {
    match message {
        Message::Text(text) if text.is_empty() => (Protocol::StringEmpty, Bytes::from_static(&[0])),
        Message::Text(text) => (Protocol::String, Bytes::copy_from_slice(text.as_bytes())),
        Message::Binary(bytes) if bytes.is_empty() => (Protocol::BinaryEmpty, Bytes::from_static(&[0])),
        Message::Binary(bytes) => (Protocol::Binary, bytes.clone()),
    }
}

/// Refuses text that is none, and identifiers that RFC 8831 §8 does not know or calls deprecated.
pub(super) fn decode(protocol: Protocol, bytes: Bytes) -> Result<Message, Drop> {
    match protocol {
        Protocol::StringEmpty => Ok(Message::Text(String::new())),
        Protocol::BinaryEmpty => Ok(Message::Binary(Bytes::new())),
        Protocol::Binary => Ok(Message::Binary(bytes)),
        Protocol::String => {
            let text = String::from_utf8(bytes.into()).map_err(|_| Drop::MalformedSctp)?;
            Ok(Message::Text(text))
        }
        _ => Err(Drop::MalformedSctp),
    }
}
