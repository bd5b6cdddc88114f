//! What simple commands print, where their words and input tell: for `$(echo rm)` and `… | sh`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::escapes;
use crate::field::Field;
use crate::scope::Scope;
use crate::world::World;

/// A longer output is not followed.
const LONGEST: usize = 64 << 10;

/// The output of a command, if it is known. What it runs besides is not looked at.
pub(crate) fn printed(words: &[Field], stdin: Option<&str>, scope: &Scope, world: &World<'_>) -> Option<String> {
    let name = words.first()?.text.as_str();
    let args = &words[1..];
    match name {
        "mktemp" => return Some(format!("{}/tmp.XXXXXXXXXX\n", world.temp_dir.trim_end_matches('/'))),
        "pwd" => return scope.cwd.as_ref().map(|cwd| format!("{cwd}\n")),
        "true" | "false" | ":" | "sleep" | "[" | "test" => return Some(String::new()),
        _ => {}
    }
    let texts: Vec<&str> = args.iter().map(Field::literal).collect::<Option<_>>()?;
    let text = match name {
        "echo" => echo(&texts),
        "printf" => printf(&texts)?,
        "tee" => stdin?.to_owned(),
        "cat" | "sort" | "uniq" | "head" | "tail" if has_no_operands(&texts) => stdin?.to_owned(),
        "cat" => written(&texts, scope)?,
        "rev" => stdin?.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect(),
        "tr" => translated(stdin?, &texts)?,
        "base64" | "gbase64" | "base32" | "basenc" => decoded(stdin, &texts)?,
        "openssl" if texts.first().is_some_and(|text| matches!(*text, "base64" | "enc")) => decoded(stdin, &texts)?,
        "xxd" if texts.iter().any(|text| text.starts_with("-r") || *text == "-p") => from_hex(stdin?)?,
        "which" | "command" | "type" => {
            texts.iter().rfind(|text| !text.starts_with('-')).map(|name| format!("{name}\n"))?
        }
        "basename" => texts.first()?.trim_end_matches('/').rsplit('/').next().map(|name| format!("{name}\n"))?,
        "dirname" => texts.first()?.rsplit_once('/').map(|(folder, _)| format!("{folder}\n"))?,
        "realpath" | "readlink" => format!("{}\n", scope.path(texts.iter().rfind(|text| !text.starts_with('-'))?)?),
        "git" if texts == ["rev-parse", "--show-toplevel"] => format!("{}\n", world.project_root?),
        _ => return None,
    };
    (text.len() <= LONGEST).then_some(text)
}

fn has_no_operands(texts: &[&str]) -> bool {
    texts.iter().all(|text| text.starts_with('-'))
}

fn echo(texts: &[&str]) -> String {
    let is_option =
        |text: &&&str| text.len() > 1 && text.starts_with('-') && text[1..].bytes().all(|b| b"neE".contains(&b));
    let options: String = texts.iter().take_while(is_option).copied().collect();
    let rest = texts.iter().skip_while(is_option).copied().collect::<Vec<_>>().join(" ");
    let text = if options.contains('e') { escapes::resolved(&rest) } else { rest };
    if options.contains('n') { text } else { text + "\n" }
}

/// The format is used again as long as there are arguments.
fn printf(texts: &[&str]) -> Option<String> {
    let (format, mut args) = match texts {
        ["--", format, args @ ..] => (format, args),
        ["-v", ..] => return Some(String::new()),
        [format, args @ ..] => (format, args),
        [] => return None,
    };
    let mut all = String::new();
    loop {
        let before = args.len();
        all.push_str(&formatted(format, &mut args)?);
        if args.is_empty() || args.len() == before || all.len() > LONGEST {
            return Some(all);
        }
    }
}

fn formatted(format: &str, args: &mut &[&str]) -> Option<String> {
    let mut all = String::new();
    let mut rest = format;
    while let Some(place) = rest.find('%') {
        all.push_str(&escapes::resolved(&rest[..place]));
        rest = &rest[place + 1..];
        let kind = rest.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        let mut take = || {
            let (first, others) = args.split_first().unwrap_or((&"", &[]));
            *args = others;
            *first
        };
        match rest.as_bytes()[kind] {
            b'%' => all.push('%'),
            b's' | b'd' | b'i' | b'u' => all.push_str(take()),
            b'b' => all.push_str(&escapes::resolved(take())),
            b'c' => all.extend(take().chars().next()),
            b'x' => all.push_str(&format!("{:x}", take().parse::<i64>().ok()?)),
            b'o' => all.push_str(&format!("{:o}", take().parse::<i64>().ok()?)),
            _ => return None,
        }
        rest = &rest[kind + 1..];
    }
    all.push_str(&escapes::resolved(rest));
    Some(all)
}

