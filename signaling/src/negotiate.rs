//! Offer in, answer out, with the values that a worker needs in between.
//!
//! Owns: what is accepted of an offer, and by which rules. Never does: draw random numbers, know rooms or
//! tokens, or send anything: it is a function of its arguments.
//!
//! The server always answers and is always the passive, lite, bundled side: ICE-lite (RFC 8445 §2.5), DTLS
//! server (`a=setup:passive`), RTP and RTCP and all sections on one port (RFC 9143, RFC 5761).

mod media;
mod transport;
mod trickle;

use std::net::SocketAddr;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::Ssrc;
use rapport_sfu::parameters::{
    DataChannelParameters, Fingerprint, IceCredentials, PublicationParameters, SubscriptionParameters,
    TransportParameters,
};

use crate::sdp::{
    Answer, AnsweredDataChannel, AnsweredMedia, AnsweredSection, AnsweredSource, Direction, MSection, Medium,
    Offer, SCTP_PORT,
};
pub use crate::sdp::{Error as NegotiateError, Fault};
pub use trickle::{Restart, Trickle, trickle};

/// Our side of one transport.
#[derive(Clone, Copy, Debug)]
pub struct Ours<'a> {
    /// `<sess-id>` of the answer: random, below 2⁶³ (RFC 9429 §5.2.1), and of no other use.
    pub session: u64,
    /// Made for this transport: at least 24 and 128 random bits (RFC 8445 §5.3).
    pub ice: &'a IceCredentials,
    /// Of the worker's certificate.
    pub fingerprint: Fingerprint,
    /// Where the room's worker listens, the preferred first. IPv4 and IPv6 may be mixed.
    pub candidates: &'a [SocketAddr],
    /// What a publisher's video is asked not to exceed, in bit/s.
    pub video_bitrate: u64,
}

/// Which ways media may flow, as the client's grant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Sections in which the client sends are taken.
    pub publish: bool,
    /// Sections in which the client receives are taken.
    pub subscribe: bool,
}

/// What came of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The answer, as `application/sdp`.
    pub answer: String,
    /// For `Command::Join`.
    pub transport: TransportParameters,
    /// For one `Command::Publish` each, in the order of the offer.
    pub publications: Vec<PublicationParameters>,
    /// For one `Command::Subscribe` each, in the order of the offer.
    pub subscriptions: Vec<SubscriptionParameters>,
}

/// Answers a WHIP client (RFC 9725): each section in which it sends becomes a publication. Other sections are
/// refused singly (port 0).
pub fn publish(offer: &str, ours: &Ours<'_>) -> Result<Negotiated, NegotiateError> {
    let permit = Permit {
        publish: true,
        subscribe: false,
    };
    // Only what we send needs an SSRC of ours.
    negotiate(offer, ours, permit, &mut || 0)
}

/// Answers a WHEP client: each section in which it receives becomes a subscription, with an SSRC of ours. The
/// first sections of sound and of picture share a CNAME, so do the second ones, and so on: what one person
/// says and shows is put into a pair and played in sync.
///
/// `random` gives 32 random bits a call.
pub fn play(
    offer: &str,
    ours: &Ours<'_>,
    random: &mut dyn FnMut() -> u32,
) -> Result<Negotiated, NegotiateError> {
    let permit = Permit {
        publish: false,
        subscribe: true,
    };
    negotiate(offer, ours, permit, random)
}

/// Answers any client within its permit: a section in which it sends becomes a publication if it may publish,
/// else one in which it receives becomes a subscription if it may subscribe, else it is refused singly. An
/// offer of which nothing can be taken is an error.
pub fn negotiate(
    offer: &str,
    ours: &Ours<'_>,
    permit: Permit,
    random: &mut dyn FnMut() -> u32,
) -> Result<Negotiated, NegotiateError> {
    let offer = Offer::read(offer)?;
    let remote = transport::remote(&offer)?;
    let mut negotiation = Negotiation::new(&offer, permit, ours.video_bitrate, random);
    let sections = offer
        .sections
        .iter()
        .map(|section| negotiation.section(section))
        .collect::<Result<Vec<_>, _>>()?;
    if sections
        .iter()
        .all(|section| matches!(section, AnsweredSection::Rejected(_)))
    {
        return Err(NOTHING_ACCEPTED);
    }
    let answer = Answer {
        session: ours.session,
        ice: ours.ice,
        fingerprint: ours.fingerprint,
        candidates: ours.candidates,
        ice_options: remote.ice_options,
        bundle: offer.bundle.is_some(),
        sections,
    };
    Ok(Negotiated {
        answer: answer.to_string(),
        transport: TransportParameters {
            local: ours.ice.clone(),
            remote: remote.ice,
            fingerprint: remote.fingerprint,
            data_channel: negotiation.data_channel,
        },
        publications: negotiation.publications,
        subscriptions: negotiation.subscriptions,
    })
}

/// What grows while the sections of an offer are gone through.
struct Negotiation<'a> {
    offer: &'a Offer<'a>,
    permit: Permit,
    video_bitrate: u64,
    random: &'a mut dyn FnMut() -> u32,
    numbers: media::Numbers,
    data_channel: Option<DataChannelParameters>,
    publications: Vec<PublicationParameters>,
    subscriptions: Vec<SubscriptionParameters>,
    ssrcs: Vec<Ssrc>,
    cnames: Vec<String>,
}

