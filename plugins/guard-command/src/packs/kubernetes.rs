//! Kubernetes and what is deployed to it.

use crate::args::{Args, Spec};
use crate::packs::verbs::{self, Tool};
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Kubernetes:
    DELETE = Risky "kube-delete",
        "it would delete something in the cluster",
        "look first with `kubectl get` and try it with `--dry-run=server`";
    DISTURB = Risky "kube-disturb",
        "it would take a workload or a node out of service",
        "look first with `kubectl get pods -o wide`, and let the operator do it";
    UNINSTALL = Risky "helm-uninstall",
        "it would remove a release with all that it made",
        "look first with `helm status`, and let the operator remove it";
    GRANT = Risky "kubernetes-grant",
        "it would give somebody rights in the cluster",
        "say who needs what, and let the operator grant it";
    CLUSTER = Risky "cluster-delete",
        "it would remove a whole cluster or what is stored in it",
        "let the operator remove it";
}

const KUBECTL: Spec = Spec {
    short: "nfscol",
    long: &[
        "namespace",
        "context",
        "cluster",
        "kubeconfig",
        "user",
        "server",
        "token",
        "filename",
        "selector",
        "container",
        "output",
        "as",
        "as-group",
        "request-timeout",
        "kubelet-certificate-authority",
        "kube-context",
        "field-selector",
    ],
};

static TOOLS: &[Tool] = &[
    Tool {
        names: &["kubectl", "oc", "k", "kubecolor", "k3s", "microk8s", "minikube-kubectl"],
        options: KUBECTL,
        verbs: &[
            (&["delete"], Some(&DELETE)),
            (&["create", "clusterrolebinding"], Some(&GRANT)),
            (&["create", "rolebinding"], Some(&GRANT)),
            (&["kubectl", "delete"], Some(&DELETE)),
            (&["drain"], Some(&DISTURB)),
            (&["adm", "drain"], Some(&DISTURB)),
            (&["taint"], Some(&DISTURB)),
            (&["evict"], Some(&DISTURB)),
            (&["reset"], Some(&CLUSTER)),
        ],
    },
    Tool {
        names: &["helm", "helm3"],
        options: KUBECTL,
        verbs: &[
            (&["uninstall"], Some(&UNINSTALL)),
            (&["delete"], Some(&UNINSTALL)),
            (&["un"], Some(&UNINSTALL)),
            (&["del"], Some(&UNINSTALL)),
        ],
    },
    Tool {
        names: &["helmfile", "skaffold", "tilt", "kapp", "kustomize", "werf", "devspace"],
        options: Spec { short: "enlfp", long: &["environment", "namespace", "selector", "file", "profile"] },
        verbs: &[
            (&["destroy"], Some(&UNINSTALL)),
            (&["delete"], Some(&UNINSTALL)),
            (&["dismiss"], Some(&UNINSTALL)),
            (&["purge"], Some(&UNINSTALL)),
        ],
    },
    Tool {
        names: &["kubeadm", "k3s-uninstall.sh", "k3s-agent-uninstall.sh", "k3s-killall.sh", "k0s"],
        options: KUBECTL,
        verbs: &[(&["reset"], Some(&CLUSTER))],
    },
    Tool {
        names: &[
            "eksctl",
            "kops",
            "argocd",
            "flux",
            "velero",
            "istioctl",
            "cilium",
            "linkerd",
            "rancher",
            "talosctl",
            "longhornctl",
            "kubevirt",
            "virtctl",
            "tkn",
            "argo",
            "kustomize",
            "kind",
            "minikube",
            "k3d",
        ],
        options: KUBECTL,
        verbs: &[
            (&["**", "delete"], Some(&CLUSTER)),
            (&["uninstall"], Some(&CLUSTER)),
            (&["uninstall", "…"], Some(&CLUSTER)),
            (&["reset"], Some(&CLUSTER)),
        ],
    },
    Tool {
        names: &["etcdctl"],
        options: Spec { short: "", long: &["endpoints", "cacert", "cert", "key", "user"] },
        verbs: &[(&["del"], Some(&CLUSTER)), (&["rm"], Some(&CLUSTER)), (&["*", "remove"], Some(&CLUSTER))],
    },
];

/// What in a manifest gives a workload the machine it runs on, or somebody the whole cluster.
fn power_over_nodes(manifest: &str) -> Option<&'static str> {
    let plain: String =
        manifest.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'')).collect();
    let found = ["privileged:true", "hostPID:true", "hostIPC:true", "name:cluster-admin"]
        .into_iter()
        .find(|part| plain.contains(part));
    found.or_else(|| plain.contains("hostPath:path:/").then_some("hostPath"))
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    verbs::judge(TOOLS, cmd, report);
    match cmd.name() {
        "helm" | "helm3"
            if cmd.words().iter().any(|word| word.ends_with("replicas=0") || word.ends_with("replicaCount=0")) =>
        {
            report.add(&DISTURB, "replicas=0");
        }
        "k3s-uninstall.sh" | "k3s-agent-uninstall.sh" | "k3s-killall.sh" | "rke2-uninstall.sh" => {
            report.add(&CLUSTER, cmd.name());
        }
        "kubectl" | "oc" | "kubecolor" | "k" => {
            let args = Args::of(cmd, &KUBECTL);
            if args.is_rehearsal() {
                return;
            }
            let verb = args.operand(0);
            let to_nothing =
                cmd.has_word("--replicas=0") || cmd.words().windows(2).any(|pair| pair == ["--replicas", "0"]);
            if (verb == "scale" && to_nothing) || (verb == "replace" && args.any_long(&["force"])) {
                report.add(&DISTURB, verb);
            }
            let frees = cmd.words().iter().any(|word| word.contains("finalizers") && word.contains("null"));
            if verb == "patch" && frees {
                report.add(&DELETE, "finalizers");
            }
            if verb == "apply" && args.exactly("prune") {
                report.add(&DELETE, "--prune");
            }
            let is_node = args.operand_words().any(|word| word.starts_with("node/"));
            let frees_pods = cmd.words().iter().any(|word| word.ends_with("enforce=privileged"));
            if verb == "debug" && is_node || verb == "label" && frees_pods {
                report.add(&GRANT, verb);
            }
            if verb == "config" && args.operand(1).starts_with("delete-") {
                report.add(&DELETE, args.operand(1));
            }
            let overrides = cmd.words().iter().map(String::as_str).filter(|word| word.contains('{'));
            let read = cmd.it.stdin.as_deref().filter(|_| matches!(verb, "apply" | "create" | "replace"));
            // A manifest that the text itself wrote.
            let written =
                cmd.scene.code.iter().filter(|code| code.language == "yaml" && code.command as usize == cmd.index);
            let written = written.map(|code| code.text.as_str());
            if let Some(about) = overrides.chain(read).chain(written).find_map(power_over_nodes) {
                report.add(&GRANT, about);
            }
        }
        _ => {}
    }
}
