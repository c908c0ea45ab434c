//! What a packetiser of H.264 must still be able to read, and what it must not find.
//!
//! Owns: the first slice of a frame and emulation prevention (ITU-T H.264 §7.4.1.1, Annex B). Never does: decode.

/// Where the bytes to seal begin: behind the header and one byte of the first slice. None if there is no slice.
pub(crate) fn slice_offset(frame: &[u8]) -> Option<usize> {
    let starts = frame.windows(4).enumerate();
    let (at, _) = starts
        .filter(|(_, window)| window[..3] == [0, 0, 1])
        .find(|(_, window)| is_slice(window[3]))?;
    (at + 4 < frame.len()).then_some(at + 5)
}

/// Bytes in which no start code can be found: a 3 behind any two zeros that a byte of 3 or less, or the end, follows.
pub(crate) fn escape(data: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(data.len() + data.len() / 64 + 1);
    let mut zeros = 0;
    for &byte in data {
        if zeros == 2 && byte <= EMULATION_PREVENTION {
            escaped.push(EMULATION_PREVENTION);
            zeros = 0;
        }
        escaped.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
    if zeros == 2 {
        escaped.push(EMULATION_PREVENTION);
    }
    escaped
}

/// The bytes before [`escape`].
pub(crate) fn unescape(data: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let is_data = |byte: &u8| {
        let is_data = zeros < 2 || *byte != EMULATION_PREVENTION;
        zeros = if is_data && *byte == 0 {
            (zeros + 1).min(2)
        } else {
            0
        };
        is_data
    };
    data.iter().copied().filter(is_data).collect()
}

/// ITU-T H.264 table 7-1: 1 is a slice of another picture, 5 of an IDR picture.
const fn is_slice(header: u8) -> bool {
    matches!(header & 0x1f, 1 | 5)
}

const EMULATION_PREVENTION: u8 = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_slice_is_found_behind_parameter_sets() {
        let sets = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4];
        let slice = [0, 0, 0, 1, 0x65, 0x88, 9, 9];
        assert_eq!(slice_offset(&[&sets[..], &slice].concat()), Some(sets.len() + 6));
        assert_eq!(slice_offset(&[0, 0, 1, 0x41, 0x9a, 7]), Some(5));
        assert_eq!(slice_offset(&sets), None);
        assert_eq!(slice_offset(&[0, 0, 1, 0x41]), None);
        assert_eq!(slice_offset(&[]), None);
    }

    proptest! {
        #[test]
        fn what_is_escaped_holds_no_start_code_and_comes_back(data in proptest::collection::vec(0..5u8, 0..60)) {
            let escaped = escape(&data);
            let has_start = escaped.windows(3).any(|window| window[..2] == [0, 0] && window[2] < 3);
            prop_assert!(!has_start && !escaped.ends_with(&[0, 0]), "{:?}", escaped);
            prop_assert_eq!(unescape(&escaped), data);
        }
    }
}
