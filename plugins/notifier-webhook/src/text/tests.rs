use proptest::prelude::*;

use super::*;

fn written(markdown: &str, dialect: Dialect) -> String {
    let mut text = Text::default();
    text.markdown(markdown);
    text.parts(dialect, Limit::Characters(100_000)).join("\n====\n")
}

#[track_caller]
fn check(markdown: &str, slack: &str, others: &str) {
    assert_eq!(written(markdown, Dialect::Slack), slack, "for Slack, from {markdown:?}");
    assert_eq!(written(markdown, Dialect::Markdown), others, "for the others, from {markdown:?}");
}

#[test]
fn marks_become_those_of_the_service() {
    check("a **b** *c* ~~d~~ `e<f`", "a *b* _c_ ~d~ `e&lt;f`", "a **b** *c* ~~d~~ `e<f`");
    check("***both***", "*_both_*", "***both***");
    check("un**bold**ed", "un\u{200b}*bold*\u{200b}ed", "un**bold**ed");
    check("[text](https://x.org/a_b)", "<https://x.org/a_b|text>", "[text](https://x.org/a_b)");
    check("[text](src/a.rs) <https://x.org>", "text (src/a.rs) https://x.org", "text (src/a.rs) https://x.org");
}

#[test]
fn what_is_no_mark_does_not_become_one() {
    check("a < b & <@U1> <!channel>", "a &lt; b &amp; &lt;@U1&gt; &lt;!channel&gt;", "a \\< b & \\<@U1> \\<!channel>");
    check("snake_case_name \\*x\\* C:\\dir", "snake_case_name *x* C:\\dir", "snake_case_name \\*x\\* C:\\\\dir");
    check("\\# 1", "# 1", "\\# 1");
}

#[test]
fn blocks_keep_their_form() {
    check("# Head\n\ntext", "*Head*\n\ntext", "# Head\n\ntext");
    check("> a\n>\n> b\n\nc", "> a\n> \n> b\n\nc", "> a\n> \n> b\n\nc");
    check(
        "text\n\n- one\n- two\n   - deep\n\n1. a\n2. b",
        "text\n\n• one\n• two\n   • deep\n\n1. a\n2. b",
        "text\n\n- one\n- two\n   - deep\n\n1. a\n2. b",
    );
    check("```rust\nfn a<b>() {}\n```\nz", "```\nfn a&lt;b&gt;() {}\n```\n\nz", "```rust\nfn a<b>() {}\n```\n\nz");
    let grid = "```\na │ bb\n──┼───\n1 │ 2\n```";
    check("| a | bb |\n|---|----|\n| 1 | 2 |", grid, grid);
}

#[test]
fn a_title_stands_above_and_a_sign_before_it() {
    let mut text = Text::default();
    text.headline("🔴 ", "Job *failed*");
    text.markdown("why");
    assert_eq!(text.parts(Dialect::Markdown, Limit::Bytes(1000)), ["🔴 **Job \\*failed\\***\n\nwhy"]);
    let mut text = Text::default();
    text.headline("🔴 ", "");
    text.markdown("```\nx\n```");
    assert_eq!(text.parts(Dialect::Slack, Limit::Bytes(1000)), ["🔴\n\n```\nx\n```"]);
}

#[test]
fn a_cut_closes_what_is_open_and_opens_it_again() {
    let cut = |markdown: &str, most: usize| {
        let mut text = Text::default();
        text.markdown(markdown);
        text.parts(Dialect::Markdown, Limit::Characters(most))
    };
    let bold = "**one two three four five six seven eight nine ten eleven twelve**";
    let parts = cut(bold, 50);
    assert_eq!(parts, ["**one two three four five six seven eight nine**", "**ten eleven twelve**"]);
    let fence = format!("```sh\n{}\n```", (0..12).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n"));
    for part in cut(&fence, 60) {
        assert!(part.starts_with("```sh\nline ") && part.ends_with("\n```"), "{part:?}");
    }
    let paragraphs = format!("{}\n\n{}", "a ".repeat(25).trim_end(), "b ".repeat(25).trim_end());
    assert_eq!(cut(&paragraphs, 80), ["a ".repeat(25).trim_end(), "b ".repeat(25).trim_end()]);
    assert_eq!(cut(&"x".repeat(100), 64).concat(), "x".repeat(100));
}

fn letters(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).collect()
}

proptest! {
    #[test]
    fn every_part_fits_and_nothing_is_lost(
        markdown in "([a-zé😀]{1,90}|[*_`~#>-]|```\n|\n\n|\n| |- |\\| ){0,150}",
        most in 60_usize..400,
    ) {
        let mut text = Text::default();
        text.headline("🔶 ", "title");
        text.markdown(&markdown);
        for dialect in [Dialect::Slack, Dialect::Markdown] {
            for limit in [Limit::Characters(most), Limit::Bytes(most)] {
                let parts = text.parts(dialect, limit);
                for part in &parts {
                    prop_assert!(limit.count(part) <= most, "{} > {most}: {part:?}", limit.count(part));
                    prop_assert!(!part.trim().is_empty());
                }
                if dialect == Dialect::Slack {
                    let whole = text.parts(dialect, Limit::Characters(usize::MAX)).concat();
                    prop_assert_eq!(letters(&parts.concat()), letters(&whole));
                }
            }
        }
    }

    #[test]
    fn any_text_whatever_is_taken(markdown in "\\PC{0,300}") {
        let mut text = Text::default();
        text.markdown(&markdown);
        for part in text.parts(Dialect::Markdown, Limit::Characters(100)) {
            prop_assert!(part.encode_utf16().count() <= 100);
        }
    }
}
