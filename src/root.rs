//! `rapport root`: the clinic's root on another machine than the server.
//!
//! Owns: how its words are shown and read, and what certificates are made of. Never does: write a file, or anything
//! on a network.

use std::io::{self, BufRead, IsTerminal, Write};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rapport_keys::{Certificate, Kit, Request, Root, Secret};
use rapport_signaling::auth::unix_now;
use ring::rand::{SecureRandom, SystemRandom};

use crate::arguments::{Certify, RootCommand};
use crate::failure::Failure;

pub(crate) fn run(command: &RootCommand) -> Result<(), Failure> {
    match command {
        RootCommand::New => new(),
        RootCommand::Show => show(),
        RootCommand::Certify(certify) => issue(certify),
    }
}

fn new() -> Result<(), Failure> {
    let mut seed = Secret([0; 32]);
    let made = SystemRandom::new().fill(&mut seed.0);
    made.map_err(|_| Failure::running("the system gives no random bytes"))?;
    tell(
        "Write these words on paper, in this order. They are shown once, and whoever has them can make therapists.",
    )?;
    let words = Kit::words(&seed);
    let lines = words.chunks(WORDS_A_LINE).map(|line| line.join(" "));
    print(&lines.map(|line| line + "\n").collect::<String>())?;
    tell(&format!("Clinic  {}", Root::new(&seed).hash().spelt()))
}

fn show() -> Result<(), Failure> {
    let root = read_root()?;
    print(&format!("{}\n", root.hash().spelt()))
}

fn issue(Certify { device, name, days }: &Certify) -> Result<(), Failure> {
    // of the link that a device makes, only what stands after the # is meant
    let text = device.rsplit('#').next().unwrap_or_default().trim();
    let request = Request::read(text).ok_or_else(|| {
        Failure::usage("this is no device's request, or a part of it is missing: copy the whole of it")
    })?;
    let name = name.trim();
    if name.is_empty() || name.len() > MOST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::usage(format!(
            "--name has to have 1 to {MOST_NAME} bytes"
        )));
    }
    let root = read_root()?;
    let device = request.0.id();
    let now = unix_now();
    let certificate = root.certify(&Certificate {
        device,
        name: name.to_owned(),
        not_before: now,
        not_after: now + u64::from(*days) * DAY,
    });
    tell(&format!("Clinic  {}", root.hash().spelt()))?;
    tell(&format!("Device  {}", device.spelt()))?;
    tell(&format!(
        "Before you send this to {name}: does their page show the same number of the device?"
    ))?;
    print(&format!("{}\n", BASE64_URL_SAFE_NO_PAD.encode(certificate)))
}

fn read_root() -> Result<Root, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        tell("Type the clinic's 25 recovery words; four letters of each are enough:")?;
    }
    let typed = read_words(input.lock()).map_err(Failure::running)?;
    let seed = Kit::seed(&typed).map_err(Failure::usage)?;
    Ok(Root::new(&seed))
}

/// Up to as many words as there are, so that nobody at a terminal has to know how to end an input.
fn read_words(mut input: impl BufRead) -> io::Result<String> {
    let mut typed = String::new();
    while typed.split_whitespace().count() < Kit::LENGTH && input.read_line(&mut typed)? > 0 {}
    Ok(typed)
}

/// What a program that takes the output is not to get.
fn tell(line: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "{line}").map_err(Failure::running)
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::running)
}

const WORDS_A_LINE: usize = 5;
/// SK-1.md, section 4.
const MOST_NAME: usize = 128;
/// Seconds.
const DAY: u64 = 86_400;
