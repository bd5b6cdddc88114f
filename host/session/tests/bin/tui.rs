//! A program like the agents we talk with: it draws a prompt, works for a while on each message, may ask first.
//!
//! What it was told is kept in the file `messages`, each between brackets; whatever goes wrong there as well.
//! Options: `--trust` asks a question first, `--doubt` asks one when it was given a paste, `--slow` draws so rarely
//! that the screen is at rest in between.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::termios::OptionalActions;

const BEGIN: &[u8] = b"\x1b[200~";
const END: &[u8] = b"\x1b[201~";

fn main() -> ExitCode {
    let options: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| options.iter().any(|given| given == option);
    match run(has("--trust"), has("--doubt"), has("--slow")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("{{{error}}}"));
            ExitCode::FAILURE
        }
    }
}

fn run(asks: bool, doubts: bool, is_slow: bool) -> io::Result<()> {
    let mut modes = rustix::termios::tcgetattr(io::stdin())?;
    modes.make_raw();
    rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
    if asks {
        ask("Do you trust the files in this folder?")?;
    }
    draw_raw("\x1b[?2004h")?;
    loop {
        draw(&["╭──────╮", "│ >    │", "╰──────╯", "  ? for help"])?;
        let message = read_message(doubts)?;
        if message == b"/exit" {
            return Ok(());
        }
        work(is_slow)?;
        if has_input()? {
            note("{told while it worked}");
        }
        note(&format!("<{}>", String::from_utf8_lossy(&message)));
    }
}

fn ask(question: &str) -> io::Result<()> {
    draw(&[question, "", "❯ 1. Yes", "  2. No"])?;
    match read()?.as_slice() {
        b"1" => Ok(()),
        other => Err(io::Error::other(format!("the question got {other:?}"))),
    }
}

fn work(is_slow: bool) -> io::Result<()> {
    let (frames, pause) = if is_slow { (3, 400) } else { (40, 30) };
    for frame in 0..frames {
        let spinner = ["·", "✢", "✻"][frame % 3];
        draw(&[&format!("{spinner} Working… (esc to interrupt)"), "╭──────╮", "│ >    │", "╰──────╯"])?;
        std::thread::sleep(Duration::from_millis(pause));
    }
    Ok(())
}

/// A message ends with an Enter that comes alone: one that comes with a paste is taken for a part of it.
fn read_message(doubts: bool) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut keys = read()?;
        if keys == b"\r" {
            return Ok(message);
        }
        if keys.starts_with(BEGIN) {
            while !keys.windows(END.len()).any(|window| window == END) {
                keys.extend(read()?);
            }
            keys.drain(..BEGIN.len());
            match keys.strip_suffix(END) {
                Some(text) => message.extend_from_slice(text),
                None => return Err(io::Error::other("more came with the paste")),
            }
            if doubts {
                ask("Do you trust this text?")?;
            }
        } else {
            message.extend(keys);
        }
        draw(&["╭──────╮", &format!("│ > {} bytes │", message.len()), "╰──────╯"])?;
    }
}

fn read() -> io::Result<Vec<u8>> {
    let mut buffer = [0; 4096];
    match io::stdin().lock().read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => Ok(buffer[..count].to_vec()),
    }
}

fn has_input() -> io::Result<bool> {
    let stdin = io::stdin();
    let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
    Ok(rustix::event::poll(&mut polled, Some(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 }))? > 0)
}

fn draw(lines: &[&str]) -> io::Result<()> {
    draw_raw(&format!("\x1b[2J\x1b[H{}", lines.join("\r\n")))
}

fn draw_raw(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn note(text: &str) {
    let file = OpenOptions::new().create(true).append(true).open("messages");
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the folder can be written");
}
