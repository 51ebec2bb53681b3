//! Compiled modules that were built for Lambda's interpreter and not for the local one: finds them, and puts
//! fitting wheels of the same packages before them.

use super::python::Python;
use super::unpack::{keep, unpack};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::ApiError;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A package whose compiled modules do not load here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) project: String,
    pub(super) version: String,
}

/// Returns the directories to be put before `dir`: one for each package in it that does not fit.
///
/// # Errors
/// `ServiceException` that names the package for which there is no wheel.
pub(super) async fn overrides(
    sandbox: &Sandbox,
    python: &Python,
    dir: &Path,
    run: &Path,
) -> Result<Vec<PathBuf>, ApiError> {
    let (python_here, dir) = (python.clone(), dir.to_owned());
    let foreign = blocking(move || foreign(&dir, &python_here)).await?;
    let mut found = Vec::new();
    for package in foreign {
        found.push(fitting(sandbox, python, package, run).await?);
    }
    Ok(found)
}

/// Returns the directory of the wheel that fits; it is asked for once, and then remembered beside it.
async fn fitting(
    sandbox: &Sandbox,
    python: &Python,
    package: Foreign,
    run: &Path,
) -> Result<PathBuf, ApiError> {
    let Foreign { project, version } = package;
    // a digest, because the names come out of a zip and could be paths
    let note = format!(
        "wheel-{}",
        hex(format!("{project} {version} {} {}", python.suffix, python.machine).as_bytes())
    );
    if let Ok(digest) = fs::read_to_string(run.join(&note)) {
        let there = run.join(digest);
        if there.is_dir() {
            return Ok(there);
        }
    }
    let wheel = (sandbox.wheels)(project.clone(), version.clone(), python.tag.clone())
        .await
        .map_err(|why| {
            failed(format!(
                "{project} {version} was built for another Python than the local one ({}), and the sandbox gets no \
                 wheel that fits: {why}",
                python.tag
            ))
        })?;
    let run = run.to_owned();
    blocking(move || {
        let digest = hex(&fs::read(&wheel)?);
        let unpacked = unpack(&wheel, &run, &digest)?;
        keep(&run, &note, &digest)?;
        Ok(unpacked)
    })
    .await
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Runs file work beside the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(failed(format!(
            "The sandbox cannot prepare the function: {e}"
        ))),
        Err(e) => Err(failed(format!(
            "The sandbox broke while it prepared the function: {e}"
        ))),
    }
}

/// `ServiceException`.
pub(super) fn failed(message: String) -> ApiError {
    ApiError::new(500, "ServiceException", message)
}

/// Finds the packages in `dir` (by their `*.dist-info`) with a compiled module that does not load here.
pub(super) fn foreign(dir: &Path, python: &Python) -> io::Result<Vec<Foreign>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let info = entry?.path();
        if info.extension().is_none_or(|e| e != "dist-info") {
            continue;
        }
        // without a list of files there is nothing that could be said about the package
        let Ok(record) = fs::read_to_string(info.join("RECORD")) else {
            continue;
        };
        let modules = record
            .lines()
            .filter_map(|line| line.split(',').next())
            .filter(|file| file.ends_with(".so") && !file.contains(".."));
        let mut misfit = false;
        for module in modules {
            misfit |= !fits(&dir.join(module), python)?;
        }
        if misfit && let Some(package) = identity(&info) {
            found.push(package);
        }
    }
    found.sort_by(|a, b| a.project.cmp(&b.project));
    Ok(found)
}

/// Returns whether a compiled module loads into the interpreter: by the tag in its name, and by the machine for
/// which it was made.
fn fits(module: &Path, python: &Python) -> io::Result<bool> {
    let name = module.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if name.contains(".cpython-") && !name.ends_with(&python.suffix) {
        return Ok(false);
    }
    let mut head = [0u8; 20];
    match fs::File::open(module).and_then(|mut f| f.read_exact(&mut head)) {
        Ok(()) => {}
        // listed, but not there or not a module: the import will say so
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
            ) =>
        {
            return Ok(true);
        }
        Err(e) => return Err(e),
    }
    if !head.starts_with(b"\x7fELF") {
        return Ok(true);
    }
    let made_for = match u16::from_le_bytes([head[18], head[19]]) {
        0x3e => "x86_64",
        0xb7 => "aarch64",
        _ => "",
    };
    Ok(python.system == "linux" && made_for == python.machine)
}

/// Reads project and version out of METADATA.
fn identity(info: &Path) -> Option<Foreign> {
    let metadata = fs::read_to_string(info.join("METADATA")).ok()?;
    let field = |name: &str| {
        metadata
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
    };
    Some(Foreign {
        project: field("Name:")?,
        version: field("Version:")?,
    })
}
