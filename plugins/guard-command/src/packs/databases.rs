//! SQL and other databases, through their clients, their tools and migrations.

use crate::args::{Args, NO_VALUES, Spec};
use crate::names::interpreter;
use crate::packs::stores;
use crate::packs::verbs::{self, Tool};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;
use crate::sql::{Loss, loss_in, loss_in_parts, says_loss};

rules! { Databases:
    DROP = Risky "sql-drop",
        "it would drop tables, columns or a whole database",
        "make a copy first with `pg_dump` or `mysqldump`, and let the operator drop it";
    ALL_ROWS = Risky "sql-all-rows",
        "it would delete every row",
        "say which rows with `WHERE`, and count them first with a `SELECT`";
    OVERWRITE = Risky "sql-overwrite",
        "it would change every row",
        "say which rows with `WHERE`, and count them first with a `SELECT`";
    DATABASE = Risky "database-drop",
        "it would drop a database, a user or its data",
        "make a copy first with `pg_dump` or `mysqldump`, and let the operator drop it";
    FLUSH = Risky "store-flush",
        "it would delete every key of a store",
        "delete the keys you mean, by name";
    RESET = Risky "migration-reset",
        "it would drop what is in the database and begin anew",
        "use the migrations that only go forward, such as `npx prisma migrate deploy`";
    RESTORE = Risky "database-restore",
        "it would replace what is in the database by a copy",
        "restore into a new database, and look at it there";
    INDEX = Risky "search-delete",
        "it would delete an index or documents of a search server",
        "look first with a `GET` of the same address";
}

/// Clients that run SQL, the option letters and names that carry it, and whether operands do.
const SQL_CLIENTS: &[(&[&str], char, &[&str], bool)] = &[
    (&["wrangler", "heroku"], 'c', &["command"], false),
    (&["cockroach"], 'e', &["execute"], false),
    (&["psql", "pgcli", "usql", "yugabyte", "ysqlsh"], 'c', &["command", "execute"], false),
    (&["mysql", "mariadb", "mycli", "clickhouse", "cqlsh", "vertica", "vsql"], 'e', &["execute", "query"], false),
    (&["sqlite3", "sqlite", "duckdb", "litecli", "libsql", "turso", "sqlcipher"], 'c', &["cmd"], true),
    (&["sqlcmd", "mssql-cli"], 'Q', &["query"], false),
    (
        &["clickhouse-client", "clickhouse-local", "snowsql", "snow", "trino", "presto", "spark-sql"],
        'q',
        &["query", "execute"],
        false,
    ),
    (&["influx", "beeline", "hive", "impala-shell", "isql", "usql"], 'e', &["execute", "query"], false),
    (&["bq", "sqlplus", "osql", "db2", "wp", "d1", "planetscale", "sqlite-utils", "psqlodbc"], 'c', &["command"], true),
];

const CLIENT: Spec = Spec {
    short: "cehdUupPqQSfDoH",
    long: &[
        "command",
        "execute",
        "host",
        "user",
        "username",
        "port",
        "dbname",
        "database",
        "query",
        "file",
        "cmd",
        "password-file",
        "url",
    ],
};

