//! The WebSocket: what lives, what it prints, and typing into it.

use instar_tests::{Agent, Client, Server, Socket};
use serde_json::{Value, json};

const WS: &str = "/ws";

fn agent(value: &str) -> (Agent, Server) {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": value}
    }]));
    let server = agent.start();
    (agent, server)
}

fn open(server: &Server) -> Socket {
    Socket::open(server.client(), WS, &[]).expect("the socket opens")
}

fn start(server: &Server) -> (String, String) {
    let run = server.trigger("a");
    let session = server.running_run(&run)["session"].as_str().expect("a session").to_owned();
    (run, session)
}

#[track_caller]
fn refusal(client: &Client, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    Socket::open(client, path, headers).map(|_| ()).expect_err("a refusal")
}

fn shows(words: &str) -> impl Fn(&Value) -> bool {
    move |message| message["type"] == "output" && message["data"].as_str().is_some_and(|data| data.contains(words))
}

#[test]
fn only_those_with_the_token_and_no_foreign_page_get_in() {
    let (agent, server) = agent("true");
    let client = server.client();
    let [nobody, guesser] = [None, Some("wrong")].map(|token| client.with_token(token));
    assert_eq!(refusal(&nobody, WS, &[]), 401);
    assert_eq!(refusal(&nobody, &format!("{WS}?token={}", agent.token()), &[]), 401);
    assert_eq!(refusal(&guesser, WS, &[]), 403);
    assert_eq!(refusal(client, WS, &[("origin", "http://evil.example")]), 403);
    assert_eq!(refusal(client, WS, &[("host", "evil.example")]), 403);
    let plain = client.get(WS);
    assert!(plain.status == 400 && plain.json["error"].is_string(), "{plain:?}");
    assert_eq!(open(&server).receive(), json!({"type": "sessions", "sessions": []}));
}

#[test]
fn subscriber_sees_the_output_as_it_changes_and_the_end_once() {
    let (_agent, server) = agent("echo ready; read line; echo \"got <$line>\"; read line; echo bye");
    let mut socket = open(&server);
    assert_eq!(socket.receive()["sessions"], json!([]));
    let (_, name) = start(&server);
    let running = |message: &Value| message["sessions"][0]["status"] == "running";
    let session = socket.until(running)["sessions"][0].clone();
    assert_eq!((&session["name"], &session["jobSlug"]), (&json!(name), &json!("a")), "{session:#}");
    // By each of its names, and each answer has the name that was used.
    for key in ["name", "id", "tmuxSession"] {
        socket.send(&json!({"type": "subscribe", "session": session[key]}));
        let (mut is_shown, mut is_subscribed) = (false, false);
        while !(is_shown && is_subscribed) {
            let message = socket.until(|message| message["session"] == session[key]);
            is_shown |= shows("ready")(&message);
            is_subscribed |= message["type"] == "subscribed";
        }
        if key != "tmuxSession" {
            socket.send(&json!({"type": "unsubscribe", "session": session[key]}));
            assert_eq!(socket.until_type("unsubscribed")["session"], session[key]);
        }
    }
    let tmux_name = &session["tmuxSession"];
    socket.send(&json!({"type": "input", "session": tmux_name, "text": "-x; $(date)"}));
    let ack = json!({"type": "input_ack", "session": tmux_name, "success": true});
    assert_eq!(socket.until_type("input_ack"), ack);
    assert_eq!(socket.until(shows("got <-x; $(date)>"))["session"], *tmux_name);
    for key in ["y", ";", "Enter"] {
        socket.send(&json!({"type": "key", "session": tmux_name, "key": key}));
        assert_eq!(socket.until_type("input_ack"), ack);
    }
    let mut messages = vec![socket.receive()];
    while messages.last().is_some_and(|message| message["type"] != "session_ended") {
        messages.push(socket.receive());
    }
    assert!(messages.iter().any(shows("bye")), "{messages:#?}");
    assert!(messages.contains(&json!({"type": "sessions", "sessions": []})), "{messages:#?}");
    socket.send(&json!({"type": "input", "session": tmux_name, "text": "late"}));
    let late = socket.until_type("input_ack");
    assert!(late["success"] == false && late["error"].as_str().is_some_and(|why| why.contains("ended")), "{late}");
    // One who comes late sees the end of it too.
    let mut late = open(&server);
    late.receive();
    late.send(&json!({"type": "subscribe", "session": name}));
    let messages = [late.receive(), late.receive(), late.receive()];
    assert!(shows("bye")(&messages[0]), "{messages:?}");
    assert_eq!((&messages[1]["type"], &messages[2]["type"]), (&json!("subscribed"), &json!("session_ended")));
}

#[test]
fn interrupt_key_ends_the_command() {
    let (_agent, server) = agent("echo ready; exec sleep 300");
    let mut socket = open(&server);
    let (run, name) = start(&server);
    socket.send(&json!({"type": "subscribe", "session": name}));
    socket.until(shows("ready"));
    socket.send(&json!({"type": "key", "session": name, "key": "C-c"}));
    socket.until_type("session_ended");
    assert_eq!(server.ended_run(&run)["signal"], "SIGINT");
}

#[test]
fn what_is_not_understood_is_an_error_and_the_connection_goes_on() {
    let (_agent, server) = agent("echo ready; sleep 60");
    let (_, name) = start(&server);
    let mut socket = open(&server);
    for text in [
        "not json",
        "null",
        r#"{"type":"dance"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","session":"nobody"}"#,
        r#"{"type":"input","session":"nobody","text":"x"}"#,
        r#"{"type":"subscribe","session":"../x"}"#,
    ] {
        socket.send_text(text);
        let error = socket.until_type("error");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}: {error}");
    }
    for key in ["M-x", "C-Space", "", "Enter Enter"] {
        socket.send(&json!({"type": "key", "session": name, "key": key}));
        assert_eq!(socket.until_type("input_ack")["success"], false, "{key:?}");
    }
    socket.send(&json!({"type": "input", "session": name, "text": "\u{1b}[A"}));
    assert_eq!(socket.until_type("input_ack")["success"], false);
    socket.send(&json!({"type": "ping"}));
    assert_eq!(socket.receive(), json!({"type": "pong"}));
    socket.send_text(&"x".repeat(300 * 1024));
    socket.closed();
    assert_eq!(server.client().get("/health").status, 200);
}

#[test]
fn only_so_many_clients_are_connected_and_their_places_come_back() {
    let (_agent, server) = agent("true");
    let sockets: Vec<_> = (0..32).map(|_| open(&server)).collect();
    assert_eq!(Socket::open(server.client(), WS, &[]).map(|_| ()), Err(503));
    drop(sockets);
    instar_tests::until_some("a free place", || Socket::open(server.client(), WS, &[]).ok());
}

#[test]
fn clients_are_told_when_the_server_ends_and_do_not_hold_it_up() {
    let (agent, server) = agent("true");
    let mut socket = open(&server);
    socket.receive();
    assert!(server.stop().success());
    assert_eq!(socket.closed(), Some(1001));
    // What does hold up the end is cut off at its limit, and the server says so.
    let printed = std::fs::read_to_string(agent.path("server-output.log")).expect("the server printed");
    assert!(printed.contains("stopped") && !printed.contains("cut off"), "{printed}");
}
