//! From a link to a token, over plain HTTP.
//!
//! Owns: the few lines of HTTP that it takes. Never does: TLS; tests run on one machine.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::random;

/// The two parts of a link that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Names the invitation.
    pub invitation: String,
    /// From the fragment.
    pub keys: rapport_keys::Link,
}

impl Link {
    /// Reads `ORIGIN/j/INVITATION#FRAGMENT`.
    pub fn parse(link: &str) -> Result<Self> {
        let (url, fragment) = link.split_once('#').context("a link without a secret")?;
        let (_, invitation) = url.rsplit_once("/j/").context("a link without an invitation")?;
        Ok(Self {
            invitation: invitation.to_owned(),
            keys: rapport_keys::Link::read(fragment)?,
        })
    }
}

/// 32 bytes in base64url: a base key.
pub fn read_key(text: &str) -> Result<[u8; 32]> {
    let bytes = URL_SAFE_NO_PAD.decode(text).context("no base64url")?;
    bytes.try_into().ok().context("not 32 bytes")
}

/// What an invitation is good for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// To join with.
    pub token: String,
    /// Where.
    pub room: String,
}

/// Takes a ticket as a new device.
pub async fn redeem(origin: &str, invitation: &str) -> Result<Ticket> {
    let authority = authority(origin)?;
    let device = random::text(&random::bytes::<16>()?);
    let body = serde_json::json!({ "device": device }).to_string();
    // HTTP/1.0 ends an answer with the connection, and knows no chunks.
    let request = format!(
        "POST /api/v1/invitations/{invitation} HTTP/1.0\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").context("no HTTP")?;
    let status = head.split(' ').nth(1).context("no status")?;
    if status != "200" {
        bail!("the invitation is answered with {status}: {body}");
    }
    serde_json::from_str(body).context("no ticket")
}

/// `HOST:PORT` of an origin.
pub(crate) fn authority(origin: &str) -> Result<&str> {
    let authority = origin.strip_prefix("http://").context("not an http:// origin")?;
    let authority = authority.trim_end_matches('/');
    ensure!(authority.contains(':'), "an origin without a port");
    Ok(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_an_invitation_and_a_secret() {
        let keys = rapport_keys::Link::new([7; 16], rapport_keys::RootHash([9; 16]));
        let text = format!(
            "http://localhost:8080/j/abcdefghijklmnopqrstuv#{}",
            keys.fragment()
        );
        let link = Link::parse(&text).unwrap();
        assert_eq!(link.invitation, "abcdefghijklmnopqrstuv");
        assert_eq!(link.keys, keys);
        for bad in [
            "http://localhost/j/abc",
            "http://localhost/#AAECAwQFBgcICQoLDA0ODw",
            "http://localhost/j/abc#AAECAwQFBgcICQoLDA0ODw",
            "http://x/j/abc#AAEC",
        ] {
            assert!(Link::parse(bad).is_err(), "{bad}");
        }
    }
}
