//! Command lines of clouds, hosting platforms and services.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::verbs::{self, Tool};
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Cloud:
    DELETE = Risky "cloud-delete",
        "it would delete something in the cloud",
        "list and describe it first, and let the operator delete it";
    OBJECTS = Risky "cloud-objects",
        "it would delete stored objects",
        "list them first, such as with `aws s3 ls`";
    SECRETS = Risky "service-delete",
        "it would delete data of a service",
        "make a snapshot first, and let the operator delete it";
    GRANT = Risky "cloud-grant",
        "it would give somebody rights or keys in the cloud",
        "say who needs what, and let the operator grant it";
    BACKUPS = Risky "backup-delete",
        "it would delete backups",
        "list them first, and let the operator delete them";
}

const AWS: Spec = Spec {
    short: "",
    long: &["profile", "region", "endpoint-url", "output", "query", "ca-bundle", "cli-read-timeout", "color"],
};
const GCLOUD: Spec = Spec {
    short: "",
    long: &[
        "project",
        "account",
        "configuration",
        "format",
        "zone",
        "region",
        "verbosity",
        "impersonate-service-account",
    ],
};
const AZ: Spec = Spec { short: "gno", long: &["name", "resource-group", "subscription", "output", "query"] };
const PLATFORM: Spec = Spec {
    short: "ackntpsR",
    long: &[
        "app",
        "config",
        "context",
        "token",
        "project",
        "scope",
        "site",
        "team",
        "org",
        "environment",
        "env",
        "repo",
        "access-token",
        "server",
        "namespace",
        "cluster",
        "region",
        "profile",
        "address",
        "host",
        "user",
    ],
};

