//! What a payload type of an m-section means.
//!
//! Owns: `a=rtpmap`, `a=fmtp`, `a=rtcp-fb` of one payload type, and the codec that they amount to. Never does:
//! choose among codecs.

use rapport_sfu::codec::{Codec, H264Profile};
use rapport_sfu::id::Pt;

/// One payload type as described, whether we know its codec or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format<'a> {
    /// The number.
    pub pt: Pt,
    /// Encoding name of `a=rtpmap`; empty without one.
    pub name: &'a str,
    /// Ticks a second.
    pub clock_rate: u32,
    /// `encoding-params`: channels of sound, 1 when not said.
    pub channels: u8,
    /// `a=fmtp`, not split.
    pub parameters: &'a str,
    /// `a=rtcp-fb`.
    pub feedback: Feedback,
}

/// The feedback messages we know (RFC 4585, RFC 5104, transport-wide congestion control).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// `nack`.
    pub nack: bool,
    /// `nack pli`.
    pub pli: bool,
    /// `ccm fir`.
    pub fir: bool,
    /// `transport-cc`.
    pub transport_cc: bool,
}

impl<'a> Format<'a> {
    pub(super) const fn new(pt: Pt) -> Self {
        Self {
            pt,
            name: "",
            clock_rate: 0,
            channels: 1,
            parameters: "",
            feedback: Feedback {
                nack: false,
                pli: false,
                fir: false,
                transport_cc: false,
            },
        }
    }

    /// Takes `name/clock-rate[/channels]`; what doesn't parse leaves a payload type of no known codec.
    pub(super) fn read_map(&mut self, value: &'a str) {
        let mut parts = value.split('/');
        self.name = parts.next().unwrap_or_default();
        self.clock_rate = parts
            .next()
            .and_then(|rate| rate.parse().ok())
            .unwrap_or_default();
        self.channels = parts
            .next()
            .and_then(|channels| channels.parse().ok())
            .unwrap_or(1);
    }

    /// The codec, if it is one we forward.
    pub fn codec(&self) -> Option<Codec> {
        let codec = match self.name.to_ascii_lowercase().as_str() {
            // RFC 7587 §7: "the number of channels MUST be 2".
            "opus" if self.channels == 2 => Codec::Opus,
            "vp8" => Codec::Vp8,
            "vp9" => Codec::Vp9 {
                profile: self.small("profile-id", 3)?,
            },
            "h264" => self.h264()?,
            "av1" => Codec::Av1 {
                profile: self.small("profile", 2)?,
            },
            _ => return None,
        };
        (self.clock_rate == codec.clock_rate() && self.is_clear_of_rtcp()).then_some(codec)
    }

    /// The payload type whose packets this one retransmits (RFC 4588 §8.1).
    pub fn retransmits(&self) -> Option<Pt> {
        let is_rtx = self.name.eq_ignore_ascii_case("rtx") && self.is_clear_of_rtcp();
        is_rtx
            .then(|| self.parameter("apt")?.parse().ok().map(Pt))
            .flatten()
    }

    /// One parameter of `a=fmtp`.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// `a=fmtp` of an answer that takes this payload type as `codec`; empty when there is nothing to say.
    pub fn answer_parameters(&self, codec: Codec) -> String {
        match codec {
            // Mono, and forward error correction asked for: speech over lossy networks.
            Codec::Opus => "minptime=10;useinbandfec=1".to_owned(),
            Codec::Vp9 { profile } => format!("profile-id={profile}"),
            Codec::H264 {
                packetization_mode, ..
            } => format!(
                "level-asymmetry-allowed=1;packetization-mode={packetization_mode};profile-level-id={:06x}",
                self.profile_level().unwrap_or(BASELINE_1_0)
            ),
            Codec::Av1 { profile } => self.av1_answer(profile),
            // VP8, whose limits would be ours, and we decode nothing.
            _ => String::new(),
        }
    }

    /// RFC 5761 §4: payload types 64–95 would look like RTCP on a shared port.
    fn is_clear_of_rtcp(&self) -> bool {
        !(64..=95).contains(&self.pt.0)
    }

    fn small(&self, name: &str, most: u8) -> Option<u8> {
        let value = self.parameter(name).map_or(Some(0), |value| value.parse().ok())?;
        (value <= most).then_some(value)
    }

    fn h264(&self) -> Option<Codec> {
        Some(Codec::H264 {
            profile: h264_profile(self.profile_level()?)?,
            packetization_mode: self.small("packetization-mode", 1)?,
        })
    }

    fn profile_level(&self) -> Option<u32> {
        let Some(text) = self.parameter("profile-level-id") else {
            return Some(BASELINE_1_0);
        };
        let is_hex = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten()
    }

    fn av1_answer(&self, profile: u8) -> String {
        let said = |name| self.parameter(name)?.parse::<u8>().ok();
        let level = said("level-idx").map_or_else(String::new, |level| format!("level-idx={level};"));
        let tier = said("tier").map_or_else(String::new, |tier| format!(";tier={tier}"));
        format!("{level}profile={profile}{tier}")
    }
}

impl Feedback {
    /// Takes the value of `a=rtcp-fb` after the payload type.
    pub(super) fn read(&mut self, value: &str) {
        let mut words = value.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("nack"), None) => self.nack = true,
            (Some("nack"), Some("pli")) => self.pli = true,
            (Some("ccm"), Some("fir")) => self.fir = true,
            (Some("transport-cc"), None) => self.transport_cc = true,
            _ => {}
        }
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self {
            nack: self.nack || other.nack,
            pli: self.pli || other.pli,
            fir: self.fir || other.fir,
            transport_cc: self.transport_cc || other.transport_cc,
        }
    }
}

