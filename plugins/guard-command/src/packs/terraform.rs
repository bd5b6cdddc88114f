//! Infrastructure as code.

use crate::args::{Args, Spec};
use crate::packs::verbs::{self, Tool};
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Terraform:
    DESTROY = Risky "infra-destroy",
        "it would tear down infrastructure",
        "look first with `terraform plan -destroy`, and let the operator destroy it";
    UNSEEN_APPLY = Risky "infra-apply-unseen",
        "it would change infrastructure without anybody having seen the plan",
        "show the plan with `terraform plan` or `pulumi preview`, and let the operator apply it";
    STATE = Risky "infra-state",
        "it would change what is known of the infrastructure",
        "look first with `terraform state list`, and keep a copy with `terraform state pull`";
}

const TERRAFORM: Spec = Spec {
    short: "",
    long: &["var", "var-file", "target", "backend-config", "replace", "state", "terragrunt-working-dir", "working-dir"],
};
const PULUMI: Spec = Spec { short: "Cs", long: &["cwd", "stack", "config-file", "color"] };
const OTHER: Spec = Spec {
    short: "sracpf",
    long: &["stage", "region", "app", "context", "profile", "name", "template", "stack-name", "config"],
};

static TOOLS: &[Tool] = &[
    Tool {
        names: &["terraform", "tofu", "terragrunt", "tf", "opentofu", "terramate"],
        options: TERRAFORM,
        verbs: &[
            (&["destroy"], Some(&DESTROY)),
            (&["**", "destroy"], Some(&DESTROY)),
            (&["destroy-all"], Some(&DESTROY)),
            (&["state", "rm"], Some(&STATE)),
            (&["state", "push"], Some(&STATE)),
            (&["state", "replace-provider"], Some(&STATE)),
            (&["workspace", "delete"], Some(&STATE)),
            (&["force-unlock"], Some(&STATE)),
            (&["taint"], Some(&STATE)),
        ],
    },
    Tool {
        names: &["pulumi"],
        options: PULUMI,
        verbs: &[
            (&["destroy"], Some(&DESTROY)),
            (&["down"], Some(&DESTROY)),
            (&["stack", "rm"], Some(&STATE)),
            (&["state", "delete"], Some(&STATE)),
            (&["cancel"], Some(&STATE)),
        ],
    },
    Tool {
        names: &["cdk", "cdktf", "cdklocal", "sst"],
        options: OTHER,
        verbs: &[(&["destroy"], Some(&DESTROY)), (&["remove"], Some(&DESTROY))],
    },
    Tool {
        names: &[
            "serverless",
            "sls",
            "sam",
            "vagrant",
            "amplify",
            "chalice",
            "zappa",
            "kitchen",
            "molecule",
            "crossplane",
            "rke",
        ],
        options: OTHER,
        verbs: &[
            (&["remove"], Some(&DESTROY)),
            (&["destroy"], Some(&DESTROY)),
            (&["delete"], Some(&DESTROY)),
            (&["undeploy"], Some(&DESTROY)),
        ],
    },
    Tool { names: &["azd"], options: OTHER, verbs: &[(&["down"], Some(&DESTROY))] },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    verbs::judge(TOOLS, cmd, report);
    match cmd.name() {
        "terraform" | "tofu" | "terragrunt" | "tf" | "opentofu" => {
            let args = Args::of(cmd, &TERRAFORM);
            let keeps = |args: &Args<'_>| args.exactly("out") || args.exactly("o");
            if args.operand_words().any(|word| word == "plan")
                && args.exactly("destroy")
                && keeps(&args)
                && applies_too(cmd)
            {
                return report.add(&DESTROY, "plan -destroy -out");
            }
            let applies = args.operand_words().any(|word| word == "apply" || word == "apply-all");
            if applies && args.exactly("destroy") {
                report.add(&DESTROY, "apply -destroy");
            } else if applies && says_yes(cmd) {
                report.add(&UNSEEN_APPLY, "yes");
            } else if applies && args.any_long(&["auto-approve", "terragrunt-non-interactive", "non-interactive"]) {
                report.add(&UNSEEN_APPLY, "-auto-approve");
            }
        }
        "pulumi" => {
            let args = Args::of(cmd, &PULUMI);
            let applies = matches!(args.operand(0), "up" | "update" | "refresh");
            if applies && (args.short_is("yf") || args.any_long(&["yes", "skip-preview"])) {
                report.add(&UNSEEN_APPLY, "--yes");
            }
        }
        "cdk" | "cdktf" => {
            let args = Args::of(cmd, &OTHER);
            let unasked = cmd.has_word("--require-approval=never")
                || cmd.words().windows(2).any(|pair| pair == ["--require-approval", "never"]);
            if args.operand(0) == "deploy" && (unasked || args.exactly("auto-approve")) {
                report.add(&UNSEEN_APPLY, "deploy");
            }
        }
        _ => {}
    }
}

/// The same text applies a plan.
fn applies_too(cmd: &Cmd<'_>) -> bool {
    cmd.scene.cmds().any(|other| other.name() == cmd.name() && other.has_word("apply"))
}

/// The question is answered before it is asked: `yes | terraform apply`.
fn says_yes(cmd: &Cmd<'_>) -> bool {
    let is_given = cmd.it.stdin.as_deref().is_some_and(|text| text.trim_start().starts_with(['y', 'Y']));
    is_given || cmd.sources().iter().any(|source| source.name() == "yes")
}
