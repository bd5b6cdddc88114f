//! What the parser finds in texts, in the notation of [`show`].

use instar_core::command::{Found, SimpleCommand};
use instar_shell::{File, Files, World, parse};
use proptest::prelude::*;

/// A few files of a project.
struct Project;

impl Files for Project {
    fn read(&self, path: &str) -> Option<File> {
        let text = match path {
            "/p/x.sh" => "#!/bin/bash\nrm -rf \"$1\"\n",
            "/p/x.py" => "#!/usr/bin/env python3\nimport shutil\n",
            "/p/loop.sh" => "./loop.sh\n",
            _ => return None,
        };
        Some(File { text: text.to_owned(), sha256: "0".repeat(64), complete: true })
    }

    fn has_folder(&self, path: &str) -> Option<bool> {
        Some(!path.contains("missing"))
    }
}

fn found(text: &str) -> Found {
    let world = World { cwd: "/p", home: Some("/home/u"), project_root: Some("/p"), temp_dir: "/tmp", files: &Project };
    parse(text, &world)
}

/// Words between spaces; `?` behind what only run time tells, `*` behind patterns, `+` where words may follow.
fn show(command: &SimpleCommand) -> String {
    let mark = |index: usize, word: &String| {
        let index = u32::try_from(index).expect("few words");
        let dynamic = if command.dynamic.contains(&index) { "?" } else { "" };
        let pattern = if command.patterns.contains(&index) { "*" } else { "" };
        format!("{word}{dynamic}{pattern}")
    };
    let words: Vec<String> = command.argv.iter().enumerate().map(|(index, word)| mark(index, word)).collect();
    words.join(" ") + if command.more_words { " +" } else { "" }
}

/// The text is understood, and among its commands is this one.
#[track_caller]
fn runs(text: &str, wanted: &str) {
    let found = found(text);
    let all: Vec<String> = found.commands.iter().map(show).collect();
    assert!(all.iter().any(|shown| shown == wanted), "{text}: {wanted:?} is not among {all:#?}");
    assert!(found.complete, "{text} was not understood");
}

/// The text is understood, and its commands are these.
#[track_caller]
fn is_only(text: &str, wanted: &[&str]) {
    let found = found(text);
    let all: Vec<String> = found.commands.iter().map(show).collect();
    assert_eq!(all, wanted, "{text}");
    assert!(found.complete, "{text} was not understood");
}

const RM: &str = "rm -rf /";

#[test]
fn quotes_and_spellings_of_words_do_not_hide_a_command() {
    for text in [
        "rm -rf /",
        r"\rm -rf /",
        r#"r""m -rf "/""#,
        "'rm' -rf /",
        "r'm' -r\"f\" /",
        "/bin/rm -rf /",
        "//usr/../bin/rm -rf /",
        "$'\\x72m' -rf /",
        "$'\\162\\155' -rf $'/'",
        "rm \\\n -rf \\\n /",
        "{rm,-rf,/}",
        "rm${IFS}-rf${IFS}/",
        "IFS=,; X=rm,-rf,/; $X",
        "X=rm; $X -rf /",
        "X=r Y=m; $X$Y -rf /",
        "A=(rm -rf /); \"${A[@]}\"",
        "X='rm -rf /'; $X",
        "X=xrm; ${X:1} -rf /",
        "X=rmm; ${X%m} -rf /",
        "X=RM; ${X,,} -rf /",
        "X=Y; Y=rm; ${!X} -rf /",
        "set -- rm -rf /; \"$@\"",
        "X=r; X+=m; $X -rf /",
        "for c in rm; do $c -rf /; done",
        "if true; then X=rm; else X=ls; fi; $X -rf /",
        "ls && X=rm; $X -rf /",
    ] {
        runs(text, RM);
    }
}

#[test]
fn wrappers_are_taken_off() {
    for text in [
        "sudo rm -rf /",
        "sudo -u root -- nice -n 5 env A=b rm -rf /",
        "doas rm -rf /",
        "nohup rm -rf / &",
        "timeout 5 rm -rf /",
        "stdbuf -oL setsid ionice -c 3 rm -rf /",
        "time rm -rf /",
        "command rm -rf /",
        "exec rm -rf /",
        "builtin exec rm -rf /",
        "busybox rm -rf /",
        "strace -f rm -rf /",
        "A=b rm -rf /",
        "env -S 'rm -rf /'",
        "! rm -rf /",
    ] {
        runs(text, RM);
    }
    let found = found("sudo -E env FOO=1 nice rm x");
    assert_eq!(found.commands[0].wrappers, ["sudo", "env", "nice"]);
    assert_eq!(found.commands[0].assignments, [("FOO".to_owned(), "1".to_owned())]);
}

