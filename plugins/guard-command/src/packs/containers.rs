//! Containers, their volumes and images.

use crate::args::{Args, Spec};
use crate::guess;
use crate::packs::verbs::{self, Tool};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Containers:
    PRUNE = Risky "container-prune",
        "it would remove everything that does not run at the moment",
        "look first with `docker system df`, then remove by name";
    FORCE_REMOVE = Risky "container-remove",
        "it would remove a container with what it has written",
        "stop it with `docker stop`, look, then remove it with `docker rm`";
    VOLUME = Risky "volume-remove",
        "it would remove a volume with its data",
        "look first with `docker volume inspect`, and copy what is in it";
    IMAGES = Risky "image-remove",
        "it would remove images that may exist nowhere else",
        "look first with `docker images`, then remove by name";
    ALL = Risky "container-all",
        "it would stop or remove every container of the machine",
        "name the containers you mean, after `docker ps`";
    COMPOSE = Risky "compose-down-volumes",
        "it would remove the volumes with their data",
        "use `docker compose down`, which keeps the volumes";
    CLUSTER = Risky "swarm-remove",
        "it would remove services or nodes",
        "look first with `docker service ls`, and let the operator do it";
    HOST = Risky "container-host-access",
        "it would give the container power over the host",
        "mount only the project, such as with `docker run -v ./data:/data`";
}

const DOCKER: Spec = Spec {
    short: "Hclfpn",
    long: &[
        "host",
        "context",
        "config",
        "log-level",
        "file",
        "project-name",
        "filter",
        "profile",
        "project-directory",
        "url",
        "connection",
        "env-file",
        "time",
        "signal",
    ],
};

static TOOLS: &[Tool] = &[Tool {
    names: &[
        "docker",
        "podman",
        "nerdctl",
        "docker-compose",
        "podman-compose",
        "finch",
        "ctr",
        "lxc",
        "incus",
        "virsh",
        "multipass",
        "limactl",
        "colima",
        "crictl",
        "buildah",
        "qm",
        "pct",
        "VBoxManage",
        "machinectl",
        "vboxmanage",
    ],
    options: DOCKER,
    verbs: &[
        (&["system", "prune"], Some(&PRUNE)),
        (&["system", "reset"], Some(&PRUNE)),
        (&["machine", "rm"], Some(&VOLUME)),
        (&["machine", "reset"], Some(&VOLUME)),
        (&["container", "prune"], Some(&PRUNE)),
        (&["pod", "prune"], Some(&PRUNE)),
        (&["volume", "rm"], Some(&VOLUME)),
        (&["volume", "remove"], Some(&VOLUME)),
        (&["volume", "prune"], Some(&VOLUME)),
        (&["swarm", "leave"], Some(&CLUSTER)),
        (&["stack", "rm"], Some(&CLUSTER)),
        (&["stack", "down"], Some(&CLUSTER)),
        (&["service", "rm"], Some(&CLUSTER)),
        (&["node", "rm"], Some(&CLUSTER)),
        (&["secret", "rm"], Some(&CLUSTER)),
        (&["config", "rm"], Some(&CLUSTER)),
        (&["context", "rm"], Some(&CLUSTER)),
        (&["network", "prune"], Some(&PRUNE)),
        (&["pod", "rm"], Some(&FORCE_REMOVE)),
        (&["delete"], Some(&FORCE_REMOVE)),
        (&["undefine"], Some(&FORCE_REMOVE)),
        (&["destroy"], Some(&FORCE_REMOVE)),
        (&["unregistervm"], Some(&FORCE_REMOVE)),
        (&["purge"], Some(&FORCE_REMOVE)),
        (&["vol-delete"], Some(&VOLUME)),
        (&["factory-reset"], Some(&PRUNE)),
        (&["rm", "--all"], Some(&ALL)),
        (&["remove"], Some(&FORCE_REMOVE)),
        (&["delsnapshot"], Some(&VOLUME)),
        (&["des…"], Some(&FORCE_REMOVE)),
        (&["pool-delete"], Some(&VOLUME)),
        (&["pool-destroy"], Some(&VOLUME)),
        (&["snapshot-delete"], Some(&VOLUME)),
    ],
}];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    if !TOOLS[0].names.contains(&name) && name != "docker-machine" {
        return;
    }
    verbs::judge(TOOLS, cmd, report);
    let args = Args::of(cmd, &DOCKER);
    let Some(first) = args.operands.first() else { return };
    let (noun, verb) = (args.operand(0), args.operand(1));
    let rest = cmd.from(*first);
    let inner = Args::of(&rest, &Spec { short: "", long: &["filter", "time", "signal", "file"] });
    let is_forced = inner.short_is("f") || inner.exactly("force");
    let is_all = inner.short_is("a") || inner.any_long(&["all", "prune"]);
    match (noun, verb) {
        ("rm", _) | ("container", "rm" | "remove") | ("pod", "rm") => {
            let with_volumes = inner.short_is("v") || inner.exactly("volumes");
            if is_forced || is_all || with_volumes || is_of_all(&rest) {
                report.add(if is_of_all(&rest) || is_all { &ALL } else { &FORCE_REMOVE }, verb);
            }
        }
        ("rmi", _) | ("image" | "images" | "i", "rm" | "remove" | "del") if is_forced || is_all || is_of_all(&rest) => {
            report.add(&IMAGES, verb)
        }
        ("image", "prune") if is_all => report.add(&IMAGES, "prune -a"),
        ("builder" | "buildx", "prune") if is_all => report.add(&PRUNE, "prune -a"),
        ("stop" | "kill" | "restart" | "pause", _) | ("container", "stop" | "kill") if is_of_all(&rest) || is_all => {
            report.add(&ALL, noun);
        }
        ("compose", _) => compose(&args, &rest, report),
        ("run" | "create", _) | ("container", "run" | "create") => host_access(&rest, report),
        _ => {}
    }
    if name.ends_with("-compose") {
        compose(&args, cmd, report);
    }
}

