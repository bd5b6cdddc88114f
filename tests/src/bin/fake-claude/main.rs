//! Behaves like an agent CLI, as far as a host can tell: in print mode with `-p`, else on a terminal.
//!
//! Words in a message choose what it does: `exit:3` ends with that status, `sleep:2` takes that many seconds,
//! `print:TEXT` prints the word, and `send:TEXT` writes it to people with the command that its first message names.
//! `--log FILE` keeps each message as it came, a line of JSON for each.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod people;
mod print;
mod talk;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments = Arguments(std::env::args().skip(1).collect());
    let ended = if arguments.has("-p") { print::run(&arguments) } else { talk::run(&arguments) };
    // Without its terminal, or with a prompt that is no text, there is nobody to tell.
    ended.unwrap_or(ExitCode::from(2))
}

struct Arguments(Vec<String>);

impl Arguments {
    fn has(&self, option: &str) -> bool {
        self.0.iter().any(|given| given == option)
    }

    fn value(&self, option: &str) -> Option<&str> {
        let place = self.0.iter().position(|given| given == option)?;
        self.0.get(place + 1).map(String::as_str)
    }

    /// How the conversation is called.
    fn conversation(&self) -> &str {
        self.value("--resume").or_else(|| self.value("--session-id")).unwrap_or("conversation-1")
    }
}

/// What the words of a message ask for.
#[derive(Debug, Default)]
struct Wishes {
    prints: Vec<String>,
    sends: Vec<String>,
    sleep: Duration,
    exit: Option<u8>,
}

fn wishes(message: &str) -> Wishes {
    let mut wishes = Wishes::default();
    for word in message.split_whitespace() {
        if let Some(text) = word.strip_prefix("print:") {
            wishes.prints.push(text.to_owned());
        } else if let Some(text) = word.strip_prefix("send:") {
            wishes.sends.push(text.to_owned());
        } else if let Some(seconds) = word.strip_prefix("sleep:").and_then(|text| text.parse().ok()) {
            wishes.sleep = Duration::from_secs_f32(seconds);
        } else if let Some(status) = word.strip_prefix("exit:").and_then(|text| text.parse().ok()) {
            wishes.exit = Some(status);
        }
    }
    wishes
}