#[test]
fn texts_that_are_run_again_are_followed() {
    for text in [
        "bash -c 'rm -rf /'",
        "sh -xc \"rm -rf /\"",
        "bash -lc 'bash -c \"rm -rf /\"'",
        "zsh -c -- 'rm -rf /'",
        "bash -c '$0 $@' rm -rf /",
        "bash -c 'rm -rf $1' _ /",
        "eval 'rm -rf /'",
        "eval rm -rf /",
        "eval \"$(echo rm -rf /)\"",
        "$(echo rm) -rf /",
        "`echo rm` -rf /",
        "echo \"$(rm -rf /)\"",
        "echo 'rm -rf /' | sh",
        "echo rm -rf / | sudo bash -s",
        "printf 'rm -rf %s' / | bash",
        "echo cm0gLXJmIC8= | base64 -d | sh",
        "echo '/ fr- mr' | rev | sh",
        "bash <<< 'rm -rf /'",
        "bash <<'E'\nrm -rf /\nE",
        "cat <<E | sh\nrm -rf /\nE",
        "sh <(echo rm -rf /)",
        "source <(echo 'rm -rf /')",
        "trap 'rm -rf /' EXIT",
        "su -c 'rm -rf /' root",
        "watch -n 1 'rm -rf /'",
        "script -qc 'rm -rf /' /dev/null",
        "flock /tmp/l rm -rf /",
        "xargs -I% rm -rf / < f",
        "echo / | xargs rm -rf",
        "echo / | xargs -I{} rm -rf {}",
        "find . -name x -exec rm -rf / \\;",
        "parallel rm -rf ::: /",
        "parallel 'rm -rf {}' ::: a /",
        "git -c alias.x='!rm -rf /' x",
        "git submodule foreach 'rm -rf /'",
        "git bisect run rm -rf /",
        "tmux new -d 'rm -rf /'",
        "tar cf x.tar --checkpoint=1 --checkpoint-action=exec='rm -rf /' y",
        "coproc rm -rf /",
        "f() { rm -rf \"$1\"; }; f /",
        "function f { \"$@\"; }; f rm -rf /",
        "alias x='rm -rf'; x /",
        "echo 'rm -rf /' > /tmp/a.sh; bash /tmp/a.sh",
        "cat > b.sh <<'E'\nrm -rf /\nE\nchmod +x b.sh && ./b.sh",
        "bash x.sh /",
        "./x.sh /",
        "source x.sh /",
        "at now <<< 'rm -rf /'",
        "{ echo 'rm -rf /'; } | sh",
        "(echo rm; echo) | tr -d '\\n' | sed s/x/y/; rm -rf /",
    ] {
        runs(text, RM);
    }
}

#[test]
fn everything_that_a_compound_command_holds_is_found() {
    for text in [
        "if rm -rf /; then :; fi",
        "if a; then b; elif c; then rm -rf /; fi",
        "while :; do rm -rf /; done",
        "until rm -rf /; do :; done",
        "for i in a b; do rm -rf /; done",
        "for ((i=0;i<3;i++)); do rm -rf /; done",
        "select x in a; do rm -rf /; done",
        "case x in a) ls;; *) rm -rf /;; esac",
        "(rm -rf /)",
        "{ rm -rf /; }",
        "a && b || rm -rf /",
        "a & rm -rf /",
        "a | rm -rf /",
        "[[ -n $(rm -rf /) ]]",
        "(( $(rm -rf /) ))",
        "X=$(rm -rf /)",
        "cat <<E\n$(rm -rf /)\nE",
        "echo > \"$(rm -rf /)\"",
        "ls > >(rm -rf /)",
        "diff <(rm -rf /) x",
        "echo ${X:-$(rm -rf /)}",
        "a=([x]=$(rm -rf /))",
    ] {
        runs(text, RM);
    }
}

