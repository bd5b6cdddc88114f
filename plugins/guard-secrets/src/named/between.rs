//! From a name to its value: the signs between them, and in which form the value stands there.

use super::rows;
use crate::class::{BLANK, DIGIT, NAME, QUOTE, SPACE, WORD};

/// How a value stands beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Within quotes or tags.
    Quoted,
    /// `NAME=value`, `name: value`, an argument of a command.
    Assigned,
    /// `name = value`, which in a program is one variable set to another.
    Spaced,
    /// A column of a table, a word of a sentence.
    Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub form: Form,
    pub start: usize,
    pub end: usize,
}

/// The longest value that is looked at; longer ones have a form of their own.
const LONGEST: usize = 512;
/// What a name's value is called where the name is a value itself: `name: DB_PASSWORD`, `value: …`.
const VALUE_NAMES: &[&[u8]] =
    &[b"value", b"Value", b"val", b"default", b"ParameterValue", b"currentValue", b"content", b"text"];

/// The value behind the name that stands from `start` to `end`.
pub(super) fn value_behind(text: &[u8], start: usize, end: usize) -> Option<Value> {
    let closed = closers(text, end);
    let at = SPACE.run(text, closed, 40);
    match text.get(at..)? {
        [b':' | b'?' | b'+' | b'|', b'=', ..] => assigned(text, at + 2, at > closed),
        [b'|', b'|', b'=', ..] => assigned(text, at + 3, true),
        [b'=', b'>', ..] | [b'-', b'>', ..] => assigned(text, at + 2, true),
        // `api_key==value` of httpie.
        [b'=', b'=', next, ..] if at == closed && !SPACE.has(*next) && !QUOTE.has(*next) && *next != b'=' => {
            bare(text, at + 2, Form::Assigned)
        }
        [b'=' | b'!', b'=', ..] => quoted_only(text, at + 2 + usize::from(text.get(at + 2) == Some(&b'='))),
        [b'=', ..] => assigned(text, at + 1, at > closed),
        // A path such as `Token::new`.
        [b':', b':', ..] => None,
        [b':', ..] => behind_colon(text, at + 1),
        [b'>', ..] => tagged(text, at + 1),
        [b'|' | b'\t', ..] => column(text, at + 1),
        [b'(', ..] if at == closed && is_setter(&text[start..end]) => quoted_only(text, at + 1),
        [b',', ..] => {
            let near = named_value(text, at).or_else(|| argument(text, start, end, at));
            near.or_else(|| rows::value_below(text, start, end))
        }
        // The stroke of a table that is drawn with lines.
        [0xe2, 0x94, 0x82, ..] => column(text, at + 3),
        [b'\n' | b'\r' | b';' | b'{' | b'}', ..] => {
            named_value(text, at).or_else(|| rows::value_below(text, start, end))
        }
        _ if at > closed && text[end..closed].contains(&b')') => {
            rows::value_below(text, start, end).or_else(|| spaced(text, start, closed, at))
        }
        _ if at > closed => spaced(text, start, closed, at),
        _ => None,
    }
}

/// `setPassword("…")`, `.password("…")`, `with_token("…")`: a call that takes the value itself.
fn is_setter(name: &[u8]) -> bool {
    let name = name.iter().rposition(|&byte| byte == b'.').map_or(name, |dot| &name[dot + 1..]);
    let is_plain = [b"password".as_slice(), b"passwd", b"passphrase", b"secret", b"apiKey", b"api_key"].contains(&name);
    let begins = |verb: &&[u8]| {
        name.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
            && name.get(verb.len()).is_some_and(|&next| next == b'_' || next.is_ascii_uppercase())
    };
    is_plain || [b"set".as_slice(), b"with", b"use", b"change", b"update"].iter().any(begins)
}