static TOOLS: &[Tool] = &[
    Tool {
        names: &["aws", "awslocal"],
        options: AWS,
        verbs: &[
            (&["s3", "rm"], Some(&OBJECTS)),
            (&["s3", "rb"], Some(&OBJECTS)),
            (&["s3", "mv", "s3:…"], Some(&OBJECTS)),
            (&["s3api", "delete-…"], Some(&OBJECTS)),
            (&["*", "delete-…"], Some(&DELETE)),
            (&["*", "terminate-…"], Some(&DELETE)),
            (&["*", "batch-delete-…"], Some(&DELETE)),
            (&["*", "batch-delete"], Some(&DELETE)),
            (&["*", "destroy-…"], Some(&DELETE)),
            (&["*", "admin-delete-…"], Some(&DELETE)),
            (&["*", "admin-disable-…"], Some(&DELETE)),
            (&["*", "unsubscribe"], Some(&DELETE)),
            (&["*", "empty-…"], Some(&DELETE)),
            (&["*", "remove-…"], Some(&DELETE)),
            (&["*", "purge-…"], Some(&DELETE)),
            (&["*", "deregister-…"], Some(&DELETE)),
            (&["*", "disable-…"], Some(&DELETE)),
            (&["*", "detach-…"], Some(&DELETE)),
            (&["*", "revoke-…"], Some(&DELETE)),
            (&["*", "release-…"], Some(&DELETE)),
            (&["*", "schedule-key-deletion"], Some(&DELETE)),
            (&["*", "stop-…"], Some(&DELETE)),
            (&["*", "close-account"], Some(&DELETE)),
            (&["*", "leave-organization"], Some(&DELETE)),
            (&["*", "cancel-…"], Some(&DELETE)),
            (&["deploy", "delete-…"], Some(&DELETE)),
            (&["iam", "attach-…"], Some(&GRANT)),
            (&["iam", "put-…"], Some(&GRANT)),
            (&["iam", "create-access-key"], Some(&GRANT)),
            (&["iam", "create-user"], Some(&GRANT)),
            (&["iam", "create-policy-version"], Some(&GRANT)),
            (&["iam", "create-login-profile"], Some(&GRANT)),
            (&["iam", "add-user-to-group"], Some(&GRANT)),
            (&["iam", "update-assume-role-policy"], Some(&GRANT)),
            (&["s3api", "put-bucket-acl"], Some(&GRANT)),
            (&["s3api", "put-bucket-policy"], Some(&GRANT)),
            (&["ec2", "authorize-security-group-ingress"], Some(&GRANT)),
        ],
    },
    Tool {
        names: &["gcloud"],
        options: GCLOUD,
        verbs: &[
            (&["logging", "read"], None),
            (&["storage", "rm"], Some(&OBJECTS)),
            (&["storage", "**", "delete"], Some(&OBJECTS)),
            (&["**", "delete"], Some(&DELETE)),
            (&["**", "destroy"], Some(&DELETE)),
            (&["**", "remove-iam-policy-binding"], Some(&DELETE)),
            (&["**", "add-iam-policy-binding"], Some(&GRANT)),
            (&["**", "set-iam-policy"], Some(&GRANT)),
            (&["iam", "roles", "update"], Some(&GRANT)),
            (&["iam", "service-accounts", "keys", "create"], Some(&GRANT)),
            (&["**", "delete-…"], Some(&DELETE)),
            (&["compute", "instances", "stop"], Some(&DELETE)),
            (&["**", "services", "disable"], Some(&DELETE)),
            (&["**", "purge-queue"], Some(&DELETE)),
            (&["services", "disable"], Some(&DELETE)),
        ],
    },
    Tool {
        names: &["gsutil"],
        options: Spec { short: "ho", long: &[] },
        verbs: &[(&["rm"], Some(&OBJECTS)), (&["rb"], Some(&OBJECTS))],
    },
    Tool {
        names: &["bq"],
        options: Spec { short: "", long: &["project_id", "location", "dataset_id"] },
        verbs: &[(&["rm"], Some(&DELETE))],
    },
    Tool {
        names: &["az"],
        options: AZ,
        verbs: &[
            (&["**", "delete"], Some(&DELETE)),
            (&["**", "purge"], Some(&DELETE)),
            (&["**", "delete-batch"], Some(&OBJECTS)),
            (&["role", "assignment", "create"], Some(&GRANT)),
            (&["**", "keys", "renew"], Some(&GRANT)),
            (&["ad", "sp", "create-for-rbac"], Some(&GRANT)),
            (&["**", "delete-…"], Some(&DELETE)),
            (&["vm", "deallocate"], Some(&DELETE)),
            (&["vm", "stop"], Some(&DELETE)),
        ],
    },
    Tool {
        names: &["heroku"],
        options: PLATFORM,
        verbs: &[
            (&["…:destroy"], Some(&DELETE)),
            (&["destroy"], Some(&DELETE)),
            (&["pg:reset"], Some(&DELETE)),
            (&["…:delete"], Some(&DELETE)),
            (&["…:remove"], Some(&DELETE)),
            (&["config:unset"], Some(&DELETE)),
            (&["ps:scale", "…=0"], Some(&DELETE)),
        ],
    },
    Tool {
        names: &[
            "fly",
            "flyctl",
            "doctl",
            "linode-cli",
            "vercel",
            "now",
            "netlify",
            "wrangler",
            "firebase",
            "supabase",
            "hcloud",
            "oci",
            "scw",
            "openstack",
            "ibmcloud",
            "aliyun",
            "eb",
            "render",
            "railway",
            "civo",
            "exo",
            "vultr",
            "upctl",
            "nova",
            "glab",
            "confluent",
            "mongocli",
            "atlas",
            "neonctl",
            "pscale",
            "turso",
            "stripe",
            "cf",
            "databricks",
            "snow",
            "yc",
            "tccli",
            "amplify",
            "copilot",
            "ecs-cli",
            "cloudflared",
            "sentry-cli",
            "rosa",
            "jfrog",
            "jf",
        ],
        options: PLATFORM,
        verbs: &[
            (&["**", "delete"], Some(&DELETE)),
            (&["**", "destroy"], Some(&DELETE)),
            (&["**", "remove"], Some(&DELETE)),
            (&["**", "rm"], Some(&DELETE)),
            (&["**", "purge"], Some(&DELETE)),
            (&["rt", "del"], Some(&DELETE)),
            (&["**", "terminate"], Some(&DELETE)),
            (&["**", "…:delete"], Some(&DELETE)),
            (&["**", "…:disable"], Some(&DELETE)),
            (&["db", "reset"], Some(&DELETE)),
            (&["**", "db", "drop"], Some(&DELETE)),
            (&["…:remove"], Some(&DELETE)),
            (&["down"], Some(&DELETE)),
            (&["**", "…-delete"], Some(&DELETE)),
            (&["**", "revoke"], Some(&DELETE)),
            (&["**", "unset"], Some(&DELETE)),
            (&["**", "destroy-…"], Some(&DELETE)),
            (&["compute", "*", "d"], Some(&DELETE)),
            (&["apps", "d"], Some(&DELETE)),
            (&["databases", "d"], Some(&DELETE)),
            (&["kubernetes", "cluster", "d"], Some(&DELETE)),
            (&["**", "delete-…"], Some(&DELETE)),
        ],
    },
    Tool {
        names: &["gh"],
        options: PLATFORM,
        verbs: &[
            (&["api", "**"], None),
            (&["repo", "delete"], Some(&DELETE)),
            (&["repo", "archive"], Some(&DELETE)),
            (&["release", "delete"], Some(&DELETE)),
            (&["release", "delete-asset"], Some(&DELETE)),
            (&["secret", "…delete"], Some(&DELETE)),
            (&["secret", "remove"], Some(&DELETE)),
            (&["variable", "delete"], Some(&DELETE)),
            (&["issue", "delete"], Some(&DELETE)),
            (&["label", "delete"], Some(&DELETE)),
            (&["gist", "delete"], Some(&DELETE)),
            (&["codespace", "delete"], Some(&DELETE)),
            (&["cache", "delete"], Some(&DELETE)),
            (&["run", "delete"], Some(&DELETE)),
            (&["ssh-key", "delete"], Some(&DELETE)),
            (&["gpg-key", "delete"], Some(&DELETE)),
            (&["project", "delete"], Some(&DELETE)),
            (&["workflow", "disable"], Some(&DELETE)),
        ],
    },
    Tool {
        names: &["rclone"],
        options: Spec { short: "", long: &["config", "transfers", "include", "exclude"] },
        verbs: &[
            (&["purge"], Some(&OBJECTS)),
            (&["delete"], Some(&OBJECTS)),
            (&["deletefile"], Some(&OBJECTS)),
            (&["sync"], Some(&OBJECTS)),
            (&["rmdirs"], Some(&OBJECTS)),
            (&["cleanup"], Some(&OBJECTS)),
        ],
    },
    Tool {
        names: &["mc", "s3cmd", "s5cmd", "s4cmd", "b2", "mcli", "azcopy", "swift", "ossutil", "obsutil", "coscli"],
        options: Spec { short: "c", long: &["config", "endpoint-url"] },
        verbs: &[
            (&["rm"], Some(&OBJECTS)),
            (&["rb"], Some(&OBJECTS)),
            (&["del"], Some(&OBJECTS)),
            (&["remove"], Some(&OBJECTS)),
            (&["delete"], Some(&OBJECTS)),
            (&["delete-…"], Some(&OBJECTS)),
            (&["**", "rm"], Some(&OBJECTS)),
        ],
    },
    Tool {
        names: &["vault", "consul", "nomad", "bao"],
        options: PLATFORM,
        verbs: &[
            (&["**", "delete"], Some(&SECRETS)),
            (&["**", "destroy"], Some(&SECRETS)),
            (&["*", "disable"], Some(&SECRETS)),
            (&["*", "revoke"], Some(&SECRETS)),
            (&["*", "seal"], Some(&SECRETS)),
            (&["operator", "*"], Some(&SECRETS)),
            (&["job", "stop"], Some(&SECRETS)),
            (&["leave"], Some(&SECRETS)),
            (&["force-leave"], Some(&SECRETS)),
            (&["snapshot", "restore"], Some(&SECRETS)),
        ],
    },
    Tool {
        names: &["pass", "gopass"],
        options: NO_VALUES,
        verbs: &[(&["rm"], Some(&SECRETS)), (&["delete"], Some(&SECRETS))],
    },
    Tool {
        names: &["rabbitmqctl", "rabbitmqadmin", "nats", "pulsar-admin", "rpk"],
        options: PLATFORM,
        verbs: &[
            (&["**", "delete…"], Some(&SECRETS)),
            (&["**", "purge…"], Some(&SECRETS)),
            (&["**", "rm"], Some(&SECRETS)),
            (&["reset"], Some(&SECRETS)),
            (&["force_reset"], Some(&SECRETS)),
        ],
    },
    Tool {
        names: &["restic", "borg", "borgmatic", "kopia", "duplicity", "tarsnap", "tmutil", "duplicacy"],
        options: Spec { short: "rp", long: &["repo", "password-file"] },
        verbs: &[
            (&["forget"], Some(&BACKUPS)),
            (&["prune"], Some(&BACKUPS)),
            (&["delete…"], Some(&BACKUPS)),
            (&["*", "delete"], Some(&BACKUPS)),
            (&["remove-…"], Some(&BACKUPS)),
            (&["disable"], Some(&BACKUPS)),
        ],
    },
];

