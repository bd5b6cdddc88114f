use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn of(markdown: &str) -> Text {
    let mut text = Text::default();
    append(&mut text, markdown);
    text
}

fn html(markdown: &str) -> String {
    let text = of(markdown);
    text.html(0..text.visible().len())
}

#[track_caller]
fn check(markdown: &str, expected: &str) {
    assert_eq!(html(markdown), expected, "from {markdown:?}");
}

#[test]
fn emphasis_becomes_tags() {
    check("a **b** *c* ~~d~~ `e<f`", "a <b>b</b> <i>c</i> <s>d</s> <code>e&lt;f</code>");
    check("***both***", "<b><i>both</i></b>");
    check("**bold `code` bold**", "<b>bold </b><code>code</code><b> bold</b>");
    check("snake_case_name and 2*3*4", "snake_case_name and 2<i>3</i>4");
}

#[test]
fn what_looks_like_html_is_text() {
    check("<script>x</script> & \"q\"", "&lt;script&gt;x&lt;/script&gt; &amp; &quot;q&quot;");
    check("a<br>b", "a\nb");
    check("<div>\nblock\n</div>", "&lt;div&gt;\nblock\n&lt;/div&gt;");
}

#[test]
fn links_lead_only_where_telegram_goes() {
    check("[a](https://x.y/?q=1&r=2)", "<a href=\"https://x.y/?q=1&amp;r=2\">a</a>");
    check("[mail](mailto:a@b.c)", "<a href=\"mailto:a@b.c\">mail</a>");
    check("[me](tg://user?id=1)", "<a href=\"tg://user?id=1\">me</a>");
    check("[bad](javascript:alert)", "bad (javascript:alert)");
    check("[main](src/main.rs)", "main (src/main.rs)");
    check("![shot](https://x.y/z.png)", "🖼 <a href=\"https://x.y/z.png\">shot</a>");
    check("**[b](https://x.y)**", "<a href=\"https://x.y\"><b>b</b></a>");
}

#[test]
fn blocks_stand_apart() {
    check("# Head\n\ntext\nmore", "<b>Head</b>\n\ntext\nmore");
    check("> one\n>\n> two\n\nafter", "<blockquote>one\n\ntwo</blockquote>\n\nafter");
    check("a\n\n---\n\nb", "a\n\n———\n\nb");
    check("#hashtag", "#hashtag");
    check("", "");
}

#[test]
fn lists_are_indented_and_numbered() {
    check("- a\n- b\n  - c\n\nafter", "• a\n• b\n   • c\n\nafter");
    check("3. x\n4. y", "3. x\n4. y");
    check("- [x] done\n- [ ] open", "• ☑ done\n• ☐ open");
}

#[test]
fn fences_keep_what_stands_in_them() {
    check(
        "```rust\nfn a() {\n    b::<C>();\n}\n```",
        "<pre><code class=\"language-rust\">fn a() {\n    b::&lt;C&gt;();\n}</code></pre>",
    );
    check("```\n**x**\n```\ny", "<pre>**x**</pre>\n\ny");
    check("```\nnever closed", "<pre>never closed</pre>");
    check("```a\"b<c\nx\n```", "<pre>x</pre>");
}

#[test]
fn narrow_tables_are_grids_and_wide_ones_are_records() {
    check("|a|bb|\n|-|-|\n|1|2|", "<pre>a │ bb\n──┼───\n1 │ 2</pre>");
    let long = "x".repeat(60);
    check(&format!("|name|what|\n|-|-|\n|n|{long}|"), &format!("<b>n</b>\nwhat: {long}"));
}

#[test]
fn control_characters_are_left_out() {
    check("a\u{7}b\u{0}c\r\nd", "abc\nd");
}

fn parts(markdown: &str) -> Vec<String> {
    let text = of(markdown);
    cut(&text).into_iter().map(|part| text.html(part)).collect()
}

#[test]
fn long_texts_are_cut_between_paragraphs() {
    let paragraph = "word ".repeat(500);
    let parts = parts(&format!("{paragraph}\n\n{paragraph}"));
    assert_eq!(parts, vec![paragraph.trim_end(), paragraph.trim_end()]);
}

