//! What a rule is, and the list of all of them.
//!
//! Most credentials have a form of their own: a beginning, then so many characters of an alphabet. Those are rows in
//! the tables of `kinds`. What needs more than that, such as a name beside a value, is a function.

use instar_plugin_sdk::Severity;

use crate::anchors::Anchors;
use crate::class::{Class, URL64, WORD};
use crate::config::Action;
use crate::{kinds, rarity};

/// Something that must not be seen, and what is done about it unless the configuration says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub name: &'static str,
    pub severity: Severity,
}

impl Kind {
    pub(crate) const fn new(name: &'static str, severity: Severity) -> Self {
        Self { name, severity }
    }

    pub(crate) const fn action(&self) -> Action {
        match self.severity {
            Severity::Critical => Action::Block,
            Severity::High | Severity::Medium | Severity::Low | Severity::Info => Action::Redact,
        }
    }
}

/// A find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// How to look for something from an anchor on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub anchors: Anchors,
    pub look: Look,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    Form(Form),
    /// Calls the last argument with each find. The anchor stands at the given place.
    Code(fn(&[u8], usize, &mut dyn FnMut(Found))),
}

/// A credential with a form of its own. The anchor is a part of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    kind: Kind,
    /// What stands before the anchor: an alphabet, and how much of it at least and at most.
    before: (Class, usize, usize),
    body: &'static [Part],
    /// It may stand behind a letter or digit, as in a path.
    in_word: bool,
    /// Whether the checksum within the form is right.
    checksum: Option<fn(&[u8]) -> bool>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// So many characters of an alphabet, at least and at most.
    Run(Class, usize, usize),
    Text(&'static str),
}

/// All rules.
pub(crate) const GROUPS: &[&[Rule]] = &[
    kinds::ai::RULES,
    kinds::chat::RULES,
    kinds::cloud::RULES,
    kinds::code::RULES,
    kinds::money::RULES,
    kinds::service::RULES,
    kinds::shaped::RULES,
];

/// A rule for a form: what it begins with, and what follows.
pub(crate) const fn form(
    name: &'static str,
    severity: Severity,
    texts: &'static [&'static str],
    body: &'static [Part],
) -> Rule {
    let anchors = Anchors { texts, then: &[URL64], any_case: false };
    let form =
        Form { kind: Kind::new(name, severity), before: (Class::NONE, 0, 0), body, in_word: false, checksum: None };
    Rule { anchors, look: Look::Form(form) }
}

/// A rule that is a function, called wherever one of the texts stands in any case.
pub(crate) const fn code(
    texts: &'static [&'static str],
    then: &'static [Class],
    look: fn(&[u8], usize, &mut dyn FnMut(Found)),
) -> Rule {
    Rule { anchors: Anchors { texts, then, any_case: true }, look: Look::Code(look) }
}

impl Rule {
    /// What stands before the anchor belongs to it.
    pub(crate) const fn before(self, class: Class, least: usize, most: usize) -> Self {
        match self.look {
            Look::Form(form) => Self { look: Look::Form(Form { before: (class, least, most), ..form }), ..self },
            Look::Code(_) => panic!("only a form has a before"),
        }
    }

    pub(crate) const fn then(self, then: &'static [Class]) -> Self {
        Self { anchors: Anchors { then, ..self.anchors }, ..self }
    }

    pub(crate) const fn checked(self, checksum: fn(&[u8]) -> bool) -> Self {
        match self.look {
            Look::Form(form) => Self { look: Look::Form(Form { checksum: Some(checksum), ..form }), ..self },
            Look::Code(_) => panic!("only a form has a checksum"),
        }
    }

    /// It may stand behind a letter or digit, as in a path.
    pub(crate) const fn within_word(self) -> Self {
        match self.look {
            Look::Form(form) => Self { look: Look::Form(Form { in_word: true, ..form }), ..self },
            Look::Code(_) => panic!("only a form has a border"),
        }
    }

    pub(crate) const fn exact_case(self) -> Self {
        Self { anchors: Anchors { any_case: false, ..self.anchors }, ..self }
    }

    pub(crate) fn look(&self, text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
        match &self.look {
            Look::Code(look) => look(text, at, found),
            Look::Form(form) => {
                let behind = |anchor: &&str| text[at..].starts_with(anchor.as_bytes());
                let anchor = self.anchors.texts.iter().filter(|anchor| behind(anchor)).map(|anchor| anchor.len()).max();
                if let Some(find) = anchor.and_then(|length| form.look(text, at, length)) {
                    found(find);
                }
            }
        }
    }
}

impl Form {
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    fn look(&self, text: &[u8], at: usize, anchor: usize) -> Option<Found> {
        let (class, least, most) = self.before;
        let start = class.run_back(text, at, most);
        let begins = self.in_word || start.checked_sub(1).is_none_or(|before| !WORD.has(text[before]));
        if !begins || at - start < least {
            return None;
        }
        let end = self.end(text, at + anchor)?;
        let body = if most > 0 { &text[start..end] } else { &text[at + anchor..end] };
        let is_right = self.checksum.map(|check| check(&text[start..end]));
        let kind = match is_right {
            // A typing error, an unknown version or an example: one step less sure.
            Some(false) if self.kind.severity == Severity::Critical => Kind { severity: Severity::High, ..self.kind },
            _ => self.kind,
        };
        // Nobody makes up a checksum, so what has the right one needs no further look.
        let is_one = is_right == Some(true) || rarity::is_credential(body);
        is_one.then_some(Found { kind, start, end })
    }

    /// Where the body ends, if it is one. A credential that goes on is another one.
    fn end(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut end = from;
        for part in self.body {
            end = match part {
                Part::Text(expected) => text[end..].starts_with(expected.as_bytes()).then_some(end + expected.len())?,
                Part::Run(class, least, most) => {
                    let next = class.run(text, end, *most);
                    (next - end >= *least).then_some(next)?
                }
            };
        }
        let goes_on = match self.body.last() {
            Some(Part::Run(class, ..)) => {
                text.get(end).is_some_and(|&byte| class.has(byte) && byte != b'-' && byte != b'=')
            }
            _ => text.get(end).is_some_and(u8::is_ascii_alphanumeric),
        };
        (!goes_on).then_some(end)
    }
}
