//! Calls of guards. They only tighten: the strictest answer stands, and a guard that gives none denies.
//!
//! All of this blocks for the time of a guard, so the engine calls it off its loop.

mod convert;
pub(crate) mod hook;
pub(crate) mod question;

use std::time::{Duration, Instant};

use instar_core::command::{Command, Surroundings};
use instar_core::id::PluginId;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};

use crate::audit::Kind;
use crate::call::Live;
use crate::error::Cause;
use crate::plugins::{GuardHalf, Loaded, Plugins};
use crate::text;
use crate::wit::exports::{command_guard, plugin_meta, tool_guard};
use crate::wit::since_v0_1::{self, CallContext, WitContext, WitVerdict};
use hook::{Moment, Rule, Scan};
use question::{Question, Said};

/// What the guards of a hook point said, and how long each of them took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub took: Vec<(PluginId, Duration)>,
}

/// A part of an output.
#[derive(Clone, Copy)]
struct Piece<'a> {
    source: &'a str,
    offset: u64,
    chunk: &'a [u8],
    last: bool,
}

/// A question that is answered with a verdict, in the contract's words.
enum Put<'a> {
    Command(command_guard::Command),
    Tool(tool_guard::ToolCall),
    Outbound { channel: &'a str, text: &'a str },
    Run { job_json: &'a str, history_json: &'a str },
}

impl Plugins {
    pub fn has_run_guards(&self) -> bool {
        let is_broken = self.broken.iter().any(|guard| guard.kinds.contains(&Kind::RunGuard));
        is_broken || self.guards().any(|(plugin, half)| half.run.is_some() && is_asked(Kind::RunGuard, plugin))
    }

    /// Whether anybody would be asked at this hook point, so that a caller can save the preparation.
    pub fn has_guards(&self, kind: Kind) -> bool {
        let is_broken = self.broken.iter().any(|guard| guard.kinds.contains(&kind));
        is_broken || self.infos.iter().any(|info| info.enabled && kind.is_guard() && info.kinds.contains(&kind))
    }

    /// May this run start?
    pub fn judge_run(&self, call: &CallContext, job_json: &str, history_json: &str) -> Verdict {
        let bytes = job_json.len() + history_json.len();
        let question = || Question::Run { job_json: job_json.to_owned(), history_json: history_json.to_owned() };
        self.judge(call, &Put::Run { job_json, history_json }, bytes, question).verdict
    }

    /// May this shell command run?
    pub fn check_command(&self, call: &CallContext, command: &Command) -> Judgement {
        self.judge(call, &Put::Command(command.into()), command.bytes(), || Question::Command(command.clone()))
    }

    /// May this call of a tool happen?
    pub fn check_tool(
        &self,
        call: &CallContext,
        tool: &str,
        input_json: &str,
        surroundings: &Surroundings,
    ) -> Judgement {
        let bytes = tool.len() + input_json.len() + surroundings.bytes();
        let given = tool_guard::ToolCall {
            tool: tool.to_owned(),
            input_json: input_json.to_owned(),
            surroundings: surroundings.into(),
        };
        let question = || Question::Tool {
            tool: tool.to_owned(),
            input_json: input_json.to_owned(),
            surroundings: surroundings.clone(),
        };
        self.judge(call, &Put::Tool(given), bytes, question)
    }

    /// May this text leave the machine?
    pub fn check_outbound(&self, call: &CallContext, channel: &str, text: &str) -> Verdict {
        let question = || Question::Outbound { channel: channel.to_owned(), text: text.to_owned() };
        self.judge(call, &Put::Outbound { channel, text }, channel.len() + text.len(), question).verdict
    }

    /// What must not be seen in this chunk? An error means that the chunk must be withheld.
    pub fn scan_output(
        &self,
        call: &CallContext,
        source: &str,
        offset: u64,
        chunk: &[u8],
        last: bool,
    ) -> Result<Scan, Finding> {
        let (mut all, mut spoken) = (Scan::default(), Vec::new());
        self.no_broken(Kind::OutputGuard)?;
        let piece = Piece { source, offset, chunk, last };
        for (plugin, half) in self.guards() {
            let Some(scan) = self.scan_of(plugin, half, call, piece) else { continue };
            if self.is_heard(plugin) {
                spoken.push(self.spoken(plugin, scan.as_ref().map(|scan| Said::Scan(scan.clone()))));
            }
            convert::merge_scan(&mut all, scan.map_err(|cause| gave_none(plugin, &cause))?);
        }
        let question = || Question::Output { source: source.to_owned(), offset, chunk: chunk.to_vec(), last };
        self.tell(call, spoken, question);
        Ok(all)
    }

