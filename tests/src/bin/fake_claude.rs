//! Behaves like an agent CLI in print mode, as far as a host can tell.
//!
//! It reads the prompt from standard input and answers. Words in the prompt choose what it does: `exit:3` ends with
//! that status, `sleep:2` takes that many seconds, `print:TEXT` prints the word. It shows its arguments, so that a
//! test sees what it was given.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut prompt = String::new();
    if std::io::stdin().read_to_string(&mut prompt).is_err() {
        return ExitCode::from(2);
    }
    println!("arguments: {}", arguments.join(" "));
    println!("You said: {}", prompt.trim_end());
    let mut status = 0;
    for word in prompt.split_whitespace() {
        if let Some(text) = word.strip_prefix("print:") {
            println!("{text}");
        } else if let Some(seconds) = word.strip_prefix("sleep:").and_then(|text| text.parse().ok()) {
            let _ = std::io::stdout().flush();
            std::thread::sleep(Duration::from_secs_f32(seconds));
        } else if let Some(chosen) = word.strip_prefix("exit:").and_then(|text| text.parse().ok()) {
            status = chosen;
        }
    }
    println!("fake answer");
    ExitCode::from(status)
}
