//! What a client and we have agreed on so far.
//!
//! Owns: the value that the next offer is held against. Never does: judge an offer; [`super::renegotiate`] does.

use rapport_sfu::parameters::{Fingerprint, IceCredentials};

use super::transport::Remote;
use super::{Ours, Terms};
use crate::sdp::{Answer, AnsweredDataChannel, AnsweredMedia, AnsweredSection, Offer};

/// What was agreed on in all offers and answers so far. Whoever may be offered to again keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// `<sess-id>` of our `o=`.
    session: u64,
    /// `<sess-version>` of the last answer.
    version: u64,
    pub(super) local: IceCredentials,
    pub(super) remote: IceCredentials,
    /// Of the client's certificate.
    pub(super) fingerprint: Fingerprint,
    pub(super) terms: Terms,
    /// One for each m-section so far; `None` is one that was refused.
    pub(super) places: Vec<Option<Place>>,
}

/// An m-section that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// RTP, with the direction in which it was accepted first.
    Media(AnsweredMedia),
    /// SCTP.
    DataChannel(AnsweredDataChannel),
}

impl Established {
    /// After the first answer.
    pub(super) fn first(
        ours: &Ours<'_>,
        remote: &Remote,
        terms: Terms,
        answered: &[AnsweredSection<'_>],
    ) -> Self {
        Self {
            session: ours.session,
            version: FIRST_VERSION,
            local: ours.ice.clone(),
            remote: remote.ice.clone(),
            fingerprint: remote.fingerprint,
            terms,
            places: answered.iter().map(Place::of).collect(),
        }
    }

    /// After another one. What was there stays as it was, be it silent for now; what was not is added.
    pub(super) fn grown(&self, answered: &[AnsweredSection<'_>]) -> Self {
        let known = self.places.iter().cloned().chain(std::iter::repeat(None));
        let places = answered.iter().zip(known);
        Self {
            // RFC 3264 §8: "the version in the origin field MUST increment by one from the previous SDP".
            version: self.version.saturating_add(1),
            places: places
                .map(|(section, known)| known.or_else(|| Place::of(section)))
                .collect(),
            ..self.clone()
        }
    }

    /// The answer that says so.
    pub(super) fn write(
        &self,
        ours: &Ours<'_>,
        offer: &Offer<'_>,
        ice_options: String,
        sections: Vec<AnsweredSection<'_>>,
    ) -> String {
        let answer = Answer {
            session: self.session,
            version: self.version,
            ice: &self.local,
            fingerprint: ours.fingerprint,
            candidates: ours.candidates,
            ice_options,
            bundle: offer.bundle.is_some(),
            sections,
        };
        answer.to_string()
    }
}

impl Place {
    fn of(answered: &AnsweredSection<'_>) -> Option<Self> {
        match answered {
            AnsweredSection::Rejected(_) => None,
            AnsweredSection::Media(media) => Some(Self::Media(media.clone())),
            AnsweredSection::DataChannel(channel) => Some(Self::DataChannel(*channel)),
        }
    }
}

/// Of the first answer, as ever.
const FIRST_VERSION: u64 = 1;
