//! The forwarder on Pion that lies in `benches/rivals/pion`.
//!
//! Owns: its URLs, which resemble WHIP's and WHEP's. Never does: start it.

use reqwest::{Client, Url};

use super::{TargetError, http};
use crate::sdp::{ClientDescription, Setup};
use crate::session::{Publish, Session, Subscribe};

/// A forwarder on Pion.
#[derive(Clone, Debug)]
pub struct Pion {
    client: Client,
    base: Url,
}

impl Pion {
    /// The forwarder at this URL.
    pub fn new(base: Url) -> Result<Self, TargetError> {
        Ok(Self {
            client: http::client()?,
            base: http::on_this_machine(base)?,
        })
    }

    /// By `POST /publish?room=…&identity=…`, and of a simulcast `&rid=…`: the largest encoding is the one that
    /// everybody gets.
    pub async fn publish(&self, wanted: &Publish) -> Result<Session, TargetError> {
        let mut url = self.url("publish", &wanted.room, ("identity", &wanted.identity));
        let largest = wanted
            .sources
            .iter()
            .rev()
            .find_map(|source| source.encodings.last()?.rid);
        if let Some(rid) = largest {
            url.query_pairs_mut().append_pair("rid", rid.as_str());
        }
        // Pion would choose to be the DTLS client.
        let offer = ClientDescription::offer_to_publish(wanted, Setup::Active)?;
        http::exchange(self.client.post(url), &offer).await
    }

    /// By `POST /subscribe?room=…&from=a,b`.
    pub async fn subscribe(&self, wanted: &Subscribe) -> Result<Session, TargetError> {
        let url = self.url("subscribe", &wanted.room, ("from", &wanted.from.join(",")));
        let offer = ClientDescription::offer_to_subscribe(wanted, Setup::Active)?;
        http::exchange(self.client.post(url), &offer).await
    }

    /// By DELETE.
    pub async fn leave(&self, session: &Session) -> Result<(), TargetError> {
        http::accepted(self.client.delete(&session.handle).send().await?)
            .await
            .map(drop)
    }

    fn url(&self, path: &str, room: &str, (name, value): (&str, &str)) -> Url {
        let mut url = http::below(&self.base, &[path]);
        url.query_pairs_mut()
            .append_pair("room", room)
            .append_pair(name, value);
        url
    }
}
