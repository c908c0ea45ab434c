//! On which core the kernel books the work of receiving.
//!
//! Owns: a measurement of its own, with two sockets and no server. Never does: correct a figure by it.
//!
//! On loopback a packet is received inside of the sender's call: routing, looking up the socket, queueing and waking
//! up are done by the core that sends, unless the kernel is told to steer them to another one. So a server's
//! processor time holds a half of what its clients cost. How large that half is shows beside an interface that throws
//! away what is sent.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::time::{ClockId, clock_gettime};
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use rapport_load::{Processors, machine};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::spread::Spread;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Booking {
    /// Packets sent one a call: as a server without segmentation does.
    pub(crate) single: Way,
    /// Packets sent in runs of [`RUN`] by segmentation (GSO).
    pub(crate) runs: Way,
    /// Why something is missing.
    pub(crate) missing: Vec<String>,
}

/// One way of sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Way {
    /// To a socket that the other core reads, as the system is.
    pub(crate) received: Cost,
    /// To an interface that throws everything away.
    pub(crate) thrown_away: Option<Cost>,
    /// To the same socket, with receiving steered to the core that reads.
    pub(crate) steered: Option<Cost>,
}

/// What a packet costs who sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// The sending thread's processor time.
    pub(crate) nanos_a_packet: Spread,
    /// The share of packets that were read at the other end, in the worst run.
    pub(crate) arrived: f64,
    /// The share of time that each processor was in software interrupts, as the kernel's ticks see it.
    pub(crate) softirq: Vec<f64>,
}

/// The two ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) server_core: usize,
    pub(crate) load_core: usize,
}

impl Way {
    /// The receiver's half, nanoseconds a packet.
    pub(crate) fn booked_on_the_sender(&self) -> Option<f64> {
        let thrown_away = self.thrown_away.as_ref()?;
        Some(self.received.nanos_a_packet.median - thrown_away.nanos_a_packet.median)
    }
}

impl Booking {
    /// Takes some seconds, in a network that only the thread of this measurement has.
    pub(crate) fn measure(ends: Ends) -> Result<Self, Error> {
        let measured = thread::spawn(move || Self::measure_here(ends)).join();
        measured.map_err(|_| io::Error::other("a thread ended early"))?
    }

    fn measure_here(ends: Ends) -> Result<Self, Error> {
        let own = own_network();
        let received = ends.both(false)?;
        let sink = own.clone().and_then(|()| sink());
        let thrown_away = sink.as_ref().ok().map(|()| ends.both(true)).transpose()?;
        let steering = own.and_then(|()| steer(1 << ends.load_core));
        let steered = steering.as_ref().ok().map(|()| ends.both(false)).transpose()?;
        let way = |received: Cost, thrown_away: Option<Cost>, steered: Option<Cost>| Way {
            received,
            thrown_away,
            steered,
        };
        let (thrown_away, steered) = (thrown_away.unzip(), steered.unzip());
        Ok(Self {
            single: way(received.0, thrown_away.0, steered.0),
            runs: way(received.1, thrown_away.1, steered.1),
            missing: [sink.err(), steering.err()].into_iter().flatten().collect(),
        })
    }
}

impl Ends {
    fn both(self, thrown_away: bool) -> Result<(Cost, Cost), Error> {
        Ok((self.cost(thrown_away, 1)?, self.cost(thrown_away, RUN)?))
    }

    fn cost(self, thrown_away: bool, packets_a_call: usize) -> Result<Cost, Error> {
        let before = Processors::now();
        let mut nanos = Vec::new();
        let mut arrived = f64::INFINITY;
        for _ in 0..REPEATS {
            let (sent, received, spent) = self.send(thrown_away, packets_a_call)?;
            nanos.push(spent.as_nanos() as f64 / sent as f64);
            arrived = arrived.min(received as f64 / sent as f64);
        }
        let after = Processors::now();
        let nanos_a_packet = Spread::of(nanos);
        Ok(Cost {
            nanos_a_packet: nanos_a_packet.ok_or_else(|| io::Error::other("nothing was measured"))?,
            arrived,
            softirq: after.since(&before).iter().map(|one| one.softirq).collect(),
        })
    }

