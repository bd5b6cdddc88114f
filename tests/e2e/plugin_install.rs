//! `instar plugin install` and its kin: what is installed is installed as a whole, and what is not leaves no trace.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use instar_tests::{Agent, bundled_bytes, component_bytes, instar_bin, reworded, shout, with_more};
use serde_json::{Value, json};

use crate::small_disk::SmallDisk;

/// What the lock says, as the command shows it.
fn installed(agent: &Agent) -> String {
    fs::read_to_string(agent.path(".instar/plugins/instar.lock")).unwrap_or_default()
}

fn operator(agent: &Agent, arguments: &[&str]) -> Output {
    agent.command_of_operator(arguments).output().expect("instar can be run")
}

#[track_caller]
fn done(agent: &Agent, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let output = operator(agent, &arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[track_caller]
fn refused(agent: &Agent, arguments: &[&str], words: &[&str]) {
    let before = installed(agent);
    let output = operator(agent, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} was done: {output:?}");
    let last = said.lines().last().unwrap_or_default();
    assert!(words.iter().all(|word| last.contains(word)), "{arguments:?} says {last:?}, and not {words:?}");
    assert_eq!(installed(agent), before, "{arguments:?} changed what is installed");
}

fn write(agent: &Agent, name: &str, bytes: &[u8]) -> String {
    fs::write(agent.path(name), bytes).expect("a file can be written");
    agent.path(name).display().to_string()
}

#[test]
fn plugin_is_installed_upgraded_rolled_back_and_removed() {
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    let receipt = done(&agent, &["plugin", "install", &file, "--yes"]);
    let plugin = &receipt["plugins"][0];
    assert_eq!(
        (&plugin["id"], &plugin["version"], &plugin["grants"]),
        (&json!("execute-shouts"), &json!("0.1.0"), &json!([]))
    );
    assert_eq!(plugin["source"], json!(fs::canonicalize(&file).expect("it is there")));
    assert_eq!(done(&agent, &["plugin", "install", &file, "--yes"])["plugins"][0]["changed"], false);

    write(&agent, "shouts.wasm", &shout("0.2.0"));
    let receipt = done(&agent, &["plugin", "upgrade", "--all", "--yes"]);
    assert_eq!(receipt["plugins"][0]["version"], "0.2.0");
    assert_eq!(receipt["plugins"][0]["previous"]["version"], "0.1.0");
    let verified = done(&agent, &["plugin", "verify"]);
    assert_eq!(verified["plugins"][0]["state"], "whole", "{verified}");

    write(&agent, "shouts.wasm", &shout("0.1.9"));
    refused(&agent, &["plugin", "install", &file, "--yes"], &["0.2.0", "0.1.9", "older", "--downgrade"]);
    assert_eq!(done(&agent, &["plugin", "rollback", "execute-shouts"])["version"], "0.1.0");
    assert_eq!(done(&agent, &["plugin", "rollback", "execute-shouts"])["version"], "0.2.0");
    assert_eq!(done(&agent, &["plugin", "install", &file, "--yes", "--downgrade"])["plugins"][0]["version"], "0.1.9");

    assert_eq!(done(&agent, &["plugin", "remove", "execute-shouts"])["removed"], "execute-shouts");
    refused(&agent, &["plugin", "remove", "execute-shouts"], &["was installed here"]);
    let left = fs::read_dir(agent.path(".instar/plugins/installed")).expect("the folder").count();
    assert_eq!(left, 0, "what nobody names is taken away");
}

#[test]
fn what_a_plugin_asks_for_is_shown_and_granted_by_name() {
    let agent = Agent::new();
    let file = write(&agent, "http.wasm", &component_bytes("tiny-http"));
    let install = ["plugin", "install", &file];
    refused(&agent, &install, &["nobody is there to consent", "--grant clock,http,kv,secrets"]);
    let shown = String::from_utf8(operator(&agent, &install).stdout).expect("text");
    let place = |words: &str| shown.find(words).unwrap_or_else(|| panic!("{words} does not stand in {shown}"));
    assert!(place("sends requests to api.tiny.test") < place("reads the clock"), "danger comes first: {shown}");
    assert!(shown.contains("never sees it") && shown.contains("whatever host its setting `url` names"), "{shown}");

    refused(&agent, &[&install[..], &["--yes"]].concat(), &["does not grant", "--grant clock,http,kv,secrets"]);
    refused(&agent, &[&install[..], &["--yes", "--grant", "http,files"]].concat(), &["does not ask for `files`"]);
    let all = ["--yes", "--grant", "clock,http,kv,secrets"];
    let receipt = done(&agent, &[&install[..], &all].concat());
    assert_eq!(receipt["plugins"][0]["grants"], json!(["clock", "http", "kv", "secrets"]));

    assert_eq!(done(&agent, &["plugin", "revoke", "tiny-http", "kv"])["grants"], json!(["clock", "http", "secrets"]));
    let verified = operator(&agent, &["plugin", "verify", "--json"]);
    let verified = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.contains("instar plugin grant tiny-http kv"), "{verified}");
    refused(&agent, &["plugin", "grant", "tiny-http", "files"], &["does not ask for `files`"]);
    done(&agent, &["plugin", "grant", "tiny-http", "kv"]);

    // A newer version that asks for nothing new keeps what was granted.
    write(&agent, "http.wasm", &reworded(&component_bytes("tiny-http"), &[("\"0.1.0\"", "\"0.2.0\"")]));
    let receipt = done(&agent, &["plugin", "upgrade", "tiny-http", "--yes"]);
    assert_eq!(receipt["plugins"][0]["grants"], json!(["clock", "http", "kv", "secrets"]));
    // One that asks for other things says so first.
    let elsewhere = [("\"0.1.0\"", "\"0.3.0\""), ("localhost.tiny.test", "collector.evil.test")];
    write(&agent, "http.wasm", &reworded(&component_bytes("tiny-http"), &elsewhere));
    let shown = String::from_utf8(operator(&agent, &["plugin", "upgrade", "tiny-http"]).stdout).expect("text");
    let line = |words: &str| shown.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line("collector.evil.test").starts_with("new"), "{shown}");
    assert!(line("localhost.tiny.test").starts_with("gone"), "{shown}");
}

