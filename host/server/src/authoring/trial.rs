//! One case: the built component is loaded with doubles, asked, and its answer is held against what is expected.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use instar_core::command::{Command, Surroundings};
use instar_core::id::{Ids, PluginId};
use instar_core::notice::Message;
use instar_core::plan::{Action, End, EndCause, StepEvent, StepRequest};
use instar_core::verdict::{Severity, Verdict as GuardVerdict};
use instar_plugin::{
    Asker, CallContext, Cause, Grant, Inspection, Installed, Means, OperatorSays, PluginError, Plugins, PoolChoice,
    Settings, Source,
};
use instar_shell::{NoFiles, World};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::cases::{Case, Exited, MessageCase, Step, difference};
use super::doubles::{CaseSecrets, MemoryValues, ScriptedWeb};
use super::host_double::CaseHost;
use super::process_double::CaseProcesses;

/// A component on trial.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) id: PluginId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) seen: Inspection,
    /// For its native code.
    pub(crate) cache: PathBuf,
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    /// Nothing is wrong where this is empty.
    pub(crate) problems: Vec<String>,
}

/// Where a guard is asked: nothing of it is on this machine.
const PROJECT: &str = "/project";
/// One that cuts a message into more parts is at fault.
const MOST_PARTS: u32 = 500;
const PATIENCE: Duration = Duration::from_secs(60);
/// What stands in a configuration for the network of a case.
const WEB: &str = "{http}";

/// The moment at which cases happen.
pub(super) fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_767_225_600)
}

pub(crate) async fn run(bench: &Bench, case: &Case) -> Verdict {
    let problems = match tried(bench, case).await {
        Ok(problems) => problems,
        Err(problem) => vec![problem],
    };
    Verdict { name: case.name.clone(), problems }
}

async fn tried(bench: &Bench, case: &Case) -> Result<Vec<String>, String> {
    let web = ScriptedWeb::start(case.http.clone(), None).map_err(|error| error.to_string())?;
    let host = Arc::new(CaseHost::new(case.host.clone()));
    let processes = Arc::new(CaseProcesses::new(case.process.clone()));
    let plugins = bench.load(&case.config, case.secrets.clone(), &web, host.clone(), processes.clone());
    let plugins = match plugins {
        Ok(plugins) => plugins,
        Err(error) => return Ok(against(case.expect.as_ref(), &failed(&error))),
    };
    let found = tokio::time::timeout(PATIENCE, ask(bench, &plugins, case));
    let mut problems = found.await.map_err(|_| format!("no answer in {PATIENCE:?}"))??;
    problems.extend(web.problems(&case.http));
    problems.extend(host.problems());
    problems.extend(processes.problems());
    Ok(problems)
}

async fn ask(bench: &Bench, plugins: &Plugins, case: &Case) -> Result<Vec<String>, String> {
    if let Some(execute) = &case.execute {
        return steps(bench, plugins, execute, case).await;
    }
    let found = if let Some(message) = &case.message {
        told(bench, plugins, message).await
    } else if let Some(text) = &case.output {
        redacted(plugins, text)
    } else {
        judged(bench, plugins, case)?
    };
    Ok(against(case.expect.as_ref(), &found))
}

