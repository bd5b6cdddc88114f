//! Writes blocks down until a part is full, and goes on in the next one.
//!
//! A part is left between blocks if it is half full, else between lines or words. Whatever is open is closed before
//! it is left, and opened again behind, so that each part can be read alone.

use std::rc::Rc;

use super::{Block, Dialect, Limit, Mark, Shape};

const INDENT: &str = "   ";
/// Deeper lists are not indented further.
const DEEPEST: usize = 5;
/// What a block needs before its first word: a gap, an indent, the beginning of a fence.
const ROOM: usize = 64;

#[derive(Debug)]
pub(super) struct Sheet {
    dialect: Dialect,
    limit: Limit,
    done: Vec<String>,
    text: String,
    used: usize,
    /// How long the text is while nothing of the message stands in it.
    fresh: usize,
    open: Vec<Mark>,
    fence: Option<Rc<str>>,
    /// What stands before each line of the block.
    prefix: String,
    was_quoted: bool,
}

impl Sheet {
    pub(super) fn new(dialect: Dialect, limit: Limit) -> Self {
        Self {
            dialect,
            limit,
            done: Vec::new(),
            text: String::new(),
            used: 0,
            fresh: 0,
            open: Vec::new(),
            fence: None,
            prefix: String::new(),
            was_quoted: false,
        }
    }

    pub(super) fn block(&mut self, block: &Block) {
        if !self.is_fresh() {
            self.part_from_last(block);
        }
        let is_fence = matches!(block.shape, Shape::Fence(_));
        self.was_quoted = block.is_quoted && !is_fence;
        let quote = if self.was_quoted { "> " } else { "" };
        let indent = if is_fence { String::new() } else { INDENT.repeat(block.depth.saturating_sub(1).min(DEEPEST)) };
        self.prefix = format!("{quote}{indent}");
        self.begin(&self.lead(block));
        match &block.shape {
            Shape::Fence(language) => self.write_fence(language, block),
            Shape::Paragraph | Shape::Heading(_) => self.write_words(block),
        }
        self.prefix.clear();
    }

    pub(super) fn finish(mut self) -> Vec<String> {
        self.turn();
        self.done
    }

    /// What stands between two blocks: an empty line, the end of a line, or the border of a part.
    fn part_from_last(&mut self, block: &Block) {
        let gap = match (block.is_close, self.was_quoted && block.is_quoted) {
            (true, _) => "\n",
            (false, true) => "\n> \n",
            (false, false) => "\n\n",
        };
        self.text.truncate(self.text.trim_end().len());
        self.used = self.limit.count(&self.text);
        let most = self.limit.most();
        let alone = self.alone(block);
        let is_fence = matches!(block.shape, Shape::Fence(_));
        let overflows = self.used + self.limit.count(gap) + alone > most;
        let is_better_apart = alone <= most && (is_fence || self.used * 2 >= most);
        if self.used + ROOM > most || (overflows && is_better_apart) {
            self.turn();
        } else {
            self.push(gap);
        }
    }

    fn alone(&self, block: &Block) -> usize {
        let mut sheet = Self::new(self.dialect, self.limit.without_end());
        sheet.block(block);
        sheet.finish().first().map_or(0, |part| self.limit.count(part))
    }

    fn lead(&self, block: &Block) -> String {
        let item = match block.item {
            None => String::new(),
            Some(None) => self.dialect.bullet().to_owned(),
            Some(Some(number)) => format!("{number}. "),
        };
        let heading = match block.shape {
            Shape::Heading(level) => self.dialect.heading(level),
            Shape::Paragraph | Shape::Fence(_) => String::new(),
        };
        format!("{}{item}{heading}", self.prefix)
    }

    fn write_words(&mut self, block: &Block) {
        for run in &block.runs {
            let mut marks = run.marks.clone();
            if matches!(block.shape, Shape::Heading(_))
                && self.dialect == Dialect::Slack
                && !marks.contains(&Mark::Bold)
            {
                marks.insert(0, Mark::Bold);
            }
            words(&run.text).for_each(|word| self.put(word, &marks));
        }
        let closing = self.closing(0);
        self.push(&closing);
        self.open.clear();
    }

