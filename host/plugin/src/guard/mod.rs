//! Calls of guards. They only tighten: the strictest answer stands, and a guard that gives none denies.
//!
//! All of this blocks for the time of a guard, so the engine calls it off its loop.

mod convert;
pub(crate) mod hook;

use std::time::{Duration, Instant};

use instar_core::command::{Command, Surroundings};
use instar_core::id::PluginId;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};

use crate::audit::Kind;
use crate::call::Live;
use crate::error::Cause;
use crate::plugins::{GuardHalf, Loaded, Plugins};
use crate::text;
use crate::wit::exports::{command_guard, plugin_meta, session_guard, tool_guard};
use crate::wit::since_v0_1::{self, CallContext, WitContext, WitVerdict};
use hook::{Moment, Rule, Scan};

/// What the guards of a hook point said, and how long each of them took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub took: Vec<(PluginId, Duration)>,
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
        self.judge(
            Kind::RunGuard,
            call,
            bytes,
            |half| half.run.as_ref(),
            |hook, live, ctx| {
                hook.load(&mut live.store, &live.instance)?.call_check(&mut live.store, ctx, job_json, history_json)
            },
        )
        .verdict
    }

    /// May this shell command run?
    pub fn check_command(&self, call: &CallContext, command: &Command) -> Judgement {
        let given = command_guard::Command::from(command);
        self.judge(
            Kind::CommandGuard,
            call,
            command.bytes(),
            |half| half.command.as_ref(),
            |hook, live, ctx| hook.load(&mut live.store, &live.instance)?.call_check(&mut live.store, ctx, &given),
        )
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
        self.judge(
            Kind::ToolGuard,
            call,
            bytes,
            |half| half.tool.as_ref(),
            |hook, live, ctx| hook.load(&mut live.store, &live.instance)?.call_check(&mut live.store, ctx, &given),
        )
    }

    /// May this text leave the machine?
    pub fn check_outbound(&self, call: &CallContext, channel: &str, text: &str) -> Verdict {
        let bytes = channel.len() + text.len();
        self.judge(
            Kind::OutboundGuard,
            call,
            bytes,
            |half| half.outbound.as_ref(),
            |hook, live, ctx| {
                hook.load(&mut live.store, &live.instance)?.call_check(&mut live.store, ctx, channel, text)
            },
        )
        .verdict
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
        let mut all = Scan::default();
        self.no_broken(Kind::OutputGuard)?;
        for (plugin, half) in self.guards() {
            let Some(hook) = &half.output else { continue };
            let answer = self.ask_guards(plugin, half, call, source.len() + chunk.len(), |live, ctx| {
                let guest = hook.load(&mut live.store, &live.instance)?;
                guest.call_scan(&mut live.store, ctx, source, offset, chunk, last)
            });
            let scan = answer.map_err(|cause| gave_none(plugin, &cause))?;
            convert::check_scan(&scan, offset, chunk.len()).map_err(|cause| gave_none(plugin, &cause))?;
            convert::merge_scan(&mut all, &plugin.id, scan);
        }
        Ok(all)
    }

    /// Texts to put before the model. A guard that gives none is left out and reported in the log.
    pub fn session_context(&self, call: &CallContext, at: Moment, files: &[(String, String)]) -> Vec<String> {
        let bytes = files.iter().map(|(name, content)| name.len() + content.len()).sum();
        let moment = session_guard::Moment::from(at);
        let mut texts = Vec::new();
        for (plugin, half) in self.guards() {
            let Some(hook) = &half.session else { continue };
            let answer = self.ask_guards(plugin, half, call, bytes, |live, ctx| {
                hook.load(&mut live.store, &live.instance)?.call_context(&mut live.store, ctx, moment, files)
            });
            match answer {
                Ok(given) => texts.extend(given.iter().map(|given| text::clean_up_to(given, CONTEXT_BYTES))),
                Err(cause) => drop(gave_none(plugin, &cause)),
            }
        }
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
    fn judge<H>(
        &self,
        kind: Kind,
        call: &CallContext,
        bytes: usize,
        hook: impl Fn(&GuardHalf) -> Option<&H>,
        check: impl Fn(&H, &mut Live, &WitContext) -> wasmtime::Result<WitVerdict>,
    ) -> Judgement {
        let mut took = Vec::new();
        let mut verdict = match self.no_broken(kind) {
            Ok(()) => Verdict::pass(),
            Err(finding) => Verdict::deny(finding),
        };
        for (plugin, half) in self.guards().filter(|(plugin, _)| is_asked(kind, plugin)) {
            let Some(hook) = hook(half) else { continue };
            let begun = Instant::now();
            let answer = self.ask_guards(plugin, half, call, bytes, |live, ctx| check(hook, live, ctx));
            took.push((plugin.id.clone(), begun.elapsed()));
            verdict = verdict.and(match answer {
                Ok(answer) => since_v0_1::verdict(&plugin.id, answer),
                Err(cause) => Verdict::deny(gave_none(plugin, &cause)),
            });
        }
        Judgement { verdict, took }
    }

    fn guards(&self) -> impl Iterator<Item = (&Loaded, &GuardHalf)> {
        self.loaded.iter().filter_map(|plugin| Some((plugin, plugin.guard.as_ref()?)))
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
        let callee = self.callee(plugin, self.guard_lane.as_ref(), &half.pre, &call.trace_id, self.limits.guard);
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
