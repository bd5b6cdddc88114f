//! Backslashes: those of `$'…'`, `printf` and `echo -e`.

/// The text with its escapes resolved, as `$'…'` does it. Bytes that are no text are dropped.
pub(crate) fn resolved(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            push(&mut bytes, c);
            continue;
        }
        let Some(kind) = rest.next() else {
            bytes.push(b'\\');
            break;
        };
        match kind {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'e' | 'E' => bytes.push(27),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' | '\'' | '"' | '?' => push(&mut bytes, kind),
            'x' => bytes.extend(number(&mut rest, 16, 2).map(low_byte)),
            'u' => push_code(&mut bytes, number(&mut rest, 16, 4)),
            'U' => push_code(&mut bytes, number(&mut rest, 16, 8)),
            'c' => bytes.extend(rest.next().map(|c| low_byte(u32::from(c)) & 31)),
            '0'..='7' => {
                let first = kind.to_digit(8).unwrap_or(0);
                // `$'\101'` has three digits, and `printf '\0101'` four.
                let (digits, width) = if first == 0 { (3, 8_u32.pow(3)) } else { (2, 64) };
                let (more, count) = counted(&mut rest, 8, digits);
                let shift = 8_u32.pow(u32::try_from(count).unwrap_or(0));
                bytes.push(low_byte(first.min(width) * shift + more));
            }
            other => {
                bytes.push(b'\\');
                push(&mut bytes, other);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn counted(rest: &mut Rest<'_>, radix: u32, most: usize) -> (u32, usize) {
    let (mut value, mut count) = (0_u32, 0);
    while count < most {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        count += 1;
        rest.next();
    }
    (value, count)
}

fn number(rest: &mut Rest<'_>, radix: u32, most: usize) -> Option<u32> {
    let (value, count) = counted(rest, radix, most);
    (count > 0).then_some(value)
}

fn low_byte(value: u32) -> u8 {
    u8::try_from(value & 0xff).unwrap_or(0)
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn push_code(bytes: &mut Vec<u8>, code: Option<u32>) {
    if let Some(c) = code.and_then(char::from_u32) {
        push(bytes, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_as_bash_does() {
        for (text, wanted) in [
            (r"\x72m", "rm"),
            (r"\162\155", "rm"),
            (r"\0162m", "rm"),
            (r"\u0072m", "rm"),
            (r"a\tb\n", "a\tb\n"),
            (r"it\'s", "it's"),
            (r"\q\", r"\q\"),
            (r"\xc3\xa9", "é"),
        ] {
            assert_eq!(resolved(text), wanted, "{text}");
        }
    }
}
