//! What a result may be written over: an older one of its sort, and no other file. The file that is meant as a result
//! may be the stack's own by a slip of the hand.

use super::failure::Failure;
use serde_json::Value;
use std::path::Path;

/// By these a plan is known.
pub const PLAN: [&str; 2] = ["format_version", "stack_digest"];
/// By these a receipt is known.
pub const RECEIPT: [&str; 2] = ["remains", "unseen"];

/// The largest result that is read: thousands of entries fit well.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// Tells whether a result may be written there, under what it is written by.
///
/// # Errors
/// Where there is a file that has something else in it.
pub fn replaceable(option: &str, path: &Path, what: &str, marks: &[&str]) -> Result<(), Failure> {
    let Ok(there) = std::fs::metadata(path) else {
        return Ok(());
    };
    // whatever is written to a device or a pipe goes on
    if !there.is_file() || there.len() == 0 {
        return Ok(());
    }
    let bytes = crate::files::read_at_most(path, LARGEST).unwrap_or_default();
    let known = match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => marks.iter().all(|mark| members.contains_key(*mark)),
        _ => false,
    };
    if known {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::with_help(
        format!("{option} {path}: there is a file that is no {what}, and it would be lost"),
        "name another file, or remove that one first",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_result_of_its_sort_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let may = || replaceable("--out", &path, "plan", &PLAN).is_ok();
        assert!(may(), "there is none");
        for (text, free) in [
            ("", true),
            (
                "{\"format_version\": 1, \"stack_digest\": \"x\", \"more\": []}",
                true,
            ),
            ("{\"format_version\": 1}", false),
            ("stack: cruddur\n", false),
            ("[]", false),
            (" ", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(may(), free, "{text}");
        }
        assert!(replaceable("--out", Path::new("/dev/null"), "plan", &PLAN).is_ok());
        let told = replaceable("--receipt", &path, "receipt", &RECEIPT).unwrap_err();
        assert!(told.line().contains("--receipt") && told.line().contains("no receipt"));
    }
}
