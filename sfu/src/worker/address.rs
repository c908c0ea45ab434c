//! The addresses that ICE candidates name.
//!
//! Owns: the step from what is bound to what clients are told. Never does: ask a service on the network.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The candidates of one worker's sockets. `advertised` addresses, where there are any, stand for those of
/// `local`; otherwise an unspecified address stands for that of the default route. It is an error when
/// nothing is left, since then no client could come.
pub fn candidates(local: &[SocketAddr], advertised: &[IpAddr]) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<SocketAddr> = Vec::new();
    for candidate in local.iter().flat_map(|address| told(*address, advertised)) {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    if found.is_empty() {
        let problem = "no address to advertise to clients: set media.advertise";
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, problem));
    }
    Ok(found)
}

fn told(local: SocketAddr, advertised: &[IpAddr]) -> Vec<SocketAddr> {
    let at_port = |ip: IpAddr| SocketAddr::new(ip, local.port());
    if !advertised.is_empty() {
        let same_family = |ip: &&IpAddr| ip.is_ipv4() == local.is_ipv4();
        return advertised
            .iter()
            .filter(same_family)
            .copied()
            .map(at_port)
            .collect();
    }
    if local.ip().is_unspecified() {
        return default_route(local.is_ipv4()).map(at_port).into_iter().collect();
    }
    vec![local]
}

/// The address that packets to the world leave from. Connecting a UDP socket sends nothing; it makes the
/// kernel choose a route. The destinations are those of documentation (RFC 5737, RFC 3849).
fn default_route(ipv4: bool) -> Option<IpAddr> {
    let (any, world): (IpAddr, IpAddr) = if ipv4 {
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into())
    } else {
        (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        )
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // The discard port: any would do.
    socket.connect((world, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_bound_address_is_told_as_it_is() {
        let local = addresses(&["127.0.0.1:7882", "[::1]:7882"]);
        assert_eq!(candidates(&local, &[]).unwrap(), local);
    }

    #[test]
    fn an_advertised_address_takes_the_port_of_its_family() {
        let local = addresses(&["0.0.0.0:7882", "10.0.0.1:7882", "[::]:7883"]);
        let advertised = ["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        let expected = addresses(&["203.0.113.7:7882", "[2001:db8::7]:7883"]);
        assert_eq!(candidates(&local, &advertised).unwrap(), expected);
        assert_eq!(candidates(&local, &advertised[..1]).unwrap(), expected[..1]);
    }

    #[test]
    fn an_unspecified_address_is_never_told() {
        let local = addresses(&["0.0.0.0:7882", "[::]:7882"]);
        match candidates(&local, &[]) {
            Ok(found) => assert!(found.iter().all(|address| !address.ip().is_unspecified())),
            // A machine without a default route: the operator is told what to set.
            Err(error) => assert!(error.to_string().contains("media.advertise"), "{error}"),
        }
    }
}