/// Files that the text itself wrote.
fn written(texts: &[&str], scope: &Scope) -> Option<String> {
    let paths = texts.iter().filter(|text| !text.starts_with('-'));
    paths.map(|path| scope.written.get(&scope.path(path)?).cloned().flatten()).collect()
}

fn decoded(stdin: Option<&str>, texts: &[&str]) -> Option<String> {
    let decodes = texts.iter().any(|text| matches!(*text, "-d" | "-D" | "--decode" | "-di" | "-id" | "-a"));
    if !decodes || texts.iter().any(|text| !text.starts_with('-') && !matches!(*text, "base64" | "enc")) {
        return None;
    }
    let text: String = stdin?.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/')).collect();
    let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    String::from_utf8(STANDARD.decode(padded).ok()?).ok()
}

fn from_hex(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    String::from_utf8(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()).ok()
}

/// `tr SET1 SET2` and `tr -d SET`, for plain sets and ranges.
fn translated(text: &str, texts: &[&str]) -> Option<String> {
    match texts {
        ["-d", set] => {
            let set = letters(set)?;
            Some(text.chars().filter(|c| !set.contains(c)).collect())
        }
        [from, to] if !from.starts_with('-') => {
            let (from, to) = (letters(from)?, letters(to)?);
            let last = to.last().copied()?;
            let change = |c: char| {
                let place = from.iter().rposition(|&each| each == c);
                place.map_or(c, |place| to.get(place).copied().unwrap_or(last))
            };
            Some(text.chars().map(change).collect())
        }
        _ => None,
    }
}

fn letters(set: &str) -> Option<Vec<char>> {
    let plain: Vec<char> = escapes::resolved(set).chars().collect();
    if set.contains("[:") {
        let (low, up) = (('a'..='z').collect(), ('A'..='Z').collect());
        return match set {
            "[:lower:]" => Some(low),
            "[:upper:]" => Some(up),
            "[:space:]" => Some(vec![' ', '\t', '\n']),
            _ => None,
        };
    }
    let mut all = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        if plain.get(at + 1) == Some(&'-') && at + 2 < plain.len() {
            all.extend(plain[at]..=plain[at + 2]);
            at += 3;
        } else {
            all.push(plain[at]);
            at += 1;
        }
        if all.len() > 4096 {
            return None;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &[&str], stdin: Option<&str>, wanted: Option<&str>) {
        let words: Vec<Field> = command.iter().map(|&word| Field::known(word)).collect();
        let world = World { cwd: "/p", home: None, project_root: Some("/p"), temp_dir: "/tmp", files: &crate::NoFiles };
        let scope = Scope { cwd: Some("/p".to_owned()), ..Scope::default() };
        assert_eq!(printed(&words, stdin, &scope, &world).as_deref(), wanted, "{command:?}");
    }

    #[test]
    fn what_is_printed_is_known() {
        check(&["echo", "-n", "rm"], None, Some("rm"));
        check(&["echo", "-e", r"\x72m"], None, Some("rm\n"));
        check(&["printf", r"%s\x20%s\n", "rm", "-rf"], None, Some("rm -rf\n"));
        check(&["printf", "%s ", "a", "b"], None, Some("a b "));
        check(&["printf", r"\162m"], None, Some("rm"));
        check(&["base64", "-d"], Some("cm0gLXJmIC8K\n"), Some("rm -rf /\n"));
        check(&["xxd", "-r", "-p"], Some("726d"), Some("rm"));
        check(&["rev"], Some("/ fr- mr\n"), Some("rm -rf /\n"));
        check(&["tr", "a-z", "b-za"], Some("ql"), Some("rm"));
        check(&["cat"], Some("x"), Some("x"));
        check(&["curl", "x"], None, None);
        check(&["git", "rev-parse", "--show-toplevel"], None, Some("/p\n"));
    }
}
