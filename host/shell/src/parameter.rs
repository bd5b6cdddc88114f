//! `${…}`: the value of a parameter after its operator, where both are known.

/// A parameter expression, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expression<'a> {
    pub name: &'a str,
    /// What stands in the brackets behind the name: `@`, `*` or an index.
    pub index: Option<&'a str>,
    /// `${!name}`.
    pub indirect: bool,
    /// `${#name}`.
    pub length: bool,
    /// Everything behind: `:-default`, `%%.*`.
    pub operator: &'a str,
}

pub(crate) fn parse(text: &str) -> Expression<'_> {
    let is_special = |text: &str| matches!(text, "#" | "!" | "@" | "*" | "?" | "-" | "$");
    let (length, rest) = match text.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !is_special(text) => (true, rest),
        _ => (false, text),
    };
    let (indirect, rest) = match rest.strip_prefix('!') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, rest),
    };
    let letters = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let end = if letters == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { letters };
    let (name, rest) = rest.split_at(end);
    let bracket = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (index, operator) = bracket.map_or((None, rest), |(index, rest)| (Some(index), rest));
    Expression { name, index, indirect, length, operator }
}

/// The value after an operator that only needs the value; none if that is not known here.
pub(crate) fn operate(value: &str, operator: &str) -> Option<String> {
    let is_plain = |text: &str| !text.contains(['$', '`', '"', '\'', '\\', '[', '(']);
    if !is_plain(operator) {
        return None;
    }
    match operator {
        "" => return Some(value.to_owned()),
        "," | ",," | "^" | "^^" => return Some(cased(value, operator)),
        _ => {}
    }
    if let Some(range) = operator.strip_prefix(':') {
        return substring(value, range);
    }
    if let Some(rest) = operator.strip_prefix('/') {
        return Some(replaced(value, rest)).filter(|_| !rest.contains(['*', '?']));
    }
    let (pattern, at_end, greedy) = match operator.as_bytes() {
        [b'%', b'%', ..] => (&operator[2..], true, true),
        [b'%', ..] => (&operator[1..], true, false),
        [b'#', b'#', ..] => (&operator[2..], false, true),
        [b'#', ..] => (&operator[1..], false, false),
        _ => return None,
    };
    Some(trimmed(value, pattern, at_end, greedy).to_owned())
}

fn cased(value: &str, operator: &str) -> String {
    let is_lower = operator.starts_with(',');
    let change = |text: &str| if is_lower { text.to_lowercase() } else { text.to_uppercase() };
    let first = value.chars().next().map_or(0, char::len_utf8);
    if operator.len() == 2 { change(value) } else { change(&value[..first]) + &value[first..] }
}

fn substring(value: &str, range: &str) -> Option<String> {
    let (from, length) = range.split_once(':').map_or((range, None), |(from, length)| (from, Some(length)));
    let count = i64::try_from(value.chars().count()).ok()?;
    let from = from.trim().parse::<i64>().ok()?;
    let from = if from < 0 { count + from } else { from };
    let length = length.map_or(Some(count), |length| length.trim().parse::<i64>().ok())?;
    let to = if length < 0 { count + length } else { from.saturating_add(length) };
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    Some(value.chars().skip(from).take(to.saturating_sub(from)).collect())
}

fn replaced(value: &str, rest: &str) -> String {
    let (all, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
    let (pattern, new) = rest.split_once('/').unwrap_or((rest, ""));
    match pattern.chars().next() {
        None => value.to_owned(),
        Some('#') if !all => value.strip_prefix(&pattern[1..]).map_or(value.to_owned(), |rest| format!("{new}{rest}")),
        Some('%') if !all => value.strip_suffix(&pattern[1..]).map_or(value.to_owned(), |rest| format!("{rest}{new}")),
        Some(_) if all => value.replace(pattern, new),
        Some(_) => value.replacen(pattern, new, 1),
    }
}

/// The value without the shortest or longest part at an end that the pattern fits.
fn trimmed<'a>(value: &'a str, pattern: &str, at_end: bool, greedy: bool) -> &'a str {
    let mut places: Vec<usize> = value.char_indices().map(|(place, _)| place).chain([value.len()]).collect();
    // Which end of the list is the shortest part depends on the end of the value that is looked at.
    if at_end != greedy {
        places.reverse();
    }
    for place in places {
        let (head, tail) = value.split_at(place);
        let (part, rest) = if at_end { (tail, head) } else { (head, tail) };
        if fits(part, pattern) {
            return rest;
        }
    }
    value
}

/// Whether a text fits a pattern of `*` and `?`. Linear but for one step back.
pub fn fits(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (t, p) = (t + 1, p + 1),
            Some(_) | None => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (t, p) = (taken + 1, place + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_taken_apart() {
        let parsed = parse("a[@]:1");
        assert_eq!((parsed.name, parsed.index, parsed.operator), ("a", Some("@"), ":1"));
        assert!(parse("#a").length);
        assert_eq!((parse("#").name, parse("#").length), ("#", false));
        assert!(parse("!a").indirect);
        assert_eq!((parse("HOME:?").name, parse("HOME:?").operator), ("HOME", ":?"));
    }

    #[test]
    fn operators_work_on_known_values() {
        for (value, operator, wanted) in [
            ("a.tar.gz", "%.*", "a.tar"),
            ("a.tar.gz", "%%.*", "a"),
            ("/x/y/z", "##*/", "z"),
            ("/x/y/z", "#*/", "x/y/z"),
            ("rmx", ":0:2", "rm"),
            ("xrm", ":1", "rm"),
            ("r-m", "/-/", "rm"),
            ("r--m", "//-/", "rm"),
            ("RM", ",,", "rm"),
            ("rm", "^", "Rm"),
        ] {
            assert_eq!(operate(value, operator).as_deref(), Some(wanted), "{value} {operator}");
        }
        assert_eq!(operate("a", "/$b/c"), None);
    }
}