impl Bench {
    pub(super) fn load(
        &self,
        config: &Map<String, Value>,
        secrets: BTreeMap<String, String>,
        web: &ScriptedWeb,
        host: Arc<CaseHost>,
        processes: Arc<CaseProcesses>,
    ) -> Result<Plugins, PluginError> {
        let mut settings = Settings::new(self.cache.clone());
        let config = Value::Object(config.clone()).to_string().replace(WEB, &web.url);
        settings.configs.insert(self.id.clone(), serde_json::from_str(&config).unwrap_or_default());
        let grant =
            Grant { digest: format!("blake3:{}", self.seen.digest), allow: self.seen.asks.iter().cloned().collect() };
        let hosts = self.seen.hosts.iter().map(|host| (host.clone(), web.url.clone()));
        let mut hosts: BTreeMap<_, _> = hosts.collect();
        hosts.insert("127.0.0.1".to_owned(), web.url.clone());
        settings.operator.insert(self.id.clone(), OperatorSays { grant: Some(grant), hosts });
        settings.means = Means {
            values: Some(Arc::new(MemoryValues::default())),
            secrets: Some(Arc::new(CaseSecrets(secrets))),
            blobs_dir: Some(self.cache.join("blobs")),
            stopped_clock: Some(now()),
            jobs: Some(host.clone()),
            sessions: Some(host.clone()),
            events: Some(host),
            processes: Some(processes),
        };
        settings.pool = PoolChoice::OnDemand;
        let what = Installed {
            id: self.id.clone(),
            kinds: self.seen.kinds.clone(),
            digest: self.seen.digest.clone(),
            path: PathBuf::new(),
        };
        let source = Source::installed(what, Some(self.bytes.clone()));
        let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {})?;
        let is_of_cache =
            |error: &PluginError| matches!(error.cause, Cause::Cache { .. } | Cause::CacheMismatch { .. });
        match problems.into_iter().find(|error| !is_of_cache(error)) {
            Some(problem) => Err(problem),
            None => Ok(plugins),
        }
    }
}

/// Which answer differs, if one does.
fn against(expected: Option<&Value>, found: &Value) -> Vec<String> {
    expected.and_then(|expected| difference(expected, found, "the answer")).into_iter().collect()
}

pub(super) fn failed(error: &PluginError) -> Value {
    let code = match &error.cause {
        Cause::PluginFailed(failure) => failure.code.as_str(),
        _ => error.code(),
    };
    json!({ "failed": code, "message": error.cause.to_string(), "retry": error.is_retryable() })
}

async fn steps(bench: &Bench, plugins: &Plugins, execute: &Value, case: &Case) -> Result<Vec<String>, String> {
    let execute_type = bench.seen.about.as_ref().and_then(|about| about.execute_type.clone());
    let execute_type = execute_type.ok_or("`execute` is for execute types, and this plugin is none")?;
    let request = StepRequest { execute_json: execute.to_string(), model: case.model.clone(), previous: None };
    let call = call();
    let (mut state, mut problems) = (Vec::new(), Vec::new());
    let first = (StepEvent::Requested(request), case.expect.as_ref(), "at first".to_owned());
    let later = case
        .step
        .iter()
        .enumerate()
        .map(|(number, step)| (event(step), step.expect.as_ref(), format!("at step {}", number + 1)));
    for (event, expected, when) in std::iter::once(first).chain(later) {
        let found = match plugins.step(&execute_type, &call, state.clone(), vec![event]).await {
            Ok(result) => {
                state = result.state;
                result.actions.iter().map(action).collect()
            }
            Err(error) => failed(&error),
        };
        problems.extend(against(expected, &found).into_iter().map(|problem| format!("{when}, {problem}")));
    }
    Ok(problems)
}

fn event(step: &Step) -> StepEvent {
    match &step.exited {
        Some(Exited { status, output, report }) if !step.ready => StepEvent::Exited(End {
            cause: EndCause::Exit(*status),
            duration_ms: 1000,
            tail: output.clone(),
            report: report.as_ref().map(Value::to_string),
        }),
        None if step.woke => StepEvent::Woke,
        _ => StepEvent::Ready,
    }
}

fn action(action: &Action) -> Value {
    match action {
        Action::Launch(launch) => json!({ "launch": launch }),
        Action::Progress(text) => json!({ "progress": text }),
        Action::SendText(text) => json!({ "send-text": text }),
        Action::NoteUsage(usage) => json!({ "note-usage": usage }),
        Action::Wait(millis) => json!({ "wait": millis }),
        Action::Finish { verdict, message } => json!({ "finish": { "verdict": verdict, "message": message } }),
    }
}