static TOOLS: &[Tool] = &[
    Tool {
        names: &["prisma"],
        options: Spec { short: "", long: &["schema"] },
        verbs: &[(&["migrate", "reset"], Some(&RESET))],
    },
    Tool {
        names: &["rails", "rake", "bin/rails"],
        options: NO_VALUES,
        verbs: &[
            (&["**", "db:drop…"], Some(&RESET)),
            (&["**", "db:reset…"], Some(&RESET)),
            (&["**", "db:migrate:reset"], Some(&RESET)),
            (&["**", "db:purge…"], Some(&RESET)),
            (&["**", "db:truncate_all"], Some(&RESET)),
            (&["**", "db:schema:load"], Some(&RESET)),
            (&["**", "db:setup"], Some(&RESET)),
            (&["**", "db:seed:replant"], Some(&RESET)),
        ],
    },
    Tool { names: &["dotnet"], options: NO_VALUES, verbs: &[(&["ef", "database", "drop"], Some(&DATABASE))] },
    Tool {
        names: &["artisan", "console"],
        options: NO_VALUES,
        verbs: &[
            (&["doctrine:database:drop"], Some(&RESET)),
            (&["doctrine:schema:drop"], Some(&RESET)),
            (&["doctrine:fixtures:load"], Some(&RESET)),
            (&["migrate:fresh"], Some(&RESET)),
            (&["migrate:reset"], Some(&RESET)),
            (&["migrate:refresh"], Some(&RESET)),
            (&["db:wipe"], Some(&RESET)),
        ],
    },
    Tool {
        names: &["manage.py", "django-admin", "manage"],
        options: Spec { short: "", long: &["settings", "database"] },
        verbs: &[
            (&["flush"], Some(&RESET)),
            (&["reset_db"], Some(&RESET)),
            (&["sqlflush"], None),
            (&["migrate", "*", "zero"], Some(&RESET)),
            (&["dropdb"], Some(&RESET)),
        ],
    },
    Tool {
        names: &["alembic", "flask"],
        options: Spec { short: "c", long: &[] },
        verbs: &[(&["**", "downgrade", "base"], Some(&RESET))],
    },
    Tool {
        names: &[
            "sequelize",
            "sequelize-cli",
            "typeorm",
            "knex",
            "mikro-orm",
            "drizzle-kit",
            "typeorm-ts-node-commonjs",
            "node-pg-migrate",
            "db-migrate",
        ],
        options: Spec { short: "d", long: &["dataSource", "config", "env"] },
        verbs: &[
            (&["db:drop"], Some(&RESET)),
            (&["db:migrate:undo:all"], Some(&RESET)),
            (&["schema:drop"], Some(&RESET)),
            (&["schema:fresh"], Some(&RESET)),
            (&["migration:fresh"], Some(&RESET)),
            (&["drop"], Some(&RESET)),
            (&["reset"], Some(&RESET)),
        ],
    },
    Tool {
        names: &[
            "sqlx",
            "diesel",
            "sea-orm-cli",
            "dbmate",
            "migrate",
            "goose",
            "atlas",
            "flyway",
            "liquibase",
            "refinery",
            "ecto",
            "hasura",
            "tern",
            "knex",
        ],
        options: Spec { short: "Dud", long: &["database-url", "url", "path", "database", "source", "dir"] },
        verbs: &[
            (&["database", "drop"], Some(&RESET)),
            (&["database", "reset"], Some(&RESET)),
            (&["db", "drop"], Some(&RESET)),
            (&["db", "reset"], Some(&RESET)),
            (&["migrate", "reset"], Some(&RESET)),
            (&["migrate", "fresh"], Some(&RESET)),
            (&["migrate", "refresh"], Some(&RESET)),
            (&["schema", "clean"], Some(&RESET)),
            (&["drop"], Some(&RESET)),
            (&["reset"], Some(&RESET)),
            (&["down-to", "0"], Some(&RESET)),
            (&["clean"], Some(&RESET)),
            (&["dropAll"], Some(&RESET)),
            (&["drop-all"], Some(&RESET)),
        ],
    },
    Tool {
        names: &["mix"],
        options: NO_VALUES,
        verbs: &[(&["ecto.drop"], Some(&RESET)), (&["ecto.reset"], Some(&RESET))],
    },
    Tool {
        names: &["mysqladmin", "mariadb-admin"],
        options: Spec { short: "hPuS", long: &["host", "port", "user", "socket", "defaults-file"] },
        verbs: &[(&["drop"], Some(&DATABASE)), (&["shutdown"], Some(&DATABASE)), (&["flush-…"], None)],
    },
    Tool {
        names: &["influx"],
        options: CLIENT,
        verbs: &[
            (&["delete"], Some(&DATABASE)),
            (&["bucket", "delete"], Some(&DATABASE)),
            (&["org", "delete"], Some(&DATABASE)),
        ],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    if interpreter(name).is_some() {
        return framework(cmd, report);
    }
    sql_client(cmd, report);
    stores::orders(cmd, report);
    if !is_of_tests(cmd) {
        verbs::judge(TOOLS, cmd, report);
    }
    match name {
        "rails" | "bin/rails" if cmd.words().first().is_some_and(|word| word == "runner") => {
            let texts = cmd.words()[1..].iter().chain(cmd.it.stdin.as_ref());
            texts.for_each(|text| records(text, "ruby", cmd, report));
        }
        "dropdb" if cmd.words().last().is_some_and(|name| is_test_name(name)) => {}
        "dropdb" | "dropuser" | "dropcluster" | "pg_dropcluster" | "pg_resetwal"
            if !cmd.words().iter().any(|word| matches!(word.as_str(), "--help" | "-?" | "-V" | "--version"))
                && !(name == "pg_resetwal" && (cmd.has_word("-n") || cmd.has_word("--dry-run"))) =>
        {
            report.add(&DATABASE, name);
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" | "dragonfly-cli" => stores::keys(cmd, report),
        "mongosh" | "mongo" | "mongos" => stores::documents(cmd, report),
        "cypher-shell" => {
            let text = format!("{} {}", text_into(cmd), cmd.words().join(" ")).to_ascii_uppercase();
            if text.contains("DETACH DELETE") || text.contains("DROP DATABASE") {
                report.add(&DATABASE, "DETACH DELETE");
            }
        }
        "wp" if cmd.has_word("db") && ["reset", "drop", "clean"].iter().any(|verb| cmd.has_word(verb)) => {
            report.add(&RESET, "wp db");
        }
        "drush" if cmd.words().iter().any(|word| matches!(word.as_str(), "sql-drop" | "sql:drop" | "sql-drop-all")) => {
            report.add(&RESET, "sql-drop");
        }
        "sqlite-utils" if cmd.words().first().is_some_and(|word| word.starts_with("drop-")) => report.add(&DROP, name),
        "pg_recvlogical" if cmd.has_word("--drop-slot") => report.add(&DROP, "--drop-slot"),
        "neo4j-admin" if cmd.has_word("drop") || cmd.has_word("delete") => report.add(&DATABASE, name),
        "knex" if cmd.has_word("migrate:rollback") && cmd.has_word("--all") => report.add(&RESET, "--all"),
        "drizzle-kit" if cmd.has_word("push") && cmd.has_word("--force") => report.add(&RESET, "push --force"),
        "prisma" if cmd.words().iter().any(|word| word == "--accept-data-loss" || word == "--force-reset") => {
            report.add(&RESET, "--accept-data-loss");
        }
        "pg_restore" | "mongorestore" | "mysqlimport" => {
            let args = Args::of(cmd, &CLIENT);
            if args.any_long(&["clean", "drop", "delete", "replace"]) || cmd.has_word("-c") {
                report.add(&RESTORE, name);
            }
        }
        "memcached-tool" if cmd.has_word("flush_all") => report.add(&FLUSH, name),
        "nc" | "ncat" | "telnet" => {
            let fed = text_into(cmd);
            if ["flush_all", "FLUSHALL", "flushall", "FLUSHDB"].iter().any(|word| fed.contains(word)) {
                report.add(&FLUSH, "flush_all");
            }
        }
        "curl" | "http" | "xh" | "https" | "wget" => stores::search_server(cmd, report),
        _ => {}
    }
}

/// A database that tests make and throw away, by its name.
fn is_test_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).split('?').next().unwrap_or(name);
    let is_part = |part: &str| matches!(part, "test" | "tests" | "testing");
    name.split(['_', '-']).any(is_part) && !name.contains("prod")
}

