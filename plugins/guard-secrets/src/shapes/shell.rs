//! Passwords among the arguments of well-known programs, as a shell trace shows them.

use crate::class::{NAME, SPACE, WORD};
use crate::kinds::shaped::PASSWORD;
use crate::placeholder::is_placeholder;
use crate::rules::Found;

const LONGEST: usize = 512;
/// A command has its password among the first options that may have one.
const MOST_OPTIONS: usize = 4;

/// A program, its options that carry a password, and what stands before the password in such an argument.
struct Program {
    name: &'static str,
    options: &'static [&'static str],
    /// `user:password` or `user%password`.
    separator: Option<u8>,
}

const PROGRAMS: &[Program] = &[
    Program { name: "curl", options: &["-u", "--user", "--proxy-user", "-U"], separator: Some(b':') },
    Program { name: "mysql", options: &["-p"], separator: None },
    Program { name: "sshpass", options: &["-p"], separator: None },
    Program { name: "redis-cli", options: &["-a", "--pass"], separator: None },
    Program { name: "docker login", options: &["-p"], separator: None },
    Program { name: "podman login", options: &["-p"], separator: None },
    Program { name: "gh secret set", options: &["--body", "-b"], separator: None },
    Program { name: "openssl enc", options: &["-k", "-pass pass:"], separator: None },
    Program { name: "ldapsearch", options: &["-w"], separator: None },
    Program { name: "smbclient", options: &["-U", "--user"], separator: Some(b'%') },
];

/// The anchor is the program's name.
pub(crate) fn arguments(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let is_program = |program: &&Program| text[at..].starts_with(program.name.as_bytes());
    let Some(program) = PROGRAMS.iter().find(is_program) else { return };
    let behind_name = at + program.name.len();
    // mysqldump, mysqladmin; but not a word such as `curly`.
    let name_end = if program.name == "mysql" { WORD.run(text, behind_name, 12) } else { behind_name };
    if !text.get(name_end).is_some_and(|&byte| SPACE.has(byte)) {
        return;
    }
    let mut place = name_end;
    let mut options = 0;
    while let Some((start, end)) = next_word(text, place, at + LONGEST) {
        let word = &text[start..end];
        // Another command, which is looked at by itself.
        if word.starts_with(program.name.as_bytes()) {
            return;
        }
        let option = program.options.iter().find(|option| word.starts_with(option.as_bytes()));
        place = end;
        let Some(option) = option.filter(|_| options < MOST_OPTIONS) else { continue };
        options += 1;
        let value = value(text, start + option.len(), end, program.name == "mysql");
        let Some((start, end)) = value else { continue };
        place = end.max(place);
        if let Some(start) = password_at(text, start, end, program.separator) {
            found(Found { kind: PASSWORD, start, end });
        }
    }
}

/// The next word of the same command, quotes included.
fn next_word(text: &[u8], at: usize, last: usize) -> Option<(usize, usize)> {
    let last = last.min(text.len());
    let start = SPACE.run(text, at, 64);
    let mut quote = None;
    let mut end = start;
    while end < last {
        match (quote, text[end]) {
            (None, b' ' | b'\t' | b'\n' | b'|' | b';' | b'&') => break,
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (_, b'\n') => break,
            _ => {}
        }
        end += 1;
    }
    (end > start).then_some((start, end))
}

/// The value of an option: in the same word, or in the next one.
fn value(text: &[u8], at: usize, end: usize, only_joined: bool) -> Option<(usize, usize)> {
    let joined = (at < end).then(|| if text[at] == b'=' { (at + 1, end) } else { (at, end) });
    let (start, end) = match joined {
        Some(joined) => joined,
        None if only_joined => return None,
        None => next_word(text, end, end + LONGEST)?,
    };
    let is_quoted = end - start >= 2 && matches!(text[start], b'"' | b'\'') && text[end - 1] == text[start];
    Some(if is_quoted { (start + 1, end - 1) } else { (start, end) })
}

