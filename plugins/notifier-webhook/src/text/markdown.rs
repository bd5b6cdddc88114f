//! Reads the Markdown that agents write, as CommonMark with tables, strike-through and task lists.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::table::Table;
use super::{Block, Mark, Run, Shape};

/// A link that is longer, or leads nowhere outside, is shown as text.
const LONGEST_URL: usize = 500;

pub(super) fn read(markdown: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::default();
    Parser::new_ext(markdown, options).for_each(|event| reader.take(event));
    reader.end_block();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    block: Option<Block>,
    marks: Vec<Mark>,
    quotes: usize,
    /// The number of the next item of each open list; none where items bear dots.
    lists: Vec<Option<u64>>,
    /// What the next block bears, if it begins an item.
    item: Option<Option<u64>>,
    /// The next block is the first of a list.
    begins_list: bool,
    table: Option<Table>,
    /// Of each open link, what is shown behind it.
    behind_links: Vec<Option<String>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => self.write(&text),
            Event::InlineHtml(html) if html.to_ascii_lowercase().starts_with("<br") => self.write("\n"),
            Event::InlineHtml(html) => self.write(&html),
            Event::Code(code) => {
                self.marks.push(Mark::Code);
                self.write(&code);
                self.marks.pop();
            }
            Event::SoftBreak | Event::HardBreak => self.write("\n"),
            Event::Rule => {
                self.end_block();
                self.write("———");
                self.end_block();
            }
            Event::TaskListMarker(done) => self.write(if done { "☑ " } else { "☐ " }),
            // Extensions that are off.
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.write(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.begin(Shape::Paragraph),
            Tag::Heading { level, .. } => self.begin(Shape::Heading(number(level))),
            Tag::CodeBlock(kind) => self.begin(Shape::Fence(language(&kind).into())),
            Tag::BlockQuote(_) => {
                self.end_block();
                self.quotes += 1;
            }
            Tag::List(first) => {
                self.end_block();
                self.begins_list |= self.lists.is_empty();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_block();
                let next = self.lists.last_mut();
                self.item =
                    Some(next.and_then(|next| next.as_mut().map(|it| std::mem::replace(it, it.saturating_add(1)))));
            }
            Tag::Table(_) => {
                self.end_block();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => self.table.iter_mut().for_each(|table| table.rows.push(Vec::new())),
            Tag::TableCell => self.last_row(|row| row.push(String::new())),
            Tag::Emphasis => self.marks.push(Mark::Italic),
            Tag::Strong => self.marks.push(Mark::Bold),
            Tag::Strikethrough => self.marks.push(Mark::Strike),
            Tag::Link { link_type, dest_url, .. } => self.start_link(link_type, &dest_url),
            Tag::Image { link_type, dest_url, .. } => {
                self.write("🖼 ");
                self.start_link(link_type, &dest_url);
            }
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
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Item => {
                self.end_block();
                self.item = None;
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.quotes -= 1;
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
            }
            TagEnd::Table => {
                let rows = self.table.take().map(|table| table.blocks()).unwrap_or_default();
                self.blocks.extend(rows);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => drop(self.marks.pop()),
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

    fn begin(&mut self, shape: Shape) {
        self.end_block();
        let is_close = !self.lists.is_empty() && !std::mem::take(&mut self.begins_list);
        self.block = Some(Block {
            shape,
            is_quoted: self.quotes > 0,
            depth: self.lists.len(),
            item: self.item.take(),
            is_close,
            runs: Vec::new(),
        });
    }

    fn end_block(&mut self) {
        let Some(mut block) = self.block.take() else { return };
        // The line break before the closing fence belongs to it.
        if let (Shape::Fence(_), Some(last)) = (&block.shape, block.runs.last_mut()) {
            last.text.truncate(last.text.trim_end_matches('\n').len());
        }
        if !block.is_blank() {
            self.blocks.push(block);
        }
    }

    /// A URL that stands for itself needs no mark: all services make a link of it.
    fn start_link(&mut self, kind: LinkType, url: &str) {
        let is_own_text = matches!(kind, LinkType::Autolink | LinkType::Email);
        let leads_out = url.starts_with("https://") || url.starts_with("http://");
        let is_link = leads_out && url.len() <= LONGEST_URL && !url.chars().any(char::is_whitespace) && !is_own_text;
        self.marks.extend(is_link.then(|| Mark::Link(url.into())));
        self.behind_links.push((!is_link).then(|| if is_own_text { String::new() } else { url.to_owned() }));
    }

    fn end_link(&mut self) {
        match self.behind_links.pop() {
            Some(Some(url)) if !url.is_empty() => self.write(&format!(" ({url})")),
            Some(Some(_)) => {}
            // Emphasis ends where it began, within the link or outside, so the last mark is the link.
            _ => drop(self.marks.pop()),
        }
    }

    fn last_row(&mut self, change: impl FnOnce(&mut Vec<String>)) {
        if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
            change(row);
        }
    }

    fn write(&mut self, text: &str) {
        if self.table.is_some() {
            let text = text.replace('\n', " ");
            return self.last_row(|row| row.iter_mut().next_back().into_iter().for_each(|cell| cell.push_str(&text)));
        }
        if self.block.is_none() {
            self.begin(Shape::Paragraph);
        }
        let marks = compatible(&self.marks);
        let Some(block) = &mut self.block else { return };
        let shown = text.chars().filter(|character| matches!(character, '\n' | '\t') || !character.is_control());
        match block.runs.last_mut() {
            Some(last) if last.marks == marks => last.text.extend(shown),
            _ => block.runs.push(Run { text: shown.collect(), marks }),
        }
    }
}

/// In their order, each once; code bears no other marks.
fn compatible(marks: &[Mark]) -> Vec<Mark> {
    if marks.contains(&Mark::Code) && !marks.iter().any(|mark| matches!(mark, Mark::Link(_))) {
        return vec![Mark::Code];
    }
    let mut marks = marks.to_vec();
    marks.retain(|mark| *mark != Mark::Code);
    marks.sort_unstable();
    marks.dedup();
    marks
}

fn number(level: HeadingLevel) -> usize {
    level as usize
}

/// The first word behind the fence, if it looks like a language.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let word = info.split([' ', ',', '{']).next().unwrap_or_default();
    let is_name = word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+#.-".contains(&byte));
    if is_name { word.to_owned() } else { String::new() }
}
