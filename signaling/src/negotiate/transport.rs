//! The one transport of an offer.
//!
//! Owns: where its ICE and DTLS attributes are found and whether they suit a lite, passive side. Never does:
//! look at media.

use rapport_sfu::id::Mid;
use rapport_sfu::parameters::{Fingerprint, IceCredentials};

use super::NegotiateError;
use crate::sdp::{MSection, Medium, Offer, Setup, Transport};

/// The client's side of the transport.
pub(super) struct Remote {
    pub(super) ice: IceCredentials,
    pub(super) fingerprint: Fingerprint,
    /// What of its `a=ice-options` we answer with.
    pub(super) ice_options: String,
}

/// Reads the transport that all sections share.
pub(super) fn remote(offer: &Offer<'_>) -> Result<Remote, NegotiateError> {
    if offer.ice_lite {
        return Err(BOTH_LITE);
    }
    check_bundle(offer)?;
    check_setup(offer)?;
    Ok(Remote {
        ice: credentials(offer)?,
        fingerprint: fingerprint(offer)?,
        ice_options: ice_options(offer),
    })
}

/// True when a section is offered at all and shares our one transport.
pub(super) fn is_wanted(offer: &Offer<'_>, section: &MSection<'_>) -> bool {
    let is_bundled = match (&offer.bundle, section.mid) {
        (Some(group), Some(mid)) => group.contains(&mid),
        (group, _) => group.is_none(),
    };
    // RFC 9143 §6: port 0 with "bundle-only" is a section that is wanted, but not without BUNDLE.
    is_bundled && (section.port != 0 || section.bundle_only)
}

/// The mid, which every section that is accepted has to have.
pub(super) fn mid(section: &MSection<'_>) -> Result<Mid, NegotiateError> {
    let missing = NegotiateError::malformed("a=mid", "missing");
    section.mid.ok_or_else(|| missing.within(section.name()))
}

/// One transport is all we have: more than one section needs BUNDLE, and a group names sections that exist.
fn check_bundle(offer: &Offer<'_>) -> Result<(), NegotiateError> {
    match &offer.bundle {
        Some(group) => {
            let exists = |mid: &Mid| offer.sections.iter().any(|section| section.mid == Some(*mid));
            group.iter().all(exists).then_some(()).ok_or(UNKNOWN_MID)
        }
        None if offer.sections.iter().filter(|section| section.port != 0).count() > 1 => Err(NO_BUNDLE),
        None => Ok(()),
    }
}

/// Every level that may hold the transport's attributes, best first. RFC 9143 §7.1.3: an offer may put them
/// into the section that the group names first, and nowhere else.
fn levels<'o, 'a>(
    offer: &'o Offer<'a>,
) -> impl Iterator<Item = (Option<&'o MSection<'a>>, &'o Transport<'a>)> {
    let tagged = offer.bundle.as_ref().and_then(|group| group.first().copied());
    let is_first = move |section: &&MSection<'_>| tagged.is_some() && section.mid == tagged;
    let first = offer.sections.iter().find(is_first);
    let others = offer.sections.iter().filter(|section| is_wanted(offer, section));
    let sections = first
        .into_iter()
        .chain(others)
        .map(|section| (Some(section), &section.transport));
    sections.chain([(None, &offer.transport)])
}

fn credentials(offer: &Offer<'_>) -> Result<IceCredentials, NegotiateError> {
    for (section, transport) in levels(offer) {
        let found = transport.credentials().map_err(|error| match section {
            Some(section) => error.within(section.name()),
            None => error,
        })?;
        if let Some(credentials) = found {
            return Ok(credentials);
        }
    }
    Err(NO_CREDENTIALS)
}

/// Whether a client whose credentials were `known` begins ICE anew with those it tells now.
pub(super) fn restarts(told: &IceCredentials, known: &IceCredentials) -> Result<bool, NegotiateError> {
    // RFC 8839 §4.4.1.1.1: a restart changes both.
    match (told.ufrag == known.ufrag, told.pwd == known.pwd) {
        (true, true) => Ok(false),
        (false, false) => Ok(true),
        (true, false) => Err(HALF_NEW_PWD),
        (false, true) => Err(HALF_NEW_UFRAG),
    }
}

fn fingerprint(offer: &Offer<'_>) -> Result<Fingerprint, NegotiateError> {
    if let Some(fingerprint) = levels(offer).find_map(|(_, transport)| transport.fingerprint) {
        return Ok(fingerprint);
    }
    let other_hash = levels(offer).any(|(_, transport)| transport.other_hash);
    Err(if other_hash { NO_SHA256 } else { NO_FINGERPRINT })
}

/// RFC 4145 §4.1: to `actpass` and to `active` one may answer `passive`, which is the only role we take. Without
/// the attribute its §4 has the offerer active.
fn check_setup(offer: &Offer<'_>) -> Result<(), NegotiateError> {
    let said = levels(offer).find_map(|(section, transport)| transport.setup.map(|setup| (section, setup)));
    match said {
        None | Some((_, Setup::ActPass | Setup::Active)) => Ok(()),
        Some((Some(section), _)) => Err(BAD_SETUP.within(section.name())),
        Some((None, _)) => Err(BAD_SETUP),
    }
}

/// RFC 8838 §3 and RFC 8445 §10: what is offered of the two options that we know is answered.
fn ice_options(offer: &Offer<'_>) -> String {
    let said = levels(offer)
        .find_map(|(_, transport)| transport.ice_options)
        .unwrap_or_default();
    let said: Vec<_> = said.split_ascii_whitespace().collect();
    let answered = ["trickle", "ice2"]
        .into_iter()
        .filter(|option| said.contains(option));
    answered.collect::<Vec<_>>().join(" ")
}

/// Whether a section is RTP over DTLS-SRTP with RTCP on the same port, as each that we accept has to be.
pub(super) fn check_rtcp_mux(section: &MSection<'_>) -> Result<(), NegotiateError> {
    debug_assert!(matches!(section.medium, Medium::Media(_)));
    section
        .rtcp_mux
        .then_some(())
        .ok_or_else(|| NO_RTCP_MUX.within(section.name()))
}

const BOTH_LITE: NegotiateError = NegotiateError::unsupported(
    "a=ice-lite",
    "both sides would wait for the other's checks for ever",
);
const NO_BUNDLE: NegotiateError = NegotiateError::unsupported(
    "a=group:BUNDLE",
    "missing, and several m-sections need it: all share one transport",
);
const UNKNOWN_MID: NegotiateError =
    NegotiateError::malformed("a=group:BUNDLE", "names a mid that no m-section has");
const NO_CREDENTIALS: NegotiateError = NegotiateError::malformed("a=ice-ufrag", "missing");
const NO_FINGERPRINT: NegotiateError = NegotiateError::malformed("a=fingerprint", "missing");
const NO_SHA256: NegotiateError = NegotiateError::unsupported("a=fingerprint", "none is by sha-256");
const BAD_SETUP: NegotiateError =
    NegotiateError::unsupported("a=setup", "the server is passive: offer actpass or active");
const NO_RTCP_MUX: NegotiateError =
    NegotiateError::unsupported("a=rtcp-mux", "missing: RTP and RTCP share one port here");
const HALF_NEW_PWD: NegotiateError = NegotiateError::malformed(
    "a=ice-pwd",
    "new, with the old a=ice-ufrag: an ICE restart changes both",
);
const HALF_NEW_UFRAG: NegotiateError = NegotiateError::malformed(
    "a=ice-ufrag",
    "new, with the old a=ice-pwd: an ICE restart changes both",
);
