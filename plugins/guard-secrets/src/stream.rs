//! An output comes in chunks: what may begin at the end of one is held back and given again with the next.

use instar_plugin_sdk::guard::{Chunk, Finding, Redaction, ScanResult};

use crate::config::{Action, Config};
use crate::judge;
use crate::rules::Found;
use crate::scan::scan;

/// Lines that are given again: a name may stand in the line before its value.
const LINES: usize = 3;
/// What a line is kept whole up to, so that the whole of it is seen at once.
const LONGEST_LINE: usize = 4 << 10;
/// The host takes no more than some thousands.
const MOST_REDACTIONS: usize = 4000;
/// Keys are wrapped at 64 or 70 letters.
const SHORTEST_KEY_LINE: usize = 40;
/// Values close to each other, each with its name before it, are kept up to this length.
const FARTHEST: usize = 16 << 10;
/// A private key that has begun is kept up to this length.
const LONGEST_KEY: usize = 24 << 10;

pub(crate) fn look(config: &Config, chunk: &Chunk) -> ScanResult {
    let finds = scan(&chunk.bytes);
    let kept = if chunk.is_last { chunk.bytes.len() } else { cut(&chunk.bytes, &finds) };
    // What reaches behind the cut is seen again, with all that belongs to it.
    let finds: Vec<_> = finds.into_iter().filter(|find| find.end <= kept).collect();
    let done = judge::wanted(config, &chunk.bytes, &finds);
    let hold_back =
        u32::try_from(chunk.bytes.len() - kept).expect("a chunk is no longer than what a guard may be given");
    ScanResult { redactions: redactions(chunk.offset, &done), hold_back, escalate: escalation(&done) }
}

/// What is blacked out. Of very many neighbours several become one, with what stands between them.
fn redactions(offset: u64, done: &[(Found, Action)]) -> Vec<Redaction> {
    let finds: Vec<_> = done.iter().filter(|(_, action)| *action >= Action::Redact).map(|(find, _)| *find).collect();
    let redaction = |group: &[Found]| Redaction {
        start: offset + group[0].start as u64,
        end: offset + group[group.len() - 1].end as u64,
        kind: group[0].kind.name.to_owned(),
    };
    finds.chunks(finds.len().div_ceil(MOST_REDACTIONS).max(1)).map(redaction).collect()
}

/// Up to where a chunk is judged now.
fn cut(text: &[u8], finds: &[Found]) -> usize {
    let mut cut = open_key(text).unwrap_or_else(|| block_start(text, line_start(text)));
    // From the last to the first: what is seen again takes its name along, which may stand in a line before it.
    for find in finds.iter().rev() {
        if find.end > cut {
            let with_name = line_start(&text[..find.start]);
            let is_near = text.len() - with_name <= FARTHEST;
            cut = cut.min(if is_near { with_name } else { find.start });
        }
    }
    cut
}

/// Where the last lines begin; within a line that is too long, some place behind which a whole one fits.
fn line_start(text: &[u8]) -> usize {
    let mut start = text.len();
    for _ in 0..LINES {
        let line = memchr::memrchr(b'\n', &text[..start.saturating_sub(1)]).map_or(0, |place| place + 1);
        if text.len() - line > LONGEST_LINE {
            break;
        }
        start = line;
    }
    if start == text.len() { word_start(text) } else { start }
}

/// Where the lines of letters begin that lead up to here: they may be a key whose beginning was cut off, and only its
/// last line tells.
fn block_start(text: &[u8], before: usize) -> usize {
    let is_of_key = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.len() >= SHORTEST_KEY_LINE && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
    };
    let mut start = before;
    while text.len() - start < LONGEST_KEY && start > 0 && text[start - 1] == b'\n' {
        let line = memchr::memrchr(b'\n', &text[..start - 1]).map_or(0, |place| place + 1);
        // The mark of the beginning of a line is no letter of a key.
        let content = &text[line..start - 1];
        if !is_of_key(content.rsplit(|byte| *byte == b' ').next().unwrap_or(content)) {
            break;
        }
        start = line;
    }
    start
}

/// A place between two words.
fn word_start(text: &[u8]) -> usize {
    let from = text.len().saturating_sub(LONGEST_LINE);
    let is_gap =
        |place: &usize| text[*place].is_ascii_whitespace() || matches!(text[*place], b',' | b';' | b'{' | b'}');
    (from..from + (text.len() - from) / 2).find(is_gap).unwrap_or(from)
}

/// Where a private key begins whose end is not there yet.
fn open_key(text: &[u8]) -> Option<usize> {
    const BORDERS: [(&[u8], &[u8]); 3] =
        [(b"--BEGIN ", b"--END "), (b"-- BEGIN ", b"-- END "), (b"PuTTY-User-Key-File-", b"Private-MAC:")];
    let from = text.len().saturating_sub(LONGEST_KEY);
    let before = line_start(text);
    let open = |(begin, end): (&[u8], &[u8])| {
        let begin = from + memchr::memmem::rfind(&text[from..], begin)?;
        let end = memchr::memmem::find(&text[begin..], end).map(|end| begin + end);
        // A part of it, seen again without its beginning, would be known for nothing.
        let is_past = end.is_some_and(|end| memchr::memchr(b'\n', &text[end..before.max(end)]).is_some());
        (!is_past).then_some(begin)
    };
    let begin = BORDERS.into_iter().filter_map(open).min()?;
    Some(before.min(line_start_of(text, begin)))
}

/// Where the line begins in which a place lies.
fn line_start_of(text: &[u8], place: usize) -> usize {
    let from = place.saturating_sub(LONGEST_LINE);
    memchr::memrchr(b'\n', &text[from..place]).map_or(from, |line| from + line + 1)
}

/// One finding about the gravest of those that a person should hear of.
fn escalation(done: &[(Found, Action)]) -> Option<Finding> {
    let told = done.iter().filter(|(_, action)| matches!(action, Action::Warn | Action::Block));
    let gravest = told.clone().max_by_key(|(find, action)| (*action, find.kind.severity as u8))?;
    let mut names: Vec<_> = told.map(|(find, _)| find.kind.name).collect();
    names.sort_unstable();
    names.dedup();
    let detail = format!("the output has credentials in it: {}", names.join(", "));
    let finding = Finding::new(gravest.0.kind.name, gravest.0.kind.severity, detail);
    Some(finding.with_remedy("treat them as known to others: replace them, and look at secrets without printing them"))
}
