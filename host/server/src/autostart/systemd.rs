//! The unit of a service, for the systemd of one user.

use instar_core::supervisor::{MISCONFIGURED, WANTS_RESTART};

use super::{Service, ServiceError};

/// The text of the unit. It says nothing about time or user, so that the same service has the same text.
pub(super) fn unit(service: &Service) -> Result<String, ServiceError> {
    let program = service.program()?;
    if program.contains(['"', '\'', '\\']) {
        return Err(ServiceError::Program(service.program.clone()));
    }
    let dir = service.dir()?;
    let (exec, quoted_dir) = (quoted(program), quoted(dir));
    let path = quoted(&format!("PATH={}", service.search_path()?));
    let hardening = hardening(service.may_become_root);
    let description = dir.replace('%', "%%").replace('\\', "/");
    Ok(format!(
        "\
# Written by `instar autostart install`; `instar autostart uninstall` takes it away.
[Unit]
Description=instar for {description}
StartLimitIntervalSec=600
StartLimitBurst=10

[Service]
Type=exec
# The colon: nothing in these paths is a variable.
ExecStart=:{exec} lifeline start --foreground --dir {quoted_dir}
Environment={path}
Restart=on-failure
RestartSec=10
# What another start would not mend: usage, no project, a missing right, wrong settings.
RestartPreventExitStatus=2 3 5 {MISCONFIGURED}
RestartForceExitStatus={WANTS_RESTART}
# Only the lifeline is ended, and it ends the server; sessions in tmux go on.
KillMode=process
TimeoutStopSec=30
# An agent that takes too much memory must not take the rest along.
OOMPolicy=continue
{hardening}
[Install]
WantedBy=default.target
"
    ))
}

/// Sessions inherit all of it, so that only what no agent needs is taken away.
fn hardening(may_become_root: bool) -> &'static str {
    if may_become_root {
        return "";
    }
    "# Sessions inherit these: nobody becomes root by sudo, unless `install --allow-sudo` said so.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
SystemCallArchitectures=native
"
}

/// One word as systemd reads it: in quotes, with nothing that it would replace.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::tests::service;
    use super::*;

    #[test]
    fn the_unit_of_a_service() {
        insta::assert_snapshot!(unit(&service("/srv/100% \"quoted\" $HOME\\x")).unwrap(), @r#"
        # Written by `instar autostart install`; `instar autostart uninstall` takes it away.
        [Unit]
        Description=instar for /srv/100%% "quoted" $HOME/x
        StartLimitIntervalSec=600
        StartLimitBurst=10

        [Service]
        Type=exec
        # The colon: nothing in these paths is a variable.
        ExecStart=:"/opt/my tools/100%%/$x/instar" lifeline start --foreground --dir "/srv/100%% \"quoted\" $HOME\\x"
        Environment="PATH=/usr/bin:/home/a b/bin"
        Restart=on-failure
        RestartSec=10
        # What another start would not mend: usage, no project, a missing right, wrong settings.
        RestartPreventExitStatus=2 3 5 78
        RestartForceExitStatus=75
        # Only the lifeline is ended, and it ends the server; sessions in tmux go on.
        KillMode=process
        TimeoutStopSec=30
        # An agent that takes too much memory must not take the rest along.
        OOMPolicy=continue
        # Sessions inherit these: nobody becomes root by sudo, unless `install --allow-sudo` said so.
        NoNewPrivileges=yes
        LockPersonality=yes
        RestrictRealtime=yes
        SystemCallArchitectures=native

        [Install]
        WantedBy=default.target
        "#);
    }

    #[test]
    fn agents_that_may_become_root_are_not_kept_from_it() {
        let text = unit(&Service { may_become_root: true, ..service("/srv/x") }).unwrap();
        assert!(!text.contains("NoNewPrivileges") && text.contains("KillMode=process"), "{text}");
    }

    #[test]
    fn a_program_that_systemd_would_refuse_is_refused_before() {
        for program in ["/a\"b/instar", "/a'b/instar", "/a\\b/instar"] {
            let service = Service { program: program.into(), ..service("/srv/x") };
            assert!(matches!(unit(&service), Err(ServiceError::Program(_))), "{program}");
        }
    }

    /// systemd itself, where there is one, finds nothing to say about the unit, however odd the paths are.
    #[test]
    fn systemd_takes_the_unit() {
        let root = tempfile::tempdir().unwrap();
        let odd = root.path().join("a b %c $d");
        std::fs::create_dir(&odd).unwrap();
        std::fs::copy("/bin/sh", odd.join("instar")).unwrap();
        let service = Service { program: odd.join("instar"), ..service("/srv/a \"b\" 'c' \\d %e $f") };
        let file = root.path().join("instar-test.service");
        std::fs::write(&file, unit(&service).unwrap()).unwrap();
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--user"]).arg(&file).env("XDG_RUNTIME_DIR", root.path()).env("HOME", root.path());
        let Ok(done) = verify.output() else { return };
        let said = String::from_utf8_lossy(&done.stderr);
        let about_ours: Vec<&str> = said.lines().filter(|line| line.contains("instar-test")).collect();
        assert!(done.status.success() && about_ours.is_empty(), "{said}");
    }
}