/// RFC 6184 §8.1: "If no profile-level-id is present, the Baseline profile, without additional constraints
/// at Level 1, MUST be inferred."
const BASELINE_1_0: u32 = 0x42_00_0a;

/// RFC 6184 §8.1, table 5: profile_idc and profile_iop, the latter with bits that don't matter.
fn h264_profile(profile_level: u32) -> Option<H264Profile> {
    let [_, idc, iop, _] = profile_level.to_be_bytes();
    match (idc, iop) {
        (0x42, iop) if iop & 0b0100_1111 == 0b0100_0000 => Some(H264Profile::ConstrainedBaseline),
        (0x4d, iop) if iop & 0b1000_1111 == 0b1000_0000 => Some(H264Profile::ConstrainedBaseline),
        (0x58, iop) if iop & 0b1100_1111 == 0b1100_0000 => Some(H264Profile::ConstrainedBaseline),
        (0x42, iop) if iop & 0b0100_1111 == 0 => Some(H264Profile::Baseline),
        (0x58, iop) if iop & 0b1100_1111 == 0b1000_0000 => Some(H264Profile::Baseline),
        (0x4d, iop) if iop & 0b1010_1111 == 0 => Some(H264Profile::Main),
        (0x64, 0x0c) => Some(H264Profile::ConstrainedHigh),
        (0x64, 0x00) => Some(H264Profile::High),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format<'a>(map: &'a str, parameters: &'a str) -> Format<'a> {
        let mut format = Format::new(Pt(96));
        format.read_map(map);
        format.parameters = parameters;
        format
    }

    fn codec(map: &str, parameters: &str) -> Option<Codec> {
        format(map, parameters).codec()
    }

    fn h264(profile: H264Profile, packetization_mode: u8) -> Option<Codec> {
        Some(Codec::H264 {
            profile,
            packetization_mode,
        })
    }

    #[test]
    fn the_codecs_we_forward_are_known_by_name_and_clock() {
        assert_eq!(codec("opus/48000/2", "minptime=10"), Some(Codec::Opus));
        assert_eq!(codec("VP8/90000", ""), Some(Codec::Vp8));
        assert_eq!(
            codec("VP9/90000", "profile-id=2"),
            Some(Codec::Vp9 { profile: 2 })
        );
        assert_eq!(codec("VP9/90000", ""), Some(Codec::Vp9 { profile: 0 }));
        assert_eq!(
            codec("AV1/90000", "level-idx=5;profile=1;tier=0"),
            Some(Codec::Av1 { profile: 1 })
        );
    }

    #[test]
    fn what_we_do_not_forward_has_no_codec() {
        for map in [
            "red/48000/2",
            "ulpfec/90000",
            "flexfec-03/90000",
            "CN/8000",
            "telephone-event/8000",
            "PCMU/8000",
        ] {
            assert_eq!(codec(map, ""), None, "{map}");
        }
        for map in [
            "opus/48000",
            "opus/16000/2",
            "VP8/48000",
            "VP8",
            "VP8/x",
            "",
            "H265/90000",
        ] {
            assert_eq!(codec(map, ""), None, "{map}");
        }
        assert_eq!(codec("VP9/90000", "profile-id=4"), None);
        assert_eq!(codec("AV1/90000", "profile=x"), None);
    }

    #[test]
    fn a_payload_type_that_looks_like_rtcp_has_no_codec() {
        let mut format = format("VP8/90000", "");
        format.pt = Pt(72);
        assert_eq!(format.codec(), None);
    }

    #[test]
    fn h264_profiles_are_told_apart_by_table_5() {
        use H264Profile::*;
        for (level, profile) in [
            ("42e01f", ConstrainedBaseline),
            ("42C01F", ConstrainedBaseline),
            ("4d801f", ConstrainedBaseline),
            ("42001f", Baseline),
            ("4d001f", Main),
            ("640c1f", ConstrainedHigh),
            ("64001f", High),
        ] {
            let parameters = format!("packetization-mode=1;profile-level-id={level}");
            assert_eq!(codec("H264/90000", &parameters), h264(profile, 1), "{level}");
        }
        assert_eq!(codec("H264/90000", ""), h264(Baseline, 0));
    }

    #[test]
    fn h264_that_nobody_could_decode_has_no_codec() {
        for parameters in [
            "profile-level-id=f4001f",
            "profile-level-id=42e0",
            "profile-level-id=+2e01f",
            "packetization-mode=2",
        ] {
            assert_eq!(codec("H264/90000", parameters), None, "{parameters}");
        }
    }

    #[test]
    fn a_retransmission_names_what_it_retransmits() {
        assert_eq!(format("rtx/90000", "apt=96").retransmits(), Some(Pt(96)));
        assert_eq!(
            format("rtx/90000", "rtx-time=3000; apt=97").retransmits(),
            Some(Pt(97))
        );
        assert_eq!(format("rtx/90000", "apt=x").retransmits(), None);
        assert_eq!(format("VP8/90000", "apt=96").retransmits(), None);
    }

    #[test]
    fn an_answer_names_the_same_codec() {
        for (map, parameters) in [
            ("opus/48000/2", "stereo=1;sprop-stereo=1"),
            ("VP8/90000", "max-fs=12288;max-fr=60"),
            ("VP9/90000", "profile-id=2"),
            ("H264/90000", "profile-level-id=640C1F;packetization-mode=1"),
            ("AV1/90000", "level-idx=5;profile=0;tier=0"),
            ("AV1/90000", ""),
        ] {
            let offered = format(map, parameters);
            let codec = offered.codec().unwrap();
            let answer = offered.answer_parameters(codec);
            assert_eq!(format(map, &answer).codec(), Some(codec), "{answer}");
        }
    }
}
