//! Where guards find their things: in the project, or in the user's home where there is no project.

use std::path::{Path, PathBuf};

use crate::config::{Config, Project};

/// The folders and files of guards.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    /// None where the agent works outside of any project.
    pub(crate) project: Option<Project>,
    pub(crate) user_home: Option<PathBuf>,
    /// `.instar` of the project or of the user; none without either.
    base: Option<PathBuf>,
}

impl Home {
    /// The home of the project that was named, or of the nearest one around the agent's folder.
    pub(crate) fn find(named: Option<&Path>, around: Option<&Path>) -> Self {
        let user_home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let is_set_up = |project: &Project| project.instar_dir().is_dir();
        let project = match named {
            Some(dir) => Project::at(dir).ok(),
            None => around.and_then(|dir| dir.ancestors().find_map(|dir| Project::at(dir).ok().filter(is_set_up))),
        };
        let base = match &project {
            Some(project) => Some(project.instar_dir()),
            None => user_home.as_ref().map(|home| home.join(".instar")),
        };
        Self { project, user_home, base }
    }

    pub(crate) fn of(project: &Project) -> Self {
        Self::find(Some(project.dir()), None)
    }

    /// The settings; their defaults where there are none or they cannot be read, with the reason.
    pub(crate) fn config(&self) -> (Option<Config>, Option<String>) {
        match self.project.as_ref().map(Config::load) {
            None => (None, None),
            Some(Ok(config)) => (Some(config), None),
            Some(Err(error)) => (None, Some(crate::cli::sentence(&error.into()))),
        }
    }

    pub(crate) fn native_code(&self) -> PathBuf {
        self.below("cache/plugins")
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.below("plugins")
    }

    pub(crate) fn policy(&self) -> PathBuf {
        self.below("guards.toml")
    }

    pub(crate) fn decisions(&self) -> PathBuf {
        self.below("state/guard-decisions.jsonl")
    }

    pub(crate) fn approvals(&self) -> PathBuf {
        self.below("state/approvals")
    }

    pub(crate) fn agent_files(&self) -> PathBuf {
        self.below("")
    }

    /// Without a home and a project nothing can be kept: the path is one where nothing can be.
    fn below(&self, path: &str) -> PathBuf {
        self.base.as_deref().unwrap_or(Path::new("/dev/null")).join(path)
    }
}