/// A framework that is told to work on what its tests use.
fn is_of_tests(cmd: &Cmd<'_>) -> bool {
    const NAMES: &[&str] = &["RAILS_ENV", "RACK_ENV", "MIX_ENV", "APP_ENV", "NODE_ENV", "DJANGO_ENV", "HANAMI_ENV"];
    let of_tests = |name: &str, value: &str| NAMES.contains(&name) && matches!(value, "test" | "testing");
    let given = cmd.it.assignments.iter().any(|(name, value)| of_tests(name, value));
    let words = cmd.words().iter().filter_map(|word| word.split_once('='));
    given || words.into_iter().any(|(name, value)| of_tests(name, value) || name == "--env" && value == "testing")
}

/// What the command reads, as far as the text tells.
pub(super) fn text_into(cmd: &Cmd<'_>) -> String {
    let mut text = cmd.it.stdin.clone().unwrap_or_default();
    for source in cmd.sources() {
        if matches!(source.name(), "echo" | "printf") {
            text.push('\n');
            text.push_str(&source.words().join(" "));
        } else if matches!(source.name(), "cat" | "tee" | "pv") {
            text.push('\n');
            text.push_str(source.it.stdin.as_deref().unwrap_or_default());
        }
    }
    text
}

fn sql_client(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let Some((_, letter, names, has_operands)) = SQL_CLIENTS.iter().find(|(names, ..)| names.contains(&name)) else {
        return;
    };
    let args = Args::of(cmd, &CLIENT);
    let is_own_file = |index: &usize| matches!(cmd.place(*index), Place::Temp);
    let is_of_file = matches!(name, "sqlite3" | "sqlite" | "duckdb" | "litecli");
    let names_tests = || {
        let named = args.values('d', "dbname").chain(args.values('D', "database")).chain(args.operand_words().take(2));
        named.into_iter().any(is_test_name)
    };
    if !is_of_file && !name.starts_with("bq") && names_tests() {
        return;
    }
    if args.operand(0) == ":memory:" || is_of_file && args.operands.first().is_some_and(is_own_file) {
        return;
    }
    let mut texts: Vec<&str> = names.iter().flat_map(|long| args.values(*letter, long)).collect();
    if *has_operands {
        texts.extend(args.operand_words());
    }
    let fed = text_into(cmd);
    texts.push(&fed);
    let found = texts.iter().find_map(|text| loss_in(text)).or_else(|| loss_in_printers(cmd));
    // Where letters stand together, as in `-Xqc`, each client reads them in its own way.
    let words = cmd.words().iter().map(String::as_str).filter(|word| word.contains(' '));
    if let Some((loss, about)) = found.or_else(|| words.into_iter().find_map(says_loss)) {
        report.add(rule_of(loss), &about);
    }
    let code = cmd.scene.code.iter().filter(|code| code.command as usize == cmd.index);
    if let Some((loss, about)) = code.filter(|code| code.language != "shell").find_map(|code| loss_in(&code.text)) {
        report.add(rule_of(loss), &about);
    }
}

