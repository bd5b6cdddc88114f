//! Every key changes what it says it changes, and what is wrong is named.

use std::fs;
use std::time::Duration;

use instar_core::quota::Thresholds;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn load(settings: &str) -> (TempDir, Result<Config, ConfigError>) {
    let dir = tempfile::tempdir().unwrap();
    let project = Project::at(dir.path()).unwrap();
    fs::create_dir(project.instar_dir()).unwrap();
    fs::write(project.config_file(), settings).unwrap();
    let config = Config::load(&project);
    (dir, config)
}

#[track_caller]
fn config(settings: &Value) -> Config {
    load(&settings.to_string()).1.unwrap()
}

/// The settings that differ from the defaults once these keys are set.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(settings: Value, read: impl Fn(&Config) -> T, expected: &T) {
    let default = config(&json!({}));
    let set = config(&settings);
    assert_eq!(&read(&set), expected, "{settings}");
    assert_ne!(&read(&default), expected, "{settings} changes nothing");
    assert_eq!(set.unknown_keys(), <[String; 0]>::default(), "{settings}");
}

#[test]
fn an_absent_file_is_all_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let project = Project::at(dir.path()).unwrap();
    let config = Config::load(&project).unwrap();
    assert_eq!((config.port, config.host.as_str(), config.token.is_some()), (4040, "127.0.0.1", false));
    assert_eq!((config.sessions.max_sessions, config.scheduler.max_parallel_jobs), (3, 2));
    assert_eq!(config.sessions.default_timeout_ms, 240 * 60_000);
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    let kept = config.retention;
    assert_eq!((kept.runs_days, kept.events_days, kept.output_days), (90, 30, 14));
    assert_eq!((kept.max_runs, kept.max_events, kept.max_output_bytes), (50_000, 200_000, 1024 << 20));
    assert!(!config.scheduler.enabled && !config.trust_loopback);
    assert_eq!(config.scheduler.jobs_file, project.dir().join(".instar/jobs.json"));
    assert_eq!(config.project_name, project.folder_name());
}

#[test]
fn every_key_of_the_first_level_has_its_effect() {
    check(json!({"projectName": "mine"}), |config| config.project_name.clone(), &"mine".to_owned());
    check(json!({"port": 4050}), |config| config.port, &4050);
    check(json!({"host": "0.0.0.0"}), |config| (config.host.clone(), config.is_loopback()), &("0.0.0.0".into(), false));
    check(json!({"authToken": "old"}), |config| config.token.clone(), &Token::new("old"));
    check(json!({"requestTimeoutMs": 5}), |config| config.request_timeout, &Duration::from_millis(5));
}

#[test]
fn every_key_of_the_sections_has_its_effect() {
    check(json!({"auth": {"token": "new"}}), |config| config.token.clone(), &Token::new("new"));
    check(json!({"auth": {"trustLoopback": true}}), |config| config.trust_loopback, &true);
    check(json!({"sessions": {"maxSessions": 0}}), |config| config.sessions.max_sessions, &0);
    check(
        json!({"sessions": {"protectedSessions": ["a"]}}),
        |config| config.sessions.protected.clone(),
        &vec!["a".into()],
    );
    check(
        json!({"sessions": {"passEnv": ["AWS_*"]}}),
        |config| config.sessions.pass_env.clone(),
        &vec!["AWS_*".into()],
    );
    check(json!({"sessions": {"tmuxPath": "/t"}}), |config| config.sessions.tmux_path.clone(), &Some("/t".into()));
    check(json!({"sessions": {"defaultTimeoutMinutes": 0.5}}), |config| config.sessions.default_timeout_ms, &30_000);
    let collector = Collector::parse("http://127.0.0.1:4318/v1/traces");
    check(
        json!({"telemetry": {"otlpEndpoint": "http://127.0.0.1:4318"}}),
        |config| config.collector.clone(),
        &collector,
    );
    check(
        json!({"intelligence": {"command": ["claude", "-p"]}}),
        |config| config.intelligence.command.clone(),
        &vec!["claude".into(), "-p".into()],
    );
    check(
        json!({"intelligence": {"timeoutSeconds": 5}}),
        |config| config.intelligence.timeout,
        &Duration::from_secs(5),
    );
    check(json!({"lifeline": {"startSeconds": 600}}), |config| config.lifeline.start_limit, &Duration::from_secs(600));
    let half_a_minute = jiff::SignedDuration::from_secs(30);
    check(json!({"sessions": {"idleTimeoutMinutes": 0.5}}), |config| config.sessions.idle_timeout, &half_a_minute);
    check(json!({"scheduler": {"enabled": true}}), |config| config.scheduler.enabled, &true);
    check(json!({"retention": {"runsDays": 0}}), |config| config.retention.runs_days, &0);
    check(json!({"retention": {"eventsDays": 7}}), |config| config.retention.events_days, &7);
    check(json!({"retention": {"outputDays": 1}}), |config| config.retention.output_days, &1);
    check(json!({"retention": {"maxRuns": 5}}), |config| config.retention.max_runs, &5);
    check(json!({"retention": {"maxEvents": 6}}), |config| config.retention.max_events, &6);
    check(json!({"retention": {"maxOutputMegabytes": 2}}), |config| config.retention.max_output_bytes, &(2 << 20));
    let tokyo = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
    check(json!({"scheduler": {"timezone": "Asia/Tokyo"}}), |config| config.scheduler.zone(), &tokyo);
    check(json!({"scheduler": {"pauseAfterFailures": 5}}), |config| config.scheduler.pause_after_failures, &5);
    check(json!({"scheduler": {"maxParallelJobs": 7}}), |config| config.scheduler.max_parallel_jobs, &7);
    check(
        json!({"http": {"allowedHosts": ["BOX.lan"]}}),
        |config| config.http.allowed_hosts.clone(),
        &vec!["box.lan".into()],
    );
    check(
        json!({"http": {"allowedOrigins": ["https://Dash.example/"]}}),
        |config| config.http.allowed_origins.clone(),
        &vec!["https://dash.example".into()],
    );
}

