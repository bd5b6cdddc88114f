//! Brace expansion: `{a,b}` and `{1..9}`, before anything else is expanded.

/// More words than this are not made of one.
const MOST: usize = 1024;

/// The words that a word stands for; itself if it has no braces. None if there would be too many.
pub(crate) fn expanded(raw: &str) -> Option<Vec<String>> {
    if !raw.contains('{') {
        return Some(vec![raw.to_owned()]);
    }
    let mut done = Vec::new();
    let mut waiting = vec![(raw.to_owned(), 0)];
    while let Some((word, from)) = waiting.pop() {
        if done.len() + waiting.len() > MOST {
            return None;
        }
        match first_brace(&word, from) {
            None => done.push(word),
            Some(Brace { start, end, members }) => {
                // A member may have braces itself, so the search goes on where it begins.
                for member in members.into_iter().rev() {
                    waiting.push((format!("{}{member}{}", &word[..start], &word[end..]), start));
                }
            }
        }
    }
    Some(done)
}

struct Brace {
    start: usize,
    end: usize,
    members: Vec<String>,
}

fn first_brace(word: &str, from: usize) -> Option<Brace> {
    let mut open = Vec::new();
    let mut best: Option<Brace> = None;
    let bytes = word.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            quote @ (b'\'' | b'"' | b'`') => at += bytes[at + 1..].iter().position(|&byte| byte == quote)? + 1,
            b'$' if matches!(bytes.get(at + 1), Some(b'{' | b'(')) => at = behind_expansion(bytes, at + 1),
            b'{' => open.push((at, Vec::new())),
            b',' => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(at);
                }
            }
            b'}' => {
                if let Some((start, commas)) = open.pop()
                    && let Some(members) = members(word, start, at, &commas)
                    && best.as_ref().is_none_or(|best| start < best.start)
                {
                    best = Some(Brace { start, end: at + 1, members });
                }
                if open.is_empty() && best.is_some() {
                    return best;
                }
            }
            _ => {}
        }
        at += 1;
    }
    best
}

/// The place of the bracket that closes the one at `at`, or the last byte.
fn behind_expansion(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            b'{' | b'(' => depth += 1,
            b'}' | b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    bytes.len()
}

fn members(word: &str, start: usize, end: usize, commas: &[usize]) -> Option<Vec<String>> {
    if commas.is_empty() {
        return sequence(&word[start + 1..end]);
    }
    let starts = std::iter::once(start + 1).chain(commas.iter().map(|comma| comma + 1));
    let ends = commas.iter().copied().chain(std::iter::once(end));
    Some(starts.zip(ends).map(|(start, end)| word[start..end].to_owned()).collect())
}

fn sequence(text: &str) -> Option<Vec<String>> {
    let mut parts = text.split("..");
    let (first, last) = (parts.next()?, parts.next()?);
    let step = parts.next().map_or(Some(1), |step| step.parse::<i64>().ok())?.unsigned_abs().max(1);
    let step = usize::try_from(step).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let (low, high, of): (i64, i64, fn(i64) -> Option<String>) = match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => (first, last, |value| Some(value.to_string())),
        _ => (letter(first)?, letter(last)?, |value| char::from_u32(u32::try_from(value).ok()?).map(String::from)),
    };
    let (bottom, top) = (low.min(high), low.max(high));
    if top.checked_sub(bottom)? / i64::try_from(step).ok()? > MOST as i64 {
        return None;
    }
    let upwards: Option<Vec<String>> = (bottom..=top).step_by(step).map(of).collect();
    upwards.map(|words| if low > high { words.into_iter().rev().collect() } else { words })
}

fn letter(text: &str) -> Option<i64> {
    let mut letters = text.chars();
    let only = letters.next().filter(char::is_ascii_alphabetic)?;
    letters.next().is_none().then_some(i64::from(u32::from(only)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, wanted: &str) {
        assert_eq!(expanded(raw).unwrap().join(" "), wanted, "{raw}");
    }

    #[test]
    fn braces_are_expanded_as_bash_does() {
        check("a{b,c}d", "abd acd");
        check("a{b,c{d,e}}f", "abf acdf acef");
        check("{a,b}{1..3}", "a1 a2 a3 b1 b2 b3");
        check("{c..a}", "c b a");
        check("{1..7..3}", "1 4 7");
        check("{rm,-rf,/}", "rm -rf /");
        check("r{m,}", "rm r");
    }

    #[test]
    fn what_is_no_brace_expansion_stays() {
        for raw in ["{a}", "{}", "{a,b", "\\{a,b}", "'{a,b}'", "${a,b}", "$(echo {a,b})", "{a..}"] {
            check(raw, raw);
        }
        check("{{a,b}", "{a {b");
    }

    #[test]
    fn too_many_words_are_refused_and_huge_numbers_do_no_harm() {
        assert_eq!(expanded(&"{a,b}".repeat(40)), None);
        check("{1..99999999999999999999}", "{1..99999999999999999999}");
        check("{1..999999999}", "{1..999999999}");
        let _ = expanded(&"{".repeat(5000));
        let _ = expanded(&"{a,".repeat(5000));
    }
}
