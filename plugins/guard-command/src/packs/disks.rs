//! Disks, partitions, file systems, volumes.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::verbs::{self, Tool};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Disks:
    DEVICE = Catastrophic "disk-overwrite",
        "it would write over a disk or another device",
        "write an image file in the project, such as `dd if=/dev/zero of=./disk.img bs=1M count=10`";
    FORMAT = Catastrophic "disk-format",
        "it would make a new file system where data is",
        "look first with `lsblk -f`, and let the operator format it";
    PARTITION = Risky "disk-partition",
        "it would change partitions or volumes",
        "look first with `lsblk`, and let the operator change them";
    WIPE = Catastrophic "disk-wipe",
        "it would make everything on a disk unreadable",
        "look first with `lsblk`, and let the operator do it";
    VOLUME = Risky "volume-destroy",
        "it would destroy a volume, a pool or a snapshot",
        "look first with `zfs list` or `lvs`, and let the operator do it";
}

static TOOLS: &[Tool] = &[
    Tool {
        names: &["zpool", "zfs"],
        options: Spec { short: "ot", long: &[] },
        verbs: &[
            (&["destroy"], Some(&VOLUME)),
            (&["labelclear"], Some(&VOLUME)),
            (&["rollback"], Some(&VOLUME)),
            (&["create"], Some(&PARTITION)),
            (&["remove"], Some(&VOLUME)),
            (&["detach"], Some(&VOLUME)),
            (&["offline"], Some(&VOLUME)),
            (&["split"], Some(&VOLUME)),
        ],
    },
    Tool {
        names: &["btrfs"],
        options: NO_VALUES,
        verbs: &[
            (&["subvolume", "delete"], Some(&VOLUME)),
            (&["device", "remove"], Some(&VOLUME)),
            (&["device", "delete"], Some(&VOLUME)),
            (&["sub", "del"], Some(&VOLUME)),
            (&["check", "**"], None),
        ],
    },
    Tool {
        names: &["cryptsetup"],
        options: Spec { short: "chsdl", long: &["cipher", "hash", "key-size", "key-file", "type", "pbkdf"] },
        verbs: &[
            (&["luksFormat"], Some(&WIPE)),
            (&["erase"], Some(&WIPE)),
            (&["luksErase"], Some(&WIPE)),
            (&["luksKillSlot"], Some(&PARTITION)),
            (&["luksRemoveKey"], Some(&PARTITION)),
            (&["reencrypt"], Some(&WIPE)),
            (&["format"], Some(&WIPE)),
        ],
    },
    Tool {
        names: &["nvme"],
        options: Spec { short: "nl", long: &[] },
        verbs: &[
            (&["format"], Some(&WIPE)),
            (&["sanitize"], Some(&WIPE)),
            (&["write-…"], Some(&WIPE)),
            (&["delete-ns"], Some(&WIPE)),
        ],
    },
    Tool {
        names: &["diskutil"],
        options: NO_VALUES,
        verbs: &[
            (&["erase…"], Some(&FORMAT)),
            (&["partitionDisk"], Some(&FORMAT)),
            (&["secureErase"], Some(&WIPE)),
            (&["reformat"], Some(&FORMAT)),
            (&["zeroDisk"], Some(&WIPE)),
            (&["randomDisk"], Some(&WIPE)),
            (&["apfs", "delete…"], Some(&VOLUME)),
            (&["apfs", "eraseVolume"], Some(&FORMAT)),
            (&["unmountDisk"], Some(&PARTITION)),
        ],
    },
    Tool {
        names: &["fastboot", "heimdall"],
        options: NO_VALUES,
        verbs: &[
            (&["erase"], Some(&WIPE)),
            (&["format"], Some(&WIPE)),
            (&["flash"], Some(&WIPE)),
            (&["flashing"], Some(&WIPE)),
        ],
    },
    Tool {
        names: &["stratis", "vdo", "ceph", "rbd", "gluster", "drbdadm", "multipath"],
        options: NO_VALUES,
        verbs: &[
            (&["**", "destroy"], Some(&VOLUME)),
            (&["**", "delete"], Some(&VOLUME)),
            (&["**", "rm"], Some(&VOLUME)),
            (&["**", "remove"], Some(&VOLUME)),
            (&["**", "purge"], Some(&VOLUME)),
            (&["wipe-md"], Some(&VOLUME)),
        ],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    verbs::judge(TOOLS, cmd, report);
    if name.starts_with("mkfs")
        || name.starts_with("newfs_")
        || matches!(name, "mke2fs" | "mkswap" | "mkntfs" | "mkdosfs" | "newfs" | "mkexfatfs" | "mkudffs")
    {
        return format(cmd, report);
    }
    match name {
        "parted" => parted(cmd, report),
        "fdisk" | "sfdisk" | "cfdisk" | "gdisk" | "cgdisk" | "gpart" | "sgdisk" => partitions(cmd, report),
        _ => {
            wipes(cmd, report);
            volumes(cmd, report);
        }
    }
}

/// Programs that make a whole disk unreadable.
fn wipes(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let args = || Args::of(cmd, &NO_VALUES);
    let on_device = || args().operands.iter().any(|index| may_be_device(cmd, *index));
    let is_any = |test: &dyn Fn(&str) -> bool| cmd.words().iter().any(|word| test(word));
    match name {
        "wipefs" if args().short_is("n") || args().long_is("no-act") => {}
        "wipefs" if on_device() && (args().short_is("ao") || cmd.has_word("--all") || args().exactly("force")) => {
            report.add(&WIPE, args().operand(0));
        }
        "blkdiscard" if on_device() => report.add(&WIPE, args().operand(0)),
        "hdparm"
            if is_any(&|word| {
                ["--security-erase", "--write-sector", "--dco-", "--yes-i-know"]
                    .iter()
                    .any(|start| word.starts_with(start))
            }) =>
        {
            report.add(&WIPE, "--security-erase");
        }
        "badblocks" if args().short_is("w") => report.add(&WIPE, "-w"),
        "hdiutil" if matches!(args().operand(0), "erase" | "eraseKeys" | "resize") => {
            report.add(&WIPE, args().operand(0))
        }
        "ndctl" if args().operand(0).starts_with("destroy") => report.add(&WIPE, args().operand(0)),
        "systemd-cryptenroll" if is_any(&|word| word.starts_with("--wipe-slot")) => report.add(&WIPE, "--wipe-slot"),
        "ventoy" | "Ventoy2Disk.sh" if args().short_is("iI") && on_device() => report.add(&FORMAT, name),
        "woeusb" | "rpi-imager" if on_device() => report.add(&DEVICE, name),
        "asr" if cmd.has_word("restore") || cmd.has_word("--erase") => report.add(&FORMAT, name),
        "ddrescue" if args().operands.get(1).is_some_and(|index| may_be_device(cmd, *index)) => {
            report.add(&DEVICE, name);
        }
        "nwipe" | "dban" | "dcfldd" | "dc3dd" if on_device() || is_any(&|word| word.starts_with("of=/dev/")) => {
            report.add(&DEVICE, name);
        }
        "flashrom" if args().short_is("wE") || cmd.has_word("--erase") => report.add(&WIPE, name),
        _ => {}
    }
}

/// Editors of partition tables; what only shows them passes.
fn partitions(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    if cmd.name() == "sgdisk" {
        let shows = |word: &String| {
            matches!(
                word.as_str(),
                "-p" | "--print" | "-i" | "-v" | "--verify" | "-L" | "--list-types" | "-b" | "--backup"
            ) || !word.starts_with('-')
        };
        let zaps = args.any_long(&["zap-all", "zap"]) || cmd.has_word("-Z") || cmd.has_word("-o");
        if !cmd.words().iter().all(shows) {
            report.add(if zaps { &WIPE } else { &PARTITION }, "sgdisk");
        }
        return;
    }
    let only_shows = args.short_is("lVvdJsx") || args.any_long(&["list", "dump", "json", "help", "version", "verify"]);
    let on_device = args.operands.iter().any(|index| may_be_device(cmd, *index));
    if on_device && !only_shows {
        report.add(&PARTITION, cmd.name());
    }
}

/// Volumes, arrays and the file systems on them.
fn volumes(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let args = || Args::of(cmd, &NO_VALUES);
    let on_device = || args().operands.iter().any(|index| may_be_device(cmd, *index));
    match name {
        "lvresize" if args().short_is("f") || args().exactly("force") => report.add(&VOLUME, name),
        "lvremove" | "vgremove" | "pvremove" | "lvreduce" | "vgreduce" | "dmsetup" | "lvconvert" => {
            let only_shows =
                name == "dmsetup" && !matches!(args().operand(0), "remove" | "remove_all" | "wipe_table" | "clear");
            if !only_shows && !cmd.has_word("-t") && !cmd.has_word("--test") {
                report.add(&VOLUME, name);
            }
        }
        "mdadm"
            if args().any_long(&["zero-superblock", "stop", "create", "fail", "remove"]) || args().short_is("SC") =>
        {
            report.add(&VOLUME, "mdadm");
        }
        "resize2fs" | "tune2fs" | "xfs_repair" | "debugfs" | "ntfsfix" | "e2image" if on_device() => {
            let only_shows = cmd.has_word("-l") || cmd.has_word("-n") || (name == "debugfs" && !cmd.has_word("-w"));
            if !only_shows {
                report.add(&PARTITION, name);
            }
        }
        "e2fsck" | "fsck" | "fsck.ext4" | "fsck.xfs" | "fsck.vfat" | "reiserfsck"
            if on_device() && args().short_is("yfpa") && !args().short_is("n") =>
        {
            report.add(&PARTITION, name);
        }
        "growpart" if on_device() && !cmd.has_word("-N") && !cmd.has_word("--dry-run") => report.add(&PARTITION, name),
        "zerofree" if on_device() && !args().short_is("n") => report.add(&PARTITION, name),
        "partx" | "kpartx" | "addpart" | "delpart" if on_device() && (name == "delpart" || args().short_is("d")) => {
            report.add(&PARTITION, name);
        }
        "losetup" if args().short_is("dD") || args().long_is("detach") => report.add(&PARTITION, name),
        "swapoff" if cmd.has_word("-a") => report.add(&PARTITION, name),
        _ => {}
    }
}

fn may_be_device(cmd: &Cmd<'_>, index: usize) -> bool {
    matches!(cmd.place(index), Place::Device | Place::Unknown) || cmd.it.argv[index].starts_with("disk")
}

fn format(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "tLbmNEOUICTdinrs", long: &["type", "label", "uuid"] });
    let is_rehearsal = cmd.words().iter().any(|word| word == "-n" || word == "-V")
        && cmd.name() != "mkfs.vfat"
        && cmd.name() != "mkfs.fat";
    if is_rehearsal || args.is_rehearsal() {
        return;
    }
    for index in &args.operands {
        match cmd.place(*index) {
            Place::Device => report.add(&FORMAT, &cmd.it.argv[*index]),
            Place::Unknown => report.add(&PARTITION, &cmd.it.argv[*index]),
            _ => {}
        }
    }
}

fn parted(cmd: &Cmd<'_>, report: &mut Report) {
    const CHANGES: &[&str] = &[
        "mklabel",
        "mktable",
        "mkpart",
        "rm",
        "resizepart",
        "resize",
        "move",
        "name",
        "set",
        "toggle",
        "rescue",
        "mkfs",
        "mkpartfs",
        "disk_set",
        "type",
    ];
    let changes = cmd.words().iter().flat_map(|word| word.split(' ')).any(|word| CHANGES.contains(&word));
    let interactive = cmd.words().len() == 1 && cmd.words()[0].starts_with("/dev/");
    if changes || interactive {
        report.add(&PARTITION, "parted");
    }
}
