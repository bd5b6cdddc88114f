//! The guard's own promises about a scan: order, borders, and what may be given to it.

use instar_plugin_sdk::guard::Chunk;

use crate::config::Config;
use crate::rules::Found;
use crate::scan::{kinds, scan};
use crate::stream;

/// A token in two parts, so that no scanner of repositories trips over this file.
const GITLAB: &str = concat!("glp", "at-Zk3vQ9xT1bR7mW2yLp4s");

fn names(finds: &[Found]) -> Vec<&str> {
    finds.iter().map(|find| find.kind.name).collect()
}

#[test]
fn finds_come_in_order_and_never_overlap() {
    let text = format!("b={GITLAB} password: \"{GITLAB}\" c=1");
    let finds = scan(text.as_bytes());
    assert_eq!(names(&finds), ["gitlab-token", "gitlab-token"]);
    assert!(finds[0].end <= finds[1].start);
    assert!(finds.iter().all(|find| &text[find.start..find.end] == GITLAB));
}

#[test]
fn the_kind_with_a_form_wins_over_the_name_beside_it() {
    assert_eq!(names(&scan(format!("my_password={GITLAB}").as_bytes())), ["gitlab-token"]);
    assert_eq!(names(&scan(b"DATADOG_API_KEY=4f9a1c07be3d52a86e10d7c39b8f2465")), ["datadog-credential"]);
}

#[test]
fn any_bytes_are_answered() {
    let beginnings = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END RSA PRIVATE KEY-----",
        "eyJ",
        "://",
        "password",
        "token=\"",
        "Authorization: ",
        "cookie: a",
        "curl -u",
        "mysql -p",
        "key|",
        "AKIA",
        ":5432:",
        "\x1b[",
        "\\u00",
        "%2",
        "identified by '",
        "name: API_KEY\nvalue",
        "$2b$",
    ];
    for beginning in beginnings {
        for end in 0..=beginning.len() {
            scan(&beginning.as_bytes()[..end]);
            scan(&[&beginning.as_bytes()[..end], &[0xff, 0, 0xc3], beginning.as_bytes()].concat());
        }
    }
    let noise: Vec<u8> = (0_u32..1 << 16).map(|step| (step.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
    let finds = scan(&noise);
    assert!(finds.iter().all(|find| find.start < find.end && find.end <= noise.len()));
}

#[test]
fn what_may_go_on_in_the_next_chunk_is_held_back() {
    let chunk = |text: &str, is_last| Chunk { source: "Bash".to_owned(), offset: 100, bytes: text.into(), is_last };
    let config = Config::default();
    let text = format!("{}\nname: x\ntoken: {}", "line\n".repeat(10), &GITLAB[..9]);
    let open = stream::look(&config, &chunk(&text, false));
    assert!(open.redactions.is_empty() && open.hold_back as usize >= "token: ".len() + 9, "{open:?}");
    assert!((open.hold_back as usize) < text.len(), "{open:?}");
    let whole = stream::look(&config, &chunk(&format!("token: {GITLAB}"), true));
    assert_eq!((whole.redactions[0].start, whole.hold_back), (107, 0));
    let key = format!("{}-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj", "line\n".repeat(10));
    let held = stream::look(&config, &chunk(&key, false)).hold_back as usize;
    assert!((key.len() - 50..key.len()).contains(&held), "{held} of {}", key.len());
}

#[test]
fn kinds_have_names_that_fit_the_contract() {
    let mut all: Vec<_> = kinds().map(|kind| kind.name).collect();
    all.sort_unstable();
    all.dedup();
    assert!(all.len() >= 200, "{}", all.len());
    let fits = |name: &&str| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    assert!(all.iter().all(fits), "{all:?}");
}
