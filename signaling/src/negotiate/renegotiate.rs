//! A further offer of a client that is here already.
//!
//! Owns: what of it has to be as it was, and what may be new. Never does: change what was agreed on.
//!
//! RFC 3264 §8 lets an offer change nearly everything. Ours may only grow, fall silent and begin ICE anew: the
//! keys of the transport hang on the certificate, and what is forwarded to others on payload types, header
//! extension ids and SSRCs.

use rapport_sfu::parameters::{IceCredentials, PublicationParameters, SubscriptionParameters};

use super::established::{Established, Place};
use super::sections::{Sections, channel_protocol};
use super::{NegotiateError, Ours, Terms, media, transport};
use crate::sdp::{
    AnsweredDataChannel, AnsweredExtension, AnsweredMedia, AnsweredPayload, Direction, MSection, Medium,
    Offer,
};

/// What came of a further offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renegotiated {
    /// The answer, as `application/sdp`.
    pub answer: String,
    /// In place of what was established before.
    pub established: Established,
    /// For one `Command::Publish` each: what is new, in the order of the offer.
    pub publications: Vec<PublicationParameters>,
    /// For one `Command::Subscribe` each: what is new, in the order of the offer.
    pub subscriptions: Vec<SubscriptionParameters>,
    /// For `Command::RestartIce`: our new credentials and the client's.
    pub restart: Option<(IceCredentials, IceCredentials)>,
}

/// Answers a further offer: the m-sections that were there, in their order and as they were, then new ones by
/// the terms of the first offer. Other ICE credentials than before begin ICE anew, with `ours.ice`, which are
/// not looked at otherwise, as `ours.session` is not.
///
/// A section may fall silent (`inactive`, or port 0) and come back: its publication or subscription stays.
/// Whatever else differs from what was accepted is an error that names the section and the field. A section
/// that was refused holds nothing, so its place may be offered anew. There is no new data channel: the
/// transport has one from the beginning or none.
pub fn renegotiate(
    offer: &str,
    established: &Established,
    ours: &Ours<'_>,
    random: &mut dyn FnMut() -> u32,
) -> Result<Renegotiated, NegotiateError> {
    let offer = Offer::read(offer)?;
    let remote = transport::remote(&offer)?;
    if remote.fingerprint != established.fingerprint {
        return Err(OTHER_FINGERPRINT);
    }
    let restarts = transport::restarts(&remote.ice, &established.remote)?;
    check_places(&offer, &established.places)?;
    let mut sections = Sections::new(&offer, established.terms, ours.video_bitrate, random);
    let answered = sections.answer(&established.places)?;
    let mut grown = established.grown(&answered);
    if restarts {
        (grown.local, grown.remote) = (ours.ice.clone(), remote.ice);
    }
    Ok(Renegotiated {
        answer: grown.write(ours, &offer, remote.ice_options, answered),
        publications: sections.publications,
        subscriptions: sections.subscriptions,
        restart: restarts.then(|| (grown.local.clone(), grown.remote.clone())),
        established: grown,
    })
}

/// What was accepted of a section, told again; an error when the offer is not of that any more.
pub(super) fn reaffirm(
    offer: &Offer<'_>,
    section: &MSection<'_>,
    kept: &AnsweredMedia,
    terms: Terms,
) -> Result<AnsweredMedia, NegotiateError> {
    let within = |error: NegotiateError| error.within(section.name());
    let offered = offer.direction_of(section);
    media::check_one_way(section, offered, terms)?;
    let direction = direction(kept.direction, offered).map_err(within)?;
    let again =
        media::answer(offer, section, kept.direction, terms)?.ok_or_else(|| within(OTHER_PAYLOADS))?;
    let is_silent = direction == Direction::Inactive;
    if !is_silent && again.rids != kept.rids {
        return Err(within(OTHER_RIDS));
    }
    Ok(AnsweredMedia {
        direction,
        rtcp_rsize: again.rtcp_rsize,
        extmap_allow_mixed: again.extmap_allow_mixed,
        payloads: payloads(kept, &again, is_silent).map_err(within)?,
        extensions: extensions(kept, &again, is_silent).map_err(within)?,
        source: kept.source.clone().filter(|_| direction.sends()),
        ..kept.clone()
    })
}

/// The data channel stays what it is.
pub(super) fn check_channel(
    section: &MSection<'_>,
    channel: &AnsweredDataChannel,
) -> Result<(), NegotiateError> {
    (channel_protocol(section) == Some(channel.protocol))
        .then_some(())
        .ok_or_else(|| OTHER_CHANNEL.within(section.name()))
}