#[test]
fn upgrade_that_does_more_by_a_right_takes_a_new_yes() {
    let agent = Agent::new();
    let process = component_bytes("tiny-process");
    let file = write(&agent, "process.wasm", &process);
    let shown = String::from_utf8(operator(&agent, &["plugin", "install", &file]).stdout).expect("text");
    let line = |words: &str| shown.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line("runs `git push --force` with your rights").contains("high"), "{shown}");
    assert!(line("runs `sh -c **` with your rights").contains("BEWARE: what `sh` is told"), "{shown}");
    assert!(line("of the door").contains("put into the environment of `env` as DOOR_TOKEN"), "{shown}");
    done(&agent, &["plugin", "install", &file, "--yes", "--grant", "process,secrets"]);
    let wider = [("\"0.1.0\"", "\"0.2.0\""), ("\"push\", \"--force\"", "\"**\", \"--**\"     ")];
    write(&agent, "process.wasm", &reworded(&process, &wider));
    let shown = String::from_utf8(operator(&agent, &["plugin", "upgrade", "tiny-process"]).stdout).expect("text");
    let line = |words: &str| shown.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line("runs `git ** --**`").starts_with("new") && line("git push --force").starts_with("gone"), "{shown}");
    refused(&agent, &["plugin", "upgrade", "tiny-process", "--yes"], &["asks for `process`", "does not grant"]);
    let receipt = done(&agent, &["plugin", "upgrade", "tiny-process", "--yes", "--grant", "process"]);
    assert_eq!(receipt["plugins"][0]["version"], "0.2.0");
}

