//! One simple command: its words are expanded, wrappers taken off, and what it carries is followed.

use brush_parser::ast::{self, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem, ProcessSubstitutionKind};
use instar_core::command::{SimpleCommand, Span, Via};

use crate::field::{Feed, Field, program};
use crate::pieces::Mode;
use crate::redirect::Redirected;
use crate::scope::Scope;
use crate::walk::{DEEPEST, Place, Ran, Walker};
use crate::{builtin, wrapper};

/// For more values of its variables than this, a command is not looked at again.
const MOST_PICKS: usize = 16;
/// Bytes of standard input that are listed, all commands together.
const MOST_HANDED: usize = 1 << 20;

/// A command that is about to be looked at: its arguments and what comes with them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub words: Vec<Field>,
    pub assignments: Vec<(String, String)>,
    /// Further words may come behind the last one.
    pub more_words: bool,
}

impl Walker<'_> {
    /// Looks at the command once for each value that its variables may have.
    pub(crate) fn simple(&mut self, scope: &mut Scope, place: &Place, command: &ast::SimpleCommand) -> Ran {
        let outer = (self.pick, self.picks);
        let before = scope.clone();
        (self.pick, self.picks) = (0, 1);
        let mut ran = self.picked(scope, place, command);
        while self.pick + 1 < self.picks.min(MOST_PICKS) && !self.is_full() {
            self.pick += 1;
            let mut other = before.clone();
            let again = self.picked(&mut other, place, command);
            scope.join(other);
            ran.printed = None;
            ran.commands.extend(again.commands);
        }
        (self.pick, self.picks) = outer;
        ran
    }

    fn picked(&mut self, scope: &mut Scope, place: &Place, command: &ast::SimpleCommand) -> Ran {
        let prefix = command.prefix.as_ref().map_or(&[] as &[_], |prefix| &prefix.0);
        let suffix = command.suffix.as_ref().map_or(&[] as &[_], |suffix| &suffix.0);
        let items = || prefix.iter().chain(suffix);
        let redirects = items().filter_map(|item| match item {
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => Some(redirect),
            _ => None,
        });
        let (begun, span) = (self.found.commands.len(), self.span(place, location(command).as_ref()));
        let outer = place;
        let place = &Place { around: Some(span), ..outer.clone() };
        let mut redirected = self.redirects(scope, place, redirects);
        let mut call = Call::default();
        for item in prefix {
            if let CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) = item {
                let pair = self.assignment(scope, place, assignment, command.word_or_name.is_none());
                call.assignments.push(pair);
            }
        }
        if let Some(name) = &command.word_or_name {
            call.words = self.fields(scope, place, &name.value);
        }
        let declares = call.words.first().is_some_and(|name| builtin::declares(&name.text));
        for item in suffix {
            match item {
                CommandPrefixOrSuffixItem::IoRedirect(_) => {}
                CommandPrefixOrSuffixItem::Word(word) => call.words.extend(self.fields(scope, place, &word.value)),
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) if declares => {
                    let (name, value) = self.assignment(scope, place, assignment, true);
                    call.words.push(Field::known(format!("{name}={value}")));
                }
                CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                    call.words.extend(self.fields(scope, place, &word.value));
                }
                CommandPrefixOrSuffixItem::ProcessSubstitution(kind, group) => {
                    let field = self.process_field(scope, place, kind, group, &mut redirected);
                    call.words.push(field);
                }
            }
        }
        let user = self.found.commands.len();
        let ran = self.expanded(scope, place, (call, redirected, span));
        self.tell_user(outer, begun, user);
        ran
    }

    /// What was found in the words of a command belongs to it, unless something in there carries it.
    fn tell_user(&mut self, place: &Place, begun: usize, user: usize) {
        if user >= self.found.commands.len() {
            return;
        }
        let parent = u32::try_from(user).ok();
        for each in &mut self.found.commands[begun.min(user)..user] {
            let is_in_words = each.via == Via::Substitution && each.depth == place.depth + 1;
            if is_in_words && each.parent == place.parent {
                each.parent = parent;
            }
        }
    }

    fn process_field(
        &mut self,
        scope: &Scope,
        place: &Place,
        kind: &ProcessSubstitutionKind,
        group: &ast::SubshellCommand,
        redirected: &mut Redirected,
    ) -> Field {
        match kind {
            ProcessSubstitutionKind::Read => {
                let ran = self.process(scope, place, group);
                let feed = Feed { commands: ran.commands, printed: ran.printed };
                Field { feed: Some(Box::new(feed)), ..Field::unknown("<(…)") }
            }
            ProcessSubstitutionKind::Write => {
                redirected.readers.push(group.clone());
                Field::unknown(">(…)")
            }
        }
    }

    fn expanded(&mut self, scope: &mut Scope, place: &Place, what: (Call, Redirected, Span)) -> Ran {
        let (call, redirected, span) = what;
        let mut inner = Place { span: Some(span), ..place.clone() };
        inner.redirects.extend(redirected.list.iter().cloned());
        if let Some(feed) = &redirected.stdin {
            inner.stdin.clone_from(&feed.printed);
            inner.reads_from.clone_from(&feed.commands);
        }
        self.took_code = false;
        let ran = if call.words.is_empty() {
            self.without_words(scope, &inner, call, &redirected)
        } else {
            let call = self.without_alias(scope, &inner, call);
            self.run(scope, &inner, call)
        };
        if !self.took_code && self.pick == 0 {
            self.found.data_spans.extend(&redirected.documents);
        }
        self.written(scope, place, redirected, ran)
    }

    /// Only assignments and redirections: `> file`, and `< file`, which in a substitution prints the file.
    fn without_words(&mut self, scope: &Scope, place: &Place, call: Call, redirected: &Redirected) -> Ran {
        let printed = redirected.stdin.as_ref().map_or(Some(String::new()), |feed| feed.printed.clone());
        if call.assignments.is_empty() && redirected.list.is_empty() {
            return Ran { printed, commands: Vec::new() };
        }
        let index = self.emit(scope, place, call);
        Ran { printed, commands: vec![index] }
    }

    fn without_alias(&mut self, scope: &mut Scope, place: &Place, mut call: Call) -> Call {
        let mut seen = Vec::new();
        while let Some(text) = call.words.first().and_then(Field::literal).and_then(|name| scope.aliases.get(name)) {
            let text = text.clone();
            let name = call.words.remove(0).text;
            if seen.contains(&name) {
                call.words.insert(0, Field::known(name));
                return call;
            }
            seen.push(name);
            let mut words: Vec<Field> =
                text.split_whitespace().flat_map(|word| self.fields(scope, place, word)).collect();
            words.append(&mut call.words);
            call.words = words;
        }
        call
    }

    /// A variable and its value; where it is kept, it is kept for what follows.
    fn assignment(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        assignment: &ast::Assignment,
        keep: bool,
    ) -> (String, String) {
        let name = match &assignment.name {
            AssignmentName::VariableName(name) => name.clone(),
            AssignmentName::ArrayElementName(name, _) => {
                scope.vars.insert(name.clone(), vec![None]);
                name.clone()
            }
        };
        let is_element = matches!(assignment.name, AssignmentName::ArrayElementName(..));
        let value: Option<Vec<String>>;
        let text;
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let field = self.scalar(scope, place, &word.value, Mode::Word);
                value = (!field.dynamic).then(|| vec![field.text.clone()]);
                text = field.text;
            }
            AssignmentValue::Array(elements) => {
                let fields: Vec<Field> =
                    elements.iter().flat_map(|(_, word)| self.fields(scope, place, &word.value)).collect();
                let is_known = fields.iter().all(|field| !field.dynamic);
                text = fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" ");
                value = is_known.then(|| fields.into_iter().map(|field| field.text).collect());
            }
        }
        if keep && !is_element {
            let is_scalar = matches!(assignment.value, AssignmentValue::Scalar(_));
            let value = if assignment.append { appended(scope, &name, value, is_scalar) } else { value };
            scope.set_all(&name, vec![value]);
        }
        (name, text)
    }

    /// A command with all its words known as far as they can be.
    pub(crate) fn run(&mut self, scope: &mut Scope, place: &Place, call: Call) -> Ran {
        if self.is_full() {
            return Ran::default();
        }
        if place.nesting > DEEPEST {
            self.found.complete = false;
            self.emit(scope, place, call);
            return Ran::default();
        }
        let unwrapped = wrapper::unwrap(call.words);
        let mut inner = place.clone();
        inner.wrappers.extend(unwrapped.wrappers);
        if inner.elsewhere.is_none() {
            inner.elsewhere = unwrapped.elsewhere;
        }
        let mut call = Call { words: unwrapped.words, ..call };
        call.assignments.extend(unwrapped.assignments);
        if let Some(name) = call.words.first_mut().filter(|name| !name.dynamic) {
            name.text = program(&name.text).to_owned();
        }
        match unwrapped.folder {
            None => self.unwrapped(scope, &inner, call),
            Some(folder) => {
                let mut there = scope.clone();
                there.cwd = there.path(&folder.text).filter(|_| !folder.dynamic);
                self.unwrapped(&mut there, &inner, call)
            }
        }
    }

    fn unwrapped(&mut self, scope: &mut Scope, place: &Place, call: Call) -> Ran {
        let words = call.words.clone();
        let more_words = call.more_words;
        let index = self.emit(scope, place, call);
        let mut ran = Ran { printed: None, commands: vec![index] };
        let Some(name) = words.first().filter(|name| !name.dynamic) else { return ran };
        if let Some(body) = scope.functions.get(&name.text).cloned() {
            return self.function(scope, place, &words, &body, index);
        }
        let place = &Place { parent: Some(index), ..place.clone() };
        let carried = self
            .builtin(scope, place, &words)
            .or_else(|| self.shell_or_interpreter(scope, place, &words, more_words))
            .or_else(|| self.carrier(scope, place, &words))
            .or_else(|| self.program_of_the_project(scope, place, &words));
        let printed = crate::printed::printed(&words, place.stdin.as_deref(), scope, self.world);
        if let Some(carried) = carried {
            ran.commands.extend(carried.commands);
            ran.printed = carried.printed;
        }
        ran.printed = printed.or(ran.printed);
        crate::wrote::note(scope, &words, place.stdin.as_deref());
        ran
    }

    fn function(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        words: &[Field],
        body: &ast::FunctionBody,
        index: u32,
    ) -> Ran {
        let name = words[0].text.clone();
        if place.calls.contains(&name) {
            if !self.found.recursive_functions.contains(&name) {
                self.found.recursive_functions.push(name);
            }
            return Ran { printed: None, commands: vec![index] };
        }
        let mut inner = Place { nesting: place.nesting + 1, ..place.clone() };
        inner.calls.push(name);
        let args = scope.args.replace(words[1..].to_vec());
        let redirects = body.1.as_ref().map_or(Vec::new(), |list| list.0.clone());
        let ran =
            self.command(scope, &inner, &ast::Command::Compound(body.0.clone(), Some(ast::RedirectList(redirects))));
        scope.args = args;
        ran
    }

    /// Writes the command down; gives its index.
    pub(crate) fn emit(&mut self, scope: &Scope, place: &Place, call: Call) -> u32 {
        let index = u32::try_from(self.found.commands.len()).unwrap_or(u32::MAX);
        let places = |is: fn(&Field) -> bool| {
            let indices = call.words.iter().enumerate().filter(|(_, word)| is(word)).map(|(index, _)| index);
            indices.filter_map(|index| u32::try_from(index).ok()).collect()
        };
        self.listed += call.words.len() + place.redirects.len() + place.wrappers.len();
        self.handed += place.stdin.as_ref().map_or(0, String::len);
        // What is read by very many commands is told of the first ones.
        let stdin = place.stdin.clone().filter(|_| self.handed <= MOST_HANDED);
        self.found.complete &= stdin.is_some() == place.stdin.is_some();
        self.found.commands.push(SimpleCommand {
            dynamic: places(|word| word.dynamic),
            patterns: places(|word| word.pattern),
            argv: call.words.into_iter().map(|word| word.text).collect(),
            more_words: call.more_words,
            wrappers: place.wrappers.clone(),
            assignments: call.assignments,
            redirects: place.redirects.clone(),
            reads_from: place.reads_from.clone(),
            stdin,
            parent: place.parent,
            cwd: scope.cwd.clone(),
            elsewhere: place.elsewhere.clone(),
            via: place.via,
            depth: place.depth,
            span: place.span.unwrap_or_default(),
        });
        index
    }

    /// Words of a part that was not understood.
    pub(crate) fn guessed(&mut self, scope: &Scope, place: &Place, words: Vec<Field>) {
        if self.is_full() {
            return;
        }
        let unwrapped = wrapper::unwrap(words);
        let mut place = place.clone();
        place.wrappers.extend(unwrapped.wrappers);
        let mut call = Call { words: unwrapped.words, assignments: unwrapped.assignments, more_words: false };
        if let Some(name) = call.words.first_mut() {
            name.text = program(&name.text).to_owned();
            self.emit(scope, &place, call);
        }
    }
}

fn appended(scope: &Scope, name: &str, value: Option<Vec<String>>, is_scalar: bool) -> Option<Vec<String>> {
    let Some([Some(before)]) = scope.vars.get(name).map(Vec::as_slice) else { return None };
    let (mut all, value) = (before.clone(), value?);
    if is_scalar {
        all.first_mut()?.push_str(value.first()?);
    } else {
        all.extend(value);
    }
    Some(all)
}

fn location(command: &ast::SimpleCommand) -> Option<brush_parser::SourceSpan> {
    use brush_parser::ast::SourceLocation;
    command.location()
}
