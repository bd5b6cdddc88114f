//! Which files hold what only their owner should see.

/// Ends of paths that are secret whole.
const SECRET_ENDS: &[&str] = &[
    "/.aws/credentials",
    "/.netrc",
    "/.npmrc",
    "/.pypirc",
    "/.git-credentials",
    "/.docker/config.json",
    "/.kube/config",
    "/.config/gh/hosts.yml",
    "/.config/hub",
    "/.pgpass",
    "/.my.cnf",
    "/.vault-token",
    "/.htpasswd",
    "/.cargo/credentials",
    "/.cargo/credentials.toml",
    "/.gem/credentials",
    "/.terraformrc",
    "/.s3cfg",
    "/.boto",
    "/.config/gcloud/credentials.db",
    "/.config/gcloud/application_default_credentials.json",
    "/.databrickscfg",
    "/.config/gcloud/access_tokens.db",
    "/.azure/accessTokens.json",
    "/.azure/msal_token_cache.json",
    "/.envrc",
    "/.config/rclone/rclone.conf",
    "/.terraform.d/credentials.tfrc.json",
    "/.claude/.credentials.json",
    "/.codex/auth.json",
    "/.gemini/oauth_creds.json",
    "/.config/op/config",
    "/.docker/.token_seed",
    "/.yarnrc.yml",
    "/.config/doctl/config.yaml",
    "/.fly/config.yml",
    "/.snowsql/config",
    "/.instar/config.json",
    "/.dockercfg",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/shadow-",
    "/etc/master.passwd",
    "/credentials.json",
    "/service-account.json",
    "/service_account.json",
    "/serviceAccountKey.json",
    "/gcp-key.json",
    "/token.json",
    "/etc/krb5.keytab",
    "/.msmtprc",
    "/.mysql_history",
    "/.psql_history",
    "/.bash_history",
    "/.zsh_history",
    "/.sh_history",
    "/.ash_history",
    "/.history",
    "/etc/kubernetes/admin.conf",
    "/Login Data",
    "/logins.json",
    "/key4.db",
    "/wallet.dat",
    "/.config/hcloud/cli.toml",
];

/// Folders whose content is secret.
const SECRET_FOLDERS: &[&str] = &[
    "/.gnupg/",
    "/.password-store/",
    "/etc/ssl/private/",
    "/run/secrets/",
    "/Keychains/",
    "/.aws/sso/cache/",
    "/.aws/cli/cache/",
];

const SECRET_ENDINGS: &[&str] = &[".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".keytab", ".asc.key"];

/// Names of PEM files that everybody may see.
const PUBLIC_PEM: &[&str] = &["cert", "chain", "ca", "pub", "csr", "root", "bundle", "crt"];

/// The path, absolute and resolved, holds keys, passwords or tokens.
pub(crate) fn is_secret(path: &str) -> bool {
    // sqlite3 takes `file:/path?immutable=1` as well.
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if SECRET_ENDS.iter().any(|end| path.ends_with(end)) || SECRET_FOLDERS.iter().any(|part| path.contains(part)) {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    is_ssh_key(path, name) || is_dotenv(name) || is_environ(path) || is_secret_name(name)
}

/// A pattern that could stand for a secret file, although it names none: `.en?`, `~/.ssh/*`.
pub(crate) fn may_be_secret(pattern: &str) -> bool {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let is_hidden = name.starts_with('.') && [".env", ".netrc", ".npmrc"].iter().any(|file| fits(name, file));
    let is_key = folder.ends_with("/.ssh") && ["id_rsa", "id_ed25519"].iter().any(|file| fits(name, file));
    is_hidden || is_key || (folder.contains("/.aws") && fits(name, "credentials"))
}

/// A folder with keys, or with what a browser remembers.
pub(crate) fn is_key_folder(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "/.ssh",
        "/.aws",
        "/.gnupg",
        "/.kube",
        "/.docker",
        "/.mozilla",
        "/.mozilla/firefox",
        "/.config/gh",
        "/.codex",
        "/.config/gcloud",
        "/.azure",
        "/.password-store",
        "/.config/op",
        "/Keychains",
    ];
    const BROWSERS: &[&str] = &["/google-chrome/", "/chromium/", "/BraveSoftware/", "/Google/Chrome/"];
    let profile = format!("{path}/");
    FOLDERS.iter().any(|end| path.ends_with(end)) || BROWSERS.iter().any(|part| profile.contains(part))
}

/// Whether a pattern of `*` and `?` stands for the name.
fn fits(pattern: &str, name: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = letters.as_str().trim_start_matches('*');
            (0..=name.len()).any(|at| fits(rest, &name[at..]))
        }
        Some('?') => !name.is_empty() && fits(letters.as_str(), &name[1..]),
        Some('[') => !name.is_empty() && fits(pattern.split_once(']').map_or("", |(_, rest)| rest), &name[1..]),
        Some(letter) => name.strip_prefix(letter).is_some_and(|rest| fits(letters.as_str(), rest)),
    }
}

