//! Secrets in the keyring of the desktop: a real GNOME Keyring on a session bus of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};

use instar_tests::webhooks::Webhooks;
use instar_tests::{Agent, until_some};
use serde_json::json;

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
const SLOT: &str = "execute-http/token";

/// A session bus and an open keyring on it; both end with it.
struct Keyring {
    home: tempfile::TempDir,
    bus: Child,
    daemon: Child,
    address: String,
}

impl Keyring {
    fn start() -> Option<Self> {
        let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !["dbus-daemon", "gnome-keyring-daemon", "secret-tool"].into_iter().all(is_there) {
            say_skipped();
            return None;
        }
        let home = tempfile::tempdir().expect("a folder");
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]).env("XDG_RUNTIME_DIR", home.path());
        let mut bus = bus.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a bus");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("it is piped")).read_line(&mut address).expect("it says its address");
        let address = address.trim().to_owned();
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--unlock", "--components=secrets", "--foreground"]).stdin(Stdio::piped());
        for name in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            daemon.env(name, home.path());
        }
        let mut daemon = daemon.env(BUS, &address).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it");
        daemon.stdin.take().expect("it is piped").write_all(b"password").expect("it reads");
        let keyring = Self { home, bus, daemon, address };
        until_some("the keyring to answer", || keyring.look_up("nothing").stderr.is_empty().then_some(()));
        Some(keyring)
    }

    fn look_up(&self, account: &str) -> Output {
        let mut command = Command::new("secret-tool");
        command.args(["lookup", "service", "instar", "account", account]).env(BUS, &self.address);
        command.output().expect("secret-tool can be run")
    }

    /// What it has for the slot of this project.
    fn value(&self, agent: &Agent) -> String {
        let account = format!("{}#{SLOT}", agent.path(".instar/secrets.json").display());
        String::from_utf8(self.look_up(&account).stdout).expect("a text")
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(self.home.path());
    }
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn say_skipped() {
    eprintln!("NOT TRIED: a keyring needs `apt-get install dbus-daemon gnome-keyring libsecret-tools`");
}

fn instar(agent: &Agent, address: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = agent.command(arguments);
    command.env(BUS, address).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("instar can be run");
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_secret_in_the_keyring_is_used_and_stands_in_no_file() {
    let Some(keyring) = Keyring::start() else { return };
    let (webhooks, agent) = (Webhooks::start(), Agent::new());
    agent.configure(&json!({ "plugins": { "execute-http": {
        "config": { "urls": ["https://ci.example.org"], "tokenUrl": "https://ci.example.org" },
        "http": { "hosts": { "ci.example.org": webhooks.url() } },
    } } }));
    let execute = json!({ "type": "http", "url": "/x", "token": true });
    agent.write_jobs(&json!([{ "slug": "ask", "name": "Ask", "schedule": "@yearly", "execute": execute }]));
    let set = |value: &str| instar(&agent, &keyring.address, &["secret", "set", SLOT, "--keyring"], value);
    let done = set("FirstOnlyForTests");
    assert!(done.status.success() && text(&done.stdout).contains("in the keyring"), "{done:?}");
    let kept = fs::read_to_string(agent.path(".instar/secrets.json")).unwrap();
    assert!(!kept.contains("FirstOnlyForTests") && kept.contains(SLOT), "{kept}");
    assert_eq!(keyring.value(&agent), "FirstOnlyForTests");

    let server = agent.start_with(&[(BUS, keyring.address.as_str())]);
    for value in ["FirstOnlyForTests", "NextOnlyForTests"] {
        assert!(set(value).status.success());
        let run = server.ended_run(&server.trigger("ask"));
        assert_eq!(run["outcome"], "succeeded", "{run:#}");
        let posted = webhooks.posted();
        let sent = posted.last().and_then(|request| request.header("authorization"));
        assert_eq!(sent, Some(format!("Bearer {value}").as_str()), "it is asked for at each change");
    }
    let listed = instar(&agent, &keyring.address, &["secret", "list", "--json"], "");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed, json!({ "secrets": [SLOT], "inKeyring": [SLOT] }));

    let removed = instar(&agent, &keyring.address, &["secret", "remove", SLOT], "");
    assert!(removed.status.success(), "{removed:?}");
    assert_eq!(keyring.value(&agent), "", "the keyring forgets it, too");
    let run = server.ended_run(&server.trigger("ask"));
    assert!(
        run["cause"].as_str().is_some_and(|cause| cause.contains("instar secret set execute-http/token")),
        "{run:#}"
    );
}

#[test]
fn a_value_of_the_file_takes_the_place_of_one_in_the_keyring() {
    let Some(keyring) = Keyring::start() else { return };
    let agent = Agent::new();
    let run = |arguments: &[&str], input: &str| instar(&agent, &keyring.address, arguments, input);
    assert!(run(&["secret", "set", SLOT, "--keyring"], "FirstOnlyForTests").status.success());
    assert!(run(&["secret", "set", SLOT], "NextOnlyForTests").status.success());
    assert_eq!(keyring.value(&agent), "");
    assert!(fs::read_to_string(agent.path(".instar/secrets.json")).unwrap().contains("NextOnlyForTests"));
}

#[test]
fn a_keyring_out_of_reach_changes_nothing_and_doctor_names_what_is_in_it() {
    let nowhere = "unix:path=/nonexistent/bus";
    let agent = Agent::new();
    let refused = instar(&agent, nowhere, &["secret", "set", SLOT, "--keyring"], "OnlyForTests");
    let said = text(&refused.stderr);
    assert!(!refused.status.success() && said.contains("keyring") && !said.contains("OnlyForTests"), "{refused:?}");
    assert!(!agent.path(".instar/secrets.json").exists());
    let Some(keyring) = Keyring::start() else { return };
    assert!(instar(&agent, &keyring.address, &["secret", "set", SLOT, "--keyring"], "OnlyForTests").status.success());
    let found = text(&instar(&agent, nowhere, &["doctor", "--json"], "").stdout);
    assert!(found.contains("secret-out-of-reach") && found.contains(SLOT), "{found}");
    let found = text(&instar(&agent, &keyring.address, &["doctor", "--json"], "").stdout);
    assert!(!found.contains("secret-out-of-reach"), "{found}");
}