#[test]
fn every_key_of_who_may_start_has_its_effect() {
    let rules = |config: &Config| config.admission.clone();
    check(json!({"scheduler": {"gateTimeoutSeconds": 3}}), |config| rules(config).gate_timeout_ms, &3000);
    check(json!({"scheduler": {"tagLimits": {"a": 1}}}), |config| rules(config).tag_limits, &[("a".into(), 1)].into());
    let minute = jiff::SignedDuration::from_mins(1);
    check(json!({"scheduler": {"jitterSeconds": 60}}), |config| rules(config).jitter, &minute);
    check_quota();
    let budget = |runs, tokens, cost_micro_usd| instar_core::budget::Budget { runs, tokens, cost_micro_usd };
    check(json!({"budget": {"runsPerDay": 5}}), |config| rules(config).budget, &budget(Some(5), None, None));
    check(json!({"budget": {"tokensPerDay": 0}}), |config| rules(config).budget, &budget(None, Some(0), None));
    check(
        json!({"budget": {"costPerDayUsd": 1.5}}),
        |config| rules(config).budget,
        &budget(None, None, Some(1_500_000)),
    );
}

#[track_caller]
fn check_quota() {
    let rules = |config: &Config| config.admission.quota.expect("quota is heeded");
    for (key, of) in [
        ("normal", (|limits: Thresholds| limits.normal) as fn(Thresholds) -> f64),
        ("elevated", |limits| limits.elevated),
        ("critical", |limits| limits.critical),
        ("shutdown", |limits| limits.shutdown),
    ] {
        check(json!({"scheduler": {"quotaThresholds": {key: 12.5}}}), |config| of(rules(config).thresholds), &12.5);
    }
    check(json!({"monitoring": {"quotaTracking": false}}), |config| config.admission.quota, &None);
    let file = |config: &Config| config.quota.file.file_name().map(ToOwned::to_owned);
    check(json!({"monitoring": {"quotaStateFile": "q.json"}}), file, &Some("q.json".into()));
    check(json!({"quota": {"collector": "./c"}}), |config| config.quota.collector.clone(), &Some("./c".to_owned()));
    check(json!({"monitoring": {"memoryMonitoring": false}}), |config| config.admission.memory, &None);
    let memory = |config: &Config| config.admission.memory.map(|rules| (rules.elevated, rules.critical));
    check(json!({"memory": {"elevatedPercent": 60}}), memory, &Some((60.0, 90.0)));
    check(json!({"memory": {"criticalPercent": 95.5}}), memory, &Some((75.0, 95.5)));
    check(json!({"quota": {"collectMinutes": 1}}), |config| config.quota.collect_every, &Duration::from_secs(60));
    let hour = jiff::SignedDuration::from_hours(1);
    check(json!({"quota": {"staleAfterMinutes": 60}}), |config| rules(config).stale_after, &hour);
    let haiku = Some(instar_core::job::Model::Haiku);
    check(json!({"quota": {"fallbackModel": "haiku"}}), |config| rules(config).fallback, &haiku);
}

fn plugin(config: &Config, id: &PluginId) -> PluginConfig {
    config.plugins.get(id).cloned().unwrap_or_default()
}

