//! Members in a call until somebody says stop.
//!
//! Owns: who joins, and what is printed. Never does: judge what happened; the test that started it does.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_sealed_client::{Client, ClientIdentity, Event, Link, Options, Ticket, redeem};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where, who, how many and for how long.
#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Of the server: `http://HOST:PORT`.
    #[arg(long)]
    origin: String,
    /// An invitation with its secret, redeemed once for each member.
    #[arg(long, required_unless_present = "token")]
    link: Option<String>,
    /// Instead of a link: a bearer token, one for each member.
    #[arg(long, conflicts_with_all = ["link", "count"], requires_all = ["room", "fragment"])]
    token: Vec<String>,
    /// The room of the tokens.
    #[arg(long)]
    room: Option<String>,
    /// What stands after the `#` of the link.
    #[arg(long)]
    fragment: Option<String>,
    /// How many come in by the link.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Members are called this and a number.
    #[arg(long, default_value = "Synthetic")]
    name_prefix: String,
    /// When they leave; else when standard input ends, or says {"type":"leave"}.
    #[arg(long)]
    seconds: Option<u64>,
    /// Each shows so many a second.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=60))]
    pictures: u32,
    /// Of the first sealed frame of each.
    #[arg(long, default_value_t = 0)]
    first_counter: u64,
    /// Places in which each receives, for sound and picture.
    #[arg(long, default_value_t = 8)]
    places: usize,
    /// Send frames without a seal.
    #[arg(long)]
    clear: bool,
    /// Send frames in the clear that have the form of sealed ones.
    #[arg(long, conflicts_with = "clear")]
    forge: bool,
    /// Keep in this file what comes out of the transport of the first member, still sealed.
    #[arg(long)]
    tap: Option<PathBuf>,
}

/// What standard input may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Wish {
    Leave,
}

/// Runs the call on this thread.
pub(crate) fn run(arguments: Call) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stop = watch::Sender::new(false);
    read_wishes(stop.clone());
    let ended = runtime.block_on(call(&arguments, &stop));
    // The thread that reads standard input may wait for it for ever.
    runtime.shutdown_background();
    ended
}

async fn call(arguments: &Call, stop: &watch::Sender<bool>) -> Result<()> {
    let mut members = tokio::task::JoinSet::new();
    let identity = ClientIdentity::generate();
    for at in 0..arguments.members() {
        let client = Client::join(&identity, arguments.options(at).await?).await?;
        let report = client.report();
        print(
            at,
            json!({ "type": "joined", "participant": report.participant, "sender": report.sender }),
        )?;
        members.spawn(follow(at, client, stop.subscribe()));
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let timer = async {
        match arguments.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(timer);
    loop {
        tokio::select! {
            () = &mut timer, if !*stop.borrow() => { stop.send_replace(true); }
            _ = terminated.recv() => { stop.send_replace(true); }
            ended = members.join_next() => match ended {
                Some(ended) => ended??,
                None => return Ok(()),
            },
        }
    }
}

/// Prints what happens to a member until it is over.
async fn follow(at: usize, mut client: Client, mut stop: watch::Receiver<bool>) -> Result<()> {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = client.event() => match event {
                Some(event @ Event::Ended { .. }) => return print(at, serde_json::to_value(event)?),
                Some(event) => print(at, serde_json::to_value(event)?)?,
                None => {
                    let ended = client.ended().await;
                    ended.with_context(|| format!("member {at}"))?;
                    return Ok(());
                }
            },
            _ = seconds.tick() => counts(at, &client)?,
            () = stopped(&mut stop) => {
                counts(at, &client)?;
                let reason = client.leave().await.with_context(|| format!("member {at}"))?;
                return print(at, serde_json::to_value(Event::Ended { reason })?);
            }
        }
    }
}

/// Whoever could say stop being gone is a stop too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn counts(at: usize, client: &Client) -> Result<()> {
    print(at, json!({ "type": "counts", "report": client.report() }))
}

fn print(at: usize, mut line: Value) -> Result<()> {
    line["client"] = at.into();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Ends the call when standard input ends or says so.
fn read_wishes(stop: watch::Sender<bool>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(Wish::Leave) => break,
                Err(error) => eprintln!("not understood: {error}: {line}"),
            }
        }
        stop.send_replace(true);
    });
}

impl Call {
    fn members(&self) -> usize {
        if self.link.is_some() {
            self.count
        } else {
            self.token.len()
        }
    }

    async fn options(&self, at: usize) -> Result<Options> {
        let (Ticket { token, room }, link) = self.ticket(at).await?;
        ensure!(!room.is_empty(), "a room without a name");
        Ok(Options {
            origin: self.origin.clone(),
            token,
            room,
            link,
            name: format!("{} {}", self.name_prefix, at + 1),
            clip: at,
            pairs: self.places,
            pictures: self.pictures,
            first_counter: self.first_counter,
            clear: self.clear,
            forge: self.forge,
            tap: self.tap.clone().filter(|_| at == 0),
        })
    }

    async fn ticket(&self, at: usize) -> Result<(Ticket, rapport_keys::Link)> {
        if let Some(link) = &self.link {
            let link = Link::parse(link)?;
            return Ok((redeem(&self.origin, &link.invitation).await?, link.keys));
        }
        let ticket = Ticket {
            token: self.token[at].clone(),
            room: self.room.clone().context("--room")?,
        };
        let fragment = self.fragment.as_deref().context("--fragment")?;
        Ok((ticket, rapport_keys::Link::read(fragment)?))
    }
}
