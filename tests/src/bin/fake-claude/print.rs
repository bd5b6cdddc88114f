//! Print mode: reads the prompt from standard input and answers, in words or as a report.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::{Arguments, wishes};

/// It shows its arguments, so that a test sees what it was given.
pub(crate) fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let mut prompt = String::new();
    io::stdin().read_to_string(&mut prompt)?;
    let wishes = wishes(&prompt);
    let mut answer = format!("arguments: {}\nYou said: {}\n", arguments.0.join(" "), prompt.trim_end());
    for text in &wishes.prints {
        answer.push_str(text);
        answer.push('\n');
    }
    let reports = arguments.value("--output-format") == Some("json");
    if !reports {
        print!("{answer}");
        io::stdout().flush()?;
        answer.clear();
    }
    std::thread::sleep(wishes.sleep);
    answer.push_str("fake answer");
    let status = wishes.exit.unwrap_or(0);
    if reports {
        let report = json!({
            "type": "result", "subtype": "success", "is_error": status != 0, "result": answer,
            "session_id": arguments.conversation(), "total_cost_usd": 0.0125,
            "usage": { "input_tokens": 7, "cache_read_input_tokens": 93, "output_tokens": 42 },
            "modelUsage": { "fake-model": { "outputTokens": 42 } },
        });
        println!("{report}");
    } else {
        println!("{answer}");
    }
    Ok(ExitCode::from(status))
}
