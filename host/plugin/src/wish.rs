//! What a plugin does and asks for, in the words of the one who has to consent.

use crate::audit::Kind;
use crate::command_pattern::CommandPattern;
use crate::limits::asked::{self, AskedLimit, LimitName};
use crate::manifest::{AllowRule, Asked, Manifest, Operation, Place, SecretSlot};
use crate::text;

/// How bad it is when the plugin means ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    Low,
    Middle,
    High,
}

/// One thing that a plugin does or asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub danger: Danger,
    /// The right that allows it; none for what belongs to its kind.
    pub right: Option<&'static str>,
    /// What comes behind "it", without a full stop.
    pub words: String,
}

impl Danger {
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Middle => "middle",
            Self::High => "high",
        }
    }
}

/// The most dangerous first; of one danger, what belongs to the kind first.
pub(crate) fn wishes(manifest: &Manifest, kinds: &[Kind]) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = kinds.iter().map(|kind| of_kind(*kind, manifest)).collect();
    let capability = &manifest.capability;
    if let Some(process) = &capability.process {
        wishes.extend(process.allow.iter().map(of_command));
    }
    if let Some(http) = &capability.http {
        wishes.extend(http.allow.iter().map(of_rule));
    }
    wishes.extend(manifest.secrets.iter().map(of_secret));
    if let Some(kv) = &capability.kv {
        let words = format!("keeps values of its own between its calls, up to {} bytes", kv.quota);
        wishes.push(wish(Danger::Low, Some("kv"), words));
    }
    wishes.extend(of_host(capability));
    if capability.clock.is_some() {
        wishes.push(wish(Danger::Low, Some("clock"), "reads the clock".to_owned()));
    }
    let limits = asked::compared(&manifest.limits, kinds).into_iter().filter(|(_, limit)| limit.asked > limit.usual);
    wishes.extend(limits.map(|(name, limit)| of_limit(name, limit)));
    wishes.sort_by_key(|wish| std::cmp::Reverse(wish.danger));
    wishes
}

fn of_kind(kind: Kind, manifest: &Manifest) -> Wish {
    let (danger, words) = match kind {
        Kind::Execute => {
            let name = manifest.execute_type.as_deref().unwrap_or_default();
            let words = format!("says which programs are started, with your rights, for jobs of the type `{name}`");
            return wish(Danger::High, None, words);
        }
        Kind::NotifierInbound => (Danger::High, "hears people, and what it hands over reaches your agents"),
        Kind::SessionGuard => (Danger::High, "puts texts before your agents"),
        Kind::Notifier => (Danger::Middle, "reads all that people are told"),
        Kind::NotifierThreads => (Danger::Low, "opens threads where it tells people"),
        Kind::CommandGuard => (Danger::Middle, "reads every shell command of an agent, and may stop it"),
        Kind::ToolGuard => (Danger::Middle, "reads every call of a tool, and may stop it"),
        Kind::OutboundGuard => (Danger::Middle, "reads every text that leaves, and may stop it"),
        Kind::RunGuard => (Danger::Middle, "reads every run before it starts, and may stop it"),
        Kind::OutputGuard => (Danger::Middle, "reads what tools print, and may black out parts of it"),
    };
    wish(danger, None, words.to_owned())
}

fn of_rule(rule: &AllowRule) -> Wish {
    let host = host_words(rule.host.as_deref(), rule.setting.as_deref());
    let (methods, paths) = (one_line(&rule.methods.join(", ")), one_line(&rule.paths.join(", ")));
    wish(Danger::High, Some("http"), format!("sends requests to {host} ({methods} {paths})"))
}

/// One command. What it leaves open stands behind it, so that nobody has to know the signs.
fn of_command(pattern: &CommandPattern) -> Wish {
    let mut words = format!("runs `{}` with your rights", one_line(&pattern.to_string()));
    if pattern.is_open() {
        words.push_str("; `*` is any text without `/`, `**` any text, `...` any further words, none of them an option");
    }
    if pattern.carries_others() {
        let program = one_line(pattern.program());
        words.push_str(&format!("; BEWARE: what `{program}` is told may run any other program"));
    }
    wish(Danger::High, Some("process"), words)
}

