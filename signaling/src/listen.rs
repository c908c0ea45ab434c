//! The listener: TCP or TLS, HTTP/1.1, and no more connections than there may be.
//!
//! Owns: what a connection may cost before there is a request. Never does: route one.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::RustlsAcceptor;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::call::MAX_SOCKETS;
use crate::error::Error;
use crate::tls::Certificates;

/// Connections at one time: twice the requests that are worked on, since browsers keep some open. Half of
/// [`DESCRIPTORS`]. One that becomes a WebSocket is counted no more here, but there.
pub(crate) const MAX_CONNECTIONS: usize = 512;

/// The file descriptors that systems commonly give a process.
const DESCRIPTORS: usize = 1024;

/// Those that are neither connections nor sockets of calls: the media plane's, files, listeners.
const OTHER_DESCRIPTORS: usize = 128;

const _: () = assert!(MAX_CONNECTIONS + MAX_SOCKETS + OTHER_DESCRIPTORS <= DESCRIPTORS);

/// How long a client may take for a request's head: against those who send a byte a minute to hold a
/// connection (slowloris). It also ends idle connections.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long a TLS handshake may take.
const TLS_DEADLINE: Duration = Duration::from_secs(10);

/// The task that serves.
pub(crate) type Serving = JoinHandle<io::Result<()>>;

/// Takes the address; nobody is served yet.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).map_err(|error| Error::Bind { address, error })
}

/// Serves at most `connections` at a time, until `handle` says stop.
pub(crate) fn serve(
    listener: TcpListener,
    router: Router,
    handle: &Handle<SocketAddr>,
    certificates: Option<&Certificates>,
    connections: usize,
) -> Result<Serving, Error> {
    let mut server = axum_server::from_tcp(listener)
        .map_err(Error::Http)?
        .handle(handle.clone())
        .first_request_timeout(HEAD_DEADLINE);
    let http = server.http_builder();
    http.http1().header_read_timeout(HEAD_DEADLINE);
    // Of the two ways to say so this one leaves room for WebSockets.
    *http = http.clone().http1_only();
    let service = router.into_make_service();
    let bounded = Bounded {
        inner: DefaultAcceptor::new(),
        handle: handle.clone(),
        connections,
    };
    Ok(match certificates {
        None => tokio::spawn(server.acceptor(bounded).serve(service)),
        Some(certificates) => {
            let tls = RustlsAcceptor::new(certificates.config.clone()).handshake_timeout(TLS_DEADLINE);
            tokio::spawn(server.acceptor(tls.acceptor(bounded)).serve(service))
        }
    })
}

/// Closes a connection that is one too many, before a byte of it is read.
#[derive(Clone)]
struct Bounded {
    inner: DefaultAcceptor,
    handle: Handle<SocketAddr>,
    connections: usize,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Bounded {
    type Stream = TcpStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // The handle counts this one already.
        if self.handle.connection_count() > self.connections {
            return Box::pin(ready(Err(io::Error::other(
                "as many connections as there may be",
            ))));
        }
        // Messages of a call are small and come in turn: none waits for the acknowledgement of the last one.
        // A connection that can't be told so works all the same.
        let _ = stream.set_nodelay(true);
        Box::pin(self.inner.accept(stream, service))
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What comes back for a request; nothing when the connection is closed on us.
    async fn ask(stream: &mut TcpStream) -> String {
        let mut answer = [0; 15];
        let request = b"GET / HTTP/1.1\r\nHost: rapport\r\n\r\n";
        let asked = async {
            stream.write_all(request).await?;
            stream.read_exact(&mut answer).await
        };
        asked
            .await
            .map_or(String::new(), |_| String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn one_connection_too_many_is_closed_and_the_others_go_on() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "ok" }));
        let handle = Handle::new();
        let serving = serve(listener, router, &handle, None, 2).unwrap();
        let mut streams = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let answered = ask(&mut stream).await == "HTTP/1.1 200 OK";
            streams.push((stream, answered));
        }
        let answered: Vec<_> = streams.iter().map(|(_, answered)| *answered).collect();
        assert_eq!(answered, [true, true, false]);
        streams.remove(0);
        // The server learns of a close in its own time.
        loop {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if ask(&mut stream).await == "HTTP/1.1 200 OK" {
                break;
            }
        }
        serving.abort();
    }
}
