//! `instar plugin publish` and `install oci://…` against Debian's `docker-registry`, and against registries that lie.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use instar_tests::{Agent, free_port, shout, until};
use serde_json::{Value, json};

/// A registry on loopback, ended with the test.
struct Registry {
    child: Child,
    _folder: tempfile::TempDir,
    port: u16,
}

impl Registry {
    /// `None`, said aloud, where there is none on this machine.
    fn start() -> Option<Self> {
        Self::start_with(|_| json!({}))
    }

    /// One that only Ada may use, whose password is `OnlyForTests`.
    fn start_closed() -> Option<Self> {
        Self::start_with(|folder| {
            let passwords = folder.join("passwords");
            let line = "ada:$2b$05$Jx/4mRRSIRjrSXb2pxxLIutb1frYfE2A3sZR3OgF1sPFdrfGjkNAS\n";
            fs::write(&passwords, line).expect("written");
            json!({ "htpasswd": { "realm": "tests", "path": passwords } })
        })
    }

    fn start_with(auth: impl FnOnce(&Path) -> Value) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let data = folder.path().join("data");
        let config = json!({
            "version": 0.1, "storage": {"filesystem": {"rootdirectory": data}}, "http": {"addr": format!("127.0.0.1:{port}")},
            "auth": auth(folder.path()),
        });
        let file = folder.path().join("config.yml");
        fs::write(&file, config.to_string()).expect("JSON is YAML");
        let child =
            Command::new("docker-registry").arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(child) = child else {
            say_skipped();
            return None;
        };
        let registry = Self { child, _folder: folder, port };
        until("the registry to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok(), |there| *there);
        Some(registry)
    }

