//! Where an AV1 key frame starts (AV1 RTP payload specification 1.0, §4.4).
//!
//! Owns: the aggregation header and the type of the first OBU. Never does: reassemble OBUs; layers are told
//! by the dependency descriptor.

/// Does a coded video sequence start in this packet?
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    let Some((&header, rest)) = payload.split_first() else {
        return false;
    };
    // §4.4: Z is set when the first element continues an OBU of the packet before.
    if header & CONTINUES_BIT != 0 {
        return false;
    }
    // §4.4: N "MUST be set to 1 if the packet is the first packet of a coded video sequence". Senders that
    // leave it out still begin with the sequence header.
    header & NEW_SEQUENCE_BIT != 0 || first_obu_type(header, rest) == Some(SEQUENCE_HEADER)
}

fn first_obu_type(header: u8, rest: &[u8]) -> Option<u8> {
    // §4.4: W counts the elements, and the last of them has no length; 0 means that each has one.
    let obu = match header >> 4 & 0x03 {
        1 => rest,
        _ => after_leb128(rest)?,
    };
    // AV1 §5.3.2: forbidden bit, then four bits of type.
    obu.first().map(|byte| byte >> 3 & 0x0f)
}

/// AV1 §4.10.5: seven bits a byte, at most eight bytes, the upper bit set on all but the last.
fn after_leb128(bytes: &[u8]) -> Option<&[u8]> {
    let last = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    bytes.get(last + 1..)
}

const CONTINUES_BIT: u8 = 0x80;
const NEW_SEQUENCE_BIT: u8 = 0x08;
/// AV1 §6.2.2: OBU_SEQUENCE_HEADER.
const SEQUENCE_HEADER: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_n_bit_tells() {
        assert!(is_keyframe(&[0b0001_1000, 0x0a]));
        assert!(
            !is_keyframe(&[0b1001_1000, 0x0a]),
            "the rest of an OBU of the packet before"
        );
    }

    #[test]
    fn a_leading_sequence_header_tells_too() {
        assert!(is_keyframe(&[0b0001_0000, 0x08]), "one element without a length");
        assert!(
            is_keyframe(&[0b0010_0000, 11, 0x08]),
            "two elements, the first with a length"
        );
        assert!(
            is_keyframe(&[0b0000_0000, 0x8b, 0x01, 0x08]),
            "a length of two bytes"
        );
        assert!(!is_keyframe(&[0b0001_0000, 0x30]), "a frame");
        assert!(!is_keyframe(&[0b0010_0000, 0x80]), "a length cut short");
        assert!(!is_keyframe(&[
            0b0010_0000,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            0,
            0x08
        ]));
    }
}