fn password_at(text: &[u8], start: usize, end: usize, separator: Option<u8>) -> Option<usize> {
    let start = match separator {
        None => start,
        Some(separator) => start + text[start..end].iter().position(|&byte| byte == separator)? + 1,
    };
    let password = &text[start..end];
    let is_option = password.first() == Some(&b'-');
    (password.len() >= 5 && !is_option && !is_placeholder(password)).then_some(start)
}

/// `auth=("user", "password")` of a program; the anchor is `auth=(`.
pub(crate) fn auth_pair(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let behind = at + "auth=(".len();
    let Some(user) = quoted_at(text, behind) else { return };
    let comma = SPACE.run(text, user.1 + 1, 8);
    if text.get(comma) != Some(&b',') {
        return;
    }
    let Some((start, end)) = quoted_at(text, SPACE.run(text, comma + 1, 8)) else { return };
    if end - start >= 5 && !is_placeholder(&text[start..end]) {
        found(Found { kind: PASSWORD, start, end });
    }
}

/// `ConvertTo-SecureString "password" -AsPlainText` of PowerShell; the anchor is the name.
pub(crate) fn secure_string(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    const OPTION: &[u8] = b"-string";
    let first = SPACE.run(text, at + "convertto-securestring".len(), 8);
    let has_option = text.get(first..first + OPTION.len()).is_some_and(|word| word.eq_ignore_ascii_case(OPTION));
    let start = if has_option { SPACE.run(text, first + OPTION.len(), 8) } else { first };
    let Some((start, end)) = quoted_at(text, start) else { return };
    if end - start >= 5 && !is_placeholder(&text[start..end]) {
        found(Found { kind: PASSWORD, start, end });
    }
}

/// The text in the quotes that open at this place.
fn quoted_at(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let quote = *text.get(at).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let length = memchr::memchr(quote, &text[at + 1..text.len().min(at + 256)])?;
    Some((at + 1, at + 1 + length))
}

/// `host:port:database:user:password`, as `.pgpass` has it; the anchor is the port.
pub(crate) fn pgpass(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let host = NAME.with("*").run_back(text, at, 255);
    let begins_line =
        host.checked_sub(1).is_none_or(|before| matches!(text[before], b'\n' | b'"' | b'\'' | b' ' | b'+'));
    let database = at + 6;
    let Some(user) = field_end(text, database).map(|colon| colon + 1) else { return };
    let Some(password) = field_end(text, user).map(|colon| colon + 1) else { return };
    let end = super::value_end(text, password);
    if host < at && begins_line && end - password >= 5 && !is_placeholder(&text[password..end]) {
        found(Found { kind: PASSWORD, start: password, end });
    }
}

/// `IDENTIFIED BY 'password'` of SQL.
pub(crate) fn identified_by(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let quote = at + "identified by ".len();
    let Some(open) = text.get(quote).filter(|byte| matches!(byte, b'\'' | b'"')) else {
        return identified_bare(text, quote, found);
    };
    let start = quote + 1;
    let Some(length) = memchr::memchr(*open, &text[start..text.len().min(start + 256)]) else { return };
    if length >= 5 && !is_placeholder(&text[start..start + length]) {
        found(Found { kind: PASSWORD, start, end: start + length });
    }
}

/// Without quotes, as some servers take it: a word that is none of the language.
fn identified_bare(text: &[u8], start: usize, found: &mut dyn FnMut(Found)) {
    let end = NAME.with("!$#@").run(text, start, 64);
    let word = &text[start..end];
    let is_mixed = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
    if word.len() >= 8 && is_mixed && !is_placeholder(word) {
        found(Found { kind: PASSWORD, start, end });
    }
}

fn field_end(text: &[u8], at: usize) -> Option<usize> {
    let end = NAME.with("*").run(text, at, 64);
    (end > at && text.get(end) == Some(&b':')).then_some(end)
}
