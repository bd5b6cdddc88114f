//! The four rules, and what spoke of them.

use instar_plugin_sdk::Severity;
use instar_plugin_sdk::guard::{Answer, Finding, Rule, Verdict};

use crate::config::{Action, Config};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// A message to people is about to leave.
    Grounding,
    /// It hands work back that the agent could do.
    Deferral,
    /// Something is about to leave for another machine or the public.
    External,
    /// A piece of work is done.
    Reflection,
}

impl Conduct {
    const ALL: [Self; 4] = [Self::Grounding, Self::Deferral, Self::External, Self::Reflection];

    fn id(self) -> &'static str {
        match self {
            Self::Grounding => "grounding",
            Self::Deferral => "deferral",
            Self::External => "external",
            Self::Reflection => "reflection",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Grounding => "a message to people is about to leave",
            Self::Deferral => "the message hands back what you may be able to do yourself",
            Self::External => "something of yours is about to leave this machine",
            Self::Reflection => "a piece of work is about to be handed in",
        }
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::Grounding => {
                "recall AGENT.md and what you know of the reader, and check that each claim in the text was verified"
            }
            Self::Deferral => {
                "first look into the documentation, for an API or a command line, for access you already have, and whether a browser can be driven; hand it back only if all of that fails, and say what you tried"
            }
            Self::External => {
                "be sure of the receiver, that you speak for whom you think, that nothing private is in it, and that it can be taken back or need not be"
            }
            Self::Reflection => {
                "once it is done, note in MEMORY.md what you learned and what was missing, and check what you had promised"
            }
        }
    }

    fn action(self, config: &Config) -> Action {
        match self {
            Self::Grounding => config.grounding,
            Self::Deferral => config.deferral,
            Self::External => config.external,
            Self::Reflection => config.reflection,
        }
    }
}

/// What spoke so far. Once is enough for each rule: it is advice.
#[derive(Debug, Default)]
pub(crate) struct Report {
    hits: Vec<(Conduct, String, Option<u32>)>,
    /// The command that is being judged.
    pub(crate) command: Option<u32>,
}

impl Report {
    pub(crate) fn add(&mut self, conduct: Conduct, about: &str) {
        if self.hits.iter().all(|(known, ..)| *known != conduct) {
            self.hits.push((conduct, about.to_owned(), self.command));
        }
    }

    pub(crate) fn verdict(self, config: &Config) -> Verdict {
        let wanted = self.hits.into_iter().filter_map(|(conduct, about, command)| {
            let answer = answer(conduct.action(config))?;
            let detail = format!("{} ({about})", conduct.what());
            let finding = Finding::new(conduct.id(), severity(answer), detail).with_remedy(conduct.advice());
            let finding = finding.with_answer(answer);
            Some(match command {
                Some(command) => finding.about(command),
                None => finding,
            })
        });
        wanted.collect::<Vec<_>>().into()
    }
}

/// All four, but for those that are off.
pub(crate) fn all(config: &Config) -> Vec<Rule> {
    let rule = |conduct: Conduct| {
        let answer = answer(conduct.action(config))?;
        let (id, what) = (conduct.id().to_owned(), conduct.what().to_owned());
        Some(Rule { id, pack: "conduct".to_owned(), answer, severity: severity(answer), what })
    };
    Conduct::ALL.into_iter().filter_map(rule).collect()
}

fn answer(action: Action) -> Option<Answer> {
    match action {
        Action::Off => None,
        Action::Advise => Some(Answer::Pass),
        Action::Ask => Some(Answer::Ask),
    }
}

fn severity(answer: Answer) -> Severity {
    if answer == Answer::Ask { Severity::Medium } else { Severity::Low }
}
