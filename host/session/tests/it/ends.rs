//! How a command's end becomes the session's: status, signal, reason, tail.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use instar_core::plan::{EndCause, Launch, Stdin};
use instar_session::{Found, Order};

use crate::harness::{Project, command, exit, script, session_id, session_name, talk};

#[tokio::test]
async fn a_status_is_told_with_the_end_of_the_output() {
    let project = Project::new().await;
    let (id, end) = project.run(script("echo out; echo err >&2; printf '\\033[31mred\\033[0m\\n'; exit 7")).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(7), "out\nerr\nred\n"));
    assert!(matches!(project.sessions.survey(id).await, Found::Ended(end) if end.cause == exit(7)));
}

#[tokio::test]
async fn a_signal_is_told_by_its_name() {
    let project = Project::new().await;
    let (_, end) = project.run(script("kill -SEGV $$")).await;
    assert_eq!(end.cause, EndCause::Signal("SIGSEGV".to_owned()));
}

#[tokio::test]
async fn a_missing_program_is_a_reason_not_a_status() {
    let project = Project::new().await;
    let mut launch = command(&["no-such-agent", "-p"]);
    launch.env.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let (_, end) = project.run(launch).await;
    assert_eq!(end.cause, EndCause::NotStarted("no-such-agent: not found on PATH /usr/bin:/bin".to_owned()));

    let (_, end) = project.run(Launch { cwd: Some("nowhere".to_owned()), ..script("true") }).await;
    let EndCause::NotStarted(reason) = end.cause else { panic!("{:?}", end.cause) };
    assert!(reason.ends_with("nowhere: no such folder to run in"), "{reason}");
}

#[tokio::test]
async fn a_missing_runner_is_a_reason_too() {
    let project = Project::with("app", |settings| settings.runner = "/no/such/runner".into()).await;
    let (id, end) = project.run(script("true")).await;
    assert_eq!(end.cause, EndCause::NotStarted("there is no runner at /no/such/runner".to_owned()));
    assert!(matches!(project.sessions.survey(id).await, Found::NotStarted), "it is safe to start again");

    let project = Project::with("app", |settings| settings.runner = "/bin/false".into()).await;
    let (_, end) = project.run(script("true")).await;
    let reason = "the runner /bin/false ended before it started the command";
    assert_eq!(end.cause, EndCause::NotStarted(reason.to_owned()));
}

#[tokio::test]
async fn standard_input_arrives_whole_and_ends() {
    let project = Project::new().await;
    let bytes: Vec<u8> = (0..500_000_u32).flat_map(|number| [number.to_le_bytes()[0], 0xff]).take(500_000).collect();
    std::fs::write(project.dir.join("expected"), &bytes).unwrap();
    let stdin = || Stdin::Bytes(bytes.clone());
    let (_, end) = project.run(Launch { stdin: stdin(), ..script("cmp - expected") }).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(0), ""));

    // Echoed while it is written, and not read at all: neither may hang.
    let (id, end) = project.run(Launch { stdin: stdin(), ..command(&["cat"]) }).await;
    assert_eq!(end.cause, exit(0));
    assert!(std::fs::read(project.folder(id).join("output.log")).unwrap() == bytes, "the output differs");
    let (_, end) = project.run(Launch { stdin: stdin(), ..script("exit 3") }).await;
    assert_eq!(end.cause, exit(3));
}

#[tokio::test]
async fn long_arguments_arrive_whole() {
    let project = Project::new().await;
    let long = "x;'\"$(\n".repeat(10_000);
    let (_, end) = project.run(command(&["sh", "-c", "printf %s \"$1\" | wc -c", "sh", &long])).await;
    assert_eq!((end.cause, end.tail.trim()), (exit(0), "70000"));
}