#[test]
fn data_is_not_taken_for_commands() {
    is_only("grep -rn 'rm -rf /' .", &["grep -rn rm -rf / ."]);
    is_only("git commit -m 'rm -rf / is bad'", &["git commit -m rm -rf / is bad"]);
    is_only("echo 'rm -rf /'", &["echo rm -rf /"]);
    is_only("cat <<'E' > notes.md\nrm -rf /\n$(rm x)\nE", &["cat"]);
    is_only("echo hi # rm -rf /", &["echo hi"]);
    let text = "git commit -m \"$(cat <<'EOF'\nDon't (ever) rm -rf / :)\nEOF\n)\"";
    is_only(text, &["cat", "git commit -m Don't (ever) rm -rf / :)"]);
    let found = found("cat <<E\nrm -rf /\nE\n");
    let spans: Vec<&str> =
        found.data_spans.iter().map(|span| &"cat <<E\nrm -rf /\nE\n"[span.start as usize..span.end as usize]).collect();
    assert_eq!(spans.len(), 1);
    assert!(spans[0].starts_with("rm -rf /"), "{spans:?}");
}

#[test]
fn what_only_run_time_tells_is_marked() {
    is_only("rm -rf $X/y", &["rm -rf $X/y?"]);
    is_only("$X -rf /", &["$X? -rf /"]);
    is_only("rm -rf \"${X:-/}\"", &["rm -rf /?"]);
    is_only("rm *.o 'a*'", &["rm *.o* a*"]);
    is_only("rm -rf \"${HOME:?}\"/x ~/y \"~\" ~bob", &["rm -rf /home/u/x /home/u/y ~ ~bob?"]);
    is_only("ls | xargs rm", &["ls", "xargs rm", "rm +"]);
    is_only("find / -name x -exec rm {} +", &["find / -name x -exec rm {} +", "rm {}?"]);
    runs("find . -exec sh -c 'rm \"$@\"' _ {} +", "rm {}?");
    runs("bash -c 'rm -rf \"$@\"' _ a b", "rm -rf a b");
    is_only("rm \"$(git rev-parse --show-toplevel)\"", &["git rev-parse --show-toplevel", "rm /p"]);
    is_only("D=$(mktemp -d); rm -rf \"$D\"", &["mktemp -d", "", "rm -rf /tmp/tmp.XXXXXXXXXX"]);
    is_only("curl x | sh", &["curl x", "sh"]);
}

#[test]
fn a_loop_over_what_commands_print_reads_from_them() {
    let found = found("for f in $(find src); do rm \"$f\"; done");
    let rm = found.commands.iter().find(|command| command.argv[0] == "rm").expect("it is there");
    let read: Vec<String> = rm.reads_from.iter().map(|index| show(&found.commands[*index as usize])).collect();
    assert_eq!(read, ["find src"]);
}

#[test]
fn what_tee_writes_it_prints_as_well() {
    runs("echo 'rm -rf /' | tee log | sh", RM);
}

#[test]
fn statements_that_the_text_wrote_are_told_with_the_client_that_reads_them() {
    let found = found("echo 'drop table a' > q.sql; psql -f q.sql");
    assert_eq!(found.code.first().map(|code| code.text.as_str()), Some("drop table a\n"));
}

#[test]
fn shells_and_recipes_without_a_text_of_their_own_run_what_they_are_given() {
    for text in [
        "sudo -i <<< 'rm -rf /'",
        "echo 'rm -rf /' | sudo -s",
        "echo 'rm -rf /' | su -",
        "npx -c 'rm -rf /'",
        "npm exec -c 'rm -rf /'",
        "yarn exec 'rm -rf /'",
        "concurrently 'npm run a' 'rm -rf /'",
        "$SHELL -c 'rm -rf /'",
        "systemd-run --on-calendar=daily rm -rf /",
        "tee x.sh <<< 'rm -rf /'; sh x.sh",
        "echo 'rm -rf /' | tee x.sh; cp x.sh y.sh; bash y.sh",
        "printf 'all:\\n\\t@rm -rf /\\n' > Makefile && make",
    ] {
        runs(text, RM);
    }
    assert_eq!(found("deno run -A - <<< 'x'").code[0].language, "node");
    assert_eq!(found("echo 'package main' > a.go && go run a.go").code[0].language, "go");
    assert_eq!(found("echo 'kind: Pod' > a.yaml; kubectl apply -f a.yaml").code[0].language, "yaml");
}