/// A file by which people or programs get in: what is written there opens the door.
pub(crate) fn opens_a_door(path: &str) -> bool {
    let doors = ["/.ssh/authorized_keys", "/.ssh/authorized_keys2", "/.ssh/config", "/.ssh/rc", "/.ssh/known_hosts"];
    doors[..4].iter().any(|end| path.ends_with(end)) || (is_secret(path) && !is_dotenv_path(path))
}

fn is_dotenv_path(path: &str) -> bool {
    is_dotenv(path.rsplit('/').next().unwrap_or(path)) || path.ends_with("/.npmrc") || path.ends_with("/.envrc")
}

fn is_ssh_key(path: &str, name: &str) -> bool {
    let is_named_so = name.starts_with("id_")
        && ["rsa", "dsa", "ecdsa", "ed25519", "*"].iter().any(|kind| name[3..].starts_with(kind));
    let is_in_folder = path.contains("/.ssh/") || path.contains("/etc/ssh/");
    let is_open = [".pub", "config", "known_hosts", "known_hosts.old", "authorized_keys", "sshd_config", "ssh_config"];
    (is_named_so || is_in_folder) && !is_open.iter().any(|end| name.ends_with(end)) && !path.contains("/etc/ssh/ssh")
}

/// `.env` and `.env.production`, but not `.env.example`; patterns such as `.env*` count.
fn is_dotenv(name: &str) -> bool {
    const EXAMPLES: &[&str] = &["example", "sample", "template", "dist", "defaults", "schema", "test", "md", "d.ts"];
    if let Some(rest) = name.strip_prefix(".env") {
        let is_example = EXAMPLES.iter().any(|kind| rest.ends_with(kind));
        return (rest.is_empty() || rest.starts_with(['.', '-', '_', '*', '?'])) && !is_example;
    }
    name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty() && !EXAMPLES.iter().any(|kind| stem.ends_with(kind)))
}

/// The environment of a process.
fn is_environ(path: &str) -> bool {
    path.starts_with("/proc/") && (path.ends_with("/environ") || path.ends_with("/mem"))
}

fn is_secret_name(name: &str) -> bool {
    if SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return !name.starts_with("public") && !name.ends_with(".pub.key");
    }
    if let Some(stem) = name.strip_suffix(".pem") {
        return !PUBLIC_PEM.iter().any(|public| stem.contains(public)) || stem.contains("priv") || stem.contains("key");
    }
    const DATA: &[&str] =
        &[".json", ".yaml", ".yml", ".toml", ".txt", ".ini", ".conf", ".cfg", ".properties", ".csv", ".secret", ".enc"];
    let Some(stem) = DATA.iter().find_map(|ending| name.strip_suffix(ending)) else {
        return matches!(
            name,
            "secrets" | "credentials" | ".secrets" | ".secret" | ".credentials" | "passwd.bak" | "passwords"
        );
    };
    let stem = stem.trim_start_matches('.').to_ascii_lowercase();
    matches!(stem.as_str(), "secret" | "secrets" | "credentials" | "credential" | "passwords" | "password")
        || ["client_secret", "client-secret", "service-account", "service_account"]
            .iter()
            .any(|start| stem.starts_with(start))
        || ["-secrets", "_secrets", "-credentials", "_credentials", ".secrets", ".secret"]
            .iter()
            .any(|end| stem.ends_with(end))
}