#[test]
fn limits_beyond_what_is_usual_are_a_right_that_is_granted() {
    let agent = Agent::new();
    let asking = |version: &str, limits: &str| with_more(&shout(version), &format!("[limits]\n{limits}\n"));
    let file = write(&agent, "shouts.wasm", &asking("0.1.0", "memory-bytes = 8388608"));
    assert_eq!(
        done(&agent, &["plugin", "install", &file, "--yes"])["plugins"][0]["grants"],
        json!([]),
        "less is no right"
    );

    write(&agent, "shouts.wasm", &asking("0.2.0", "memory-bytes = 50331648"));
    let shown = String::from_utf8(operator(&agent, &["plugin", "upgrade", "--all"]).stdout).expect("text");
    let line = shown.lines().find(|line| line.contains("up to 48 MiB, where 32 MiB are usual"));
    assert!(line.is_some_and(|line| line.starts_with("new") && line.contains("limits")), "{shown}");
    let upgrade = ["plugin", "upgrade", "execute-shouts", "--yes"];
    refused(&agent, &upgrade, &["asks for `limits`", "does not grant"]);
    let granted = [&upgrade[..], &["--grant", "limits"]].concat();
    assert_eq!(done(&agent, &granted)["plugins"][0]["grants"], json!(["limits"]));
    assert!(installed(&agent).contains("grants = [\"limits\"]"), "{}", installed(&agent));

    // As much keeps the right, more takes a new yes.
    write(&agent, "shouts.wasm", &asking("0.2.1", "memory-bytes = 50331648"));
    assert_eq!(done(&agent, &upgrade)["plugins"][0]["grants"], json!(["limits"]));
    write(&agent, "shouts.wasm", &asking("0.3.0", "memory-bytes = 67108864"));
    refused(&agent, &upgrade, &["asks for `limits`", "does not grant"]);
    // Without the right it runs as others do.
    assert_eq!(done(&agent, &["plugin", "revoke", "execute-shouts", "limits"])["grants"], json!([]));
    assert_eq!(done(&agent, &["plugin", "verify"])["plugins"][0]["state"], "whole");
    let seen = done(&agent, &["plugin", "inspect", "execute-shouts"]);
    assert_eq!(
        seen["limits"],
        json!([{ "key": "memory-bytes", "asked": 50_331_648, "usual": 33_554_432 }]),
        "{seen:#}"
    );
    write(&agent, "shouts.wasm", &asking("0.4.0", "memory-bytes = 67108865"));
    refused(&agent, &upgrade, &["`memory-bytes` of `limits` must be from 65536 to 67108864"]);
}

#[test]
fn another_contract_is_refused_with_the_names_of_both() {
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    done(&agent, &["plugin", "install", &file, "--yes"]);
    let later = reworded(&shout("0.2.0"), &[("manifest = 1", "contract=\"1\"")]);
    write(&agent, "shouts.wasm", &later);
    refused(&agent, &["plugin", "install", &file, "--yes"], &["wants `1`", "speaks 0.1.0"]);
    refused(&agent, &["plugin", "upgrade", "--all", "--yes"], &["wants `1`", "speaks 0.1.0"]);
    assert_eq!(done(&agent, &["plugin", "verify"])["plugins"][0]["version"], "0.1.0");
}

