//! Rules, what spoke of them, and what that calls for.
//!
//! The operator's level is none of ours: the host makes advice of what is asked about and less than grave.

use instar_plugin_sdk::Severity;
use instar_plugin_sdk::guard::{self, Answer, Finding, Verdict};

use crate::config::Config;

/// A family of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pack {
    Filesystem,
    Git,
    Disks,
    Databases,
    Containers,
    Kubernetes,
    Cloud,
    Terraform,
    Publishing,
    System,
    Network,
    Credentials,
    Unseen,
    Windows,
    Itself,
}

impl Pack {
    pub(crate) const ALL: &[Self] = &[
        Self::Filesystem,
        Self::Git,
        Self::Disks,
        Self::Databases,
        Self::Containers,
        Self::Kubernetes,
        Self::Cloud,
        Self::Terraform,
        Self::Publishing,
        Self::System,
        Self::Network,
        Self::Credentials,
        Self::Unseen,
        Self::Windows,
        Self::Itself,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Filesystem => "filesystem",
            Self::Git => "git",
            Self::Disks => "disks",
            Self::Databases => "databases",
            Self::Containers => "containers",
            Self::Kubernetes => "kubernetes",
            Self::Cloud => "cloud",
            Self::Terraform => "terraform",
            Self::Publishing => "publishing",
            Self::System => "system",
            Self::Network => "network",
            Self::Credentials => "credentials",
            Self::Unseen => "unseen",
            Self::Windows => "windows",
            Self::Itself => "self",
        }
    }
}

/// How much a rule weighs, and so what it calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Beyond repair. Denied at every level, in every pack.
    Catastrophic,
    /// Denied at every level, until the operator allows it: it would weaken the guards or give secrets away.
    Forbidden,
    /// A person decides at every level: nobody has read what would run, or secrets would be shown.
    Grave,
    /// A person decides, unless the operator wants advice only.
    Risky,
    /// Advice.
    Advice,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) pack: Pack,
    pub(crate) weight: Weight,
    /// What is wrong, without the full stop.
    pub(crate) detail: &'static str,
    /// A safer way.
    pub(crate) remedy: &'static str,
}

impl Rule {
    pub(crate) fn is_on(&self, config: &Config) -> bool {
        self.weight == Weight::Catastrophic || !config.is_off(self.pack)
    }

    /// As people read it.
    pub(crate) fn told(&self) -> guard::Rule {
        let (severity, answer) = self.weight.calls_for();
        let (id, what) = (self.id.to_owned(), self.detail.to_owned());
        guard::Rule { id, pack: self.pack.name().to_owned(), answer, severity, what }
    }
}

/// Declares the rules of a pack, and their list.
macro_rules! rules {
    ($pack:ident: $($name:ident = $weight:ident $id:literal, $detail:literal, $remedy:literal;)+) => {
        $(
            pub(crate) static $name: $crate::rule::Rule = $crate::rule::Rule {
                id: $id,
                pack: $crate::rule::Pack::$pack,
                weight: $crate::rule::Weight::$weight,
                detail: $detail,
                remedy: $remedy,
            };
        )+
        pub(crate) static RULES: &[&$crate::rule::Rule] = &[$(&$name),+];
    };
}
pub(crate) use rules;

/// The longest part of a command that a finding repeats.
const ABOUT_CHARS: usize = 120;

/// What spoke so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    hits: Vec<Hit>,
    /// The command that is being judged.
    pub(crate) command: Option<u32>,
}

/// A rule that spoke.
#[derive(Debug)]
struct Hit {
    rule: &'static Rule,
    about: String,
    command: Option<u32>,
}

impl Report {
    /// A rule speaks, about these words. Once is enough for each rule and command.
    pub(crate) fn add(&mut self, rule: &'static Rule, about: &str) {
        if !self.hits.iter().any(|hit| hit.rule.id == rule.id && hit.command == self.command) {
            let about = about.chars().take(ABOUT_CHARS).collect();
            self.hits.push(Hit { rule, about, command: self.command });
        }
    }

    /// What all of it calls for.
    pub(crate) fn verdict(self, config: &Config) -> Verdict {
        let hits = self.hits.iter().filter(|hit| hit.rule.is_on(config));
        hits.map(finding).collect::<Vec<_>>().into()
    }
}

impl Weight {
    /// What `high` asks about is asked about at every level.
    pub(crate) fn calls_for(self) -> (Severity, Answer) {
        match self {
            Self::Catastrophic => (Severity::Critical, Answer::Deny),
            Self::Forbidden => (Severity::High, Answer::Deny),
            Self::Grave => (Severity::High, Answer::Ask),
            Self::Risky => (Severity::Medium, Answer::Ask),
            Self::Advice => (Severity::Low, Answer::Pass),
        }
    }
}

fn finding(hit: &Hit) -> Finding {
    let Hit { rule, about, command } = hit;
    let (severity, answer) = rule.weight.calls_for();
    let detail = if about.is_empty() { rule.detail.to_owned() } else { format!("{}: `{about}`", rule.detail) };
    let finding = Finding::new(rule.id, severity, detail).with_answer(answer).with_remedy(rule.remedy);
    match command {
        Some(command) => finding.about(*command),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs::{filesystem, git, itself};

    fn answers(config: &str) -> Vec<Answer> {
        let mut report = Report::default();
        for rule in [&filesystem::ROOT, &itself::SWITCH_OFF, &itself::SESSIONS, &git::RESET_HARD, &git::PUSH_LEASE] {
            report.add(rule, "x");
            report.add(rule, "again");
        }
        let verdict = report.verdict(&serde_json::from_str(config).unwrap());
        verdict.findings.iter().map(|finding| finding.answer).collect()
    }

    #[test]
    fn the_weight_decides_what_a_rule_calls_for() {
        use Answer::{Ask, Deny, Pass};
        assert_eq!(answers("{}"), [Deny, Deny, Ask, Ask, Pass]);
    }

    #[test]
    fn a_pack_that_is_off_is_silent_but_for_the_catastrophic() {
        assert_eq!(answers(r#"{"packsOff":["git","filesystem","self"]}"#), [Answer::Deny]);
    }
}
