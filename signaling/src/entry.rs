//! What all ways in have in common, by HTTP or by a call's socket.
//!
//! Owns: our side of a negotiation, the limits of one participant, the ids of what it brings. Never does: know
//! how the client is told.

use rapport_config::Limits;
use rapport_sfu::id::SubscriptionId;
use rapport_sfu::parameters::{IceCredentials, SubscriptionParameters};

use crate::auth::Join;
use crate::directory::Directory;
use crate::media::Endpoint;
use crate::negotiate::{self, NegotiateError, Negotiated, Ours, Terms};
use crate::room::Admission;
use crate::session::{self, EntityTag, SessionId};

/// Our side of a transport on this worker.
pub(crate) fn ours<'a>(endpoint: &'a Endpoint, ice: &'a IceCredentials) -> Ours<'a> {
    Ours {
        session: session::description_id(),
        ice,
        fingerprint: endpoint.fingerprint,
        candidates: &endpoint.candidates,
        video_bitrate: endpoint.video_bitrate,
    }
}

/// Answers a first offer within the terms and the limits.
pub(crate) fn answer(
    terms: Terms,
    offer: &str,
    endpoint: &Endpoint,
    limits: &Limits,
) -> Result<Negotiated, NegotiateError> {
    let ice = session::ice_credentials();
    let ours = ours(endpoint, &ice);
    let negotiated = negotiate::negotiate(offer, &ours, terms, &mut session::random_u32)?;
    check_limits(
        limits,
        negotiated.publications.len(),
        negotiated.subscriptions.len(),
    )?;
    Ok(negotiated)
}

/// No more than one participant may have.
pub(crate) fn check_limits(
    limits: &Limits,
    publications: usize,
    subscriptions: usize,
) -> Result<(), NegotiateError> {
    let within = publications <= limits.publications_per_participant as usize
        && subscriptions <= limits.subscriptions_per_participant as usize;
    within.then_some(()).ok_or(TOO_MANY)
}

/// Gives names to somebody and to all that was negotiated. Whoever sits in a call, or wants to see one person
/// only, adds that.
pub(crate) fn admission(directory: &Directory, join: &Join, negotiated: Negotiated) -> Admission {
    let publications = negotiated.publications.into_iter();
    Admission {
        join: join.clone(),
        participant: directory.participant_id(),
        session: SessionId::random(),
        tag: EntityTag::random(),
        transport: negotiated.transport,
        publications: publications
            .map(|publication| (directory.track_id(), publication))
            .collect(),
        subscriptions: places(directory, negotiated.subscriptions),
        only: None,
        seat: None,
    }
}

/// Gives names to places.
pub(crate) fn places(
    directory: &Directory,
    subscriptions: Vec<SubscriptionParameters>,
) -> Vec<(SubscriptionId, SubscriptionParameters)> {
    let subscriptions = subscriptions.into_iter();
    subscriptions
        .map(|subscription| (directory.subscription_id(), subscription))
        .collect()
}

const TOO_MANY: NegotiateError = NegotiateError::unsupported(
    "m=",
    "the offer has more m-sections than one participant may have here",
);
