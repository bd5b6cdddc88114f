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
    Program { name: "rpcclient", options: &["-U", "--user"], separator: Some(b'%') },
    Program { name: "winexe", options: &["-U", "--user"], separator: Some(b'%') },
    Program { name: "lftp", options: &["-u"], separator: Some(b',') },
    Program { name: "mariadb", options: &["-p"], separator: None },
    Program { name: "7z", options: &["-p"], separator: None },
    Program { name: "sqlcmd", options: &["-P"], separator: None },
    Program { name: "mongosh", options: &["-p"], separator: None },
    Program { name: "mongodump", options: &["-p"], separator: None },
    Program { name: "mongorestore", options: &["-p"], separator: None },
    Program { name: "cqlsh", options: &["-p"], separator: None },
    Program { name: "zip", options: &["-P"], separator: None },
    Program { name: "mosquitto_pub", options: &["-P"], separator: None },
    Program { name: "mosquitto_sub", options: &["-P"], separator: None },
    Program { name: "xfreerdp", options: &["/p:"], separator: None },
    Program { name: "twine upload", options: &["-p"], separator: None },
    Program { name: "az login", options: &["-p"], separator: None },
    Program { name: "registry login", options: &["-p"], separator: None },
    Program { name: "buildah login", options: &["-p"], separator: None },
    Program { name: "skopeo login", options: &["-p"], separator: None },
    Program { name: "nerdctl login", options: &["-p"], separator: None },
    Program { name: "ldapadd", options: &["-w"], separator: None },
    Program { name: "ldapmodify", options: &["-w"], separator: None },
    Program { name: "ldapdelete", options: &["-w"], separator: None },
    Program { name: "ldappasswd", options: &["-w", "-s"], separator: None },
    Program { name: "ldapwhoami", options: &["-w"], separator: None },
];

/// Programs that take a password only in the same word as its option.
const JOINED: &[&str] = &["mysql", "mariadb", "7z"];

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
        let value = value(text, start + option.len(), end, JOINED.contains(&program.name));
        let Some((start, end)) = value else { continue };
        place = end.max(place);
        if let Some(start) = password_at(text, start, end, program.separator) {
            found(Found { kind: PASSWORD, start, end });
        }
    }
}

/// The next word of the same command, quotes included.
pub(super) fn next_word(text: &[u8], at: usize, last: usize) -> Option<(usize, usize)> {
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

/// `echo password | sudo -S …`, `echo user:password | chpasswd`; the anchor is the program that reads it.
pub(crate) fn echoed(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let from = at.saturating_sub(LONGEST);
    let line = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |place| from + place + 1);
    let Some(pipe) = memchr::memrchr(b'|', &text[line..at]).map(|place| line + place) else { return };
    let is_login = text[at..].starts_with(b"--");
    let only_blanks = is_login || text[pipe + 1..at].iter().all(|&byte| SPACE.has(byte) || byte.is_ascii_lowercase());
    let echo = [b"echo ".as_slice(), b"printf ", b"print "]
        .into_iter()
        .find_map(|name| memchr::memmem::rfind(&text[line..pipe], name).map(|place| line + place + name.len()));
    let Some(words) = echo.filter(|_| only_blanks) else { return };
    let mut last = None;
    let mut place = words;
    while let Some(word) = next_word(text, place, pipe).filter(|word| word.0 < pipe) {
        place = word.1;
        last = Some(word);
    }
    let Some((start, end)) = last else { return };
    let is_quoted = end - start >= 2 && matches!(text[start], b'"' | b'\'') && text[end - 1] == text[start];
    let (start, end) = if is_quoted { (start + 1, end - 1) } else { (start, end) };
    let separator = text[at..].starts_with(b"chpasswd").then_some(b':');
    let has_space = text[start..end].iter().any(|&byte| SPACE.has(byte));
    if let Some(start) = password_at(text, start, end, separator).filter(|_| !has_space) {
        found(Found { kind: PASSWORD, start, end });
    }
}

/// `htpasswd -b file user password`; the anchor is the program.
pub(crate) fn htpasswd(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let mut place = at + "htpasswd".len();
    let mut words = Vec::new();
    while let Some(word) = next_word(text, place, at + LONGEST).filter(|_| words.len() < 8) {
        place = word.1;
        words.push(word);
    }
    let is_given = words.iter().any(|&(start, end)| text[start] == b'-' && text[start..end].contains(&b'b'));
    let Some(&(start, end)) = words.last().filter(|_| is_given && words.len() >= 3) else { return };
    if let Some(start) = password_at(text, start, end, None) {
        found(Found { kind: PASSWORD, start, end });
    }
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

/// `getConnection(url, "user", "password")`, `mysqli_connect(host, "user", "password")`; the anchor is the call.
pub(crate) fn third_argument(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let last = text.len().min(at + LONGEST);
    let line = memchr::memchr(b'\n', &text[at..last]).map_or(last, |place| at + place);
    let Some(mut place) = memchr::memchr(b'(', &text[at..line]).map(|open| at + open + 1) else { return };
    for _ in 0..2 {
        let start = SPACE.run(text, place, 8);
        let end = quoted_at(text, start).map_or(start, |(_, end)| end);
        let Some(comma) = text.get(end..line).and_then(|rest| memchr::memchr(b',', rest)) else { return };
        place = end + comma + 1;
    }
    let Some((start, end)) = quoted_at(text, SPACE.run(text, place, 8)) else { return };
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