#[test]
fn plugins_are_settled_by_their_ids() {
    let guard: PluginId = "guard-command".parse().unwrap();
    check(json!({"plugins": {"guard-command": {"enabled": false}}}), |config| plugin(config, &guard).enabled, &false);
    let expected = json!({"level": 3}).as_object().unwrap().clone();
    check(
        json!({"plugins": {"guard-command": {"config": {"level": 3}}}}),
        |config| plugin(config, &guard).config,
        &expected,
    );
}

/// A public key of minisign.
const AUTHOR: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

#[test]
fn whose_plugins_may_be_installed_is_read_beside_single_plugins() {
    let both = json!({"plugins": {"requireSignature": true, "trustedKeys": [AUTHOR], "p": {"enabled": false}}});
    check(both.clone(), |config| config.plugin_trust.required, &true);
    check(both.clone(), |config| config.plugin_trust.keys.clone(), &vec![AUTHOR.to_owned()]);
    check(both, |config| config.plugins.len(), &1);
    assert_eq!(config(&json!({})).plugin_trust, PluginTrust::default());
}

#[test]
fn how_often_a_plugin_may_give_no_answer_is_read() {
    check(json!({"plugins": {"quarantineAfter": 2}}), |config| config.quarantine_after, &2);
    assert_eq!(config(&json!({})).quarantine_after, 5);
}

#[test]
fn what_a_plugin_may_do_beyond_others_is_read() {
    let id: PluginId = "p".parse().unwrap();
    let hosts = json!({"api.x.org": "http://127.0.0.1:8081/base"});
    let expected =
        std::collections::BTreeMap::from([("api.x.org".to_owned(), "http://127.0.0.1:8081/base".to_owned())]);
    check(
        json!({"plugins": {"p": {"http": {"hosts": hosts}}}}),
        |config| plugin(config, &id).operator.hosts,
        &expected,
    );
    let digest = format!("blake3:{}", "a".repeat(64));
    let grant = instar_plugin::Grant { digest: digest.clone(), allow: ["http".to_owned()].into() };
    check(
        json!({"plugins": {"p": {"grants": {"digest": digest, "allow": ["http"]}}}}),
        |config| plugin(config, &id).operator.grant,
        &Some(grant),
    );
    check_refused(json!({"plugins": {"p": {"grants": {"digest": digest}}}}), "plugins.p.grants.allow");
    check_refused(json!({"plugins": {"p": {"grants": {"digest": "x", "allow": []}}}}), "plugins.p.grants.digest");
    check_refused(
        json!({"plugins": {"p": {"grants": {"digest": digest, "allow": ["files"]}}}}),
        "plugins.p.grants.allow",
    );
    check_refused(json!({"plugins": {"p": {"http": {"hosts": {"a.org": "ftp://x"}}}}}), "plugins.p.http.hosts");
}

#[test]
fn the_predecessors_path_of_the_agent_becomes_the_command_of_its_plugin() {
    let prompt: PluginId = "execute-prompt".parse().unwrap();
    let command = |config: &Config| plugin(config, &prompt).config.get("command").cloned();
    check(json!({"sessions": {"claudePath": "/c"}}), command, &Some(json!("/c")));
    let both = json!({"sessions": {"claudePath": "/c"}, "plugins": {"execute-prompt": {"config": {"command": "/d"}}}});
    check(both, command, &Some(json!("/d")));
}

