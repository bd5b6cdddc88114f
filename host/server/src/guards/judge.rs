//! One question to all guards, and what the operator's policy makes of their answers.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use instar_core::command::{Command, Surroundings};
use instar_core::id::PluginId;
use instar_core::verdict::{Answer, Finding, Severity};
use instar_plugin::{
    Asker, CallContext, Cause, Ear, Kind, Moment, Origin, PluginError, Plugins, PoolChoice, Settings, Source, Trial,
};
use instar_shell::World;
use jiff::Timestamp;
use serde_json::Value;

use super::policy::Subject;
use super::project_files::ProjectFiles;
use super::redact::{self, Redacted};
use super::{Approval, Approvals, Fate, Home, Judged};
use crate::config::Config;
use crate::guards::policy::Policy;

/// The guards of a project, and what its operator decided about them.
#[derive(Debug)]
pub(crate) struct Guards {
    plugins: Arc<Plugins>,
    home: Home,
    policy: Result<Policy, String>,
    /// What stands against everything: a guard of which nothing is known.
    problems: Vec<Finding>,
    /// What somebody should know, although the guards work.
    pub(crate) notes: Vec<String>,
    /// Never shown in a log.
    secrets: Vec<String>,
}

/// A tool that is about to be called.
#[derive(Debug, Clone)]
pub(crate) struct ToolUse {
    pub(crate) tool: String,
    pub(crate) input: Value,
    pub(crate) cwd: String,
    pub(crate) session: Option<String>,
    /// The job whose run it is a part of.
    pub(crate) job: Option<String>,
    /// The session of the host that it happens in.
    pub(crate) within: Option<String>,
    /// Nobody is there to answer a question.
    pub(crate) unattended: bool,
    /// Nothing is about to happen; it is only asked what would be said.
    pub(crate) only_asks: bool,
}

/// What became of a question.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    pub(crate) findings: Vec<Judged>,
    pub(crate) times: Vec<(PluginId, Duration)>,
    pub(crate) tool: String,
    /// Cut, and without secrets.
    pub(crate) subject: String,
    /// The question that a person may answer, or whose answer was used up.
    pub(crate) approval: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) unattended: bool,
    pub(crate) took: Duration,
    /// What the parser made of a shell command.
    pub(crate) command: Option<Command>,
}

/// How long one guard may take in a process of its own: many hooks may run at once on a busy machine, and a
/// guard that waits for the processor is not one that spins.
const PATIENCE: Duration = Duration::from_secs(2);

impl Guards {
    /// For a process of its own: loads what is needed for these hook points and nothing else.
    /// The ear hears what those said beside which another build stands.
    pub(crate) fn open(home: Home, kinds: &[Kind], ear: Option<Arc<dyn Ear>>) -> Result<Self, PluginError> {
        let (config, problem) = home.config();
        let mut settings = match &config {
            Some(config) => crate::wiring::plugin_settings(home.native_code(), config, &home.plugins()),
            None => Settings::new(home.native_code()),
        };
        settings.ear = ear;
        settings.pool = PoolChoice::OnDemand;
        settings.trial = Trial::Once;
        settings.only = kinds.to_vec();
        settings.limits.guard.wall = PATIENCE;
        settings.limits.check_at_least = PATIENCE;
        settings.limits.validate.wall = PATIENCE;
        let mut sources = crate::wiring::plugin_sources_of(crate::bundled::plugins(), &home.plugins(), kinds);
        sources.retain(may_be_guard);
        let (plugins, errors) = Plugins::load(sources, settings, &mut |_| {})?;
        let problems = errors.iter().filter(|error| is_unknown(error)).map(unknown_guard).collect();
        let mut guards = Self::of(Arc::new(plugins), home, config.as_ref());
        guards.problems = problems;
        guards.notes.extend(problem);
        Ok(guards)
    }

    /// For a host whose plugins are loaded.
    pub(crate) fn of(plugins: Arc<Plugins>, home: Home, config: Option<&Config>) -> Self {
        let policy = Policy::load(&home.policy()).map_err(|error| crate::cli::sentence(&error.into()));
        Self { plugins, home, policy, problems: Vec::new(), notes: Vec::new(), secrets: secrets_of(config) }
    }

