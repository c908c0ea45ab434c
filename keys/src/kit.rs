//! The recovery kit of a clinic: its root's seed in words that can be printed (SK-1.md, section 4).
//!
//! Owns: both directions. Never does: print, or keep.

use crate::primitives::{Secret, hash};
use crate::words::{bytes, elevens, word_list};

/// A kit.
#[derive(Debug)]
pub struct Kit;

/// Why words are no kit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KitError {
    /// There are too few or too many.
    #[error("a recovery kit has 25 words; these are {0}")]
    Count(usize),
    /// One is not in the list.
    #[error("word {position}, \"{word}\", is none of a recovery kit")]
    Unknown {
        /// From 1.
        position: usize,
        /// As it was typed.
        word: String,
    },
    /// Each is a word, and one is another one than was printed.
    #[error("these words do not belong together: one of them was read or typed as another")]
    Check,
}

impl Kit {
    /// How many words there are: 256 bits of the seed, and 19 to check.
    pub const LENGTH: usize = 25;

    /// The words of a seed.
    pub fn words(seed: &Secret) -> Vec<&'static str> {
        let list = word_list();
        groups(seed).into_iter().map(|number| list[number]).collect()
    }

    /// The seed of words as somebody types them: four letters of a word do, upper case and blanks do not matter.
    pub fn seed(typed: &str) -> Result<Secret, KitError> {
        let lower = typed.to_lowercase();
        let letters = |character: char| !character.is_ascii_lowercase();
        let words: Vec<&str> = lower.split(letters).filter(|word| !word.is_empty()).collect();
        if words.len() != Self::LENGTH {
            return Err(KitError::Count(words.len()));
        }
        let list = word_list();
        let numbers = words.iter().zip(1..).map(|(word, position)| {
            let found = list.iter().position(|known| is_meant(word, known));
            found.ok_or_else(|| KitError::Unknown {
                position,
                word: (*word).to_owned(),
            })
        });
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let whole = bytes(&numbers);
        let seed = Secret(std::array::from_fn(|at| whole[at]));
        if groups(&seed) == numbers {
            Ok(seed)
        } else {
            Err(KitError::Check)
        }
    }
}

fn groups(seed: &Secret) -> Vec<usize> {
    let check = hash("kit", &[&seed.0]);
    elevens(&[&seed.0[..], &check[..3]].concat(), Kit::LENGTH)
}

/// The words of the list differ in their first four letters, and the shorter ones are whole.
fn is_meant(typed: &str, known: &str) -> bool {
    typed == known || (typed.len() >= 4 && known.starts_with(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_gives_its_seed_back_however_it_is_typed() {
        let seed = Secret(std::array::from_fn(|at| (at * 7) as u8));
        let words = Kit::words(&seed);
        assert_eq!(words.len(), 25);
        assert_eq!(Kit::seed(&words.join(" ")), Ok(seed.clone()));
        let short: Vec<_> = words
            .iter()
            .map(|word| word[..word.len().min(4)].to_uppercase())
            .collect();
        assert_eq!(Kit::seed(&format!("  {}\n", short.join(" \n "))), Ok(seed));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut words = Kit::words(&Secret([0; 32]));
        assert_eq!(Kit::seed(&words[1..].join(" ")), Err(KitError::Count(24)));
        words[2] = "zoo";
        assert_eq!(Kit::seed(&words.join(" ")), Err(KitError::Check));
        words[2] = "zzzz";
        let unknown = Kit::seed(&words.join(" "));
        assert_eq!(
            unknown,
            Err(KitError::Unknown {
                position: 3,
                word: "zzzz".to_owned()
            })
        );
    }
}