#[test]
fn the_jobs_file_begins_at_the_project_unless_it_is_absolute() {
    let (dir, config) = load(r#"{"scheduler": {"jobsFile": "other/jobs.json"}}"#);
    let project = Project::at(dir.path()).unwrap();
    assert_eq!(config.unwrap().scheduler.jobs_file, project.dir().join("other/jobs.json"));
    let absolute = config_of_jobs_file("/srv/jobs.json");
    assert_eq!(absolute, std::path::Path::new("/srv/jobs.json"));
}

fn config_of_jobs_file(path: &str) -> std::path::PathBuf {
    config(&json!({"scheduler": {"jobsFile": path}})).scheduler.jobs_file
}

#[test]
fn a_partial_section_keeps_the_other_defaults() {
    let config = config(&json!({"sessions": {"maxSessions": 9}, "scheduler": {"enabled": true}}));
    assert_eq!((config.sessions.max_sessions, config.sessions.default_timeout_ms), (9, 240 * 60_000));
    assert_eq!((config.scheduler.enabled, config.scheduler.max_parallel_jobs), (true, 2));
}

#[test]
fn the_new_place_of_the_token_wins_and_an_empty_one_is_none() {
    assert_eq!(config(&json!({"authToken": "old", "auth": {"token": "new"}})).token, Token::new("new"));
    assert_eq!(config(&json!({"authToken": "", "auth": {"token": ""}})).token, None);
}

#[test]
fn nothing_and_zero_count_as_absent_where_the_predecessor_took_them_so() {
    let config = config(&json!({"port": 0, "projectName": " ", "host": "", "sessions": null}));
    assert_eq!((config.port, config.host.as_str()), (4040, "127.0.0.1"));
    assert!(!config.project_name.trim().is_empty());
}

#[test]
fn keys_without_effect_are_reported_with_their_way() {
    let config = config(&json!({"colour": 1, "sessions": {"completionPatterns": []}, "plugins": {"a": {"x": 1}}}));
    assert_eq!(config.unknown_keys(), ["colour", "plugins.a.x", "sessions.completionPatterns"]);
}

#[track_caller]
fn check_refused(settings: Value, key: &str) {
    let error = load(&settings.to_string()).1.expect_err("it was taken").to_string();
    assert!(error.contains(&format!("`{key}`")) && error.contains("config.json"), "{error} does not name {key}");
    assert!(!error.contains("s3cret"), "{error} shows the value");
}

#[test]
fn a_value_of_the_wrong_type_names_its_key() {
    check_refused(json!({"port": "4040"}), "port");
    check_refused(json!({"port": 70_000}), "port");
    check_refused(json!({"projectName": 1}), "projectName");
    check_refused(json!({"host": []}), "host");
    check_refused(json!({"authToken": ["s3cret"]}), "authToken");
    check_refused(json!({"auth": {"token": "s3cret with spaces"}}), "auth.token");
    check_refused(json!({"auth": {"trustLoopback": "s3cret"}}), "auth.trustLoopback");
    check_refused(json!({"sessions": []}), "sessions");
    check_refused(json!({"sessions": {"maxSessions": -1}}), "sessions.maxSessions");
    check_refused(json!({"sessions": {"protectedSessions": "a"}}), "sessions.protectedSessions");
    check_refused(json!({"sessions": {"passEnv": [1]}}), "sessions.passEnv");
    check_refused(json!({"sessions": {"tmuxPath": " "}}), "sessions.tmuxPath");
    check_refused(json!({"sessions": {"defaultTimeoutMinutes": 0}}), "sessions.defaultTimeoutMinutes");
    check_refused(json!({"scheduler": {"enabled": "yes"}}), "scheduler.enabled");
    check_refused(json!({"scheduler": {"jobsFile": 1}}), "scheduler.jobsFile");
    check_refused(json!({"scheduler": {"maxParallelJobs": 1.5}}), "scheduler.maxParallelJobs");
    check_refused(json!({"scheduler": {"timezone": "Mars/Olympus"}}), "scheduler.timezone");
    check_refused(json!({"retention": {"runsDays": -1}}), "retention.runsDays");
    check_refused(json!({"retention": {"maxEvents": 1.5}}), "retention.maxEvents");
    check_refused(json!({"requestTimeoutMs": 0}), "requestTimeoutMs");
    check_refused(json!({"http": {"allowedHosts": [""]}}), "http.allowedHosts");
    for origin in ["*", "null", "localhost", "https://a/b", "https://*.example"] {
        check_refused(json!({"http": {"allowedOrigins": [origin]}}), "http.allowedOrigins");
    }
    check_refused(json!({"plugins": {"Bad Id": {}}}), "plugins.Bad Id");
    check_refused(json!({"plugins": {"a": {"config": []}}}), "plugins.a.config");
}

#[test]
fn a_file_that_is_no_object_is_refused_with_path_and_reason() {
    for (text, reason) in [("{", "EOF"), ("[]", "object"), ("", "EOF"), ("{\"a\": 1,}", "trailing comma")] {
        let error = load(text).1.expect_err("it was taken").to_string();
        assert!(error.contains("config.json") && error.contains(reason), "{text:?}: {error}");
    }
    assert!(load("\u{feff}{}").1.is_ok(), "a byte order mark is no reason to refuse");
}

/// The key at its place, as a file would have it.
fn with(name: &str, value: Value) -> Value {
    let words = name.replace("<id>", "execute-prompt");
    let mut whole = words.split('.').rev().fold(value, |inner, word| json!({ word: inner }));
    // Rights are given to the bytes of a file, so neither stands without the other.
    if !name.contains(".grants.") {
        return whole;
    }
    let grants = &mut whole["plugins"]["execute-prompt"]["grants"];
    if name.ends_with("grants.allow") {
        grants["digest"] = json!(format!("blake3:{}", "0".repeat(64)));
    }
    if name.ends_with("grants.digest") {
        grants["allow"] = json!(["http"]);
    }
    whole
}

#[test]
fn the_table_of_keys_says_what_is_read() {
    for key in &keys::KEYS {
        let (good, bad) = match key.kind {
            keys::Kind::Text if key.name.ends_with(".digest") => {
                (json!(format!("blake3:{}", "0".repeat(64))), json!(1))
            }
            keys::Kind::Text if key.name.ends_with("Hours") => (json!("22:00-07:00"), json!("22-7")),
            keys::Kind::Text | keys::Kind::Secret => (json!("text"), json!(1)),
            keys::Kind::Flag => (json!(true), json!("yes")),
            keys::Kind::Whole(least, most) => (json!(least.max(1)), json!(u128::from(most) + 1)),
            keys::Kind::Number(most) => (json!(0.5), json!(f64::from(most) + 0.5)),
            keys::Kind::Choice(choices) => (json!(choices[0]), json!("none of them")),
            keys::Kind::Minutes => (json!(0.5), json!(0)),
            keys::Kind::Address => (json!("http://127.0.0.1:4318"), json!("https://127.0.0.1:4318")),
            keys::Kind::Texts if key.name.ends_with(".allow") => (json!(["http"]), json!([1])),
            keys::Kind::Texts if key.name.ends_with(".trustedKeys") => (json!([AUTHOR]), json!(["RWQ"])),
            keys::Kind::Texts => (json!(["https://a.example"]), json!([1])),
            keys::Kind::Zone => (json!("Asia/Tokyo"), json!("Mars/Olympus")),
            keys::Kind::Object if key.name.ends_with(".hosts") => {
                (json!({"a.example": "http://127.0.0.1:1"}), json!([]))
            }
            keys::Kind::Object if key.name.ends_with(".routes") => {
                (json!({"*": ["webhook"]}), json!({"all": ["webhook"]}))
            }
            keys::Kind::Object => (json!({"a": 1}), json!([])),
        };
        let config = config(&with(key.name, good));
        assert_eq!(config.unknown_keys(), <[String; 0]>::default(), "{}", key.name);
        // Counts end where the machine's numbers do, which is more than anybody counts.
        if !matches!(key.kind, keys::Kind::Whole(_, most) if most == u64::from(u32::MAX)) {
            check_refused(with(key.name, bad), &key.name.replace("<id>", "execute-prompt"));
        }
        if let Some(default) = key.default_value() {
            let same = load(&with(key.name, default).to_string()).1.unwrap();
            assert_eq!(
                (same.port, same.host, same.sessions),
                (4040, "127.0.0.1".to_owned(), SessionsConfig::default())
            );
        }
    }
}

#[test]
fn the_chat_of_a_notifier_is_one_in_which_people_may_speak() {
    use jiff::SignedDuration;
    let stall = |config: &Config| config.conversations.stall_after;
    check(json!({"conversations": {"stallTimeoutMinutes": 9}}), stall, &Some(SignedDuration::from_mins(9)));
    check(json!({"conversations": {"stallTimeoutMinutes": 0}}), stall, &None);
    check(json!({"conversations": {"threads": false}}), |config| config.conversations.threads, &false);
    let telling = |config: &Config| config.conversations.telling.clone();
    let hours = instar_core::telling::QuietHours::parse("22:00-07:00");
    let quiet = instar_core::telling::Telling { quiet: hours, ..Default::default() };
    check(json!({"notify": {"quietHours": "22:00-07:00"}}), telling, &quiet);
    let digest = |config: &Config| config.conversations.telling.digest;
    check(json!({"notify": {"digestMinutes": 30}}), digest, &Some(SignedDuration::from_mins(30)));
    let words = json!({"conversations": {"transcribe": ["whisper", "-nt"]}});
    check(words, |config| config.transcribe.clone(), &vec!["whisper".to_owned(), "-nt".to_owned()]);
    let routes = |config: &Config| config.conversations.telling.routes.clone();
    let table = json!({"job:a": ["telegram:7"]});
    let parsed = instar_core::route::Routes::parse(table.as_object().unwrap()).unwrap();
    check(json!({"notify": {"routes": table}}), routes, &parsed);
    let chats = |config: &Config| config.conversations.chats.iter().map(|(_, chat)| chat.clone()).collect::<Vec<_>>();
    check(json!({"retention": {"messagesDays": 7}}), |config| config.retention.messages_days, &7);
    for chat in [json!("-100"), json!(-100)] {
        let settings = json!({"plugins": {"notifier-telegram": {"config": {"chatId": chat}}}});
        check(settings, chats, &vec!["-100".to_owned()]);
    }
}
