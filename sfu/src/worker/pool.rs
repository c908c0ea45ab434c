//! Several workers, and which of them takes a new room.
//!
//! Owns: the ports of the pool, the count of participants on each worker. Never does: move a room; it
//! lives on one worker for its whole life.

use std::io;
use std::net::SocketAddr;

use super::{Machine, Worker, WorkerConfig};

/// Starts `workers` workers; worker `i` adds `i` to every port but zero. One that can't start takes the
/// others down.
pub fn spawn_pool<M: Machine>(
    workers: u16,
    first: &WorkerConfig,
    mut machine: impl FnMut(u16) -> M,
) -> io::Result<Vec<Worker<M>>> {
    let config = |index| -> io::Result<WorkerConfig> {
        let listen = first.listen.iter().map(|address| nth(*address, index));
        Ok(WorkerConfig {
            name: format!("{}-{index}", first.name),
            listen: listen.collect::<io::Result<_>>()?,
            ..*first
        })
    };
    (0..workers)
        .map(|index| Worker::spawn(&config(index)?, machine(index)))
        .collect()
}

fn nth(mut address: SocketAddr, index: u16) -> io::Result<SocketAddr> {
    if address.port() != 0 {
        let no_port = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("UDP {address}: no port {index} above it"),
            )
        };
        address.set_port(address.port().checked_add(index).ok_or_else(no_port)?);
    }
    Ok(address)
}

/// How many participants each worker carries.
#[derive(Clone, Debug)]
pub struct Load {
    /// `None` for a worker that was lost.
    participants: Vec<Option<u64>>,
}

impl Load {
    /// Nobody anywhere.
    pub fn new(workers: usize) -> Self {
        Self {
            participants: vec![Some(0); workers],
        }
    }

    /// The worker for a new room: the one with the fewest participants, the first of equals. `None` when
    /// every worker is lost.
    pub fn least(&self) -> Option<usize> {
        let carried = |(index, load): (usize, &Option<u64>)| Some((load.as_ref().copied()?, index));
        let least = self.participants.iter().enumerate().filter_map(carried).min();
        least.map(|(_, index)| index)
    }

    /// A participant joined a room of this worker.
    pub fn joined(&mut self, worker: usize) {
        if let Some(Some(participants)) = self.participants.get_mut(worker) {
            *participants += 1;
        }
    }

    /// A participant left.
    pub fn left(&mut self, worker: usize) {
        if let Some(Some(participants)) = self.participants.get_mut(worker) {
            debug_assert!(*participants > 0, "more left than joined");
            *participants = participants.saturating_sub(1);
        }
    }

    /// The worker is gone; it gets no room any more.
    pub fn lost(&mut self, worker: usize) {
        if let Some(load) = self.participants.get_mut(worker) {
            *load = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_room_goes_where_the_fewest_are() {
        let mut load = Load::new(2);
        assert_eq!(load.least(), Some(0));
        load.joined(0);
        assert_eq!(load.least(), Some(1));
        load.joined(1);
        load.joined(1);
        assert_eq!(load.least(), Some(0));
        load.left(1);
        load.left(1);
        assert_eq!(load.least(), Some(1));
    }

    #[test]
    fn a_lost_worker_gets_no_room() {
        let mut load = Load::new(2);
        load.lost(0);
        load.left(0);
        assert_eq!(load.least(), Some(1));
        load.lost(1);
        assert_eq!(load.least(), None);
    }

    #[test]
    fn each_worker_has_the_next_port() {
        let address: SocketAddr = "[::1]:65534".parse().unwrap();
        assert_eq!(nth(address, 1).unwrap().port(), 65_535);
        assert!(nth(address, 2).unwrap_err().to_string().contains("[::1]:65534"));
        assert_eq!(nth("127.0.0.1:0".parse().unwrap(), 3).unwrap().port(), 0);
    }
}
