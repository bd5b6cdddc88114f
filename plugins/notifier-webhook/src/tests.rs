//! What each service is asked, and what its answers lead to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use instar_plugin_sdk::http::{Body, FetchError, Request, Response};
use instar_plugin_sdk::notifier::{Address, Attachment, Message, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, Origin, Severity, double, secrets};
use serde_json::{Value, json};

use crate::Webhook;
use crate::config::Config;

type Answers = Rc<RefCell<VecDeque<Result<Response, FetchError>>>>;

/// Places that take everything, but for the answers that are laid out first.
struct Places {
    asked: Rc<RefCell<Vec<Request>>>,
    answers: Answers,
}

impl Places {
    fn new() -> Self {
        let places = Self { asked: Rc::default(), answers: Answers::default() };
        let (asked, answers) = (Rc::clone(&places.asked), Rc::clone(&places.answers));
        double::answer_http(move |request| {
            asked.borrow_mut().push(request.clone());
            answers.borrow_mut().pop_front().unwrap_or_else(|| Ok(response(200, &[], "ok")))
        });
        places
    }

    fn will_answer(&self, answer: Result<Response, FetchError>) {
        self.answers.borrow_mut().push_back(answer);
    }

    fn asked(&self) -> Vec<Request> {
        self.asked.take()
    }

    /// Which hosts were asked since the last look.
    fn hosts(&self) -> Vec<String> {
        self.asked().iter().map(|request| request.url.split('/').nth(2).unwrap().to_owned()).collect()
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.as_bytes().to_vec() }
}

fn config(json: Value) -> Config {
    serde_json::from_value(json).unwrap()
}

fn context() -> CallCtx {
    CallCtx { origin: Origin::Plugin, trace_id: String::new(), job: None, session: None, now_ms: 1_700_000_000_000 }
}

fn message(title: &str, body: &str) -> Message {
    Message {
        id: "m-1".to_owned(),
        to: None,
        severity: Severity::High,
        title: title.to_owned(),
        body_markdown: body.to_owned(),
        choices: Vec::new(),
        attachments: Vec::new(),
        edit_of: None,
        reply_to: None,
        silent: false,
    }
}

fn to(conversation: &str, thread: Option<&str>) -> Option<Address> {
    Some(Address { conversation: conversation.to_owned(), thread: thread.map(str::to_owned) })
}

fn deliver(config: &Config, message: &Message, part: u32) -> Result<Receipt, Failure> {
    Webhook::deliver(&context(), config, message, part)
}

/// All parts, one after the other.
fn deliver_all(config: &Config, message: &Message) -> Result<Vec<Receipt>, Failure> {
    let mut receipts = Vec::new();
    loop {
        let receipt = deliver(config, message, u32::try_from(receipts.len()).unwrap())?;
        let more = receipt.more;
        receipts.push(receipt);
        if !more {
            return Ok(receipts);
        }
    }
}

fn json_of(request: &Request) -> Value {
    let Body::Bytes(bytes) = &request.body else { panic!("{request:?}") };
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn slack_gets_its_own_marks_at_its_own_url() {
    let places = Places::new();
    let receipts =
        deliver_all(&config(json!({ "slack": { "path": "T0/B0" } })), &message("Job", "**no** <b>")).unwrap();
    assert_eq!(receipts, [Receipt::whole("")]);
    let [asked] = places.asked().try_into().unwrap();
    assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "https://hooks.slack.com/services/T0/B0/{slack}"));
    assert_eq!(asked.credentials, ["slack"]);
    assert_eq!(json_of(&asked)["text"], "🔴 *Job*\n\n*no* &lt;b&gt;");
}

