//! The one offer that a synthetic member makes, and what it reads of the answer.
//!
//! Owns: the sections' order and numbers. Never does: understand more of an answer than it needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use rapport_sfu::id::{Pt, Ssrc};
use rapport_sfu::parameters::{Fingerprint, IceCredentials};

use rapport_seal::Codec;

/// What is put into an offer.
pub(crate) struct Offer<'a> {
    pub(crate) ice: &'a IceCredentials,
    pub(crate) fingerprint: Fingerprint,
    /// Of the sound that is sent.
    pub(crate) sound: Ssrc,
    /// Of the picture that is sent, and of its repairs.
    pub(crate) picture: (Ssrc, Ssrc),
    /// Places to receive in, each one of sound and one of picture.
    pub(crate) pairs: usize,
}

impl Offer<'_> {
    /// As `application/sdp`.
    pub(crate) fn write(&self) -> String {
        let mids: Vec<String> = (0..2 + 2 * self.pairs).map(|mid| mid.to_string()).collect();
        let mut text = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n",
            mids.join(" ")
        );
        for (at, mid) in mids.iter().enumerate() {
            self.section(&mut text, at, mid);
        }
        text
    }

    fn section(&self, text: &mut String, at: usize, mid: &str) {
        let sends = at < 2;
        let (kind, formats) = match (at % 2, sends) {
            (0, _) => ("audio 9 UDP/TLS/RTP/SAVPF 111", vec![SOUND]),
            (_, true) => ("video 9 UDP/TLS/RTP/SAVPF 96 97", vec![VP8]),
            (_, false) => ("video 9 UDP/TLS/RTP/SAVPF 98 99 96 97", vec![VP9, VP8]),
        };
        let direction = if sends { "sendonly" } else { "recvonly" };
        let IceCredentials { ufrag, pwd } = self.ice;
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "m={kind}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
             a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=mid:{mid}\r\n\
             a=extmap:{MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid\r\na={direction}\r\na=rtcp-mux\r\n{}",
            self.fingerprint,
            formats.concat(),
        );
        match at {
            0 => self.source(text, self.sound),
            1 => {
                let (picture, repair) = self.picture;
                let _ = write!(text, "a=ssrc-group:FID {picture} {repair}\r\n");
                self.source(text, picture);
                self.source(text, repair);
            }
            _ => (),
        }
    }

    fn source(&self, text: &mut String, ssrc: Ssrc) {
        let _ = write!(text, "a=ssrc:{ssrc} cname:{}\r\n", self.ice.ufrag);
    }
}

/// What an answer tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The server's side of ICE.
    pub(crate) ice: IceCredentials,
    /// Where it listens, the preferred first.
    pub(crate) candidates: Vec<SocketAddr>,
    /// Which source each repair is of.
    pub(crate) repairs: BTreeMap<Ssrc, Ssrc>,
    /// Whether both sending sections are taken.
    pub(crate) sends: bool,
}

impl Answer {
    /// Reads the answer to [`Offer::write`].
    pub(crate) fn read(text: &str) -> Result<Self> {
        let value = |name: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
            values.next().with_context(|| format!("an answer without {name}"))
        };
        let ice = IceCredentials {
            ufrag: value("a=ice-ufrag:")?.to_owned(),
            pwd: value("a=ice-pwd:")?.to_owned(),
        };
        let candidates: Vec<_> = text.lines().filter_map(candidate).collect();
        ensure!(!candidates.is_empty(), "an answer without a candidate");
        let sections: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("m=")).collect();
        let taken = |section: &&str| section.split(' ').nth(1) != Some("0");
        Ok(Self {
            ice,
            candidates,
            repairs: text.lines().filter_map(repair).collect(),
            sends: sections.iter().take(2).filter(|section| taken(section)).count() == 2,
        })
    }
}

/// RFC 8839 §5.1: foundation, component, transport, priority, address and port.
fn candidate(line: &str) -> Option<SocketAddr> {
    let mut words = line.strip_prefix("a=candidate:")?.split(' ').skip(2);
    let is_udp = words.next()?.eq_ignore_ascii_case("udp");
    let (address, port) = (words.nth(1)?.parse().ok()?, words.next()?.parse().ok()?);
    is_udp.then(|| SocketAddr::new(address, port))
}

