//! From a place to the bytes of a component: a file, the folder of a plugin that was built, or a URL.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use instar_plugin::{Limits, Web, WebAnswer, WebError, WebRequest};
use rustix::fs::OFlags;

use super::{Component, Reference, RegistryError, registry};
use crate::disk::{self, Mode};

/// Where a component is fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// The folder of an author, with what `instar plugin build` made.
    Folder(PathBuf),
    Url(String),
    Registry(Reference),
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("there is no file or folder {}", .0.display())]
    Nothing(PathBuf),
    #[error("{0} is no place that plugins come from: it is a file, a folder, or begins with https:// or oci://")]
    Unknown(String),
    #[error("{} is neither a file nor a folder", .0.display())]
    Odd(PathBuf),
    #[error("{} has more than {limit} bytes, and a component may not", path.display())]
    TooLarge { path: PathBuf, limit: usize },
    #[error("{} is no plugin: it has no plugin.toml", .0.display())]
    NoManifest(PathBuf),
    #[error("{} has no `id` of a plugin", .0.display())]
    NoId(PathBuf),
    #[error("{} is not there: `instar plugin build {}` makes it", path.display(), folder.display())]
    NotBuilt { path: PathBuf, folder: PathBuf },
    #[error("{} leads out of its folder by a symbolic link, and is not read", .0.display())]
    LeadsOut(PathBuf),
    #[error("{}/plugin.toml was changed since the plugin was built: `instar plugin build {}` builds it again", .0.display(), .0.display())]
    Stale(PathBuf),
    #[error("failed to read {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Web(#[from] WebError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("{url} answered with the status {status}")]
    Status { url: String, status: u16 },
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, FetchError> {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.starts_with("oci://") {
            return Ok(Self::Registry(Reference::parse(text)?));
        }
        if text.contains("://") {
            return Err(FetchError::Unknown(text.to_owned()));
        }
        let path = fs::canonicalize(text).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => FetchError::Nothing(text.into()),
            _ => FetchError::Io { path: text.into(), source },
        })?;
        // Before it is opened: a pipe would keep us waiting.
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(Self::Folder(path)),
            Ok(found) if found.is_file() => Ok(Self::File(path)),
            Ok(_) => Err(FetchError::Odd(path)),
            Err(source) => Err(FetchError::Io { path, source }),
        }
    }

    /// As it stands in the lock.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::File(path) | Self::Folder(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
            Self::Registry(reference) => reference.to_string(),
        }
    }

    /// What its component is called as long as its id is unknown.
    pub(crate) fn name(&self) -> String {
        let text = self.text();
        text.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&text).to_owned()
    }
}

/// What lay there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    /// The text of the file beside it, `<name>.minisig`.
    pub(crate) signature: Option<String>,
}

/// A signature is four lines.
const LONGEST_SIGNATURE: usize = 8 << 10;

/// The component that lies there, and its signature.
pub(crate) async fn fetch(place: &Place) -> Result<Fetched, FetchError> {
    match place {
        Place::File(path) => beside(path),
        Place::Folder(folder) => beside(&of_folder(folder)?),
        Place::Registry(reference) => Ok(registry::pull(reference).await?),
        Place::Url(url) => {
            let bytes = download(url, Limits::default().component_bytes as u64).await?;
            let signature = match download(&format!("{url}.minisig"), LONGEST_SIGNATURE as u64).await {
                Ok(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                Err(FetchError::Status { status: 403 | 404 | 410, .. }) => None,
                Err(error) => return Err(error),
            };
            Ok(Fetched { bytes, signature })
        }
    }
}

async fn download(url: &str, most: u64) -> Result<Vec<u8>, FetchError> {
    let answer: WebAnswer = Web::default().ask(&WebRequest::get(url, most)).await?;
    if answer.is_success() {
        Ok(answer.body)
    } else {
        Err(FetchError::Status { url: answer.url, status: answer.status })
    }
}

fn beside(path: &Path) -> Result<Fetched, FetchError> {
    let mut name = path.to_owned().into_os_string();
    name.push(".minisig");
    let signature = match read(Path::new(&name)) {
        Ok(text) => Some(String::from_utf8_lossy(&text[..text.len().min(LONGEST_SIGNATURE)]).into_owned()),
        Err(FetchError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(Fetched { bytes: read(path)?, signature })
}

/// `dist/<id>.wasm` of a folder with a `plugin.toml` that says the same as the one inside.
fn of_folder(folder: &Path) -> Result<PathBuf, FetchError> {
    let manifest_path = folder.join("plugin.toml");
    let manifest = inside(folder, &manifest_path).map_err(|error| match error {
        FetchError::Nothing(_) => FetchError::NoManifest(folder.to_owned()),
        other => other,
    })?;
    let manifest = read(&manifest)?;
    let id = id_of(&manifest).ok_or(FetchError::NoId(manifest_path))?;
    let path = folder.join("dist").join(format!("{id}.wasm"));
    let component = inside(folder, &path).map_err(|error| match error {
        FetchError::Nothing(path) => FetchError::NotBuilt { path, folder: folder.to_owned() },
        other => other,
    })?;
    let bytes = read(&component)?;
    if instar_plugin::manifest_of(&bytes).is_some_and(|carried| carried != manifest) {
        return Err(FetchError::Stale(folder.to_owned()));
    }
    Ok(component)
}

/// The id is read by the rules of ids, so that it is no way out of the folder.
fn id_of(manifest: &[u8]) -> Option<instar_core::id::PluginId> {
    let table: toml::Table = toml::from_str(std::str::from_utf8(manifest).ok()?).ok()?;
    table.get("id")?.as_str()?.parse().ok()
}

/// The path without links, which must lie in the folder.
fn inside(folder: &Path, path: &Path) -> Result<PathBuf, FetchError> {
    let real = fs::canonicalize(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => FetchError::LeadsOut(path.to_owned()),
        io::ErrorKind::NotFound => FetchError::Nothing(path.to_owned()),
        _ => FetchError::Io { path: path.to_owned(), source },
    })?;
    if real.starts_with(folder) { Ok(real) } else { Err(FetchError::LeadsOut(path.to_owned())) }
}

/// A path without links; one that becomes a link meanwhile is not followed.
fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    let failed = |source| FetchError::Io { path: path.to_owned(), source };
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).expect("flags of the system fit");
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(FetchError::Odd(path.to_owned()));
    }
    let limit = Limits::default().component_bytes;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit { Err(FetchError::TooLarge { path: path.to_owned(), limit }) } else { Ok(bytes) }
}