#[test]
fn configuration_fits_the_schema_or_is_refused_by_its_field() {
    let agent = Agent::new();
    let schema = "[config]\nrequired = [\"voice\", \"places\"]\nadditionalProperties = false\n[config.properties]\n\
        voice = { enum = [\"loud\", \"soft\"], description = \"How it sounds\" }\n\
        places = { type = \"array\", items = { type = \"string\" } }\n";
    let shouts = |version: &str| with_more(&shout(version), schema);
    let file = write(&agent, "shouts.wasm", &shouts("0.1.0"));
    refused(
        &agent,
        &["plugin", "install", &file, "--yes"],
        &["`voice` is missing", "`places` is missing", "config set"],
    );
    // Nobody knows what it takes before it is there; a configuration that is half done is no obstacle.
    done(&agent, &["config", "set", "plugins.execute-shouts.config.voice", "loud"]);
    done(&agent, &["config", "set", "plugins.execute-shouts.config.places", "[1]"]);
    refused(&agent, &["plugin", "install", &file, "--yes"], &["`places.0` must be a text"]);
    done(&agent, &["config", "set", "plugins.execute-shouts.config.places", "[\"here\"]"]);
    // `execute-script` has no settings of its own.
    let told = operator(&agent, &["plugin", "install", &file, "--yes"]);
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(said.contains("unknown field") || said.contains("voice"), "the plugin is asked behind the schema: {said}");
    let shown = String::from_utf8(operator(&agent, &["plugin", "inspect", &file]).stdout).expect("text");
    let line = shown.lines().find(|line| line.contains("How it sounds")).unwrap_or_else(|| panic!("{shown}"));
    assert!(line.contains("voice") && line.contains("\"loud\" | \"soft\", required"), "{shown}");
}

