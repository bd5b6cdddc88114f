//! Commands of plugins: each rule that this crate holds has a test that runs into it. What really runs, and what guards
//! say of it, is tried in `tests/e2e/plugin_process.rs`.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use instar_core::id::PluginId;
use instar_core::plan::{Action, Beginning, StepEvent};
use instar_core::program::{Program, ProgramEnd, ProgramHow};
use instar_plugin::{Answered, Grant, Means, OperatorSays, Plugins, Processes, Refused, Secret, Secrets, Settings};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{self, call, load_with, request, source, try_load};

const TOKEN: &str = "s3cr3t-of-the-door";

/// Notes what would run, and answers what a test says once it may.
#[derive(Debug)]
struct Machine {
    ran: Mutex<Vec<(PluginId, Program)>>,
    prints: String,
    refuses: Option<Refused>,
    may_end: Semaphore,
}

impl Machine {
    fn printing(prints: &str) -> Arc<Self> {
        let may_end = Semaphore::new(1000);
        Arc::new(Self { ran: Mutex::default(), prints: prints.to_owned(), refuses: None, may_end })
    }

    fn ran(&self) -> Vec<(PluginId, Program)> {
        std::mem::take(&mut *self.ran.lock().unwrap())
    }
}

impl Processes for Machine {
    fn run(&self, plugin: PluginId, program: Program) -> Answered<'_, ProgramEnd> {
        let keep = program.keep;
        self.ran.lock().unwrap().push((plugin, program));
        Box::pin(async move {
            self.may_end.acquire().await.unwrap().forget();
            if let Some(refused) = &self.refuses {
                return Err(refused.clone());
            }
            let stdout = self.prints.as_bytes()[..self.prints.len().min(keep)].to_vec();
            Ok(ProgramEnd {
                how: ProgramHow::Exit(0),
                stdout_cut: stdout.len() < self.prints.len(),
                stdout,
                stderr: Vec::new(),
                stderr_cut: false,
                duration: Duration::ZERO,
            })
        })
    }
}

#[derive(Debug)]
struct Known;

impl Secrets for Known {
    fn value(&self, _: &PluginId, slot: &str, _: Option<&str>) -> Option<Secret> {
        Secret::new(if slot == "token" { TOKEN } else { "" })
    }
}

fn granted(rights: &[&str], machine: &Arc<Machine>) -> Settings {
    let allow: BTreeSet<String> = rights.iter().map(|right| (*right).to_owned()).collect();
    let grant = Grant { digest: format!("blake3:{}", source("tiny-process").digest), allow };
    let mut settings = support::settings();
    let says = OperatorSays { grant: Some(grant), ..OperatorSays::default() };
    settings.operator.insert("tiny-process".parse().unwrap(), says);
    settings.means = Means { processes: Some(machine.clone()), secrets: Some(Arc::new(Known)), ..Means::default() };
    settings
}

fn load(machine: &Arc<Machine>) -> Plugins {
    load_with(&["tiny-process"], granted(&["process", "secrets"], machine))
}

