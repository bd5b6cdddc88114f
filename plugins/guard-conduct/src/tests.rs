//! What speaks about what; how it is told, the end-to-end tests show.

use instar_plugin_sdk::guard::{Answer, SimpleCommand, Span, Surroundings, ToolCall, Via};

use crate::config::Config;
use crate::rules::Report;
use crate::{deferral, outgoing, tool};

fn simple(argv: &[&str], stdin: Option<&str>) -> SimpleCommand {
    SimpleCommand {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        dynamic: Vec::new(),
        patterns: Vec::new(),
        more_words: false,
        wrappers: Vec::new(),
        assignments: Vec::new(),
        redirects: Vec::new(),
        reads_from: Vec::new(),
        stdin: stdin.map(str::to_owned),
        parent: None,
        cwd: None,
        elsewhere: None,
        via: Via::Text,
        depth: 0,
        span: Span { start: 0, end: 0 },
    }
}

fn ids(report: Report, config: &str) -> Vec<(String, Answer)> {
    let config: Config = serde_json::from_str(config).unwrap();
    report.verdict(&config).findings.into_iter().map(|finding| (finding.rule, finding.answer)).collect()
}

#[track_caller]
fn check(line: &str, stdin: Option<&str>, expected: &[&str]) {
    let argv: Vec<&str> = line.split('|').collect();
    let commands = [simple(&argv, stdin)];
    let mut report = Report::default();
    outgoing::judge(&commands[0], &commands, &mut report);
    let found: Vec<String> = ids(report, "{}").into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, expected, "{line}");
}

#[test]
fn messages_requests_and_finished_work_are_told_apart() {
    let message = ["grounding", "external"];
    check("./telegram-reply.sh|12|Done, see the report", None, &message);
    check("mail|-s|hi|a@x.example", Some("the report"), &message);
    check("gh|pr|comment|3|--body|Looks good", None, &message);
    check("curl|-XPOST|https://api.telegram.org/bot1/sendMessage|-dtext=hi", None, &message);
    check("curl|--json|{}|https://hooks.slack.com/services/x", None, &message);
    check("curl|--json|{}|https://x.example/health", None, &["external"]);
    check("wget|--post-file=a|https://x.example/?u=localhost", None, &["external"]);
    check("http|POST|https://x.example/a", None, &["external"]);
    check("scp|a|x.example:/tmp", None, &["external"]);
    check("git|push|origin|main", None, &["reflection"]);
    check("npm|publish", None, &["reflection"]);
}

#[test]
fn what_only_looks_like_it_is_silent() {
    for line in [
        "echo|curl -X POST https://x.example; git push",
        "grep|-rn|telegram-reply|.",
        "curl|https://x.example/a",
        "curl|-X|POST|http://127.0.0.1:4040/jobs",
        "curl|-G|-d|q=1|https://x.example",
        "gh|pr|view|3",
        "git|status",
        "npm|publish|--dry-run",
        "scp|x.example:/a|.",
    ] {
        check(line, None, &[]);
    }
}

#[test]
fn work_that_is_handed_back_is_found_in_all_six_families() {
    for text in [
        "I can’t open the page",
        "This needs manual work",
        "You need to run the migration",
        "You could open the dashboard",
        "Should I continue with the rest?",
        "I'm blocked on the deploy",
    ] {
        assert!(deferral::phrase_in(text).is_some(), "{text}");
        check("send-email.py|a@x.example", Some(text), &["grounding", "external", "deferral"]);
    }
    for text in [
        "I deployed it and all checks pass",
        "You need to enter the password yourself",
        "The bill is a billing matter, I cannot pay it",
        "Your run is done",
        "Canned answers are gone",
    ] {
        assert_eq!(deferral::phrase_in(text), None, "{text}");
    }
}

#[test]
fn tools_that_send_are_messages_too() {
    let judge = |name: &str, input: &str| {
        let surroundings = Surroundings {
            cwd: "/p".to_owned(),
            project_root: None,
            home: None,
            temp_dirs: Vec::new(),
            unattended: false,
        };
        let call = ToolCall { tool: name.to_owned(), input_json: input.to_owned(), surroundings };
        let mut report = Report::default();
        tool::judge(&call, &mut report);
        ids(report, r#"{"external":"ask","grounding":"off"}"#)
    };
    let asked = judge("mcp__mail__send_email", r#"{"to":["a"],"body":{"text":"Would you like me to go on?"}}"#);
    assert_eq!(asked, [("external".to_owned(), Answer::Ask), ("deferral".to_owned(), Answer::Pass)]);
    assert_eq!(judge("mcp__mail__list_sent", "{}"), []);
    assert_eq!(judge("Write", r#"{"content":"send"}"#), []);
    assert_eq!(judge("mcp__mail__send", "no json").len(), 1);
}
