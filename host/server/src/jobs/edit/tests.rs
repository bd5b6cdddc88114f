use super::*;
use serde_json::json;

const FILE: &str = r#"[
  // the first of the day
  {
    "slug": "one",  "name": "One",
    "schedule": "0 9 * * *",
    "enabled": true, // on for now
    "mine": {"kept": [1, 2.50]},
    "execute": { "type": "script", "value": "a \"quoted\" thing" }
  },
  { "execute": {"type": "prompt", "value": "x"}, "slug": "two", "name": "Two", "schedule": "@daily" },
]
"#;

fn slug(text: &str) -> JobSlug {
    text.parse().unwrap()
}

fn set(text: &str, name: &str, enabled: bool) -> Edited {
    apply("jobs.json", text, &Edit::SetEnabled { slug: slug(name), enabled }).unwrap()
}

fn job(name: &str) -> Edit {
    let definition = json!({"slug": name, "name": "N", "schedule": "* * * * *", "enabled": true,
        "execute": {"type": "prompt", "value": "say \"hi\"\nand a back\\slash"}});
    Edit::Add(definition.as_object().unwrap().clone())
}

#[track_caller]
fn check_error(text: &str, edit: &Edit, expected: &str) {
    let error = apply("jobs.json", text, edit).unwrap_err();
    assert!(error.to_string().contains(expected), "{error} lacks {expected:?}");
}

#[test]
fn disabling_changes_one_word_and_nothing_else() {
    let edited = set(FILE, "one", false);
    assert_eq!(edited.text, FILE.replace("\"enabled\": true", "\"enabled\": false"));
    assert!(edited.changed);
    assert_eq!(edited.definition["mine"], json!({"kept": [1, 2.5]}));
}

#[test]
fn disabling_a_job_without_the_key_adds_it() {
    let edited = set(FILE, "two", false);
    let expected = FILE.replace(r#""schedule": "@daily" }"#, r#""enabled": false, "schedule": "@daily" }"#);
    assert_eq!(edited.text, expected);
    let lines = "[\n  {\n    \"slug\": \"one\" // mine\n  }\n]\n";
    let expected = "[\n  {\n    \"slug\": \"one\", // mine\n    \"enabled\": false\n  }\n]\n";
    assert_eq!(set(lines, "one", false).text, expected);
}

#[test]
fn what_the_file_says_already_is_left_alone() {
    for (name, enabled) in [("one", true), ("two", true)] {
        let edited = set(FILE, name, enabled);
        assert_eq!((edited.text.as_str(), edited.changed), (FILE, false));
    }
}

#[test]
fn enabled_after_disabled_is_the_same_file_again() {
    let disabled = set(FILE, "one", false).text;
    assert_eq!(set(&disabled, "one", true).text, FILE);
}

#[test]
fn a_wrong_value_of_enabled_is_replaced() {
    let text = r#"[{"slug": "one", "enabled": "yes"}]"#;
    assert_eq!(set(text, "one", true).text, r#"[{"slug": "one", "enabled": true}]"#);
}

#[test]
fn renaming_changes_one_word_and_takes_no_name_that_is_there() {
    let rename = |from, to| apply("jobs.json", FILE, &Edit::Rename { from: slug(from), to: slug(to) });
    assert_eq!(rename("one", "first").unwrap().text, FILE.replace("\"one\"", "\"first\""));
    assert!(matches!(rename("one", "two"), Err(EditError::Taken(_))));
    assert!(matches!(rename("none", "three"), Err(EditError::Unknown(_))));
}

#[test]
fn removing_leaves_the_other_jobs_as_they_are() {
    let edited = apply("jobs.json", FILE, &Edit::Remove(slug("two"))).unwrap();
    assert_eq!(edited.definition["name"], "Two");
    let kept = FILE.lines().filter(|line| !line.contains("\"two\"")).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(edited.text, kept);
}

#[test]
fn removing_the_only_job_leaves_an_empty_list() {
    let text = "[\n  {\"slug\": \"one\"}\n]\n";
    let edited = apply("jobs.json", text, &Edit::Remove(slug("one"))).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&edited.text).unwrap(), json!([]));
}

