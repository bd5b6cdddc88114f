//! Output with what must not be seen taken out: strings of a JSON value, each scanned chunk by chunk.

use std::borrow::Cow;

use instar_core::verdict::{Answer, Finding};
use instar_plugin::{CallContext, Plugins, Redaction, Secret};
use serde_json::Value;

const CHUNK: usize = 256 << 10;
/// What the host itself looks through, before it writes it down.
pub(crate) const LOG_SOURCE: &str = "log";
const LONGEST_IN_LOG: usize = 2000;
const SHORTEST_LOOKED_AT: usize = 12;

/// A value after the guards of output have seen it.
#[derive(Debug)]
pub(crate) struct Redacted {
    /// The same shape, with other strings.
    pub(crate) value: Value,
    pub(crate) changed: bool,
    pub(crate) findings: Vec<Finding>,
}

/// Takes out of all strings of the value what the guards name, and the host's own secrets whatever they say.
/// A guard that fails takes out all of it.
pub(super) fn redact(
    plugins: &Plugins,
    call: &CallContext,
    source: &str,
    value: &Value,
    secrets: &[String],
) -> Redacted {
    let mut redacted = Redacted { value: value.clone(), changed: false, findings: Vec::new() };
    let mut scanned = value.clone();
    let has_own = each_string(&mut scanned, &mut |text| without_secrets(text, secrets));
    let findings = &mut redacted.findings;
    redacted.changed = has_own | each_string(&mut scanned, &mut |text| clean(plugins, call, source, text, findings));
    redacted.value = scanned;
    if redacted.findings.iter().any(|finding| finding.answer == Answer::Deny) {
        redacted.changed |= each_string(&mut redacted.value, &mut |_| Some("[withheld by a guard]".to_owned()));
    }
    redacted
}

/// The text without the secrets that the host itself knows; none if it has none of them.
pub(super) fn without_secrets(text: &str, secrets: &[String]) -> Option<String> {
    // Something shorter is no secret, and would be found everywhere.
    let known = secrets.iter().filter(|secret| secret.len() >= 8 && text.contains(secret.as_str()));
    known.fold(None, |clean: Option<String>, secret| {
        Some(clean.as_deref().unwrap_or(text).replace(secret.as_str(), "[redacted: token]"))
    })
}

/// Whether some string was changed.
fn each_string(value: &mut Value, change: &mut dyn FnMut(&str) -> Option<String>) -> bool {
    match value {
        Value::String(text) => match change(text) {
            Some(new) => {
                *text = new;
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| each_string(item, change) | changed),
        Value::Object(fields) => {
            fields.iter_mut().fold(false, |changed, (_, field)| each_string(field, change) | changed)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text without what must not be seen; none if it stays as it is.
pub(super) fn clean(
    plugins: &Plugins,
    call: &CallContext,
    source: &str,
    text: &str,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    let bytes = text.as_bytes();
    let mut redactions = Vec::new();
    let (mut from, mut to) = (0, bytes.len().min(CHUNK));
    loop {
        let last = to == bytes.len();
        match plugins.scan_output(call, source, from as u64, &bytes[from..to], last) {
            Ok(scan) => {
                redactions.extend(scan.redactions);
                findings.extend(scan.escalate);
                if last {
                    break;
                }
                // What is held back is seen again with the next chunk, which must bring something new.
                from = to - usize::try_from(scan.hold_back).unwrap_or(0).min(to - from).min(CHUNK / 2);
                to = bytes.len().min(from + CHUNK);
            }
            Err(finding) => {
                findings.push(finding);
                return Some("[withheld: a guard could not look at it]".to_owned());
            }
        }
    }
    (!redactions.is_empty()).then(|| without(text, redactions))
}

/// A text as it may stand in a log: cut, and without what must not be seen.
pub(super) fn for_log(plugins: &Plugins, call: &CallContext, text: &str, secrets: &[String]) -> String {
    let whole = without_secrets(text, secrets).map_or(Cow::Borrowed(text), Cow::Owned);
    let cut = &whole[..whole.floor_char_boundary(LONGEST_IN_LOG)];
    clean(plugins, call, LOG_SOURCE, cut, &mut Vec::new()).unwrap_or_else(|| cut.to_owned())
}

/// A value as it may be kept, and whether something of it was taken out.
pub(super) fn for_keeping(
    plugins: &Plugins,
    call: &CallContext,
    value: &Value,
    own: &[String],
    secrets: &[Secret],
) -> (Value, bool) {
    let mut kept = value.clone();
    let changed = each_string(&mut kept, &mut |text| {
        let scrub =
            |clean: Option<String>, secret: &Secret| secret.scrubbed(clean.as_deref().unwrap_or(text)).or(clean);
        let known = secrets.iter().fold(without_secrets(text, own), scrub);
        let rest = known.as_deref().unwrap_or(text);
        // Words of a format are no secrets, and there are many of them.
        let is_looked_at = rest.len() >= SHORTEST_LOOKED_AT;
        let found = is_looked_at.then(|| clean(plugins, call, LOG_SOURCE, rest, &mut Vec::new())).flatten();
        found.or(known)
    });
    (kept, changed)
}

/// Overlapping parts become one, and no part of a letter is left.
fn without(text: &str, mut redactions: Vec<Redaction>) -> String {
    redactions.sort_by_key(|redaction| (redaction.start, std::cmp::Reverse(redaction.end)));
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for redaction in redactions {
        let place = |place: u64| usize::try_from(place).unwrap_or(text.len()).min(text.len());
        let start = text.floor_char_boundary(place(redaction.start));
        let end = text.ceil_char_boundary(place(redaction.end));
        if end <= at {
            continue;
        }
        if start >= at {
            clean.push_str(&text[at..start]);
            clean.push_str(&format!("[redacted: {}]", redaction.kind));
        }
        at = end;
    }
    clean + &text[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(start: u64, end: u64) -> Redaction {
        Redaction { start, end, kind: "key".to_owned() }
    }

    #[test]
    fn the_hosts_own_secrets_are_taken_out() {
        let secrets = ["0123456789abcdef".to_owned(), "short".to_owned()];
        let clean = |text: &str| without_secrets(text, &secrets);
        assert_eq!(clean("a 0123456789abcdef b").as_deref(), Some("a [redacted: token] b"));
        assert_eq!(clean("a short text"), None);
    }

    #[test]
    fn parts_are_taken_out_once_and_whole() {
        assert_eq!(without("a SECRET b", vec![redaction(2, 8)]), "a [redacted: key] b");
        assert_eq!(without("a SECRET b", vec![redaction(4, 8), redaction(2, 6)]), "a [redacted: key] b");
        assert_eq!(without("aéb", vec![redaction(2, 3)]), "a[redacted: key]b");
        assert_eq!(without("ab", vec![redaction(1, 900)]), "a[redacted: key]");
    }
}