/// `set("name", "value")`: both in quotes, and the name is the whole of its text.
fn argument(text: &[u8], start: usize, end: usize, comma: usize) -> Option<Value> {
    let is_constant = |name: &[u8]| name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
    if start > 0 && !QUOTE.has(text[start - 1]) && is_constant(&text[start..end]) {
        return quoted_only(text, comma + 1);
    }
    // `["--password", "value"]`: an option and its value in a list.
    let option = text[..start].iter().rev().take(2).take_while(|&&byte| byte == b'-').count();
    let before = (start - option).checked_sub(1);
    let quote = before.map(|before| text[before]).filter(|&byte| QUOTE.has(byte))?;
    let is_whole = text.get(end) == Some(&quote) && SPACE.run(text, end + 1, 8) == comma;
    is_whole.then(|| quoted_only(text, comma + 1)).flatten()
}

/// Behind the name: a quote, a bracket, as in `config["name"] =`.
fn closers(text: &[u8], end: usize) -> usize {
    let is_closer = |place: &usize| QUOTE.has(text[*place]) || matches!(text[*place], b']' | b')');
    (end..text.len().min(end + 3)).find(|place| !is_closer(place)).unwrap_or(text.len().min(end + 3))
}

fn assigned(text: &[u8], at: usize, is_spaced: bool) -> Option<Value> {
    let start = SPACE.run(text, at, 40);
    let is_spaced = is_spaced || start > at;
    let opened = skip_prefix(text, start);
    if let Some(value) = quoted(text, opened).or_else(|| default_of(text, start)) {
        return Some(value);
    }
    let form = if is_spaced { Form::Spaced } else { Form::Assigned };
    bare(text, start, form)
}

/// `os.environ.get("NAME", "value")`, `process.env.NAME || "value"`: what counts where nothing is set.
fn default_of(text: &[u8], at: usize) -> Option<Value> {
    const READERS: &[&[u8]] = &[
        b"os.environ.get(",
        b"os.getenv(",
        b"getenv(",
        b"env(",
        b"ENV.fetch(",
        b"config(",
        b"process.env",
        b"os.environ",
        b"ENV[",
    ];
    let reader = READERS.iter().find(|reader| text[at..].starts_with(reader))?;
    let line = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end).min(at + 200);
    let from = at + reader.len();
    let joins: &[&[u8]] = &[b", ", b" or ", b" || ", b" ?? "];
    let behind = |join: &&[u8]| memchr::memmem::find(&text[from..line], join).map(|place| from + place + join.len());
    joins.iter().filter_map(behind).min().and_then(|start| quoted(text, start))
}

/// YAML and JSON, or a type: `name: String = "…"`.
fn behind_colon(text: &[u8], at: usize) -> Option<Value> {
    let start = SPACE.run(text, at, 80);
    if let Some(value) = quoted(text, skip_prefix(text, start)) {
        return Some(value);
    }
    if matches!(text.get(start), Some(b'|' | b'>')) {
        return block(text, start + 1);
    }
    let type_end = WORD.with("&<>[]?.' ").run(text, start, 40);
    if text.get(type_end) == Some(&b'=') && text.get(type_end.wrapping_sub(1)) == Some(&b' ') {
        return quoted_only(text, type_end + 1);
    }
    if matches!(text.get(start), Some(b'\n' | b'\r')) {
        return None;
    }
    bare(text, start, Form::Assigned)
}

/// `name: |` and the text in the next line.
fn block(text: &[u8], at: usize) -> Option<Value> {
    let line = WORD.with("-+").run(text, at, 4);
    let start = BLANK.run(text, line, 80);
    let is_next_line = text[line..start].contains(&b'\n');
    if is_next_line { bare(text, start, Form::Assigned) } else { None }
}

fn tagged(text: &[u8], at: usize) -> Option<Value> {
    let end = memchr::memchr(b'<', text.get(at..text.len().min(at + 512))?)? + at;
    (end > at).then_some(Value { form: Form::Quoted, start: at, end })
}

