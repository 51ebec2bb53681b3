//! Finds the Postgres server programs on the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs that are needed.
const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The oldest major that will do; `gen_random_uuid()` is built in since then.
const OLDEST: u32 = 13;

/// Where the programs come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ProgramSource {
    /// Those of the machine, else the archive.
    #[default]
    Auto,
    /// The archive, whatever is installed.
    ArchiveOnly,
    /// Those in this directory.
    Dir(PathBuf),
}

/// Finds a directory with the programs: on `PATH`, else in the usual places, there the newest.
pub fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(usual_places())
        .find_map(|dir| usable(&dir))
}

/// Returns the directory in which the programs of `dir` really are, where it has all of them and they are new
/// enough. They look for their own files beside themselves, and some do not follow a link to get there.
pub fn usable(dir: &Path) -> Option<PathBuf> {
    if !complete(dir) {
        return None;
    }
    let real = std::fs::canonicalize(dir.join("postgres")).ok();
    let real = real
        .as_deref()
        .and_then(Path::parent)
        .filter(|d| complete(d))
        .unwrap_or(dir)
        .to_owned();
    (major(&real)? >= OLDEST).then_some(real)
}

fn complete(dir: &Path) -> bool {
    NEEDED.iter().all(|name| dir.join(name).is_file())
}

/// Asks the server for its major version: `postgres (PostgreSQL) 17.10 (…)`.
fn major(dir: &Path) -> Option<u32> {
    let out = Command::new(dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let version = text.split(") ").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/usr", "pgsql-"),
        ("/Applications/Postgres.app/Contents/Versions", ""),
    ] {
        places.extend(newest_first(Path::new(parent), prefix));
    }
    places.push(PathBuf::from("/usr/local/pgsql/bin"));
    places.push(PathBuf::from("/opt/homebrew/opt/postgresql/bin"));
    places
}

/// Lists `parent/prefixNN/bin`, the newest first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, dir)| dir).collect()
}