#[test]
fn an_added_job_stands_last_and_in_the_style_of_the_file() {
    let edited = apply("jobs.json", "[]\n", &job("new")).unwrap();
    insta::assert_snapshot!(edited.text, @r#"
    [
      {
        "slug": "new",
        "name": "N",
        "schedule": "* * * * *",
        "enabled": true,
        "execute": {
          "type": "prompt",
          "value": "say \"hi\"\nand a back\\slash"
        }
      }
    ]
    "#);
    let edited = apply("jobs.json", FILE, &job("new")).unwrap();
    let (before, _) = FILE.rsplit_once(",\n]").unwrap();
    assert!(edited.text.starts_with(before), "{}", edited.text);
}

#[test]
fn an_invalid_job_and_a_taken_slug_are_refused() {
    check_error(FILE, &job("one"), "a job `one` exists already");
    check_error("[]", &Edit::Add(Map::new()), "invalid job: \"slug\" is required");
    check_error("[]", &job("__proto__"), "invalid job: slug \"__proto__\"");
}

#[test]
fn a_corrupt_file_is_refused_with_its_place() {
    let remove = Edit::Remove(slug("one"));
    check_error("[\n  {\"slug\": \"one\",", &remove, "jobs.json is not valid JSON at line 2, column");
    check_error("[{'slug': 'one'}]", &remove, "single-quoted");
    check_error("[{slug: \"one\"}]", &remove, "line 1, column 3");
    check_error("{}", &remove, "must contain a JSON array");
    check_error("", &remove, "must contain a JSON array");
    check_error("[] []", &remove, "more than one JSON value".to_lowercase().as_str());
}

#[test]
fn a_job_that_is_not_there_or_there_twice_is_refused() {
    check_error(FILE, &Edit::Remove(slug("three")), "there is no job `three`");
    let twice = r#"[{"slug": "one"}, {"slug": "one"}]"#;
    check_error(twice, &Edit::Remove(slug("one")), "has 2 jobs named `one`");
    let edit = Edit::SetEnabled { slug: slug("one"), enabled: false };
    check_error(r#"[{"slug": "one", "enabled": true, "enabled": true}]"#, &edit, "cannot be edited safely");
}

fn patched(text: &str, name: &str, patch: &Value) -> Result<Edited, EditError> {
    let patch = patch.as_object().unwrap().clone();
    apply("jobs.json", text, &Edit::Change { slug: slug(name), patch })
}

#[test]
fn a_change_touches_only_what_it_names() {
    let patch = json!({"schedule": "0 7 * * *", "execute": {"value": "new"}, "enabled": true});
    let expected = FILE.replace("0 9 * * *", "0 7 * * *").replace(r#""a \"quoted\" thing""#, r#""new""#);
    assert_eq!(patched(FILE, "one", &patch).unwrap().text, expected);
    let same = patched(FILE, "one", &json!({"name": "One", "nothing": null, "execute": {"type": "script"}}));
    assert!(!same.unwrap().changed);
}

#[test]
fn a_change_adds_and_takes_away_keys() {
    let edited = patched(FILE, "two", &json!({"priority": "high", "grounding": {"questions": ["Why?"], "x": null}}));
    let edited = edited.unwrap();
    assert_eq!(edited.definition["grounding"], json!({"questions": ["Why?"]}));
    assert!(edited.text.contains("// the first of the day") && edited.text.contains(r#""mine": {"kept": [1, 2.50]}"#));
    let back = patched(&edited.text, "two", &json!({"priority": null, "grounding": null})).unwrap();
    assert_eq!(entries("", &back.text).unwrap(), entries("", FILE).unwrap());
}

#[test]
fn a_change_that_makes_no_job_is_refused() {
    for (patch, reason) in [
        (json!({"schedule": "never"}), "invalid cron expression"),
        (json!({"name": null}), "\"name\" is required"),
        (json!({"execute": {"type": null}}), "execute.type"),
        (json!({"slug": "other"}), "the slug of a job stays"),
    ] {
        let error = patched(FILE, "one", &patch).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} lacks {reason:?}");
    }
    assert!(matches!(patched(FILE, "three", &json!({})), Err(EditError::Unknown(_))));
}

#[test]
fn windows_line_ends_stay() {
    let text = FILE.replace('\n', "\r\n");
    let edited = apply("jobs.json", &text, &job("new")).unwrap();
    assert_eq!(edited.text.matches('\n').count(), edited.text.matches("\r\n").count());
}