#[test]
fn what_is_in_a_substitution_belongs_to_its_user_and_stands_where_it_does() {
    let text = "echo é; rm -rf \"$(cat a | head -1)\"; bash <<< \"$(curl x)\"";
    let found = found(text);
    let shown: Vec<String> = found.commands.iter().map(show).collect();
    let index = |name: &str| shown.iter().position(|each| each.starts_with(name)).expect("it is found");
    let parent = |name: &str| found.commands[index(name)].parent.map(|parent| parent as usize);
    assert_eq!((parent("cat"), parent("head")), (Some(index("rm")), Some(index("rm"))));
    assert_eq!(parent("rm"), None);
    assert_eq!(parent("curl"), Some(index("bash")));
    let shell = &found.commands[index("bash")];
    assert_eq!(shell.reads_from, [u32::try_from(index("curl")).expect("small")]);
    assert_eq!(shell.stdin.as_deref(), Some("$(curl x)\n"));
    for (inner, outer) in [("cat", "rm -rf \"$(cat"), ("curl", "bash")] {
        let span = found.commands[index(inner)].span;
        let place = &text[span.start as usize..span.end as usize];
        assert!(place.starts_with(outer), "{inner} stands in {place:?}");
    }
}

#[test]
fn pipes_parents_and_places_are_told() {
    let curl = found("curl x | sudo bash");
    assert_eq!((curl.commands[1].reads_from.as_slice(), curl.commands[1].stdin.as_deref()), (&[0][..], None));
    let far = found("ssh web1 'rm -rf /srv'");
    assert_eq!(far.commands[1].elsewhere.as_deref(), Some("ssh web1"));
    assert_eq!((far.commands[1].parent, far.commands[1].cwd.as_deref()), (Some(0), None));
    let inside = found("docker exec -it -u root db rm -rf /var");
    assert_eq!(
        (show(&inside.commands[1]).as_str(), inside.commands[1].elsewhere.as_deref()),
        ("rm -rf /var", Some("docker db"))
    );
    let pod = found("kubectl exec -n x pod/y -c z -- rm -rf /data");
    assert_eq!(show(&pod.commands[1]), "rm -rf /data");
    let sql = found("psql db <<E\nDROP TABLE x;\nE");
    assert_eq!(sql.commands[0].stdin.as_deref(), Some("DROP TABLE x;\n"));
    let redirects = found("{ echo a; } > /dev/sda 2>&1");
    let targets: Vec<_> =
        redirects.commands[0].redirects.iter().map(|r| (r.operator.as_str(), r.target.as_str())).collect();
    assert_eq!(targets, [(">", "/dev/sda"), (">&", "1")]);
    assert_eq!(found(":(){ :|:& };:").recursive_functions, [":"]);
    assert_eq!(found("./loop.sh").recursive_functions, [] as [&str; 0]);
}

#[test]
fn the_folder_is_followed() {
    let cwd = |text: &str| found(text).commands.last().unwrap().cwd.clone();
    assert_eq!(cwd("cd sub && rm x").as_deref(), Some("/p/sub"));
    assert_eq!(cwd("cd /; cd -; rm x").as_deref(), Some("/p"));
    assert_eq!(cwd("(cd /); rm x").as_deref(), Some("/p"));
    assert_eq!(cwd("cd; rm x").as_deref(), Some("/home/u"));
    assert_eq!(cwd("pushd /tmp; popd; rm x").as_deref(), Some("/p"));
    assert_eq!(cwd("cd \"$X\"; rm x"), None);
    assert_eq!(cwd("cd /missing; rm x"), None);
    assert_eq!(cwd("mkdir /missing && cd /missing && rm x").as_deref(), Some("/missing"));
    assert_eq!(cwd("bash -c 'cd ..; rm x'").as_deref(), Some("/"));
    assert_eq!(cwd("env -C /tmp rm x").as_deref(), Some("/tmp"));
}

#[test]
fn code_of_interpreters_is_handed_over() {
    let code = |text: &str| found(text).code.into_iter().map(|code| (code.language, code.text)).collect::<Vec<_>>();
    let one = |language: &str, text: &str| vec![(language.to_owned(), text.to_owned())];
    assert_eq!(code("python3 -c 'import os'"), one("python", "import os"));
    assert_eq!(code("python3.11 - <<'E'\nimport os\nE"), one("python", "import os\n"));
    assert_eq!(code("echo 'import os' | python"), one("python", "import os\n"));
    assert_eq!(code("perl -pi -e 's/a/b/' f"), one("perl", "s/a/b/"));
    assert_eq!(code("perl -lane 'print' f"), one("perl", "print"));
    assert_eq!(code("ruby -rfileutils -e 'x'"), one("ruby", "x"));
    assert_eq!(code("node -e 'x'"), one("node", "x"));
    assert_eq!(code("php -r 'x;'"), one("php", "x;"));
    assert_eq!(code("awk -F: '{print $1}' f"), one("awk", "{print $1}"));
    assert_eq!(code("python3 x.py"), one("python", "#!/usr/bin/env python3\nimport shutil\n"));
    assert_eq!(code("python3 -m http.server"), []);
    assert_eq!(code("node --version"), []);
}