    fn write_fence(&mut self, language: &Rc<str>, block: &Block) {
        self.fence = Some(Rc::clone(language));
        let opening = self.dialect.fence(language);
        self.begin(&opening);
        for run in &block.runs {
            run.text.split_inclusive('\n').for_each(|line| self.put(line, &[]));
        }
        let ending = self.fence_end();
        self.push(&ending);
        self.fence = None;
    }

    /// One word or line, in this part or the next.
    fn put(&mut self, word: &str, marks: &[Mark]) {
        if self.fence.is_none() && self.is_fresh() && word.trim().is_empty() {
            return;
        }
        let next = self.written(word, marks);
        let ending: String = marks.iter().rev().map(|mark| self.dialect.closing(mark)).collect();
        let ending = self.limit.count(&ending) + if self.fence.is_some() { 4 } else { 0 };
        let fits = self.used + self.limit.count(&next) + ending <= self.limit.most();
        if fits || word.chars().nth(1).is_none() && self.is_fresh() {
            self.push(&next);
            self.open = marks.to_vec();
        } else if self.is_fresh() {
            let (first, second) = word.split_at(middle(word));
            self.put(first, marks);
            self.put(second, marks);
        } else {
            self.turn();
            self.put(word, marks);
        }
    }

    /// With the marks that end before it and begin with it.
    fn written(&self, word: &str, marks: &[Mark]) -> String {
        if self.fence.is_some() {
            return self.dialect.code(word, true);
        }
        let kept = self.open.iter().zip(marks).take_while(|(one, other)| one == other).count();
        let closing = self.closing(kept);
        let opening: String = marks[kept..].iter().map(|mark| self.dialect.opening(mark)).collect();
        let (closes, opens) = (!closing.is_empty(), !opening.is_empty());
        let gap = self.dialect.between(self.text.chars().next_back(), closes, opens, word.chars().next());
        let text = if marks.contains(&Mark::Code) {
            self.dialect.code(word, false)
        } else {
            self.dialect.word(word, self.is_fresh() || self.text.ends_with(&format!("\n{}", self.prefix)))
        };
        let text = text.replace('\n', &format!("\n{}", self.prefix));
        format!("{closing}{}{opening}{text}", gap.map(String::from).unwrap_or_default())
    }

    /// Ends the marks behind the first `kept` ones.
    fn closing(&self, kept: usize) -> String {
        self.open[kept..].iter().rev().map(|mark| self.dialect.closing(mark)).collect()
    }

    fn fence_end(&self) -> String {
        if self.text.ends_with('\n') { "```".to_owned() } else { "\n```".to_owned() }
    }

    /// Leaves a part, if there is something in it, and begins the next one.
    fn turn(&mut self) {
        if !self.is_fresh() {
            if self.fence.is_some() {
                let ending = self.fence_end();
                self.push(&ending);
            }
            let closing = self.closing(0);
            let part = format!("{}{closing}", self.text.trim_end());
            self.done.push(part);
        }
        self.open.clear();
        self.text.clear();
        self.used = 0;
        let beginning = match &self.fence {
            Some(language) => self.dialect.fence(language),
            None => self.prefix.clone(),
        };
        self.push(&beginning);
        self.fresh = self.text.len();
    }

    /// Writes what is nothing by itself.
    fn begin(&mut self, text: &str) {
        let was_fresh = self.is_fresh();
        self.push(text);
        if was_fresh {
            self.fresh = self.text.len();
        }
    }

    fn is_fresh(&self) -> bool {
        self.text.len() <= self.fresh
    }

    fn push(&mut self, text: &str) {
        self.used += self.limit.count(text);
        self.text.push_str(text);
    }
}

impl Limit {
    fn without_end(self) -> Self {
        match self {
            Self::Characters(_) => Self::Characters(usize::MAX),
            Self::Bytes(_) => Self::Bytes(usize::MAX),
        }
    }
}

/// Words, and the white space between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_space = rest.chars().next()?.is_whitespace();
        let end = rest.find(|character: char| character.is_whitespace() != is_space).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// A border between two characters near the middle of a text that has at least two.
fn middle(text: &str) -> usize {
    let half = text.len() / 2;
    let after = (half.max(1)..text.len()).find(|at| text.is_char_boundary(*at));
    after.unwrap_or_else(|| text.char_indices().nth_back(0).map_or(text.len(), |(at, _)| at))
}