/// A variable with this name holds a secret.
pub(crate) fn is_secret_variable(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "CREDENTIAL",
        "AUTH_KEY",
        "ENCRYPTION_KEY",
        "SIGNING_KEY",
        "MASTER_KEY",
        "DATABASE_URL",
        "DB_PASS",
        "PGPASS",
        "CONNECTION_STRING",
        "_PAT",
        "WEBHOOK_URL",
        "_DSN",
        "SSH_KEY",
        "JWT",
        "MYSQL_PWD",
    ];
    const OPEN: &[&str] = &["TOKEN_LIMIT", "MAX_TOKENS", "TOKENS", "TOKEN_COUNT", "TOKEN_URL", "_PATH", "PUBLIC"];
    const VENDORS: &[&str] =
        &["STRIPE_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "SENDGRID_", "TWILIO_", "DATADOG_", "ALGOLIA_", "DEPLOY_"];
    let upper = name.to_ascii_uppercase();
    let is_vendors = upper.ends_with("_KEY") && VENDORS.iter().any(|vendor| upper.contains(vendor));
    let named = is_vendors
        || PARTS.iter().any(|part| if *part == "_PAT" { upper.ends_with(part) } else { upper.contains(part) });
    named && !OPEN.iter().any(|part| upper.contains(part))
}

/// The first secret variable that a word expands: `$TOKEN`, `${TOKEN:-x}`.
pub(crate) fn secret_variable_in(word: &str) -> Option<&str> {
    word.match_indices('$').find_map(|(at, _)| {
        let rest = word[at + 1..].trim_start_matches(['{', '!', '#']);
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        // `${TOKEN:0:4}` tells which one it is, and no more.
        let is_start = rest[end..]
            .strip_prefix(":0:")
            .is_some_and(|count| count.find('}') == Some(1) && count.as_bytes()[0] <= b'6');
        let is_test =
            is_start || rest[end..].starts_with(":+") || rest[end..].starts_with('+') || word[at..].starts_with("${#");
        (is_secret_variable(&rest[..end]) && !is_test).then_some(&rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_told_from_what_is_named_alike() {
        for path in [
            "/h/.ssh/id_rsa",
            "/h/.ssh/work",
            "/p/.env",
            "/p/.env.production",
            "/p/prod.env",
            "/h/.aws/credentials",
            "/p/server.key",
            "/p/private.pem",
            "/p/secrets.yaml",
            "/p/app-secrets.json",
            "/proc/1/environ",
            "/etc/shadow",
        ] {
            assert!(is_secret(path), "{path}");
        }
        for path in [
            "/h/.ssh/id_rsa.pub",
            "/h/.ssh/config",
            "/h/.ssh/known_hosts",
            "/p/.env.example",
            "/p/src/env.rs",
            "/p/cert.pem",
            "/p/src/token.rs",
            "/p/secret_test.go",
            "/etc/ssh/sshd_config",
            "/p/.environment",
        ] {
            assert!(!is_secret(path), "{path}");
        }
    }

    #[test]
    fn secret_variables_are_known_by_their_names() {
        assert_eq!(secret_variable_in("a-${GITHUB_TOKEN:-}"), Some("GITHUB_TOKEN"));
        assert_eq!(secret_variable_in("$PATH $AWS_SECRET_ACCESS_KEY"), Some("AWS_SECRET_ACCESS_KEY"));
        for word in ["$PATH", "$MAX_TOKENS", "${#TOKEN}", "${TOKEN:+set}", "TOKEN"] {
            assert_eq!(secret_variable_in(word), None, "{word}");
        }
    }
}
