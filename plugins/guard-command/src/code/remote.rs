//! Code that reaches out: calls that destroy what a service keeps, and secrets or the environment on their way out.

use super::DESTROYS;
use super::text::Text;
use crate::packs::{credentials, network};
use crate::rule::Report;

/// Libraries of clouds, databases and services, as code names them. In small letters.
const SERVICES: &[&str] = &[
    "boto3",
    "aws-sdk",
    "awssdk",
    "google.cloud",
    "@google-cloud",
    "googleapiclient",
    "azure",
    "pymongo",
    "mongo",
    "redis",
    "memcache",
    "psycopg",
    "asyncpg",
    "sqlalchemy",
    "create_engine",
    "mysql",
    "postgres",
    "require('pg')",
    "require(\"pg\")",
    "'pg'",
    "sequelize",
    "prisma",
    "knex",
    "typeorm",
    "activerecord",
    "active_record",
    "dbi",
    "pdo",
    "db::",
    "elastic",
    "opensearch",
    "cassandra",
    "kubernetes",
    "docker",
    "octokit",
    "github",
    "gitlab",
    "stripe",
    "heroku",
    "cloudflare",
    "digitalocean",
    "hcloud",
    "firestore",
    "firebase",
    "supabase",
    "minio",
    "consul",
    "hvac",
    "etcd",
    "kafka",
    "pika",
    "ldap",
    ".objects",
    "drizzle",
    "dynamodb",
    "influx",
    "neo4j",
    "clickhouse",
    "openstack",
];

/// Names of calls that destroy whatever they are told to.
const DESTROYING: &[&str] = &[
    "delete_all",
    "destroy_all",
    "drop_all",
    "remove_all",
    "flushall",
    "flushdb",
    "flush_all",
    "flush_db",
    "dropdatabase",
    "drop_database",
    "dropcollection",
    "drop_collection",
    "deleteall",
    "destroyall",
    "dropall",
    "removeall",
    "truncate",
    "purge",
    "terminate",
    "batchdelete",
    "dropschema",
    "droptable",
    "drop_table",
    "rm_all",
    "forcedelete",
    "purgequeue",
];

/// The same, where nothing says which.
const DESTROYING_ALL: &[&str] = &["delete", "drop", "destroy", "deletemany", "delete_many", "remove"];

/// Beginnings of names of calls, in the ways of Python and of JavaScript.
const STARTS: &[&str] = &["delete", "terminate", "destroy", "drop", "purge", "truncate", "wipe"];

/// Names that begin so and take one thing, or are no call to a service.
const ONE: &[&str] = &[
    "delete_one",
    "deleteone",
    "delete_by_id",
    "deletebyid",
    "delete_message",
    "deletemessage",
    "dropna",
    "drop_duplicates",
    "droplevel",
    "delete_cookie",
    "deletecookie",
    "deletefirst",
    "dropwhile",
    "droplast",
    "truncate_words",
];

pub(super) fn judge(text: &Text<'_>, language: &str, compact: &str, report: &mut Report) {
    let lower = text.text.to_ascii_lowercase();
    if SERVICES.iter().any(|service| lower.contains(service)) {
        destroys(text, language, &lower, report);
    }
    deletes_by_http(text, &lower, report);
    environment(text, compact, report);
}

/// Calls on an object: `.terminate_instances(`, `->truncate()`, `::delete_all`, `new DeleteBucketCommand(`.
fn destroys(text: &Text<'_>, language: &str, lower: &str, report: &mut Report) {
    let is_limited = [".where(", ".filter(", "->where(", ".find_by("].iter().any(|limit| lower.contains(limit));
    let mut from = 0;
    while let Some(found) = lower[from..].find(['.', '>', ':', ' ']) {
        let start = from + found + 1;
        from = start;
        let end = start
            + lower[start..]
                .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(lower.len() - start);
        let name = &lower[start..end];
        if name.len() < 4 || text.is_data(start) {
            continue;
        }
        let is_object = lower.as_bytes()[start - 1] != b' ';
        let rest = lower[end..].trim_start_matches('!');
        let is_command = name.ends_with("command")
            && rest.trim_start_matches(')').starts_with('(')
            && STARTS.iter().any(|verb| name.starts_with(verb));
        let given: String = rest.chars().take(24).filter(|letter| !letter.is_whitespace()).collect();
        let takes_all = ["()", "({})", "({where:{}})", "(nil)", "(force", "({},", "({truncate:true"]
            .iter()
            .any(|all| given.starts_with(all));
        let is_call = rest.starts_with('(') || DESTROYING.contains(&name);
        let written = &text.text[start..end];
        let is_long = STARTS.iter().any(|verb| {
            let behind = written.get(verb.len()..).filter(|_| name.starts_with(verb)).unwrap_or_default();
            behind.starts_with('_') || behind.starts_with(|letter: char| letter.is_ascii_uppercase())
        });
        let is_many = matches!(name, "deletemany" | "delete_many");
        let is_one = ONE.contains(&name) || name.ends_with("_one") || name.ends_with("_by");
        let by_name = DESTROYING.contains(&name) && (rest.starts_with('(') || name.contains('_') || language == "ruby")
            || is_long && !is_many && rest.starts_with('(');
        let by_all = DESTROYING_ALL.contains(&name) && takes_all;
        if is_command
            || is_object
                && is_call
                && !is_one
                && (by_name && !(is_limited && name.ends_with("_all")) || by_all && !is_limited)
        {
            return report.add(&DESTROYS, written);
        }
    }
}

