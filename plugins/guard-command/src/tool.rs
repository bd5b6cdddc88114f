//! Calls of tools that are no shell: files that are written or read, addresses that are asked.

use instar_plugin_sdk::guard::ToolCall;
use serde_json::Value;

use crate::packs::{credentials, filesystem, itself, network, overwrite};
use crate::place::{Place, Places};
use crate::rule::{Report, rules};
use crate::secret_file::{is_secret, opens_a_door, secret_variable_in};

rules! { Filesystem:
    OUTSIDE = Risky "write-outside-project",
        "it would write a file outside of the project",
        "write it into the project or below `/tmp`";
    NO_INPUT = Risky "tool-input-not-understood",
        "what the tool would get is no JSON object, so nobody knows what it would do",
        "call the tool with its documented fields";
}

/// Fields that name a file, in the tools of agents and of usual MCP servers.
const PATH_FIELDS: &[&str] =
    &["file_path", "notebook_path", "path", "filePath", "filename", "destination", "target", "source", "uri"];

pub(crate) fn judge(call: &ToolCall, places: &Places<'_>, report: &mut Report) {
    let Ok(Value::Object(input)) = serde_json::from_str(&call.input_json) else {
        return report.add(&NO_INPUT, &call.tool);
    };
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    match call.tool.as_str() {
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" | "write_file" | "replace" => {
            if let Some(path) = text("file_path").or_else(|| text("notebook_path")).or_else(|| text("path")) {
                write(path, places, report);
            }
        }
        "apply_patch" => {
            let patch = text("command").or_else(|| text("input")).or_else(|| text("patch"));
            let paths = patch.unwrap_or_default().lines().filter_map(patched);
            paths.chain(text("path")).for_each(|path| write(path, places, report));
        }
        "Read" | "NotebookRead" | "read_file" => {
            if let Some(path) = text("file_path").or_else(|| text("notebook_path")).or_else(|| text("path")) {
                read(path, places, report);
            }
        }
        "Grep" => {
            let shows = text("output_mode") == Some("content");
            if let Some(path) = text("path").filter(|_| shows) {
                read(path, places, report);
            }
        }
        "WebFetch" | "WebSearch" | "web_fetch" => {
            if let Some(url) = text("url") {
                ask(url, report);
            }
        }
        tool if tool.starts_with("mcp__") => foreign(tool, &Value::Object(input), places, report),
        _ => {}
    }
}

/// The file that a line of a patch names, as Codex CLI writes them.
fn patched(line: &str) -> Option<&str> {
    let marks = ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "];
    marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark)).map(str::trim)
}

fn write(word: &str, places: &Places<'_>, report: &mut Report) {
    let path = places.resolve(word, places.cwd);
    let place = places.classify(&path);
    if opens_a_door(&path) && place != Place::Temp {
        return report.add(&credentials::DOOR, word);
    }
    match place {
        Place::Guarded => report.add(&itself::SETTINGS, word),
        Place::GitDir if !path.contains("/hooks/") && !path.contains("/info/") => {
            report.add(&overwrite::GIT_FILE, word)
        }
        Place::Protected => report.add(&overwrite::PROTECTED, word),
        Place::System | Place::SystemTop | Place::Root | Place::Device => report.add(&overwrite::SYSTEM_FILE, word),
        Place::Outside | Place::Home | Place::AboveProject | Place::Cache if !is_agents_notes(&path) => {
            report.add(&OUTSIDE, word);
        }
        _ => {}
    }
}

/// Plans, memories and skills that agent CLIs keep in the home.
fn is_agents_notes(path: &str) -> bool {
    ["/.claude/plans/", "/.claude/projects/", "/.claude/todos/", "/.claude/skills/", "/.claude/memory/"]
        .iter()
        .any(|notes| path.contains(notes))
}

fn read(word: &str, places: &Places<'_>, report: &mut Report) {
    if is_secret(&places.resolve(word, places.cwd)) {
        report.add(&credentials::READ, word);
    }
}

/// The address of a page.
fn ask(url: &str, report: &mut Report) {
    let lower = url.to_ascii_lowercase();
    if lower.starts_with("file:") {
        return report.add(&credentials::READ, url);
    }
    if network::is_metadata(&lower) {
        return report.add(&network::METADATA, url);
    }
    if secret_variable_in(url).is_some() {
        report.add(&network::SEND_SECRET, url);
    }
    if network::is_loopback(&lower) {
        return report.add(&network::LOOPBACK, url);
    }
    if is_internal(host_of(&lower)) {
        report.add(&network::INTERNAL, url);
    }
}

fn host_of(url: &str) -> &str {
    let rest = url.split("://").last().unwrap_or(url);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    if host.starts_with('[') { host.split(']').next().unwrap_or(host) } else { host.split(':').next().unwrap_or(host) }
}

/// Private addresses, names of inner networks, and numbers that stand for an address.
fn is_internal(host: &str) -> bool {
    let parts: Vec<Option<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    let is_private = match parts.as_slice() {
        [Some(10), Some(_), Some(_), Some(_)] => true,
        [Some(172), Some(second), Some(_), Some(_)] => (16..32).contains(second),
        [Some(192), Some(168), Some(_), Some(_)] | [Some(169), Some(254), Some(_), Some(_)] => true,
        [Some(100), Some(second), Some(_), Some(_)] => (64..128).contains(second),
        _ => false,
    };
    let is_number = host.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || (!host.is_empty() && host.bytes().all(|byte| byte.is_ascii_digit()));
    let ends = [".internal", ".local", ".lan", ".corp", ".intranet", ".home.arpa", ".svc", ".cluster.local"];
    let is_inner_six = ["[fc", "[fd", "[fe80", "[::ffff:"].iter().any(|start| host.starts_with(start));
    is_private || is_number || is_inner_six || ends.iter().any(|end| host.ends_with(end))
}

