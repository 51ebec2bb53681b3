//! The local interpreter under which functions run.

use crate::sandbox::wire::ApiError;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::process::Command;

/// An interpreter that was found.
#[derive(Clone, Debug)]
pub(super) struct Python {
    /// Its own path, not that of a launcher.
    pub(super) path: PathBuf,
    /// As in wheel names: `cp311`.
    pub(super) tag: String,
    /// How names of compiled modules end: `.cpython-311-x86_64-linux-gnu.so`.
    pub(super) suffix: String,
    /// `linux`, `darwin`.
    pub(super) system: String,
    /// `x86_64`, `aarch64`, `arm64`.
    pub(super) machine: String,
}

const PROBE: &str = "import sys, sysconfig, platform\n\
    print(sys.executable, sys.version_info[0], sys.version_info[1], sysconfig.get_config_var('EXT_SUFFIX'), \
    sys.platform, platform.machine(), sep='\\n')";

static FOUND: OnceLock<Mutex<BTreeMap<String, Python>>> = OnceLock::new();

/// Finds an interpreter for a runtime (`python3.13`): that very version where the machine has it, else any
/// `python3` that is 3.9 or newer. What was found is remembered.
///
/// # Errors
/// `InvalidRuntimeException` for a runtime that is not Python, `ServiceException` where there is no interpreter.
pub(super) async fn find(runtime: &str) -> Result<Python, ApiError> {
    if !runtime.starts_with("python3") {
        return Err(ApiError::new(
            502,
            "InvalidRuntimeException",
            format!("The sandbox runs Python functions only, and this one is for {runtime}."),
        ));
    }
    let known = FOUND.get_or_init(Mutex::default);
    let remembered = known
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(runtime)
        .cloned();
    if let Some(python) = remembered {
        return Ok(python);
    }
    for name in [runtime, "python3", "python"] {
        if let Some(python) = probe(name).await {
            known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(runtime.to_owned(), python.clone());
            return Ok(python);
        }
    }
    Err(ApiError::new(
        500,
        "ServiceException",
        "The sandbox runs functions with the machine's own Python, and finds no python3 (3.9 or newer) on PATH.",
    ))
}

async fn probe(name: &str) -> Option<Python> {
    let output = Command::new(name)
        .args(["-c", PROBE])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let [path, major, minor, suffix, system, machine] = lines.as_slice() else {
        return None;
    };
    let minor: u32 = minor.parse().ok()?;
    if *major != "3" || minor < 9 {
        return None;
    }
    Some(Python {
        path: PathBuf::from(path),
        tag: format!("cp3{minor}"),
        suffix: (*suffix).to_owned(),
        system: (*system).to_owned(),
        machine: (*machine).to_owned(),
    })
}
