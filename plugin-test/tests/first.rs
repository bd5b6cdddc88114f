use instar_plugin_test::{Action, FinishVerdict, Plugin};
use serde_json::json;

/// What `instar plugin build` made, or the folder of its project.
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/plugins/execute-script.wasm");

fn plugin() -> Plugin {
    Plugin::built(BUILT).expect("it is built").with_native_code_in(env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn a_script_that_fails_fails_its_job() {
    let loaded = plugin().load().expect("it takes its configuration");
    let mut run = loaded.run(&json!({ "type": "script", "value": "./tidy.sh" }));
    let actions = run.start().expect("it takes the job");
    assert!(matches!(&actions[..], [Action::Launch(launch)] if launch.argv.concat().contains("./tidy.sh")));
    let actions = run.exited(3, "no space left\n").expect("it judges the end");
    assert!(matches!(&actions[..], [Action::Finish { verdict: FinishVerdict::Failed, .. }]));
}

#[test]
fn whatever_is_handed_over_it_answers() {
    let attacked = plugin().with_execute(json!({ "type": "script", "value": "./tidy.sh" })).attack();
    assert_eq!(attacked.expect("it takes its configuration").faults, [""; 0]);
}