    /// Texts to put before the model. A guard that gives none is left out and reported in the log.
    pub fn session_context(&self, call: &CallContext, at: Moment, files: &[(String, String)]) -> Vec<String> {
        let (mut texts, mut spoken) = (Vec::new(), Vec::new());
        for (plugin, half) in self.guards() {
            let Some(given) = self.texts_of(plugin, half, call, at, files) else { continue };
            if self.is_heard(plugin) {
                spoken.push(self.spoken(plugin, given.as_ref().map(|given| Said::Texts(given.clone()))));
            }
            match given {
                Ok(given) => texts.extend(given),
                Err(cause) => drop(gave_none(plugin, &cause)),
            }
        }
        self.tell(call, spoken, || Question::Session { at, files: files.to_vec() });
        texts
    }

    /// Everything that the guards may find; those that list nothing have none here.
    pub fn rules(&self, call: &CallContext) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (plugin, half) in self.guards() {
            let answer = self.ask_guards(plugin, half, call, plugin.config_json.len(), |live, _| {
                let guest = plugin_meta::GuestIndices::new(&half.pre)?.load(&mut live.store, &live.instance)?;
                guest.call_rules(&mut live.store, &plugin.config_json)
            });
            match answer {
                Ok(given) => rules.extend(given.into_iter().map(|rule| since_v0_1::rule(&plugin.id, rule))),
                Err(cause) => drop(gave_none(plugin, &cause)),
            }
        }
        rules
    }

    /// Asks every guard of a hook point and keeps the strictest answer.
    fn judge(&self, call: &CallContext, put: &Put<'_>, bytes: usize, question: impl FnOnce() -> Question) -> Judgement {
        let (mut took, mut spoken) = (Vec::new(), Vec::new());
        let mut verdict = match self.no_broken(put.kind()) {
            Ok(()) => Verdict::pass(),
            Err(finding) => Verdict::deny(finding),
        };
        for (plugin, half) in self.guards().filter(|(plugin, _)| is_asked(put.kind(), plugin)) {
            let begun = Instant::now();
            let Some(answer) = self.verdict_of(plugin, half, call, put, bytes) else { continue };
            took.push((plugin.id.clone(), begun.elapsed()));
            if self.is_heard(plugin) {
                spoken.push(self.spoken(plugin, answer.as_ref().map(|verdict| Said::Verdict(verdict.clone()))));
            }
            verdict = verdict.and(match answer {
                Ok(answer) => answer,
                Err(cause) => Verdict::deny(gave_none(plugin, &cause)),
            });
        }
        self.tell(call, spoken, question);
        Judgement { verdict, took }
    }

    fn guards(&self) -> impl Iterator<Item = (&Loaded, &GuardHalf)> {
        self.loaded.iter().filter_map(|plugin| Some((plugin, plugin.guard.as_ref()?)))
    }

    /// `None` where the guard judges nothing of this kind.
    fn verdict_of(
        &self,
        plugin: &Loaded,
        half: &GuardHalf,
        call: &CallContext,
        put: &Put<'_>,
        bytes: usize,
    ) -> Option<Result<Verdict, Cause>> {
        put.is_for(half).then(|| {
            let answer = self.ask_guards(plugin, half, call, bytes, |live, ctx| put.to(half, live, ctx));
            answer.map(|answer| since_v0_1::verdict(&plugin.id, answer))
        })
    }

    /// `None` where the guard looks through no output.
    fn scan_of(
        &self,
        plugin: &Loaded,
        half: &GuardHalf,
        call: &CallContext,
        Piece { source, offset, chunk, last }: Piece<'_>,
    ) -> Option<Result<Scan, Cause>> {
        let hook = half.output.as_ref()?;
        let answer = self.ask_guards(plugin, half, call, source.len() + chunk.len(), |live, ctx| {
            let guest = hook.load(&mut live.store, &live.instance)?;
            guest.call_scan(&mut live.store, ctx, source, offset, chunk, last)
        });
        Some(answer.and_then(|scan| {
            convert::check_scan(&scan, offset, chunk.len())?;
            Ok(convert::scan(&plugin.id, scan))
        }))
    }

    /// `None` where the guard has nothing to say to models.
    fn texts_of(
        &self,
        plugin: &Loaded,
        half: &GuardHalf,
        call: &CallContext,
        at: Moment,
        files: &[(String, String)],
    ) -> Option<Result<Vec<String>, Cause>> {
        let hook = half.session.as_ref()?;
        let bytes = files.iter().map(|(name, content)| name.len() + content.len()).sum();
        let answer = self.ask_guards(plugin, half, call, bytes, |live, ctx| {
            hook.load(&mut live.store, &live.instance)?.call_context(&mut live.store, ctx, at.into(), files)
        });
        Some(answer.map(|given| given.iter().map(|given| text::clean_up_to(given, CONTEXT_BYTES)).collect()))
    }

    /// One guard, in an instance of its own.
    fn ask_guards<T>(
        &self,
        plugin: &Loaded,
        half: &GuardHalf,
        call: &CallContext,
        bytes: usize,
        check: impl FnOnce(&mut Live, &WitContext) -> wasmtime::Result<T>,
    ) -> Result<T, Cause> {
        let callee = self.callee(plugin, self.guard_lane.as_ref(), &half.pre, &call.trace_id, plugin.limits.guard);
        let mut live = callee.start(bytes)?;
        let outcome = check(&mut live, &call.into());
        live.settle(outcome)
    }

    /// A guard that should be asked and could not be loaded.
    fn no_broken(&self, kind: Kind) -> Result<(), Finding> {
        match self.broken.iter().find(|guard| guard.kinds.contains(&kind)) {
            Some(guard) => Err(Finding {
                rule: format!("{}/{}", guard.id, guard.code),
                answer: Answer::Deny,
                severity: Severity::Critical,
                detail: match guard.code {
                    "quarantined" => {
                        format!("the guard `{}` gave no verdict too often, and is in quarantine", guard.id)
                    }
                    code => format!("the guard `{}` could not be loaded ({code})", guard.id),
                },
                remedy: Some(match guard.code {
                    "quarantined" => format!("`instar plugin enable {}` lets it judge again", guard.id),
                    _ => format!("repair the plugin `{}` or disable it", guard.id),
                }),
                command: None,
            }),
            None => Ok(()),
        }
    }
}

