//! Reads the Markdown that agents write, as CommonMark with tables, strike-through and task lists.

use std::rc::Rc;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::table::Table;
use super::{Mark, Text};

/// Deeper lists are not indented further.
const DEEPEST_INDENT: usize = 6;
/// A link that leads nowhere in Telegram is shown as text, unless it is longer.
const LONGEST_SHOWN_URL: usize = 200;

/// Adds what the Markdown says to a text. It takes any text whatever, in a time that grows with its length.
pub(crate) fn append(text: &mut Text, markdown: &str) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let gap = if text.is_blank() { Gap::None } else { Gap::Paragraph };
    let mut writer =
        Writer { text, gap, marks: Vec::new(), lists: Vec::new(), shown_urls: Vec::new(), fence: None, table: None };
    Parser::new_ext(markdown, options).for_each(|event| writer.take(event));
}

/// What is owed before the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Line,
    Paragraph,
}

struct Writer<'a> {
    text: &'a mut Text,
    marks: Vec<Mark>,
    gap: Gap,
    /// The number of the next item of each open list; none where items bear dots.
    lists: Vec<Option<u64>>,
    /// Where links lead that are shown as text.
    shown_urls: Vec<Option<String>>,
    /// What stands in the fence that is open.
    fence: Option<String>,
    table: Option<Table>,
}

impl Writer<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => self.write(&text),
            Event::InlineHtml(html) if is_line_break(&html) => self.write("\n"),
            Event::InlineHtml(html) => self.write(&html),
            Event::Code(code) => self.write_marked(&code, Mark::Code),
            Event::SoftBreak | Event::HardBreak => self.write("\n"),
            Event::Rule => {
                self.owe(Gap::Paragraph);
                self.write("———");
                self.owe(Gap::Paragraph);
            }
            Event::TaskListMarker(done) => self.write(if done { "☑ " } else { "☐ " }),
            // Extensions that are off.
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.write(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.open_block(Mark::Bold),
            Tag::BlockQuote(_) => self.open_block(Mark::Quote),
            Tag::CodeBlock(kind) => {
                self.open_block(Mark::Pre(language(&kind)));
                self.fence = Some(String::new());
            }
            Tag::List(first) => {
                self.owe(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::Table(_) => {
                self.owe(Gap::Paragraph);
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => self.table.iter_mut().for_each(|table| table.rows.push(Vec::new())),
            Tag::TableCell => self.last_row(|row| row.push(String::new())),
            Tag::Emphasis => self.marks.push(Mark::Italic),
            Tag::Strong => self.marks.push(Mark::Bold),
            Tag::Strikethrough => self.marks.push(Mark::Strike),
            Tag::Link { dest_url, .. } => self.start_link(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.write("🖼 ");
                self.start_link(&dest_url);
            }
            Tag::Paragraph | Tag::HtmlBlock => self.owe(self.between_blocks()),
            // Extensions that are off.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock => self.end_fence(),
            TagEnd::Heading(_) | TagEnd::BlockQuote(_) => {
                self.marks.pop();
                self.owe(self.between_blocks());
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.owe(self.between_blocks()),
            TagEnd::List(_) => {
                self.lists.pop();
                self.owe(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
            }
            TagEnd::Item => self.owe(Gap::Line),
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.marks.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// Blocks of one item stand close together.
    fn between_blocks(&self) -> Gap {
        if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line }
    }

    fn open_block(&mut self, mark: Mark) {
        self.owe(self.between_blocks());
        self.marks.push(mark);
    }

    fn start_item(&mut self) {
        self.owe(Gap::Line);
        let depth = self.lists.len().saturating_sub(1).min(DEEPEST_INDENT);
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                let bullet = format!("{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            _ => "• ".to_owned(),
        };
        self.write(&format!("{}{bullet}", "   ".repeat(depth)));
        // The first block of the item goes on behind its bullet.
        self.gap = Gap::None;
    }

    fn start_link(&mut self, url: &str) {
        let leads_somewhere = is_link(url);
        self.marks.extend(leads_somewhere.then(|| Mark::Link(url.into())));
        self.shown_urls.push((!leads_somewhere).then(|| url.to_owned()));
    }

    fn end_link(&mut self) {
        match self.shown_urls.pop() {
            Some(Some(url)) if !url.is_empty() && url.len() <= LONGEST_SHOWN_URL => self.write(&format!(" ({url})")),
            Some(Some(_)) => {}
            // Emphasis ends where it began, within the link or outside, so the last mark is the link.
            _ => drop(self.marks.pop()),
        }
    }

    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.pay();
            table.write(self.text, &self.marks);
        }
        self.owe(self.between_blocks());
    }

    fn last_row(&mut self, change: impl FnOnce(&mut Vec<String>)) {
        if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
            change(row);
        }
    }

    fn owe(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// A gap bears only the quote around it, so that a quote of two paragraphs is one.
    fn pay(&mut self) {
        let gap = match std::mem::replace(&mut self.gap, Gap::None) {
            Gap::None => return,
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        };
        if self.text.is_blank() {
            return;
        }
        let was_quoted = self.text.runs.last().is_some_and(|run| run.marks.contains(&Mark::Quote));
        let is_quoted = was_quoted && self.marks.contains(&Mark::Quote);
        self.text.push(gap, if is_quoted { &[Mark::Quote] } else { &[] });
    }

    fn write(&mut self, text: &str) {
        if let Some(fence) = &mut self.fence {
            return fence.push_str(text);
        }
        if self.table.is_some() {
            let text = text.replace('\n', " ");
            return self.last_row(|row| row.iter_mut().next_back().into_iter().for_each(|cell| cell.push_str(&text)));
        }
        self.pay();
        self.text.push(text, &self.marks);
    }

    /// The line break before the closing fence belongs to it.
    fn end_fence(&mut self) {
        if let Some(fence) = self.fence.take() {
            self.write(fence.strip_suffix('\n').unwrap_or(&fence));
        }
        self.marks.pop();
        self.owe(self.between_blocks());
    }

    fn write_marked(&mut self, text: &str, mark: Mark) {
        self.marks.push(mark);
        self.write(text);
        self.marks.pop();
    }
}

/// The first word behind the fence, if it looks like a language.
fn language(kind: &CodeBlockKind<'_>) -> Rc<str> {
    let CodeBlockKind::Fenced(info) = kind else { return "".into() };
    let word = info.split([' ', ',', '{']).next().unwrap_or_default();
    let is_name = word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+#.-".contains(&byte));
    if is_name { word.into() } else { "".into() }
}

/// Whether Telegram would open it and nobody can be hurt by that.
fn is_link(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    let is_known = scheme.is_some_and(|(scheme, rest)| match scheme.as_str() {
        "http" | "https" | "tg" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty()),
        "mailto" => rest.contains('@'),
        _ => false,
    });
    is_known && url.len() <= 2048 && !url.chars().any(|character| character.is_whitespace() || character.is_control())
}

fn is_line_break(html: &str) -> bool {
    matches!(html.to_ascii_lowercase().as_str(), "<br>" | "<br/>" | "<br />")
}