/// How many machines or tasks there shall be at least, at most, or now.
fn is_count(option: &str) -> bool {
    matches!(option, "--desired-count" | "--desired-capacity" | "--max-size")
}

/// `mutation { deleteRef(…) { … } }`
fn deletes_by_mutation(text: &str) -> bool {
    let verbs = ["delete", "remove", "archive", "transfer", "disable", "unlink"];
    text.contains("mutation") && verbs.iter().any(|verb| text.contains(verb))
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.words().last().is_some_and(|word| word == "help") && matches!(cmd.name(), "aws" | "awslocal") {
        return;
    }
    verbs::judge(TOOLS, cmd, report);
    match cmd.name() {
        "aws" | "awslocal" => {
            let args = Args::of(cmd, &AWS);
            let is_sync = args.operand(0) == "s3" && args.operand(1) == "sync";
            if cmd.words().iter().any(|word| {
                word.starts_with("--no-") && word.ends_with("-protection") || word == "--no-disable-api-termination"
            }) {
                report.add(&DELETE, "--no-…-protection");
            }
            let is_none = |pair: &[String]| is_count(&pair[0]) && pair[1] == "0";
            if cmd.words().windows(2).any(is_none) {
                report.add(&DELETE, "0");
            }
            if is_sync && args.exactly("delete") && !args.is_rehearsal() {
                report.add(&OBJECTS, "--delete");
            }
        }
        "gsutil" => {
            let is_mirror = cmd.has_word("rsync") && Args::of(cmd, &NO_VALUES).short_is("d") && !cmd.has_word("-n");
            if is_mirror {
                report.add(&OBJECTS, "rsync -d");
            }
        }
        "gh" | "glab" => forge(cmd, report),
        "kafka-topics" | "kafka-topics.sh" | "kafka-consumer-groups.sh" if cmd.has_word("--delete") => {
            report.add(&SECRETS, "--delete");
        }
        "kafka-consumer-groups" | "kafka-consumer-groups.sh"
            if cmd.has_word("--reset-offsets") && cmd.has_word("--execute") =>
        {
            report.add(&SECRETS, "--reset-offsets");
        }
        "kafka-configs" | "kafka-configs.sh"
            if cmd.has_word("--alter") && cmd.words().iter().any(|word| word.contains("retention.")) =>
        {
            report.add(&SECRETS, "retention");
        }
        "kafka-delete-records" => report.add(&SECRETS, ""),
        "tarsnap" if cmd.words().iter().any(|word| word == "-d" || word == "--nuke") => report.add(&BACKUPS, ""),
        _ => {}
    }
}