/// The repair's source, then the source that it repairs.
fn repair(line: &str) -> Option<(Ssrc, Ssrc)> {
    let (source, repair) = line.strip_prefix("a=ssrc-group:FID ")?.split_once(' ')?;
    Some((Ssrc(repair.trim().parse().ok()?), Ssrc(source.parse().ok()?)))
}

/// What a payload type of ours means.
pub(crate) enum Payload {
    /// A packet of media.
    Media(Codec),
    /// One that was lost before (RFC 4588).
    Repair(Codec),
}

impl Payload {
    pub(crate) const fn of(pt: Pt) -> Option<Self> {
        match pt {
            SOUND_PT => Some(Self::Media(Codec::Opus)),
            VP8_PT => Some(Self::Media(Codec::Vp8)),
            VP8_REPAIR_PT => Some(Self::Repair(Codec::Vp8)),
            Pt(98) => Some(Self::Media(Codec::Vp9)),
            Pt(99) => Some(Self::Repair(Codec::Vp9)),
            _ => None,
        }
    }
}

pub(crate) const SOUND_PT: Pt = Pt(111);
pub(crate) const VP8_PT: Pt = Pt(96);
pub(crate) const VP8_REPAIR_PT: Pt = Pt(97);

/// Id of the header extension that names the section.
pub(crate) const MID_EXTENSION: u8 = 4;

const SOUND: &str = "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n\
                     a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0;cbr=1;stereo=0\r\n";
const VP8: &str = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n\
                   a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
const VP9: &str = "a=rtpmap:98 VP9/90000\r\na=rtcp-fb:98 nack\r\na=rtcp-fb:98 nack pli\r\na=rtcp-fb:98 ccm fir\r\n\
                   a=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n";

#[cfg(test)]
mod tests {
    use rapport_signaling::negotiate::{Ours, Permit, Terms, negotiate};

    use super::*;

    #[test]
    fn the_server_takes_the_offer_and_its_answer_is_understood() {
        let (ours, theirs) = (
            IceCredentials {
                ufrag: "0123abcd".to_owned(),
                pwd: "0123456789abcdef01234567".to_owned(),
            },
            IceCredentials {
                ufrag: "serverUfrag".to_owned(),
                pwd: "serverPasswordOf24Chars/".to_owned(),
            },
        );
        let offer = Offer {
            ice: &ours,
            fingerprint: Fingerprint([7; 32]),
            sound: Ssrc(11),
            picture: (Ssrc(12), Ssrc(13)),
            pairs: 3,
        };
        let candidates = ["127.0.0.1:3478".parse().unwrap()];
        let server = Ours {
            session: 42,
            ice: &theirs,
            fingerprint: Fingerprint([9; 32]),
            candidates: &candidates,
            video_bitrate: 1_500_000,
        };
        let permit = Permit {
            publish: true,
            subscribe: true,
        };
        let terms = Terms { permit, sealed: true };
        let mut last = 1000;
        let negotiated = negotiate(&offer.write(), &server, terms, &mut || {
            last += 1;
            last
        })
        .unwrap();
        assert_eq!(negotiated.transport.remote, ours);
        let published: Vec<_> = negotiated
            .publications
            .iter()
            .map(|track| track.encodings[0].ssrc)
            .collect();
        assert_eq!(published, [Some(Ssrc(11)), Some(Ssrc(12))]);
        assert_eq!(negotiated.publications[1].encodings[0].rtx_ssrc, Some(Ssrc(13)));
        assert_eq!(negotiated.subscriptions.len(), 6);
        let repairs = negotiated
            .subscriptions
            .iter()
            .filter_map(|track| Some((track.rtx_ssrc?, track.ssrc)));
        let expected = Answer {
            ice: theirs.clone(),
            candidates: candidates.to_vec(),
            repairs: repairs.collect(),
            sends: true,
        };
        assert_eq!(expected.repairs.len(), 3);
        assert_eq!(Answer::read(&negotiated.answer).unwrap(), expected);
    }
}
