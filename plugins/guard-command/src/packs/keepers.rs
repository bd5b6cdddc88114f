//! Tools that keep secrets and print them when asked: clusters, clouds, password managers.

use crate::args::{Args, NO_VALUES};
use crate::packs::credentials::{TOOL, is_grep, is_kept};
use crate::rule::Report;
use crate::scene::Cmd;
use crate::secret_file::{is_secret, is_secret_variable};

/// Tools that keep secrets and print them when asked.
pub(super) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if (cloud_prints(cmd) || keeper_prints(cmd)) && !is_kept(cmd) {
        report.add(&TOOL, cmd.name());
    }
}

/// Clusters and clouds.
fn cloud_prints(cmd: &Cmd<'_>) -> bool {
    let words = cmd.words();
    let has = |word: &str| cmd.has_word(word);
    match cmd.name() {
        "kubectl" | "oc" | "k" => {
            let asks = words.iter().any(|word| {
                matches!(word.as_str(), "secret" | "secrets")
                    || word.starts_with("secret/")
                    || word.starts_with("secrets/")
            });
            let shows =
                words.iter().any(|word| word.starts_with("-o") || word.starts_with("--output") || word == "--template");
            let is_listed = words.iter().any(|word| word == "name" || word == "wide" || word == "-oname")
                || words.iter().any(|word| word.contains(".metadata.") && !word.contains(".data"));
            (asks && has("get") && shows && !is_listed) || (has("config") && has("view") && has("--raw"))
        }
        "aws" => {
            (has("secretsmanager") && has("get-secret-value"))
                || (has("ssm") && has("--with-decryption"))
                || (has("configure")
                    && has("get")
                    && words.iter().any(|word| word.contains("secret") || word.contains("token")))
                || (has("configure") && has("export-credentials"))
                || (has("kms") && has("decrypt"))
                || has("get-login-password") && !words.iter().any(|word| word == "help")
                || (has("sts") && has("get-session-token"))
        }
        "gcloud" => (has("secrets") && has("access")) || has("print-access-token") || has("print-identity-token"),
        "az" => {
            let lists = |verb: &str| {
                matches!(verb, "list-keys" | "list-connection-strings" | "show-connection-string" | "regenerate-key")
            };
            (has("keyvault") && has("secret") && (has("show") || has("download")))
                || has("get-access-token")
                || (has("keys") && has("list"))
                || (has("credential") && has("show"))
                || words.iter().any(|word| lists(word))
        }
        "terraform" | "tofu" => {
            has("output")
                && words
                    .iter()
                    .any(|word| ["password", "secret", "token", "private_key"].iter().any(|part| word.contains(part)))
        }
        "pulumi" => has("--show-secrets"),
        _ => false,
    }
}

