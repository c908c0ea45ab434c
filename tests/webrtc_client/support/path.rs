//! A network path between a client and the server that loses media on the way there.
//!
//! Owns: two sockets and the task that carries datagrams between them. Never does: lose what makes a
//! connection; ICE, DTLS and RTCP arrive.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Dropping it cuts it.
pub(crate) struct LossyPath {
    lost: Arc<AtomicUsize>,
    carrier: JoinHandle<Result<()>>,
}

impl LossyPath {
    /// A path to the first candidate of an answer, and the answer with the path in its place.
    pub(crate) async fn open(answer: &str) -> Result<(Self, String)> {
        let server = candidate(answer).context("an answer without a candidate")?;
        let (client_side, server_side) = (bind(server.ip()).await?, bind(server.ip()).await?);
        server_side.connect(server).await?;
        let path = client_side.local_addr()?;
        let answer = answer.replace(&spelling(server), &spelling(path));
        let lost = Arc::new(AtomicUsize::new(0));
        let carrier = tokio::spawn(carry(client_side, server_side, Arc::clone(&lost)));
        Ok((Self { lost, carrier }, answer))
    }

    /// Packets lost so far.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for LossyPath {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

async fn bind(address: IpAddr) -> Result<UdpSocket> {
    Ok(UdpSocket::bind((address, 0)).await?)
}

async fn carry(client_side: UdpSocket, server_side: UdpSocket, lost: Arc<AtomicUsize>) -> Result<()> {
    let (mut there, mut back) = ([0; DATAGRAM_BYTES], [0; DATAGRAM_BYTES]);
    let (mut client, mut media) = (None, 0_usize);
    loop {
        tokio::select! {
            received = client_side.recv_from(&mut there) => {
                let (len, from) = received?;
                client = Some(from);
                media += usize::from(is_rtp(&there[..len]));
                if is_rtp(&there[..len]) && media.is_multiple_of(LOSE_EVERY) {
                    lost.fetch_add(1, Ordering::Relaxed);
                } else {
                    server_side.send(&there[..len]).await?;
                }
            }
            received = server_side.recv(&mut back) => {
                if let Some(client) = client {
                    client_side.send_to(&back[..received?], client).await?;
                }
            }
        }
    }
}

/// RFC 7983 §7: 128 to 191 is RTP and RTCP; RFC 5761 §4 tells the two apart.
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, second, ..] if !(192..=223).contains(second))
}

/// RFC 8839 §5.1: foundation, component, transport, priority, address, port, type.
fn candidate(answer: &str) -> Option<SocketAddr> {
    let line = answer.lines().find(|line| line.starts_with("a=candidate:"))?;
    let mut fields = line.split(' ').skip(4);
    let address: IpAddr = fields.next()?.parse().ok()?;
    Some(SocketAddr::new(address, fields.next()?.parse().ok()?))
}

fn spelling(address: SocketAddr) -> String {
    format!(" {} {} typ ", address.ip(), address.port())
}

/// Not a divisor of what repeats in the media, so that sound, pictures and key frames are all hit.
const LOSE_EVERY: usize = 7;

/// The largest that UDP carries.
const DATAGRAM_BYTES: usize = 65_535;
