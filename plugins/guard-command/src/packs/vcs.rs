//! Version control other than git.

use crate::args::{Args, NO_VALUES};
use crate::packs::git::{DISCARD, PUSH_FORCE, REF_DELETE, REWRITE};
use crate::rule::Report;
use crate::scene::Cmd;

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let args = || Args::of(cmd, &NO_VALUES);
    match cmd.name() {
        "hg" => match args().operand(0) {
            "strip" | "histedit" => report.add(&REWRITE, "hg"),
            "purge" | "revert" if args().any_long(&["all"]) || args().operand(0) == "purge" => {
                report.add(&DISCARD, "hg");
            }
            "update" | "checkout" if args().short_is("C") || args().exactly("clean") => report.add(&DISCARD, "hg"),
            "push" if args().short_is("f") || args().exactly("force") => report.add(&PUSH_FORCE, "hg"),
            _ => {}
        },
        "svn" => match args().operand(0) {
            "delete" | "rm" | "remove" if args().operand_words().any(|word| word.contains("://")) => {
                report.add(&REF_DELETE, "svn");
            }
            "revert" if args().short_is("R") || args().exactly("recursive") => report.add(&DISCARD, "svn"),
            "cleanup" if args().exactly("remove-unversioned") => report.add(&DISCARD, "svn"),
            _ => {}
        },
        "svnadmin" if args().operand(0) == "rmtxns" => report.add(&REWRITE, "svnadmin"),
        "jj" if cmd.has_word("push") && (cmd.has_word("--deleted") || cmd.has_word("--delete")) => {
            report.add(&REF_DELETE, "jj");
        }
        "jj" if args().operand(0) == "abandon" => report.add(&DISCARD, "jj"),
        "jj" if args().operand(0) == "op" && args().operand(1) == "abandon" => report.add(&REWRITE, "jj"),
        "p4" if matches!(args().operand(0), "obliterate" | "revert") => report.add(&DISCARD, "p4"),
        "fossil" if matches!(args().operand(0), "scrub" | "purge") => report.add(&REWRITE, "fossil"),
        _ => {}
    }
}
