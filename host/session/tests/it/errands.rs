//! Errands: told how they end, kept short, and gone as a whole.

use std::collections::BTreeMap;
use std::time::Duration;

use instar_core::program::{Program, ProgramHow};
use instar_session::{Errand, ErrandEnd, ErrandHow, ProgramError};

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

fn program(argv: &[&str]) -> Program {
    Program {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        cwd: None,
        stdin: Vec::new(),
        env: BTreeMap::new(),
        limit: LONG,
        keep: 4096,
    }
}

#[tokio::test]
async fn a_program_gets_exactly_its_words_and_its_input_and_its_end_is_told() {
    let project = Project::new().await;
    let run = async |program: Program| project.sessions.run_program(program).await.unwrap();
    let end = run(program(&["printf", "%s,", "a b", "$(x)", "", "'"])).await;
    assert_eq!((end.how, end.stdout.as_slice(), end.stdout_cut), (ProgramHow::Exit(0), &b"a b,$(x),,',"[..], false));
    let input = vec![b'x'; 300_000];
    let end = run(Program { stdin: input.clone(), keep: 1 << 20, ..program(&["cat"]) }).await;
    assert!(end.stdout == input, "{} bytes", end.stdout.len());
    assert_eq!(run(Program { stdin: input, ..program(&["true"]) }).await.how, ProgramHow::Exit(0));
    let end = run(program(&["sh", "-c", "echo err >&2; exit 3"])).await;
    assert_eq!((end.how, end.stderr.as_slice()), (ProgramHow::Exit(3), &b"err\n"[..]));
    for signal in ["SEGV", "TERM", "KILL"] {
        let end = run(program(&["sh", "-c", &format!("kill -{signal} $$")])).await;
        assert_eq!(end.how, ProgramHow::Signal(format!("SIG{signal}")));
    }
}

#[tokio::test]
async fn a_program_has_hardly_an_environment_and_no_folder_outside() {
    let project = Project::with("app", |settings| {
        settings.host_env.insert("INSTAR_TOKEN".into(), "s3cr3t".into());
        settings.host_env.insert("LANG".into(), "C.UTF-8".into());
    })
    .await;
    let run = async |program: Program| project.sessions.run_program(program).await;
    let env = BTreeMap::from([("OWN".to_owned(), "1".to_owned()), ("PATH".to_owned(), "/evil".to_owned())]);
    let end = run(Program { env, ..program(&["env"]) }).await.unwrap();
    let text = String::from_utf8(end.stdout).unwrap();
    let mut names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert!(names.iter().all(|name| ["HOME", "LANG", "OWN", "PATH"].contains(name)), "{text}");
    assert!(names.contains(&"OWN") && !text.contains("evil") && !text.contains("s3cr3t"), "{text}");
    let dir = project.dir.canonicalize().unwrap();
    std::fs::create_dir(dir.join("sub")).unwrap();
    std::os::unix::fs::symlink("/tmp", dir.join("out")).unwrap();
    let end = run(Program { cwd: Some("sub".into()), ..program(&["pwd"]) }).await.unwrap();
    assert_eq!(String::from_utf8(end.stdout).unwrap().trim_end(), dir.join("sub").to_str().unwrap());
    for cwd in ["..", "/tmp", "out", "none"] {
        let error = run(Program { cwd: Some(cwd.into()), ..program(&["pwd"]) }).await.unwrap_err();
        assert!(matches!(error, ProgramError::Outside { .. }), "{cwd}: {error}");
    }
    let error = run(program(&["no-such-program-anywhere"])).await.unwrap_err();
    assert!(matches!(error, ProgramError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn a_program_that_takes_too_long_or_is_forgotten_leaves_nothing() {
    let project = Project::new().await;
    let script = "setsid sh -c 'echo $$ > far; sleep 1000' & echo $$ > near; echo begun; trap '' TERM; sleep 1000";
    let sleeps = program(&["sh", "-c", script]);
    let limit = Duration::from_millis(700);
    let end = project.sessions.run_program(Program { limit, ..sleeps.clone() }).await.unwrap();
    assert_eq!((end.how, end.stdout.as_slice()), (ProgramHow::TimedOut, &b"begun\n"[..]));
    for file in ["near", "far"] {
        let pid = project.await_pid(file).await;
        await_that("it is gone", || !is_alive(pid)).await;
        std::fs::remove_file(project.dir.join(file)).unwrap();
    }
    let sessions = project.sessions.clone();
    let running = tokio::spawn(async move { sessions.run_program(sleeps).await });
    let pids = [project.await_pid("near").await, project.await_pid("far").await];
    running.abort();
    for pid in pids {
        await_that("it is gone", || !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn the_beginning_of_a_long_output_is_kept_and_its_writer_ends_as_it_would() {
    let project = Project::new().await;
    let end = project.sessions.run_program(program(&["sh", "-c", "echo first; yes | head -c 1000000"])).await.unwrap();
    assert_eq!((end.how, end.stdout.len(), end.stdout_cut), (ProgramHow::Exit(0), 4096, true));
    assert!(end.stdout.starts_with(b"first\ny\n") && !end.stderr_cut);
}
