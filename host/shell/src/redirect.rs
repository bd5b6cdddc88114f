//! Redirections: what is written to, what is read, and the texts that stand in the command itself.

use brush_parser::ast::{self, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect};
use instar_core::command::{Redirect, Span, Via};

use crate::field::Feed;
use crate::pieces::Mode;
use crate::scope::Scope;
use crate::walk::{Place, Ran, Walker};

/// The redirections of one command.
#[derive(Debug, Default)]
pub(crate) struct Redirected {
    pub list: Vec<Redirect>,
    /// What standard input is connected to, if it is redirected.
    pub stdin: Option<Feed>,
    /// The file that standard output goes to, and whether it is appended.
    pub stdout: Option<(String, bool)>,
    /// Bodies of here-documents.
    pub documents: Vec<Span>,
    /// Commands that read what is written: `> >(…)`.
    pub readers: Vec<ast::SubshellCommand>,
}

impl Walker<'_> {
    pub(crate) fn redirects<'a>(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        redirects: impl IntoIterator<Item = &'a IoRedirect>,
    ) -> Redirected {
        let mut all = Redirected::default();
        for redirect in redirects {
            self.redirect(scope, place, redirect, &mut all);
        }
        all
    }

    fn redirect(&mut self, scope: &mut Scope, place: &Place, redirect: &IoRedirect, all: &mut Redirected) {
        match redirect {
            IoRedirect::File(number, kind, target) => self.file_redirect(scope, place, (*number, kind, target), all),
            IoRedirect::OutputAndError(word, append) => {
                let operator = if *append { "&>>" } else { "&>" };
                let target = self.scalar(scope, place, &word.value, Mode::Word);
                all.stdout = Some((target.text.clone(), *append));
                all.push(operator, target.text, target.dynamic);
            }
            IoRedirect::HereString(_, word) => {
                let begun = self.found.commands.len();
                let text = self.scalar(scope, place, &word.value, Mode::Word);
                // What the substitutions in it print is read; their text stands in it as it is written.
                let commands = (begun..self.found.commands.len()).filter_map(|index| u32::try_from(index).ok());
                all.stdin = Some(Feed { commands: commands.collect(), printed: Some(text.text + "\n") });
            }
            IoRedirect::HereDocument(_, document) => {
                let body = &document.doc.value;
                let text = if document.requires_expansion {
                    self.scalar(scope, place, body, Mode::Quoted).text
                } else {
                    body.clone()
                };
                let without_tabs = |text: String| {
                    text.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect::<String>()
                };
                let text = if document.remove_tabs { without_tabs(text) } else { text };
                // What only run time tells stands in it as it is written, and is understood again.
                all.stdin = Some(Feed { commands: Vec::new(), printed: Some(text) });
                all.documents.push(self.span(place, document.doc.loc.as_ref()));
            }
        }
    }

    fn file_redirect(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        what: (Option<i32>, &IoFileRedirectKind, &IoFileRedirectTarget),
        all: &mut Redirected,
    ) {
        let (number, kind, target) = what;
        let operator = operator(kind);
        let reads = matches!(kind, IoFileRedirectKind::Read | IoFileRedirectKind::ReadAndWrite);
        let word = match target {
            IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word) => word,
            IoFileRedirectTarget::Fd(number) => return all.push(operator, number.to_string(), false),
            IoFileRedirectTarget::ProcessSubstitution(_, group) => {
                if reads {
                    let ran = self.process(scope, place, group);
                    all.stdin = Some(Feed { commands: ran.commands, printed: ran.printed });
                } else {
                    all.readers.push(group.clone());
                }
                return;
            }
        };
        let target = self.scalar(scope, place, &word.value, Mode::Word);
        let is_duplicate = target.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if reads && number.is_none_or(|number| number == 0) {
            let path = scope.path(&target.text).filter(|_| !target.dynamic);
            let printed = path.and_then(|path| scope.written.get(&path).cloned().flatten());
            all.stdin = Some(Feed { commands: Vec::new(), printed });
        } else if !reads && !is_duplicate && number.is_none_or(|number| number == 1) {
            let append = matches!(kind, IoFileRedirectKind::Append);
            all.stdout = Some((target.text.clone(), append));
        }
        all.push(operator, target.text, target.dynamic);
    }

    /// The commands of `<(…)` or `>(…)`.
    pub(crate) fn process(&mut self, scope: &Scope, place: &Place, group: &ast::SubshellCommand) -> Ran {
        let inner = Place { via: Via::Substitution, depth: place.depth + 1, ..place.inside() };
        self.once(|walker| walker.list(&mut scope.clone(), &inner, &group.list))
    }

    /// A compound command: its redirections hold for all commands in it.
    pub(crate) fn redirected(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        redirects: &[IoRedirect],
        walk: impl FnOnce(&mut Self, &mut Scope, &Place) -> Ran,
    ) -> Ran {
        if redirects.is_empty() {
            return walk(self, scope, place);
        }
        let redirected = self.redirects(scope, place, redirects);
        let mut inner = place.clone();
        inner.redirects.extend(redirected.list.iter().cloned());
        if let Some(feed) = &redirected.stdin {
            inner.stdin.clone_from(&feed.printed);
            inner.reads_from.clone_from(&feed.commands);
        }
        self.took_code = false;
        let ran = walk(self, scope, &inner);
        if !self.took_code {
            self.found.data_spans.extend(&redirected.documents);
        }
        self.written(scope, place, redirected, ran)
    }

    /// What was printed may have gone into a file or to other commands.
    pub(crate) fn written(&mut self, scope: &mut Scope, place: &Place, redirected: Redirected, ran: Ran) -> Ran {
        for group in &redirected.readers {
            let inner = Place {
                via: Via::Substitution,
                depth: place.depth + 1,
                reads_from: ran.commands.clone(),
                stdin: ran.printed.clone(),
                ..place.inside()
            };
            self.list(&mut scope.clone(), &inner, &group.list);
        }
        let Some((target, append)) = redirected.stdout else { return ran };
        if let Some(path) = scope.path(&target) {
            let before = if append { scope.written.remove(&path).flatten() } else { Some(String::new()) };
            let text = before.zip(ran.printed).map(|(before, new)| before + &new);
            scope.written.insert(path, text);
        }
        Ran { printed: Some(String::new()), commands: ran.commands }
    }
}

impl Redirected {
    fn push(&mut self, operator: &str, target: String, dynamic: bool) {
        self.list.push(Redirect { operator: operator.to_owned(), target, dynamic });
    }
}

fn operator(kind: &IoFileRedirectKind) -> &'static str {
    match kind {
        IoFileRedirectKind::Read => "<",
        IoFileRedirectKind::Write => ">",
        IoFileRedirectKind::Append => ">>",
        IoFileRedirectKind::ReadAndWrite => "<>",
        IoFileRedirectKind::Clobber => ">|",
        IoFileRedirectKind::DuplicateInput => "<&",
        IoFileRedirectKind::DuplicateOutput => ">&",
    }
}