/// Statements that the programs before it in the pipe make up: awk, sed, a script, another client.
fn loss_in_printers(cmd: &Cmd<'_>) -> Option<(Loss, String)> {
    cmd.sources().iter().find_map(|source| {
        if source.has_word("sqlflush") {
            return Some((Loss::AllRows, "sqlflush".to_owned()));
        }
        let code = cmd.scene.code.iter().filter(|code| code.command as usize == source.index);
        let mut texts = code.map(|code| code.text.as_str());
        let of_client =
            || Some(text_into(source)).filter(|_| is_client(source.name())).and_then(|text| loss_in_parts(&text));
        texts.find_map(loss_in_parts).or_else(of_client).or_else(|| printed_words(source).find_map(loss_in_parts))
    })
}

pub(crate) fn is_client(name: &str) -> bool {
    SQL_CLIENTS.iter().any(|(names, ..)| names.contains(&name))
}

/// The words of a program that may come out of it again.
fn printed_words<'a>(source: &Cmd<'a>) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    let words = source.words().iter().map(String::as_str);
    match source.name() {
        // What a substitution puts in, not what it looks for.
        "sed" | "gsed" => Box::new(words.filter_map(|word| {
            let mark = word.strip_prefix('s')?.chars().next().filter(char::is_ascii_punctuation)?;
            word.split(mark).nth(2)
        })),
        "jq" | "yq" | "xargs" | "seq" | "paste" => Box::new(words),
        name if is_client(name) => Box::new(words),
        _ => Box::new(std::iter::empty()),
    }
}

