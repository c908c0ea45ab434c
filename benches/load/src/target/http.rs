//! HTTP with a server, and the one exchange that WHIP, WHEP and their like have in common.
//!
//! Owns: the client, where it may go, and what an answer without success becomes. Never does: write SDP.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::TargetError;
use crate::sdp::{ClientDescription, ServerDescription};
use crate::session::Session;

/// An HTTP client. Each adapter has one, so that connections are used again.
pub(super) fn client() -> Result<Client, TargetError> {
    // reqwest is built without a provider of its own; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().no_proxy().timeout(PATIENCE).build()?)
}

/// Holds an address to be this machine's: nothing else is ever put under load.
pub(super) fn on_this_machine(base: Url) -> Result<Url, TargetError> {
    let address = base
        .host_str()
        .and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    match address.is_some_and(|address: IpAddr| address.is_loopback()) {
        true => Ok(base),
        false => Err(TargetError::NotLoopback(base.to_string())),
    }
}

/// A URL below another one; the segments are escaped.
pub(super) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Posts an offer, reads the answer. The session's handle is its URL, as `Location` names it.
pub(super) async fn exchange(
    request: RequestBuilder,
    offer: &ClientDescription<'_>,
) -> Result<Session, TargetError> {
    let request = request
        .header(CONTENT_TYPE, "application/sdp")
        .body(offer.to_string());
    let response = accepted(request.send().await?).await?;
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|field| field.to_str().ok());
    let location = location.and_then(|location| response.url().join(location).ok());
    let location = location.ok_or_else(|| TargetError::Malformed("no Location".to_owned()))?;
    let answer = ServerDescription::read(&response.text().await?)?;
    Ok(Session {
        media: offer.agree(&answer)?,
        remote: answer.ice,
        server: answer.candidate,
        handle: on_this_machine(location)?.into(),
    })
}

/// Lets a success through; of anything else the beginning is told.
pub(super) async fn accepted(response: Response) -> Result<Response, TargetError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text: String = response.text().await?.chars().take(TOLD_CHARACTERS).collect();
    Err(TargetError::Refused(format!("{status} {text}")))
}

/// A server that is busier than this with a join has failed it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Enough for a sentence.
const TOLD_CHARACTERS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_put_under_load() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.9.0.1:8088/",
            "http://[::1]:1",
        ] {
            assert!(on_this_machine(url.parse().unwrap()).is_ok(), "{url}");
        }
        // Not even by a name, which somebody else may resolve.
        for url in [
            "http://192.0.2.1:8080",
            "http://localhost:8080",
            "http://[2001:db8::1]",
            "http://127.0.0.1.example",
        ] {
            let refused = on_this_machine(url.parse().unwrap());
            assert!(matches!(refused, Err(TargetError::NotLoopback(_))), "{url}");
        }
    }

    #[test]
    fn a_room_is_one_segment_of_a_url() {
        let url = below(&"http://127.0.0.1:8080/".parse().unwrap(), &["whip", "a/b?c"]);
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/whip/a%2Fb%3Fc");
    }
}
