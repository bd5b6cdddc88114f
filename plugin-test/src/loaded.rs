//! A plugin that was loaded: what it is asked, and what it did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use instar_core::command::{Command, Surroundings};
use instar_core::id::Ids;
use instar_core::notice::Message;
use instar_core::plan::{Beginning, StepRequest};
use instar_core::verdict::Severity;
use instar_plugin::{Asker, Batch, CallContext, Moment, PluginError, Plugins, PollResponse, StatsBook, StoppedClock};
use instar_shell::{NoFiles, World};
use jiff::Timestamp;
use serde_json::Value;

use crate::answer::{Delivered, Failure, Judged, Redacted, of_plugin};
use crate::double::host::{Done, HostDouble};
use crate::double::process::ProcessDouble;
use crate::double::web::{Asked, ScriptedWeb};
use crate::plugin::{Component, WEB};
use crate::run::Run;
use crate::wait::wait;

/// A plugin in an engine, and its doubles.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) component: Arc<Component>,
    pub(crate) plugins: Plugins,
    pub(crate) web: ScriptedWeb,
    pub(crate) host: Arc<HostDouble>,
    pub(crate) processes: Arc<ProcessDouble>,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) stats: Arc<StatsBook>,
}

/// Where guards are asked: nothing of it is on this machine.
const PROJECT: &str = "/project";
/// One that cuts a message into more parts is at fault.
const MOST_PARTS: u32 = 500;

impl Loaded {
    /// What a run would begin with. `execute` is the job's `execute` object; `{http}` in it stands for
    /// the URL of the scripted network.
    ///
    /// # Errors
    /// In the plugin's words, or by a fault of it.
    pub fn plan(&self, execute: &Value) -> Result<Beginning, Failure> {
        let asked = request(self.with_web(execute), "");
        answered(wait(self.plugins.plan(&self.execute_type(), &self.call(), &asked)))
    }

