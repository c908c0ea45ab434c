//! Words of eleven bits (SK-1.md, sections 4 and 7).
//!
//! Owns: the list and the grouping. Never does: know what the bits are.

/// The English list of BIP-39: 2048 words, all different in their first four letters.
pub fn word_list() -> Vec<&'static str> {
    include_str!("words/english.txt").lines().collect()
}

/// So many groups of eleven bits, most significant first.
pub(crate) fn elevens(bytes: &[u8], count: usize) -> Vec<usize> {
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let group = |group: usize| (0..GROUP).fold(0, |value, at| value << 1 | bit(group * GROUP + at));
    (0..count).map(group).collect()
}

/// The whole bytes of groups; bits beyond are dropped.
pub(crate) fn bytes(elevens: &[usize]) -> Vec<u8> {
    let bits: Vec<u8> = elevens
        .iter()
        .flat_map(|value| (0..GROUP).rev().map(move |at| (value >> at & 1) as u8))
        .collect();
    let whole = bits.chunks_exact(8);
    whole
        .map(|eight| eight.iter().fold(0, |byte, bit| byte << 1 | bit))
        .collect()
}

const GROUP: usize = 11;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn four_letters_tell_the_words_apart() {
        let words = word_list();
        let starts: HashSet<&str> = words.iter().map(|word| &word[..word.len().min(4)]).collect();
        assert_eq!((words.len(), starts.len()), (2048, 2048));
    }

    #[test]
    fn groups_are_of_the_bits_in_order() {
        assert_eq!(elevens(&[0b0000_0000, 0b0010_0000, 0b0000_0100], 2), [1, 1]);
        assert_eq!(bytes(&[1, 1]), [0b0000_0000, 0b0010_0000]);
    }
}
