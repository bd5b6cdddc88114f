//! Errands: told how they end, kept short, and gone as a whole.

use std::collections::BTreeMap;
use std::time::Duration;

use instar_session::{Errand, ErrandEnd, ErrandHow};

use crate::harness::{Project, await_that, is_alive};

const LONG: Duration = Duration::from_secs(60);

fn errand(command: &str) -> Errand<'_> {
    Errand { command, env: BTreeMap::new(), limit: LONG, keep: 4096, errors_apart: false }
}

async fn run(command: &str) -> ErrandEnd {
    Project::new().await.sessions.run_errand(errand(command)).await
}

#[tokio::test]
async fn status_and_output_are_told_in_the_order_of_arrival() {
    let end = run("echo one; echo two >&2; pwd; exit 3").await;
    assert_eq!(end.how, ErrandHow::Exit(3));
    assert!(end.output.starts_with("one\ntwo\n/") && end.output.trim_end().ends_with("my.app"), "{end:?}");
    assert_eq!(run("kill -TERM $$").await.how, ErrandHow::Exit(143));
    assert_eq!(run("no-such-command").await.how, ErrandHow::Exit(127));
}

#[tokio::test]
async fn errors_can_be_told_apart_and_the_end_of_a_long_output_is_kept() {
    let project = Project::new().await;
    let apart = Errand { errors_apart: true, ..errand("echo out; echo err >&2") };
    let end = project.sessions.run_errand(apart).await;
    assert_eq!((end.output.as_str(), end.errors.as_str()), ("out\n", "err\n"));
    let end = project.sessions.run_errand(errand("yes | head -c 1000000; echo last")).await;
    assert!(end.output.len() == 4096 && end.output.ends_with("last\n"), "{} bytes", end.output.len());
}

#[tokio::test]
async fn a_secret_is_in_the_environment_and_in_no_command_line() {
    let project = Project::new().await;
    let env = BTreeMap::from([("SECRET".to_owned(), "s3cr3t-value".to_owned())]);
    let command = "echo $SECRET; cat /proc/$PPID/cmdline /proc/$$/cmdline /proc/$PPID/environ | tr '\\0' ' '";
    let end = project.sessions.run_errand(Errand { env, ..errand(command) }).await;
    assert!(end.output.starts_with("s3cr3t-value\n"), "{end:?}");
    assert_eq!(end.output.matches("s3cr3t").count(), 1, "{end:?}");
}

#[tokio::test]
async fn time_out_ends_all_of_it_also_what_left_its_group() {
    let project = Project::new().await;
    let command = "setsid sh -c 'echo $$ > far; sleep 1000' & echo $$ > near; trap '' TERM; sleep 1000";
    let limit = Duration::from_millis(700);
    let end = project.sessions.run_errand(Errand { limit, ..errand(command) }).await;
    assert_eq!(end.how, ErrandHow::TimedOut);
    for file in ["near", "far"] {
        let pid = project.await_pid(file).await;
        await_that("it is gone", || !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn what_is_left_in_the_background_holds_nobody_up_and_is_ended() {
    let project = Project::new().await;
    let end = project.sessions.run_errand(errand("sleep 1000 & echo $! > left; echo done")).await;
    assert_eq!((end.how, end.output.as_str()), (ErrandHow::Exit(0), "done\n"));
    assert!(!is_alive(project.await_pid("left").await));
}

#[tokio::test]
async fn a_host_that_goes_away_takes_its_errands_with_it() {
    let project = Project::new().await;
    let sessions = project.sessions.clone();
    let running = tokio::spawn(async move { sessions.run_errand(errand("echo $$ > pid; sleep 1000")).await });
    let pid = project.await_pid("pid").await;
    running.abort();
    await_that("it is gone", || !is_alive(pid)).await;
}

#[tokio::test]
async fn a_missing_runner_is_said() {
    let project = Project::with("app", |settings| settings.runner = "/no/such/runner".into()).await;
    let end = project.sessions.run_errand(errand("true")).await;
    assert!(matches!(end.how, ErrandHow::NotStarted(_)), "{end:?}");
}