    /// A run of a job with this `execute` object. Nothing is asked yet.
    pub fn run(&self, execute: &Value) -> Run<'_> {
        self.run_with_model(execute, "")
    }

    /// The same for a job that names a model.
    pub fn run_with_model(&self, execute: &Value, model: &str) -> Run<'_> {
        Run::new(self, request(self.with_web(execute), model))
    }

    /// `{http}` stands for the URL of the scripted network.
    fn with_web(&self, execute: &Value) -> String {
        execute.to_string().replace(WEB, self.web.url())
    }

    /// What it says of a shell command, which the host's parser reads; no script that it names is read.
    pub fn judge(&self, command: &str) -> Judged {
        self.judged(self.plugins.check_command(&self.call(), &parsed(command)).verdict)
    }

    /// What it says of a call of another tool.
    pub fn judge_tool(&self, tool: &str, input: &Value) -> Judged {
        self.judge_tool_text(tool, &input.to_string())
    }

    pub(crate) fn judge_tool_text(&self, tool: &str, input: &str) -> Judged {
        self.judged(self.plugins.check_tool(&self.call(), tool, input, &surroundings()).verdict)
    }

    /// What it says of a text that would leave by this channel.
    pub fn judge_text(&self, channel: &str, text: &str) -> Judged {
        self.judged(self.plugins.check_outbound(&self.call(), channel, text))
    }

    /// What it says of a run that would start: what guards are told of its job, and the runs that it had, the newest
    /// first.
    pub fn judge_run(&self, job: &Value, history: &Value) -> Judged {
        self.judge_run_text(&job.to_string(), &history.to_string())
    }

    pub(crate) fn judge_run_text(&self, job: &str, history: &str) -> Judged {
        self.judged(self.plugins.judge_run(&self.call(), job, history))
    }

    /// What it leaves of an output.
    ///
    /// # Errors
    /// When the host would show nothing of it, because the guard gave no answer that can be used.
    pub fn redact(&self, output: impl AsRef<[u8]>) -> Result<Redacted, Failure> {
        let output = output.as_ref();
        let scan = self.plugins.scan_output(&self.call(), "test", 0, output, true);
        let scan = scan.map_err(|finding| self.of_host(&finding.rule, finding.detail))?;
        let mut redactions = scan.redactions;
        redactions.sort_by_key(|redaction| redaction.start);
        let mut clean = output.to_vec();
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(output.len());
        for redaction in redactions.iter().rev() {
            let range = place(redaction.start).min(clean.len())..place(redaction.end).min(clean.len());
            clean.splice(range, *b"***");
        }
        Ok(Redacted {
            shown: String::from_utf8_lossy(&clean).into_owned(),
            kinds: redactions.into_iter().map(|redaction| redaction.kind).collect(),
            findings: scan.escalate.into_iter().map(|finding| of_plugin(&self.component.id, finding)).collect(),
        })
    }

    /// One chunk of an output that goes on, at this place of it.
    pub(crate) fn scan(&self, offset: u64, chunk: &[u8]) -> Result<(), Failure> {
        let scan = self.plugins.scan_output(&self.call(), "test", offset, chunk, false);
        scan.map(drop).map_err(|finding| self.of_host(&finding.rule, finding.detail))
    }

    /// The texts that it puts before a model at this moment. `files` are the agent's notes: name and content.
    pub fn context(&self, at: Moment, files: &[(String, String)]) -> Vec<String> {
        self.plugins.session_context(&self.call(), at, files)
    }

    /// Has it tell people something, with all the parts that it makes of it.
    ///
    /// # Errors
    /// In the plugin's words, or by a fault of it.
    pub fn deliver(&self, title: &str, body: &str) -> Result<Delivered, Failure> {
        let id = Ids::new(self.clock.now(), 1).notice();
        let message = Message::notice(id, Severity::Info, title.to_owned(), body.to_owned());
        let mut receipts = Vec::new();
        for part in 0..MOST_PARTS {
            let receipt = answered(wait(self.plugins.deliver(&self.component.id, &self.call(), &message, part)))?;
            receipts.push(receipt.provider_id);
            if !receipt.more {
                return Ok(Delivered { receipts });
            }
        }
        Err(Failure::fault("endless", format!("the message has more than {MOST_PARTS} parts")))
    }

    /// Has the scripted network asked once for what people said, and reads the answer.
    ///
    /// # Errors
    /// In the plugin's words, or by a fault of it.
    pub fn hear(&self, cursor: Option<&str>) -> Result<Batch, Failure> {
        let (id, call) = (&self.component.id, self.call());
        let heard = async {
            let poll = self.plugins.next_poll(id, &call, cursor).await?;
            let response = self.plugins.ask(id, poll.request, Duration::from_secs(10)).await?;
            self.plugins.receive(id, &call, cursor, response).await
        };
        answered(wait(heard))
    }

    /// Has it open a thread, and tells what the other side calls it.
    ///
    /// # Errors
    /// In the plugin's words, or by a fault of it.
    pub fn open_thread(&self, conversation: &str, name: &str) -> Result<String, Failure> {
        let (id, call) = (&self.component.id, self.call());
        answered(wait(self.plugins.open_thread(id, &call, conversation, name, Severity::Info)))
    }

    /// What it reads in an answer that came some other way.
    pub(crate) fn receive(&self, cursor: Option<&str>, status: u16, body: &str) -> Result<Batch, Failure> {
        let response = PollResponse::new(status, body);
        answered(wait(self.plugins.receive(&self.component.id, &self.call(), cursor, response)))
    }

    /// What both clocks show.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets so much time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// What it did with jobs, sessions and events since this was asked last.
    pub fn done(&self) -> Done {
        self.host.done()
    }

    /// The requests that came to the scripted network.
    pub fn asked(&self) -> Vec<Asked> {
        self.web.asked()
    }

    /// What it asked and ran otherwise than the scripts expect, or did not at all.
    pub fn problems(&self) -> Vec<String> {
        self.web.problems().into_iter().chain(self.processes.problems()).collect()
    }

    /// How often it gave no answer, by the host's codes.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.stats.told(&self.component.id).map(|stats| stats.faults).unwrap_or_default()
    }

    /// The name by which jobs call it; empty for one that is no execute type.
    pub(crate) fn execute_type(&self) -> String {
        self.component.seen.about.as_ref().and_then(|about| about.execute_type.clone()).unwrap_or_default()
    }

    pub(crate) fn call(&self) -> CallContext {
        CallContext::new(Asker::Operator, self.clock.now())
    }

    fn judged(&self, verdict: instar_core::verdict::Verdict) -> Judged {
        Judged::new(&self.component.id, verdict)
    }

    /// A finding that the host made in the place of the guard.
    fn of_host(&self, rule: &str, detail: String) -> Failure {
        let own = rule.strip_prefix(self.component.id.as_str()).and_then(|rule| rule.strip_prefix('/'));
        Failure::fault(own.unwrap_or(rule), detail)
    }
}

pub(crate) fn answered<T>(answer: Result<T, PluginError>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::of(&error))
}

pub(crate) fn request(execute_json: String, model: &str) -> StepRequest {
    StepRequest { execute_json, model: model.to_owned(), previous: None }
}

fn surroundings() -> Surroundings {
    Surroundings {
        cwd: PROJECT.to_owned(),
        project_root: Some(PROJECT.to_owned()),
        home: Some("/home/ada".to_owned()),
        temp_dirs: vec!["/tmp".to_owned()],
        unattended: false,
    }
}

/// As the host would hand it over.
fn parsed(text: &str) -> Command {
    let world =
        World { cwd: PROJECT, home: Some("/home/ada"), project_root: Some(PROJECT), temp_dir: "/tmp", files: &NoFiles };
    let found = instar_shell::parse(text, &world);
    Command { tool: "Bash".to_owned(), raw: text.to_owned(), surroundings: surroundings(), found }
}
