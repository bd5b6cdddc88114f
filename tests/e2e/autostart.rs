//! `instar autostart`, with a systemd that notes what it is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use instar_tests::{Agent, instar_bin};
use serde_json::{Value, json};

/// A project whose home has a systemd of its own: `asked` has its arguments, a file `down` makes it fail.
struct Home {
    agent: Agent,
}

impl Home {
    fn new() -> Self {
        let agent = Agent::new();
        let home = agent.path("home");
        agent.write_script(
            "bin/systemctl",
            &format!(
                "cd '{0}'; echo \"$@\" >> asked; if [ -e down ]; then echo no bus >&2; exit 1; fi; [ \"$2\" != is-active ]",
                home.display()
            ),
        );
        agent.write_script("bin/loginctl", "echo ${LINGERS:-no}");
        agent.write("home/.keep", "");
        Self { agent }
    }

    fn instar_with(&self, path: &str, arguments: &[&str], lingers: &str) -> Output {
        let mut command = self.agent.command(arguments);
        command.env("HOME", self.agent.path("home")).env_remove("XDG_CONFIG_HOME").env("PATH", path);
        command.env("USER", "ada").env("LINGERS", lingers).output().expect("instar can be run")
    }

    fn instar(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.agent.path("bin").display(), std::env::var("PATH").expect("a path"));
        self.instar_with(&path, arguments, "no")
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.agent.path("home/asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn units(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.agent.path("home/.config/systemd/user"));
        folder.into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect()
    }
}

#[track_caller]
fn json_of(done: &Output) -> Value {
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

#[test]
fn a_dry_run_prints_the_unit_and_does_nothing() {
    let home = Home::new();
    let done = home.instar(&["autostart", "install", "--dry-run"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{done:?}");
    let exec = format!("ExecStart=:\"{}\" lifeline start --foreground --dir", instar_bin().display());
    for words in [&exec, "KillMode=process", "RestartPreventExitStatus=2 3 5 78", "systemctl --user enable --now"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(home.units().is_empty() && home.asked().is_empty());
}

#[test]
fn what_is_installed_is_shown_and_taken_away_again() {
    let home = Home::new();
    let done = home.instar(&["autostart", "install"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("`loginctl enable-linger ada`"), "{done:?}");
    let units = home.units();
    let [unit] = units.as_slice() else { panic!("{units:?}") };
    assert_eq!(fs::metadata(unit).expect("the unit").permissions().mode() & 0o777, 0o600);
    let name = unit.file_name().expect("a name").to_string_lossy().into_owned();
    let expected = ["--user show-environment", "--user daemon-reload", &format!("--user enable --now {name}")];
    assert_eq!(home.asked(), expected);
    let status = json_of(&home.instar(&["autostart", "status", "--json"]));
    let expected = json!({
        "manager": "systemd", "file": unit, "installed": true, "enabled": true, "active": false, "lingers": false,
        "wayOut": "loginctl enable-linger ada",
    });
    assert_eq!(status, expected);
    let report = json_of(&home.instar(&["doctor", "--json"]));
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["id"], &finding["fix"]),
        (&json!("autostart-needs-login"), &json!("`loginctl enable-linger ada`"))
    );
    let path = format!("{}:{}", home.agent.path("bin").display(), std::env::var("PATH").expect("a path"));
    let status = json_of(&home.instar_with(&path, &["autostart", "status", "--json"], "yes"));
    assert_eq!((&status["lingers"], &status["wayOut"]), (&json!(true), &Value::Null));
    assert!(home.instar(&["autostart", "uninstall"]).status.success());
    assert!(home.units().is_empty());
    assert_eq!(home.asked().last(), Some(&format!("--user disable {name}")));
    assert!(home.instar(&["autostart", "uninstall"]).status.success(), "twice is no fault");
}

#[test]
fn without_systemd_it_is_said_and_nothing_is_written() {
    let home = Home::new();
    home.agent.write("home/down", "");
    let done = home.instar(&["autostart", "install"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1));
    assert!(said.contains("no bus") && said.contains("enable-linger"), "{said}");
    let done = home.instar_with("/nowhere", &["autostart", "install"], "no");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("`systemctl`") && said.contains("@reboot instar lifeline start"), "{said}");
    assert!(home.units().is_empty());
    let status = home.instar_with("/nowhere", &["autostart", "status", "--json"], "no");
    assert_eq!(json_of(&status)["installed"], false);
}

#[test]
fn a_lifeline_that_runs_is_left_alone() {
    let home = Home::new();
    assert!(home.agent.instar(&["lifeline", "start"]).status.success());
    let done = home.instar(&["autostart", "install"]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("The lifeline that runs"), "{done:?}");
    assert!(home.asked().iter().all(|asked| !asked.contains("--now")), "{:?}", home.asked());
    assert!(home.agent.instar(&["lifeline", "stop"]).status.success());
}