/// Statements that code hands to a database, unless that lives in its memory only.
pub(crate) fn judge_statements(texts: &[String], is_kept: bool, report: &mut Report) {
    if let Some((loss, about)) = texts.iter().filter(|_| is_kept).find_map(|text| loss_in(text)) {
        report.add(rule_of(loss), &about);
    }
}

pub(crate) fn rule_of(loss: Loss) -> &'static crate::rule::Rule {
    match loss {
        Loss::Drop => &DROP,
        Loss::AllRows => &ALL_ROWS,
        Loss::Overwrite => &OVERWRITE,
    }
}

/// Code that works on all records of a model: `User.delete_all`, `User.objects.all().delete()`.
fn records(text: &str, language: &str, cmd: &Cmd<'_>, report: &mut Report) {
    const ALL: &[&str] = &[
        ".delete_all",
        ".destroy_all",
        ".all().delete()",
        ".objects.all().delete",
        "::truncate()",
        "drop_table",
        "->truncate()",
        "->delete()",
        "::query()->delete",
        "drop_database",
        "Schema::drop",
        "_raw_delete(",
    ];
    let narrows = |limit: &&str| text.find(*limit).is_some_and(|at| !is_true_of_all(&text[at + limit.len()..]));
    let is_limited = [".where(", ".filter(", "->where(", "::where("].iter().any(narrows);
    if let Some(found) = ALL.iter().find(|all| text.contains(**all)).filter(|_| !is_limited) {
        report.add(&ALL_ROWS, found);
    }
    crate::code::judge_inline(text, language, cmd, report);
}

/// The condition is none: `.where("1=1")`, `.filter()`.
fn is_true_of_all(condition: &str) -> bool {
    let plain: String =
        condition.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'')).take(8).collect();
    ["1=1)", "true)", "1)", ")"].iter().any(|all| plain.to_ascii_lowercase().starts_with(all))
}

/// `python manage.py flush`, `php artisan migrate:fresh`, `ruby bin/rails db:drop`.
fn framework(cmd: &Cmd<'_>, report: &mut Report) {
    let first = cmd.words().iter().position(|word| !word.starts_with('-'));
    let is_shell = cmd.words().iter().any(|word| matches!(word.as_str(), "shell" | "shell_plus" | "tinker"));
    let texts = cmd.words().windows(2).filter(|pair| is_shell && pair[0].starts_with('-') && pair[0].len() > 1);
    let joined = cmd.words().iter().filter(|_| is_shell).filter_map(|word| word.strip_prefix("--")?.split_once('='));
    let fed = cmd.it.stdin.as_deref().filter(|_| is_shell);
    let texts = texts.map(|pair| pair[1].as_str()).chain(joined.map(|(_, text)| text)).chain(fed);
    texts.for_each(|text| records(text, "python", cmd, report));
    if cmd.has_word("dbshell") && cmd.sources().iter().any(|source| source.has_word("sqlflush")) {
        report.add(&RESET, "sqlflush");
    }
    if let Some(at) = first {
        verbs::judge(TOOLS, &cmd.from(cmd.from + 1 + at), report);
    }
}