#[test]
fn settings_of_plugins_are_held_to_their_schemas() {
    let agent = Agent::new();
    let config = || fs::read_to_string(agent.path(".instar/config.json")).unwrap_or_default();
    let set = |key: &str, value: &str| {
        let key = format!("plugins.{key}");
        operator(&agent, &["config", "set", &key, value])
    };
    assert!(set("execute-prompt.config.report", "false").status.success());
    let before = config();
    for (key, value, words) in [
        ("execute-prompt.config.report", "7", "`report` must be true or false"),
        ("execute-prompt.config.colour", "red", "`colour` is no setting of this plugin"),
        ("guard-quiet-hours.config", "{\"hours\":[{\"from\":\"22:00\",\"to\":7}]}", "`hours.0.to` must be a text"),
        ("guard-secrets.config.kinds", "{\"jwt\":\"eat\"}", "`kinds.jwt` must be one of \"off\""),
    ] {
        let output = set(key, value);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{key} = {value}: {said}");
        assert!(said.contains("nothing was changed") && config() == before, "{said}");
    }
    // What lacks may still come.
    let output = set("guard-quiet-hours.config", "{\"hours\":[{\"from\":\"22:00\"}]}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("`hours.0.to` is missing"), "{output:?}");
    let checked = operator(&agent, &["config", "check", "--json"]);
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap_or_else(|_| panic!("{checked:?}"));
    assert_eq!((checked.status.code(), &report["ok"]), (Some(1), &json!(false)), "{report:#}");
    assert_eq!(report["plugins"][0]["path"], "hours.0.to", "{report:#}");
    assert!(set("guard-quiet-hours.config", "{}").status.success());
    assert_eq!(done(&agent, &["config", "check"])["ok"], true);

    // What people write into the file by hand is found.
    agent.configure(&json!({"plugins": {"execute-prompt": {"config": {"report": 7}}}}));
    let found = operator(&agent, &["doctor", "--json"]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.contains("`report` must be true or false"), "{found}");
    // One key that is wrong keeps nobody from setting another one.
    assert!(set("execute-prompt.config.command", "claude").status.success());
}

#[test]
fn agent_cannot_consent() {
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    for arguments in [
        &["plugin", "install", &file, "--yes"][..],
        &["plugin", "upgrade", "--all", "--yes"],
        &["plugin", "grant", "execute-shouts", "http"],
        &["plugin", "disable", "guard-command"],
        &["plugin", "remove", "execute-shouts"],
        &["plugin", "rollback", "execute-shouts"],
        &["plugin", "sync"],
    ] {
        for variable in ["CLAUDECODE", "INSTAR_RUN_ID"] {
            let output = agent.command_of_operator(arguments).env(variable, "1").output().expect("runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(5) && said.contains("an agent cannot"), "{arguments:?}: {output:?}");
        }
    }
    assert_eq!(installed(&agent), "");
}

#[test]
fn what_cannot_be_installed_is_said_in_a_sentence_and_changes_nothing() {
    let agent = Agent::new();
    let good = write(&agent, "good.wasm", &shout("0.1.0"));
    done(&agent, &["plugin", "install", &good, "--yes"]);
    let whole = shout("0.2.0");
    let newer: Vec<u8> = replaced(&whole, b"@0.1.0", b"@0.9.0");
    let huge = agent.path("huge.wasm");
    fs::File::create(&huge).and_then(|file| file.set_len(33 << 20)).expect("a sparse file");
    let named = |id: &str| reworded(&whole, &[("\"execute-shouts\"", id)]);
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (whole[..whole.len() / 2].to_vec(), &["not a WebAssembly component", "cut off"]),
        (b"\0asm\x01\0\0\0".to_vec(), &["core module"]),
        (b"#!/bin/sh\n".to_vec(), &["not a WebAssembly component"]),
        (Vec::new(), &["not a WebAssembly component"]),
        (newer, &["0.9.0", "0.1.0", "instar:plugin/"]),
        (component_bytes("bad-imports-files"), &["wasi:filesystem"]),
        (component_bytes("bad-imports-clock"), &["wasi:clocks"]),
        (reworded(&whole, &[("manifest = 1", "manifest = 9")]), &["manifest = 9"]),
        (named("\"execute-script\""), &["`execute-script`", "belongs to instar"]),
    ];
    for (number, (bytes, words)) in cases.iter().enumerate() {
        let file = write(&agent, &format!("bad-{number}.wasm"), bytes);
        refused(&agent, &["plugin", "install", &file, "--yes"], words);
    }
    let same_type = reworded(&bundled_bytes("execute-script"), &[("\"execute-script\"", "\"execute-clones\"")]);
    let file = write(&agent, "same-type.wasm", &same_type);
    refused(&agent, &["plugin", "install", &file, "--yes"], &["execute type `script`", "`execute-script`"]);
    refused(&agent, &["plugin", "install", &huge.display().to_string(), "--yes"], &["more than 33554432 bytes"]);
    refused(&agent, &["plugin", "install", &agent.path("none.wasm").display().to_string()], &["there is no file"]);
    refused(&agent, &["plugin", "install", "oops://x/y"], &["no place that plugins come from"]);
    refused(&agent, &["plugin", "install", "http://example.org/x.wasm"], &["https only"]);
    agent.configure(&json!({"plugins": {"execute-shouts": {"config": {"colour": "red"}}}}));
    let file = write(&agent, "newer.wasm", &whole);
    refused(&agent, &["plugin", "install", &file, "--yes"], &["colour", "instar config set plugins.execute-shouts"]);
}

/// All places that hold these bytes hold those.
fn replaced(bytes: &[u8], before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = changed[at..].windows(before.len()).position(|part| part == before) {
        changed[at + found..at + found + before.len()].copy_from_slice(after);
        at += found + before.len();
    }
    changed
}

#[test]
fn folder_of_an_author_is_no_way_out_of_it() {
    let agent = Agent::new();
    let folder = agent.path("mine");
    fs::create_dir_all(folder.join("dist")).expect("a folder");
    let bytes = shout("0.1.0");
    let manifest = "manifest = 1\nid = \"execute-shouts\"\nversion = \"0.1.0\"\ndescription = \"Runs a script, without a model\"\nexecute-type = \"shouts\"\n";
    fs::write(folder.join("plugin.toml"), manifest).expect("written");
    let install = ["plugin", "install", folder.to_str().expect("text"), "--yes"];
    refused(&agent, &install, &["instar plugin build"]);
    symlink(agent.path(".instar/config.json"), folder.join("dist/execute-shouts.wasm")).expect("a link");
    refused(&agent, &install, &["leads out of its folder"]);
    fs::remove_file(folder.join("dist/execute-shouts.wasm")).expect("removed");
    fs::write(folder.join("dist/execute-shouts.wasm"), &bytes).expect("written");
    fs::write(folder.join("plugin.toml"), manifest.replace("0.1.0", "0.1.1")).expect("written");
    refused(&agent, &install, &["changed since the plugin was built"]);
    fs::write(folder.join("plugin.toml"), manifest).expect("written");
    assert_eq!(done(&agent, &install)["plugins"][0]["version"], "0.1.0");
}

/// Kills `instar plugin install` at each of its steps that change something on disk, one run after the other.
#[test]
fn install_that_is_killed_at_any_step_leaves_the_old_or_the_new_state() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|done| done.status.success()) {
        return say_skipped();
    }
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    done(&agent, &["plugin", "install", &file, "--yes"]);
    let (mut steps, mut new) = (0, 0);
    for call in ["rename", "fsync", "unlink", "mkdir", "write"] {
        for step in 1.. {
            let killed = check_killed(&agent, &file, call, step);
            steps += 1;
            new += u32::from(killed.took_place);
            if !killed.was_killed {
                break;
            }
        }
    }
    assert!(steps > 12, "only {steps} steps were tried");
    assert!(new > 0, "no kill came behind the change");
}

