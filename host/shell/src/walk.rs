//! The way through a parsed text, in the order in which a shell would run it.

use brush_parser::ast;
use instar_core::command::{Found, Redirect, Span, Via};

use crate::field::Field;
use crate::grammar::{self, Places};
use crate::guess;
use crate::pieces::Mode;
use crate::scope::Scope;
use crate::world::World;

/// More commands than this are not listed.
const MOST_COMMANDS: usize = 4096;
/// Words of all texts together, those that are run again included.
const MOST_WORDS: usize = 16_384;
/// Bytes of all texts together.
const MOST_BYTES: usize = 512 << 10;
const DEEPEST_SHELL: u32 = 16;
pub(crate) const DEEPEST: u32 = 64;
/// What commands print is followed up to this length.
const LONGEST_OUTPUT: usize = 64 << 10;
/// Words of all commands together, each counted as often as it is listed.
const MOST_LISTED_WORDS: usize = 1 << 16;
/// A stage of a pipe tells of so many commands that it reads from.
const MOST_SOURCES: usize = 32;

/// Where in the text something stands, and what holds there for all commands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub depth: u32,
    pub via: Via,
    pub parent: Option<u32>,
    pub elsewhere: Option<String>,
    pub wrappers: Vec<String>,
    pub reads_from: Vec<u32>,
    pub stdin: Option<String>,
    pub redirects: Vec<Redirect>,
    /// The place in the raw text, where it is not that of the text being walked.
    pub span: Option<Span>,
    /// Where the command at hand stands, whose words may hold texts of their own.
    pub around: Option<Span>,
    /// Functions that are being run.
    pub calls: Vec<String>,
    pub nesting: u32,
}

impl Place {
    /// A place within this one that is not connected to its input and output.
    pub(crate) fn inside(&self) -> Self {
        Self { reads_from: Vec::new(), stdin: None, redirects: Vec::new(), nesting: self.nesting + 1, ..self.clone() }
    }
}

/// What became of a part of a text.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// What it prints, where that is known.
    pub printed: Option<String>,
    /// The commands whose output it is.
    pub commands: Vec<u32>,
}

pub(crate) struct Walker<'w> {
    pub world: &'w World<'w>,
    pub found: Found,
    /// How many values the variables of the command at hand may have, at most.
    pub picks: usize,
    /// Which of them is looked at.
    pub pick: usize,
    /// Standard input was taken as code by the command at hand.
    pub took_code: bool,
    top: Places,
    words: usize,
    bytes: usize,
    /// Words that were listed.
    pub listed: usize,
    /// Bytes of standard input that were listed.
    pub handed: usize,
}

pub(crate) fn everything(text: &str, world: &World<'_>) -> Found {
    let mut walker = Walker::new(text, world);
    let mut scope = Scope { cwd: Some(world.cwd.to_owned()), ..Scope::default() };
    walker.text(&mut scope, &Place::default(), text);
    walker.found
}

/// The words of a text that look like commands, and no more.
pub(crate) fn not_understood(text: &str, world: &World<'_>) -> Found {
    let mut walker = Walker::new(text, world);
    let scope = Scope { cwd: Some(world.cwd.to_owned()), ..Scope::default() };
    walker.guess(&scope, &Place::default(), text);
    walker.found
}

impl<'w> Walker<'w> {
    fn new(text: &str, world: &'w World<'w>) -> Self {
        let found = Found { complete: true, ..Found::default() };
        let top = Places::of(text);
        Self { world, found, picks: 1, pick: 0, took_code: false, top, words: 0, bytes: 0, listed: 0, handed: 0 }
    }

    /// A text that a shell would run.
    pub(crate) fn text(&mut self, scope: &mut Scope, place: &Place, text: &str) -> Ran {
        self.bytes = self.bytes.saturating_add(text.len());
        let is_too_deep = place.depth > DEEPEST_SHELL || place.nesting > DEEPEST;
        if is_too_deep || self.bytes > MOST_BYTES || self.words > MOST_WORDS {
            self.guess(scope, place, text);
            return Ran::default();
        }
        let Ok(parsed) = grammar::parse(text) else {
            self.guess(scope, place, text);
            return Ran::default();
        };
        self.words += parsed.words;
        let mut ran = Ran { printed: Some(String::new()), commands: Vec::new() };
        for list in &parsed.program.complete_commands {
            ran.then(self.list(scope, place, list));
        }
        ran
    }

    fn guess(&mut self, scope: &Scope, place: &Place, text: &str) {
        self.found.complete = false;
        for words in guess::commands(text) {
            let place = Place { via: Via::Guess, ..place.inside() };
            self.guessed(scope, &place, words);
        }
    }