fn column(text: &[u8], at: usize) -> Option<Value> {
    let start = SPACE.run(text, at, 80);
    bare(text, start, Form::Said)
}

/// `"name"}, "value": "…"`, on one line or the next.
fn named_value(text: &[u8], at: usize) -> Option<Value> {
    let start = BLANK.with(",;}{-\"'").run(text, at, 80);
    let name = VALUE_NAMES.iter().find(|name| text[start..].starts_with(name))?;
    let closed = closers(text, start + name.len());
    let sign = SPACE.run(text, closed, 8);
    matches!(text.get(sign), Some(b':' | b'=')).then(|| assigned(text, sign + 1, false)).flatten()
}

/// Nothing but spaces between: an option, a line of `.netrc` or a Dockerfile, a table, a sentence, an attribute.
fn spaced(text: &[u8], start: usize, closed: usize, at: usize) -> Option<Value> {
    let rest = &text[at..];
    if let Some(value) = VALUE_NAMES.iter().find(|name| rest.starts_with(name)).and_then(|_| named_value(text, at)) {
        return Some(value);
    }
    let is_option = start >= 2 && text[start - 1] == b'-' && (text[start - 2] == b'-' || SPACE.has(text[start - 2]));
    let near = start.saturating_sub(120);
    let line = memchr::memrchr(b'\n', &text[near..start]).map_or(near, |place| near + place + 1);
    let before = text[line..start].to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&before, word.as_bytes()).is_some();
    let is_line = has("login ")
        || has("machine ")
        || before == b"env "
        || before == b"arg "
        || has("setenv ")
        || has("config set ")
        || has("configure set ");
    if is_option || is_line {
        return quoted(text, at).or_else(|| bare(text, at, Form::Assigned));
    }
    // Words of their own, which a sentence has and a shell too.
    if matches!(&text[start..closed], b"pass" | b"Pass" | b"pwd") {
        return None;
    }
    let is_column = at - closed >= 2 || text[closed..at].contains(&b'\t');
    let said = ["is ", "is:", "was ", "are ", "to ", "by "]
        .iter()
        .find(|word| rest.len() > word.len() && rest[..word.len()].eq_ignore_ascii_case(word.as_bytes()));
    match said {
        Some(word) => {
            let start = SPACE.with(":").run(text, at + word.len(), 4);
            quoted(text, start).or_else(|| bare(text, start, Form::Said))
        }
        None if is_column => bare(text, at, Form::Said),
        None => {
            let said = quoted(text, at).or_else(|| of_somebody(text, at)).or_else(|| last_word(text, at));
            said.or_else(|| if text[start..closed].contains(&b'_') { logged(text, at) } else { None })
        }
    }
}

/// `requirepass …` of Redis, `password 7 …` of routers: the value ends the line.
fn last_word(text: &[u8], at: usize) -> Option<Value> {
    let digit = DIGIT.run(text, at, 1);
    let at = if text.get(digit) == Some(&b' ') && digit > at { digit + 1 } else { at };
    let value = bare(text, at, Form::Said)?;
    matches!(text.get(value.end), None | Some(b'\n' | b'\r')).then_some(value)
}

/// `using api_token 8s7d… for upload`: a name of a program, and what nobody would write as a word.
fn logged(text: &[u8], at: usize) -> Option<Value> {
    let value = bare(text, at, Form::Said)?;
    let word = &text[value.start..value.end];
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    (word.len() >= 16 && digits >= 2 && WORD.with("-.=").holds(word)).then_some(value)
}

/// `password for the server is …`, `password of admin: …`
fn of_somebody(text: &[u8], at: usize) -> Option<Value> {
    let is_for = [b"for ".as_slice(), b"of ", b"on ", b"("]
        .iter()
        .any(|word| text.get(at..at + word.len()).is_some_and(|given| given.eq_ignore_ascii_case(word)));
    if !is_for {
        return None;
    }
    let end = NAME.with(" @/()'%").run(text, at, 60);
    let last = &text[at..end];
    let says = [b" is ".as_slice(), b" set to ", b" changed to ", b" reset to "];
    let is = says.iter().find_map(|word| memchr::memmem::rfind(last, word).map(|place| at + place + word.len()));
    let start = match text.get(end) {
        Some(b':' | b'=') => SPACE.run(text, end + 1, 4),
        _ => is?,
    };
    quoted(text, start).or_else(|| bare(text, start, Form::Said))
}

