//! Which runtimes there are, and until when (aws-facts §4.2).

use super::request::invalid;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;

/// Name, the day from which no function can be created with it, the day from which none can be updated.
const PYTHON: [(&str, &str, &str); 11] = [
    ("python2.7", "2022-01-31", "2022-05-30"),
    ("python3.6", "2022-08-17", "2022-08-29"),
    ("python3.7", "2024-01-09", "2027-03-03"),
    ("python3.8", "2027-02-01", "2027-03-03"),
    ("python3.9", "2027-02-01", "2027-03-03"),
    ("python3.10", "2027-02-01", "2027-03-03"),
    ("python3.11", "2027-07-31", "2027-08-31"),
    ("python3.12", "2028-11-30", "2029-01-10"),
    ("python3.13", "2029-07-31", "2029-08-31"),
    ("python3.14", "2029-07-31", "2029-08-31"),
    ("python3.15", "9999-12-31", "9999-12-31"),
];

/// Those that can be stored here, but not run.
const OTHERS: [&str; 14] = [
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnet8",
    "dotnet10",
    "ruby3.3",
    "ruby3.4",
    "provided.al2",
    "provided.al2023",
];

/// Whether a runtime is wanted for a new function or for one that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Create,
    Update,
}

/// Refuses a runtime that does not exist or has reached its end.
pub(super) fn check(runtime: &str, wanted: Use, now: Moment) -> Result<(), ApiError> {
    if OTHERS.contains(&runtime) {
        return Ok(());
    }
    let Some((name, create, update)) = PYTHON.iter().find(|(name, _, _)| *name == runtime) else {
        return Err(invalid(format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or \
             be a valid ARN",
            known().join(", ")
        )));
    };
    // ISO dates compare as texts
    let today = jiff::Timestamp::from_millisecond(now)
        .unwrap_or_default()
        .strftime("%Y-%m-%d")
        .to_string();
    let end = if wanted == Use::Create {
        create
    } else {
        update
    };
    if today.as_str() < *end {
        return Ok(());
    }
    Err(invalid(format!(
        "The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda functions. We \
         recommend you use a supported runtime while creating or updating functions."
    )))
}

/// Refuses a name that was never a runtime's (layers may be for runtimes that have ended).
pub(super) fn exists(runtime: &str) -> bool {
    known().contains(&runtime)
}

fn known() -> Vec<&'static str> {
    PYTHON
        .iter()
        .map(|(name, _, _)| *name)
        .chain(OTHERS)
        .collect()
}