/// `requests.delete(…)`, `fetch(…, {method: "DELETE"})`.
fn deletes_by_http(text: &Text<'_>, lower: &str, report: &mut Report) {
    const CALLS: &[&str] = &[
        "requests.delete(",
        "httpx.delete(",
        "axios.delete(",
        "session.delete('http",
        "got.delete(",
        "net::http::delete",
    ];
    let by_call = CALLS.iter().find(|call| lower.match_indices(**call).any(|(at, _)| !text.is_data(at)));
    let by_method = [
        "method:'delete'",
        "method:\"delete\"",
        "method='delete'",
        "method=\"delete\"",
        "request('delete'",
        "request(\"delete\"",
    ];
    let plain: String = lower.chars().filter(|letter| !letter.is_whitespace()).collect();
    let is_here = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].iter().any(|host| lower.contains(host));
    let found = by_call.or_else(|| by_method.iter().find(|method| plain.contains(**method)));
    if let Some(found) = found.filter(|_| !is_here) {
        report.add(&network::HTTP_DELETE, found);
    }
}

/// Ways of code to send something to another machine.
pub(super) fn sends(text: &str) -> bool {
    const WAYS: &[&str] = &[
        "requests.",
        "urlopen",
        "urllib",
        "httpx",
        "aiohttp",
        "http.client",
        "fetch(",
        "axios",
        "got(",
        "require('http",
        "require(\"http",
        "node:http",
        "https.request",
        "http.request",
        "https.get",
        "http.get",
        "Net::HTTP",
        "LWP",
        "curl_",
        "socket",
        "TCPSocket",
        "WebSocket",
        "smtplib",
        "ftplib",
        "paramiko",
        "'http",
        "\"http",
        "HTTP::",
        "open-uri",
    ];
    WAYS.iter().any(|way| text.contains(way))
}

/// The whole environment, shown or sent, and single variables in an address.
fn environment(text: &Text<'_>, compact: &str, report: &mut Report) {
    const WHOLE: &[&str] = &[
        "os.environ",
        "process.env",
        "ENV.to_h",
        "ENV.to_a",
        "ENV.inspect",
        "%ENV",
        "$_ENV",
        "$_SERVER",
        "os.Environ()",
        "Deno.env.toObject()",
        "Bun.env",
    ];
    const SHOWS: &[&str] = &["print", "puts", "console.", "echo", "stdout", "say", "write(", "pp(", "inspect", "dump"];
    let is_whole = |name: &str| {
        compact.match_indices(name).any(|(at, _)| {
            let behind = &compact[at + name.len()..];
            let before = &compact[..at];
            let is_names = ["keys(", "len(", "set(", "sorted(", "in", "env:", "env=", "...", "**", "copy("]
                .iter()
                .any(|use_| before.ends_with(use_));
            let is_all = behind.is_empty()
                || behind.starts_with([')', ',', '}', ';'])
                || [".items()", ".copy()", ".values()"].iter().any(|all| behind.starts_with(all));
            is_all && !is_names
        })
    };
    let Some(name) = WHOLE.iter().find(|name| compact.contains(**name) && is_whole(name)) else {
        return in_address(text, compact, report);
    };
    if sends(text.text) {
        report.add(&network::SEND_SECRET, name);
    } else if SHOWS.iter().any(|show| compact.contains(show)) {
        report.add(&credentials::ENVIRONMENT, name);
    }
}

/// `urlopen("http://…/?k=" + os.environ["TOKEN"])`
fn in_address(text: &Text<'_>, compact: &str, report: &mut Report) {
    if !sends(text.text) {
        return;
    }
    for read in ["os.environ[", "os.environ.get(", "os.getenv(", "process.env.", "ENV["] {
        for (at, _) in compact.match_indices(read) {
            let near = compact.floor_char_boundary(at.saturating_sub(300));
            let before = compact[near..at].trim_end_matches(['{', '$', '#', '(']);
            let address = before.rfind("http").map(|start| &before[start..]);
            let is_in_address =
                address.is_some_and(|address| address.contains('?') && !address.contains([',', ';', ')', ' ']));
            if is_in_address {
                return report.add(&network::SEND_SECRET, read);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{flagged_code, rules_of_code};

    #[test]
    fn calls_that_destroy_are_known_beside_the_name_of_a_service() {
        assert_eq!(
            rules_of_code("python", "boto3.client('ec2').terminate_instances(InstanceIds=ids)"),
            ["code-destroys"]
        );
        assert_eq!(rules_of_code("python", "pymongo.MongoClient().drop_database('shop')"), ["code-destroys"]);
        assert_eq!(rules_of_code("ruby", "require 'redis'; Redis.new.flushdb"), ["code-destroys"]);
        assert_eq!(rules_of_code("node", "new PrismaClient().user.deleteMany()"), ["code-destroys"]);
        assert_eq!(
            rules_of_code("node", "s3.send(new DeleteBucketCommand({Bucket: b})) // aws-sdk"),
            ["code-destroys"]
        );
        assert!(!flagged_code("node", "new PrismaClient().user.deleteMany({ where: { id: 1 } })"));
        assert!(!flagged_code("python", "redis.Redis().delete('k')"));
        assert!(!flagged_code("python", "df.drop(columns=['a'])"));
    }

    #[test]
    fn the_environment_does_not_leave_whole() {
        assert_eq!(rules_of_code("python", "requests.post(u, json=dict(os.environ))"), ["send-secret"]);
        assert_eq!(rules_of_code("node", "console.log(process.env)"), ["print-environment"]);
        assert!(!flagged_code("node", "console.log(Object.keys(process.env).length)"));
        assert!(!flagged_code("python", "print(os.environ.get('HOME'))"));
    }
}