async fn run(plugins: &Plugins, mut execute: Value) -> String {
    execute["type"] = "tiny-process".into();
    let asked = vec![StepEvent::Requested(request(&execute.to_string()))];
    let result = plugins.step("tiny-process", &call(), Vec::new(), asked).await.unwrap();
    match result.actions.as_slice() {
        [Action::Finish { message, .. }] => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_refused(answer: &str, code: &str) {
    assert!(answer.starts_with(&format!("{code}: ")), "{answer}");
}

#[tokio::test]
async fn what_the_manifest_names_is_run_as_it_stands() {
    let machine = Machine::printing("done");
    let plugins = load(&machine);
    let asks = json!({ "argv": ["echo", "a b", "$(x)"], "stdin": "in", "cwd": "sub/dir", "timeout": 500 });
    assert_eq!(run(&plugins, asks).await, "0|done|");
    let (plugin, program) = machine.ran().remove(0);
    assert_eq!((plugin.as_str(), program.argv), ("tiny-process", ["echo", "a b", "$(x)"].map(str::to_owned).into()));
    assert_eq!((program.stdin, program.cwd.as_deref(), program.env.len()), (b"in".to_vec(), Some("sub/dir"), 0));
    assert_eq!((program.limit, program.keep), (Duration::from_millis(500), 1000));
    run(&plugins, json!({ "argv": ["pwd"] })).await;
    let limit = machine.ran()[0].1.limit;
    assert!(limit < Duration::from_secs(20) && limit > Duration::from_secs(5), "it ends before its call: {limit:?}");
}

#[tokio::test]
async fn what_no_pattern_fits_is_refused() {
    let machine = Machine::printing("");
    let plugins = load(&machine);
    for argv in [
        json!(["ls"]),
        json!(["pwd", "-P"]),
        json!(["/bin/pwd"]),
        json!(["echo", "-n"]),
        json!(["echo", "a", "--", "b"]),
        json!(["sh", "-x", "-c", "true"]),
        json!(["sh", "scripts/../../x"]),
        json!(["sh", "-c", "-x"]),
        json!(["git", "push", "--force", "origin"]),
    ] {
        check_refused(&run(&plugins, json!({ "argv": argv })).await, "not-allowed");
    }
    for cwd in ["/", "..", "a/../../b", ""] {
        check_refused(&run(&plugins, json!({ "argv": ["pwd"], "cwd": cwd })).await, "not-allowed");
    }
    for argv in [json!([]), json!([""]), json!(["echo", "a\0b"])] {
        check_refused(&run(&plugins, json!({ "argv": argv })).await, "bad-command");
    }
    let words = vec!["echo"; 1001];
    check_refused(&run(&plugins, json!({ "argv": words })).await, "too-large");
    check_refused(&run(&plugins, json!({ "argv": ["echo", ("a".repeat(200_000))] })).await, "too-large");
    assert!(machine.ran().is_empty());
}

#[tokio::test]
async fn nothing_is_run_without_a_grant_nor_in_a_preview() {
    let machine = Machine::printing("");
    let (_, problems) = try_load(&["tiny-process"], granted(&["secrets"], &machine));
    assert_eq!(problems[0].code(), "not-granted");
    let plugins = load(&machine);
    let job = json!({ "type": "tiny-process", "argv": ["pwd"] }).to_string();
    let Beginning::Work(answer) = plugins.plan("tiny-process", &call(), &request(&job)).await.unwrap() else {
        panic!()
    };
    check_refused(&answer, "not-allowed");
    let mut settings = granted(&["process"], &machine);
    settings.means = Means::default();
    check_refused(&run(&load_with(&["tiny-process"], settings), json!({ "argv": ["pwd"] })).await, "unavailable");
    assert!(machine.ran().is_empty());
}

#[tokio::test]
async fn a_secret_goes_to_its_program_alone_and_comes_back_black() {
    let machine = Machine::printing(&format!("DOOR_TOKEN={TOKEN}"));
    let plugins = load(&machine);
    let asks = json!({ "argv": ["env"], "credentials": ["token"] });
    assert_eq!(run(&plugins, asks.clone()).await, "0|DOOR_TOKEN=***|");
    let (_, program) = machine.ran().remove(0);
    assert_eq!(program.env, [("DOOR_TOKEN".to_owned(), TOKEN.to_owned())].into());
    assert!(!format!("{program:?}").contains(TOKEN));
    check_refused(&run(&plugins, json!({ "argv": ["pwd"], "credentials": ["token"] })).await, "unknown-secret");
    check_refused(&run(&plugins, json!({ "argv": ["env"], "credentials": ["other"] })).await, "unknown-secret");
    check_refused(&run(&plugins, json!({ "argv": ["env"], "credentials": ["none"] })).await, "unknown-secret");
    let without = load_with(&["tiny-process"], granted(&["process"], &machine));
    check_refused(&run(&without, asks).await, "unknown-secret");
    assert!(machine.ran().is_empty());
}

#[tokio::test]
async fn output_is_cut_and_shows_no_half_of_a_secret() {
    let machine = Machine::printing(&format!("{}{TOKEN}{}", "x".repeat(990), "y".repeat(50)));
    let plugins = load(&machine);
    let answer = run(&plugins, json!({ "argv": ["env"], "credentials": ["token"] })).await;
    assert!(answer.ends_with("x (cut)|") && !answer.contains("s3cr") && answer.len() < 1000, "{answer}");
    let machine = Machine::printing(&"z".repeat(1001));
    let answer = run(&load(&machine), json!({ "argv": ["pwd"] })).await;
    assert_eq!(answer, format!("0|{} (cut)|", "z".repeat(1000)));
}

#[tokio::test]
async fn only_so_many_run_at_once_and_in_a_minute() {
    let machine = Machine::printing("");
    machine.may_end.forget_permits(1000);
    let plugins = load(&machine);
    let pwd = || run(&plugins, json!({ "argv": ["pwd"] }));
    let third = async {
        while machine.ran.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        let answer = pwd().await;
        machine.may_end.add_permits(1000);
        answer
    };
    let (first, second, third) = tokio::join!(pwd(), pwd(), third);
    assert_eq!((first.as_str(), second.as_str()), ("0||", "0||"));
    check_refused(&third, "too-many");
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(pwd().await);
    }
    assert!(answers[0] == "0||" && answers.iter().any(|answer| answer.starts_with("rate-limited: ")), "{answers:?}");
}

#[tokio::test]
async fn a_denial_of_the_guards_is_told_with_its_reason() {
    let mut machine = Machine::printing("");
    let refused = Refused { code: "not-allowed", message: "[guard/rule] no.".to_owned(), retryable: false };
    Arc::get_mut(&mut machine).unwrap().refuses = Some(refused);
    let plugins = load(&machine);
    assert_eq!(run(&plugins, json!({ "argv": ["pwd"] })).await, "not-allowed: [guard/rule] no.");
}