    /// Commands that are found more than once, since a word is expanded for each value of a variable.
    pub(crate) fn once<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.found.commands.len(), self.found.code.len());
        let result = walk(self);
        if self.pick > 0 {
            self.found.commands.truncate(before.0);
            self.found.code.truncate(before.1);
        }
        result
    }

    pub(crate) fn is_full(&mut self) -> bool {
        let is_full = self.found.commands.len() >= MOST_COMMANDS || self.listed > MOST_LISTED_WORDS;
        self.found.complete &= !is_full;
        is_full
    }

    pub(crate) fn span(&self, place: &Place, of: Option<&brush_parser::SourceSpan>) -> Span {
        place.span.or_else(|| of.map(|span| self.top.span(span))).unwrap_or_default()
    }

    /// The place of all of the raw text.
    pub(crate) fn whole(&self) -> Span {
        self.top.whole()
    }

    pub(crate) fn list(&mut self, scope: &mut Scope, place: &Place, list: &ast::CompoundList) -> Ran {
        let mut ran = Ran { printed: Some(String::new()), commands: Vec::new() };
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            let in_background = matches!(separator, ast::SeparatorOperator::Async);
            if in_background {
                ran.then(self.and_or(&mut scope.clone(), place, and_or));
            } else {
                ran.then(self.and_or(scope, place, and_or));
            }
        }
        ran
    }

    /// What comes behind `||` may or may not run; what comes behind `&&` is taken to run.
    fn and_or(&mut self, scope: &mut Scope, place: &Place, list: &ast::AndOrList) -> Ran {
        let mut ran = self.pipeline(scope, place, &list.first);
        for next in &list.additional {
            match next {
                ast::AndOr::And(pipeline) => {
                    let before = scope.clone();
                    ran.then(self.pipeline(scope, place, pipeline));
                    let folder = scope.cwd.clone();
                    scope.join(before);
                    scope.cwd = folder;
                }
                ast::AndOr::Or(pipeline) => {
                    let mut other = scope.clone();
                    let or = self.pipeline(&mut other, place, pipeline);
                    ran.then(Ran { printed: or.printed.filter(String::is_empty), ..or });
                    other.cwd.clone_from(&scope.cwd);
                    scope.join(other);
                }
            }
        }
        ran
    }

    fn pipeline(&mut self, scope: &mut Scope, place: &Place, pipeline: &ast::Pipeline) -> Ran {
        if let [only] = &pipeline.seq[..] {
            return self.command(scope, place, only);
        }
        let mut ran = Ran::default();
        for (index, command) in pipeline.seq.iter().enumerate() {
            let mut stage = Place { nesting: place.nesting + 1, ..place.clone() };
            if index > 0 {
                stage.reads_from = std::mem::take(&mut ran.commands);
                stage.reads_from.truncate(MOST_SOURCES);
                stage.stdin = ran.printed.take();
            }
            let mut inner = scope.clone();
            ran = self.command(&mut inner, &stage, command);
            scope.written.extend(inner.written);
        }
        ran
    }

    pub(crate) fn command(&mut self, scope: &mut Scope, place: &Place, command: &ast::Command) -> Ran {
        if place.nesting > DEEPEST {
            self.found.complete = false;
            return Ran::default();
        }
        match command {
            ast::Command::Simple(simple) => self.simple(scope, place, simple),
            ast::Command::Compound(compound, redirects) => {
                let redirects = redirects.as_ref().map_or(&[] as &[_], |list| &list.0);
                self.redirected(scope, place, redirects, |walker, scope, place| walker.compound(scope, place, compound))
            }
            ast::Command::Function(function) => {
                scope.functions.insert(function.fname.value.clone(), std::rc::Rc::new(function.body.clone()));
                Ran { printed: Some(String::new()), commands: Vec::new() }
            }
            ast::Command::ExtendedTest(test, redirects) => {
                let redirects = redirects.as_ref().map_or(&[] as &[_], |list| &list.0);
                self.redirected(scope, place, redirects, |walker, scope, place| {
                    walker.test(scope, place, &test.expr);
                    Ran { printed: Some(String::new()), commands: Vec::new() }
                })
            }
        }
    }

    fn compound(&mut self, scope: &mut Scope, place: &Place, compound: &ast::CompoundCommand) -> Ran {
        let inner = &Place { nesting: place.nesting + 1, ..place.clone() };
        match compound {
            ast::CompoundCommand::BraceGroup(group) => self.list(scope, inner, &group.list),
            ast::CompoundCommand::Subshell(group) => self.list(&mut scope.clone(), inner, &group.list),
            ast::CompoundCommand::ForClause(clause) => self.for_clause(scope, inner, clause),
            ast::CompoundCommand::CaseClause(clause) => self.case_clause(scope, inner, clause),
            ast::CompoundCommand::IfClause(clause) => self.if_clause(scope, inner, clause),
            ast::CompoundCommand::WhileClause(clause) | ast::CompoundCommand::UntilClause(clause) => {
                let condition = self.list(scope, inner, &clause.0);
                let body = self.perhaps_list(scope, inner, &clause.1.list);
                condition.or_not(body)
            }
            ast::CompoundCommand::Arithmetic(arithmetic) => {
                self.scalar(scope, inner, &arithmetic.expr.value, Mode::Quoted);
                Ran { printed: Some(String::new()), commands: Vec::new() }
            }
            ast::CompoundCommand::ArithmeticForClause(clause) => {
                for part in [&clause.initializer, &clause.condition, &clause.updater].into_iter().flatten() {
                    self.scalar(scope, inner, &part.value, Mode::Quoted);
                }
                Ran::default().or_not(self.perhaps_list(scope, inner, &clause.body.list))
            }
            ast::CompoundCommand::Coprocess(coprocess) => self.command(&mut scope.clone(), inner, &coprocess.body),
        }
    }

    /// A list that may or may not run.
    fn perhaps_list(&mut self, scope: &mut Scope, place: &Place, list: &ast::CompoundList) -> Ran {
        let mut other = scope.clone();
        let ran = self.list(&mut other, place, list);
        scope.join(other);
        ran
    }

    fn for_clause(&mut self, scope: &mut Scope, place: &Place, clause: &ast::ForClauseCommand) -> Ran {
        let begun = self.found.commands.len();
        let fields: Option<Vec<Field>> = match &clause.values {
            Some(words) => Some(words.iter().flat_map(|word| self.fields(scope, place, &word.value)).collect()),
            None => scope.args.clone(),
        };
        let value = |field: Field| (!field.dynamic).then(|| vec![field.text]);
        let values = fields.map_or_else(|| vec![None], |fields| fields.into_iter().map(value).collect());
        let values = if values.is_empty() { vec![None] } else { values };
        let mut body = place.clone();
        if values.contains(&None) {
            // What the substitutions print comes to the body word by word, as it would by `read`.
            let printers = (begun..self.found.commands.len()).filter_map(|index| u32::try_from(index).ok());
            body.reads_from.extend(printers.take(MOST_SOURCES));
        }
        scope.set_all(&clause.variable_name, values);
        Ran::default().or_not(self.perhaps_list(scope, &body, &clause.body.list))
    }

    fn case_clause(&mut self, scope: &mut Scope, place: &Place, clause: &ast::CaseClauseCommand) -> Ran {
        self.scalar(scope, place, &clause.value.value, Mode::Word);
        let before = scope.clone();
        let mut ran = Ran::default();
        for case in &clause.cases {
            for pattern in &case.patterns {
                self.scalar(scope, place, &pattern.value, Mode::Word);
            }
            if let Some(list) = &case.cmd {
                let mut other = before.clone();
                ran = ran.or_not(self.list(&mut other, place, list));
                scope.join(other);
            }
        }
        ran
    }

    fn if_clause(&mut self, scope: &mut Scope, place: &Place, clause: &ast::IfClauseCommand) -> Ran {
        let mut ran = self.list(scope, place, &clause.condition);
        let before = scope.clone();
        ran = ran.or_not(self.perhaps_list(scope, place, &clause.then));
        for branch in clause.elses.iter().flatten() {
            let mut other = before.clone();
            if let Some(condition) = &branch.condition {
                ran = ran.or_not(self.list(&mut other, place, condition));
            }
            ran = ran.or_not(self.list(&mut other, place, &branch.body));
            scope.join(other);
        }
        ran
    }

    fn test(&mut self, scope: &mut Scope, place: &Place, test: &ast::ExtendedTestExpr) {
        match test {
            ast::ExtendedTestExpr::And(left, right) | ast::ExtendedTestExpr::Or(left, right) => {
                self.test(scope, place, left);
                self.test(scope, place, right);
            }
            ast::ExtendedTestExpr::Not(inner) | ast::ExtendedTestExpr::Parenthesized(inner) => {
                self.test(scope, place, inner);
            }
            ast::ExtendedTestExpr::UnaryTest(_, word) => drop(self.scalar(scope, place, &word.value, Mode::Word)),
            ast::ExtendedTestExpr::BinaryTest(_, left, right) => {
                self.scalar(scope, place, &left.value, Mode::Word);
                self.scalar(scope, place, &right.value, Mode::Word);
            }
        }
    }
}

impl Ran {
    /// Both, one after the other.
    pub(crate) fn then(&mut self, next: Self) {
        self.printed = match (self.printed.take(), next.printed) {
            (Some(first), Some(second)) if first.len() + second.len() <= LONGEST_OUTPUT => Some(first + &second),
            _ => None,
        };
        self.commands.extend(next.commands);
    }

    /// This one, and perhaps the other: what both print is known only if the other prints nothing.
    fn or_not(mut self, other: Self) -> Self {
        self.printed = self.printed.filter(|_| other.printed.as_ref().is_some_and(String::is_empty));
        self.commands.extend(other.commands);
        self
    }
}