    fn reference(&self, rest: &str) -> String {
        format!("oci://127.0.0.1:{}/{rest}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn say_skipped() {
    eprintln!("NOT TRIED: a registry needs docker-registry (`apt-get install docker-registry`)");
}

fn operator(agent: &Agent, arguments: &[&str]) -> Output {
    agent.command_of_operator(arguments).env("DOCKER_CONFIG", agent.path("docker")).output().expect("instar can be run")
}

#[track_caller]
fn done(agent: &Agent, arguments: &[&str]) -> Value {
    let output = operator(agent, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn published_plugin_is_installed_upgraded_and_synced_from_a_registry() {
    let Some(registry) = Registry::start() else { return };
    let agent = Agent::new();
    let file = agent.path("shouts.wasm").display().to_string();
    let to = registry.reference("ada/execute-shouts:latest");
    fs::write(&file, shout("0.1.0")).expect("written");
    let published = done(&agent, &["plugin", "publish", &file, &to]);
    assert!(published["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{published}");
    let receipt = done(&agent, &["plugin", "install", &to, "--yes"]);
    assert_eq!((&receipt["plugins"][0]["version"], &receipt["plugins"][0]["source"]), (&json!("0.1.0"), &json!(to)));

    let pinned = registry.reference(&format!("ada/execute-shouts@{}", published["digest"].as_str().expect("text")));
    assert_eq!(done(&agent, &["plugin", "install", &pinned, "--yes"])["plugins"][0]["changed"], false);

    fs::write(&file, shout("0.2.0")).expect("written");
    done(&agent, &["plugin", "publish", &file, &to]);
    assert_eq!(done(&agent, &["plugin", "upgrade", "--all", "--yes"])["plugins"][0]["version"], "0.2.0");

    let second = Agent::new();
    fs::copy(agent.path(".instar/plugins/instar.lock"), second.path(".instar/plugins/instar.lock")).expect("copied");
    assert_eq!(done(&second, &["plugin", "sync"])["plugins"][0]["state"], "fetched");
    drop(registry);
    let third = Agent::new();
    fs::copy(agent.path(".instar/plugins/instar.lock"), third.path(".instar/plugins/instar.lock")).expect("copied");
    let offline = third.command_of_operator(&["plugin", "sync", "--offline"]);
    let mut offline = offline;
    let synced = offline.env("XDG_CACHE_HOME", second.path(".user-cache")).output().expect("runs");
    assert!(synced.status.success(), "{synced:?}");
}

#[test]
fn login_that_docker_kept_opens_a_registry() {
    let Some(registry) = Registry::start_closed() else { return };
    let agent = Agent::new();
    let file = agent.path("shouts.wasm").display().to_string();
    fs::write(&file, shout("0.1.0")).expect("written");
    let to = registry.reference("ada/execute-shouts:1");
    let host = format!("127.0.0.1:{}", registry.port);
    for arguments in [&["plugin", "publish", &file, &to][..], &["plugin", "install", &to, "--yes"]] {
        let said = String::from_utf8(operator(&agent, arguments).stderr).expect("a text");
        assert!(said.contains("401") && said.contains(&format!("docker login {host}")), "{said}");
    }
    fs::create_dir(agent.path("docker")).expect("a folder");
    let kept = json!({ "auths": { host: { "auth": "YWRhOk9ubHlGb3JUZXN0cw==" } } });
    fs::write(agent.path("docker/config.json"), kept.to_string()).expect("written");
    done(&agent, &["plugin", "publish", &file, &to]);
    assert_eq!(done(&agent, &["plugin", "install", &to, "--yes"])["plugins"][0]["version"], "0.1.0");
}

#[test]
fn signature_travels_with_the_plugin() {
    let Some(registry) = Registry::start() else { return };
    let agent = Agent::new();
    let keys = agent.path("keys");
    fs::create_dir(&keys).expect("a folder");
    let made =
        Command::new("minisign").args(["-G", "-W", "-p", "key.pub", "-s", "key.sec"]).current_dir(&keys).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return say_skipped();
    }
    let file = agent.path("shouts.wasm").display().to_string();
    fs::write(&file, shout("0.1.0")).expect("written");
    let signed = Command::new("minisign").args(["-S", "-m", &file, "-s"]).arg(keys.join("key.sec")).output();
    assert!(signed.is_ok_and(|signed| signed.status.success()));
    let to = registry.reference("ada/execute-shouts:signed");
    assert_eq!(done(&agent, &["plugin", "publish", &file, &to])["signed"], true);
    let public = fs::read_to_string(keys.join("key.pub")).expect("a key");
    let key = public.lines().last().expect("two lines");
    let receipt = done(&agent, &["plugin", "install", &to, "--yes", "--signer", key]);
    assert_eq!(receipt["plugins"][0]["signer"], key);
}

/// Answers each request of one connection with these bytes.
fn serve(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let reference = format!("oci://{}/ada/shouts:1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        }
    });
    reference
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn manifest(layer: &Value) -> Vec<u8> {
    answer("200 OK", json!({"schemaVersion": 2, "layers": [layer]}).to_string().as_bytes())
}

#[test]
fn registry_that_lies_dies_or_sends_elsewhere_installs_nothing() {
    let agent = Agent::new();
    let whole = shout("0.1.0");
    let layer = |size: usize| json!({"mediaType": "application/wasm", "digest": format!("sha256:{}", "0".repeat(64)), "size": size});
    let blob = answer("200 OK", &whole);
    let cases: Vec<(Vec<Vec<u8>>, &str)> = vec![
        (vec![manifest(&layer(whole.len())), blob.clone()], "not the one that was asked for"),
        (vec![manifest(&layer(10)), blob.clone()], "more than 10 bytes"),
        (vec![manifest(&layer(40 << 20)), blob.clone()], "larger than a component may be"),
        (vec![manifest(&layer(whole.len())), blob[..blob.len() / 2].to_vec()], "broke off"),
        (
            vec![manifest(&layer(whole.len())), answer("302 Found\r\nlocation: http://127.0.0.1:9/x", b"")],
            "not followed",
        ),
        (vec![manifest(&json!({"mediaType": "text/plain", "digest": "sha256:0", "size": 1}))], "application/wasm"),
        (vec![answer("200 OK", b"{}")], "cannot be read"),
        (vec![answer("404 Not Found", br#"{"errors":[{"message":"manifest unknown"}]}"#)], "manifest unknown"),
        (vec![answer("401 Unauthorized", b"")], "status 401"),
        (vec![Vec::new()], "could not be asked"),
    ];
    for (answers, words) in cases {
        let from = serve(answers);
        let output = operator(&agent, &["plugin", "install", &from, "--yes"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{words}: {said}");
        assert!(!Path::new(&agent.path(".instar/plugins/instar.lock")).exists(), "{words}");
    }
    let bad = operator(&agent, &["plugin", "install", "oci://127.0.0.1:5000/no-tag", "--yes"]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("oci://HOST/NAME:TAG"), "{bad:?}");
}
