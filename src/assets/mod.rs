//! What is uploaded to Lambda: zips of function sources and layers made of pinned wheels.
//!
//! Everything here is deterministic: the same input gives the same bytes, so that the digest of an
//! asset can be compared with Lambda's `CodeSha256` and nothing has to be downloaded to see drift
//! (aws-facts §4.4). Entries are sorted, times and modes are fixed, and the compression level is
//! too; the bytes still depend on the deflate library, whose version `Cargo.lock` pins.
//!
//! Packages are installed exactly as pinned. **Dependencies are not resolved**: a package that
//! needs another one needs it pinned beside it.

mod asset;
mod binary;
mod cache;
mod error;
mod function;
mod http;
mod index;
mod layer;
mod package;
mod source;
mod target;
mod unzip;
mod version;
mod wheel_name;

#[cfg(test)]
mod stub;

pub use asset::{Asset, plain_file};
pub use binary::{BinaryTag, binary_tags, fits};
pub use error::AssetError;
pub use function::function_zip;
pub use layer::{LayerAsset, UsedWheel, layer_zip, python_layer};
pub use package::PinnedPackage;
pub use source::{CachedWheel, DEFAULT_INDEX, WheelSource, wheel_for_interpreter};
pub use target::{Arch, INTERPRETER_PROBE, Interpreter, Libc, Platform, Target};
pub use wheel_name::WheelName;

/// Largest zip that Lambda takes in a direct upload, function or layer: 50 MB.
pub const MAX_ZIPPED: u64 = 50 * 1024 * 1024;

/// Largest size of the unpacked function together with its layers: 250 MB.
pub const MAX_UNZIPPED: u64 = 250 * 1024 * 1024;
