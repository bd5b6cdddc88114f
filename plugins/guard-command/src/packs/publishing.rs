//! Publishing packages for the world to see, and withdrawing them.

use crate::args::{Args, Spec};
use crate::packs::verbs::{self, Tool};
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Publishing:
    PUBLISH = Risky "publish",
        "it would publish for the world, and a version can never be published again",
        "look first at what would be published, such as with `npm publish --dry-run`";
    WITHDRAW = Risky "unpublish",
        "it would withdraw what others depend on",
        "publish a mended version, and let the operator withdraw the old one";
    OWNERS = Risky "publish-rights",
        "it would change who may publish",
        "let the operator change it";
}

const NPM: Spec = Spec {
    short: "Cwf",
    long: &[
        "prefix",
        "registry",
        "tag",
        "access",
        "workspace",
        "otp",
        "filter",
        "userconfig",
        "loglevel",
        "dir",
        "cwd",
    ],
};
const CARGO: Spec = Spec {
    short: "pjZFC",
    long: &[
        "package",
        "manifest-path",
        "registry",
        "token",
        "features",
        "target",
        "target-dir",
        "config",
        "vers",
        "version",
        "index",
    ],
};
const PYTHON: Spec =
    Spec { short: "rup", long: &["repository", "repository-url", "username", "password", "project", "directory"] };

