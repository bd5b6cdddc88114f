//! Text in blocks, as the reader of Markdown understands it; `sheet` writes it down for a service, in parts that fit.

mod dialect;
mod markdown;
mod sheet;
mod table;

use std::rc::Rc;

pub(crate) use dialect::Dialect;
use sheet::Sheet;

/// How much one part may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// In UTF-16 units, the strictest way to count characters.
    Characters(usize),
    Bytes(usize),
}

/// What may mark a stretch of text. The order is the order of nesting, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Bold,
    Italic,
    Strike,
    Link(Rc<str>),
    Code,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    text: String,
    /// In their order, each once.
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Paragraph,
    Heading(usize),
    /// A fence, with its language or nothing.
    Fence(Rc<str>),
}

/// A paragraph or what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    shape: Shape,
    is_quoted: bool,
    /// How deep it stands in lists.
    depth: usize,
    /// What stands before its first line: the number of an item, or nothing for a dot; none if it is no item.
    item: Option<Option<u64>>,
    /// It follows the one before it without an empty line.
    is_close: bool,
    runs: Vec<Run>,
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    blocks: Vec<Block>,
    /// Stands before whatever comes next.
    sign: String,
}

impl Text {
    /// A sign and a title; without a title the sign stands before what follows.
    pub(crate) fn headline(&mut self, sign: &str, title: &str) {
        self.sign = sign.to_owned();
        if !title.is_empty() {
            self.add(Block::paragraph(vec![Run { text: title.to_owned(), marks: vec![Mark::Bold] }]));
        }
    }

    /// What an agent wrote. It takes any text whatever, in a time that grows with its length.
    pub(crate) fn markdown(&mut self, markdown: &str) {
        markdown::read(markdown).into_iter().for_each(|block| self.add(block));
    }

    /// A line of our own.
    pub(crate) fn line(&mut self, text: &str) {
        self.add(Block::paragraph(vec![Run { text: text.to_owned(), marks: Vec::new() }]));
    }

    /// The parts in which a service gets it, none of them blank; a fence or mark that is cut is closed and opened again.
    pub(crate) fn parts(&self, dialect: Dialect, limit: Limit) -> Vec<String> {
        let mut sheet = Sheet::new(dialect, limit);
        self.blocks.iter().for_each(|block| sheet.block(block));
        sheet.finish()
    }

    fn add(&mut self, mut block: Block) {
        let sign = std::mem::take(&mut self.sign);
        if sign.is_empty() {
            return self.blocks.push(block);
        }
        let run = Run { text: sign, marks: Vec::new() };
        if block.shape == Shape::Paragraph {
            block.runs.insert(0, run);
        } else {
            self.blocks.push(Block::paragraph(vec![run]));
        }
        self.blocks.push(block);
    }
}

impl Block {
    fn paragraph(runs: Vec<Run>) -> Self {
        Self { shape: Shape::Paragraph, is_quoted: false, depth: 0, item: None, is_close: false, runs }
    }

    fn is_blank(&self) -> bool {
        self.runs.iter().all(|run| run.text.trim().is_empty())
    }
}

impl Limit {
    fn most(self) -> usize {
        match self {
            Self::Characters(most) | Self::Bytes(most) => most,
        }
    }

    fn count(self, text: &str) -> usize {
        match self {
            Self::Characters(_) => text.encode_utf16().count(),
            Self::Bytes(_) => text.len(),
        }
    }
}

#[cfg(test)]
mod tests;
