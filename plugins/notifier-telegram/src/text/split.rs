//! Cuts a text into parts that Telegram takes, at the borders where it hurts least.

use std::ops::Range;

use super::{Text, common};

/// In UTF-16 units, which is how clients count.
pub(crate) const PART_LIMIT: usize = 4096;
/// Telegram drops the marks beyond this number without a word.
const MARKS_LIMIT: usize = 100;

/// The parts of a text, in their order; none is blank. What stands between two parts is white space.
pub(crate) fn cut(text: &Text) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut rest = 0;
    while rest < text.visible.len() {
        let fits = furthest(text, rest);
        let (end, next) = if fits == text.visible.len() { (fits, fits) } else { border(text, rest..fits) };
        let part = trimmed(text, rest..end);
        if !text.visible[part.clone()].trim().is_empty() {
            parts.push(part);
        }
        rest = next;
    }
    parts
}

/// As far as one message can go from here.
fn furthest(text: &Text, start: usize) -> usize {
    let rest = start..text.visible.len();
    let (mut units, mut marks) = (0, 0);
    let mut open: &[_] = &[];
    for run in text.runs_in(&rest) {
        marks += run.marks.len() - common(open, &run.marks);
        open = &run.marks;
        let run_start = run.range.start.max(start);
        if marks > MARKS_LIMIT {
            return run_start;
        }
        for (at, character) in text.visible[run_start..run.range.end].char_indices() {
            units += character.len_utf16();
            if units > PART_LIMIT {
                return run_start + at;
            }
        }
    }
    rest.end
}

/// Where to cut a text that does not fit: the end of this part, and the beginning of the next.
/// A border counts only if the part before it does not become too small.
fn border(text: &Text, fits: Range<usize>) -> (usize, usize) {
    let window = &text.visible[fits.clone()];
    let at_least = |share: usize| move |at: &usize| *at >= share.max(1);
    let paragraph = window.rmatch_indices("\n\n").map(|(at, _)| at).find(|at| !text.in_fence(fits.start + at));
    if let Some(at) = paragraph.filter(at_least(window.len() / 2)) {
        return (fits.start + at, fits.start + at + 2);
    }
    let break_follows = text.visible[fits.end..].starts_with('\n');
    if break_follows {
        return (fits.end, fits.end + 1);
    }
    if let Some(at) = window.rfind('\n').filter(at_least(window.len() / 4)) {
        return (fits.start + at, fits.start + at + 1);
    }
    if let Some(at) = window.rfind(' ').filter(at_least(window.len() / 4)) {
        return (fits.start + at, fits.start + at + 1);
    }
    (fits.end, fits.end)
}

/// Without the empty lines around it, and without losing what indents its first line.
fn trimmed(text: &Text, part: Range<usize>) -> Range<usize> {
    let shown = &text.visible[part.clone()];
    let start = part.end - shown.trim_start_matches('\n').len();
    let end = part.start + shown.trim_end().len();
    start..end.max(start)
}
