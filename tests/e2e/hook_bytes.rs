//! The hook as a whole, fed with bytes that nobody documented: whatever comes, it answers in the words of the agent CLI.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::hook::{call, guarded};

/// As many cases as fit, since each is a process of its own.
const BUDGET: Duration = Duration::from_secs(15);
const MOST_CASES: u32 = 400;

#[test]
fn whatever_bytes_come_the_hook_answers_and_what_is_no_json_is_denied() {
    let agent = guarded();
    let ends = Instant::now() + BUDGET;
    let config = Config { cases: MOST_CASES, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(&input(), |bytes| {
        if Instant::now() > ends {
            return Ok(());
        }
        check(&bytes, &call(&agent, "PreToolUse", Path::new("/"), &bytes, &[]))
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

fn check(bytes: &[u8], done: &Output) -> Result<(), TestCaseError> {
    let shown = || format!("{:?}: {done:?}", String::from_utf8_lossy(bytes));
    prop_assert!(done.status.success(), "it broke at {}", shown());
    let answer: Value = match done.stdout.as_slice() {
        [] => Value::Null,
        said => serde_json::from_slice(said).map_err(|error| TestCaseError::fail(format!("{error}: {}", shown())))?,
    };
    let specific = &answer["hookSpecificOutput"];
    let decision = specific["permissionDecision"].as_str();
    prop_assert!(answer.is_null() || specific["hookEventName"] == "PreToolUse", "{}", shown());
    prop_assert!(matches!(decision, None | Some("deny" | "ask")), "an unknown word at {}", shown());
    // What stands in fields that nobody uses need not be UTF-8.
    let text = String::from_utf8_lossy(bytes);
    let is_json = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
    prop_assert!(is_json || decision == Some("deny"), "it let pass what is no call: {}", shown());
    Ok(())
}

/// Mere bytes, calls with any texts in them, and calls of which a part was replaced.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 0..400);
    let broken = (documented(), any::<prop::sample::Index>(), 0_usize..40, vec(any::<u8>(), 0..40)).prop_map(
        |(mut call, at, length, new)| {
            let start = at.index(call.len());
            let end = call.len().min(start + length);
            call.splice(start..end, new);
            call
        },
    );
    prop_oneof![bytes(), documented(), broken]
}

fn documented() -> impl Strategy<Value = Vec<u8>> {
    let tool = prop_oneof![Just("Bash".to_owned()), Just("Write".to_owned()), any::<String>()];
    // Much of the shell's grammar begins with one of these.
    let command = prop_oneof![any::<String>(), "[a-z $(){}<>|&;`'\"\\\\/*~#!=\n-]{0,120}"];
    (tool, command, any::<String>(), any::<bool>()).prop_map(|(tool, command, cwd, is_text)| {
        let input = if is_text { json!({ "command": command, "file_path": cwd }) } else { json!([command]) };
        json!({ "session_id": "s", "cwd": cwd, "tool_name": tool, "tool_input": input }).to_string().into_bytes()
    })
}
