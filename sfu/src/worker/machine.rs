//! What a worker drives.
//!
//! Owns: the verbs of [`Machine`]. Never does: anything itself.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::Transmit;

/// A sans-IO root: values in, values out, no clock of its own. After one or more `handle_*` calls the
/// worker polls until there is nothing more.
pub trait Machine: Send + 'static {
    /// What the control plane orders.
    type Command: Send + 'static;
    /// What the control plane has to know.
    type Event: Send + 'static;
    /// What a tap carries.
    type Tap: Send + 'static;
    /// What was counted.
    type Stats: Send + 'static;

    /// A datagram came. `destination` is the address of ours that it came to.
    fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        datagram: &mut [u8],
    );
    /// The control plane ordered something.
    fn handle_command(&mut self, now: Instant, command: Self::Command);
    /// The time that [`Machine::poll_timeout`] named has come.
    fn handle_timeout(&mut self, now: Instant);
    /// The next thing to send.
    fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>>;
    /// The next thing to report.
    fn poll_event(&mut self) -> Option<Self::Event>;
    /// The next packet of a tap.
    fn poll_tap(&mut self) -> Option<Self::Tap>;
    /// When to call [`Machine::handle_timeout`].
    fn poll_timeout(&self) -> Option<Instant>;
    /// What has been counted so far.
    fn stats(&self) -> Self::Stats;
}