/// The names come from a list of all: `$(docker ps -q)`, `xargs`.
fn is_of_all(cmd: &Cmd<'_>) -> bool {
    let dynamic = cmd.it.argv.iter().enumerate().filter(|(index, _)| cmd.is_dynamic(*index));
    let lists = |word: &String| {
        [" ps", " images", " container ls", " image ls", " volume ls"].iter().any(|list| word.contains(list))
            && !word.contains("filter")
    };
    cmd.it.more_words || dynamic.map(|(_, word)| word).any(lists)
}

fn compose(args: &Args<'_>, cmd: &Cmd<'_>, report: &mut Report) {
    let verb = args.operand_words().find(|word| *word != "compose").unwrap_or_default();
    let after: Vec<&String> = cmd.it.argv.iter().skip_while(|word| *word != verb).collect();
    let has = |letter: char, long: &str| {
        after.iter().any(|word| {
            let is_cluster = word.starts_with('-') && !word.starts_with("--") && word.contains(letter);
            is_cluster || word.as_str() == long
        })
    };
    if args.is_rehearsal() {
        return;
    }
    match verb {
        "down" if has('v', "--volumes") => report.add(&COMPOSE, "down -v"),
        "down" if after.iter().any(|word| word.as_str() == "--rmi=all" || word.as_str() == "all") => {
            report.add(&IMAGES, "down --rmi all")
        }
        "rm" if has('v', "--volumes") => report.add(&COMPOSE, "rm -v"),
        "kill" => {}
        _ => {}
    }
}

/// `docker run hashicorp/terraform destroy`: the image is the program.
fn tool_image(cmd: &Cmd<'_>, report: &mut Report) {
    const TOOLS: &[(&str, &str)] = &[
        ("terraform", "terraform"),
        ("opentofu", "tofu"),
        ("helm", "helm"),
        ("kubectl", "kubectl"),
        ("aws-cli", "aws"),
        ("pulumi", "pulumi"),
        ("psql", "psql"),
    ];
    let words = cmd.words();
    let tool_of = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word).split(':').next().unwrap_or(word);
        TOOLS.iter().find(|(image, _)| *image == name).map(|(_, tool)| (*tool).to_owned())
    };
    let found = words.iter().enumerate().find_map(|(at, word)| Some((at, tool_of(word)?)));
    if let Some((at, tool)) = found.filter(|_| !cmd.scene.is_guess) {
        let rest = words[at + 1..].iter().cloned();
        guess::judge_words(std::iter::once(tool).chain(rest).collect(), cmd.scene.places, report);
    }
}

fn host_access(cmd: &Cmd<'_>, report: &mut Report) {
    tool_image(cmd, report);
    let args = Args::of(
        cmd,
        &Spec {
            short: "vweup",
            long: &["volume", "mount", "pid", "cap-add", "ipc", "userns", "security-opt", "device", "network", "name"],
        },
    );
    let is_off = args.values(' ', "privileged").any(|value| value == "false");
    if args.exactly("privileged") && !is_off {
        report.add(&HOST, "--privileged");
    }
    let is_host = |name: &str| args.values(' ', name).any(|value| value == "host");
    if is_host("pid") || is_host("ipc") || is_host("userns") {
        report.add(&HOST, "host");
    }
    if args.values(' ', "cap-add").any(|cap| matches!(cap, "ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE")) {
        report.add(&HOST, "--cap-add");
    }
    let unconfined = |value: &str| value.ends_with("unconfined") || value.ends_with("label=disable");
    if args.values(' ', "security-opt").any(unconfined) {
        report.add(&HOST, "--security-opt");
    }
    let is_disk = |value: &str| {
        ["/dev/sd", "/dev/nvme", "/dev/vd", "/dev/hd", "/dev/mem", "/dev/disk"]
            .iter()
            .any(|disk| value.starts_with(disk))
    };
    if args.values(' ', "device").any(is_disk) {
        report.add(&HOST, "--device");
    }
    let mounts = args.values('v', "volume").chain(args.values(' ', "mount"));
    for mount in mounts {
        let source =
            mount.split(',').find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")));
        let source = source.unwrap_or_else(|| mount.split(':').next().unwrap_or(mount));
        let is_path = source.starts_with(['/', '~', '.', '$']);
        if !is_path {
            continue;
        }
        let place = cmd.scene.places.of_word(source, cmd.it.cwd.as_deref(), source.contains('$'), false);
        let is_read_only = mount.ends_with(":ro") || mount.contains("readonly");
        match place {
            Place::Root | Place::Home | Place::SystemTop | Place::Device => report.add(&HOST, source),
            Place::System if !is_read_only && !source.ends_with(".sock") => report.add(&HOST, source),
            // Who talks to the daemon of the containers is root of the host, read-only or not.
            _ if ["/docker.sock", "/containerd.sock", "/podman.sock"].iter().any(|end| source.ends_with(end)) => {
                report.add(&HOST, source);
            }
            Place::Guarded if !is_read_only => report.add(&super::itself::SETTINGS, source),
            _ => {}
        }
    }
}