/// What it does with jobs, sessions and events.
fn of_host(asked: &Asked) -> Vec<Wish> {
    let mut wishes = Vec::new();
    if let Some(jobs) = &asked.jobs {
        wishes.push(wish(Danger::Low, Some("jobs"), "reads your jobs, and how they went".to_owned()));
        if !jobs.trigger.is_empty() {
            let words = format!("starts jobs: {}", one_line(&jobs.trigger.join(", ")));
            wishes.push(wish(Danger::High, Some("jobs-trigger"), words));
        }
    }
    if let Some(sessions) = &asked.sessions {
        wishes.push(wish(Danger::Middle, Some("sessions"), "reads what your sessions print".to_owned()));
        if sessions.write {
            let words = "types into your sessions, where your agents take it for your word".to_owned();
            wishes.push(wish(Danger::High, Some("sessions-write"), words));
        }
    }
    if let Some(events) = &asked.events {
        let words = match events.read.is_empty() {
            true => "learns how many events there are".to_owned(),
            false => format!("reads events: {}", one_line(&events.read.join(", "))),
        };
        wishes.push(wish(Danger::Middle, Some("events"), words));
        if events.emit {
            wishes.push(wish(Danger::Low, Some("events-emit"), "notes events of its own".to_owned()));
        }
    }
    wishes
}

fn host_words(host: Option<&str>, setting: Option<&str>) -> String {
    match (host, setting) {
        (Some(host), _) => one_line(host),
        (None, setting) => format!("whatever host its setting `{}` names", one_line(setting.unwrap_or_default())),
    }
}

fn of_secret(slot: &SecretSlot) -> Wish {
    let mut words = format!("has your secret `{}`", one_line(&slot.name));
    if !slot.label.is_empty() {
        words.push_str(&format!(" ({})", one_line(&slot.label)));
    }
    if let Some(inject) = slot.inject.as_ref().filter(|inject| inject.place == Place::Environment) {
        let (program, variable) = (inject.program.as_deref(), inject.name.as_deref());
        let [program, variable] = [program, variable].map(|name| one_line(name.unwrap_or_default()));
        words.push_str(&format!(" put into the environment of `{program}` as {variable}"));
    } else if let Some(inject) = &slot.inject {
        let host = host_words(inject.host.as_deref(), inject.setting.as_deref());
        words.push_str(&format!(" put into requests to {host}"));
    }
    let operations: Vec<_> = slot.operations.iter().map(|operation| operation_words(*operation)).collect();
    if !operations.is_empty() {
        words.push_str(if slot.inject.is_some() { ", and " } else { " " });
        words.push_str(&operations.join(" and "));
    }
    words.push_str("; it never sees it");
    if let Some(variable) = &slot.env {
        words.push_str(&format!("; without a value, the variable {} of the server counts", one_line(variable)));
    }
    wish(if slot.inject.is_some() { Danger::High } else { Danger::Middle }, Some("secrets"), words)
}

fn operation_words(operation: Operation) -> &'static str {
    match operation {
        Operation::Hmac => "used to sign",
        Operation::Equals => "compared with what it gives",
    }
}

/// More than is usual.
fn of_limit(name: LimitName, limit: AskedLimit) -> Wish {
    let (danger, does) = match name {
        LimitName::CheckMs => (Danger::Middle, "lets an agent wait for each of its judgements"),
        LimitName::MemoryBytes => (Danger::Middle, "takes memory in each of its calls"),
        LimitName::ThinkMs => (Danger::Low, "thinks about what a run begins with and goes on with"),
        LimitName::WorkMs => (Danger::Low, "works at each step of a run"),
        LimitName::NotifyMs => (Danger::Low, "takes its time for each delivery"),
        LimitName::TransferMs => (Danger::Low, "takes its time for each file"),
        LimitName::InputBytes => (Danger::Low, "is handed texts in a call"),
        LimitName::OutputBytes => (Danger::Low, "answers a call"),
        LimitName::LogLines | LimitName::LogBytes => (Danger::Low, "writes into the host's log in a call"),
    };
    let (up_to, usual) = (amount(name, limit.asked), amount(name, limit.usual));
    wish(danger, Some("limits"), format!("{does}, up to {up_to}, where {usual} are usual"))
}

