//! Sockets on which nobody has come in yet.
//!
//! Owns: how many there may be, and which of them has to go for another. Never does: close one.
//!
//! Anybody can open a socket. If strangers could fill the places, members whose socket was lost would find none;
//! so the one that has waited longest makes way. A client says its opening at once, and is in long before so many
//! others have come.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// At one time. As many people as open their link within a second or two, and a sixth of all sockets.
const MAX_STRANGERS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<VecDeque<oneshot::Sender<()>>>);

/// One of them; none any more when it is dropped.
#[derive(Debug)]
pub(crate) struct Stranger(oneshot::Receiver<()>);

impl Strangers {
    /// One more, for which the oldest may have to go.
    pub(crate) fn admit(&self) -> Stranger {
        let (keep, lapse) = oneshot::channel();
        // A queue has no half-done state that a panic could leave behind.
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|stranger| !stranger.is_closed());
        waiting.push_back(keep);
        if waiting.len() > MAX_STRANGERS {
            waiting.pop_front();
        }
        Stranger(lapse)
    }
}

impl Stranger {
    /// Returns when it has to go.
    pub(crate) async fn displaced(&mut self) {
        // Nothing is ever sent: the other end is let go of.
        let _ = (&mut self.0).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_makes_way_and_who_came_in_is_not_counted() {
        let strangers = Strangers::default();
        let mut waiting: VecDeque<_> = (0..MAX_STRANGERS).map(|_| strangers.admit()).collect();
        // Somebody comes in, so another has a place.
        drop(waiting.remove(3));
        waiting.push_back(strangers.admit());
        assert!(
            waiting[0]
                .0
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        let _last = strangers.admit();
        waiting[0].displaced().await;
        assert!(
            waiting[1]
                .0
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
    }
}
