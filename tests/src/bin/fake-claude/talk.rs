//! On a terminal: draws a prompt, takes a message, works on it for a while under a spinner, answers, and waits again.
//!
//! `--ask-trust` asks whether the folder is trusted first; Enter says yes. `--quick` answers without any work, and
//! `--heard FILE` writes down when each message came, in nanoseconds since 1970, and what it was.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::termios::OptionalActions;

use crate::{Arguments, people, wishes};

const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";
const FRAME: Duration = Duration::from_millis(50);

pub(crate) fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let mut modes = rustix::termios::tcgetattr(io::stdin())?;
    modes.make_raw();
    rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
    show(&["arguments:", &arguments.0.join(" ")].join(" "))?;
    if arguments.has("--ask-trust") {
        draw("\x1b[2JDo you trust the files in this folder?\r\n❯ 1. Yes, proceed\r\n  2. No, exit\r\n")?;
        while read()? != b"\r" {}
        draw("\x1b[2J\x1b[H")?;
    }
    // A paste arrives between marks.
    draw("\x1b[?2004h")?;
    show(&format!("conversation {}", arguments.conversation()))?;
    let mut program = None;
    loop {
        draw("❯ ")?;
        let message = message()?;
        let text = String::from_utf8_lossy(&message);
        if let Some(file) = arguments.value("--log") {
            people::keep(file, &text)?;
        }
        if let Some(file) = arguments.value("--heard") {
            write_down(file, &text)?;
        }
        program = people::program(&text).or(program);
        let wishes = wishes(&text);
        let least = if arguments.has("--quick") { Duration::ZERO } else { 4 * FRAME };
        work(wishes.sleep.max(least))?;
        for (program, text) in wishes.sends.iter().filter_map(|text| Some((program.as_ref()?, text))) {
            people::send(program, text)?;
        }
        show(&format!("You said: {}", text.replace('\n', "\r\n")))?;
        wishes.prints.iter().try_for_each(|text| show(text))?;
        if let Some(status) = wishes.exit {
            return Ok(ExitCode::from(status));
        }
    }
}

fn write_down(file: &str, message: &str) -> io::Result<()> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let line = format!("{at} {}\n", message.replace('\n', " "));
    OpenOptions::new().append(true).create(true).open(file)?.write_all(line.as_bytes())
}

fn work(time: Duration) -> io::Result<()> {
    for frame in 0..time.as_millis() / FRAME.as_millis() {
        let spinner = ["·", "✢", "✻"][usize::try_from(frame % 3).unwrap_or(0)];
        draw(&format!("\r\x1b[K{spinner} Working… (esc to interrupt)"))?;
        std::thread::sleep(FRAME);
    }
    draw("\r\x1b[K")
}

/// An Enter that comes with a paste is a part of it; one that comes alone ends the message.
fn message() -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut keys = read()?;
        if keys == b"\r" {
            return Ok(message);
        }
        if let Some(start) = find(&keys, PASTE) {
            while find(&keys, PASTED).is_none() {
                keys.extend(read()?);
            }
            let end = find(&keys, PASTED).unwrap_or(keys.len());
            message.extend_from_slice(&keys[start + PASTE.len()..end]);
        } else {
            message.extend(keys);
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn read() -> io::Result<Vec<u8>> {
    let mut buffer = [0; 4096];
    match io::stdin().lock().read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => Ok(buffer[..count].to_vec()),
    }
}

fn show(line: &str) -> io::Result<()> {
    draw(&format!("{line}\r\n"))
}

fn draw(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