static TOOLS: &[Tool] = &[
    Tool {
        names: &["npm", "pnpm", "yarn", "bun", "cnpm", "yarnpkg"],
        options: NPM,
        verbs: &[
            (&["publish"], Some(&PUBLISH)),
            (&["npm", "publish"], Some(&PUBLISH)),
            (&["workspace", "*", "publish"], Some(&PUBLISH)),
            (&["workspace", "*", "npm", "publish"], Some(&PUBLISH)),
            (&["workspaces", "**", "publish"], Some(&PUBLISH)),
            (&["unpublish"], Some(&WITHDRAW)),
            (&["deprecate"], Some(&WITHDRAW)),
            (&["dist-tag", "rm"], Some(&WITHDRAW)),
            (&["dist-tag", "add"], Some(&OWNERS)),
            (&["tag", "add"], Some(&OWNERS)),
            (&["owner", "add"], Some(&OWNERS)),
            (&["owner", "rm"], Some(&OWNERS)),
            (&["access", "list"], None),
            (&["access", "ls-…"], None),
            (&["access", "get"], None),
            (&["access", "*"], Some(&OWNERS)),
            (&["team", "destroy"], Some(&OWNERS)),
            (&["profile", "disable-2fa"], Some(&OWNERS)),
            (&["token", "revoke"], Some(&OWNERS)),
            (&["token", "delete"], Some(&OWNERS)),
            (&["token", "create"], Some(&OWNERS)),
            (&["stage", "publish"], Some(&PUBLISH)),
        ],
    },
    Tool {
        names: &[
            "lerna",
            "changeset",
            "nx",
            "semantic-release",
            "release-it",
            "np",
            "jsr",
            "rush",
            "beachball",
            "auto",
            "shipjs",
        ],
        options: NPM,
        verbs: &[(&["publish"], Some(&PUBLISH)), (&["release"], Some(&PUBLISH)), (&["shipit"], Some(&PUBLISH))],
    },
    Tool {
        names: &["cargo"],
        options: CARGO,
        verbs: &[
            (&["publish"], Some(&PUBLISH)),
            (&["+…", "publish"], Some(&PUBLISH)),
            (&["workspaces", "publish"], Some(&PUBLISH)),
            (&["ws", "publish"], Some(&PUBLISH)),
            (&["yank"], Some(&WITHDRAW)),
            (&["+…", "yank"], Some(&WITHDRAW)),
        ],
    },
    Tool {
        names: &["fastlane"],
        options: NPM,
        verbs: &[
            (&["**", "release"], Some(&PUBLISH)),
            (&["**", "deploy"], Some(&PUBLISH)),
            (&["deliver"], Some(&PUBLISH)),
            (&["supply"], Some(&PUBLISH)),
            (&["pilot", "upload"], Some(&PUBLISH)),
        ],
    },
    Tool { names: &["twine"], options: PYTHON, verbs: &[(&["upload"], Some(&PUBLISH))] },
    Tool {
        names: &[
            "poetry", "uv", "flit", "hatch", "pdm", "maturin", "rye", "deno", "vsce", "ovsx", "stack", "dart",
            "flutter", "clojars", "wally", "esy", "opam", "bob",
        ],
        options: PYTHON,
        verbs: &[
            (&["publish"], Some(&PUBLISH)),
            (&["pub", "publish"], Some(&PUBLISH)),
            (&["upload"], Some(&PUBLISH)),
            (&["unpublish"], Some(&WITHDRAW)),
        ],
    },
    Tool {
        names: &["gem"],
        options: Spec { short: "vkp", long: &["version", "key", "host"] },
        verbs: &[(&["push"], Some(&PUBLISH)), (&["yank"], Some(&WITHDRAW)), (&["owner"], Some(&OWNERS))],
    },
    Tool {
        names: &["mvn", "mvnw", "gradle", "gradlew", "sbt", "lein", "mill"],
        options: Spec { short: "fpPD", long: &["file", "project-dir"] },
        verbs: &[
            (&["**", "deploy"], Some(&PUBLISH)),
            (&["**", "…:deploy"], Some(&PUBLISH)),
            (&["**", "publish"], Some(&PUBLISH)),
            (&["**", "…:publish"], Some(&PUBLISH)),
            (&["**", "release:perform"], Some(&PUBLISH)),
            (&["**", "publishSigned"], Some(&PUBLISH)),
            (&["**", "publishPlugins"], Some(&PUBLISH)),
            (&["**", "publishAllPublications…"], Some(&PUBLISH)),
            (&["**", "publishToSonatype"], Some(&PUBLISH)),
        ],
    },
    Tool {
        names: &["dotnet", "nuget"],
        options: Spec { short: "ks", long: &["api-key", "source"] },
        verbs: &[
            (&["nuget", "push"], Some(&PUBLISH)),
            (&["nuget", "delete"], Some(&WITHDRAW)),
            (&["push"], Some(&PUBLISH)),
            (&["delete"], Some(&WITHDRAW)),
        ],
    },
    Tool {
        names: &["mix"],
        options: Spec { short: "", long: &[] },
        verbs: &[(&["hex.publish"], Some(&PUBLISH)), (&["hex.retire"], Some(&WITHDRAW))],
    },
    Tool {
        names: &[
            "pod",
            "cabal",
            "luarocks",
            "anaconda",
            "conda",
            "rockspec",
            "goreleaser",
            "docker-credential",
            "snapcraft",
            "charmcraft",
            "npm-publish",
            "conan",
        ],
        options: Spec { short: "", long: &[] },
        verbs: &[
            (&["trunk", "push"], Some(&PUBLISH)),
            (&["trunk", "delete"], Some(&WITHDRAW)),
            (&["upload"], Some(&PUBLISH)),
            (&["release"], Some(&PUBLISH)),
        ],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if matches!(cmd.name(), "cargo") && cmd.words().iter().any(|word| word == "-n") {
        return;
    }
    let stays_here = |word: &String| word == "--snapshot" || word.starts_with("--skip=") && word.contains("publish");
    if cmd.name() == "goreleaser" && cmd.words().iter().any(stays_here) {
        return;
    }
    verbs::judge(TOOLS, cmd, report);
    match cmd.name() {
        "semantic-release" | "np" if !is_shown(cmd) => report.add(&PUBLISH, cmd.name()),
        "cargo" => {
            let args = Args::of(cmd, &CARGO);
            if args.operand(0) == "release" && (args.exactly("execute") || args.short_is("x")) {
                report.add(&PUBLISH, "release");
            }
            if args.operand(0) == "owner" && args.any_long(&["add", "remove"]) {
                report.add(&OWNERS, "owner");
            }
        }
        _ => {}
    }
}

/// It tells what it would do.
fn is_shown(cmd: &Cmd<'_>) -> bool {
    let shows = |word: &String| word.starts_with("--dry") || matches!(word.as_str(), "-d" | "--help" | "--preview");
    cmd.words().iter().any(shows)
}