struct Killed {
    was_killed: bool,
    /// The new state is there all the same.
    took_place: bool,
}

/// Installs another version and is killed before this system call is made for the nth time.
#[track_caller]
fn check_killed(agent: &Agent, file: &str, call: &str, nth: u32) -> Killed {
    let there = done(agent, &["plugin", "verify"])["plugins"][0]["version"].clone();
    // Two versions take turns, so that each is compiled once.
    let version = if there == json!("0.2.0") { "0.2.1" } else { "0.2.0" };
    fs::write(file, shout(version)).expect("written");
    let before = installed(agent);
    let mut command = Command::new("strace");
    command.args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("inject={call}:signal=SIGKILL:when={nth}")]);
    command.arg(instar_bin()).args(["plugin", "install", file, "--yes", "--downgrade", "--dir"]).arg(agent.dir());
    command.env_remove("CLAUDECODE").env_remove("INSTAR_RUN_ID").env("XDG_CACHE_HOME", agent.path(".user-cache"));
    let was_killed = !command.output().expect("strace can be run").status.success();
    let is_old = installed(agent) == before;
    let verified = done(agent, &["plugin", "verify"]);
    let plugin = &verified["plugins"][0];
    assert_eq!(plugin["state"], "whole", "killed at {call} {nth}: {verified}");
    assert!(is_old || plugin["version"] == json!(version), "killed at {call} {nth}: {verified}");
    Killed { was_killed, took_place: was_killed && !is_old }
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn say_skipped() {
    eprintln!("NOT TRIED: killing at each step needs strace");
}

#[test]
fn two_installs_at_once_do_not_meet() {
    let agent = Agent::new();
    let names = ["tiny-notifier", "tiny-run-guard", "tiny-command-guard", "tiny-baseline"];
    let files = names.map(|name| write(&agent, &format!("{name}.wasm"), &component_bytes(name)));
    std::thread::scope(|scope| {
        for file in &files {
            let agent = &agent;
            scope.spawn(move || done(agent, &["plugin", "install", file, "--yes"]));
        }
    });
    let verified = done(&agent, &["plugin", "verify"]);
    assert_eq!(verified["plugins"].as_array().map(Vec::len), Some(names.len()), "{verified}");
    assert!(
        verified["plugins"].as_array().is_some_and(|all| all.iter().all(|it| it["state"] == "whole")),
        "{verified}"
    );
}

