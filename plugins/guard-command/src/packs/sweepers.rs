//! Programs whose whole purpose is to throw away: cleaners, factory resets, finders of doubles, wastebaskets.
//!
//! Nobody can list them all: what their words say by themselves is in `strangers`.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::overwrite;
use crate::packs::system::POWER;
use crate::packs::verbs::{self, Tool};
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Filesystem:
    SWEEP = Risky "sweep",
        "it would throw away many things at once, and nobody can bring them back",
        "list first what would go, and let the operator do it";
}

static TOOLS: &[Tool] = &[
    Tool { names: &["dvc"], options: NO_VALUES, verbs: &[(&["gc"], Some(&SWEEP)), (&["remove"], None)] },
    Tool {
        names: &["trash", "gio", "gomi", "lb", "trash-cli"],
        options: NO_VALUES,
        verbs: &[(&["empty"], Some(&SWEEP)), (&["trash", "--empty"], Some(&SWEEP))],
    },
    Tool { names: &["chezmoi"], options: NO_VALUES, verbs: &[(&["purge"], Some(&SWEEP))] },
    Tool {
        names: &["rustup", "juliaup", "pyenv", "ghcup"],
        options: NO_VALUES,
        verbs: &[(&["self", "uninstall"], Some(&SWEEP)), (&["nuke"], Some(&SWEEP))],
    },
    Tool {
        names: &["nix", "nix-store"],
        options: Spec { short: "", long: &["store"] },
        verbs: &[(&["store", "delete"], Some(&SWEEP))],
    },
    Tool {
        names: &["conda", "mamba", "micromamba"],
        options: Spec { short: "np", long: &["name", "prefix"] },
        verbs: &[(&["env", "remove"], Some(&SWEEP))],
    },
    Tool {
        names: &["snapper", "timeshift", "rusnapshot", "yabsnap"],
        options: Spec { short: "c", long: &["config", "snapshot"] },
        verbs: &[(&["delete"], Some(&SWEEP)), (&["delete-all"], Some(&SWEEP))],
    },
    Tool {
        names: &["ykman", "gpg-card", "nitropy", "tpm2"],
        options: NO_VALUES,
        verbs: &[(&["**", "reset"], Some(&SWEEP)), (&["clear"], Some(&SWEEP))],
    },
    Tool {
        names: &[
            "lando",
            "ddev",
            "docksal",
            "fin",
            "loft",
            "vcluster",
            "devpod",
            "krunvm",
            "apptainer",
            "crane",
            "gcrane",
            "skopeo",
            "regctl",
            "oras",
            "ko",
            "ia",
            "kaggle",
            "doppler",
            "quickemu",
            "mlflow",
            "wandb",
        ],
        options: Spec { short: "np", long: &["project", "config", "namespace"] },
        verbs: &[(&["delete"], Some(&SWEEP)), (&["*", "delete"], Some(&SWEEP)), (&["gc"], Some(&SWEEP))],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.words().is_empty() && !matches!(cmd.name(), "trash-empty" | "steamos-factory-reset" | "lprm") {
        return;
    }
    verbs::judge(TOOLS, cmd, report);
    if let Some(about) = sweeps(cmd).filter(|_| !Args::of(cmd, &NO_VALUES).is_rehearsal()) {
        return report.add(&SWEEP, about);
    }
    if cmd.name() == "osascript" {
        apple_script(cmd, report);
    }
}

/// Programs that say it by an option.
fn sweeps(cmd: &Cmd<'_>) -> Option<&'static str> {
    let args = || Args::of(cmd, &NO_VALUES);
    let has = |word: &str| cmd.has_word(word);
    let about = match cmd.name() {
        "fdupes" | "jdupes" if args().short_is("d") || args().exactly("delete") => "--delete",
        "fclones" if matches!(args().operand(0), "remove") => "remove",
        "rdfind" if has("-deleteduplicates") && has("true") => "-deleteduplicates true",
        "czkawka" | "czkawka_cli" if has("-D") || has("--delete-method") => "--delete-method",
        "rmlint" if has("-c") && cmd.words().iter().any(|word| word.contains(":remove")) => "sh:remove",
        "rmlint.sh" if args().short_is("d") => "-d",
        "trash-empty" | "steamos-factory-reset" | "steamos-factory-reset-config" => "",
        "nix-collect-garbage" if args().short_is("d") || args().exactly("delete-old") => "-d",
        "conda" | "mamba" | "micromamba" if has("remove") && has("--all") => "remove --all",
        "timeshift" if has("--delete-all") || has("--delete") => "--delete",
        "postsuper" if args().short_is("d") => "-d",
        "exim" | "exim4" if has("-Mrm") => "-Mrm",
        "lprm" | "cancel" if has("-") || has("-a") => "all jobs",
        "7z" | "7za" | "7zr" if has("-sdel") => "-sdel",
        "gphoto2" if has("--delete-all-files") => "--delete-all-files",
        "gio" if has("trash") && has("--empty") => "trash --empty",
        "bleachbit" | "bleachbit_console" if args().short_is("c") || has("--clean") => "--clean",
        "transmission-remote" if has("--remove-and-delete") => "--remove-and-delete",
        "ansible" if cmd.words().iter().any(|word| word.contains("state=absent")) => "state=absent",
        _ => return None,
    };
    Some(about)
}

fn apple_script(cmd: &Cmd<'_>, report: &mut Report) {
    let text = cmd.words().join(" ").to_ascii_lowercase();
    if ["empty trash", "empty the trash", "delete every", "erase", " to delete "]
        .iter()
        .any(|phrase| text.contains(phrase))
    {
        report.add(&SWEEP, "Finder");
    }
    if text.contains("make login item") || text.contains("make new login item") {
        report.add(&overwrite::STARTUP, "System Events");
    }
    if ["to shut down", "to restart", "to log out", "to sleep"].iter().any(|phrase| text.contains(phrase)) {
        report.add(&POWER, "System Events");
    }
}
