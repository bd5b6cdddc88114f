//! The shell text runs in a real shell here, since only that shows what it does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use instar_plugin_sdk::Origin;
use instar_plugin_sdk::execute::Stdin;

use super::*;

const PRINT_ARGS: &str = "for each in \"$@\"; do printf '<%s>' \"$each\"; done";

fn launch(execute: &str) -> Result<Launch, Failure> {
    let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
    Script::launch(
        &ctx,
        &NoConfig {},
        &Request { execute_json: execute.to_owned(), model: String::new(), previous: None, context: String::new() },
    )
}

fn project() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(project: &Path, name: &str, content: &str, mode: u32) {
    let path = project.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What the script says, with its status.
fn run(project: &Path, execute: &str) -> (String, Option<i32>) {
    let launch = launch(execute).unwrap();
    let output = Command::new(&launch.argv[0]).args(&launch.argv[1..]).current_dir(project).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code())
}

#[track_caller]
fn check(project: &Path, execute: &str, expected: &str) {
    assert_eq!(run(project, execute), (expected.to_owned(), Some(0)));
}

#[test]
fn a_script_is_started_from_the_project_by_its_path() {
    let project = project();
    let script = format!("#!/bin/sh\n{PRINT_ARGS}\n");
    write(project.path(), "report.sh", &script, 0o755);
    write(project.path(), "my scripts/re port.sh", &script, 0o755);
    write(project.path(), "-dash.sh", &script, 0o755);
    check(
        project.path(),
        r#"{"value":"report.sh","args":"a 'b c' \\"d\\""}"#.replace("\\\\", "\\").as_str(),
        "<a><b c><d>",
    );
    check(project.path(), r#"{"value":"my scripts/re port.sh","args":["x y","","$HOME","-n"]}"#, "<x y><><$HOME><-n>");
    check(project.path(), r#"{"value":"-dash.sh","args":"-x"}"#, "<-x>");
    let absolute = project.path().join("report.sh");
    check(project.path(), &format!(r#"{{"value":"{}"}}"#, absolute.display()), "");
}

#[test]
fn a_script_needs_neither_an_executable_bit_nor_a_first_line() {
    let project = project();
    write(project.path(), "plain.sh", PRINT_ARGS, 0o644);
    write(project.path(), "bit.sh", PRINT_ARGS, 0o755);
    write(project.path(), "-plain.sh", PRINT_ARGS, 0o644);
    write(project.path(), "empty.sh", "", 0o644);
    for name in ["plain.sh", "bit.sh", "-plain.sh"] {
        check(project.path(), &format!(r#"{{"value":"{name}","args":"1 2"}}"#), "<1><2>");
    }
    check(project.path(), r#"{"value":"empty.sh"}"#, "");
}

#[test]
fn without_the_bit_the_first_line_names_the_interpreter() {
    let project = project();
    write(project.path(), "awk.txt", "#! /usr/bin/env -S awk -f \nBEGIN { print ARGV[1] }\n", 0o644);
    write(project.path(), "e.sh", "#!/bin/sh -e\nfalse\necho reached\n", 0o644);
    write(project.path(), "cat.txt", "#!/bin/cat\n", 0o644);
    check(project.path(), r#"{"value":"awk.txt","args":"one"}"#, "one\n");
    check(project.path(), r#"{"value":"cat.txt"}"#, "#!/bin/cat\n");
    assert_eq!(run(project.path(), r#"{"value":"e.sh"}"#), (String::new(), Some(1)));
}

#[test]
fn what_is_no_file_is_a_command_line() {
    let project = project();
    check(project.path(), r#"{"value":"printf '<%s>'","args":"'a b' c"}"#, "<a b><c>");
    check(project.path(), r#"{"value":"echo one; echo two | cat"}"#, "one\ntwo\n");
    check(project.path(), r#"{"value":"for n in 1 2; do printf $n; done"}"#, "12");
    assert_eq!(run(project.path(), r#"{"value":"exit 7"}"#).1, Some(7));
    assert_eq!(run(project.path(), r#"{"value":"scripts/missing.sh"}"#).1, Some(127));
}

#[test]
fn the_status_of_a_script_is_its_own() {
    let project = project();
    write(project.path(), "fails.sh", "exit 3", 0o644);
    assert_eq!(run(project.path(), r#"{"value":"fails.sh"}"#).1, Some(3));
}

#[test]
fn a_script_reads_from_the_terminal() {
    assert_eq!(launch(r#"{"value":"x"}"#).unwrap().stdin, Stdin::Typed);
}

#[test]
fn a_job_that_cannot_be_a_script_fails_with_its_reason() {
    let code = |execute: &str| launch(execute).expect_err("it was launched").code;
    assert_eq!(code(r#"{"type":"script"}"#), "no-script");
    assert_eq!(code(r#"{"value":"x","args":"it's"}"#), "bad-args");
    assert_eq!(code(r#"{"value":"x","args":[1]}"#), "bad-execute");
    assert_eq!(code(r#"{"value":"x","args":["\u0000"]}"#), "nul-character");
}
