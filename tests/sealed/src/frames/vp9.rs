//! How long a VP9 payload descriptor is (RFC 9628 §4.2).

/// Whether a frame starts and ends with this packet, and where its bytes begin.
pub(super) type Descriptor = (bool, bool, usize);

/// Reads the descriptor at the start of a payload.
pub(super) fn descriptor(payload: &[u8]) -> Option<Descriptor> {
    let (&flags, mut rest) = payload.split_first()?;
    let has = |bit: u8| flags & bit != 0;
    if has(PICTURE_ID) {
        rest = match take(&mut rest)? {
            0x80.. => rest.get(1..)?,
            _ => rest,
        };
    }
    if has(LAYER) {
        rest = rest.get(if has(FLEXIBLE) { 1 } else { 2 }..)?;
    }
    if has(FLEXIBLE) && has(INTER) {
        // Up to three differences of picture ids, each with a bit that says that another follows.
        while take(&mut rest)? & 1 != 0 {}
    }
    if has(STRUCTURE) {
        structure(&mut rest)?;
    }
    Some((has(START), has(END), payload.len() - rest.len()))
}

/// The scalability structure: sizes of layers, then the pictures of a group with their references.
fn structure(rest: &mut &[u8]) -> Option<()> {
    let head = take(rest)?;
    if head & 0x10 != 0 {
        let layers = usize::from(head >> 5) + 1;
        *rest = rest.get(layers * 4..)?;
    }
    if head & 0x08 != 0 {
        for _ in 0..take(rest)? {
            let references = take(rest)? >> 2 & 3;
            *rest = rest.get(usize::from(references)..)?;
        }
    }
    Some(())
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    Some(byte)
}

const PICTURE_ID: u8 = 0x80;
const INTER: u8 = 0x40;
const LAYER: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const START: u8 = 0x08;
const END: u8 = 0x04;
const STRUCTURE: u8 = 0x02;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_end_where_the_standard_says() {
        let cases: [(&[u8], Descriptor); 6] = [
            (&[0x0c], (true, true, 1)),
            (&[0x88, 0x11], (true, false, 2)),
            (&[0xe4, 0x91, 0x22, 0x30, 0x07], (false, true, 5)),
            // Flexible mode: no picture index, two differences.
            (&[0xf0, 0x11, 0x30, 0x03, 0x04], (false, false, 5)),
            // Two layers with sizes.
            (&[0x0a, 0x30, 1, 2, 3, 4, 5, 6, 7, 8], (true, false, 10)),
            // A group of two pictures, of which the second has two references.
            (&[0x0a, 0x08, 2, 0x00, 0x08, 1, 2], (true, false, 7)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(descriptor(bytes), Some(expected), "{bytes:x?}");
            let longer = [bytes, &[0xff; 9]].concat();
            assert_eq!(descriptor(&longer), Some(expected), "{bytes:x?} and a frame");
            for len in 0..bytes.len() {
                assert_eq!(descriptor(&bytes[..len]), None, "{bytes:x?} cut to {len}");
            }
        }
    }
}
