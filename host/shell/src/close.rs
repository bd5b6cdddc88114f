//! Where a bracket or quote ends that a word opens, whatever stands in between. One pass, no recursion.

/// What is open and has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    Paren,
    Brace,
    Double,
    Tick,
}

/// What comes next in a text that is searched.
enum Step {
    Open(Open, usize),
    Close,
    /// Goes on at this place.
    To(usize),
}

/// The place of what closes the bracket or quote that was opened before `from`.
pub(crate) fn close(raw: &str, from: usize, open: Open) -> Option<usize> {
    let mut search = Search { raw, from, stack: vec![open], documents: Vec::new() };
    let mut at = from;
    while at < raw.len() {
        match search.step(at)? {
            Step::Open(inner, length) => {
                search.stack.push(inner);
                at += length;
            }
            Step::Close => {
                search.stack.pop();
                if search.stack.is_empty() {
                    return Some(at);
                }
                at += 1;
            }
            Step::To(place) => at = place,
        }
    }
    None
}

struct Search<'a> {
    raw: &'a str,
    from: usize,
    stack: Vec<Open>,
    /// Here-documents whose bodies begin on the next line: delimiter, and whether tabs are taken off.
    documents: Vec<(String, bool)>,
}

impl Search<'_> {
    fn step(&mut self, at: usize) -> Option<Step> {
        let bytes = self.raw.as_bytes();
        let top = *self.stack.last()?;
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        Some(match (bytes[at], next) {
            (b'\\', _) => Step::To(at + 2),
            (b'`', _) if top == Open::Tick => Step::Close,
            (b'"', _) if top == Open::Double => Step::Close,
            (b')', _) if top == Open::Paren => Step::Close,
            (b'}', _) if top == Open::Brace => Step::Close,
            _ if top == Open::Tick => Step::To(at + 1),
            (b'`', _) => Step::Open(Open::Tick, 1),
            (b'$', b'(') => Step::Open(Open::Paren, 2),
            (b'$', b'{') => Step::Open(Open::Brace, 2),
            (b'"', _) => Step::Open(Open::Double, 1),
            (b'\'', _) if top == Open::Brace && !self.stack.contains(&Open::Double) => {
                Step::To(self.behind(at, b'\'')?)
            }
            _ if top == Open::Paren => self.in_command(at, next)?,
            _ => Step::To(at + 1),
        })
    }

    /// In `$(…)` the text is a command: it has quotes, comments and here-documents.
    fn in_command(&mut self, at: usize, next: u8) -> Option<Step> {
        let bytes = self.raw.as_bytes();
        Some(match (bytes[at], next) {
            (b'(', _) => Step::Open(Open::Paren, 1),
            (b'$', b'\'') => Step::To(ansi_end(self.raw, at + 2)? + 1),
            (b'\'', _) => Step::To(self.behind(at, b'\'')?),
            (b'#', _) if at > self.from && bytes[at - 1].is_ascii_whitespace() => {
                Step::To(at + bytes[at..].iter().position(|&byte| byte == b'\n')?)
            }
            (b'<', b'<') => Step::To(document_begins(self.raw, at, &mut self.documents)),
            (b'\n', _) if !self.documents.is_empty() => {
                Step::To(behind_documents(self.raw, at + 1, &mut self.documents))
            }
            _ => Step::To(at + 1),
        })
    }

    fn behind(&self, at: usize, quote: u8) -> Option<usize> {
        let rest = &self.raw.as_bytes()[at + 1..];
        rest.iter().position(|&byte| byte == quote).map(|length| at + 2 + length)
    }
}

/// The place of the quote that ends a `$'…'` whose text begins at `from`.
pub(crate) fn ansi_end(raw: &str, from: usize) -> Option<usize> {
    let bytes = raw.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\'' => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Notes the delimiter of a here-document; `<<<` is none. Gives the place behind it.
fn document_begins(raw: &str, at: usize, documents: &mut Vec<(String, bool)>) -> usize {
    let rest = &raw[at + 2..];
    if rest.starts_with('<') {
        return at + 3;
    }
    let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let word = rest.trim_start_matches([' ', '\t']);
    let quote = word.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let (name, length) = match quote {
        Some(quote) => {
            let end = word[1..].find(quote).unwrap_or(word.len() - 1);
            (word[1..=end].to_owned(), (end + 2).min(word.len()))
        }
        None => {
            let end = word.find(|c: char| c.is_whitespace() || ";&|()<>".contains(c)).unwrap_or(word.len());
            (word[..end].replace(['\\', '\'', '"'], ""), end)
        }
    };
    documents.push((name, tabs));
    raw.len() - word.len() + length
}

/// The place behind the bodies of the here-documents that begin here.
fn behind_documents(raw: &str, mut at: usize, documents: &mut Vec<(String, bool)>) -> usize {
    for (name, tabs) in documents.drain(..) {
        while at < raw.len() {
            let line = raw[at..].split('\n').next().unwrap_or("");
            let is_end = if tabs { line.trim_start_matches('\t') == name } else { line == name };
            // `$(cat <<E … E)` ends on the line of the delimiter.
            let ends_here = !is_end && line.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(')'));
            if ends_here {
                at += name.len();
                break;
            }
            at = (at + line.len() + 1).min(raw.len());
            if is_end {
                break;
            }
        }
    }
    at
}
