//! What one member has negotiated, and how it is extended.
//!
//! Owns: the agreement of offers with what clients say of them. Never does: read SDP
//! ([`crate::negotiate`] does).

use rapport_sfu::codec::MediaKind;
use rapport_sfu::id::{Mid, ParticipantId};
use rapport_sfu::parameters::PublicationParameters;

use crate::entry;
use crate::http::App;
use crate::negotiate::{self, Established, NegotiateError, Renegotiated};
use crate::protocol::{FailureCode, Slot, Source, SourceSection};
use crate::room::{Extension, Mailbox, Request, RoomError};
use crate::session;

/// See the module.
pub(crate) struct Media {
    established: Established,
    /// Every section in which the client sends.
    sections: Vec<(Mid, Source)>,
    /// How many sections it receives in.
    places: usize,
}

/// An offer that changed nothing.
pub(crate) struct Failure {
    pub(crate) code: FailureCode,
    pub(crate) detail: String,
}

impl Media {
    /// Of the first offer.
    pub(crate) fn new(established: Established, sections: Vec<(Mid, Source)>, places: usize) -> Self {
        Self {
            established,
            sections,
            places,
        }
    }

    /// Answers a further offer, if room and media plane can follow.
    pub(crate) async fn extend(
        &mut self,
        app: &App,
        room: &Mailbox,
        participant: ParticipantId,
        offer: &str,
        sources: &[SourceSection],
    ) -> Result<(String, Vec<Slot>), Failure> {
        let renegotiated = self.renegotiate(room, offer)?;
        let sections = assign(&self.sections, &renegotiated.publications, sources)?;
        let places = self.places + renegotiated.subscriptions.len();
        entry::check_limits(app.directory.limits(), sections.len(), places).map_err(Failure::limit)?;
        let Renegotiated {
            answer,
            established,
            publications,
            subscriptions,
            restart,
            ..
        } = renegotiated;
        let new = publications.into_iter().zip(&sections[self.sections.len()..]);
        let extension = Extension {
            publications: new
                .map(|(publication, (_, source))| (app.directory.track_id(), *source, publication))
                .collect(),
            subscriptions: entry::places(&app.directory, subscriptions),
            restart,
        };
        let extend = |reply| Request::Extend(participant, Box::new(extension), reply);
        let slots = room.ask(extend).await.unwrap_or(Err(RoomError::NoParticipant))?;
        *self = Self::new(established, sections, places);
        Ok((answer, slots))
    }

    fn renegotiate(&self, room: &Mailbox, offer: &str) -> Result<Renegotiated, NegotiateError> {
        let ice = session::ice_credentials();
        let ours = entry::ours(room.lane().endpoint(), &ice);
        negotiate::renegotiate(offer, &self.established, &ours, &mut session::random_u32)
    }
}

impl Failure {
    fn limit(error: NegotiateError) -> Self {
        Self {
            code: FailureCode::Limit,
            detail: error.to_string(),
        }
    }
}

impl From<NegotiateError> for Failure {
    fn from(error: NegotiateError) -> Self {
        Self {
            code: FailureCode::Offer,
            detail: error.to_string(),
        }
    }
}

