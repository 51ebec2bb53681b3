//! Whose a schedule is. Schedules cannot be tagged, only their groups (Scheduler's service model, TagResource); so the
//! mark is the beginning of the description, as with layers.

use crate::model::Owner;
use sha2::{Digest, Sha256};

const MARK: &str = "cruddur-infra:";
/// The longest description (service model).
pub const LONGEST: usize = 512;
/// The longest name of a group or a schedule (service model).
pub const LONGEST_NAME: usize = 64;

/// Returns what the description of an entry's schedule begins with.
pub fn mark(stack: &str, addr: &str) -> String {
    format!("{MARK}{stack}:{addr}")
}

/// A description, taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts<'a> {
    /// Our mark; empty where there is none.
    pub mark: &'a str,
    /// The rest.
    pub text: &'a str,
}

/// Takes a description apart.
pub fn parts(description: &str) -> Parts<'_> {
    if !description.starts_with(MARK) {
        return Parts {
            mark: "",
            text: description,
        };
    }
    let (mark, text) = description.split_once(' ').unwrap_or((description, ""));
    Parts { mark, text }
}

/// Puts a description together; what is too long is cut off.
pub fn description(mark: &str, text: &str) -> String {
    let whole = match text {
        "" => mark.to_owned(),
        text => format!("{mark} {text}"),
    };
    whole.chars().take(LONGEST).collect()
}

/// Returns the stack and the address in a description of ours.
fn named(description: &str) -> Option<(&str, &str)> {
    parts(description).mark.strip_prefix(MARK)?.split_once(':')
}

/// Tells whose a schedule with this description is.
pub fn owner(description: &str, stack: &str) -> Owner {
    match named(description) {
        None => Owner::Nobody,
        Some((s, _)) if s == stack => Owner::Ours,
        Some((s, _)) => Owner::Other(s.to_owned()),
    }
}

/// Returns the address in a description, where it is of this stack.
pub fn addr_in<'a>(description: &'a str, stack: &str) -> Option<&'a str> {
    named(description)
        .filter(|(s, _)| *s == stack)
        .map(|(_, addr)| addr)
}

/// Returns the group of a stack's schedules: a name that is too long is cut, and made unique by its digest.
pub fn group(stack: &str) -> String {
    let whole = format!("cruddur-infra-{stack}");
    if whole.len() <= LONGEST_NAME {
        return whole;
    }
    let digest: String = Sha256::digest(stack.as_bytes())
        .iter()
        .take(4)
        .map(|b| format!("{b:02x}"))
        .collect();
    let head: String = whole.chars().take(LONGEST_NAME - 9).collect();
    format!("{head}-{digest}")
}
