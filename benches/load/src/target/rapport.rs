//! This project's server, by WHIP and WHEP.
//!
//! Owns: its URLs and tokens. Never does: more than any other client can.
//!
//! Who plays never gets tracks of his own identity back: the server leaves them out by itself. A player of
//! one publisher asks for that one by `?participant=`; a player of several plays the room, so their number has
//! to be that of all others in it.

use reqwest::{Client, Url};

use super::token::Issuer;
use super::{TargetError, http};
use crate::sdp::{ClientDescription, Setup};
use crate::session::{Publish, Session, Subscribe};

/// A server of this project.
#[derive(Clone, Debug)]
pub struct Rapport {
    client: Client,
    base: Url,
    issuer: Issuer,
}

impl Rapport {
    /// The server at this URL, whose tokens the issuer can make.
    pub fn new(base: Url, issuer: Issuer) -> Result<Self, TargetError> {
        Ok(Self {
            client: http::client()?,
            base: http::on_this_machine(base)?,
            issuer,
        })
    }

    /// By WHIP.
    pub async fn publish(&self, wanted: &Publish) -> Result<Session, TargetError> {
        let url = http::below(&self.base, &["whip", &wanted.room]);
        let offer = ClientDescription::offer_to_publish(wanted, Setup::ActPass)?;
        self.join(url, &wanted.room, &wanted.identity, &offer).await
    }

    /// By WHEP.
    pub async fn subscribe(&self, wanted: &Subscribe) -> Result<Session, TargetError> {
        let mut url = http::below(&self.base, &["whep", &wanted.room]);
        if let [only] = wanted.from.as_slice() {
            url.query_pairs_mut().append_pair("participant", only);
        }
        let offer = ClientDescription::offer_to_subscribe(wanted, Setup::ActPass)?;
        self.join(url, &wanted.room, &wanted.identity, &offer).await
    }

    /// By DELETE.
    pub async fn leave(&self, session: &Session) -> Result<(), TargetError> {
        let unknown = || TargetError::Malformed("a session of another server".to_owned());
        let (token, url) = session.handle.split_once(' ').ok_or_else(unknown)?;
        let response = self.client.delete(url).bearer_auth(token).send().await?;
        http::accepted(response).await.map(drop)
    }

    /// The handle is the token and the URL: a session is ended by who opened it.
    async fn join(
        &self,
        url: Url,
        room: &str,
        identity: &str,
        offer: &ClientDescription<'_>,
    ) -> Result<Session, TargetError> {
        let token = self.issuer.issue(room, identity);
        let session = http::exchange(self.client.post(url).bearer_auth(&token), offer).await?;
        Ok(Session {
            handle: format!("{token} {}", session.handle),
            ..session
        })
    }
}
