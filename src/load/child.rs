//! A server of our own, as `rapport serve` runs it, for as long as it is loaded.
//!
//! Owns: the process, its configuration and its end. Never does: know what load is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use rapport_load::MAX_PEOPLE;
use rapport_load::target::Target;
use rapport_load::target::rapport::Rapport;
use rapport_load::target::token::Issuer;
use ring::rand::{SecureRandom, SystemRandom};

use crate::failure::Failure;

/// A running server; dropping it ends it.
pub(super) struct Child {
    process: process::Child,
    address: SocketAddr,
    secret: String,
}

impl Child {
    /// Starts it on free ports of loopback, and waits until it takes joins. It runs where this thread may.
    pub(super) fn start() -> Result<Self, Failure> {
        let address = free_address().map_err(Failure::running)?;
        let secret = secret()?;
        let program = env::current_exe().map_err(Failure::running)?;
        let mut process = Command::new(program)
            .args(["serve", "--config", "/dev/stdin"])
            .env_remove("RAPPORT_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(Failure::running)?;
        let stdin = process.stdin.take();
        let server = Self {
            process,
            address,
            secret,
        };
        if let Some(mut stdin) = stdin {
            let config = config(address, &server.secret);
            stdin.write_all(config.as_bytes()).map_err(Failure::running)?;
        }
        server.wait()
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it is joined.
    pub(super) fn target(&self) -> Result<Target, Failure> {
        let url = format!("http://{}", self.address)
            .parse()
            .map_err(Failure::running)?;
        let issuer = Issuer::new(SECRET_ID, self.secret.as_bytes());
        Rapport::new(url, issuer)
            .map(Target::Rapport)
            .map_err(Failure::running)
    }

    fn wait(mut self) -> Result<Self, Failure> {
        let end = Instant::now() + PATIENCE;
        while !is_ready(self.address) {
            if let Some(status) = self.process.try_wait().map_err(Failure::running)? {
                return Err(Failure::running(format!(
                    "the server that was to be loaded ended: {status}"
                )));
            }
            if Instant::now() >= end {
                return Err(Failure::running(
                    "the server that was to be loaded does not answer",
                ));
            }
            thread::sleep(PACE);
        }
        Ok(self)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It has nothing that has to be kept; an error says that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config(listen: SocketAddr, secret: &str) -> String {
    format!(
        "server.listen = \"{listen}\"\nmedia.listen = [\"127.0.0.1:0\"]\nmedia.clear_rooms = true\n\
         [[auth.secrets]]\nid = \"{SECRET_ID}\"\nsecret = \"{secret}\"\n[limits]\nrooms = {MAX_PEOPLE}\nparticipants_per_room = 1000\n\
         subscriptions_per_participant = 64\n[log]\nlevel = \"warn\"\n"
    )
}

fn secret() -> Result<String, Failure> {
    let mut random = [0_u8; 32];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| Failure::running("the system gives no random numbers"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Free a moment ago: the server says so if somebody else was faster.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn is_ready(address: SocketAddr) -> bool {
    let asked = || -> io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, PACE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"HTTP/1.1 200")
    };
    asked().unwrap_or(false)
}

const SECRET_ID: &str = "load";
/// A server starts in a tenth of a second; on a busy machine in some.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it is ready: nothing tells when a process listens.
const PACE: Duration = Duration::from_millis(50);
