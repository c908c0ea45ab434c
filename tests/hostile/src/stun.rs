//! STUN and the agent behind it.

use std::sync::LazyLock;
use std::time::Instant;

use rapport_sfu::transport::ice::stun as reader;
use rapport_sfu::transport::ice::{self, IceAgent, MAX_GROWTH};

use crate::check;

/// A message is read without a panic, and answered only if it knows the password, with little more than came.
///
/// The first byte says whether the rest is taken as it is or gets its integrity and fingerprint here.
pub fn stun(input: &[u8]) {
    let Some((&how, message)) = input.split_first() else {
        return;
    };
    read(message);
    if how & SIGN == 0 {
        answer(message);
    } else {
        answer(&check::signed(message));
    }
}

fn read(message: &[u8]) {
    let _ = ice::username(message);
    let Some(read) = reader::parse(message) else {
        return;
    };
    let _ = (read.role(), read.use_candidate(), read.transaction());
    assert!(
        read.unknown().len() * 4 <= message.len(),
        "attributes that nobody sent"
    );
    if let Some((local, remote)) = read.username() {
        assert!(local.len() + remote.len() < message.len());
    }
}

fn answer(message: &[u8]) {
    let now = *START;
    let mut agent = IceAgent::new(&check::local(), &check::remote(), now);
    let mut reply = Vec::new();
    let handled = agent.handle_binding(now, SOURCE.into(), None, message, &mut reply);
    assert_eq!(handled.is_ok(), check::is_valid(message), "{handled:?}");
    match handled {
        Ok(binding) => {
            assert!(reply.len() <= message.len() + MAX_GROWTH, "{} bytes", reply.len());
            assert!(reader::parse(&reply).is_some(), "a reply that is none");
            assert_eq!(agent.validated(SOURCE.into()), binding.valid);
        }
        Err(_) => assert_eq!((reply.len(), agent.selected()), (0, None)),
    }
}

/// Set: the message gets the two attributes that prove the password.
pub(crate) const SIGN: u8 = 1;

const SOURCE: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);

/// One instant for the life of the process: the agent only compares.
pub(crate) static START: LazyLock<Instant> = LazyLock::new(Instant::now);