impl From<RoomError> for Failure {
    fn from(error: RoomError) -> Self {
        let code = match error {
            RoomError::NoParticipant => FailureCode::NoParticipant,
            RoomError::Full => FailureCode::Limit,
            _ => FailureCode::Offer,
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

/// What each section is in which the client sends: those it had, then the new ones in the order of the offer.
/// `said` has to name each of them once and nothing else.
pub(crate) fn assign(
    known: &[(Mid, Source)],
    new: &[PublicationParameters],
    said: &[SourceSection],
) -> Result<Vec<(Mid, Source)>, NegotiateError> {
    let mut sections = known.to_vec();
    for publication in new {
        let mid = publication.media.mid;
        let source = source_of(said, mid).ok_or(UNSAID)?;
        if kind(source) != publication.media.kind {
            return Err(OTHER_KIND);
        }
        sections.push((mid, source));
    }
    let kept = known
        .iter()
        .all(|(mid, source)| source_of(said, *mid) == Some(*source));
    let each_once = sections.len() == said.len();
    if !kept || !each_once {
        return Err(UNKNOWN);
    }
    let twice = |(index, (_, source)): (usize, &(Mid, Source))| {
        sections.iter().take(index).any(|(_, other)| other == source)
    };
    if sections.iter().enumerate().any(twice) {
        return Err(TWICE);
    }
    Ok(sections)
}

fn source_of(said: &[SourceSection], mid: Mid) -> Option<Source> {
    let found = said.iter().find(|section| section.mid == mid.as_str());
    found.map(|section| section.source)
}

fn kind(source: Source) -> MediaKind {
    match source {
        Source::Microphone | Source::ScreenAudio => MediaKind::Audio,
        Source::Camera | Source::Screen => MediaKind::Video,
    }
}

const UNSAID: NegotiateError =
    NegotiateError::unsupported("sources", "a section in which the client sends is not named");
const UNKNOWN: NegotiateError = NegotiateError::unsupported(
    "sources",
    "it has to name every section in which the client sends, once and always alike",
);
const OTHER_KIND: NegotiateError =
    NegotiateError::unsupported("sources", "sound and picture do not fit the section");
const TWICE: NegotiateError = NegotiateError::unsupported("sources", "two sections are of one source");

#[cfg(test)]
mod tests {
    use rapport_sfu::parameters::{EncodingParameters, MediaParameters};

    use super::*;

    fn mid(text: &str) -> Mid {
        Mid::new(text).unwrap()
    }

    fn publication(name: &str, kind: MediaKind) -> PublicationParameters {
        PublicationParameters {
            media: MediaParameters {
                kind,
                mid: mid(name),
                payloads: Vec::new(),
                extensions: Vec::new(),
            },
            encodings: vec![EncodingParameters::default()],
            sealed: None,
        }
    }

    fn said(sections: &[(&str, Source)]) -> Vec<SourceSection> {
        let section = |&(mid, source): &(&str, Source)| SourceSection {
            mid: mid.to_owned(),
            source,
        };
        sections.iter().map(section).collect()
    }

    #[test]
    fn every_section_is_named_whatever_the_order() {
        let new = [
            publication("0", MediaKind::Audio),
            publication("1", MediaKind::Video),
        ];
        let sources = said(&[("1", Source::Camera), ("0", Source::Microphone)]);
        let first = vec![(mid("0"), Source::Microphone), (mid("1"), Source::Camera)];
        assert_eq!(assign(&[], &new, &sources), Ok(first.clone()));
        let more = said(&[
            ("0", Source::Microphone),
            ("1", Source::Camera),
            ("9", Source::Screen),
        ]);
        let added = assign(&first, &[publication("9", MediaKind::Video)], &more).unwrap();
        assert_eq!(added, [first, vec![(mid("9"), Source::Screen)]].concat());
    }

    #[test]
    fn an_offer_and_what_is_said_of_it_have_to_agree() {
        use Source::{Camera, Microphone, Screen};
        let known = [(mid("0"), Microphone)];
        let new = [publication("1", MediaKind::Video)];
        for (bad, error) in [
            (&[("0", Microphone)][..], UNSAID),
            (&[("0", Microphone), ("2", Camera)], UNSAID),
            (&[("1", Camera)], UNKNOWN),
            (&[("0", Microphone), ("1", Camera), ("2", Screen)], UNKNOWN),
            (&[("0", Microphone), ("1", Camera), ("1", Camera)], UNKNOWN),
            (&[("0", Source::ScreenAudio), ("1", Camera)], UNKNOWN),
            (&[("0", Microphone), ("1", Microphone)], OTHER_KIND),
        ] {
            assert_eq!(assign(&known, &new, &said(bad)), Err(error), "{bad:?}");
        }
        let two = [
            publication("1", MediaKind::Video),
            publication("2", MediaKind::Video),
        ];
        let same = said(&[("1", Camera), ("2", Camera)]);
        assert_eq!(assign(&[], &two, &same), Err(TWICE));
    }
}