fn judged(bench: &Bench, plugins: &Plugins, case: &Case) -> Result<Value, String> {
    let verdict = if let Some(text) = &case.command {
        plugins.check_command(&call(), &parsed(text)).verdict
    } else if let Some(tool) = &case.tool {
        plugins.check_tool(&call(), &tool.name, &tool.input.to_string(), &surroundings()).verdict
    } else if let Some(text) = &case.text {
        plugins.check_outbound(&call(), "test", text)
    } else if let Some(job) = &case.run {
        let history = case.history.as_ref().map_or_else(|| "[]".to_owned(), Value::to_string);
        plugins.judge_run(&call(), &job.to_string(), &history)
    } else {
        return Err(
            "it asks nothing: say `execute`, `command`, `tool`, `text`, `run`, `output` or `message`".to_owned()
        );
    };
    Ok(verdict_value(&bench.id, &verdict))
}

fn verdict_value(id: &PluginId, verdict: &GuardVerdict) -> Value {
    let own = format!("{id}/");
    let rules: Vec<_> =
        verdict.findings.iter().map(|finding| finding.rule.strip_prefix(&own).unwrap_or(&finding.rule)).collect();
    let answer = verdict.findings.iter().map(|finding| finding.answer).max();
    json!({
        "answer": answer.map_or(json!("pass"), |answer| json!(answer)),
        "rules": rules,
        "findings": verdict.findings.iter().map(|finding| json!({ "detail": finding.detail, "remedy": finding.remedy })).collect::<Vec<_>>(),
    })
}

fn redacted(plugins: &Plugins, text: &str) -> Value {
    match plugins.scan_output(&call(), "test", 0, text.as_bytes(), true) {
        Err(finding) => json!({ "failed": finding.rule }),
        Ok(scan) => {
            let mut clean = text.as_bytes().to_vec();
            let mut redactions = scan.redactions.clone();
            redactions.sort_by_key(|redaction| std::cmp::Reverse(redaction.start));
            for redaction in &redactions {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(clean.len());
                let range = place(redaction.start)..place(redaction.end);
                clean.splice(range, *b"***");
            }
            json!({ "shown": String::from_utf8_lossy(&clean), "redactions": redactions.len() })
        }
    }
}

pub(super) async fn told(bench: &Bench, plugins: &Plugins, message: &MessageCase) -> Value {
    let id = Ids::new(now(), 1).notice();
    let message = Message::notice(id, Severity::Info, message.title.clone(), message.body.clone());
    let mut receipts = Vec::new();
    while receipts.len() < MOST_PARTS as usize {
        let part = u32::try_from(receipts.len()).unwrap_or(MOST_PARTS);
        match plugins.deliver(&bench.id, &call(), &message, part).await {
            Err(error) => return failed(&error),
            Ok(receipt) => {
                receipts.push(receipt.provider_id);
                if !receipt.more {
                    return json!({ "parts": receipts.len(), "receipts": receipts });
                }
            }
        }
    }
    json!({ "failed": "endless", "message": format!("the message has more than {MOST_PARTS} parts") })
}

pub(super) fn call() -> CallContext {
    CallContext::new(Asker::Operator, now())
}

pub(super) fn surroundings() -> Surroundings {
    Surroundings {
        cwd: PROJECT.to_owned(),
        project_root: Some(PROJECT.to_owned()),
        home: Some("/home/ada".to_owned()),
        temp_dirs: vec!["/tmp".to_owned()],
        unattended: false,
    }
}

/// As the host would hand it over; no script that it names is read.
pub(super) fn parsed(text: &str) -> Command {
    let world =
        World { cwd: PROJECT, home: Some("/home/ada"), project_root: Some(PROJECT), temp_dir: "/tmp", files: &NoFiles };
    let found = instar_shell::parse(text, &world);
    Command { tool: "Bash".to_owned(), raw: text.to_owned(), surroundings: surroundings(), found }
}
