//! What a synthetic member shows and says: one of six committed clips.
//!
//! Owns: reading them. Never does: encode; `media/generate.mjs` did, once.

use anyhow::{Context, Result, bail, ensure};

/// A picture that goes on for ever and a tone.
pub(crate) struct Clip {
    /// Two seconds of VP8; the first frame is a key frame.
    pub(crate) picture: Vec<&'static [u8]>,
    /// One second of Opus.
    pub(crate) sound: Vec<&'static [u8]>,
}

impl Clip {
    /// The clip of the member with this number.
    pub(crate) fn of(member: usize) -> Result<Self> {
        let (picture, sound) = CLIPS[member % CLIPS.len()];
        let clip = Self {
            picture: ivf(picture)?,
            sound: packets(sound)?,
        };
        ensure!(
            !clip.picture.is_empty() && !clip.sound.is_empty(),
            "an empty clip"
        );
        Ok(clip)
    }
}

/// The frames of an IVF file.
fn ivf(file: &'static [u8]) -> Result<Vec<&'static [u8]>> {
    let (header, mut rest) = file.split_at_checked(IVF_HEADER_BYTES).context("no header")?;
    ensure!(header.starts_with(b"DKIF"), "no IVF file");
    let mut frames = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        // After the length stands the time, eight bytes that a constant frame rate makes needless.
        let length = u32::from_le_bytes(*length) as usize;
        let Some((frame, after)) = after.get(8..).and_then(|after| after.split_at_checked(length)) else {
            bail!("a frame is cut short");
        };
        frames.push(frame);
        rest = after;
    }
    Ok(frames)
}

/// Packets of Opus, each after its length.
fn packets(file: &'static [u8]) -> Result<Vec<&'static [u8]>> {
    let mut rest = file;
    let mut packets = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (packet, after) = after.split_at_checked(length).context("a packet is cut short")?;
        packets.push(packet);
        rest = after;
    }
    Ok(packets)
}

macro_rules! clip {
    ($name:literal) => {
        (
            include_bytes!(concat!("../media/", $name, ".ivf")),
            include_bytes!(concat!("../media/", $name, ".opus")),
        )
    };
}

/// Picture and sound of each.
const CLIPS: [(&[u8], &[u8]); 6] = [
    clip!("0"),
    clip!("1"),
    clip!("2"),
    clip!("3"),
    clip!("4"),
    clip!("5"),
];

const IVF_HEADER_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clip_has_one_key_frame_and_a_tone_of_its_own() {
        let mut tones = std::collections::BTreeSet::new();
        for member in 0..CLIPS.len() {
            let clip = Clip::of(member).unwrap();
            assert_eq!((clip.picture.len(), clip.sound.len()), (30, 50));
            let is_key = |frame: &&[u8]| frame[0] & 1 == 0;
            let keys: Vec<bool> = clip.picture.iter().map(is_key).collect();
            assert!(keys[0] && !keys[1..].contains(&true), "{keys:?}");
            // RFC 6716 §3.1: CELT, fullband, 20 ms, mono, one frame.
            assert!(clip.sound.iter().all(|packet| packet[0] == 0xf8));
            assert!(tones.insert(clip.sound[0]), "the tone of another");
        }
    }
}
