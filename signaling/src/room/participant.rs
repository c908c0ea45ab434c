//! Somebody in a room.
//!
//! Owns: what a room knows of one participant. Never does: know of the others.

use rapport_sfu::parameters::IceCredentials;

use super::places::Place;
use super::roster::Seated;
use super::{Admission, Pass};
use crate::auth::{Identity, Role};
use crate::session::{EntityTag, SessionId};

#[derive(Debug)]
pub(super) struct Participant {
    pub(super) identity: Identity,
    pub(super) role: Role,
    /// Its token is a host's, whether it has a seat or not.
    pub(super) host_token: bool,
    pub(super) session: SessionId,
    pub(super) tag: EntityTag,
    pub(super) remote: IceCredentials,
    pub(super) connected: bool,
    /// Grows with each that comes in: ids are given out before, and may arrive in another order.
    pub(super) arrival: u64,
    pub(super) places: Vec<Place>,
    /// Show tracks of this identity only.
    pub(super) only: Option<Identity>,
    /// Present for members of a call.
    pub(super) seat: Option<Seated>,
}

impl Participant {
    /// What is published is taken out of the admission before.
    pub(super) fn admit(admission: Admission, pass: &Pass, arrival: u64) -> Self {
        let seat = admission.seat.zip(pass.sender);
        Self {
            identity: admission.join.identity().clone(),
            role: admission.join.role(),
            host_token: admission.join.is_host(),
            session: admission.session,
            tag: admission.tag,
            remote: admission.transport.remote,
            connected: false,
            arrival,
            places: admission.subscriptions.into_iter().map(Place::new).collect(),
            only: admission.only,
            seat: seat.map(|(seat, sender)| Seated::new(seat, sender)),
        }
    }

    pub(super) fn is_host(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| seat.host)
    }

    /// New credentials under a new tag.
    pub(super) fn restart(&mut self, remote: IceCredentials) -> EntityTag {
        self.remote = remote;
        self.tag = EntityTag::random();
        self.tag.clone()
    }
}
