//! Takes in the zip of a function or a layer.

use super::model::Code;
use super::request::{flag, invalid, need, text};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// What code and layers of one function may take unzipped, in bytes.
pub(super) const MOST_UNZIPPED: u64 = 262_144_000;
/// What a zip may take in a request, in bytes.
const MOST_ZIPPED: usize = 50 * 1024 * 1024;

/// Reads the zip out of `Code`, `Content` or the body of `UpdateFunctionCode`, checks and keeps it.
///
/// # Errors
/// `InvalidParameterValueException` for what is no zip or is too large when unzipped; for S3, in which nothing
/// exists here; `RequestEntityTooLargeException`.
pub(super) fn take(store: &Store, of: &Value, operation: &str) -> Result<Code, ApiError> {
    if text(of, "ImageUri")?.is_some() {
        return Err(invalid(
            "The sandbox has no container images: send the code as a zip.",
        ));
    }
    if text(of, "S3Bucket")?.is_some() || text(of, "S3Key")?.is_some() {
        return Err(invalid(
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does \
             not exist",
        ));
    }
    if flag(of, "Publish")? || text(of, "PublishTo")?.is_some() {
        return Err(invalid(
            "The sandbox has no published versions of functions.",
        ));
    }
    if text(of, "ZipFile")?.is_none() {
        return Err(invalid("Please provide a source for function code."));
    }
    let bytes = STANDARD
        .decode(need(of, "ZipFile")?)
        .map_err(|_| ApiError::new(400, "SerializationException", "ZipFile is not valid base64"))?;
    if bytes.len() > MOST_ZIPPED {
        return Err(ApiError::new(
            413,
            "RequestEntityTooLargeException",
            format!("Request must be smaller than 70167211 bytes for the {operation} operation"),
        ));
    }
    let unzipped = unzipped(&bytes)?;
    let digest = store.put_blob(&bytes)?;
    Ok(Code {
        digest,
        sha256: STANDARD.encode(Sha256::digest(&bytes)),
        size: bytes.len() as u64,
        unzipped,
        architecture: String::new(),
    })
}

/// Returns how large a zip is unzipped.
fn unzipped(bytes: &[u8]) -> Result<u64, ApiError> {
    let broken = || {
        invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
    };
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if zip.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let mut sum: u64 = 0;
    for at in 0..zip.len() {
        let entry = zip.by_index(at).map_err(|_| broken())?;
        if entry.enclosed_name().is_none() {
            return Err(broken());
        }
        sum = sum.saturating_add(entry.size());
    }
    if sum > MOST_UNZIPPED {
        return Err(invalid(format!(
            "Unzipped size must be smaller than {MOST_UNZIPPED} bytes"
        )));
    }
    Ok(sum)
}