    pub(crate) fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// May this happen?
    pub(crate) fn judge(&self, using: ToolUse, now: Timestamp) -> Decision {
        let begun = Instant::now();
        let surroundings = self.surroundings(&using);
        let call = CallContext::new(Asker::Agent, now);
        let text = shell_text(&using.tool, &using.input);
        let (mut findings, mut times, mut command) = (self.problems.clone(), Vec::new(), None);
        if let Some(text) = text {
            let parsed = self.parsed(&using.tool, text, surroundings.clone());
            let judgement = self.plugins.check_command(&call, &parsed);
            findings.extend(judgement.verdict.findings);
            times.extend(judgement.took);
            command = Some(parsed);
        } else if is_shell(&using.tool) {
            findings.push(stopping("instar/no-command", "the tool is a shell, and its input has no `command` text"));
        }
        if !is_shell(&using.tool) {
            let judgement = self.plugins.check_tool(&call, &using.tool, &using.input.to_string(), &surroundings);
            findings.extend(judgement.verdict.findings);
            times.extend(judgement.took);
        }
        let findings = self.settled(findings, &using, command.as_ref(), now);
        let answer = standing(&findings);
        let mut decision = Decision {
            answer,
            findings,
            times,
            subject: self.subject(&call, text, &using.input),
            tool: using.tool.clone(),
            approval: None,
            session: using.session.clone(),
            unattended: using.unattended,
            took: Duration::ZERO,
            command,
        };
        if answer == Answer::Ask && using.unattended {
            self.without_a_person(&mut decision, &using, now);
        }
        decision.took = begun.elapsed();
        decision
    }

    /// A value without what must not be seen.
    pub(crate) fn redact(&self, source: &str, value: &Value, now: Timestamp) -> Redacted {
        let call = CallContext::new(Asker::Agent, now);
        let mut redacted = redact::redact(&self.plugins, &call, source, value, &self.secrets);
        redacted.findings.extend(self.problems.iter().cloned());
        redacted
    }

    /// Texts to put before the model at this moment.
    pub(crate) fn context(&self, at: Moment, now: Timestamp) -> Vec<String> {
        let call = CallContext::new(Asker::Agent, now);
        let files: Vec<(String, String)> = ["AGENT.md", "USER.md", "MEMORY.md"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), note(&self.home.agent_files().join(name))?)))
            .collect();
        self.plugins.session_context(&call, at, &files)
    }

    fn surroundings(&self, using: &ToolUse) -> Surroundings {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut temp_dirs = vec!["/tmp".to_owned(), "/var/tmp".to_owned()];
        let own = std::env::temp_dir();
        if own.is_absolute() && !temp_dirs.contains(&text(&own)) {
            temp_dirs.push(text(&own));
        }
        Surroundings {
            cwd: using.cwd.clone(),
            project_root: self.home.project.as_ref().map(|project| text(project.dir())),
            home: self.home.user_home.as_deref().map(text),
            temp_dirs,
            unattended: using.unattended,
        }
    }

    fn parsed(&self, tool: &str, text: &str, surroundings: Surroundings) -> Command {
        let world = World {
            cwd: &surroundings.cwd,
            home: surroundings.home.as_deref(),
            project_root: surroundings.project_root.as_deref(),
            temp_dir: "/tmp",
            files: &ProjectFiles,
        };
        let found = instar_shell::parse(text, &world);
        Command { tool: tool.to_owned(), raw: text.to_owned(), surroundings, found }
    }

    /// Every finding with what the operator says about it. A policy that cannot be read silences nothing.
    fn settled(
        &self,
        mut findings: Vec<Finding>,
        using: &ToolUse,
        command: Option<&Command>,
        now: Timestamp,
    ) -> Vec<Judged> {
        let path = ["file_path", "notebook_path", "path", "url"].iter().find_map(|key| using.input.get(key)?.as_str());
        let subject = match command {
            Some(command) => Subject::Commands(&command.found.commands),
            None => Subject::Tool { name: &using.tool, path },
        };
        match &self.policy {
            Ok(policy) => {
                findings.extend(policy.denials(subject));
                let fate = |finding: &Finding| policy.fate(finding, subject, now);
                findings.into_iter().map(|finding| Judged { fate: fate(&finding), finding }).collect()
            }
            Err(problem) => {
                findings.push(stopping("project/guards-toml", problem));
                findings.into_iter().map(|finding| Judged { finding, fate: Fate::Stands }).collect()
            }
        }
    }

    /// Nobody can answer: a yes that was given before counts once, else the question is noted and it is a no.
    fn without_a_person(&self, decision: &mut Decision, using: &ToolUse, now: Timestamp) {
        let hash = fingerprint(using, decision.command.as_ref());
        let id = hash[..10].to_owned();
        let approvals = Approvals::new(self.home.approvals());
        if !using.only_asks && approvals.use_up(&id, &hash, now) {
            for judged in decision.findings.iter_mut().filter(|judged| judged.finding.answer == Answer::Ask) {
                judged.fate = Fate::Approved;
            }
            decision.answer = standing(&decision.findings);
            decision.approval = Some(id);
            return;
        }
        decision.answer = Answer::Deny;
        if using.only_asks {
            return;
        }
        let rules = decision.findings.iter().filter(|judged| judged.fate == Fate::Stands);
        let approval = Approval {
            id: id.clone(),
            hash,
            tool: using.tool.clone(),
            subject: decision.subject.clone(),
            cwd: using.cwd.clone(),
            rules: rules.map(|judged| judged.finding.rule.clone()).collect(),
            job: using.job.clone(),
            within: using.within.clone(),
            asked_at: now,
            approved_at: None,
        };
        // Where it cannot be noted, it stays a no that nobody can change.
        decision.approval = approvals.ask(&approval).is_ok().then_some(id);
    }

    fn subject(&self, call: &CallContext, text: Option<&str>, input: &Value) -> String {
        let whole: Cow<'_, str> = text.map_or_else(|| input.to_string().into(), Into::into);
        redact::for_log(&self.plugins, call, &whole, &self.secrets)
    }
}

