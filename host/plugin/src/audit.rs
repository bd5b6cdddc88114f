//! What a component is and what it may use, read from its imports and exports alone.
//!
//! What it exports says which kinds it is; there is no second place that could disagree. What it imports
//! must be part of the inert baseline, which every guest of the Rust standard library asks for, or of
//! what its kinds may ask the host.

use std::fmt;

use crate::binary::Outline;
use crate::error::Cause;

/// The package of the contract.
const PACKAGE: &str = "instar:plugin/";
/// The version of the contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";

/// Linked without effect: an empty environment, closed streams, a fixed seed.
///
/// The seed is what the standard library's hash maps ask for; being fixed, it keeps guards deterministic.
const BASELINE: [&str; 14] = [
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:random/insecure-seed",
];

/// What a manifest must ask for, and a grant must allow: the interfaces, what some of them do only with a grant of
/// their own, and limits beyond what is usual.
pub const RIGHTS: [&str; 12] = [
    "clock",
    "kv",
    "secrets",
    "http",
    "jobs",
    "jobs-trigger",
    "sessions",
    "sessions-write",
    "events",
    "events-emit",
    "process",
    "limits",
];

/// What a plugin can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Execute,
    Notifier,
    /// A notifier that has threads.
    NotifierThreads,
    /// A notifier that hears people.
    NotifierInbound,
    CommandGuard,
    ToolGuard,
    OutboundGuard,
    RunGuard,
    OutputGuard,
    SessionGuard,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Execute,
        Self::Notifier,
        Self::NotifierThreads,
        Self::NotifierInbound,
        Self::CommandGuard,
        Self::ToolGuard,
        Self::OutboundGuard,
        Self::RunGuard,
        Self::OutputGuard,
        Self::SessionGuard,
    ];

    /// All hook points of guards.
    pub const GUARDS: [Self; 6] = [
        Self::CommandGuard,
        Self::ToolGuard,
        Self::OutboundGuard,
        Self::RunGuard,
        Self::OutputGuard,
        Self::SessionGuard,
    ];

    /// The interface that makes a component one of this kind.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Notifier => "notifier",
            Self::NotifierThreads => "notifier-threads",
            Self::NotifierInbound => "notifier-inbound",
            Self::CommandGuard => "command-guard",
            Self::ToolGuard => "tool-guard",
            Self::OutboundGuard => "outbound-guard",
            Self::RunGuard => "run-guard",
            Self::OutputGuard => "output-guard",
            Self::SessionGuard => "session-guard",
        }
    }

    /// The kind of this name.
    pub fn named(interface: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.interface() == interface)
    }

    /// Guards are called synchronously, the others are not.
    pub fn is_guard(self) -> bool {
        !(self.is_notifier() || self == Self::Execute)
    }

    pub(crate) fn is_notifier(self) -> bool {
        matches!(self, Self::Notifier | Self::NotifierThreads | Self::NotifierInbound)
    }

    /// Whether a plugin of this kind may import this interface of ours.
    fn may_import(self, interface: &str) -> bool {
        match interface {
            "types" | "log" => true,
            "config" => self != Self::Execute,
            // Types only.
            "guard-types" => true,
            // Types of an interface that the plugin exports can be imported from the same interface.
            other => other == self.interface(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.interface())
    }
}

/// The kinds of a component that may be loaded, or why it may not.
pub(crate) fn audit(outline: &Outline) -> Result<Vec<Kind>, Cause> {
    for name in outline.imports.iter().chain(&outline.exports) {
        check_version(name)?;
    }
    let kinds = kinds(outline);
    if kinds.is_empty() {
        return Err(Cause::UnknownKind);
    }
    if !exports(outline, "plugin-meta") {
        return Err(Cause::IncompatibleContract("it does not export `plugin-meta`".to_owned()));
    }
    let is_half = kinds.iter().any(|kind| kind.is_notifier()) && !kinds.contains(&Kind::Notifier);
    if is_half {
        return Err(Cause::IncompatibleContract("it hears or has threads, and does not export `notifier`".to_owned()));
    }
    let denied: Vec<_> = outline.imports.iter().filter(|import| !is_allowed(import, &kinds)).cloned().collect();
    if denied.is_empty() { Ok(kinds) } else { Err(Cause::ImportDenied(denied)) }
}

/// What the exports make of a component.
pub(crate) fn kinds(outline: &Outline) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| exports(outline, kind.interface())).collect()
}

fn exports(outline: &Outline, interface: &str) -> bool {
    outline.exports.iter().any(|export| ours(export) == Some((interface, CONTRACT)))
}