/// Keepers of passwords and keys.
#[expect(clippy::too_many_lines, reason = "a flat list of rules")]
fn keeper_prints(cmd: &Cmd<'_>) -> bool {
    let words = cmd.words();
    let has = |word: &str| cmd.has_word(word);
    let verb = |at: usize| words.iter().filter(|word| !word.starts_with('-')).nth(at).map_or("", String::as_str);
    match cmd.name() {
        "gpg" | "gpg2" => words.iter().any(|word| word.starts_with("--export-secret")),
        "security" => {
            words.iter().any(|word| word.starts_with("find-") && word.ends_with("-password"))
                && words.iter().any(|word| word.starts_with('-') && word.contains(['w', 'g']))
                || has("dump-keychain")
        }
        "pass" | "gopass" => {
            const OTHERS: &[&str] = &[
                "",
                "ls",
                "list",
                "find",
                "search",
                "grep",
                "insert",
                "add",
                "edit",
                "generate",
                "rm",
                "remove",
                "delete",
                "mv",
                "rename",
                "cp",
                "copy",
                "git",
                "init",
                "help",
                "version",
                "otp",
                "sync",
                "setup",
                "audit",
                "config",
                "clone",
                "create",
                "new",
                "update",
                "import",
                "mounts",
                "recipients",
                "history",
                "sum",
                "fsck",
                "env",
            ];
            !OTHERS.contains(&verb(0)) && !has("-c") && !has("--clip") && !has("--help") && !has("--version")
        }
        "age" | "rage" => (has("-d") || has("--decrypt")) && !has("-o") && !has("--output"),
        "chezmoi" => verb(0) == "cat" && words.iter().any(|word| is_secret(&cmd.path_of(word))),
        "lpass" => verb(0) == "show" && !has("-c") && !has("--clip"),
        "rbw" | "dcli" => matches!(verb(0), "get" | "password") && !has("--clipboard"),
        "infisical" => matches!(verb(0), "secrets" | "export"),
        "git" => {
            let asks = |word: &String| {
                let word = word.to_ascii_lowercase();
                ["extraheader", "password", "token", "helper.secret"].iter().any(|part| word.contains(part))
            };
            (verb(0) == "credential" && verb(1) == "fill")
                || (verb(0) == "config"
                    && words.iter().any(|word| word.starts_with("--get") || word == "get")
                    && words.iter().any(asks))
        }
        "npm" | "pnpm" | "yarn" => {
            verb(0) == "config"
                && verb(1) == "get"
                && words.iter().any(|word| {
                    ["_auth", "_password", "npmauthtoken"].iter().any(|part| word.to_ascii_lowercase().contains(part))
                })
        }
        "op" => {
            verb(0) == "read"
                || (verb(0) == "item"
                    && verb(1) == "get"
                    && (has("--reveal") || words.iter().any(|word| word.starts_with("--fields"))))
        }
        "bw" => verb(0) == "get" && verb(1) == "password",
        "vault" | "bao" if has("-help") || has("--help") || has("-h") => false,
        "vault" | "bao" => {
            verb(0) == "unwrap"
                || verb(0) == "kv" && verb(1) == "get"
                || verb(0) == "read"
                || (verb(0) == "token" && verb(1) == "create")
        }
        "docker" | "podman" => has("inspect") && words.iter().any(|word| word.contains("Config.Env")),
        "gh" => verb(0) == "auth" && (verb(1) == "token" || has("--show-token") || has("-t")),
        "heroku" => {
            verb(0) == "config" || verb(0) == "config:get" && (verb(1).is_empty() || is_secret_variable(verb(1)))
        }
        "keepassxc-cli" => matches!(verb(0), "export" | "show" | "clip" | "attachment-export"),
        "secret-tool" => verb(0) == "lookup",
        "keyring" => verb(0) == "get",
        "doppler" => verb(0) == "secrets" && (verb(1) == "get" || verb(1) == "download"),
        "sops" => has("-d") || has("--decrypt") || verb(0) == "decrypt",
        "ansible-vault" => matches!(verb(0), "view" | "decrypt"),
        name if crate::names::interpreter(name).is_some() || crate::names::SHELLS.contains(&name) => {
            let script = verb(0).rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            matches!(
                script.as_str(),
                "lazagne.py"
                    | "mimipenguin.sh"
                    | "mimipenguin.py"
                    | "linpeas.sh"
                    | "secretsdump.py"
                    | "firefox_decrypt.py"
            )
        }
        "unshadow" | "mimikatz" | "lazagne" | "pypykatz" | "secretsdump.py" | "linpeas.sh" => true,
        "john" | "hashcat" => !words.iter().any(|word| {
            word.starts_with("--list")
                || word.starts_with("--example")
                || matches!(word.as_str(), "--help" | "--version")
        }),
        "gcore" | "procdump" => true,
        "getent" => verb(0) == "shadow" || verb(0) == "gshadow",
        "openssl" => {
            (has("rsa") || has("pkey"))
                && words.iter().any(|word| is_secret(&cmd.path_of(word)))
                && !has("-noout")
                && !has("-pubout")
        }
        "instar" => verb(0) == "config" && has("--show-secrets"),
        _ => false,
    }
}

/// `terraform output -json | jq .db_password`: a tool that keeps secrets, asked for one.
pub(super) fn asks_keeper(cmd: &Cmd<'_>) -> bool {
    const KEEPERS: &[&str] =
        &["terraform", "tofu", "pulumi", "kubectl", "oc", "aws", "az", "gcloud", "vault", "doppler", "docker"];
    let asks = |word: &String| {
        let word = word.to_ascii_lowercase();
        ["password", "secret_key", "private_key", "api_key", "access_key", "base64d", "secretstring"]
            .iter()
            .any(|secret| word.contains(secret))
            && !["policy", "lastused", "length", "expir"].iter().any(|about| word.contains(about))
    };
    let is_quiet = is_grep(cmd.name()) && Args::of(cmd, &NO_VALUES).short_is("qcl");
    let keeps = |source: &Cmd<'_>| {
        KEEPERS.contains(&source.name())
            && !source
                .words()
                .iter()
                .any(|word| matches!(word.as_str(), "plan" | "logs" | "describe" | "explain" | "list"))
    };
    !is_quiet && cmd.words().iter().any(asks) && cmd.sources().iter().any(keeps) && !is_kept(cmd)
}