#[test]
fn fences_are_closed_and_opened_again() {
    let lines: String = (0..400).map(|number| format!("    line {number} of the code\n")).collect();
    let parts = parts(&format!("```py\n{lines}```"));
    assert!(parts.len() > 1, "{}", parts.len());
    for part in &parts {
        assert!(part.starts_with("<pre><code class=\"language-py\">    line "), "{part}");
        assert!(part.ends_with("of the code</code></pre>"), "{part}");
    }
}

#[test]
fn pairs_of_surrogates_are_not_torn() {
    let parts = parts(&"😀".repeat(5000));
    let counts: Vec<usize> = parts.iter().map(|part| part.chars().count()).collect();
    assert_eq!(counts, [2048, 2048, 904]);
}

#[test]
fn a_part_has_no_more_marks_than_telegram_keeps() {
    let text = of(&"**a** b ".repeat(250));
    let marks = cut(&text).into_iter().map(|part| text.html(part).matches("<b>").count());
    assert_eq!(marks.collect::<Vec<_>>(), [100, 100, 50]);
}

#[test]
fn texts_without_anything_to_see_have_no_parts() {
    assert_eq!(parts(&"\n".repeat(9000)), Vec::<String>::new());
    assert_eq!(parts(&format!("```\n{}\n```", "\n".repeat(9000))), Vec::<String>::new());
}

#[test]
fn texts_are_shortened_by_units() {
    assert_eq!(shortened("a😀b", 2), "a");
    assert_eq!(shortened("a😀b", 3), "a😀");
    assert_eq!(shortened("abc", 9), "abc");
}

/// The worst that hostile texts can do to a parser that is not linear.
#[test]
fn hostile_texts_take_no_longer_than_they_are() {
    let hostile = ["[", "*a_", "> ", "- ", "`", "![", "<!--", "|a", "a|b\n-|-\n", "&#", "<a ", "~~a", "\\", "1. "];
    for piece in hostile {
        let text = of(&piece.repeat(100_000 / piece.len()));
        assert!(cut(&text).len() < 1000, "{piece}");
    }
}

fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z ]{0,30}",
        2 => "\\PC{0,20}",
        1 => any::<String>(),
        2 => prop::sample::select(vec![
            "\n", "\n\n", "**", "*", "_", "~~", "`", "```\n", "\n```rust\n", "> ", "- ", "1. ", "# ", "|", "|-|-|\n",
            "<b>", "</pre>", "&amp;", "&", "[x](https://a.b)", "[y](javascript:z)", "![", "](", "\\", "😀", "\u{200f}",
        ]).prop_map(str::to_owned),
        1 => ("[a-z*\n ]{1,9}", 1..900_usize).prop_map(|(piece, times)| piece.repeat(times)),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Takes the tags out, while it checks that they are Telegram's and balanced.
fn without_tags(html: &str) -> String {
    let known: HashSet<&str> = ["b", "i", "s", "a", "code", "pre", "blockquote"].into();
    let (mut open, mut shown, mut rest) = (Vec::new(), String::new(), html);
    while let Some((before, after)) = rest.split_once('<') {
        let (tag, behind) = after.split_once('>').expect("a tag ends");
        shown.push_str(before);
        rest = behind;
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "in {html}"),
            None => open.push(tag.split(' ').next().expect("a name")),
        }
        let name = open.last().copied().unwrap_or("b");
        assert!(known.contains(name), "{name} in {html}");
    }
    assert!(open.is_empty(), "{open:?} in {html}");
    assert!(!rest.contains('>'), "{html}");
    let shown = shown + rest;
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn without_space(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

proptest! {
    #[test]
    fn parts_are_complete_in_order_balanced_and_small(markdown in markdown()) {
        let text = of(&markdown);
        let ranges = cut(&text);
        prop_assert_eq!(&ranges, &cut(&of(&markdown)), "another cut");
        let shown: Vec<String> = ranges.into_iter().map(|part| without_tags(&text.html(part))).collect();
        for part in &shown {
            prop_assert!(part.encode_utf16().count() <= split::PART_LIMIT);
            prop_assert!(!part.trim().is_empty());
        }
        prop_assert_eq!(without_space(&shown.concat()), without_space(text.visible()));
    }
}
