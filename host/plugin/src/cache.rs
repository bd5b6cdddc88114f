//! Native code on disk: compiled once, mapped afterwards.
//!
//! A file is named after the component and after wasmtime's own settings, so that neither a new
//! component nor a new host ever meets old code. Beside it stands its seal, the hash of its content: what was
//! damaged is noticed before it is mapped, and made again: from the code that travels with a bundled plugin, where
//! this host has some for its processor, else by compiling. The seal also says what the file looked like when
//! it was hashed last, so that a file that nobody touched is not read through by every process.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::audit::CONTRACT;
use crate::error::Cause;
use crate::load::Source;
use crate::text;

/// The directory of native code.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    /// What was asked for.
    used: Mutex<BTreeSet<PathBuf>>,
}

/// Compiled code, and what should be reported although there is code.
pub(crate) struct Compiled {
    pub component: Component,
    pub problem: Option<Cause>,
}

impl Cache {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, used: Mutex::default() }
    }

    /// The code of this component, mapped if it is there and whole, else made and kept.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        source: &Source,
        on_compile: &mut dyn FnMut(),
    ) -> Result<Compiled, Cause> {
        let path = self.path(engine, &source.digest);
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        let mismatch = match find(engine, &path) {
            Found::Whole(component) => return Ok(Compiled { component, problem: None }),
            Found::Nothing => None,
            Found::Damaged => Some(Cause::CacheMismatch { path: path.clone() }),
        };
        // Of many processes that start at once, one compiles and the others wait for it. Without a lock
        // (a folder that is read-only) each does it for itself.
        let _lock = self.lock();
        if mismatch.is_none()
            && let Found::Whole(component) = find(engine, &path)
        {
            return Ok(Compiled { component, problem: None });
        }
        if let Some((component, code)) = travelling(engine, source) {
            let kept = self.keep(&path, code);
            // The file is mapped page by page as it is needed, the code in memory was copied as a whole.
            let mapped = kept.is_ok().then(|| map(engine, &path).ok()).flatten();
            let problem = mismatch.or(kept.err().map(|source| Cause::Cache { path, source }));
            return Ok(Compiled { component: mapped.unwrap_or(component), problem });
        }
        on_compile();
        let component = Component::from_binary(engine, &source.bytes).map_err(|error| not_compiled(&error))?;
        let kept = component.serialize().map_err(|e| io::Error::other(format!("{e:#}")));
        let kept = kept.and_then(|code| self.keep(&path, &code));
        let problem = mismatch.or(kept.err().map(|source| Cause::Cache { path, source }));
        Ok(Compiled { component, problem })
    }

    /// Whether this very component passed its trial with this configuration, under a host like this one.
    pub(crate) fn was_tried(&self, engine: &Engine, digest: &str, config_json: &str) -> bool {
        fs::read(self.trial_path(engine, digest)).is_ok_and(|kept| kept == trial_mark(digest, config_json).as_bytes())
    }

    /// Remembers that it did. Where that cannot be kept, it is tried again.
    pub(crate) fn keep_trial(&self, engine: &Engine, digest: &str, config_json: &str) {
        let _ = self.prepare_dir().and_then(|()| {
            write_atomically(&self.trial_path(engine, digest), trial_mark(digest, config_json).as_bytes())
        });
    }

    /// Of the code that nobody asked for here, the newest stays, up to so many bytes: versions that are gone back to,
    /// and those of another `instar`. Who develops a plugin leaves a file with each build.
    pub(crate) fn remove_spare(&self, most: u64) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spare: Vec<_> = (fs::read_dir(&self.dir).into_iter().flatten().flatten())
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "cwasm") && !used.contains(path))
            .filter_map(|path| fs::metadata(&path).and_then(|meta| Ok((meta.modified()?, meta.len(), path))).ok())
            .collect();
        spare.sort_unstable_by(|left, right| right.cmp(left));
        let mut kept = 0;
        for (_, size, path) in spare {
            kept += size;
            if kept > most {
                // The seal goes first: code without one does not count. What cannot be removed is tried again later.
                for file in [seal_path(&path), path.with_extension("tried"), path] {
                    let _ = fs::remove_file(file);
                }
            }
        }
    }

    fn trial_path(&self, engine: &Engine, digest: &str) -> PathBuf {
        self.path(engine, digest).with_extension("tried")
    }

    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        self.dir.join(format!("{digest}-{}.cwasm", settings_of(engine)))
    }

    /// First the code, then its seal: after a crash between the two the code does not count.
    fn keep(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        self.prepare_dir()?;
        write_atomically(path, code)?;
        write_atomically(&seal_path(path), blake3::hash(code).to_hex().as_bytes())?;
        File::open(&self.dir)?.sync_all()
    }

    /// Held until it is dropped.
    fn lock(&self) -> Option<File> {
        self.prepare_dir().ok()?;
        let path = self.dir.join("compile.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).ok()?;
        file.lock().ok()?;
        Some(file)
    }

    fn prepare_dir(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let is_open = fs::metadata(&self.dir)?.permissions().mode() & 0o077 != 0;
        if is_open {
            fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

/// Stands for wasmtime's version and settings, and for the processor.
fn settings_of(engine: &Engine) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{:016x}", settings.finish())
}

/// The code that travels with the component, if it is for this engine. wasmtime refuses what this processor
/// could not run.
fn travelling(engine: &Engine, source: &Source) -> Option<(Component, &'static [u8])> {
    let settings = settings_of(engine);
    let code = source.native.iter().find(|native| native.engine == settings)?.code;
    Some((embedded(engine, code).ok()?, code))
}

#[expect(unsafe_code, reason = "native code is trusted; this one is a part of the program itself")]
fn embedded(engine: &Engine, code: &'static [u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was built into this program from what `Component::serialize` gave, and nothing can change it.
    unsafe { Component::deserialize(engine, code) }
}

/// What stands for a trial: the host, the component and its configuration, each of which may change.
fn trial_mark(digest: &str, config_json: &str) -> String {
    let host = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let mut hasher = blake3::Hasher::new();
    for part in [host, CONTRACT, digest, config_json] {
        hasher.update(&part.len().to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// A pool knows when it compiles what it could never hold.
fn not_compiled(error: &wasmtime::Error) -> Cause {
    let why = text::clean(&format!("{error:#}"));
    if why.contains("in the pooling allocator") { Cause::InstanceLimit(why) } else { Cause::CompileFailed(why) }
}

enum Found {
    Whole(Component),
    Damaged,
    Nothing,
}

fn find(engine: &Engine, path: &Path) -> Found {
    let (Ok(mut file), Ok(seal)) = (File::open(path), fs::read_to_string(seal_path(path))) else {
        return Found::Nothing;
    };
    let (hash, seen) = seal.split_once('\n').unwrap_or((&seal, ""));
    let looks = looks(&file);
    if looks.as_deref() != Some(seen) {
        let mut code = Vec::new();
        if file.read_to_end(&mut code).is_err() || blake3::hash(&code).to_hex().as_str() != hash {
            return Found::Damaged;
        }
        if let Some(looks) = looks {
            // Where it cannot be kept, the next process reads the file through again.
            let _ = write_atomically(&seal_path(path), format!("{hash}\n{looks}").as_bytes());
        }
    }
    match map(engine, path) {
        Ok(component) => Found::Whole(component),
        Err(_) => Found::Damaged,
    }
}

/// What changes with every change of a file; nothing while a change would be too near to the last one to be told
/// from it, since the times of files advance in steps.
fn looks(file: &File) -> Option<String> {
    const STEP: Duration = Duration::from_millis(100);
    let meta = file.metadata().ok()?;
    let changed = Duration::new(meta.ctime().try_into().ok()?, meta.ctime_nsec().try_into().ok()?);
    let age = SystemTime::now().duration_since(UNIX_EPOCH + changed).ok()?;
    let (mtime, mtime_nsec) = (meta.mtime(), meta.mtime_nsec());
    (age > STEP).then(|| format!("{} {mtime}.{mtime_nsec:09} {changed:?}", meta.len()))
}

#[expect(
    unsafe_code,
    reason = "mapping native code trusts the file; it is ours, private, and as it was when it was hashed"
)]
fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: only this module writes to the directory, which is closed to other users, and what it
    // writes comes from `Component::serialize`. wasmtime itself refuses code of another version or setting.
    unsafe { Component::deserialize_file(engine, path) }
}

fn seal_path(path: &Path) -> PathBuf {
    path.with_extension("blake3")
}

/// A reader sees the whole file or none, also when two hosts write at once.
fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{count}.tmp", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        // Whatever is left of the attempt is of no use to anybody.
        let _ = fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Native;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const DIGEST: &str = "00";

    struct Loaded {
        compiled: bool,
        problem: Option<&'static str>,
    }

    fn load(dir: &Path) -> Loaded {
        load_with(dir, &[])
    }

    fn load_with(dir: &Path, native: &'static [Native]) -> Loaded {
        let mut compiled = false;
        let cache = Cache::new(dir.to_owned());
        let source = Source::bundled("empty", EMPTY_COMPONENT, DIGEST, native);
        let loaded = cache.load(&Engine::default(), &source, &mut || compiled = true).unwrap();
        Loaded { compiled, problem: loaded.problem.map(|problem| problem.code()) }
    }

    fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
        let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
    }

    #[test]
    fn code_is_compiled_once_and_kept_privately() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("cache/native");
        assert!(load(&dir).compiled);
        assert!(!load(&dir).compiled);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&files(&dir, "cwasm")[0]), 0o600);
        assert_eq!(files(&dir, "tmp"), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_directory_that_is_open_to_others_is_closed() {
        let scratch = tempfile::tempdir().unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        load(scratch.path());
        assert_eq!(fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[track_caller]
    fn check_recovers(damage: impl Fn(&Path), problem: Option<&str>) {
        let scratch = tempfile::tempdir().unwrap();
        load(scratch.path());
        damage(&files(scratch.path(), "cwasm")[0]);
        let again = load(scratch.path());
        assert!(again.compiled);
        assert_eq!(again.problem, problem);
        assert!(!load(scratch.path()).compiled, "the damage was not repaired");
    }

    #[test]
    fn damaged_code_is_reported_and_compiled_again() {
        let flip = |path: &Path| {
            let mut code = fs::read(path).unwrap();
            let middle = code.len() / 2;
            code[middle] ^= 1;
            fs::write(path, code).unwrap();
        };
        let truncate = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
        let forge = |path: &Path| {
            fs::write(path, b"not native code").unwrap();
            fs::write(seal_path(path), blake3::hash(b"not native code").to_hex().as_bytes()).unwrap();
        };
        check_recovers(flip, Some("cache-mismatch"));
        check_recovers(truncate, Some("cache-mismatch"));
        check_recovers(forge, Some("cache-mismatch"));
        check_recovers(|path| fs::remove_file(seal_path(path)).unwrap(), None);
    }

    #[test]
    fn code_that_nobody_touched_is_not_read_through_again() {
        let scratch = tempfile::tempdir().unwrap();
        load(scratch.path());
        let code = files(scratch.path(), "cwasm").remove(0);
        let sealed = || fs::read_to_string(seal_path(&code)).unwrap();
        while !sealed().contains('\n') {
            assert!(!load(scratch.path()).compiled);
        }
        let (_, looks) = sealed().split_once('\n').map(|(hash, looks)| (hash.to_owned(), looks.to_owned())).unwrap();
        fs::write(seal_path(&code), format!("no hash\n{looks}")).unwrap();
        assert!(!load(scratch.path()).compiled, "it was hashed");
        fs::write(&code, fs::read(&code).unwrap()).unwrap();
        assert_eq!(load(scratch.path()).problem, Some("cache-mismatch"), "it was not hashed after a change");
    }

    /// As a build puts it into the program.
    fn native(engine: &str, code: Vec<u8>) -> &'static [Native] {
        vec![Native { engine: engine.to_owned().leak(), code: code.leak() }].leak()
    }

    #[test]
    fn code_that_travels_with_a_component_fills_the_cache() {
        let scratch = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let code = Component::from_binary(&engine, EMPTY_COMPONENT).unwrap().serialize().unwrap();
        let travels = native(&settings_of(&engine), code.clone());
        let dir = scratch.path().join("native");
        assert!(!load_with(&dir, travels).compiled);
        assert_eq!(fs::read(files(&dir, "cwasm").remove(0)).unwrap(), code);
        assert!(!load(&dir).compiled, "it was not kept");
        fs::write(files(&dir, "cwasm").remove(0), b"damaged").unwrap();
        let mended = load_with(&dir, travels);
        assert_eq!((mended.compiled, mended.problem), (false, Some("cache-mismatch")));
        fs::write(scratch.path().join("file"), b"").unwrap();
        let unkept = load_with(&scratch.path().join("file/native"), travels);
        assert_eq!((unkept.compiled, unkept.problem), (false, Some("cache")));
    }

    #[test]
    fn of_code_that_is_not_used_the_newest_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let cache = Cache::new(scratch.path().to_owned());
        let load = |digest: &'static str| {
            let source = Source::bundled("empty", EMPTY_COMPONENT, digest, &[]);
            cache.load(&Engine::default(), &source, &mut || {}).unwrap();
        };
        ["01", "02", "03"].into_iter().for_each(load);
        let size = fs::metadata(&files(scratch.path(), "cwasm")[0]).unwrap().len();
        let digests = || {
            let names = files(scratch.path(), "cwasm");
            let digest = |path: &PathBuf| path.file_name().unwrap().to_string_lossy()[..2].to_owned();
            names.iter().map(digest).collect::<BTreeSet<_>>()
        };
        cache.remove_spare(0);
        assert_eq!(digests().len(), 3, "what is used went");
        let others = Cache::new(scratch.path().to_owned());
        for (age, digest) in ["03", "01", "02"].into_iter().enumerate() {
            let path = others.path(&Engine::default(), digest);
            let time = SystemTime::now() - Duration::from_secs(60 * (age as u64 + 1));
            File::open(path).unwrap().set_modified(time).unwrap();
        }
        others.remove_spare(2 * size);
        assert_eq!(digests(), BTreeSet::from(["01".to_owned(), "03".to_owned()]));
        assert_eq!(files(scratch.path(), "blake3").len(), 2);
    }

    #[test]
    fn code_of_another_host_is_not_taken() {
        let others = native("0000000000000000", b"for another version".to_vec());
        assert!(load_with(tempfile::tempdir().unwrap().path(), others).compiled);
        let broken = native(&settings_of(&Engine::default()), b"no code".to_vec());
        assert!(load_with(tempfile::tempdir().unwrap().path(), broken).compiled);
    }

    #[test]
    fn a_trial_counts_for_the_same_component_and_configuration_only() {
        let scratch = tempfile::tempdir().unwrap();
        let (cache, engine) = (Cache::new(scratch.path().to_owned()), Engine::default());
        let was_tried = |digest: &str, config: &str| cache.was_tried(&engine, digest, config);
        assert!(!was_tried(DIGEST, "{}"));
        cache.keep_trial(&engine, DIGEST, "{}");
        assert!(was_tried(DIGEST, "{}"));
        assert!(!was_tried(DIGEST, "{\"a\":1}") && !was_tried("01", "{}"));
        fs::write(&files(scratch.path(), "tried")[0], b"").unwrap();
        assert!(!was_tried(DIGEST, "{}"), "a mark that is cut off was taken");
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_reported_and_the_code_is_there() {
        let scratch = tempfile::tempdir().unwrap();
        let in_the_way = scratch.path().join("file");
        fs::write(&in_the_way, b"").unwrap();
        let loaded = load(&in_the_way.join("cache"));
        assert!(loaded.compiled);
        assert_eq!(loaded.problem, Some("cache"));
    }
}
