//! Stores that speak no SQL: keys, documents, search servers. And what a client of a database gives to a shell.

use instar_plugin_sdk::guard::Via;

use crate::args::{Args, Spec};
use crate::guess;
use crate::packs::databases::{DATABASE, FLUSH, INDEX, text_into};
use crate::rule::Report;
use crate::scene::Cmd;

const REDIS: Spec = Spec { short: "hpanus", long: &["user", "pass", "cacert", "cert", "key", "host", "port"] };

pub(super) fn keys(cmd: &Cmd<'_>, report: &mut Report) {
    const FLUSHES: &[&str] = &["FLUSHALL", "FLUSHDB", "SHUTDOWN", "SCRIPT FLUSH", "CLUSTER RESET", "SWAPDB", "DEBUG"];
    let args = Args::of(cmd, &REDIS);
    let fed = text_into(cmd).to_ascii_uppercase();
    let verb = args.operand(0).to_ascii_uppercase();
    let two = format!("{verb} {}", args.operand(1).to_ascii_uppercase());
    let is_config =
        verb == "CONFIG" && matches!(args.operand(1).to_ascii_uppercase().as_str(), "SET" | "RESETSTAT" | "REWRITE");
    let flushes = FLUSHES.iter().any(|word| *word == verb || *word == two.trim_end() || fed.contains(word));
    let is_eval =
        matches!(verb.as_str(), "EVAL") && cmd.words().iter().any(|word| word.to_ascii_uppercase().contains("FLUSH"));
    let fed_keys = matches!(verb.as_str(), "DEL" | "UNLINK") && (cmd.it.more_words || cmd.it.via == Via::Carrier);
    if flushes || is_config || is_eval || fed_keys || fed.trim_start().starts_with("FLUSH") {
        report.add(&FLUSH, &verb);
    }
}

pub(super) fn documents(cmd: &Cmd<'_>, report: &mut Report) {
    const DROPS: &[&str] = &[
        "dropdatabase(",
        ".drop(",
        "deletemany({})",
        "remove({})",
        "dropindexes(",
        "dropuser(",
        "dropalluser",
        "shutdownserver(",
        "deletemany()",
        "remove()",
        "dropcollection(",
    ];
    let mut text = text_into(cmd);
    text.push_str(&cmd.words().join(" "));
    for code in cmd.scene.code.iter().filter(|code| code.command as usize == cmd.index) {
        text.push_str(&code.text);
    }
    let plain: String = text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_lowercase();
    if let Some(found) = DROPS.iter().find(|drop| plain.contains(**drop)) {
        report.add(&DATABASE, found);
    }
}

/// `DELETE` to a search server, or deleting by a query that fits all.
pub(super) fn search_server(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "XdHuoF", long: &["request", "data", "method"] });
    let method = args.values('X', "request").chain(args.values('X', "method")).last().unwrap_or_default();
    let is_delete = method.eq_ignore_ascii_case("DELETE") || args.operand(0) == "DELETE";
    let by_query = args.operand_words().any(|word| {
        let is_closed = word.ends_with("/_close") && word.contains(":9200");
        is_closed || word.contains("_delete_by_query")
    });
    let to_search = args
        .operand_words()
        .any(|word| word.contains(":9200") || word.contains("elastic") || word.contains("opensearch"));
    if (is_delete && to_search) || by_query {
        report.add(&INDEX, args.operand_words().last().unwrap_or_default());
    }
}

/// Orders of a client that a shell runs: `.shell rm x` of sqlite3, `\\! rm x` of psql and mysql.
pub(super) fn orders(cmd: &Cmd<'_>, report: &mut Report) {
    let marks: &[&str] = match cmd.name() {
        "sqlite3" | "sqlite" | "litecli" | "duckdb" => &[".shell ", ".system "],
        "psql" | "pgcli" | "usql" => &["\\! ", "\\!"],
        "mysql" | "mariadb" => &["\\! ", "system "],
        _ => return,
    };
    let fed = cmd.it.stdin.iter().flat_map(|text| text.lines());
    for line in cmd.words().iter().map(String::as_str).chain(fed).filter(|_| !cmd.scene.is_guess) {
        if let Some(order) = marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark)) {
            guess::judge_string(order, cmd.scene.places, report);
        }
    }
}
