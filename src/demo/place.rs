//! Where the demonstration serves, and how browsers get there.
//!
//! Owns: the addresses. Never does: bind one for longer than it takes to see that it is free.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rapport_sfu::worker::candidates;

/// Addresses of pages and media.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) listen: SocketAddr,
    pub(super) media: Vec<SocketAddr>,
}

impl Place {
    pub(super) fn new(listen: SocketAddr) -> Self {
        Self::preferring(MEDIA_PORT, listen)
    }

    fn preferring(usual: u16, listen: SocketAddr) -> Self {
        let addresses = media_addresses(listen.ip());
        let at = |port| addresses.iter().map(move |ip| SocketAddr::new(*ip, port));
        // Any port does: the browsers are told. The usual one is the easier to find in a firewall.
        let usual_is_free = at(usual).all(|address| UdpSocket::bind(address).is_ok());
        let port = if usual_is_free { usual } else { 0 };
        let media = at(port).collect();
        Self { listen, media }
    }

    /// The same, with media on whichever port is free.
    pub(super) fn on_any_port(&self) -> Self {
        let any = |address: &SocketAddr| SocketAddr::new(address.ip(), 0);
        Self {
            listen: self.listen,
            media: self.media.iter().map(any).collect(),
        }
    }

    /// Others than this machine can come here.
    pub(super) fn is_public(&self) -> bool {
        !self.listen.ip().is_loopback()
    }

    /// Firefox can send media to it.
    pub(super) fn is_beyond_loopback(&self) -> bool {
        self.media.iter().any(|address| !address.ip().is_loopback())
    }

    /// What a link starts with, now that the port is known.
    pub(super) fn origin(&self, bound: SocketAddr) -> String {
        let ip = bound.ip();
        let scheme = if self.is_public() { "https" } else { "http" };
        let local = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].contains(&ip);
        let host = match ip {
            // Browsers trust the name like a page that came by HTTPS: with the camera, that is.
            _ if local => "localhost".to_owned(),
            ip if ip.is_unspecified() => default_route(ip).map_or_else(|| "localhost".to_owned(), host),
            ip => host(ip),
        };
        format!("{scheme}://{host}:{}", bound.port())
    }
}

/// An address as URLs have it.
pub(super) fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Where the server takes media when its pages are at `ip`. A page of this machine alone needs more than
/// loopback: Firefox never sends there, and reaches the address of the default route without leaving the
/// machine.
fn media_addresses(ip: IpAddr) -> Vec<IpAddr> {
    let v4 = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    match ip {
        ip if ip.is_loopback() => {
            let routed = default_route(v4).or_else(|| default_route(Ipv6Addr::UNSPECIFIED.into()));
            [Some(Ipv4Addr::LOCALHOST.into()), routed]
                .into_iter()
                .flatten()
                .collect()
        }
        ip if ip.is_unspecified() && ip.is_ipv6() => vec![v4, ip],
        ip => vec![ip],
    }
}

/// This machine's address towards the rest of the world, of the family of `unspecified`.
fn default_route(unspecified: IpAddr) -> Option<IpAddr> {
    let any = SocketAddr::new(unspecified, MEDIA_PORT);
    let found = candidates(&[any], &[]).ok()?;
    found.first().map(SocketAddr::ip)
}

/// The default of `media.listen`.
const MEDIA_PORT: u16 = 7882;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(listen: &str) -> Place {
        Place::new(listen.parse().unwrap())
    }

    fn origin(listen: &str, bound: &str) -> String {
        place(listen).origin(bound.parse().unwrap())
    }

    #[test]
    fn a_page_of_this_machine_has_a_name_that_browsers_trust() {
        assert_eq!(origin("127.0.0.1:0", "127.0.0.1:9000"), "http://localhost:9000");
        assert_eq!(origin("[::1]:0", "[::1]:9000"), "http://localhost:9000");
        assert_eq!(origin("127.0.0.2:0", "127.0.0.2:9000"), "http://127.0.0.2:9000");
    }

    #[test]
    fn a_page_for_others_comes_by_https_from_an_address_of_theirs() {
        assert_eq!(origin("192.0.2.7:0", "192.0.2.7:9000"), "https://192.0.2.7:9000");
        assert_eq!(
            origin("[2001:db8::7]:0", "[2001:db8::7]:9000"),
            "https://[2001:db8::7]:9000"
        );
        let any = origin("0.0.0.0:0", "0.0.0.0:9000");
        assert!(any.starts_with("https://") && !any.contains("0.0.0.0"), "{any}");
    }

    #[test]
    fn media_is_taken_where_the_pages_are() {
        let addresses = |text: &str| media_addresses(text.parse().unwrap());
        assert_eq!(addresses("192.0.2.7"), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(addresses("0.0.0.0"), ["0.0.0.0".parse::<IpAddr>().unwrap()]);
        assert_eq!(addresses("::").len(), 2, "both families");
        assert_eq!(addresses("::1"), addresses("127.0.0.1"));
    }

    #[test]
    fn a_media_port_that_is_taken_is_no_reason_to_fail() {
        let listen = "127.0.0.1:0".parse().unwrap();
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let usual = taken.local_addr().unwrap().port();
        let ports = || {
            Place::preferring(usual, listen)
                .media
                .into_iter()
                .map(|address| address.port())
        };
        assert!(ports().all(|port| port == 0));
        drop(taken);
        assert!(ports().all(|port| port == usual), "it is free again");
    }
}
