//! From a word as it is written to the arguments that a command gets.

use instar_core::command::Via;

use crate::braces;
use crate::field::Field;
use crate::parameter::{self, Expression};
use crate::pieces::{Kind, Mode, Piece, pieces};
use crate::scope::Scope;
use crate::walk::{Place, Walker};

/// What is known of a parameter.
enum Value {
    Known(Vec<String>),
    /// It has no value for certain.
    Unset,
    /// Known only at run time; what could stand for it, if anything.
    Unknown(Option<String>),
}

impl Walker<'_> {
    /// The arguments that a word becomes: none, one or several.
    pub(crate) fn fields(&mut self, scope: &mut Scope, place: &Place, raw: &str) -> Vec<Field> {
        if !raw.contains(['$', '`', '\\', '\'', '"', '~', '{', '*', '?', '[']) {
            return vec![Field::known(raw)];
        }
        let Some(words) = braces::expanded(raw) else {
            self.found.complete = false;
            return vec![Field::unknown(raw)];
        };
        let mut fields = Vec::new();
        self.listed += words.len();
        if self.is_full() {
            return vec![Field::unknown(raw)];
        }
        for word in words {
            let mut builder = Builder::splitting(scope);
            self.word(scope, place, &word, &mut builder);
            self.found.complete &= !builder.is_cut;
            fields.extend(builder.finish());
        }
        fields
    }

    /// The one text that a word becomes where nothing is split: in assignments and redirections.
    pub(crate) fn scalar(&mut self, scope: &mut Scope, place: &Place, raw: &str, mode: Mode) -> Field {
        let mut builder = Builder::whole();
        match pieces(raw, mode) {
            Some(pieces) => self.pieces(scope, place, &pieces, &mut builder),
            None => {
                self.found.complete = false;
                builder.unknown(raw);
            }
        }
        self.found.complete &= !builder.is_cut;
        builder.finish().pop().unwrap_or_default()
    }

    fn word(&mut self, scope: &mut Scope, place: &Place, word: &str, builder: &mut Builder) {
        match pieces(word, Mode::Word) {
            Some(pieces) => self.pieces(scope, place, &pieces, builder),
            None => {
                self.found.complete = false;
                builder.unknown(word);
            }
        }
    }

    fn pieces(&mut self, scope: &mut Scope, place: &Place, pieces: &[Piece<'_>], builder: &mut Builder) {
        for piece in pieces {
            match &piece.kind {
                Kind::Text(text) => builder.literal(text, piece.quoted),
                Kind::Nothing => builder.begin(),
                Kind::Tilde(name) => self.tilde(scope, name, builder),
                Kind::Parameter(text) => self.parameter(scope, place, (text, piece), builder),
                Kind::Command(text) => match self.substitution(scope, place, text) {
                    Some(printed) => builder.value(printed.trim_end_matches('\n'), piece.quoted),
                    None => builder.unknown(piece.raw),
                },
                Kind::Arithmetic(text) => {
                    self.scalar(scope, place, text, Mode::Quoted);
                    match text.trim().parse::<i64>() {
                        Ok(number) => builder.value(&number.to_string(), piece.quoted),
                        Err(_) => builder.unknown(piece.raw),
                    }
                }
            }
        }
    }

    fn tilde(&mut self, scope: &Scope, name: &str, builder: &mut Builder) {
        let known = match name {
            "" => scope.plain("HOME").or(self.world.home).map(str::to_owned),
            "+" => scope.cwd.clone(),
            "-" => scope.old_cwd.clone(),
            "root" => Some("/root".to_owned()),
            _ => None,
        };
        match known {
            Some(folder) => builder.literal(&folder, true),
            // Whose home it is, is known; where it is, is not.
            None => builder.unknown(&format!("~{name}")),
        }
    }

    /// What the commands in a substitution print, where that is known. They are found as commands of their own.
    fn substitution(&mut self, scope: &Scope, place: &Place, text: &str) -> Option<String> {
        // Places in that text would be its own; what is known of the raw text is where the word stands.
        let span = place.span.or(place.around).or_else(|| Some(self.whole()));
        let inner = Place { via: Via::Substitution, depth: place.depth + 1, span, ..place.inside() };
        self.once(|walker| walker.text(&mut scope.clone(), &inner, text).printed)
    }

    fn parameter(&mut self, scope: &mut Scope, place: &Place, what: (&str, &Piece<'_>), builder: &mut Builder) {
        let (text, piece) = what;
        let expression = parameter::parse(text);
        let value = self.value(scope, &expression);
        let is_list = matches!(expression.name, "@" | "*") || matches!(expression.index, Some("@" | "*"));
        if matches!(text, "@" | "*")
            && let Some(args) = scope.args.as_deref().filter(|args| args.iter().any(|arg| arg.dynamic))
        {
            return builder.arguments(args, piece.quoted);
        }
        if expression.length {
            return match value {
                Value::Known(elements) => {
                    let first = elements.first().map_or(0, |text| text.chars().count());
                    builder.value(&(if is_list { elements.len() } else { first }).to_string(), piece.quoted);
                }
                Value::Unset | Value::Unknown(_) => builder.unknown(piece.raw),
            };
        }
        let operator = expression.operator;
        let conditional = operator.strip_prefix(':').unwrap_or(operator);
        if let Some(default) = conditional.strip_prefix(['-', '=']) {
            return self.or_default(scope, place, (value, default, piece), builder);
        }
        if let Some(instead) = conditional.strip_prefix('+') {
            return match value {
                Value::Known(elements) if elements.iter().any(|text| !text.is_empty()) => {
                    self.inner_word(scope, place, (instead, piece.quoted), builder);
                }
                Value::Known(_) | Value::Unset => {}
                Value::Unknown(_) => self.perhaps(scope, place, (instead, piece), builder),
            };
        }
        let operator = if conditional.starts_with('?') { "" } else { operator };
        match value {
            Value::Known(elements) => {
                let done: Option<Vec<_>> = elements.iter().map(|text| parameter::operate(text, operator)).collect();
                match done {
                    Some(elements) => builder.elements(&elements, piece.quoted, expression.name == "*"),
                    None => builder.unknown(piece.raw),
                }
            }
            Value::Unset => {}
            Value::Unknown(written) => builder.unknown(written.as_deref().unwrap_or(piece.raw)),
        }
    }

    fn or_default(&mut self, scope: &mut Scope, place: &Place, what: (Value, &str, &Piece<'_>), builder: &mut Builder) {
        let (value, default, piece) = what;
        match value {
            Value::Known(elements) if elements.iter().any(|text| !text.is_empty()) => {
                builder.elements(&elements, piece.quoted, false);
            }
            Value::Known(_) | Value::Unset => self.inner_word(scope, place, (default, piece.quoted), builder),
            Value::Unknown(_) => self.perhaps(scope, place, (default, piece), builder),
        }
    }

    /// A word that may or may not stand for a parameter: it is the best that is known of it.
    fn perhaps(&mut self, scope: &mut Scope, place: &Place, what: (&str, &Piece<'_>), builder: &mut Builder) {
        let (word, piece) = what;
        let text = self.scalar(scope, place, word, Mode::Word).text;
        builder.unknown(if text.is_empty() { piece.raw } else { &text });
    }

    fn inner_word(&mut self, scope: &mut Scope, place: &Place, what: (&str, bool), builder: &mut Builder) {
        let (word, quoted) = what;
        if quoted {
            let field = self.scalar(scope, place, word, Mode::Quoted);
            return if field.dynamic { builder.unknown(&field.text) } else { builder.literal(&field.text, true) };
        }
        self.word(scope, place, word, builder);
    }

    fn value(&mut self, scope: &Scope, expression: &Expression<'_>) -> Value {
        let value = self.named(scope, expression.name);
        if expression.indirect {
            return match value {
                Value::Known(names) if names.len() == 1 => self.named(scope, &names[0]),
                Value::Known(_) | Value::Unset | Value::Unknown(_) => Value::Unknown(None),
            };
        }
        match (value, expression.index) {
            (Value::Known(elements), None) if !matches!(expression.name, "@" | "*") => {
                Value::Known(elements.into_iter().take(1).collect())
            }
            (Value::Known(elements), Some(index)) if index != "@" && index != "*" => match index.parse::<usize>() {
                Ok(index) => elements.into_iter().nth(index).map_or(Value::Unset, |text| Value::Known(vec![text])),
                Err(_) => Value::Unknown(None),
            },
            (value, _) => value,
        }
    }

    fn named(&mut self, scope: &Scope, name: &str) -> Value {
        if let Some(values) = scope.vars.get(name) {
            self.picks = self.picks.max(values.len());
            return match values.get(self.pick % values.len().max(1)) {
                Some(Some(elements)) => Value::Known(elements.clone()),
                Some(None) | None => Value::Unknown(None),
            };
        }
        let known = |text: Option<&str>| text.map_or(Value::Unknown(None), |text| Value::Known(vec![text.to_owned()]));
        match name {
            "HOME" => known(self.world.home),
            "PWD" => known(scope.cwd.as_deref()),
            "OLDPWD" => known(scope.old_cwd.as_deref()),
            "IFS" => known(Some(" \t\n")),
            "SHELL" | "BASH" => known(Some("/bin/bash")),
            "@" | "*" => match &scope.args {
                Some(args) if args.iter().all(|arg| !arg.dynamic) => {
                    Value::Known(args.iter().map(|arg| arg.text.clone()).collect())
                }
                Some(_) | None => Value::Unknown(None),
            },
            "0" => Value::Unknown(None),
            _ => match (name.parse::<usize>(), &scope.args) {
                (Ok(number), Some(args)) => match args.get(number.saturating_sub(1)) {
                    Some(arg) if arg.dynamic => Value::Unknown(Some(arg.text.clone())),
                    Some(arg) => Value::Known(vec![arg.text.clone()]),
                    None => Value::Unset,
                },
                _ => Value::Unknown(None),
            },
        }
    }
}

/// Puts arguments together, splitting where the shell would.
struct Builder {
    done: Vec<Field>,
    current: Option<Field>,
    /// The characters at which values are split; none where nothing is split.
    separators: Option<String>,
    length: usize,
    /// It became too long, and something is missing.
    is_cut: bool,
}

/// A word does not become more than this: `X=$X$X` again and again would.
const LONGEST: usize = 256 << 10;
const MOST_FIELDS: usize = 16_384;

impl Builder {
    fn splitting(scope: &Scope) -> Self {
        let separators = scope.plain("IFS").unwrap_or(" \t\n").to_owned();
        Self { done: Vec::new(), current: None, separators: Some(separators), length: 0, is_cut: false }
    }

    fn whole() -> Self {
        Self { done: Vec::new(), current: None, separators: None, length: 0, is_cut: false }
    }

    fn begin(&mut self) {
        self.current.get_or_insert_default();
    }

    fn has_room(&mut self, length: usize) -> bool {
        self.length += length;
        self.is_cut |= self.length > LONGEST || self.done.len() > MOST_FIELDS;
        !self.is_cut
    }

    fn literal(&mut self, text: &str, quoted: bool) {
        if !self.has_room(text.len()) {
            return self.current.get_or_insert_default().dynamic = true;
        }
        let field = self.current.get_or_insert_default();
        field.text.push_str(text);
        field.pattern |= !quoted && text.contains(['*', '?', '[']);
    }

    fn unknown(&mut self, written: &str) {
        let has_room = self.has_room(written.len());
        let field = self.current.get_or_insert_default();
        field.text.push_str(if has_room { written } else { "" });
        field.dynamic = true;
    }

    /// The value of a variable or the output of a command. A pattern in it may come from a loop over files.
    fn value(&mut self, text: &str, quoted: bool) {
        let has_pattern = text.contains(['*', '?']);
        let Some(separators) = self.separators.clone().filter(|_| !quoted) else {
            self.literal(text, true);
            return self.mark(has_pattern);
        };
        for (index, part) in text.split(|c| separators.contains(c)).enumerate() {
            if index > 0 {
                self.done.extend(self.current.take());
            }
            if !part.is_empty() {
                self.literal(part, false);
            }
        }
    }

    fn mark(&mut self, has_pattern: bool) {
        if let Some(field) = &mut self.current {
            field.pattern |= has_pattern;
        }
    }

    fn elements(&mut self, elements: &[String], quoted: bool, joined: bool) {
        if quoted && joined {
            return self.value(&elements.join(" "), true);
        }
        for (index, element) in elements.iter().enumerate() {
            if index > 0 && self.separators.is_some() {
                self.done.extend(self.current.take());
            } else if index > 0 {
                self.literal(" ", true);
            }
            self.value(element, quoted);
        }
    }

    /// `$@`, some of which only run time tells.
    fn arguments(&mut self, args: &[Field], quoted: bool) {
        for (index, arg) in args.iter().enumerate() {
            if index > 0 && self.separators.is_some() {
                self.done.extend(self.current.take());
            } else if index > 0 {
                self.literal(" ", true);
            }
            if arg.dynamic { self.unknown(&arg.text) } else { self.value(&arg.text, quoted) }
        }
    }

    fn finish(mut self) -> Vec<Field> {
        self.done.extend(self.current.take());
        self.done
    }
}
