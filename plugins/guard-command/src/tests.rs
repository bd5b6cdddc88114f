//! What the tests of this crate share: a project, and commands made by hand.
//!
//! How well the rules tell harm from its look-alikes is measured elsewhere, by the host's parser over
//! `tests/corpus/commands`.

use std::collections::BTreeSet;

use instar_plugin_sdk::guard::{Answer, Code, Command, SimpleCommand, Surroundings, ToolCall, Verdict};

use crate::config::Config;
use crate::packs::{self, all_rules};
use crate::place::Places;
use crate::rule::{Report, Weight};
use crate::scene::{Cmd, Scene};
use crate::{guess, tool};

fn surroundings() -> Surroundings {
    Surroundings {
        cwd: "/home/ada/shop".to_owned(),
        project_root: Some("/home/ada/shop".to_owned()),
        home: Some("/home/ada".to_owned()),
        temp_dirs: vec!["/tmp".to_owned()],
        unattended: false,
    }
}

pub(crate) fn with_places(test: impl FnOnce(&Places<'_>)) {
    test(&Places::new(&surroundings(), &Config::default()));
}

pub(crate) fn simple(argv: &[&str]) -> SimpleCommand {
    guess::command(argv.iter().map(|word| (*word).to_owned()).collect(), "/home/ada/shop")
}

pub(crate) fn with_cmd(argv: &[&str], test: impl FnOnce(&Cmd<'_>)) {
    let commands = [simple(argv)];
    with_places(|places| test(&Scene::guessed(&commands, places).cmd(0)));
}

fn verdict(report: Report) -> Verdict {
    report.verdict(&Config::default())
}

/// The rules that speak about a text that the parser has not seen.
fn rules_of_text(text: &str) -> Vec<(String, Answer)> {
    let mut found = Vec::new();
    with_places(|places| {
        let mut report = Report::default();
        guess::judge_string(text, places, &mut report);
        found = verdict(report).findings.into_iter().map(|finding| (finding.rule, finding.answer)).collect();
    });
    found
}

pub(crate) fn rules_of_code(language: &str, text: &str) -> Vec<String> {
    let code = Code {
        language: language.to_owned(),
        text: text.to_owned(),
        path: None,
        sha256: String::new(),
        complete: true,
        command: 0,
    };
    let command = Command {
        tool: "Bash".to_owned(),
        raw: text.to_owned(),
        surroundings: surroundings(),
        commands: vec![simple(&[language])],
        data_spans: Vec::new(),
        code: vec![code],
        recursive_functions: Vec::new(),
        parse_complete: true,
    };
    let config = Config::default();
    let places = Places::new(&command.surroundings, &config);
    let mut report = Report::default();
    packs::judge(&Scene::of(&command, &places), &mut report);
    verdict(report).findings.into_iter().map(|finding| finding.rule).collect()
}

pub(crate) fn flagged_code(language: &str, text: &str) -> bool {
    !rules_of_code(language, text).is_empty()
}

pub(crate) fn rules_of_tool(name: &str, input: &str) -> Vec<String> {
    let call = ToolCall { tool: name.to_owned(), input_json: input.to_owned(), surroundings: surroundings() };
    let config = Config::default();
    let mut report = Report::default();
    tool::judge(&call, &Places::new(&call.surroundings, &config), &mut report);
    verdict(report).findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn ids_of_rules_are_unique_and_well_formed() {
    let mut known = BTreeSet::new();
    for rule in all_rules() {
        assert!(known.insert(rule.id), "`{}` stands for two rules", rule.id);
        assert!(rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id);
        assert!(!rule.detail.ends_with('.') && !rule.remedy.ends_with('.'), "{}", rule.id);
    }
    assert!(known.len() > 120, "{}", known.len());
}

/// What a denial proposes must not be denied, or asked about, itself.
#[test]
fn no_remedy_is_stopped_by_the_guard() {
    let mut seen = 0;
    for rule in all_rules().filter(|rule| rule.weight != Weight::Advice) {
        for proposal in rule.remedy.split('`').skip(1).step_by(2) {
            let stopped: Vec<_> =
                rules_of_text(proposal).into_iter().filter(|(_, answer)| *answer != Answer::Pass).collect();
            assert!(stopped.is_empty(), "`{}` proposes `{proposal}`, which is stopped: {stopped:?}", rule.id);
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn a_text_that_was_not_understood_is_judged_by_its_words_and_asked_about() {
    let mut report = Report::default();
    with_places(|places| guess::judge_text("echo 'x; rm -rf / \"", places, &mut report));
    assert_eq!(verdict(report).findings.last().unwrap().rule, "not-understood");
    assert_eq!(rules_of_text("if sudo rm -rf /; then")[0].0, "rm-root");
}
