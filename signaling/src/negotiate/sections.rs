//! The m-sections of an offer, gone through one by one.
//!
//! Owns: what becomes of each, and the SSRCs and CNAMEs that ours get. Never does: look at ICE or DTLS beyond
//! whether a section shares the transport, or write an answer.

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::Ssrc;
use rapport_sfu::parameters::{DataChannelParameters, PublicationParameters, SubscriptionParameters};

use super::established::Place;
use super::{NegotiateError, Terms, media, renegotiate, transport};
use crate::sdp::{
    AnsweredDataChannel, AnsweredMedia, AnsweredSection, AnsweredSource, Direction, MSection, Medium, Offer,
    SCTP_PORT,
};

/// What grows while the sections of an offer are gone through.
pub(super) struct Sections<'a> {
    offer: &'a Offer<'a>,
    terms: Terms,
    video_bitrate: u64,
    random: &'a mut dyn FnMut() -> u32,
    numbers: media::Numbers,
    /// A new data channel may be opened.
    opens_channel: bool,
    pub(super) data_channel: Option<DataChannelParameters>,
    pub(super) publications: Vec<PublicationParameters>,
    pub(super) subscriptions: Vec<SubscriptionParameters>,
    /// Every SSRC that is taken on this transport, by whomever.
    ssrcs: Vec<Ssrc>,
    /// Of each section in which we send, in order.
    sources: Vec<(MediaKind, String)>,
}

impl<'a> Sections<'a> {
    pub(super) fn new(
        offer: &'a Offer<'a>,
        terms: Terms,
        video_bitrate: u64,
        random: &'a mut dyn FnMut() -> u32,
    ) -> Self {
        let offered = offer.sections.iter().flat_map(|section| &section.sources.ssrcs);
        Self {
            offer,
            terms,
            video_bitrate,
            random,
            numbers: media::Numbers::default(),
            opens_channel: true,
            data_channel: None,
            publications: Vec::new(),
            subscriptions: Vec::new(),
            ssrcs: offered.map(|(ssrc, _)| *ssrc).collect(),
            sources: Vec::new(),
        }
    }

    /// One answer for each section of the offer. `earlier` is what was accepted before, by the section's place.
    pub(super) fn answer(
        &mut self,
        earlier: &[Option<Place>],
    ) -> Result<Vec<AnsweredSection<'a>>, NegotiateError> {
        self.opens_channel = earlier.is_empty();
        self.remember(earlier)?;
        let known = earlier.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let answered = self.offer.sections.iter().zip(known);
        let answered = answered
            .map(|(section, place)| match place {
                Some(place) => self.again(section, place),
                None => self.section(section),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let is_refused = |section: &AnsweredSection<'_>| matches!(section, AnsweredSection::Rejected(_));
        if answered.iter().all(is_refused) {
            return Err(NOTHING_ACCEPTED);
        }
        Ok(answered)
    }

    /// What is taken: payload types, extension ids, SSRCs and CNAMEs of all that was accepted, also of what is
    /// silent now and may come back.
    fn remember(&mut self, earlier: &[Option<Place>]) -> Result<(), NegotiateError> {
        for (section, place) in self.offer.sections.iter().zip(earlier) {
            let Some(Place::Media(media)) = place else {
                continue;
            };
            self.numbers.claim(section, media)?;
            let Some(source) = &media.source else { continue };
            self.ssrcs.push(source.ssrc);
            self.ssrcs.extend(source.rtx_ssrc);
            self.sources.push((media.kind, source.cname.clone()));
        }
        Ok(())
    }

    fn again(&self, section: &'a MSection<'a>, place: &Place) -> Result<AnsweredSection<'a>, NegotiateError> {
        if !transport::is_wanted(self.offer, section) {
            return Ok(AnsweredSection::Rejected(section));
        }
        let kept = match place {
            Place::Media(kept) => kept,
            Place::DataChannel(channel) => {
                renegotiate::check_channel(section, channel)?;
                return Ok(AnsweredSection::DataChannel(*channel));
            }
        };
        renegotiate::reaffirm(self.offer, section, kept, self.terms).map(AnsweredSection::Media)
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

    fn media(&mut self, section: &'a MSection<'a>) -> Result<Option<AnsweredMedia>, NegotiateError> {
        let offered = self.offer.direction_of(section);
        media::check_one_way(section, offered, self.terms)?;
        let direction = if self.terms.permit.publish && offered.sends() {
            Direction::RecvOnly
        } else if self.terms.permit.subscribe && offered.receives() {
            Direction::SendOnly
        } else {
            return Ok(None);
        };
        let Some(mut answered) = media::answer(self.offer, section, direction, self.terms)? else {
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

    fn subscribe(&mut self, answered: &mut AnsweredMedia) {
        let has_rtx = answered
            .payloads
            .iter()
            .any(|payload| payload.payload.rtx.is_some());
        let source = AnsweredSource {
            ssrc: self.ssrc(),
            rtx_ssrc: has_rtx.then(|| self.ssrc()),
            cname: self.cname(answered.kind),
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

    /// RFC 7022 §4.2: 96 random bits. One for each pair of a sound and a picture section: the first section of
    /// a kind takes the first CNAME there is, the second the second, and one that comes too early makes it.
    fn cname(&mut self, kind: MediaKind) -> String {
        let pair = self.sources.iter().filter(|(known, _)| *known == kind).count();
        let of_other = |(known, cname): &(MediaKind, String)| (*known != kind).then(|| cname.clone());
        let partner = self.sources.iter().filter_map(of_other).nth(pair);
        let cname = partner.unwrap_or_else(|| (0..3).map(|_| format!("{:08x}", (self.random)())).collect());
        self.sources.push((kind, cname.clone()));
        cname
    }

    fn data_channel(
        &mut self,
        section: &'a MSection<'a>,
    ) -> Result<Option<AnsweredDataChannel>, NegotiateError> {
        // The server could read what goes through one: nothing between members of a sealed call does.
        if self.terms.sealed {
            return Ok(None);
        }
        let Some(protocol) = channel_protocol(section) else {
            return Ok(None);
        };
        if !self.opens_channel || self.data_channel.is_some() {
            return Ok(None);
        }
        let mid = transport::mid(section)?;
        self.data_channel = Some(DataChannelParameters {
            max_message_bytes: their_max_message(section.max_message_size),
        });
        Ok(Some(AnsweredDataChannel {
            mid,
            protocol,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }))
    }
}

/// The protocol of a section that is a data channel as we know it (RFC 8841 §4.4).
pub(super) fn channel_protocol(section: &MSection<'_>) -> Option<&'static str> {
    let is_channel =
        section.formats == ["webrtc-datachannel"] && section.sctp_port.unwrap_or(SCTP_PORT) == SCTP_PORT;
    let known = CHANNEL_PROTOCOLS
        .into_iter()
        .find(|protocol| *protocol == section.protocol);
    known.filter(|_| is_channel)
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

/// RFC 8841 §4.1.
const CHANNEL_PROTOCOLS: [&str; 2] = ["UDP/DTLS/SCTP", "TCP/DTLS/SCTP"];

pub(super) const NOTHING_ACCEPTED: NegotiateError = NegotiateError::unsupported(
    "m=",
    "no m-section has a direction, a protocol and a codec that can be served here",
);
