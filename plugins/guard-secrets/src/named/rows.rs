//! A name that heads a column: the first line of a CSV file, the columns of an `INSERT`.

use super::between::{Form, Value};
use crate::class::{NAME, QUOTE, SPACE};

/// How far the names of all columns may reach.
const HEAD: usize = 400;

/// The value in the row behind the name that stands from `start` to `end`.
pub(super) fn value_below(text: &[u8], start: usize, end: usize) -> Option<Value> {
    inserted(text, start, end).or_else(|| in_table(text, start, end))
}

/// `name,api_key` and in the next line `ada,…`
fn in_table(text: &[u8], start: usize, end: usize) -> Option<Value> {
    let near = start.saturating_sub(HEAD);
    let line = memchr::memrchr(b'\n', &text[near..start]).map_or(near, |place| near + place + 1);
    let head_end = end + memchr::memchr(b'\n', &text[end..text.len().min(end + HEAD)])?;
    let head = text[line..head_end].strip_suffix(b"\r").unwrap_or(&text[line..head_end]);
    let sign = [b',', b';', b'\t'].into_iter().find(|sign| head.contains(sign))?;
    let is_name = |byte: &u8| NAME.has(*byte) || QUOTE.has(*byte) || *byte == sign || *byte == b' ';
    if !head.iter().all(is_name) {
        return None;
    }
    let column = text[line..start].iter().filter(|&&byte| byte == sign).count();
    let row = head_end + 1;
    let row_end = memchr::memchr(b'\n', &text[row..text.len().min(row + 4 * HEAD)])
        .map_or(text.len().min(row + 4 * HEAD), |place| row + place);
    field(text, row, row_end, column, sign)
}

/// `INSERT INTO keys (id, api_key) VALUES (1, '…')`
fn inserted(text: &[u8], start: usize, end: usize) -> Option<Value> {
    let near = start.saturating_sub(HEAD);
    let open = near + memchr::memrchr(b'(', &text[near..start])?;
    let before = text[open.saturating_sub(80)..open].to_ascii_lowercase();
    memchr::memmem::find(&before, b"insert ")?;
    let column = text[open..start].iter().filter(|&&byte| byte == b',').count();
    let behind = &text[end..text.len().min(end + HEAD)];
    let close = memchr::memchr(b')', behind)?;
    let values = SPACE.with("\r\n").run(text, end + close + 1, 40);
    let is_values = text.get(values..values + 6).is_some_and(|word| word.eq_ignore_ascii_case(b"values"));
    let row = values + 6 + memchr::memchr(b'(', text.get(values + 6..text.len().min(values + 20))?)? + 1;
    is_values.then(|| field(text, row, text.len().min(row + 4 * HEAD), column, b',')).flatten()
}

/// The field of a row, with or without quotes.
fn field(text: &[u8], from: usize, to: usize, column: usize, sign: u8) -> Option<Value> {
    let mut start = from;
    let mut left = column;
    let mut quote = None;
    for place in from..to {
        let byte = text[place];
        match quote {
            Some(open) => quote = (byte != open).then_some(open),
            None if QUOTE.has(byte) => quote = Some(byte),
            None if byte == sign && left == 0 => return Some(of_field(text, start, place)),
            None if byte == sign => (left, start) = (left - 1, place + 1),
            None if byte == b')' && left == 0 => return Some(of_field(text, start, place)),
            None => {}
        }
    }
    (left == 0 && start < to).then(|| of_field(text, start, to))
}

fn of_field(text: &[u8], start: usize, end: usize) -> Value {
    let frame = |byte: u8| SPACE.has(byte) || byte == b'\r' || QUOTE.has(byte);
    let start = (start..end).find(|&place| !frame(text[place])).unwrap_or(end);
    let end = (start..end).rev().find(|&place| !frame(text[place])).map_or(start, |place| place + 1);
    Value { form: Form::Quoted, start, end }
}