/// With its unit, in the largest one that it is a whole number of.
fn amount(name: LimitName, value: u64) -> String {
    let units: &[(u64, &str)] = match name {
        LimitName::LogLines => &[(1, "lines")],
        LimitName::MemoryBytes | LimitName::InputBytes | LimitName::OutputBytes | LimitName::LogBytes => {
            &[(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]
        }
        LimitName::CheckMs | LimitName::ThinkMs | LimitName::WorkMs | LimitName::NotifyMs | LimitName::TransferMs => {
            &[(1000, "s"), (1, "ms")]
        }
    };
    let whole = units.iter().find(|(size, _)| value >= *size && value.is_multiple_of(*size));
    let (size, unit) = whole.or(units.last()).copied().unwrap_or((1, ""));
    format!("{} {unit}", value / size)
}

fn wish(danger: Danger, right: Option<&'static str>, words: String) -> Wish {
    Wish { danger, right, words }
}

/// What an outsider wrote, within a line of ours.
fn one_line(text: &str) -> String {
    text::clean_up_to(text, 300).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gh_token() -> SecretSlot {
        let slot = "name = \"gh\"\ninject = { program = \"gh\", in = \"environment\", name = \"GH_TOKEN\" }";
        toml::from_str(slot).unwrap()
    }

    #[test]
    fn limits_beyond_what_is_usual_are_told_with_it() {
        let told = |limits: &str, kind| -> Vec<String> {
            let manifest = format!("manifest = 1\nid = \"n\"\nversion = \"1.0.0\"\n[limits]\n{limits}\n");
            let found = wishes(&Manifest::parse(manifest.as_bytes()).unwrap(), &[kind]);
            found.into_iter().filter(|wish| wish.right == Some("limits")).map(|wish| wish.words).collect()
        };
        assert_eq!(
            told("memory-bytes = 50331648\ncheck-ms = 1500", Kind::CommandGuard),
            [
                "takes memory in each of its calls, up to 48 MiB, where 16 MiB are usual",
                "lets an agent wait for each of its judgements, up to 1500 ms, where 200 ms are usual",
            ]
        );
        assert_eq!(
            told("log-lines = 1000\nwork-ms = 30000\nthink-ms = 500", Kind::Execute),
            [
                "works at each step of a run, up to 30 s, where 20 s are usual",
                "writes into the host's log in a call, up to 1000 lines, where 100 lines are usual",
            ]
        );
    }

    #[test]
    fn what_is_dangerous_comes_first_and_in_plain_words() {
        let manifest = "manifest = 1\nid = \"n\"\nversion = \"1.0.0\"\n\
            [[secret]]\nname = \"token\"\nlabel = \"of the\\u001b[2J bot\"\nenv = \"T\"\n\
            inject = { host = \"api.x.org\", in = \"path\" }\n\
            [capability.http]\nallow = [{ host = \"api.x.org\", methods = [\"POST\"], paths = [\"/bot*\"] }]\n\
            [capability.kv]\nquota = 100\n[capability.clock]\n\
            [capability.process]\nallow = [[\"gh\", \"pr\", \"list\"], [\"env\", \"A=*\", \"...\"]]\n\
            [capability.jobs]\ntrigger = [\"a\", \"b-*\"]\n[capability.sessions]\nwrite = true\n";
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        assert_eq!(
            of_secret(&gh_token()).words,
            "has your secret `gh` put into the environment of `gh` as GH_TOKEN; it never sees it"
        );
        let found = wishes(&manifest, &[Kind::Notifier]);
        let words: Vec<_> = found.iter().map(|wish| (wish.danger.word(), wish.right, wish.words.as_str())).collect();
        assert_eq!(
            words,
            [
                ("high", Some("process"), "runs `gh pr list` with your rights"),
                (
                    "high",
                    Some("process"),
                    "runs `env A=* ...` with your rights; `*` is any text without `/`, `**` any text, `...` any further \
                     words, none of them an option; BEWARE: what `env` is told may run any other program"
                ),
                ("high", Some("http"), "sends requests to api.x.org (POST /bot*)"),
                (
                    "high",
                    Some("secrets"),
                    "has your secret `token` (of the bot) put into requests to api.x.org; it never sees it; without a \
                     value, the variable T of the server counts"
                ),
                ("high", Some("jobs-trigger"), "starts jobs: a, b-*"),
                ("high", Some("sessions-write"), "types into your sessions, where your agents take it for your word"),
                ("middle", None, "reads all that people are told"),
                ("middle", Some("sessions"), "reads what your sessions print"),
                ("low", Some("kv"), "keeps values of its own between its calls, up to 100 bytes"),
                ("low", Some("jobs"), "reads your jobs, and how they went"),
                ("low", Some("clock"), "reads the clock"),
            ]
        );
    }
}