#[tokio::test]
async fn a_command_sees_only_the_environment_it_is_meant_to() {
    let project = Project::with("app", |settings| {
        settings.host_env.insert("ANTHROPIC_API_KEY".to_owned(), "secret".to_owned());
        settings.host_env.insert("CLAUDECODE".to_owned(), "1".to_owned());
        settings.host_env.insert("MY_TOKEN".to_owned(), "mine".to_owned());
        settings.host_env.insert("LC_TIME".to_owned(), "C".to_owned());
        settings.pass_env = vec!["MY_*".to_owned()];
    })
    .await;
    let (id, name) = (session_id(), session_name("work"));
    let mut launch = command(&["env"]);
    launch.env.insert("OF_LAUNCH".to_owned(), "1".to_owned());
    let env = BTreeMap::from([("OF_ENGINE".to_owned(), "two words".to_owned())]);
    let process = project.sessions.start(Order { id, name: &name, launch: &launch, env }).await.unwrap();
    project.watch(process).await;
    let env = project.output(id).await;
    let has = |line: &str| env.lines().any(|seen| seen == line);
    assert!(has("MY_TOKEN=mine") && has("OF_LAUNCH=1") && has("OF_ENGINE=two words") && has("LC_TIME=C"), "{env}");
    for name in ["ANTHROPIC_API_KEY", "CLAUDECODE", "TMUX", "CARGO"] {
        assert!(!env.lines().any(|line| line.starts_with(name)), "{name} got through:\n{env}");
    }
}

#[tokio::test]
async fn a_command_inherits_neither_files_nor_signals_of_the_wrapper() {
    // SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD and SIGWINCH, by their numbers.
    let ours = [1, 2, 3, 13, 15, 17, 28].iter().fold(0_u64, |mask, signal| mask | 1 << (signal - 1));
    let text = "ls -1 /proc/self/fd; sed -n 's/^SigIgn:.//p' /proc/self/status";
    let project = Project::new().await;
    for launch in [script(text), talk(text)] {
        let (_, end) = project.run(launch).await;
        // The last one is the folder that `ls` itself reads.
        let ignored = end.tail.strip_prefix("0\n1\n2\n3\n").expect(&end.tail);
        assert_eq!(u64::from_str_radix(ignored.trim(), 16).unwrap() & ours, 0, "{ignored}");
    }
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_does_not_hold_up_its_end() {
    let project = Project::new().await;
    let (_, end) = project.run(script("setsid sleep 300 & echo $! > left; echo done")).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(0), "done\n"));
    assert!(end.duration_ms < 5_000, "{} ms", end.duration_ms);
    let left = project.await_pid("left").await;
    assert!(crate::harness::is_alive(left), "what was left was ended");
    crate::harness::kill(left, rustix::process::Signal::KILL);
}

#[tokio::test]
async fn files_of_a_session_are_private_and_the_spec_goes_with_its_end() {
    let project = Project::new().await;
    let (id, process) = project.start(script("while ! [ -e go ]; do sleep 0.01; done")).await;
    let folder = project.folder(id);
    let mode = |name: &str| folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("spec.json"), mode("started")), (0o700, 0o600, 0o600));
    project.await_output(id, "").await;
    std::fs::write(project.dir.join("go"), "").unwrap();
    project.watch(process).await;
    assert_eq!((mode("exit.json"), mode("output.log")), (0o600, 0o600));
    assert!(!folder.join("spec.json").exists());
}

#[tokio::test]
async fn a_full_disk_stops_no_command_and_is_noted() {
    let project = Project::new().await;
    let id = session_id();
    std::fs::create_dir_all(project.folder(id)).unwrap();
    std::os::unix::fs::symlink("/dev/full", project.folder(id).join("output.log")).unwrap();
    let process = project.start_as(id, "work", &script("echo one; echo two; exit 4")).await.unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(4), "one\ntwo\n"));
    let exit = std::fs::read_to_string(project.folder(id).join("exit.json")).unwrap();
    assert!(exit.contains("No space left"), "{exit}");
}