#[test]
fn what_is_not_understood_is_said_and_guessed() {
    for text in ["rm -rf / (", "echo 'x; rm -rf /", "if rm -rf /; then", "echo $(rm -rf /", "rm -rf /; fi"] {
        let found = found(text);
        assert!(!found.complete, "{text}");
        let all: Vec<String> = found.commands.iter().map(show).collect();
        assert!(all.iter().any(|shown| shown.starts_with(RM)), "{text}: {all:?}");
    }
    let deep = format!("{}rm -rf /{}", "(".repeat(80), ")".repeat(80));
    assert!(!found(&deep).complete);
    assert!(found(&deep).commands.iter().any(|command| show(command) == RM));
    assert!(!found(&"x;".repeat(100_000)).complete);
    assert!(!found(&format!("echo {}", "{a,b}".repeat(30))).complete);
}

#[test]
fn shells_in_shells_end() {
    let mut text = "rm -rf /".to_owned();
    for _ in 0..40 {
        text = format!("eval {}", text.replace(' ', "\\ "));
        if text.len() > 100_000 {
            break;
        }
    }
    let _ = found(&text);
    let _ = found("f() { f2; }; f2() { f; }; f");
    let _ = found("x='eval \"$x\"'; eval \"$x\"");
    let _ = found("X='$X$X$X'; eval eval eval $X");
    let doubling = format!("X=xxxxxxxx; {} rm $X$X; $X", "X=$X$X; ".repeat(60));
    assert!(!found(&doubling).complete);
    let words = format!("X='a b c d'; {} rm $X", "X=\"$X $X\"; ".repeat(40));
    assert!(!found(&words).complete);
    assert!(!found(&format!("{}rm", "xargs ".repeat(5000))).complete);
    let _ = found(&format!("{}rm", "sudo ".repeat(8000)));
    let functions: String = (0..300).map(|n| format!("f{n}() {{ f{}; }}; ", n + 1)).collect();
    assert!(!found(&format!("{functions} f0")).complete);
    let fed = format!("{{ {} }} <<E\n{}\nE\n", "cat; ".repeat(3000), "x".repeat(50_000));
    assert!(
        found(&fed).commands.iter().filter_map(|command| command.stdin.as_ref()).map(String::len).sum::<usize>()
            < 2 << 20
    );
    let braces = "{a,b,c,d,e,f,g,h}".repeat(3) + " ";
    assert!(found(&braces.repeat(1000)).commands.iter().map(|command| command.argv.len()).sum::<usize>() < 200_000);
    let _ = found("a() { b; b; }; b() { c; c; }; c() { d; d; }; d() { e; e; }; e() { a; }; a");
}

const TOKENS: &str = "rm -rf / $X ${X:-y} $( ) ` ' \" \\ ; && || | & ( (( )) { } {a,b} {1..3} [[ ]] if then fi case in esac \
    for do done <<E E <<< <( > bash -c eval sudo xargs find -exec ~ * é = X= f() cd $' \\x ${ $(( ! # time function echo";

fn shellish() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = TOKENS.split(' ').filter(|token| !token.is_empty()).chain(["\n", " "]).collect();
    prop::collection::vec(prop::sample::select(tokens), 0..40).prop_map(|tokens| tokens.join(" "))
}

fn ends_and_is_sound(text: &str) {
    let found = found(text);
    let commands = found.commands.len();
    for command in &found.commands {
        assert!(command.span.start <= command.span.end && command.span.end as usize <= text.len(), "{text:?}");
        assert!(text.is_char_boundary(command.span.start as usize) && text.is_char_boundary(command.span.end as usize));
        assert!(command.dynamic.iter().chain(&command.patterns).all(|&index| (index as usize) < command.argv.len()));
        assert!(command.reads_from.iter().chain(&command.parent).all(|&index| (index as usize) < commands), "{text:?}");
    }
    assert!(found.code.iter().all(|code| (code.command as usize) < commands), "{text:?}");
    assert!(found.data_spans.iter().all(|span| span.end as usize <= text.len()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_in_something_sound(text in "\\PC{0,200}") {
        ends_and_is_sound(&text);
    }

    #[test]
    fn any_mess_of_shell_ends_in_something_sound(text in shellish()) {
        ends_and_is_sound(&text);
    }
}
