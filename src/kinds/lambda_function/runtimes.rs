//! Which runtimes there are, and for how long (aws-facts §4.2). AWS moves these dates; there is no clock here, so the
//! table says what holds as of November 2026, and the texts give the dates.

use crate::model::Diagnostic;

/// What AWS lets be done with a runtime.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// Supported.
    Current,
    /// No security updates any more; functions can still be made with it.
    Deprecated,
    /// No function can be made with it.
    Blocked,
}
use Use::{Blocked, Current, Deprecated};

/// Name, state, and the dates: deprecated, no new functions, no updates; where they are known.
const KNOWN: [(&str, Use, Option<[&str; 3]>); 51] = [
    (
        "python3.14",
        Current,
        Some(["2029-06-30", "2029-07-31", "2029-08-31"]),
    ),
    (
        "python3.13",
        Current,
        Some(["2029-06-30", "2029-07-31", "2029-08-31"]),
    ),
    (
        "python3.12",
        Current,
        Some(["2028-10-31", "2028-11-30", "2029-01-10"]),
    ),
    (
        "python3.11",
        Current,
        Some(["2027-06-30", "2027-07-31", "2027-08-31"]),
    ),
    ("python3.15", Current, None),
    (
        "python3.10",
        Deprecated,
        Some(["2026-10-31", "2027-02-01", "2027-03-03"]),
    ),
    (
        "python3.9",
        Deprecated,
        Some(["2025-12-15", "2027-02-01", "2027-03-03"]),
    ),
    (
        "python3.8",
        Deprecated,
        Some(["2024-10-14", "2027-02-01", "2027-03-03"]),
    ),
    (
        "python3.7",
        Blocked,
        Some(["2023-12-04", "2024-01-09", "2027-03-03"]),
    ),
    ("python3.6", Blocked, None),
    ("python2.7", Blocked, None),
    ("nodejs26.x", Current, None),
    ("nodejs24.x", Current, None),
    ("nodejs22.x", Current, None),
    ("nodejs20.x", Deprecated, None),
    ("nodejs18.x", Deprecated, None),
    ("nodejs16.x", Deprecated, None),
    ("nodejs14.x", Blocked, None),
    ("nodejs12.x", Blocked, None),
    ("nodejs10.x", Blocked, None),
    ("nodejs8.10", Blocked, None),
    ("nodejs6.10", Blocked, None),
    ("nodejs4.3", Blocked, None),
    ("nodejs4.3-edge", Blocked, None),
    ("nodejs", Blocked, None),
    ("java25", Current, None),
    ("java21", Current, None),
    ("java17", Current, None),
    ("java17.al2023", Current, None),
    ("java11", Current, None),
    ("java11.al2023", Current, None),
    ("java8.al2", Current, None),
    ("java8.al2023", Current, None),
    ("java8", Blocked, None),
    ("dotnet10", Current, None),
    ("dotnet8", Current, None),
    ("dotnet6", Deprecated, None),
    ("dotnetcore3.1", Blocked, None),
    ("dotnetcore2.1", Blocked, None),
    ("dotnetcore2.0", Blocked, None),
    ("dotnetcore1.0", Blocked, None),
    ("ruby4.0", Current, None),
    ("ruby3.4", Current, None),
    ("ruby3.3", Current, None),
    ("ruby3.2", Deprecated, None),
    ("ruby2.7", Blocked, None),
    ("ruby2.5", Blocked, None),
    ("provided.al2023", Current, None),
    ("provided.al2", Current, None),
    ("provided", Blocked, None),
    ("go1.x", Blocked, None),
];

/// What to write where nothing better is known.
const ADVICE: &str = "runtime: python3.13";

/// Says what is wrong with a runtime, if anything.
pub fn judge(runtime: &str) -> Option<Diagnostic> {
    let Some((_, state, dates)) = KNOWN.iter().find(|(name, ..)| *name == runtime) else {
        return Some(unknown(runtime));
    };
    match state {
        Current => None,
        Deprecated => Some(
            Diagnostic::warning("the runtime is deprecated")
                .detail(match dates {
                    Some([since, create, update]) => format!(
                        "AWS has made no security updates of {runtime} since {since}. From {create} no function can \
                         be made with it, and from {update} none can be changed."
                    ),
                    None => format!("AWS makes no more security updates of {runtime}."),
                })
                .help(advice(runtime)),
        ),
        Blocked => Some(
            Diagnostic::error("the runtime has ended")
                .detail(match dates {
                    Some([since, create, _]) => format!(
                        "{runtime} was deprecated on {since}, and since {create} AWS lets no function be made with it."
                    ),
                    None => format!("AWS lets no function be made with {runtime} any more."),
                })
                .help(advice(runtime)),
        ),
    }
}

fn unknown(runtime: &str) -> Diagnostic {
    let newer = runtime
        .strip_prefix("python3.")
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor > 15);
    if newer {
        return Diagnostic::warning("the runtime is newer than this program").detail(format!(
            "Whether AWS offers {runtime} will show when it is applied."
        ));
    }
    let likely = KNOWN
        .iter()
        .filter(|(_, state, _)| *state == Current)
        .map(|(name, ..)| (strsim::damerau_levenshtein(runtime, name), *name))
        .filter(|(distance, _)| *distance <= 3)
        .min_by_key(|(distance, _)| *distance);
    Diagnostic::error("no such runtime")
        .detail(format!("AWS Lambda has no runtime `{runtime}`."))
        .help(likely.map_or_else(|| ADVICE.to_owned(), |(_, name)| format!("runtime: {name}")))
}

/// Names the one of the same family that lasts longest.
fn advice(runtime: &str) -> String {
    if runtime.starts_with("python") {
        return ADVICE.to_owned();
    }
    if runtime == "go1.x" {
        return "runtime: provided.al2023".to_owned();
    }
    let family =
        |name: &str| -> String { name.chars().take_while(char::is_ascii_alphabetic).collect() };
    KNOWN
        .iter()
        .find(|(name, state, _)| *state == Current && family(name) == family(runtime))
        .map_or_else(
            || ADVICE.to_owned(),
            |(name, ..)| format!("runtime: {name}"),
        )
}