impl<'a> Negotiation<'a> {
    fn new(
        offer: &'a Offer<'a>,
        permit: Permit,
        video_bitrate: u64,
        random: &'a mut dyn FnMut() -> u32,
    ) -> Self {
        let offered = offer.sections.iter().flat_map(|section| &section.sources.ssrcs);
        Self {
            offer,
            permit,
            video_bitrate,
            random,
            numbers: media::Numbers::default(),
            data_channel: None,
            publications: Vec::new(),
            subscriptions: Vec::new(),
            ssrcs: offered.map(|(ssrc, _)| *ssrc).collect(),
            cnames: Vec::new(),
        }
    }

    fn section(&mut self, section: &'a MSection<'a>) -> Result<AnsweredSection<'a>, NegotiateError> {
        let answered = match section.medium {
            _ if !transport::is_wanted(self.offer, section) => None,
            Medium::Media(_) => self.media(section)?.map(AnsweredSection::Media),
            Medium::Application => self.data_channel(section)?.map(AnsweredSection::DataChannel),
            Medium::Other => None,
        };
        Ok(answered.unwrap_or(AnsweredSection::Rejected(section)))
    }

    fn media(&mut self, section: &'a MSection<'a>) -> Result<Option<AnsweredMedia<'a>>, NegotiateError> {
        let offered = self.offer.direction_of(section);
        let direction = if self.permit.publish && offered.sends() {
            Direction::RecvOnly
        } else if self.permit.subscribe && offered.receives() {
            Direction::SendOnly
        } else {
            return Ok(None);
        };
        let Some(mut answered) = media::answer(self.offer, section, direction)? else {
            return Ok(None);
        };
        self.numbers.claim(section, &answered)?;
        if direction.sends() {
            self.subscribe(&mut answered);
        } else {
            answered.bandwidth = (answered.kind == MediaKind::Video).then_some(self.video_bitrate);
            self.publications.push(media::publication(section, &answered));
        }
        Ok(Some(answered))
    }

    fn subscribe(&mut self, answered: &mut AnsweredMedia<'a>) {
        let has_rtx = answered
            .payloads
            .iter()
            .any(|payload| payload.payload.rtx.is_some());
        let source = AnsweredSource {
            ssrc: self.ssrc(),
            rtx_ssrc: has_rtx.then(|| self.ssrc()),
            cname: self.cname(answered),
        };
        self.subscriptions.push(SubscriptionParameters {
            media: media::parameters(answered),
            ssrc: source.ssrc,
            rtx_ssrc: source.rtx_ssrc,
            cname: source.cname.clone(),
        });
        answered.source = Some(source);
    }

    /// One that nobody on this transport has. A generator that repeats itself is counted on from.
    fn ssrc(&mut self) -> Ssrc {
        let mut ssrc = Ssrc((self.random)());
        while ssrc.0 == 0 || self.ssrcs.contains(&ssrc) {
            ssrc = Ssrc(ssrc.0.wrapping_add(1));
        }
        self.ssrcs.push(ssrc);
        ssrc
    }

    /// RFC 7022 §4.2: 96 random bits. One for each pair of a sound and a picture section.
    fn cname(&mut self, answered: &AnsweredMedia<'_>) -> String {
        let of_kind = |subscription: &&SubscriptionParameters| subscription.media.kind == answered.kind;
        let pair = self.subscriptions.iter().filter(of_kind).count();
        if let Some(cname) = self.cnames.get(pair) {
            return cname.clone();
        }
        let cname: String = (0..3).map(|_| format!("{:08x}", (self.random)())).collect();
        self.cnames.push(cname.clone());
        cname
    }

    fn data_channel(
        &mut self,
        section: &'a MSection<'a>,
    ) -> Result<Option<AnsweredDataChannel<'a>>, NegotiateError> {
        let is_channel = matches!(section.protocol, "UDP/DTLS/SCTP" | "TCP/DTLS/SCTP")
            && section.formats == ["webrtc-datachannel"]
            && section.sctp_port.unwrap_or(SCTP_PORT) == SCTP_PORT;
        if !is_channel || self.data_channel.is_some() {
            return Ok(None);
        }
        let mid = transport::mid(section)?;
        self.data_channel = Some(DataChannelParameters {
            max_message_bytes: their_max_message(section.max_message_size),
        });
        Ok(Some(AnsweredDataChannel {
            mid,
            protocol: section.protocol,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }))
    }
}

/// RFC 8841 §6.1: 64K when absent, and zero stands for messages of any size.
fn their_max_message(said: Option<u64>) -> u32 {
    match said {
        None => MAX_MESSAGE_BYTES,
        Some(0) => u32::MAX,
        Some(bytes) => u32::try_from(bytes).unwrap_or(u32::MAX),
    }
}

/// Longest data channel message that we take: what RFC 8841 §6.1 lets a peer send that was told nothing.
pub const MAX_MESSAGE_BYTES: u32 = 64 * 1024;

const NOTHING_ACCEPTED: NegotiateError = NegotiateError::unsupported(
    "m=",
    "no m-section has a direction, a protocol and a codec that can be served here",
);

#[cfg(test)]
mod tests;
