//! `instar doctor`: faults are planted one by one, and each is named with its fix.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use instar_tests::Agent;
use serde_json::{Value, json};

/// A project that is well, and can be made so again.
struct Patient {
    agent: Agent,
    config: String,
    /// What `init` registered with the agent CLI.
    hooks: String,
}

impl Patient {
    fn new() -> Self {
        let agent = Agent::new();
        let config = fs::read_to_string(agent.path(".instar/config.json")).expect("config");
        let hooks = fs::read_to_string(agent.path(".claude/settings.json")).expect("hooks");
        Self { agent, config, hooks }
    }

    /// Without a fault nothing is found, so that what is found is the planted one.
    #[track_caller]
    fn check(&self, plant: impl FnOnce(&Agent), id: &str, cause: &str, fix: &str) {
        self.heal();
        plant(&self.agent);
        let done = self.agent.instar(&["doctor", "--json"]);
        let report = json_of(&done.stdout);
        let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report:#}"));
        let [finding] = findings.as_slice() else { panic!("{id} should be the one finding: {report:#}") };
        assert_eq!(finding["id"], id, "{report:#}");
        for (key, words) in [("cause", cause), ("fix", fix)] {
            assert!(
                finding[key].as_str().is_some_and(|text| text.contains(words)),
                "{key} lacks {words:?}: {report:#}"
            );
        }
        let expected = if finding["severity"] == "error" { 1 } else { 0 };
        assert_eq!(done.status.code(), Some(expected), "{report:#}");
        let listed = self.agent.instar(&["doctor", "--list"]);
        assert!(String::from_utf8_lossy(&listed.stdout).contains(id), "{id} is not listed");
    }

    fn heal(&self) {
        let path = |name: &str| self.agent.path(name);
        self.agent.write(".instar/config.json", &self.config);
        self.agent.write(".instar/jobs.json", "[]");
        self.agent.write(".claude/settings.json", &self.hooks);
        for (name, mode) in [(".instar/config.json", 0o600), (".instar/state", 0o700)] {
            fs::set_permissions(path(name), Permissions::from_mode(mode)).expect("mode");
        }
        for name in [
            ".instar/run/instar.sock",
            ".instar/state/instar.db",
            ".instar/plugins/broken.wasm",
            ".instar/quota-state.json",
            ".instar/users.json",
        ] {
            let _ = fs::remove_file(path(name));
        }
    }
}

#[track_caller]
fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

fn job(slug: &str, schedule: &str, execute_type: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": schedule, "execute": {"type": execute_type, "value": "true"}})
}

#[test]
fn each_planted_fault_is_named_with_its_fix() {
    let patient = Patient::new();
    let mode = |agent: &Agent, name: &str, mode| {
        fs::set_permissions(agent.path(name), Permissions::from_mode(mode)).expect("mode");
    };
    patient.check(
        |agent| agent.write(".instar/config.json", "{ \"port\": "),
        "config-invalid",
        "config.json",
        "correct",
    );
    patient.check(|agent| agent.configure(&json!({"port": "http"})), "config-wrong-type", "`port`", "1 to 65535");
    patient.check(|agent| agent.configure(&json!({"colour": 1})), "config-unknown-key", "`colour`", "spelling");
    patient.check(|agent| agent.configure(&json!({"auth": {"token": ""}})), "no-token", "no token", "auth.token");
    patient.check(|agent| mode(agent, ".instar/config.json", 0o644), "config-open", "644", "chmod 600");
    patient.check(|agent| mode(agent, ".instar/state", 0o755), "folder-open", "state", "chmod 700");
    let remove = |agent: &Agent| fs::remove_file(agent.path(".instar/jobs.json")).expect("removed");
    patient.check(remove, "jobs-missing", "jobs.json", "instar init");
    patient.check(|agent| agent.write(".instar/jobs.json", "[{"), "jobs-refused", "not valid JSON", "correct");
    patient.check(|agent| agent.write(".instar/users.json", "[{"), "users-unreadable", "users.json", "by hand");
    let nobody = json!([{ "name": "nobody" }]).to_string();
    patient.check(|agent| agent.write(".instar/users.json", &nobody), "user-bad", "user[0]", "users.json");
    let bad = json!([job("good", "@daily", "script"), job("bad", "never", "script")]);
    patient.check(|agent| agent.write_jobs(&bad), "job-bad", "Job[1] `bad`", "`schedule` of entry 1");
    let odd = json!([job("odd", "@daily", "dance")]);
    patient.check(|agent| agent.write_jobs(&odd), "job-type-unknown", "`dance`", "prompt, script");
    let never = json!([job("leap", "0 0 30 2 *", "script")]);
    patient.check(|agent| agent.write_jobs(&never), "job-never-due", "`leap`", "instar job disable leap");
    let quota = |text: &'static str| move |agent: &Agent| agent.write(".instar/quota-state.json", text);
    patient.check(quota("{"), "quota-broken", "not valid JSON", "instar quota set");
    let old = quota(r#"{"usagePercent": 96, "lastUpdated": "2026-01-01T00:00:00Z"}"#);
    patient.check(old, "quota-stale", "minutes old", "quota.collector");
}

#[test]
fn faults_of_the_machine_are_named_with_their_fix() {
    let patient = Patient::new();
    let tmux = |agent: &Agent, path: &str| agent.configure(&json!({"sessions": {"tmuxPath": path}}));
    patient.check(|agent| tmux(agent, "/nowhere/tmux"), "tmux-missing", "tmux", "sessions.tmuxPath");
    let old = |agent: &Agent| {
        agent.write_script("tmux", "echo tmux 1.8");
        tmux(agent, &agent.path("tmux").display().to_string());
    };
    patient.check(old, "tmux-unusable", "1.8 is too old", "sessions.tmuxPath");
    let no_agent = |agent: &Agent| {
        agent.write_jobs(&json!([job("ask", "@daily", "prompt")]));
        agent.use_agent_cli("no-such-agent".as_ref());
    };
    patient.check(no_agent, "agent-missing", "`no-such-agent`", "plugins.execute-prompt.config.command");
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    patient.check(|agent| agent.configure(&json!({"port": port})), "port-taken", &port.to_string(), "ss -ltnp");
    let socket = |agent: &Agent| drop(UnixListener::bind(agent.path(".instar/run/instar.sock")).expect("a socket"));
    patient.check(socket, "socket-stale", "instar.sock", "rm ");
    let damaged = |agent: &Agent| agent.write(".instar/state/instar.db", &"no database\n".repeat(100));
    patient.check(damaged, "database-damaged", "instar.db", "mv ");
    let broken = |agent: &Agent| agent.write(".instar/plugins/broken.wasm", "no component");
    patient.check(broken, "plugin-not-loaded", "[not-a-component]", ".instar/plugins");
    let unknown = |agent: &Agent| agent.configure(&json!({"plugins": {"typo": {"enabled": true}}}));
    patient.check(unknown, "config-unknown-plugin", "`plugins.typo`", "instar plugin list");
}

#[test]
fn claude_as_root_is_said_unless_the_sandbox_is_declared() {
    if !is_root() {
        return;
    }
    let agent = Agent::new();
    agent.write_jobs(&json!([job("ask", "@daily", "prompt")]));
    agent.write_script("claude", "true");
    agent.use_agent_cli(&agent.path("claude"));
    let doctor = |sandbox: &str| {
        let done = agent.command(&["doctor", "--json"]).env("IS_SANDBOX", sandbox).output().expect("instar can be run");
        json_of(&done.stdout)
    };
    let report = doctor("");
    assert_eq!(report["findings"][0]["id"], "agent-root", "{report:#}");
    assert_eq!(doctor("1")["findings"], json!([]));
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("Uid:\t0\t0"))
}

