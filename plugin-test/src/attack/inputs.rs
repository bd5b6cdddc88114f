//! Texts and configurations that break what was written in a hurry.

use serde_json::{Map, Value, json};

pub(super) fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("blanks", " \n\t ".to_owned()),
        ("a NUL", "a\0b".to_owned()),
        ("a long word", "a".repeat(200_000)),
        ("many lines", "x\n".repeat(20_000)),
        ("signs of all kinds", "😀 ß \u{202e}\u{feff} \u{1b}[31m 名前 e\u{301}".repeat(50)),
        ("quotes without end", "echo 'a \"b `c $(".to_owned()),
        ("JSON", r#"{"a":[1,{"b":null}]}"#.to_owned()),
        ("broken JSON", r#"{"a":[1,"#.to_owned()),
        ("deep brackets", "[".repeat(5_000)),
        ("deep JSON", format!(r#"{{"id":{}1{}}}"#, "[".repeat(120), "]".repeat(120))),
        ("Markdown without end", "**[`_~~![x](".repeat(500)),
    ]
}

pub(super) fn configs() -> Vec<(&'static str, Map<String, Value>)> {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        ("nothing in it", Map::new()),
        ("a field that nobody knows", object(json!({ "no-such-field": 1 }))),
        ("a long text", object(json!({ "text": "a".repeat(500_000) }))),
        ("deep lists", object(json!({ "deep": deep }))),
        ("many fields", (0..5_000).map(|number| (format!("field-{number}"), json!(number))).collect()),
    ]
}