/// Components that were fetched once, by their digests, for all projects of this user. It may be deleted at any time.
#[derive(Debug, Clone)]
pub(crate) struct SharedComponents {
    /// None where the user has no home.
    dir: Option<PathBuf>,
}

impl SharedComponents {
    pub(crate) fn of_user() -> Self {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        Self { dir: caches.map(|caches| caches.join("instar/components")) }
    }

    /// Where it cannot be kept, it is fetched again.
    pub(crate) fn keep(&self, component: &Component, bytes: &[u8]) {
        let Some(path) = self.path(component) else { return };
        if self.find(component).is_some() {
            return;
        }
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| disk::write(&path, bytes, Mode::Private)) {
            tracing::info!(%error, "{} was not kept", path.display());
        }
    }

    /// The bytes, if they are what their name says.
    pub(crate) fn find(&self, component: &Component) -> Option<Vec<u8>> {
        let bytes = crate::wiring::read_component(&self.path(component)?).ok()?;
        (blake3::hash(&bytes).to_hex().as_str() == component.hex()).then_some(bytes)
    }

    fn path(&self, component: &Component) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{}.wasm", component.hex())))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn built() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dist")).unwrap();
        fs::write(dir.path().join("plugin.toml"), "id = \"mine\"\n").unwrap();
        fs::write(dir.path().join("dist/mine.wasm"), "component").unwrap();
        dir
    }

    async fn fetched(text: &str) -> Result<Vec<u8>, String> {
        let place = Place::parse(text).map_err(|error| error.to_string())?;
        fetch(&place).await.map(|fetched| fetched.bytes).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check_refused(outcome: &Result<Vec<u8>, String>, words: &str) {
        let error = outcome.as_ref().expect_err("it was fetched");
        assert!(error.contains(words), "{error} does not say {words}");
    }

    #[tokio::test]
    async fn files_and_folders_are_read() {
        let dir = built();
        let path = |name: &str| dir.path().join(name).display().to_string();
        assert_eq!(fetched(&path("")).await.unwrap(), b"component");
        assert_eq!(fetched(&path("dist/mine.wasm")).await.unwrap(), b"component");
        symlink(dir.path().join("dist/mine.wasm"), dir.path().join("link.wasm")).unwrap();
        assert_eq!(fetched(&path("link.wasm")).await.unwrap(), b"component", "the operator's own link is followed");
    }

    #[tokio::test]
    async fn what_is_no_place_is_said() {
        let dir = built();
        let path = |name: &str| dir.path().join(name).display().to_string();
        check_refused(&fetched(&path("nothing")).await, "there is no file");
        check_refused(&fetched("ftp://x.org/a.wasm").await, "begins with https:// or oci://");
        check_refused(&fetched("/dev/null").await, "neither a file nor a folder");
        check_refused(&fetched(&path("dist")).await, "no plugin.toml");
        let done = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        assert!(done.is_ok_and(|done| done.success()));
        check_refused(&fetched(&path("pipe")).await, "neither a file nor a folder");
        let huge = File::create(dir.path().join("huge.wasm")).unwrap();
        huge.set_len(Limits::default().component_bytes as u64 + 1).unwrap();
        check_refused(&fetched(&path("huge.wasm")).await, "has more than");
    }

    #[tokio::test]
    async fn a_folder_is_not_a_way_to_files_outside_of_it() {
        let (dir, outside) = (built(), built());
        let folder = dir.path().display().to_string();
        fs::write(dir.path().join("plugin.toml"), "id = \"../../mine\"\n").unwrap();
        check_refused(&fetched(&folder).await, "has no `id`");
        fs::remove_file(dir.path().join("plugin.toml")).unwrap();
        symlink(outside.path().join("plugin.toml"), dir.path().join("plugin.toml")).unwrap();
        check_refused(&fetched(&folder).await, "leads out");
        let dir = built();
        let folder = dir.path().display().to_string();
        fs::remove_dir_all(dir.path().join("dist")).unwrap();
        check_refused(&fetched(&folder).await, "instar plugin build");
        symlink(outside.path().join("dist"), dir.path().join("dist")).unwrap();
        check_refused(&fetched(&folder).await, "leads out");
    }
}