/// What is never shown in a log.
pub(super) fn secrets_of(config: Option<&Config>) -> Vec<String> {
    config.and_then(|config| config.token.as_ref()).map(|token| token.reveal().to_owned()).into_iter().collect()
}

/// The text that a tool would have a shell run.
fn shell_text<'a>(tool: &str, input: &'a Value) -> Option<&'a str> {
    let runs = is_shell(tool) || {
        let name = tool.to_ascii_lowercase();
        tool.starts_with("mcp__")
            && ["shell", "bash", "exec", "terminal", "command"].iter().any(|part| name.contains(part))
    };
    input.get("command").and_then(Value::as_str).filter(|_| runs)
}

/// Tools that do nothing but run a command. The names are those of the agent CLIs that have hooks.
fn is_shell(tool: &str) -> bool {
    matches!(tool, "Bash" | "Shell" | "shell" | "run_shell_command" | "local_shell" | "exec_command" | "Monitor")
}

/// The strictest of what counts.
fn standing(findings: &[Judged]) -> Answer {
    let counts = findings.iter().filter(|judged| judged.fate == Fate::Stands);
    counts.map(|judged| judged.finding.answer).max().unwrap_or(Answer::Pass)
}

/// Exactly this call: the same tool, folder and input, and the same scripts.
fn fingerprint(using: &ToolUse, command: Option<&Command>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [&using.tool, &using.cwd, &using.input.to_string()] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    for code in command.iter().flat_map(|command| &command.found.code) {
        hasher.update(code.sha256.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// What ships is named after its kind, so that the others need not even be looked at.
fn may_be_guard(source: &Source) -> bool {
    match &source.origin {
        Origin::Bundled { name } => name.starts_with("guard-"),
        Origin::File(_) | Origin::Installed(_) => true,
    }
}

/// A component of which not even the kind is known may be a guard.
fn is_unknown(error: &PluginError) -> bool {
    !matches!(
        error.cause,
        Cause::Cache { .. }
            | Cause::CacheMismatch { .. }
            | Cause::DuplicatePlugin { .. }
            | Cause::DuplicateExecuteType { .. }
    )
}

fn unknown_guard(error: &PluginError) -> Finding {
    let (plugin, code) = (&error.plugin, error.code());
    Finding {
        remedy: Some(format!("repair the plugin `{plugin}`, or take it out of .instar/plugins")),
        ..stopping(
            &format!("{plugin}/{code}"),
            &format!("the plugin `{plugin}`, which may be a guard, could not be loaded ({code})"),
        )
    }
}

fn stopping(rule: &str, detail: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        answer: Answer::Deny,
        severity: Severity::Critical,
        detail: detail.to_owned(),
        remedy: None,
        command: None,
    }
}

/// One of the agent's own notes; cut, since a model reads it.
fn note(path: &Path) -> Option<String> {
    const LONGEST_NOTE: usize = 32 << 10;
    let text = std::fs::read_to_string(path).ok()?;
    Some(text[..text.floor_char_boundary(LONGEST_NOTE)].to_owned())
}