fn quoted_only(text: &[u8], at: usize) -> Option<Value> {
    quoted(text, skip_prefix(text, SPACE.run(text, at, 40)))
}

/// `b"`, `r'`, `f"`, `$'`, `@"`, and calls that hold nothing but a text: `String::from("`, `new Secret("`.
fn skip_prefix(text: &[u8], at: usize) -> usize {
    let end = WORD.with("$@:.([] ").run(text, at, 32);
    let is_quote = text.get(end).is_some_and(|&byte| QUOTE.has(byte));
    let prefix = &text[at..end];
    let is_call = matches!(prefix.last(), Some(b'(' | b'[')) && !prefix.contains(&b'.');
    let reads = [b"env".as_slice(), b"get", b"Env", b"Get", b"config", b"read", b"load", b"input", b"prompt"];
    let is_reading = reads.iter().any(|word| memchr::memmem::find(prefix, word).is_some());
    if is_quote && (prefix.len() <= 1 || is_call && !is_reading) { end } else { at }
}

fn quoted(text: &[u8], at: usize) -> Option<Value> {
    let quote = *text.get(at).filter(|&&byte| QUOTE.has(byte))?;
    // Three quotes are one.
    let opened = at + text[at..].iter().take(3).take_while(|&&byte| byte == quote).count();
    let start = if opened == at + 2 { return None } else { opened };
    let last = text.len().min(start + LONGEST);
    let end = (start..last).find(|&place| text[place] == quote || text[place] == b'\n').unwrap_or(last);
    (end > start && end - start < LONGEST).then_some(Value { form: Form::Quoted, start, end })
}

fn bare(text: &[u8], start: usize, form: Form) -> Option<Value> {
    let last = text.len().min(start + LONGEST);
    let ends =
        |&place: &usize| text[place] <= b' ' || QUOTE.has(text[place]) || matches!(text[place], b'<' | b'>' | 0x7f);
    let end = (start..last).find(ends).unwrap_or(last);
    (end > start && end - start < LONGEST).then_some(Value { form, start, end })
}

impl Value {
    /// Without what belongs to the text around a bare value.
    pub(super) fn without_frame(self, text: &[u8]) -> Self {
        if self.form == Form::Quoted {
            return self;
        }
        let value = &text[self.start..self.end];
        let before = text[..self.start].iter().rev().take_while(|byte| !byte.is_ascii_whitespace());
        let is_query = before.take(256).any(|&byte| byte == b'?' || byte == b'&');
        let ends = |byte: u8| match byte {
            b'&' | b'#' => is_query,
            b'|' => self.form == Form::Said,
            _ => false,
        };
        let end = value.iter().position(|&byte| ends(byte)).unwrap_or(value.len());
        let is_mark = |byte: u8| matches!(byte, b',' | b';' | b')' | b']' | b'}');
        let is_stop = |byte: u8| is_mark(byte) || self.form == Form::Said && matches!(byte, b'.' | b'!' | b'?' | b':');
        let kept = value[..end].iter().rposition(|&byte| !is_stop(byte)).map_or(0, |place| place + 1);
        // Connection strings and compact JSON go on behind a separator.
        let cut = value[..kept].iter().position(|&byte| matches!(byte, b';' | b','));
        let is_list = cut.is_some_and(|cut| value[cut..kept].contains(&b'=') || value[cut..kept].contains(&b':'));
        let kept = if is_list { cut.unwrap_or(kept) } else { kept };
        Self { end: self.start + kept, ..self }
    }
}
