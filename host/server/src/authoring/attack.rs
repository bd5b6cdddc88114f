//! The attack on a plugin: what a host may hand over on a bad day. Whatever it answers is fine, as long as it answers.
//!
//! A trap, an endless loop, too much memory and answers that are not of the contract's form are faults; a refusal in
//! the plugin's own words is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use instar_core::plan::{End, EndCause, StepEvent, StepRequest};
use instar_plugin::{Cause, Kind, Moment, PluginError, Plugins};
use serde_json::{Map, Value, json};

use super::cases::{Exchange, MessageCase, WebReply};
use super::doubles::ScriptedWeb;
use super::trial::{Bench, call, parsed, surroundings, told};

/// Values by their slots.
type Secrets = BTreeMap<String, String>;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Attacked {
    pub(crate) tries: usize,
    /// What was tried, and what it did.
    pub(crate) faults: Vec<String>,
}

/// Faults by their codes; everything else is an answer.
const FAULTS: [&str; 8] = [
    "trap",
    "timeout",
    "memory-limit",
    "table-limit",
    "instance-limit",
    "output-too-large",
    "invalid-output",
    "endless",
];

impl Attacked {
    fn note(&mut self, what: &str, code: Option<&str>) {
        self.tries += 1;
        if let Some(code) = code.filter(|code| FAULTS.contains(code)) {
            self.faults.push(format!("{what}: {code}"));
        }
    }

    fn note_error(&mut self, what: &str, error: Option<&PluginError>) {
        self.note(what, error.map(PluginError::code));
        let cause = error.map(|error| &error.cause).filter(|_| error.is_some_and(|it| FAULTS.contains(&it.code())));
        if let (Some(Cause::Trap(why)), Some(fault)) = (cause, self.faults.last_mut()) {
            fault.push_str(&format!(" ({why})"));
        }
    }
}

/// `config` is one that the plugin accepts, and `secrets` are what it needs to ask the network.
pub(crate) async fn attack(bench: &Bench, config: &Map<String, Value>, secrets: &Secrets) -> Result<Attacked, String> {
    let mut attacked = Attacked::default();
    let web = web(200, "")?;
    for (what, config) in configs() {
        let loaded = bench.load(&config, BTreeMap::new(), &web, Arc::default(), Arc::default());
        attacked.note_error(&format!("a configuration with {what}"), loaded.as_ref().err());
    }
    let plugins =
        bench.load(config, BTreeMap::new(), &web, Arc::default(), Arc::default()).map_err(|error| error.to_string())?;
    for kind in &bench.seen.kinds {
        match kind {
            Kind::Execute => execute(bench, &plugins, &mut attacked).await,
            Kind::CommandGuard
            | Kind::ToolGuard
            | Kind::OutboundGuard
            | Kind::RunGuard
            | Kind::OutputGuard
            | Kind::SessionGuard => guard(*kind, bench, &plugins, &mut attacked),
            Kind::Notifier => notifier(bench, config, secrets, &mut attacked).await?,
            // Their polls and threads have no double yet.
            Kind::NotifierThreads | Kind::NotifierInbound => {}
        }
    }
    Ok(attacked)
}

/// Texts that break what was written in a hurry.
fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("blanks", " \n\t ".to_owned()),
        ("a NUL", "a\0b".to_owned()),
        ("a long word", "a".repeat(200_000)),
        ("many lines", "x\n".repeat(20_000)),
        ("signs of all kinds", "😀 ß \u{202e}\u{feff} \u{1b}[31m 名前 e\u{301}".repeat(50)),
        ("quotes without end", "echo 'a \"b `c $(".to_owned()),
        ("JSON", r#"{"a":[1,{"b":null}]}"#.to_owned()),
        ("broken JSON", r#"{"a":[1,"#.to_owned()),
        ("deep brackets", "[".repeat(5_000)),
        ("Markdown without end", "**[`_~~![x](".repeat(500)),
    ]
}

fn configs() -> Vec<(&'static str, Map<String, Value>)> {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        ("nothing in it", Map::new()),
        ("a field that nobody knows", object(json!({ "no-such-field": 1 }))),
        ("a long text", object(json!({ "text": "a".repeat(500_000) }))),
        ("deep lists", object(json!({ "deep": deep }))),
        ("many fields", (0..5_000).map(|number| (format!("field-{number}"), json!(number))).collect()),
    ]
}

