//! What a sender says about a frame, sealed behind it (`web/client/LAYOUT.md`).
//!
//! Owns: the form. Never does: read a clock.

/// When a frame was captured, and how large its picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trailer {
    /// Microseconds since 1970 by the sender's clock, which is one for all its tracks.
    pub capture_micros: u64,
    /// Of the picture in pixels; 0 where the browser does not tell, and of sound.
    pub width: u16,
    /// Likewise.
    pub height: u16,
}

/// Of a picture.
pub(crate) const PICTURE_BYTES: usize = 12;
/// Of sound, which has no size.
pub(crate) const SOUND_BYTES: usize = 8;

impl Trailer {
    pub(crate) fn of_picture(&self) -> [u8; PICTURE_BYTES] {
        let mut bytes = [0; PICTURE_BYTES];
        bytes[..8].copy_from_slice(&self.capture_micros.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.width.to_be_bytes());
        bytes[10..].copy_from_slice(&self.height.to_be_bytes());
        bytes
    }

    pub(crate) const fn of_sound(&self) -> [u8; SOUND_BYTES] {
        self.capture_micros.to_be_bytes()
    }

    pub(crate) fn read_picture(bytes: &[u8; PICTURE_BYTES]) -> Self {
        let [time @ .., w0, w1, h0, h1] = *bytes;
        Self {
            capture_micros: u64::from_be_bytes(time),
            width: u16::from_be_bytes([w0, w1]),
            height: u16::from_be_bytes([h0, h1]),
        }
    }

    pub(crate) const fn read_sound(bytes: &[u8; SOUND_BYTES]) -> Self {
        Self {
            capture_micros: u64::from_be_bytes(*bytes),
            width: 0,
            height: 0,
        }
    }
}