    /// Packets sent, packets that were read at the other end, and the sender's time.
    fn send(self, thrown_away: bool, packets_a_call: usize) -> Result<(usize, usize, Duration), Error> {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        receiver.set_read_timeout(Some(SILENCE))?;
        let state = UdpSocketState::new(UdpSockRef::from(&receiver))?;
        state.set_recv_buffer_size(UdpSockRef::from(&receiver), 4 << 20)?;
        let mut at = receiver.local_addr()?;
        if thrown_away {
            at.set_ip(NOBODY);
        }
        let done = AtomicBool::new(false);
        let end = Over(&done);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                machine::pin(self.load_core).map_err(io::Error::other)?;
                read(&receiver, &state, &done)
            });
            let sender = scope.spawn(move || {
                let _end = end;
                machine::pin(self.server_core).map_err(io::Error::other)?;
                send(&UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?, at, packets_a_call)
            });
            let broken = |_| io::Error::other("a thread ended early");
            let (sent, spent) = sender.join().map_err(broken)??;
            Ok((sent, reader.join().map_err(broken)??, spent))
        })
    }
}

/// Tells the reader that no more is sent, whatever became of the sender.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn send(socket: &UdpSocket, destination: SocketAddr, packets_a_call: usize) -> io::Result<(usize, Duration)> {
    let state = UdpSocketState::new(UdpSockRef::from(socket))?;
    // The constructor makes the socket non-blocking; a full buffer is to be waited for, not to be spun on.
    socket.set_nonblocking(false)?;
    let contents = vec![0x5a; PACKET * packets_a_call];
    let transmit = Transmit {
        destination,
        ecn: None,
        contents: &contents,
        segment_size: (packets_a_call > 1).then_some(PACKET),
        src_ip: None,
    };
    let before = thread_time()?;
    let mut sent = 0;
    while sent < PACKETS {
        state.try_send(UdpSockRef::from(socket), &transmit)?;
        sent += packets_a_call;
    }
    Ok((sent, thread_time()?.saturating_sub(before)))
}

/// Until it is quiet after the end; a reader is never quicker to give up than packets are to come.
fn read(socket: &UdpSocket, state: &UdpSocketState, done: &AtomicBool) -> io::Result<usize> {
    socket.set_nonblocking(false)?;
    let mut bytes = vec![0; SLOTS * SLOT];
    let mut metas = [RecvMeta::default(); SLOTS];
    let mut received = 0;
    let deadline = Instant::now() + LONGEST;
    while Instant::now() < deadline {
        let mut chunks = bytes.chunks_exact_mut(SLOT);
        let mut slots: [_; SLOTS] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        match state.recv(UdpSockRef::from(socket), &mut slots, &mut metas) {
            Ok(count) => {
                let messages = metas.iter().take(count);
                received += messages.map(|meta| meta.len / meta.stride.max(1)).sum::<usize>();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if done.load(Ordering::Acquire) {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(received)
}

/// A network that ends with this thread and those that it starts.
fn own_network() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("a network of its own: {error}"))?;
    shell("ip link set lo up")
}

/// An interface that throws away what is sent to it; not every kernel has the first kind.
fn sink() -> Result<(), String> {
    shell(
        "ip link add sink type dummy 2>/dev/null || ip link add sink type ifb
        ip link set sink txqueuelen 0 up
        ip address add 198.18.0.1/24 dev sink",
    )
}

/// Tells the kernel on which cores (bit by bit) loopback is received. Only a `sysfs` that is mounted inside of the
/// network shows its setting.
fn steer(cores: u64) -> Result<(), String> {
    let write = format!("echo {cores:x} > /mnt/class/net/lo/queues/rx-0/rps_cpus");
    shell(&format!(
        "unshare --mount sh -ec 'mount -t sysfs none /mnt; {write}'"
    ))
}

fn shell(script: &str) -> Result<(), String> {
    let output = Command::new("sh").args(["-ec", script]).output();
    let output = output.map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

fn thread_time() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

/// RFC 2544 §C.2.2: a network for measurements of devices; here it leads to [`sink`].
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 2));

/// Packets of a run by segmentation: about a frame of 720p.
pub(crate) const RUN: usize = 10;

/// Of a packet of video.
const PACKET: usize = 1_200;

/// A tenth of a second or more.
const PACKETS: usize = 40_000;

const REPEATS: usize = 5;

const SLOTS: usize = 32;

/// A whole run that came in one piece.
const SLOT: usize = 64 << 10;

/// After the last packet.
const SILENCE: Duration = Duration::from_millis(100);

/// No send takes so long.
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_counted_one_by_one_though_they_come_in_runs() {
        let ends = Ends {
            server_core: 0,
            load_core: 0,
        };
        let (sent, received, spent) = ends.send(false, RUN).unwrap();
        assert_eq!(sent, PACKETS);
        assert!(received > 0 && received <= sent, "{received}");
        assert!(spent > Duration::ZERO);
    }
}
