//! The program that tests in other languages start.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::rig::{ROOM, Rig, link};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_tells_what_happens_and_leaves_when_told() -> Result<()> {
    let rig = Rig::start().await?;
    // Whoever lets the two in.
    let host = rig.join(rig.options(0)?).await?;
    let host_sender = host.report().sender;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealed-client"));
    command.args([
        "--room",
        ROOM,
        "--fragment",
        &link().handed_over().fragment(),
        "--origin",
        &rig.options(0)?.origin,
    ]);
    for at in 1..3 {
        command.args(["--token", &rig.options(at)?.token]);
    }
    // A call that hangs ends all the same.
    command.args(["--seconds", &SECONDS.as_secs().to_string()]);
    let program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    tokio::task::spawn_blocking(move || converse(program, host_sender)).await??;
    assert_eq!(host.leave().await?, "left");
    rig.stop().await
}

fn converse(mut program: Child, host: u16) -> Result<()> {
    let lines = BufReader::new(program.stdout.take().context("its output")?).lines();
    let lines = lines.map(|line| Ok(serde_json::from_str::<Value>(&line?)?));
    let is_of_host = move |line: &Result<Value>| line.as_ref().is_ok_and(|line| line["sender"] == host);
    let lines = lines.filter(move |line| !is_of_host(line));
    let mut lines = lines.inspect(|line| println!("{line:?}"));
    let mut next = |kind: &str| -> Result<Value> {
        let found = lines.find(|line| line.as_ref().map_or(true, |line: &Value| line["type"] == kind));
        found.with_context(|| format!("no {kind}"))?
    };
    let joined = [next("joined")?, next("joined")?];
    let sender =
        |member: &Value| joined[1 - member["client"].as_u64().unwrap_or(2) as usize]["sender"].clone();
    for _ in 0..2 {
        let opened = next("opened")?;
        assert_eq!(opened["sender"], sender(&opened));
    }
    let counts = next("counts")?;
    assert_eq!(counts["report"]["clear"], 0);
    let asked = Instant::now();
    let mut stdin = program.stdin.take().context("its input")?;
    writeln!(stdin, r#"{{"type":"leave"}}"#)?;
    for _ in 0..2 {
        assert_eq!(next("ended")?["reason"], "left");
    }
    ensure!(program.wait()?.success(), "it failed");
    ensure!(asked.elapsed() < SECONDS / 2, "it did not end for being told");
    Ok(())
}

/// Far above what a call of two takes.
const SECONDS: Duration = Duration::from_secs(30);