impl Put<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Command(_) => Kind::CommandGuard,
            Self::Tool(_) => Kind::ToolGuard,
            Self::Outbound { .. } => Kind::OutboundGuard,
            Self::Run { .. } => Kind::RunGuard,
        }
    }

    fn is_for(&self, half: &GuardHalf) -> bool {
        match self {
            Self::Command(_) => half.command.is_some(),
            Self::Tool(_) => half.tool.is_some(),
            Self::Outbound { .. } => half.outbound.is_some(),
            Self::Run { .. } => half.run.is_some(),
        }
    }

    /// Only for those that it [is for](Put::is_for).
    fn to(&self, half: &GuardHalf, live: &mut Live, ctx: &WitContext) -> wasmtime::Result<WitVerdict> {
        const IS_THERE: &str = "only guards of this hook point are asked";
        let (store, instance) = (&mut live.store, &live.instance);
        match self {
            Self::Command(given) => {
                half.command.as_ref().expect(IS_THERE).load(&mut *store, instance)?.call_check(store, ctx, given)
            }
            Self::Tool(given) => {
                half.tool.as_ref().expect(IS_THERE).load(&mut *store, instance)?.call_check(store, ctx, given)
            }
            Self::Outbound { channel, text } => {
                let guest = half.outbound.as_ref().expect(IS_THERE).load(&mut *store, instance)?;
                guest.call_check(store, ctx, channel, text)
            }
            Self::Run { job_json, history_json } => {
                let guest = half.run.as_ref().expect(IS_THERE).load(&mut *store, instance)?;
                guest.call_check(store, ctx, job_json, history_json)
            }
        }
    }
}

/// A guard of runs that ships has nothing to say until somebody configures it.
fn is_asked(kind: Kind, plugin: &Loaded) -> bool {
    kind != Kind::RunGuard || plugin.is_set_up
}

/// The longest text that a session guard may put before the model.
const CONTEXT_BYTES: usize = 64 << 10;

/// The cause is for the operator; a finding may reach a model, so it only names plugin and code.
fn gave_none(plugin: &Loaded, cause: &Cause) -> Finding {
    let (id, code) = (&plugin.id, cause.code());
    tracing::warn!(plugin = %id, code, %cause, "a guard gave no verdict");
    Finding {
        rule: format!("{id}/{code}"),
        answer: Answer::Deny,
        severity: Severity::Critical,
        detail: format!("the guard `{id}` gave no verdict ({code})"),
        remedy: None,
        command: None,
    }
}
