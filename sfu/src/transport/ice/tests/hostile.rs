//! What a stranger cannot do.

use proptest::prelude::*;

use super::*;

#[test]
fn a_stranger_is_told_nothing() {
    let strangers = [
        check_as("serv:clie", "a-guess-at-the-password!!", &[]),
        check_as("clie:serv", LOCAL_PWD, &[]),
        check_as("serv:other", LOCAL_PWD, &[]),
        check_as("serv", LOCAL_PWD, &[]),
        // Errors would be replies too.
        check_as(
            "serv:clie",
            "a-guess-at-the-password!!",
            &[(ATTR_ICE_CONTROLLED, &[0; 8])],
        ),
        check_as(
            "serv:clie",
            "a-guess-at-the-password!!",
            &[(AttrType(0x0077), &[])],
        ),
    ];
    let now = Instant::now();
    let mut agent = agent(now);
    for request in strangers {
        assert_eq!(
            send(&mut agent, now, CLIENT, &request),
            (Err(Drop::UnauthenticStun), Vec::new())
        );
    }
    assert!(!agent.validated(address(CLIENT)));
}

#[test]
fn a_check_without_fingerprint_is_not_one() {
    let mut request = plain();
    request.truncate(request.len() - 8);
    let length = (request.len() - 20) as u16;
    request[2..4].copy_from_slice(&length.to_be_bytes());
    let (result, reply) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &request);
    assert_eq!((result, reply), (Err(Drop::UnauthenticStun), Vec::new()));
}

#[test]
fn use_candidate_behind_the_integrity_is_ignored() {
    let mut message = Message::new();
    message.unmarshal_binary(&plain()).unwrap();
    message.raw.truncate(message.raw.len() - 8);
    message.length -= 8;
    message.add(ATTR_USE_CANDIDATE, &[]);
    FINGERPRINT.add_to(&mut message).unwrap();
    let (result, _) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &message.raw);
    assert!(!result.unwrap().nominated);
}

#[test]
fn a_message_fills_its_datagram() {
    let valid = plain();
    assert!(stun::parse(&valid).is_some());
    assert!(stun::parse(&valid[..valid.len() - 4]).is_none());
    let mut header_only = valid[..20].to_vec();
    header_only[2..4].fill(0);
    assert!(stun::parse(&header_only).is_some());
    assert!(stun::parse(&[header_only, vec![0x80, 0x22, 0, 0]].concat()).is_none());
}

#[test]
fn only_requests_are_answered() {
    // Binding indication, success, error, and an Allocate request.
    for kind in [0x0011_u16, 0x0101, 0x0111, 0x0003] {
        let mut request = plain();
        request[..2].copy_from_slice(&kind.to_be_bytes());
        let (result, reply) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &request);
        assert_eq!((result, reply), (Err(Drop::MalformedStun), Vec::new()));
    }
}

#[test]
fn no_bit_of_a_check_can_be_flipped() {
    let request = nominating();
    let now = Instant::now();
    let mut agent = agent(now);
    for bit in 0..request.len() * 8 {
        let mut forged = request.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let (result, reply) = send(&mut agent, now, CLIENT, &forged);
        assert!(
            result.is_err() && reply.is_empty(),
            "bit {bit} made no difference"
        );
    }
    assert_eq!(agent.selected(), None);
    assert!(send(&mut agent, now, CLIENT, &request).0.is_ok());
}

#[test]
fn a_reply_never_amplifies() {
    let most = vec![(AttrType(0x0077), &[][..]); 100];
    for count in 0..most.len() {
        let shortest = check(&most[..count]);
        let (result, reply) = send(
            &mut agent(Instant::now()),
            Instant::now(),
            "[2001:db8::17]:5004",
            &shortest,
        );
        assert!(result.is_ok());
        assert!(
            reply.len() <= shortest.len() + MAX_GROWTH,
            "{count}: {} for {}",
            reply.len(),
            shortest.len()
        );
    }
    let mut unnamed = IceAgent::new(&credentials("", LOCAL_PWD), &credentials("", ""), Instant::now());
    for attributes in [
        &[][..],
        &most[..1],
        &most[..2],
        &[(ATTR_ICE_CONTROLLED, &[0; 8][..])],
    ] {
        let shortest = check_as(":", LOCAL_PWD, attributes);
        let (_, reply) = send(&mut unnamed, Instant::now(), "[2001:db8::17]:5004", &shortest);
        assert!(!reply.is_empty() && reply.len() <= shortest.len() + MAX_GROWTH);
    }
    let refused = check(&[(ATTR_ICE_CONTROLLED, &[0; 8])]);
    let (_, reply) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &refused);
    assert!(reply.len() <= refused.len() + MAX_GROWTH);
}

#[test]
fn a_client_with_ever_new_addresses_costs_no_more_memory() {
    let now = Instant::now();
    let mut agent = agent(now);
    send(&mut agent, now, "192.0.2.1:1", &nominating()).0.unwrap();
    for port in 2..200_u64 {
        let later = now + Duration::from_millis(port);
        send(&mut agent, later, &format!("192.0.2.1:{port}"), &plain())
            .0
            .unwrap();
    }
    let valid = (1..200)
        .filter(|port| agent.validated(address(&format!("192.0.2.1:{port}"))))
        .count();
    assert_eq!(valid, paths::MAX_PATHS);
    assert_eq!(
        agent.selected().unwrap().remote,
        address("192.0.2.1:1"),
        "the path in use is never evicted"
    );
    assert!(agent.validated(address("192.0.2.1:1")) && agent.validated(address("192.0.2.1:199")));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (result, reply) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &bytes);
        prop_assert!(result.is_err() && reply.is_empty());
    }

    #[test]
    fn a_mangled_check_never_panics_nor_passes(
        edits in proptest::collection::vec((0..140_usize, any::<u8>()), 1..6), cut in 0..140_usize,
    ) {
        let valid = nominating();
        let mut mangled = valid.clone();
        for (at, byte) in edits {
            if let Some(slot) = mangled.get_mut(at) {
                *slot = byte;
            }
        }
        mangled.truncate(mangled.len().max(cut));
        let (result, reply) = send(&mut agent(Instant::now()), Instant::now(), CLIENT, &mangled);
        prop_assert_eq!(result.is_ok(), mangled == valid);
        prop_assert_eq!(reply.is_empty(), mangled != valid);
    }

    /// The oracle: what `rtc-stun` writes we read, and the other way round what we accept it accepts.
    #[test]
    fn reads_what_the_reference_writes(
        ufrag in "[a-zA-Z0-9+/]{4,40}", nominates: bool, controls in proptest::option::of(any::<bool>()),
    ) {
        let mut attributes: Vec<(AttrType, &[u8])> = Vec::new();
        if nominates {
            attributes.push((ATTR_USE_CANDIDATE, &[]));
        }
        if let Some(controls) = controls {
            let role = if controls { ATTR_ICE_CONTROLLING } else { ATTR_ICE_CONTROLLED };
            attributes.push((role, &[1; 8]));
        }
        let request = check_as(&format!("{ufrag}:clie"), LOCAL_PWD, &attributes);
        let message = stun::parse(&request).unwrap();
        prop_assert_eq!(message.username(), Some((ufrag.as_str(), "clie")));
        prop_assert_eq!(message.use_candidate(), nominates);
        prop_assert_eq!(message.role() == Some(stun::Role::Controlling), controls == Some(true));
        prop_assert_eq!(message.role() == Some(stun::Role::Controlled), controls == Some(false));
        let key = stun::Key::new(LOCAL_PWD);
        prop_assert!(message.is_authentic(&key));
    }
}