async fn execute(bench: &Bench, plugins: &Plugins, attacked: &mut Attacked) {
    let name = bench.seen.about.as_ref().and_then(|about| about.execute_type.clone()).unwrap_or_default();
    let requested = |execute_json: String, model: &str| {
        StepEvent::Requested(StepRequest { execute_json, model: model.to_owned(), previous: None })
    };
    let mut tries: Vec<(String, Vec<u8>, StepEvent)> = Vec::new();
    for (what, text) in texts() {
        let job = json!({ "type": name, "value": text, "args": text }).to_string();
        tries.push((format!("a job whose value is {what}"), Vec::new(), requested(job, "")));
        tries.push((format!("a job that is {what}"), Vec::new(), requested(text.clone(), &text)));
        let end = End { cause: EndCause::Exit(1), duration_ms: u64::MAX, tail: text.clone(), report: Some(text) };
        tries.push((format!("an end with the output {what}"), Vec::new(), StepEvent::Exited(end)));
    }
    for (what, value) in [("a number", json!(3)), ("a list", json!([1])), ("null", Value::Null)] {
        let job = json!({ "type": name, "value": value }).to_string();
        tries.push((format!("a job whose value is {what}"), Vec::new(), requested(job, "")));
    }
    let end = |cause| StepEvent::Exited(End { cause, duration_ms: 0, tail: String::new(), report: None });
    tries.push(("the end of a run that never began".to_owned(), Vec::new(), end(EndCause::Lost)));
    tries.push(("a prompt before all else".to_owned(), Vec::new(), StepEvent::Ready));
    tries.push(("the end of a wait that it never asked for".to_owned(), Vec::new(), StepEvent::Woke));
    tries.push(("a state that it never wrote".to_owned(), vec![0xff; 1000], end(EndCause::Exit(0))));
    for (what, state, event) in tries {
        let answer = plugins.step(&name, &call(), state, vec![event]).await;
        attacked.note_error(&what, answer.as_ref().err());
    }
}

fn guard(kind: Kind, bench: &Bench, plugins: &Plugins, attacked: &mut Attacked) {
    for (what, text) in texts() {
        let findings = match kind {
            Kind::CommandGuard => plugins.check_command(&call(), &parsed(&text)).verdict.findings,
            Kind::ToolGuard => plugins.check_tool(&call(), &text, &text, &surroundings()).verdict.findings,
            Kind::OutboundGuard => plugins.check_outbound(&call(), &text, &text).findings,
            Kind::RunGuard => plugins.judge_run(&call(), &text, &text).findings,
            Kind::SessionGuard => {
                plugins.session_context(&call(), Moment::Start, &[(text.clone(), text)]);
                Vec::new()
            }
            _ => plugins.scan_output(&call(), what, 0, text.as_bytes(), false).err().into_iter().collect(),
        };
        let own = format!("{}/", bench.id);
        let code = findings.iter().find_map(|finding| {
            finding.rule.strip_prefix(&own).filter(|code| FAULTS.contains(code)).map(str::to_owned)
        });
        attacked.note(&format!("{kind}: {what}"), code.as_deref());
    }
    if kind == Kind::OutputGuard {
        for (what, offset, bytes) in
            [("bytes that are no text", 0, vec![0xff; 1000]), ("the end of a long output", 1 << 60, Vec::new())]
        {
            let answer = plugins.scan_output(&call(), "test", offset, &bytes, true);
            let code = answer.err().and_then(|finding| finding.rule.rsplit('/').next().map(str::to_owned));
            attacked.note(&format!("{kind}: {what}"), code.as_deref());
        }
    }
}

async fn notifier(
    bench: &Bench,
    config: &Map<String, Value>,
    secrets: &Secrets,
    attacked: &mut Attacked,
) -> Result<(), String> {
    for (what, text) in texts() {
        let plugins = bench
            .load(config, secrets.clone(), &web(200, "{}")?, Arc::default(), Arc::default())
            .map_err(|error| error.to_string())?;
        let message = MessageCase { title: text.clone(), body: text };
        note_told(attacked, &format!("a message that is {what}"), &told(bench, &plugins, &message).await);
    }
    let message = MessageCase { title: "title".to_owned(), body: "body".to_owned() };
    for status in [200, 204, 301, 400, 401, 404, 409, 413, 429, 500, 503] {
        for (what, body) in texts() {
            let plugins = bench
                .load(config, secrets.clone(), &web(status, &body)?, Arc::default(), Arc::default())
                .map_err(|error| error.to_string())?;
            let told = told(bench, &plugins, &message).await;
            note_told(attacked, &format!("the answer {status} with {what}"), &told);
        }
    }
    Ok(())
}

fn note_told(attacked: &mut Attacked, what: &str, told: &Value) {
    attacked.note(what, told["failed"].as_str());
    if let (Some(why), Some(fault)) = (told["message"].as_str(), attacked.faults.last_mut())
        && told["failed"] == "trap"
    {
        fault.push_str(&format!(" ({why})"));
    }
}

/// A network that always answers so.
fn web(status: u16, body: &str) -> Result<ScriptedWeb, String> {
    let headers =
        if status == 429 { BTreeMap::from([("retry-after".to_owned(), "x".to_owned())]) } else { BTreeMap::new() };
    let answer = WebReply { status, headers, body: body.to_owned() };
    let always = Exchange { method: None, path: None, headers: BTreeMap::new(), json: None, body: None, answer };
    ScriptedWeb::start(Vec::new(), Some(always)).map_err(|error| error.to_string())
}
