//! Text as Telegram shows it: visible characters, and what marks them.
//!
//! A text is cut by its visible characters, and tags are made from the marks only when a part is written down. So no
//! cut can fall into a tag or an entity, and every part is balanced.

mod markdown;
mod split;
mod table;

use std::fmt::Write;
use std::ops::Range;
use std::rc::Rc;

pub(crate) use markdown::append;
pub(crate) use split::cut;

/// What may mark a stretch of text. The order is the order of nesting, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Quote,
    Link(Rc<str>),
    Bold,
    Italic,
    Strike,
    Code,
    /// A fence, with its language or nothing.
    Pre(Rc<str>),
}

/// A stretch of text that is marked in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    range: Range<usize>,
    marks: Vec<Mark>,
}

/// Visible characters and their marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    visible: String,
    runs: Vec<Run>,
}

impl Text {
    /// Adds text with these marks, as far as Telegram lets them stand together. Characters that control are left out.
    pub(crate) fn push(&mut self, text: &str, marks: &[Mark]) {
        let start = self.visible.len();
        self.visible.extend(text.chars().filter(|character| is_shown(*character)));
        if self.visible.len() == start {
            return;
        }
        let marks = compatible(marks);
        let end = self.visible.len();
        match self.runs.last_mut() {
            Some(last) if last.marks == marks => last.range.end = end,
            _ => self.runs.push(Run { range: start..end, marks }),
        }
    }

    /// Adds another text behind it.
    pub(crate) fn extend(&mut self, other: &Self) {
        other.runs.iter().for_each(|run| self.push(&other.visible[run.range.clone()], &run.marks));
    }

    pub(crate) fn visible(&self) -> &str {
        &self.visible
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.visible.trim().is_empty()
    }

    /// A part of it in Telegram's HTML.
    pub(crate) fn html(&self, part: Range<usize>) -> String {
        let mut html = String::new();
        let mut open: &[Mark] = &[];
        for run in self.runs_in(&part) {
            let kept = common(open, &run.marks);
            open[kept..].iter().rev().for_each(|mark| html.push_str(closing(mark)));
            run.marks[kept..].iter().for_each(|mark| push_opening(&mut html, mark));
            open = &run.marks;
            let range = run.range.start.max(part.start)..run.range.end.min(part.end);
            push_escaped(&mut html, &self.visible[range]);
        }
        open.iter().rev().for_each(|mark| html.push_str(closing(mark)));
        html
    }

    fn runs_in<'a>(&'a self, part: &'a Range<usize>) -> impl Iterator<Item = &'a Run> {
        let first = self.runs.partition_point(|run| run.range.end <= part.start);
        self.runs[first..].iter().take_while(|run| run.range.start < part.end)
    }

    /// Whether the character at this place stands in a fence.
    fn in_fence(&self, at: usize) -> bool {
        let run = self.runs.partition_point(|run| run.range.end <= at);
        self.runs.get(run).is_some_and(|run| run.marks.iter().any(|mark| matches!(mark, Mark::Pre(_))))
    }
}

/// How many marks at the beginning are the same.
fn common(one: &[Mark], other: &[Mark]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// In their order, each once; code bears no other marks, except that it may be quoted.
fn compatible(marks: &[Mark]) -> Vec<Mark> {
    let mut marks = marks.to_vec();
    marks.sort_unstable();
    marks.dedup();
    let in_link = marks.iter().any(|mark| matches!(mark, Mark::Link(_)));
    let in_fence = marks.iter().any(|mark| matches!(mark, Mark::Pre(_)));
    let is_code = marks.contains(&Mark::Code) && !in_link;
    marks.retain(|mark| match mark {
        Mark::Quote | Mark::Pre(_) => true,
        Mark::Code => is_code && !in_fence,
        Mark::Link(_) => !in_fence,
        Mark::Bold | Mark::Italic | Mark::Strike => !is_code && !in_fence,
    });
    marks
}

fn is_shown(character: char) -> bool {
    character == '\n' || character == '\t' || !character.is_control()
}

fn push_opening(html: &mut String, mark: &Mark) {
    match mark {
        Mark::Quote => html.push_str("<blockquote>"),
        Mark::Link(url) => {
            html.push_str("<a href=\"");
            push_escaped(html, url);
            html.push_str("\">");
        }
        Mark::Bold => html.push_str("<b>"),
        Mark::Italic => html.push_str("<i>"),
        Mark::Strike => html.push_str("<s>"),
        Mark::Code => html.push_str("<code>"),
        Mark::Pre(language) if language.is_empty() => html.push_str("<pre>"),
        Mark::Pre(language) => {
            write!(html, "<pre><code class=\"language-{language}\">").expect("a string takes everything");
        }
    }
}

fn closing(mark: &Mark) -> &'static str {
    match mark {
        Mark::Quote => "</blockquote>",
        Mark::Link(_) => "</a>",
        Mark::Bold => "</b>",
        Mark::Italic => "</i>",
        Mark::Strike => "</s>",
        Mark::Code => "</code>",
        Mark::Pre(language) if language.is_empty() => "</pre>",
        Mark::Pre(_) => "</code></pre>",
    }
}

fn push_escaped(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

/// The longest beginning of a text that has at most so many units.
pub(crate) fn shortened(text: &str, limit: usize) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > limit
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests;
