//! What a client can count on.

use super::*;

#[test]
fn a_check_is_answered_with_the_address_it_came_from() {
    for source in [CLIENT, "[2001:db8::17]:5004"] {
        let (mut agent, request) = (agent(Instant::now()), plain());
        let (result, reply) = send(&mut agent, Instant::now(), source, &request);
        let expected = Binding {
            valid: true,
            first_valid_from_this_address: true,
            nominated: false,
        };
        assert_eq!(result, Ok(expected));
        let message = read_reply(&reply, &request, LOCAL_PWD);
        assert_eq!(kind(&message), BINDING_SUCCESS);
        assert_eq!(mapped_address(&message), address(source));
    }
}

#[test]
fn a_reply_goes_behind_what_the_buffer_holds() {
    let (mut agent, request) = (agent(Instant::now()), plain());
    let mut buffer = b"an earlier packet".to_vec();
    agent
        .handle_binding(Instant::now(), address(CLIENT), None, &request, &mut buffer)
        .unwrap();
    let reply = buffer.strip_prefix(b"an earlier packet").unwrap();
    read_reply(reply, &request, LOCAL_PWD);
}

#[test]
fn an_ipv4_client_of_a_dual_stack_socket_is_an_ipv4_client() {
    let (now, request) = (Instant::now(), plain());
    let mut agent = agent(now);
    let (_, reply) = send(&mut agent, now, "[::ffff:192.0.2.1]:32853", &request);
    assert_eq!(
        mapped_address(&read_reply(&reply, &request, LOCAL_PWD)),
        address(CLIENT)
    );
    assert_eq!(
        agent.selected(),
        Some(Path {
            remote: address(CLIENT),
            local: None
        })
    );
    assert!(agent.validated(address(CLIENT)));
    assert!(agent.validated(address("[::ffff:192.0.2.1]:32853")));
    let (again, _) = send(&mut agent, now, CLIENT, &plain());
    assert!(!again.unwrap().first_valid_from_this_address);
}

#[test]
fn the_first_valid_path_serves_until_one_is_nominated() {
    let now = Instant::now();
    let mut agent = agent(now);
    assert_eq!(agent.selected(), None);
    send(&mut agent, now, "192.0.2.1:1", &plain()).0.unwrap();
    send(&mut agent, now, "192.0.2.1:2", &plain()).0.unwrap();
    assert_eq!(agent.selected().unwrap().remote, address("192.0.2.1:1"));
    assert!(
        send(&mut agent, now, "192.0.2.1:2", &nominating())
            .0
            .unwrap()
            .nominated
    );
    assert_eq!(agent.selected().unwrap().remote, address("192.0.2.1:2"));
    send(&mut agent, now, "192.0.2.1:1", &plain()).0.unwrap();
    assert_eq!(agent.selected().unwrap().remote, address("192.0.2.1:2"));
}

#[test]
fn a_client_that_roams_is_followed_to_its_new_address() {
    let now = Instant::now();
    let mut agent = agent(now);
    send(&mut agent, now, CLIENT, &nominating()).0.unwrap();
    let (roamed, _) = send(&mut agent, now, "198.51.100.9:4000", &nominating());
    assert!(roamed.unwrap().first_valid_from_this_address);
    assert_eq!(agent.selected().unwrap().remote, address("198.51.100.9:4000"));
}

#[test]
fn the_address_that_was_checked_is_the_one_to_send_from() {
    let now = Instant::now();
    let mut agent = agent(now);
    let mapped = IpAddr::V6(Ipv4Addr::new(203, 0, 113, 5).to_ipv6_mapped());
    agent
        .handle_binding(now, address(CLIENT), Some(mapped), &plain(), &mut Vec::new())
        .unwrap();
    let local = Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5)));
    assert_eq!(
        agent.selected(),
        Some(Path {
            remote: address(CLIENT),
            local
        })
    );
}

#[test]
fn a_client_that_wants_to_be_controlled_is_told_to_control() {
    let request = check(&[(ATTR_ICE_CONTROLLED, &[0; 8]), (ATTR_USE_CANDIDATE, &[])]);
    let mut agent = agent(Instant::now());
    let (result, reply) = send(&mut agent, Instant::now(), CLIENT, &request);
    assert_eq!(result, Ok(REFUSED));
    let message = read_reply(&reply, &request, LOCAL_PWD);
    assert_eq!((kind(&message), error_code(&message)), (BINDING_ERROR, 487));
    assert_eq!(agent.selected(), None);
    assert!(!agent.validated(address(CLIENT)));
}

#[test]
fn an_attribute_that_must_be_understood_is_named_in_the_refusal() {
    let request = check(&[
        (AttrType(0x0077), b"?"),
        (AttrType(0x7F00), &[]),
        (AttrType(0xC057), &[0; 4]),
    ]);
    let mut agent = agent(Instant::now());
    let (result, reply) = send(&mut agent, Instant::now(), CLIENT, &request);
    assert_eq!(result, Ok(REFUSED));
    let message = read_reply(&reply, &request, LOCAL_PWD);
    assert_eq!((kind(&message), error_code(&message)), (BINDING_ERROR, 420));
    let unknown = message.get(AttrType(0x000A)).unwrap();
    assert_eq!(unknown, [0x00, 0x77, 0x7F, 0x00]);
    assert!(!agent.validated(address(CLIENT)));
}