#[test]
fn discord_gets_parts_of_its_size_and_calls_nobody() {
    let places = Places::new();
    let config = config(json!({ "discord": { "id": "42" } }));
    let told = Message { silent: true, to: to("discord", Some("7")), ..message("", &"word @everyone ".repeat(300)) };
    places.will_answer(Ok(response(200, &[], r#"{"id": "901"}"#)));
    let receipts = deliver_all(&config, &told).unwrap();
    assert_eq!((receipts.len(), receipts[0].provider_id.as_str()), (3, "901"));
    let asked = places.asked();
    assert_eq!(asked[0].url, "https://discord.com/api/webhooks/42/{discord}?wait=true&thread_id=7");
    let texts: Vec<_> = asked.iter().map(|request| json_of(request)["content"].as_str().unwrap().to_owned()).collect();
    assert!(texts.iter().all(|text| text.chars().count() <= 2000));
    assert_eq!(texts.join(" ").matches("@everyone").count(), 300);
    assert_eq!(json_of(&asked[0])["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(json_of(&asked[0])["flags"], 4096);
    assert_eq!(deliver(&config, &told, 3).unwrap_err().code, "no-such-part");
}

#[test]
fn mattermost_calls_nobody_and_its_server_is_named_by_the_operator() {
    let places = Places::new();
    let config = config(json!({ "mattermost": { "channel": "ops" } }));
    deliver_all(&config, &message("", "@channel **look**")).unwrap();
    let [asked] = places.asked().try_into().unwrap();
    assert_eq!(asked.url, "https://mattermost.invalid/hooks/{mattermost}");
    assert_eq!(json_of(&asked), json!({ "text": "🔴 @\u{200b}channel **look**", "channel": "ops" }));
    let failure = Failure::new("dns", "no such name").retryable();
    places.will_answer(Err(FetchError { failure, sent: false }));
    let failure = deliver(&config, &message("", "x"), 0).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("no-server", false));
    assert!(failure.message.contains("mattermost.invalid"), "{}", failure.message);
}

#[test]
fn push_services_get_title_and_priority_apart() {
    let places = Places::new();
    let both = config(json!({ "ntfy": {}, "gotify": {} }));
    double::set_secret("ntfy-token", b"tk");
    let told = Message { severity: Severity::Critical, ..message("Größe & mehr", "text") };
    deliver_all(&both, &told).unwrap();
    let [ntfy, gotify] = places.asked().try_into().unwrap();
    assert_eq!(ntfy.url, "https://ntfy.sh/{ntfy}?markdown=yes&priority=5&title=Gr%C3%B6%C3%9Fe%20%26%20mehr");
    assert_eq!(ntfy.credentials, ["ntfy", "ntfy-token"]);
    assert_eq!(ntfy.body, Body::Bytes(b"text".to_vec()));
    assert_eq!(
        (gotify.url.as_str(), &gotify.credentials[..]),
        ("https://gotify.invalid/message", &["gotify".to_owned()][..])
    );
    assert_eq!((&json_of(&gotify)["title"], &json_of(&gotify)["priority"]), (&json!("Größe & mehr"), &json!(9)));
    let long = Message { id: "m-2".to_owned(), to: to("ntfy", None), ..message("t", &"ä ".repeat(3000)) };
    deliver_all(&both, &long).unwrap();
    let asked = places.asked();
    assert_eq!(asked.len(), 3);
    let fits = |request: &Request| matches!(&request.body, Body::Bytes(bytes) if bytes.len() <= 4096);
    assert!(asked.iter().all(fits));
    assert!(!asked[1].url.contains("title"));
}

#[test]
fn json_is_whole_and_signed_by_time_and_bytes() {
    let places = Places::new();
    let config = config(json!({ "url": "https://x.org/in?a=b" }));
    let file = Attachment { name: "a.txt".into(), mime: "text/plain".into(), size: 3, blob: "b-0".into() };
    let told = Message { attachments: vec![file], ..message("t", "*b*") };
    deliver_all(&config, &told).unwrap();
    let [unsigned] = places.asked().try_into().unwrap();
    assert!(unsigned.headers.iter().all(|(name, _)| name != "x-instar-signature"));
    double::set_secret("signing", b"key");
    deliver_all(&config, &told).unwrap();
    let [asked] = places.asked().try_into().unwrap();
    assert_eq!(asked.url, "https://x.org/in?a=b");
    assert_eq!(
        json_of(&asked),
        json!({
            "id": "m-1", "severity": "high", "title": "t", "body": "*b*", "silent": false,
            "files": [{ "name": "a.txt", "mime": "text/plain", "size": 3 }],
        })
    );
    let header = |name: &str| asked.headers.iter().find(|(header, _)| header == name).unwrap().1.clone();
    assert_eq!(header("idempotency-key"), "m-1");
    let Body::Bytes(bytes) = &asked.body else { panic!("{asked:?}") };
    let signed = [header("x-instar-timestamp").as_bytes(), b".", bytes.as_slice()].concat();
    let tag: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&header("x-instar-signature")[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert!(secrets::verify_hmac_sha256("signing", &signed, &tag).unwrap());
}

#[test]
fn what_passes_is_tried_again_and_what_is_refused_is_not() {
    let places = Places::new();
    let config = config(json!({ "slack": { "path": "T0/B0" } }));
    let check = |answer: Result<Response, FetchError>, code: &str, retry: Option<Option<u64>>| {
        places.will_answer(answer);
        let failure = deliver(&config, &message("", "x"), 0).unwrap_err();
        let found = failure.retryable.then_some(failure.retry_after_ms);
        assert_eq!((failure.code.as_str(), found), (code, retry), "{}", failure.message);
    };
    check(Ok(response(429, &[("retry-after", "7")], "")), "rate-limited", Some(Some(7000)));
    check(Ok(response(429, &[("retry-after", "Sat, 1 Jan")], "")), "rate-limited", Some(Some(30_000)));
    check(Ok(response(429, &[], r#"{"retry_after": 0.5}"#)), "rate-limited", Some(Some(500)));
    check(Ok(response(503, &[("retry-after", "2")], "")), "unavailable", Some(Some(2000)));
    check(Ok(response(500, &[], "oops")), "unavailable", Some(None));
    check(Ok(response(302, &[], "")), "moved", None);
    check(Ok(response(404, &[], "no_service")), "unauthorized", None);
    check(Ok(response(400, &[], "invalid_payload")), "refused", None);
    let broken = || Failure::new("broken", "it broke").retryable();
    check(Err(FetchError { failure: broken(), sent: true }), "maybe-sent", Some(None));
    check(Err(FetchError { failure: broken(), sent: false }), "broken", Some(None));
    check(Err(FetchError { failure: Failure::new("not-set", "no secret"), sent: false }), "not-set", None);
}

#[test]
fn a_place_that_is_out_of_reach_holds_nobody_else_back() {
    let places = Places::new();
    let config = config(json!({ "slack": { "path": "T0/B0" }, "discord": { "id": "42" }, "gotify": {} }));
    let told = message("", "x");
    places.will_answer(Ok(response(503, &[], "")));
    assert!(deliver(&config, &told, 0).unwrap().more);
    assert_eq!(places.hosts(), ["hooks.slack.com", "discord.com"]);
    // The host died before it kept the receipt.
    assert!(deliver(&config, &told, 0).unwrap().more);
    assert_eq!(places.hosts(), ["gotify.invalid"]);
    places.will_answer(Ok(response(429, &[("retry-after", "3")], "")));
    assert_eq!(deliver(&config, &told, 1).unwrap_err().retry_after_ms, Some(3000));
    assert!(!deliver(&config, &told, 1).unwrap().more);
    assert_eq!(places.hosts(), ["hooks.slack.com", "hooks.slack.com"]);
    assert!(!deliver(&config, &told, 1).unwrap().more, "what was told is told again");
    assert_eq!(places.hosts(), Vec::<String>::new());
}

#[test]
fn a_place_that_refuses_is_named_when_the_others_were_told() {
    let places = Places::new();
    let config = config(json!({ "slack": { "path": "T0/B0" }, "gotify": {} }));
    places.will_answer(Ok(response(404, &[], "no_service")));
    assert!(deliver(&config, &message("", "x"), 0).unwrap().more);
    let failure = deliver(&config, &message("", "x"), 1).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("refused", false));
    assert!(failure.message.contains("Slack") && failure.message.contains("no_service"), "{}", failure.message);
    assert_eq!(places.hosts(), ["hooks.slack.com", "gotify.invalid"]);
}

#[test]
fn an_address_names_one_place() {
    let places = Places::new();
    let config = config(json!({ "slack": { "path": "T0/B0" }, "gotify": {} }));
    let ask = |conversation, thread| deliver(&config, &Message { to: to(conversation, thread), ..message("", "x") }, 0);
    assert!(!ask("gotify", None).unwrap().more);
    assert_eq!(places.hosts(), ["gotify.invalid"]);
    assert_eq!(ask("matrix", None).unwrap_err().code, "bad-address");
    assert_eq!(ask("slack", Some("7")).unwrap_err().code, "no-threads");
}

#[test]
fn a_probe_names_the_secret_that_is_missing() {
    let config = config(json!({ "slack": { "path": "T0/B0" }, "url": "https://x.org" }));
    let failure = Webhook::probe(&context(), &config).unwrap_err();
    assert!(failure.message.contains("instar secret set notifier-webhook/slack"), "{}", failure.message);
    double::set_secret("slack", b"s");
    assert!(Webhook::probe(&context(), &config).unwrap().contains("Slack, the URL"));
    assert_eq!(Webhook::probe(&context(), &Config::default()).unwrap_err().code, "no-place");
}
