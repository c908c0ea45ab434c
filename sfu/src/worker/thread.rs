//! A worker from outside: how it starts, and how it ends.
//!
//! Owns: [`Worker`], the thread's handle, the reasons for its end. Never does: media.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use async_channel::Receiver;
use mio::{Poll, Token, Waker};

use super::mailbox::{self, Commands, Doorbell};
use super::socket::Socket;
use super::{DOORBELL, Driver, Machine};

/// What one worker is told at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Names the thread.
    pub name: String,
    /// The UDP addresses to bind. An unspecified or loopback IPv6 address is skipped on a machine that
    /// has no IPv6, as long as one other is bound.
    pub listen: Vec<SocketAddr>,
    /// Bytes that the kernel is asked to hold, each socket and direction; it grants what it may.
    pub socket_buffer: usize,
}

/// A running worker. Take it apart: the parts go to the tasks that need them.
pub struct Worker<M: Machine> {
    /// The thread; dropping it stops the worker. It stands first, so that it is stopped before its lanes go.
    pub thread: Thread,
    /// What was bound; a port of zero is a real one here.
    pub local_addresses: Vec<SocketAddr>,
    /// Orders.
    pub commands: Commands<M>,
    /// Reports. The lane closes when the worker ends, for whatever reason.
    pub events: Receiver<M::Event>,
    /// Packets of taps.
    pub taps: Receiver<M::Tap>,
}

impl<M: Machine> Worker<M> {
    /// Binds the sockets, then starts the thread. An error names the address that could not be bound.
    pub fn spawn(config: &WorkerConfig, machine: M) -> io::Result<Self> {
        let mut sockets = bind(config)?;
        let local_addresses = sockets.iter().map(Socket::local).collect();
        let poll = Poll::new()?;
        for (index, socket) in sockets.iter_mut().enumerate() {
            socket.register(poll.registry(), Token(index))?;
        }
        let (mailbox, control) = mailbox::open(Waker::new(poll.registry(), DOORBELL)?);
        let doorbell = control.commands.doorbell();
        let driver = Driver::new(machine, poll, sockets, mailbox);
        let thread = Builder::new()
            .name(config.name.clone())
            .spawn(move || driver.run())?;
        Ok(Self {
            local_addresses,
            commands: control.commands,
            events: control.events,
            taps: control.taps,
            thread: Thread {
                doorbell,
                handle: Some(thread),
            },
        })
    }
}

fn bind(config: &WorkerConfig) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(config.listen.len());
    let mut skipped = None;
    for &address in &config.listen {
        match Socket::bind(address, config.socket_buffer) {
            Ok(socket) => sockets.push(granted(socket, config.socket_buffer)),
            Err(error) if is_lack_of_ipv6(address, &error) => {
                tracing::warn!(%error, "skipped: this machine has no IPv6");
                skipped = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match skipped {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// `[::]` and `[::1]` exist wherever IPv6 does; another address that can't be bound is a mistake.
fn is_lack_of_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let general = address.is_ipv6() && (address.ip().is_unspecified() || address.ip().is_loopback());
    general
        && !matches!(
            error.kind(),
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
        )
}

fn granted(socket: Socket, wanted: usize) -> Socket {
    let address = socket.local();
    let (inbound, outbound) = socket.buffers();
    if inbound.min(outbound) < wanted {
        let hint = "the kernel grants smaller socket buffers (net.core.rmem_max, net.core.wmem_max)";
        tracing::warn!(%address, wanted, inbound, outbound, "{hint}");
    }
    socket
}

/// The handle of a worker's thread; dropping it stops the worker.
pub struct Thread {
    doorbell: Arc<Doorbell>,
    handle: Option<JoinHandle<Result<(), Lost>>>,
}

impl Thread {
    /// Stops the worker, once it has obeyed what was ordered before, and tells how it ended. A worker
    /// never waits for anything, so this takes a turn's time.
    pub fn stop(mut self) -> Result<(), Lost> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Lost> {
        self.doorbell.stop();
        match self.handle.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(ended)) => ended,
            Some(Err(panic)) => Err(Lost::Panicked(message(&*panic))),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Err(lost) = self.end() {
            tracing::error!(%lost, "media worker");
        }
    }
}

/// Why a worker ended without being told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Lost {
    /// A bug of ours.
    #[error("the media worker panicked: {0}")]
    Panicked(String),
    /// The control plane reads no events any more.
    #[error("the media worker stopped: nobody reads its events")]
    EventLaneFull,
    /// The control plane dropped the event lane without a stop.
    #[error("the media worker stopped: its event lane was abandoned")]
    Abandoned,
    /// The system's poll failed.
    #[error("the media worker can't wait for its sockets: {0}")]
    Poll(io::Error),
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lack_of_ipv6_is_forgiven() {
        let lacking =
            |address: &str, kind: io::ErrorKind| is_lack_of_ipv6(address.parse().unwrap(), &kind.into());
        assert!(lacking("[::]:7882", io::ErrorKind::Unsupported));
        assert!(lacking("[::1]:7882", io::ErrorKind::AddrNotAvailable));
        assert!(!lacking("[2001:db8::1]:7882", io::ErrorKind::AddrNotAvailable));
        assert!(!lacking("[::1]:7882", io::ErrorKind::AddrInUse));
        assert!(!lacking("[::]:78", io::ErrorKind::PermissionDenied));
        assert!(!lacking("127.0.0.1:7882", io::ErrorKind::AddrNotAvailable));
    }
}