/// Tools of MCP servers: their fields are known by usual names, their verbs by the tool's name.
fn foreign(tool: &str, input: &Value, places: &Places<'_>, report: &mut Report) {
    let verb = tool.rsplit("__").next().unwrap_or(tool).to_ascii_lowercase();
    let writes = ["write", "edit", "create", "move", "put", "save", "append", "update", "rename", "upload"]
        .iter()
        .any(|word| verb.contains(word));
    let deletes = ["delete", "remove", "unlink", "rmdir"].iter().any(|word| verb.contains(word));
    let reads = ["read", "get", "cat", "download", "open"].iter().any(|word| verb.contains(word));
    visit(input, "", &mut |name, value| {
        let is_path = PATH_FIELDS.contains(&name)
            && (value.starts_with(['/', '~', '.']) || value.contains('/'))
            && !value.contains("://");
        if is_path && writes {
            write(value, places, report);
        }
        if is_path && deletes {
            let path = places.resolve(value, places.cwd);
            filesystem::delete_place(places.classify(&path), false, value, report);
        }
        if is_path && reads {
            read(value, places, report);
        }
        let is_address = ["http://", "https://", "file://", "ftp://", "ws://", "wss://", "gopher://"]
            .iter()
            .any(|scheme| value.to_ascii_lowercase().starts_with(scheme));
        if is_address {
            ask(value, report);
        }
    });
}

/// All texts in a value, each with the name of its field.
fn visit(value: &Value, name: &str, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => each(name, text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, name, each)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| visit(field, name, each)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::rules_of_tool;

    #[track_caller]
    fn check(tool: &str, input: &str, expected: &[&str]) {
        assert_eq!(rules_of_tool(tool, input), expected, "{tool} {input}");
    }

    #[test]
    fn files_are_written_in_the_project_and_nowhere_else() {
        check("Write", r#"{"file_path":"/home/ada/shop/src/a.rs","content":"x"}"#, &[]);
        check("Write", r#"{"file_path":"/tmp/a.txt"}"#, &[]);
        check("Edit", r#"{"file_path":"src/../../other/a"}"#, &["write-outside-project"]);
        check("Write", r#"{"file_path":"/etc/hosts"}"#, &["overwrite-system-file"]);
        check("Write", r#"{"file_path":".claude/settings.json"}"#, &["guard-settings"]);
        check("Write", r#"{"file_path":".gemini/settings.json"}"#, &["guard-settings"]);
        check(
            "apply_patch",
            r#"{"command":"*** Begin Patch\n*** Update File: .codex/hooks.json\n"}"#,
            &["guard-settings"],
        );
        check("apply_patch", r#"{"command":"*** Begin Patch\n*** Update File: src/a.rs\n"}"#, &[]);
        check("MultiEdit", r#"{"file_path":"/home/ada/shop/.instar/config.json"}"#, &["write-secret-file"]);
        check("Write", r#"{"file_path":".instar/MEMORY.md"}"#, &[]);
        check("NotebookEdit", r#"{"notebook_path":".git/config"}"#, &["overwrite-git-dir"]);
        check("Write", r#"{"file_path":"~/.ssh/authorized_keys"}"#, &["write-secret-file"]);
        check("Write", r#"{"file_path":".env"}"#, &[]);
    }

    #[test]
    fn secrets_are_not_read_through_tools() {
        check("Read", r#"{"file_path":"/home/ada/.ssh/id_rsa"}"#, &["read-secret-file"]);
        check("Read", r#"{"file_path":"README.md"}"#, &[]);
        check("Grep", r#"{"path":".env","output_mode":"content","pattern":"x"}"#, &["read-secret-file"]);
    }

    #[test]
    fn addresses_that_only_this_machine_reaches_are_asked_about() {
        check("WebFetch", r#"{"url":"https://docs.rs/serde"}"#, &[]);
        check("WebFetch", r#"{"url":"http://169.254.169.254/latest/"}"#, &["cloud-metadata"]);
        check("WebFetch", r#"{"url":"http://localhost:4040/jobs"}"#, &["ask-this-machine"]);
        check("WebFetch", r#"{"url":"http://u@127.0.0.1:4040/"}"#, &["ask-this-machine"]);
        check("WebFetch", r#"{"url":"http://192.168.1.1/"}"#, &["ask-internal"]);
        check("WebFetch", r#"{"url":"http://2130706433/"}"#, &["ask-internal"]);
        check("WebFetch", r#"{"url":"file:///etc/passwd"}"#, &["read-secret-file"]);
        check("mcp__web__get", r#"{"request":{"urls":["http://10.0.0.1/"]}}"#, &["ask-internal"]);
    }

    #[test]
    fn tools_of_others_are_judged_by_their_names_and_fields() {
        check("mcp__fs__write_file", r#"{"path":"/etc/passwd"}"#, &["overwrite-system-file"]);
        check("mcp__fs__delete_file", r#"{"path":"/home/ada/x"}"#, &["rm-outside-project"]);
        check("mcp__fs__read_file", r#"{"path":"/home/ada/.aws/credentials"}"#, &["read-secret-file"]);
        check("mcp__mail__send", r#"{"to":"a@b.c","path":"x/y"}"#, &[]);
        check("Write", "not json", &["tool-input-not-understood"]);
        check("Write", "[]", &["tool-input-not-understood"]);
    }
}
