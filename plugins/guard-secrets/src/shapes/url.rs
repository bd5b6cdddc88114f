//! Credentials within URLs: before the host, and signatures behind the question mark.

use super::value_end;
use crate::class::{ALNUM, ANY_HEX, BASE64, Class};
use crate::kinds::shaped::{DATABASE_URL, SIGNED_URL, URL_PASSWORD};
use crate::placeholder::is_placeholder;
use crate::rarity::{self, is_random};
use crate::rules::Found;

const SCHEME: Class = ALNUM.with("+.-");
const LONGEST: usize = 512;
const DATABASES: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "mssql",
    "sqlserver",
    "oracle",
    "cockroachdb",
    "clickhouse",
    "cassandra",
    "neo4j",
    "bolt",
    "couchdb",
    "elasticsearch",
    "snowflake",
    "jdbc",
    "db2",
    "nats",
    "kafka",
    "influxdb",
    "memcached",
    "valkey",
];

/// `scheme://user:password@host`; the anchor is the colon.
pub(crate) fn userinfo(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let start = at + 3;
    let Some((colon, end)) = split(text, start) else { return };
    let scheme = &text[SCHEME.run_back(text, at, 32)..at];
    let kind = if is_database(scheme) { DATABASE_URL } else { URL_PASSWORD };
    match colon.filter(|&colon| !is_filler(&text[colon + 1..end])) {
        Some(colon) => {
            let (user, password) = (&text[start..colon], &text[colon + 1..end]);
            if is_password(user, password) {
                found(Found { kind, start: colon + 1, end });
            }
        }
        // A token in the place of the user. Sentry's is made for the public.
        None => {
            let end = colon.unwrap_or(end);
            let user = &text[start..end];
            let is_public = memchr::memmem::find(&text[end..value_end(text, end)], b"sentry").is_some();
            if user.len() >= 20 && is_random(user) && !is_placeholder(user) && !is_public {
                found(Found { kind, start, end });
            }
        }
    }
}

/// The colon between user and password, and the `@` behind them.
fn split(text: &[u8], start: usize) -> Option<(Option<usize>, usize)> {
    let last = text.len().min(start + LONGEST);
    let mut colon = None;
    let mut at_sign = None;
    for (place, &byte) in text.iter().enumerate().take(last).skip(start) {
        match byte {
            b':' if colon.is_none() => colon = Some(place),
            b'@' => at_sign = Some(place),
            // A password may have a slash or a question mark that nobody encoded.
            b'/' | b'?' | b'#' if at_sign.is_some() || colon.is_none() => break,
            b'/' if text[start..place].len() > 64 => break,
            b' '.. => {
                if matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b'|') {
                    break;
                }
            }
            _ => break,
        }
    }
    let end = at_sign?;
    Some((colon.filter(|&colon| colon < end), end))
}

fn is_password(user: &[u8], password: &[u8]) -> bool {
    // A port, and a path behind it: the `@` belongs to the path.
    let port = password.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_port = port > 0 && password.get(port) == Some(&b'/');
    let is_mask = password.iter().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'#'));
    password.len() >= 5 && !is_port && !is_mask && user != password && !is_placeholder(password)
}

/// What stands in the place of a password where the user is a token.
fn is_filler(password: &[u8]) -> bool {
    matches!(password, b"" | b"x" | b"X" | b"x-oauth-basic" | b"api_token" | b"x-token-auth")
}

fn is_database(scheme: &[u8]) -> bool {
    let mut names = scheme.split(|&byte| byte == b'+' || byte == b':');
    names.any(|name| DATABASES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// `sig=` of Azure, `X-Amz-Signature=`, `X-Goog-Signature=`, `Signature=`: whoever has the URL has the right.
pub(crate) fn signature(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let begins = at.checked_sub(1).is_some_and(|before| matches!(text[before], b'?' | b'&' | b'-' | b';'));
    let Some(equals) = memchr::memchr(b'=', &text[at..(at + 12).min(text.len())]) else { return };
    let start = at + equals + 1;
    let end = BASE64.with("-_~%").run(text, start, 1024);
    let value = &text[start..end];
    let is_long = value.len() >= 40 || ANY_HEX.holds(value) && value.len() >= 64;
    if begins && is_long && rarity::is_credential(value) {
        found(Found { kind: SIGNED_URL, start, end });
    }
}
