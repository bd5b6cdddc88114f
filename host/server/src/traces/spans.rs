//! From the events of a run to the spans of its trace: the trace's id is the run's, and each event ends the part of
//! the run that the one before began.

use std::collections::BTreeMap;

use instar_core::event::EventRecord;
use instar_core::id::RunId;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Runs of which more than this many are open at once are not traced.
const MOST_OPEN: usize = 10_000;
/// Deliveries end long after their runs; those that never do are forgotten.
const MOST_NOTICES: usize = 10_000;

/// What is known of runs that have not ended, and of notices that are under way.
#[derive(Debug, Default)]
pub(super) struct Spans {
    runs: BTreeMap<RunId, OpenRun>,
    /// The run that a notice is about.
    notices: BTreeMap<String, RunId>,
    /// When the attempt at a delivery began, by notice and notifier.
    attempts: BTreeMap<(String, String), Timestamp>,
    /// The run that ended with the event before: the notice that is raised next is about it.
    ended: Option<RunId>,
}

#[derive(Debug)]
struct OpenRun {
    begun_at: Timestamp,
    part: Option<(&'static str, Timestamp)>,
    parts: Vec<Value>,
}

impl Spans {
    /// Takes the next event; the spans that it completed.
    pub(super) fn take(&mut self, event: &EventRecord) -> Vec<Value> {
        let before = self.ended.take();
        match (event.kind.as_str(), event.run) {
            ("job_completed" | "job_skipped", Some(run)) => {
                self.ended = Some(run);
                self.end(run, event)
            }
            ("notice_raised", _) => {
                if let (Some(run), Some(notice)) = (before, text(event, "noticeId")) {
                    if self.notices.len() >= MOST_NOTICES {
                        self.notices.pop_first();
                    }
                    self.notices.insert(notice, run);
                }
                Vec::new()
            }
            ("notice_tried" | "notice_delivered" | "notice_failed", _) => self.delivery(event),
            (kind, Some(run)) => {
                self.go_on(run, kind, event);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self, id: RunId, kind: &str, event: &EventRecord) {
        let Some(next) = part_after(kind) else { return };
        if self.runs.len() >= MOST_OPEN && !self.runs.contains_key(&id) {
            return;
        }
        let run = self.runs.entry(id).or_insert_with(|| OpenRun { begun_at: event.at, part: None, parts: Vec::new() });
        run.turn(id, Some(next), event);
    }

    fn end(&mut self, id: RunId, event: &EventRecord) -> Vec<Value> {
        let Some(mut run) = self.runs.remove(&id) else { return Vec::new() };
        run.turn(id, None, event);
        let name = text(event, "slug").map_or_else(|| "session".to_owned(), |slug| format!("run {slug}"));
        let outcome = text(event, "outcome").unwrap_or_else(|| "skipped".to_owned());
        let mut root = span(id, &root_id(id), &name, run.begun_at, event.at);
        root["attributes"] = json!([
            attribute("instar.run", &id.to_string()),
            attribute("instar.outcome", &outcome),
            attribute("instar.job", &text(event, "slug").unwrap_or_default()),
        ]);
        let failed = !matches!(outcome.as_str(), "succeeded" | "skipped");
        root["status"] = if failed { json!({ "code": 2, "message": event.summary }) } else { json!({ "code": 1 }) };
        run.parts.push(root);
        run.parts
    }

    fn delivery(&mut self, event: &EventRecord) -> Vec<Value> {
        let (Some(notice), Some(notifier)) = (text(event, "noticeId"), text(event, "notifier")) else {
            return Vec::new();
        };
        let key = (notice, notifier);
        if event.kind == "notice_tried" {
            self.attempts.insert(key, event.at);
            return Vec::new();
        }
        let (Some(begun), Some(run)) = (self.attempts.remove(&key), self.notices.get(&key.0).copied()) else {
            return Vec::new();
        };
        let is_over = event.kind == "notice_delivered" || event.metadata["retryAt"].is_null();
        if is_over && !self.attempts.keys().any(|(notice, _)| *notice == key.0) {
            self.notices.remove(&key.0);
        }
        let mut child = span(run, &span_id(run, event.seq), &format!("deliver by {}", key.1), begun, event.at);
        child["parentSpanId"] = json!(root_id(run));
        child["status"] = json!({ "code": if event.kind == "notice_delivered" { 1 } else { 2 } });
        vec![child]
    }
}

impl OpenRun {
    /// Ends the part that is under way, and begins the next.
    fn turn(&mut self, id: RunId, next: Option<&'static str>, event: &EventRecord) {
        if let Some((name, begun_at)) = self.part {
            let mut child = span(id, &span_id(id, event.seq), name, begun_at, event.at);
            child["parentSpanId"] = json!(root_id(id));
            self.parts.push(child);
        }
        self.part = next.map(|name| (name, event.at));
    }
}

/// What a run does after an event of this type; `None` for events in between.
fn part_after(kind: &str) -> Option<&'static str> {
    match kind {
        "job_requested" | "job_gate_passed" => Some("admission"),
        "job_gate_begun" => Some("gate"),
        "job_queued" => Some("wait for a place"),
        "job_admitted" => Some("run guards"),
        "job_passed" => Some("execute type"),
        "job_waiting" => Some("wait"),
        "job_woke" => Some("execute type"),
        "job_triggered" => Some("start of the session"),
        "session_started" => Some("session"),
        "session_ended" => Some("judgement"),
        _ => None,
    }
}

fn span(run: RunId, id: &str, name: &str, begun: Timestamp, ended: Timestamp) -> Value {
    json!({
        "traceId": run.to_string().replace('-', ""),
        "spanId": id,
        "name": name,
        "kind": 1,
        "startTimeUnixNano": begun.as_nanosecond().to_string(),
        "endTimeUnixNano": ended.max(begun).as_nanosecond().to_string(),
    })
}

/// The second half of the run's id, which is random.
fn root_id(run: RunId) -> String {
    let id = run.to_string().replace('-', "");
    id[id.len() - 16..].to_owned()
}

fn span_id(run: RunId, seq: i64) -> String {
    blake3::hash(format!("{run} {seq}").as_bytes()).to_hex()[..16].to_owned()
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn text(event: &EventRecord, key: &str) -> Option<String> {
    event.metadata[key].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn event(seq: i64, kind: &str, metadata: Value) -> EventRecord {
        let run = (!kind.starts_with("notice")).then(|| RUN.parse().unwrap());
        let at = Timestamp::from_second(seq).unwrap();
        EventRecord { seq, at, kind: kind.to_owned(), summary: "S".to_owned(), run, session: None, metadata }
    }

    #[test]
    fn a_run_is_one_trace_from_its_request_to_the_delivery() {
        let mut spans = Spans::default();
        for (seq, kind) in [(1, "job_requested"), (2, "job_admitted"), (3, "job_progressed"), (4, "session_started")] {
            assert_eq!(spans.take(&event(seq, kind, json!({}))), Vec::<Value>::new());
        }
        let ended = spans.take(&event(5, "job_completed", json!({"slug": "a", "outcome": "failed"})));
        let names: Vec<_> = ended.iter().map(|span| span["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["admission", "run guards", "session", "run a"]);
        let root = &ended[3];
        assert_eq!((&root["traceId"], &root["status"]["code"]), (&json!(RUN.replace('-', "")), &json!(2)));
        assert_eq!(
            (&root["startTimeUnixNano"], &root["endTimeUnixNano"]),
            (&json!("1000000000"), &json!("5000000000"))
        );
        assert!(ended[..3].iter().all(|span| span["parentSpanId"] == root["spanId"]), "{ended:#?}");
        let notice = json!({"noticeId": "n", "notifier": "x"});
        spans.take(&event(6, "notice_raised", notice.clone()));
        spans.take(&event(7, "notice_tried", notice.clone()));
        let delivered = spans.take(&event(8, "notice_delivered", notice));
        assert_eq!((&delivered[0]["traceId"], &delivered[0]["parentSpanId"]), (&root["traceId"], &root["spanId"]));
        assert!(spans.runs.is_empty() && spans.notices.is_empty() && spans.attempts.is_empty());
    }

    #[test]
    fn a_run_whose_beginning_was_not_seen_begins_where_it_was() {
        let mut spans = Spans::default();
        assert_eq!(spans.take(&event(1, "job_completed", json!({}))), Vec::<Value>::new());
        spans.take(&event(2, "session_started", json!({})));
        assert_eq!(spans.take(&event(3, "job_completed", json!({"slug": "a"}))).len(), 2);
    }
}
