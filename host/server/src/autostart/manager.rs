//! The service managers: systemd on Linux, launchd on macOS. They are asked by their own programs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Service, ServiceError, launchd, systemd};

/// Who starts services of this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Systemd,
    Launchd,
}

/// Why a service manager did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManagerError {
    #[error(
        "there is no `{program}` here, so nothing starts with this machine by itself; where cron runs, a line \
         `@reboot instar lifeline start --dir DIR` in `crontab -e` does the same"
    )]
    Absent { program: &'static str },
    #[error(
        "systemd does not look after this user now ({said}): log in as this user itself rather than by su or sudo, \
         or run `loginctl enable-linger` and log in anew; without systemd, `instar lifeline start` starts the lifeline"
    )]
    NoSession { said: String },
    #[error("`{command}` failed: {said}")]
    Failed { command: String, said: String },
    #[error("$HOME is not set, so there is no place for the service")]
    NoHome,
}

impl Manager {
    /// The one of this system.
    pub(crate) fn of_system() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }

    /// Where the service is written down, and what is written there.
    pub(crate) fn file(self, service: &Service) -> Result<PathBuf, ManagerError> {
        let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = from("HOME").ok_or(ManagerError::NoHome);
        Ok(match self {
            Self::Systemd => {
                let config = from("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
                let config = config.map_or_else(|| home.map(|home| home.join(".config")), Ok)?;
                config.join(format!("systemd/user/{}", unit_name(service)))
            }
            Self::Launchd => home?.join(format!("Library/LaunchAgents/{}.plist", launchd::label(service))),
        })
    }

    pub(crate) fn text(self, service: &Service) -> Result<String, ServiceError> {
        match self {
            Self::Systemd => systemd::unit(service),
            Self::Launchd => launchd::plist(service),
        }
    }

    /// Whether it can be asked at all.
    pub(crate) fn check(self) -> Result<(), ManagerError> {
        match self {
            Self::Systemd => match call("systemctl", &["--user", "show-environment"]) {
                Err(ManagerError::Failed { said, .. }) => Err(ManagerError::NoSession { said }),
                asked => asked.map(drop),
            },
            Self::Launchd => call("launchctl", &["print", &domain()]).map(drop),
        }
    }

    /// The commands by which a service that is written down begins, now and with the machine.
    pub(crate) fn install(self, service: &Service, file: &Path, start: bool) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (unit, file) = (unit_name(service), file.display().to_string());
        match self {
            Self::Systemd => {
                let begin: &[&str] = if start { &["--now"] } else { &[] };
                let enable = [&["systemctl", "--user", "enable"], begin, &[unit.as_str()]].concat();
                vec![words(&["systemctl", "--user", "daemon-reload"]), words(&enable)]
            }
            // It begins with the next login otherwise.
            Self::Launchd if start => vec![words(&["launchctl", "bootstrap", &domain(), &file])],
            Self::Launchd => Vec::new(),
        }
    }

    /// The commands by which it begins no more. What runs of it goes on, for systemd; launchd knows no such way.
    pub(crate) fn uninstall(self, service: &Service) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Self::Systemd => vec![words(&["systemctl", "--user", "disable", &unit_name(service)])],
            Self::Launchd => {
                vec![words(&["launchctl", "bootout", &format!("{}/{}", domain(), launchd::label(service))])]
            }
        }
    }

    /// Whether it begins with the machine, and whether it runs now; `None` where nobody can be asked.
    pub(crate) fn standing(self, service: &Service) -> (Option<bool>, Option<bool>) {
        match self {
            Self::Systemd => {
                let ask = |what| is("systemctl", &["--user", what, "--quiet", &unit_name(service)]);
                self.check().map_or((None, None), |()| (ask("is-enabled"), ask("is-active")))
            }
            Self::Launchd => {
                let loaded = is("launchctl", &["print", &format!("{}/{}", domain(), launchd::label(service))]);
                (loaded, loaded)
            }
        }
    }
}

/// Whether services of this user run without a login; `None` where nobody knows.
pub(crate) fn lingers() -> Option<bool> {
    let user = rustix::process::getuid().as_raw().to_string();
    match call("loginctl", &["show-user", &user, "--property=Linger", "--value"]) {
        Ok(said) => Some(said.trim() == "yes"),
        // Of one who neither is logged in nor lingers, nothing is known.
        Err(ManagerError::Failed { said, .. }) if said.contains("not logged in") => Some(false),
        Err(_) => None,
    }
}

/// Does one of the commands of `install` and `uninstall`.
pub(super) fn call(program: &'static str, arguments: &[&str]) -> Result<String, ManagerError> {
    let command = || format!("{program} {}", arguments.join(" "));
    match Command::new(program).args(arguments).output() {
        Ok(done) if done.status.success() => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr).trim().replace('\n', "; ");
            let said = if said.is_empty() { done.status.to_string() } else { said };
            Err(ManagerError::Failed { command: command(), said })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ManagerError::Absent { program }),
        Err(error) => Err(ManagerError::Failed { command: command(), said: error.to_string() }),
    }
}

impl Manager {
    /// Carries out one command of `install` or `uninstall`.
    pub(crate) fn carry_out(self, words: &[String]) -> Result<(), ManagerError> {
        let program = match self {
            Self::Systemd => "systemctl",
            Self::Launchd => "launchctl",
        };
        let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        call(program, &arguments).map(drop)
    }
}

fn is(program: &'static str, arguments: &[&str]) -> Option<bool> {
    match call(program, arguments) {
        Ok(_) => Some(true),
        Err(ManagerError::Failed { .. }) => Some(false),
        Err(_) => None,
    }
}

fn unit_name(service: &Service) -> String {
    format!("{}.service", service.name())
}

fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}