/// RFC 3264 §8: "the numbers of \"m=\" lines in the new SDP MUST be greater than or equal to those in the
/// previous SDP", and each stays where it was.
fn check_places(offer: &Offer<'_>, places: &[Option<Place>]) -> Result<(), NegotiateError> {
    if offer.sections.len() < places.len() {
        return Err(FEWER);
    }
    for (section, place) in offer.sections.iter().zip(places) {
        let Some(place) = place else { continue };
        check_place(offer, section, place).map_err(|error| error.within(section.name()))?;
    }
    Ok(())
}

fn check_place(offer: &Offer<'_>, section: &MSection<'_>, place: &Place) -> Result<(), NegotiateError> {
    let (mid, medium) = match place {
        Place::Media(media) => (media.mid, Medium::Media(media.kind)),
        Place::DataChannel(channel) => (channel.mid, Medium::Application),
    };
    if section.mid != Some(mid) {
        let is_elsewhere = offer.sections.iter().any(|other| other.mid == Some(mid));
        return Err(if is_elsewhere { MOVED } else { REPLACED });
    }
    (section.medium == medium).then_some(()).ok_or(OTHER_MEDIUM)
}

/// Which way a section goes now, ours, that went `kept` at first.
const fn direction(kept: Direction, offered: Direction) -> Result<Direction, NegotiateError> {
    match offered {
        Direction::Inactive => Ok(Direction::Inactive),
        _ if kept.receives() && offered.sends() => Ok(kept),
        _ if kept.sends() && offered.receives() => Ok(kept),
        Direction::RecvOnly => Err(TURNED_TO_RECEIVE),
        _ => Err(TURNED_TO_SEND),
    }
}

/// The payload types that were accepted, each of which has to be offered again. What an offer has beyond them
/// is passed over: browsers offer all that they know each time. While a section is silent some may be missing:
/// Chromium then offers only what it could both send and receive.
fn payloads(
    kept: &AnsweredMedia,
    again: &AnsweredMedia,
    is_silent: bool,
) -> Result<Vec<AnsweredPayload>, NegotiateError> {
    let mut payloads = Vec::with_capacity(kept.payloads.len());
    for known in &kept.payloads {
        let mut offered = again.payloads.iter().map(|other| other.payload);
        match offered.find(|other| other.pt == known.payload.pt) {
            Some(other) if other == known.payload => payloads.push(known.clone()),
            Some(other) if (other.codec, other.rtx) == (known.payload.codec, known.payload.rtx) => {
                return Err(OTHER_FEEDBACK);
            }
            None if is_silent => {}
            _ => return Err(OTHER_PAYLOADS),
        }
    }
    (!payloads.is_empty()).then_some(payloads).ok_or(OTHER_PAYLOADS)
}

/// The header extensions that were accepted, by the same rule.
fn extensions(
    kept: &AnsweredMedia,
    again: &AnsweredMedia,
    is_silent: bool,
) -> Result<Vec<AnsweredExtension>, NegotiateError> {
    let mut extensions = Vec::with_capacity(kept.extensions.len());
    for known in &kept.extensions {
        let mut offered = again.extensions.iter().map(|other| other.extension);
        match offered.find(|other| other.kind == known.extension.kind) {
            Some(other) if other == known.extension => extensions.push(*known),
            None if is_silent => {}
            _ => return Err(OTHER_EXTENSIONS),
        }
    }
    Ok(extensions)
}

const OTHER_FINGERPRINT: NegotiateError = NegotiateError::unsupported(
    "a=fingerprint",
    "another certificate: it stays for as long as the transport",
);
const FEWER: NegotiateError =
    NegotiateError::malformed("m=", "fewer m-sections than in the offer before: they stay");
const MOVED: NegotiateError = NegotiateError::malformed(
    "a=mid",
    "an m-section of the offer before has another place: they stay",
);
const REPLACED: NegotiateError = NegotiateError::unsupported(
    "a=mid",
    "another one: an m-section that was accepted is not given to anything else",
);
const OTHER_MEDIUM: NegotiateError =
    NegotiateError::malformed("m=", "another medium than in the offer before");
const OTHER_CHANNEL: NegotiateError =
    NegotiateError::unsupported("m=", "the data channel is described in another way than before");
const TURNED_TO_SEND: NegotiateError =
    NegotiateError::unsupported("a=sendonly", "the client received in this m-section before");
const TURNED_TO_RECEIVE: NegotiateError =
    NegotiateError::unsupported("a=recvonly", "the client sent in this m-section before");
const OTHER_PAYLOADS: NegotiateError = NegotiateError::unsupported(
    "a=rtpmap",
    "a payload type that was accepted is gone or means something else",
);
const OTHER_FEEDBACK: NegotiateError =
    NegotiateError::unsupported("a=rtcp-fb", "other feedback than was accepted for a payload type");
const OTHER_EXTENSIONS: NegotiateError = NegotiateError::unsupported(
    "a=extmap",
    "a header extension that was accepted is gone or has another id",
);
const OTHER_RIDS: NegotiateError =
    NegotiateError::unsupported("a=simulcast", "other encodings than were accepted");
