//! Quantities as an operator writes them: `"2.5Mbps"`, `"64KiB"`, `"500ms"`.
//!
//! Owns: the three unit types, their spelling in both directions. Never does: know what a sensible
//! amount is; ranges belong to the key that uses the unit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A text that is no quantity of the wanted kind; says what would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAQuantity(&'static str);

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $units:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// What a reader should have written, for error messages.
            pub const EXPECTED: &'static str = $expected;

            /// Suffix and size in base units, largest first; the last one is the base unit.
            const UNITS: &'static [(&'static str, u64)] = &$units;
        }

        impl FromStr for $name {
            type Err = NotAQuantity;

            fn from_str(text: &str) -> Result<Self, NotAQuantity> {
                parse(text, Self::UNITS).map(Self).ok_or(NotAQuantity(Self::EXPECTED))
            }
        }

        impl fmt::Display for $name {
            /// In the largest unit that needs no fraction, so that reading it back gives the same value.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                display(self.0, Self::UNITS, f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($name::EXPECTED)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse()
                            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

quantity! {
    /// Bits a second.
    Bitrate, "a bit rate such as \"64kbps\" or \"2.5Mbps\"",
    [("Gbps", 1_000_000_000), ("Mbps", 1_000_000), ("kbps", 1_000), ("bps", 1)]
}

quantity! {
    /// A number of bytes.
    ByteSize, "a size such as \"64KiB\" or \"1.5MiB\"",
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]
}

quantity! {
    /// A span of time, in whole milliseconds.
    TimeSpan, "a time such as \"500ms\", \"30s\" or \"24h\"",
    [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)]
}

impl Bitrate {
    /// From bits a second.
    pub const fn from_bps(bps: u64) -> Self {
        Self(bps)
    }

    /// In bits a second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }
}

impl ByteSize {
    /// From a number of bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    /// In bytes, as lengths of buffers are counted; saturates where a pointer is shorter.
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TimeSpan {
    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// As the standard library counts it.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<TimeSpan> for Duration {
    fn from(span: TimeSpan) -> Self {
        span.as_duration()
    }
}

/// Digits, optionally a point and more digits, optionally one space, a unit. The amount must be a whole
/// number of base units: nothing is rounded behind the operator's back.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, suffix) = text.split_at(end);
    let suffix = suffix.strip_prefix(' ').unwrap_or(suffix);
    let (_, unit) = *units.iter().find(|(name, _)| *name == suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let amount = digits(whole)?.checked_mul(unit.into())?;
    amount.checked_add(fraction_of(fraction, unit)?)?.try_into().ok()
}

/// `fraction` are the digits behind the point; `None` unless they name a whole number of base units.
fn fraction_of(fraction: &str, unit: u64) -> Option<u128> {
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let product = digits(fraction)?.checked_mul(unit.into())?;
    (product % scale == 0).then(|| product / scale)
}

fn digits(text: &str) -> Option<u128> {
    // `u128::from_str` would also take a leading plus sign.
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn display(amount: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fits = |&&(_, unit): &&(&str, u64)| amount != 0 && amount.is_multiple_of(unit);
    let (name, unit) = units
        .iter()
        .find(fits)
        .or_else(|| units.last())
        .copied()
        .unwrap_or(("", 1));
    write!(f, "{}{name}", amount / unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_spellings_of_the_handbook_are_understood() {
        assert_eq!("2.5Mbps".parse(), Ok(Bitrate::from_bps(2_500_000)));
        assert_eq!("64kbps".parse(), Ok(Bitrate::from_bps(64_000)));
        assert_eq!("64KiB".parse(), Ok(ByteSize::from_bytes(65_536)));
        assert_eq!("1.5 MiB".parse(), Ok(ByteSize::from_bytes(1_572_864)));
        assert_eq!("500ms".parse(), Ok(TimeSpan::from_millis(500)));
        assert_eq!("0.25s".parse(), Ok(TimeSpan::from_millis(250)));
        assert_eq!("24h".parse(), Ok(TimeSpan::from_secs(86_400)));
    }

    #[test]
    fn what_is_ambiguous_or_would_be_rounded_is_refused() {
        for bad in [
            "", "5", "s", ".5s", "5.s", "1..5s", "1.5ms", "-1s", "+1s", "1e3s", "5  s", "5S", "5 s ", "٥s",
        ] {
            assert!(bad.parse::<TimeSpan>().is_err(), "{bad:?}");
        }
        for bad in [
            "64KB",
            "64k",
            "1.5B",
            "17179869184GiB",
            "0.0000000000000000000000000000000000000001GiB",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad:?}");
        }
        for bad in ["1mbps", "1Mb/s", "0.1bps"] {
            assert!(bad.parse::<Bitrate>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_refusal_shows_an_example() {
        let error = "soon".parse::<TimeSpan>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a time such as \"500ms\", \"30s\" or \"24h\""
        );
    }

    #[test]
    fn an_amount_is_shown_in_its_largest_whole_unit() {
        assert_eq!(Bitrate::from_bps(2_500_000).to_string(), "2500kbps");
        assert_eq!(ByteSize::from_bytes(1 << 20).to_string(), "1MiB");
        assert_eq!(TimeSpan::from_secs(90).to_string(), "90s");
        assert_eq!(TimeSpan::from_millis(0).to_string(), "0ms");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_itself(amount: u64, shift in 0_u32..60) {
            let amount = amount >> shift;
            prop_assert_eq!(Bitrate(amount).to_string().parse(), Ok(Bitrate(amount)));
            prop_assert_eq!(ByteSize(amount).to_string().parse(), Ok(ByteSize(amount)));
            prop_assert_eq!(TimeSpan(amount).to_string().parse(), Ok(TimeSpan(amount)));
        }

        #[test]
        fn a_fraction_is_exact(whole in 0_u64..1_000_000, thousandths in 0_u64..1_000) {
            let text = format!("{whole}.{thousandths:03}s");
            prop_assert_eq!(text.parse(), Ok(TimeSpan::from_millis(whole * 1_000 + thousandths)));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", number in "[0-9.]{0,60}(GiB|h|Gbps)") {
            for text in [text, number] {
                let _ = (text.parse::<Bitrate>(), text.parse::<ByteSize>(), text.parse::<TimeSpan>());
            }
        }
    }
}
