//! How long a request waits for its room.
//!
//! Owns: that time. Never does: undo what the room does later.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::problem::Problem;

/// A room answers out of memory, unless its worker takes no orders. That is over in milliseconds or not
/// soon; a client's own patience is seldom below five seconds.
const ROOM_DEADLINE: Duration = Duration::from_secs(3);

/// A room's answer, or 503.
pub(crate) async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, Problem> {
    let late = |_| Problem::unavailable("the room does not answer, its media worker is behind", 2);
    timeout(ROOM_DEADLINE, answer).await.map_err(late)
}