#[test]
fn full_disk_installs_nothing_and_says_so() {
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    let Some(disk) = SmallDisk::at(&agent.path(".instar/plugins")) else { return };
    disk.fill();
    refused(&agent, &["plugin", "install", &file, "--yes"], &["No space left", "nothing was changed"]);
    disk.free();
    done(&agent, &["plugin", "install", &file, "--yes"]);
    write(&agent, "shouts.wasm", &shout("0.2.0"));
    disk.fill();
    refused(&agent, &["plugin", "install", &file, "--yes"], &["No space left", "nothing was changed"]);
    disk.free();
    assert_eq!(done(&agent, &["plugin", "verify"])["plugins"][0]["version"], "0.1.0");
}

#[test]
fn component_that_was_altered_is_not_loaded_and_its_guard_denies() {
    let agent = Agent::new();
    let file = write(&agent, "guard.wasm", &component_bytes("tiny-command-guard"));
    done(&agent, &["plugin", "install", &file, "--yes"]);
    let judged = |command: &str| {
        let output = operator(&agent, &["guard", "test", command, "--json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    };
    assert!(judged("sudo ls").to_string().contains("tiny-command-guard/sudo"));
    let folder = agent.path(".instar/plugins/installed");
    let path = fs::read_dir(&folder).expect("it is there").flatten().next().expect("a component").path();
    let mut bytes = fs::read(&path).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).expect("written");
    assert!(judged("ls").to_string().contains("component-altered"), "{}", judged("ls"));
    let verified = operator(&agent, &["plugin", "verify"]);
    assert!(!verified.status.success() && String::from_utf8_lossy(&verified.stdout).contains("instar plugin sync"));
    fs::remove_file(&path).expect("removed");
    assert!(judged("ls").to_string().contains("component-missing"), "{}", judged("ls"));
    assert_eq!(done(&agent, &["plugin", "sync", "--offline"])["plugins"][0]["state"], "fetched");
    assert_eq!(judged("ls")["answer"], "pass");
    agent.write(".instar/plugins/instar.lock", "version = 1\nplugin = 3\n");
    let denied = judged("ls").to_string();
    assert!(denied.contains("instar.lock") && denied.contains("deny"), "{denied}");
}

#[test]
fn lock_brings_the_same_plugins_to_a_second_project_without_a_network() {
    let first = Agent::new();
    let file = write(&first, "shouts.wasm", &shout("0.1.0"));
    done(&first, &["plugin", "install", &file, "--yes"]);
    let second = Agent::new();
    fs::copy(first.path(".instar/plugins/instar.lock"), second.path(".instar/plugins/instar.lock")).expect("copied");
    fs::remove_file(&file).expect("removed");
    let sync = |cache: &Path| {
        let mut command = second.command_of_operator(&["plugin", "sync", "--offline", "--json"]);
        command.env("XDG_CACHE_HOME", cache).output().expect("instar can be run")
    };
    let none = sync(&second.path("nothing"));
    assert!(!none.status.success() && String::from_utf8_lossy(&none.stdout).contains("never fetched"), "{none:?}");
    let fetched = sync(&first.path(".user-cache"));
    assert!(fetched.status.success() && String::from_utf8_lossy(&fetched.stdout).contains("fetched"), "{fetched:?}");
    assert_eq!(done(&second, &["plugin", "verify"])["plugins"][0]["state"], "whole");
}

/// Signs by `minisign` of the system; `None`, said aloud, where it is not there.
struct Author {
    folder: tempfile::TempDir,
    key: String,
}

impl Author {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let done = Command::new("minisign")
            .args(["-G", "-W", "-f", "-p", "key.pub", "-s", "key.sec"])
            .current_dir(folder.path())
            .output();
        if !done.is_ok_and(|done| done.status.success()) {
            say_not_signed();
            return None;
        }
        let public = fs::read_to_string(folder.path().join("key.pub")).expect("a key");
        let key = public.lines().last().expect("two lines").to_owned();
        Some(Self { folder, key })
    }

    fn sign(&self, file: &str) {
        let secret = self.folder.path().join("key.sec");
        let done = Command::new("minisign").args(["-S", "-m", file, "-s"]).arg(secret).output().expect("it is there");
        assert!(done.status.success(), "{done:?}");
    }
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn say_not_signed() {
    eprintln!("NOT TRIED: signatures need minisign (`apt-get install minisign`)");
}

#[test]
fn signer_is_pinned_and_a_change_is_loud() {
    let (Some(author), Some(other)) = (Author::new(), Author::new()) else { return };
    let agent = Agent::new();
    let file = write(&agent, "shouts.wasm", &shout("0.1.0"));
    author.sign(&file);
    let install = ["plugin", "install", &file, "--yes"];
    refused(&agent, &install, &["signed with a key that is not known here", "--signer KEY"]);
    let receipt = done(&agent, &[&install[..], &["--signer", &author.key]].concat());
    assert_eq!(receipt["plugins"][0]["signer"], json!(author.key));

    // Of the same author: the pinned key is enough.
    write(&agent, "shouts.wasm", &shout("0.2.0"));
    refused(&agent, &install, &["does not fit it"]);
    author.sign(&file);
    assert_eq!(done(&agent, &install)["plugins"][0]["version"], "0.2.0");

    write(&agent, "shouts.wasm", &shout("0.3.0"));
    fs::remove_file(format!("{file}.minisig")).expect("removed");
    refused(&agent, &install, &["THE SIGNER CHANGED", "not signed at all"]);
    other.sign(&file);
    agent.configure(&json!({"plugins": {"trustedKeys": [other.key]}}));
    refused(&agent, &install, &["THE SIGNER CHANGED", &author.key, &other.key]);
    let taken = done(&agent, &[&install[..], &["--signer", &other.key]].concat());
    assert_eq!(taken["plugins"][0]["signer"], json!(other.key));

    agent.configure(&json!({"plugins": {"requireSignature": true}}));
    let unsigned = write(&agent, "notifier.wasm", &component_bytes("tiny-notifier"));
    refused(&agent, &["plugin", "install", &unsigned, "--yes"], &["requireSignature"]);
    author.sign(&unsigned);
    refused(&agent, &["plugin", "install", &unsigned, "--yes", "--signer", &author.key], &["does not name"]);
    other.sign(&unsigned);
    done(&agent, &["plugin", "install", &unsigned, "--yes"]);
}

/// Answers each request with these bytes, whatever it is.
fn serve(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/shouts.wasm", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        }
    });
    url
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

#[test]
fn plugin_comes_from_a_url_and_a_bad_answer_installs_nothing() {
    let agent = Agent::new();
    let whole = shout("0.1.0");
    let mut short = answer("200 OK", &whole);
    short.truncate(short.len() - 100);
    let url = serve(vec![short]);
    refused(&agent, &["plugin", "install", &url, "--yes"], &["broke off"]);
    let url = serve(vec![answer("404 Not Found", b"no")]);
    refused(&agent, &["plugin", "install", &url, "--yes"], &["status 404"]);
    let url = serve(vec![answer("302 Found\r\nlocation: http://127.0.0.1:1/x", b"")]);
    refused(&agent, &["plugin", "install", &url, "--yes"], &["not followed"]);
    let url = serve(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n".to_vec()]);
    refused(&agent, &["plugin", "install", &url, "--yes"], &[]);
    let none = || answer("404 Not Found", b"no signature");
    let found = answer("302 Found\r\nlocation: /there", b"");
    let url = serve(vec![found, answer("200 OK", &whole), none(), answer("200 OK", &shout("0.2.0")), none()]);
    assert_eq!(done(&agent, &["plugin", "install", &url, "--yes"])["plugins"][0]["source"], json!(url));
    assert_eq!(done(&agent, &["plugin", "upgrade", "--all", "--yes"])["plugins"][0]["version"], "0.2.0");
}
