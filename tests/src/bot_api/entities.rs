//! Reads the HTML that the Bot API takes, with its error texts.

use serde_json::{Value, json};

/// Telegram keeps no more, and says nothing about it.
const MOST_ENTITIES: usize = 100;

/// The text that people see, and what marks it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parsed {
    pub(super) text: String,
    pub(super) entities: Vec<Value>,
}

struct Open {
    tag: String,
    attribute: Option<String>,
    start: usize,
    entity: usize,
}

struct Reader<'a> {
    html: &'a str,
    at: usize,
    units: usize,
    parsed: Parsed,
    open: Vec<Open>,
}

/// The reason is what stands behind `can't parse entities: `.
pub(super) fn parse(html: &str) -> Result<Parsed, String> {
    let mut reader = Reader { html, at: 0, units: 0, parsed: Parsed::default(), open: Vec::new() };
    while let Some(character) = reader.rest().chars().next() {
        match character {
            '<' if reader.rest().starts_with("</") => reader.end_tag()?,
            '<' => reader.start_tag()?,
            '&' => reader.reference(),
            other => {
                reader.show(other);
                reader.at += other.len_utf8();
            }
        }
    }
    if let Some(open) = reader.open.last() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag));
    }
    let mut parsed = reader.parsed;
    parsed.entities.retain(|entity| entity["length"].as_u64().is_some_and(|length| length > 0));
    parsed.entities.truncate(MOST_ENTITIES);
    Ok(parsed)
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.html[self.at..]
    }

    fn show(&mut self, character: char) {
        self.parsed.text.push(character);
        self.units += character.len_utf16();
    }

    /// What is no reference is text.
    fn reference(&mut self) {
        let rest = self.rest();
        let named = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
        let found = named.into_iter().find(|(name, _)| rest.starts_with(name)).map(|(name, sign)| (name.len(), sign));
        let (length, sign) = found.or_else(|| numeric(rest)).unwrap_or((1, '&'));
        self.show(sign);
        self.at += length;
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(end) = self.rest().find('>') else {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        };
        let inside = self.html[begin + 1..begin + end].to_owned();
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside.as_str(), ""));
        let tag = name.to_ascii_lowercase();
        if !is_known(&tag) {
            return Err(format!("Unsupported start tag \"{tag}\" at byte offset {begin}"));
        }
        let attribute = match tag.as_str() {
            "a" => value_of(attributes, "href"),
            "code" | "span" => value_of(attributes, "class"),
            "tg-emoji" => value_of(attributes, "emoji-id"),
            "blockquote" => attributes.contains("expandable").then(|| "expandable".to_owned()),
            _ => None,
        };
        if tag == "span" && attribute.as_deref() != Some("tg-spoiler") {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.at += end + 1;
        // Outer ones come before inner ones, as Telegram lists them.
        self.open.push(Open { tag, attribute, start: self.units, entity: self.parsed.entities.len() });
        self.parsed.entities.push(Value::Null);
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(end) = self.rest().find('>') else {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        };
        let name = self.html[begin + 2..begin + end].trim().to_ascii_lowercase();
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        if !name.is_empty() && name != open.tag {
            let expected = open.tag;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{name}>\""
            ));
        }
        self.at += end + 1;
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let mut entity = json!({ "offset": open.start, "length": self.units - open.start });
        let kind = match open.tag.as_str() {
            "b" | "strong" => "bold",
            "i" | "em" => "italic",
            "u" | "ins" => "underline",
            "s" | "strike" | "del" => "strikethrough",
            "span" | "tg-spoiler" => "spoiler",
            "blockquote" if open.attribute.is_some() => "expandable_blockquote",
            "blockquote" => "blockquote",
            "tg-emoji" => "custom_emoji",
            "pre" => "pre",
            "a" => "text_link",
            _ => "code",
        };
        entity["type"] = kind.into();
        match (kind, &open.attribute) {
            ("text_link", Some(url)) => entity["url"] = url.as_str().into(),
            // A link without a target is none.
            ("text_link", None) => entity["length"] = 0.into(),
            ("code", Some(class)) => self.name_language(class, &mut entity),
            _ => {}
        }
        self.parsed.entities[open.entity] = entity;
    }

    /// `<pre><code class="language-x">` is one fence.
    fn name_language(&mut self, class: &str, entity: &mut Value) {
        let is_fence = self.open.last().is_some_and(|outer| outer.tag == "pre");
        if let (true, Some(language)) = (is_fence, class.strip_prefix("language-")) {
            *entity =
                json!({ "offset": entity["offset"], "length": entity["length"], "type": "pre", "language": language });
            if let Some(outer) = self.open.last_mut() {
                outer.start = self.units;
            }
        }
    }
}

fn is_known(tag: &str) -> bool {
    const KNOWN: [&str; 16] = [
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ins",
        "s",
        "strike",
        "del",
        "span",
        "tg-spoiler",
        "tg-emoji",
        "a",
        "code",
        "pre",
        "blockquote",
    ];
    KNOWN.contains(&tag)
}

fn value_of(attributes: &str, name: &str) -> Option<String> {
    let (_, after) = attributes.split_once(&format!("{name}="))?;
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let value = match quote {
        Some(quote) => after[1..].split(quote).next(),
        None => after.split_whitespace().next(),
    };
    let value = value?.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    Some(value)
}

fn numeric(rest: &str) -> Option<(usize, char)> {
    let (digits, _) = rest.strip_prefix("&#")?.split_once(';')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((digits.len() + 3, char::from_u32(code).filter(|character| *character != '\0')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(html: &str, expected: &str) {
        assert_eq!(parse(html).unwrap_err(), expected, "from {html:?}");
    }

    #[test]
    fn what_is_not_balanced_is_refused_in_telegrams_words() {
        check_refused("<b>x", "Can't find end tag corresponding to start tag \"b\"");
        check_refused("x</b>", "Unexpected end tag at byte offset 1");
        check_refused("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"");
        check_refused("<table>", "Unsupported start tag \"table\" at byte offset 0");
        check_refused("a < b", "Unclosed start tag at byte offset 2");
    }

    #[test]
    fn marks_are_counted_in_units() {
        let parsed = parse("😀<b>b&amp;c</b>&lt;").unwrap();
        assert_eq!(parsed.text, "😀b&c<");
        assert_eq!(parsed.entities, [json!({ "offset": 2, "length": 3, "type": "bold" })]);
    }

    #[test]
    fn a_fence_has_its_language() {
        let parsed = parse("<pre><code class=\"language-rust\">x</code></pre>").unwrap();
        assert_eq!(parsed.entities, [json!({ "offset": 0, "length": 1, "type": "pre", "language": "rust" })]);
    }

    #[test]
    fn links_keep_their_target() {
        let parsed = parse("<a href=\"https://x.y/?a=1&amp;b=2\">z</a>").unwrap();
        assert_eq!(parsed.entities[0]["url"], "https://x.y/?a=1&b=2");
    }
}