/// What holds for a repository on a server: who sees it, who may change it, what is kept.
fn forge(cmd: &Cmd<'_>, report: &mut Report) {
    match () {
        () if cmd.has_word("edit") && cmd.words().windows(2).any(|pair| pair == ["--visibility", "public"]) => {
            report.add(&GRANT, "--visibility public");
        }
        () if cmd.has_word("merge") && cmd.has_word("--admin") => report.add(&GRANT, "--admin"),
        () if cmd.has_word("sync") && cmd.has_word("repo") && cmd.has_word("--force") => report.add(&DELETE, "--force"),
        () if cmd.has_word("graphql") && cmd.words().iter().any(|word| deletes_by_mutation(word)) => {
            report.add(&DELETE, "mutation");
        }
        () if cmd.has_word("api") => {
            let args = Args::of(cmd, &Spec { short: "XfFH", long: &["method"] });
            let is_delete = args.values('X', "method").any(|method| method.eq_ignore_ascii_case("DELETE"));
            let gives = args
                .values('X', "method")
                .any(|method| matches!(method.to_ascii_uppercase().as_str(), "PUT" | "PATCH" | "POST"));
            let is_lock = ["permissions", "protection", "collaborators", "/hooks", "/keys", "/secrets", "rulesets"];
            if gives && is_lock.iter().any(|lock| args.operand(1).contains(lock)) {
                report.add(&GRANT, args.operand(1));
            }
            if is_delete {
                report.add(&DELETE, args.operand(1));
            }
        }
        () => {}
    }
}
