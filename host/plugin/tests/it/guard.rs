//! Guards: the strictest answer stands, and no answer denies.

use std::collections::BTreeMap;
use std::time::Duration;

use instar_core::command::{Command, Found, SimpleCommand, Surroundings};
use instar_core::verdict::{Answer, Severity, Verdict};
use instar_plugin::{Kind, Moment, Settings};
use serde_json::json;

use crate::support::{call, load, load_with, settings, try_load};

const MARKED: &str = r#"{"slug":"deny-me"}"#;

fn rules(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn a_run_is_judged_by_every_guard_and_the_strictest_stands() {
    let config = BTreeMap::from([("tiny-two-kinds".parse().unwrap(), json!({ "denied": "slug" }))]);
    let plugins = load_with(&["tiny-run-guard", "tiny-two-kinds"], Settings { configs: config, ..settings() });
    assert_eq!(plugins.judge_run(&call(), "{}", "[]"), Verdict::pass());
    let verdict = plugins.judge_run(&call(), MARKED, "[]");
    assert_eq!(verdict.answer(), Answer::Deny);
    assert_eq!(rules(&verdict), ["tiny-run-guard/marked", "tiny-two-kinds/configured"]);
}

#[test]
fn nobody_to_ask_is_no_objection() {
    let plugins = load(&["tiny-notifier"]);
    assert!(!plugins.has_run_guards());
    assert_eq!(plugins.judge_run(&call(), MARKED, "[]"), Verdict::pass());
    assert_eq!(plugins.check_command(&call(), &Command::default()).verdict, Verdict::pass());
    assert_eq!(plugins.check_tool(&call(), "Write", "{}", &Surroundings::default()).verdict, Verdict::pass());
    assert_eq!(plugins.check_outbound(&call(), "mail", "hi"), Verdict::pass());
}

#[test]
fn a_command_is_passed_asked_about_or_denied() {
    let plugins = load(&["tiny-command-guard"]);
    let check = |words: &[&str], wrappers: &[&str]| {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let simple = SimpleCommand { argv: owned(words), wrappers: owned(wrappers), ..SimpleCommand::default() };
        let found = Found { commands: vec![simple], complete: true, ..Found::default() };
        plugins.check_command(&call(), &Command { found, ..Command::default() }).verdict
    };
    assert_eq!(check(&["ls"], &[]), Verdict::pass());
    assert_eq!(check(&["ls"], &["sudo"]).answer(), Answer::Ask);
    let denied = check(&["rm", "-rf", "/"], &["sudo"]);
    assert_eq!(denied.answer(), Answer::Deny);
    let [finding, asks] = &denied.findings[..] else { panic!("{denied:?}") };
    assert_eq!((finding.rule.as_str(), finding.severity), ("tiny-command-guard/no-rm", Severity::High));
    assert_eq!(finding.remedy.as_deref(), Some("move it to the trash"));
    assert_eq!(asks.answer, Answer::Ask, "a denial does not hide what else was found");
}

#[test]
fn a_guard_that_traps_denies_and_says_no_more_than_that() {
    let plugins = load(&["bad-guard-traps", "tiny-run-guard"]);
    let verdict = plugins.judge_run(&call(), "{}", "[]");
    assert_eq!(verdict.answer(), Answer::Deny);
    assert_eq!(rules(&verdict), ["bad-guard-traps/trap"]);
    let detail = &verdict.findings[0].detail;
    assert_eq!(detail, "the guard `bad-guard-traps` gave no verdict (trap)", "text of a guest may reach a model");
}

#[test]
fn a_guard_that_overruns_denies() {
    let mut settings = settings();
    settings.limits.guard.wall = Duration::from_millis(20);
    let plugins = load_with(&["bad-guard-spins"], settings);
    assert_eq!(rules(&plugins.judge_run(&call(), "{}", "[]")), ["bad-guard-spins/timeout"]);
}

#[test]
fn a_guard_that_could_not_be_loaded_denies() {
    let config = BTreeMap::from([("tiny-two-kinds".parse().unwrap(), json!({ "colour": "red" }))]);
    let (plugins, problems) = try_load(&["tiny-two-kinds"], Settings { configs: config, ..settings() });
    assert_eq!(problems[0].code(), "bad-config");
    assert!(plugins.has_run_guards());
    assert!(!plugins.has_guards(Kind::CommandGuard));
    assert_eq!(rules(&plugins.judge_run(&call(), "{}", "[]")), ["tiny-two-kinds/bad-config"]);
}

#[test]
fn a_question_that_is_too_long_is_denied() {
    let plugins = load(&["tiny-run-guard"]);
    let verdict = plugins.judge_run(&call(), &"x".repeat(2 << 20), "[]");
    assert_eq!(rules(&verdict), ["tiny-run-guard/input-too-large"]);
}

#[test]
fn more_guards_than_the_pool_has_places_wait_in_turn() {
    let settings = Settings { pool: instar_plugin::PoolChoice::Pooled { instances: 2 }, ..settings() };
    let plugins = load_with(&["tiny-run-guard"], settings);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(plugins.judge_run(&call(), "{}", "[]"), Verdict::pass());
                }
            });
        }
    });
}

#[test]
fn tools_and_outgoing_text_are_judged_like_runs() {
    let plugins = load(&["tiny-hooks"]);
    assert_eq!(plugins.check_tool(&call(), "Write", "{}", &Surroundings::default()).verdict, Verdict::pass());
    assert_eq!(
        rules(&plugins.check_tool(&call(), "Write", "a secret", &Surroundings::default()).verdict),
        ["tiny-hooks/Write"]
    );
    assert_eq!(rules(&plugins.check_outbound(&call(), "mail", "a secret")), ["tiny-hooks/mail"]);
    assert!(!plugins.has_run_guards());
}

#[test]
fn output_is_scanned_chunk_by_chunk() {
    let plugins = load(&["tiny-hooks"]);
    let scan = plugins.scan_output(&call(), "terminal", 100, b"the secret is", false).unwrap();
    assert_eq!((scan.redactions[0].start, scan.redactions[0].end, scan.hold_back), (104, 110, 3));
    // Three bytes are held back of a chunk that has only two.
    let finding = plugins.scan_output(&call(), "terminal", 0, b"no", false).unwrap_err();
    assert_eq!(finding.rule, "tiny-hooks/invalid-output");
}

#[test]
fn a_session_gets_texts_for_its_model() {
    let plugins = load(&["tiny-hooks"]);
    let files = [("MEMORY.md".to_owned(), "be kind".to_owned())];
    assert_eq!(plugins.session_context(&call(), Moment::Compact, &files), ["Moment::Compact: 1 files"]);
}