/// What an interface gives to the plugin that imports it, in words.
pub(crate) fn meaning(import: &str) -> &'static str {
    if let Some((interface, _)) = ours(import) {
        return match interface {
            "log" => "writes lines into the host's log",
            "config" => "reads its own configuration",
            "types" | "guard-types" => "types only",
            "clock" => "reads the clock",
            "kv" => "keeps values of its own between calls",
            "secrets" => "works with secrets that it never sees",
            "http" => "asks the hosts that its manifest names",
            "jobs" => "reads the jobs, and may start those that its manifest names",
            "sessions" => "reads what sessions print, and may type into them",
            "events" => "reads events of the types that its manifest names, and may note its own",
            "process" => "runs the commands that its manifest names",
            other if Kind::ALL.iter().any(|kind| kind.interface() == other) => "types of a kind's interface",
            _ => "an interface that this host does not have",
        };
    }
    match without_version(import) {
        "wasi:cli/environment" => "an environment that is empty",
        "wasi:cli/exit" => "ends its own call",
        "wasi:random/insecure-seed" => "a seed that is always the same",
        name if name.starts_with("wasi:cli/terminal-") => "terminals, of which there are none",
        name if BASELINE.contains(&name) => "streams that are closed",
        _ => "a right that no plugin has",
    }
}

pub(crate) fn is_allowed(import: &str, kinds: &[Kind]) -> bool {
    match ours(import) {
        // A right belongs to the whole component, so that a guard beside a notifier stays without it.
        Some((interface, _)) if RIGHTS.contains(&interface) => !kinds.iter().any(|kind| kind.is_guard()),
        Some((interface, _)) => kinds.iter().any(|kind| kind.may_import(interface)),
        None => {
            let is_preview_2 = import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."));
            is_preview_2 && BASELINE.contains(&without_version(import))
        }
    }
}

/// A name of our package in another version than this host's is worth its own message.
fn check_version(name: &str) -> Result<(), Cause> {
    match ours(name) {
        Some((_, version)) if version != CONTRACT => Err(Cause::IncompatibleContract(format!(
            "it uses `{name}`, and this host speaks {CONTRACT}; build it again with the SDK of this host"
        ))),
        _ => Ok(()),
    }
}

/// Interface and version of a name of our package.
pub(crate) fn ours(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(PACKAGE)?;
    Some(rest.split_once('@').unwrap_or((rest, "")))
}

fn without_version(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(imports: &[&str], exports: &[&str]) -> Outline {
        let owned = |names: &[&str]| names.iter().map(|name| name.replace('$', CONTRACT)).collect();
        Outline { imports: owned(imports), exports: owned(exports), ..Outline::default() }
    }

    #[track_caller]
    fn check_refused(imports: &[&str], exports: &[&str], code: &str) {
        assert_eq!(audit(&outline(imports, exports)).expect_err("it was taken").code(), code);
    }

    const META: &str = "instar:plugin/plugin-meta@$";

    #[test]
    fn kinds_come_from_exports_alone() {
        let union = outline(&[], &[META, "instar:plugin/run-guard@$", "instar:plugin/notifier@$"]);
        assert_eq!(audit(&union).unwrap(), [Kind::Notifier, Kind::RunGuard]);
        check_refused(&[], &[META], "unknown-kind");
        check_refused(&[], &["wasi:cli/run@0.2.0"], "unknown-kind");
    }

    #[test]
    fn only_the_baseline_and_the_kinds_own_imports_are_allowed() {
        let guard = [META, "instar:plugin/run-guard@$"];
        let fine = ["wasi:io/streams@0.2.6", "wasi:cli/stderr@0.2.3", "instar:plugin/config@$", "instar:plugin/log@$"];
        assert!(audit(&outline(&fine, &guard)).is_ok());
        for denied in
            ["wasi:filesystem/types@0.2.6", "wasi:io/streams@0.3.0", "wasi:io/streams", "env", "instar:plugin/http@$"]
        {
            check_refused(&[denied], &guard, "import-denied");
        }
        check_refused(&["instar:plugin/config@$"], &[META, "instar:plugin/execute@$"], "import-denied");
    }

    #[test]
    fn rights_are_for_plugins_that_are_no_guards() {
        let http = ["instar:plugin/http@$"];
        assert!(
            audit(&outline(&http, &[META, "instar:plugin/notifier@$", "instar:plugin/notifier-inbound@$"])).is_ok()
        );
        assert!(audit(&outline(&http, &[META, "instar:plugin/execute@$"])).is_ok());
        assert!(audit(&outline(&http, &[META, "instar:plugin/notifier@$", "instar:plugin/execute@$"])).is_ok());
        for other in ["instar:plugin/notifier@$", "instar:plugin/execute@$"] {
            check_refused(&http, &[META, other, "instar:plugin/run-guard@$"], "import-denied");
        }
        check_refused(&[], &[META, "instar:plugin/notifier-inbound@$"], "incompatible-contract");
    }

    #[test]
    fn another_version_of_the_contract_is_named() {
        check_refused(&[], &["instar:plugin/run-guard@0.9.0"], "incompatible-contract");
        check_refused(&["instar:plugin/log"], &[META, "instar:plugin/run-guard@$"], "incompatible-contract");
        check_refused(&[], &["instar:plugin/run-guard@$"], "incompatible-contract");
    }
}
