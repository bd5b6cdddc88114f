//! Cases in TOML.

use std::fs;

use crate::plugin;

#[test]
fn cases_are_tried_by_the_names_of_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let case = |name: &str, command: &str, answer: &str| {
        format!("[[case]]\nname = \"{name}\"\ncommand = \"{command}\"\nexpect = {{ answer = \"{answer}\" }}\n")
    };
    fs::write(folder.path().join("b.toml"), case("wrong", "ls", "deny")).unwrap();
    fs::write(folder.path().join("a.toml"), case("right", "rm -rf x", "deny")).unwrap();
    let outcomes = plugin("tiny-command-guard").try_cases(folder.path()).unwrap();
    assert_eq!(outcomes[0].problems, [""; 0], "{outcomes:?}");
    assert_eq!(outcomes[1].problems, ["the answer.answer is \"pass\", and \"deny\" was expected"]);
    fs::write(folder.path().join("c.toml"), "[[case]]\nname = \"x\"\ncolour = 1\n").unwrap();
    let refused = plugin("tiny-command-guard").try_cases(folder.path()).unwrap_err();
    assert!(refused.to_string().contains("colour"), "{refused}");
    assert!(plugin("tiny-command-guard").try_cases(folder.path().join("none")).unwrap().is_empty());
}

#[test]
fn a_case_lays_out_its_host_and_holds_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
[[case]]
name = "starts the next one"
execute = { type = "tiny-host", do = [{ trigger = "chain" }] }
expect = [{ finish = { message = "begun" } }]
host = { jobs = ["chain"], expect = { triggered = ["chain"], typed = [] } }

[[case]]
name = "asks nothing"

[[case]]
name = "starts what is not there"
execute = { type = "tiny-host", do = [{ trigger = "chain" }] }
host = { expect = { triggered = ["chain"] } }
"#;
    fs::write(folder.path().join("a.toml"), text).unwrap();
    let outcomes = plugin("tiny-host").try_cases(folder.path()).unwrap();
    assert_eq!(outcomes[0].problems, [""; 0]);
    assert!(outcomes[1].problems[0].contains("it asks nothing"), "{outcomes:?}");
    assert!(outcomes[2].problems[0].contains("the host.triggered"), "{outcomes:?}");
}