#[test]
fn fix_mends_what_is_safe_and_says_so() {
    let agent = Agent::new();
    for (name, mode) in [(".instar/config.json", 0o644), (".instar/run", 0o755), (".instar/cache", 0o770)] {
        fs::set_permissions(agent.path(name), Permissions::from_mode(mode)).expect("mode");
    }
    drop(UnixListener::bind(agent.path(".instar/run/instar.sock")).expect("a socket"));
    let token = agent.token();
    assert_eq!(agent.instar(&["doctor"]).status.code(), Some(1));
    let done = agent.instar(&["doctor", "--fix"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("mended")).count(), 4, "{text}");
    for (name, mode) in [(".instar/config.json", 0o600), (".instar/run", 0o700), (".instar/cache", 0o700)] {
        let found = fs::metadata(agent.path(name)).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    assert!(!agent.path(".instar/run/instar.sock").exists());
    assert_eq!(agent.token(), token);
    let done = agent.instar(&["doctor"]);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Nothing is wrong.\n");
}

#[test]
fn a_server_that_runs_well_has_no_findings_and_goes_on() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("fine", "@daily", "script")]));
    let server = agent.start();
    let done = agent.instar(&["doctor", "--fix"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Nothing is wrong.\n");
    let id = server.trigger("fine");
    assert_eq!(server.ended_run(&id)["outcome"], "succeeded");
    server.kill_hard();
    let report = json_of(&agent.instar(&["doctor", "--json"]).stdout);
    assert_eq!(report["findings"][0]["id"], "socket-stale", "{report:#}");
}

#[test]
fn a_folder_that_is_no_project_is_a_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = std::process::Command::new(instar_tests::instar_bin())
        .args(["doctor", "--json", "--dir"])
        .arg(folder.path())
        .output()
        .expect("instar can be run");
    assert_eq!(done.status.code(), Some(1));
    let report = json_of(&done.stdout);
    assert_eq!(report["findings"][0]["id"], "not-initialised", "{report:#}");
    assert!(report["findings"][0]["fix"].as_str().is_some_and(|fix| fix.contains("instar init --dir")), "{report:#}");
}

#[test]
fn hooks_that_are_missing_or_call_a_program_that_moved_are_named() {
    let patient = Patient::new();
    let remove = |agent: &Agent| fs::remove_file(agent.path(".claude/settings.json")).expect("removed");
    patient.check(remove, "hooks-missing", "settings.json", "instar hook install");
    let moved = |agent: &Agent| {
        let hooks = fs::read_to_string(agent.path(".claude/settings.json")).expect("hooks");
        let program = instar_tests::instar_bin();
        agent.write(".claude/settings.json", &hooks.replace(&program.display().to_string(), "'/old place/instar'"));
    };
    patient.check(moved, "hooks-moved", "/old place/instar", "instar hook install");
    let broken = |agent: &Agent| agent.write(".claude/settings.json", "{ broken");
    patient.check(broken, "hooks-unreadable", "settings.json", "correct");
}