#[test]
fn silence_ends_consent_after_thirty_seconds() {
    let start = Instant::now();
    let mut agent = agent(start);
    send(&mut agent, start, CLIENT, &nominating()).0.unwrap();
    let checked = start + Duration::from_secs(20);
    send(&mut agent, checked, CLIENT, &plain()).0.unwrap();
    assert_eq!(agent.poll_timeout(), Some(checked + CONSENT));
    agent.handle_timeout(checked + CONSENT - Duration::from_millis(1));
    assert!(!agent.is_expired() && agent.selected().is_some());
    agent.handle_timeout(checked + CONSENT);
    assert!(agent.is_expired());
    assert_eq!((agent.selected(), agent.poll_timeout()), (None, None));
    assert!(!agent.validated(address(CLIENT)));
    let (late, reply) = send(&mut agent, checked + CONSENT, CLIENT, &plain());
    assert_eq!((late, reply), (Err(Drop::UnknownPeer), Vec::new()));
}

#[test]
fn consent_ends_on_time_even_if_the_timer_is_late() {
    let start = Instant::now();
    let mut agent = agent(start);
    send(&mut agent, start, CLIENT, &nominating()).0.unwrap();
    let (late, reply) = send(&mut agent, start + CONSENT, CLIENT, &plain());
    assert_eq!((late, reply), (Err(Drop::UnknownPeer), Vec::new()));
}

#[test]
fn a_client_that_never_checks_is_given_up() {
    let start = Instant::now();
    let mut agent = agent(start);
    assert_eq!(agent.poll_timeout(), Some(start + CONSENT));
    agent.handle_timeout(start + CONSENT);
    assert!(agent.is_expired());
}

#[test]
fn a_nominated_path_that_goes_silent_gives_way_to_one_that_does_not() {
    let start = Instant::now();
    let mut agent = agent(start);
    send(&mut agent, start, "192.0.2.1:1", &nominating()).0.unwrap();
    send(&mut agent, start, "192.0.2.1:2", &plain()).0.unwrap();
    send(&mut agent, start + CONSENT / 2, "192.0.2.1:3", &plain())
        .0
        .unwrap();
    send(&mut agent, start + CONSENT / 3, "192.0.2.1:2", &plain())
        .0
        .unwrap();
    agent.handle_timeout(start + CONSENT);
    assert!(!agent.is_expired());
    assert_eq!(agent.selected().unwrap().remote, address("192.0.2.1:3"));
}

#[test]
fn old_credentials_serve_until_the_first_check_with_the_new() {
    let now = Instant::now();
    let mut agent = agent(now);
    send(&mut agent, now, CLIENT, &nominating()).0.unwrap();
    restart(&mut agent, "new1", "a-password-after-the-restart", now);
    assert_eq!(agent.selected().unwrap().remote, address(CLIENT), "media goes on");
    let old = plain();
    let (result, reply) = send(&mut agent, now, CLIENT, &old);
    assert!(result.unwrap().valid);
    read_reply(&reply, &old, LOCAL_PWD);

    let new = check_as(
        "new1:clie",
        "a-password-after-the-restart",
        &[(ATTR_USE_CANDIDATE, &[])],
    );
    let (result, reply) = send(&mut agent, now, "198.51.100.9:4000", &new);
    assert!(result.unwrap().nominated);
    read_reply(&reply, &new, "a-password-after-the-restart");
    assert_eq!(agent.selected().unwrap().remote, address("198.51.100.9:4000"));
    assert_eq!(
        send(&mut agent, now, CLIENT, &plain()),
        (Err(Drop::UnauthenticStun), Vec::new())
    );
}

#[test]
fn two_restarts_in_a_row_do_not_lock_out_a_client_that_saw_neither() {
    let now = Instant::now();
    let mut agent = agent(now);
    send(&mut agent, now, CLIENT, &nominating()).0.unwrap();
    restart(&mut agent, "new1", "a-password-after-the-restart", now);
    restart(&mut agent, "new2", "another-password-once-more", now);
    assert!(send(&mut agent, now, CLIENT, &plain()).0.is_ok());
    let skipped = check_as("new1:clie", "a-password-after-the-restart", &[]);
    assert_eq!(
        send(&mut agent, now, CLIENT, &skipped).0,
        Err(Drop::UnauthenticStun)
    );
    let newest = check_as("new2:clie", "another-password-once-more", &[]);
    assert!(send(&mut agent, now, CLIENT, &newest).0.is_ok());
}

#[test]
fn a_restart_revives_an_agent_whose_consent_ended() {
    let start = Instant::now();
    let mut agent = agent(start);
    let late = start + CONSENT;
    agent.handle_timeout(late);
    assert!(agent.is_expired());
    restart(&mut agent, "new1", "a-password-after-the-restart", late);
    assert_eq!(agent.poll_timeout(), Some(late + CONSENT));
    let check = check_as("new1:clie", "a-password-after-the-restart", &[]);
    assert!(send(&mut agent, late, CLIENT, &check).0.is_ok());
    assert!(!agent.is_expired());
}

#[test]
fn the_agent_of_a_check_is_found_by_its_username() {
    assert_eq!(username(&plain()), Some(("serv", "clie")));
    assert_eq!(username(&check_as("no-colon", LOCAL_PWD, &[])), None);
    assert_eq!(username(b"no STUN at all"), None);
}

#[test]
fn passwords_do_not_print() {
    let shown = format!("{:?}", agent(Instant::now()));
    assert!(!shown.contains(LOCAL_PWD), "{shown}");
}
