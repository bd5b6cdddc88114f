//! The form of a file of steps: one JSON object a line.

use std::fs;
use std::io;
use std::path::Path;

use instar_core::plan::StepEvent;
use instar_engine::KeptStep;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A longer step is not kept.
const LONGEST_STEP: usize = 512 << 10;
/// In place of a list of bytes that is a text.
const TEXT: &str = "$text";

/// One step, or why it is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// `requested`, `ready`, `woke` or `exited`; `unknown` where nothing is known of it.
    pub(crate) event: String,
    /// Something of it was secret, and was taken out.
    #[serde(default)]
    pub(crate) redacted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Value>,
    /// Why there is no step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

impl Line {
    /// `clean` takes out what is secret, and says whether there was something.
    pub(super) fn of(step: &KeptStep, clean: impl FnOnce(&Value) -> (Value, bool)) -> Self {
        let event = word(&step.event).to_owned();
        let packed = serde_json::to_value(step).map(|step| clean(&packed(step)));
        match packed {
            Ok((step, redacted)) if step.to_string().len() <= LONGEST_STEP => {
                Self { event, redacted, step: Some(step), missing: None }
            }
            Ok(_) => Self { event, ..Self::missing("it has more than 512 KiB, and was not kept") },
            Err(error) => Self { event, ..Self::missing(&format!("it could not be kept: {error}")) },
        }
    }

    pub(super) fn missing(why: &str) -> Self {
        Self { event: "unknown".to_owned(), redacted: false, step: None, missing: Some(why.to_owned()) }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("it has text keys and no failing parts");
        text.push(b'\n');
        text
    }

    /// The step as it was, but for what was taken out; or a sentence on why it cannot be played.
    pub(crate) fn step(&self) -> Result<KeptStep, String> {
        let why = || self.missing.clone().unwrap_or_else(|| "it was not kept".to_owned());
        let step = self.step.clone().ok_or_else(why)?;
        serde_json::from_value(unpacked(step)).map_err(|error| format!("another version of instar kept it: {error}"))
    }
}

fn word(event: &StepEvent) -> &'static str {
    match event {
        StepEvent::Requested(_) => "requested",
        StepEvent::Ready => "ready",
        StepEvent::Woke => "woke",
        StepEvent::Exited(_) => "exited",
    }
}

/// What is kept, in its order. What is no line, as the half of one that a crash left, is said to be missing.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Line>> {
    let text = fs::read(path)?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let line = |line| serde_json::from_slice(line).unwrap_or_else(|_| Line::missing("its line cannot be read"));
    Ok(lines.map(line).collect())
}

/// Bytes that are a text become one, so that it can be read and looked through.
pub(super) fn packed(value: Value) -> Value {
    match value {
        Value::Array(items) => match text_of(&items) {
            Some(text) => json!({ TEXT: text }),
            None => Value::Array(items.into_iter().map(packed).collect()),
        },
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, field)| (key, packed(field))).collect()),
        plain => plain,
    }
}

fn text_of(items: &[Value]) -> Option<String> {
    let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
    let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
    bytes.filter(|bytes| !bytes.is_empty()).and_then(|bytes| String::from_utf8(bytes).ok())
}

fn unpacked(value: Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get(TEXT).and_then(Value::as_str).filter(|_| fields.len() == 1) {
            Some(text) => Value::from(text.as_bytes().to_vec()),
            None => Value::Object(fields.into_iter().map(|(key, field)| (key, unpacked(field))).collect()),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(unpacked).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use instar_core::decide::StepFault;
    use instar_core::plan::{Action, Launch, Stdin, StepResult};
    use instar_plugin::{Asker, CallContext, Recorded};
    use jiff::Timestamp;

    use super::*;

    fn step(stdin: &str) -> KeptStep {
        let launch = Launch {
            argv: vec!["sh".to_owned()],
            env: Default::default(),
            cwd: None,
            stdin: Stdin::Bytes(stdin.into()),
            shown: None,
        };
        KeptStep {
            execute_type: "x".to_owned(),
            by: None,
            call: CallContext::new(Asker::Api, Timestamp::UNIX_EPOCH),
            state: vec![0xff, 1],
            event: StepEvent::Woke,
            answer: Ok(StepResult { state: b"a state".to_vec(), actions: vec![Action::Launch(launch)] }),
            host: Recorded::default(),
        }
    }

    fn taken_out(value: &Value) -> (Value, bool) {
        let text = value.to_string();
        (serde_json::from_str(&text.replace("hunter2", "***")).unwrap(), text.contains("hunter2"))
    }

    #[test]
    fn a_step_is_read_as_it_was() {
        let line = Line::of(&step("echo fine"), taken_out);
        assert_eq!((line.event.as_str(), line.redacted), ("woke", false));
        let again: Line = serde_json::from_slice(&line.text()).unwrap();
        assert_eq!(again.step().unwrap(), step("echo fine"));
        let fault = StepFault { code: "trap".to_owned(), message: "m".to_owned(), refused: false };
        let failed = KeptStep { answer: Err(fault), ..step("") };
        assert_eq!(Line::of(&failed, taken_out).step().unwrap(), failed);
    }

    #[test]
    fn secrets_are_found_in_bytes_too_and_what_is_long_is_not_kept() {
        let line = Line::of(&step("echo hunter2"), taken_out);
        assert!(line.redacted && !String::from_utf8(line.text()).unwrap().contains("hunter2"));
        assert_eq!(line.step().unwrap(), step("echo ***"));
        let long = Line::of(&step(&"x".repeat(LONGEST_STEP)), taken_out);
        assert!(long.step().unwrap_err().contains("512 KiB"));
    }

    #[test]
    fn the_half_of_a_line_is_said_to_be_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.jsonl");
        let whole = Line::of(&step("echo fine"), taken_out).text();
        fs::write(&path, [&whole[..], &whole[..20]].concat()).unwrap();
        let lines = read(&path).unwrap();
        assert!(lines[0].step().is_ok());
        assert_eq!(lines[1].step().unwrap_err(), "its line cannot be read");
    }
}
