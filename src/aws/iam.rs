//! What the kinds of IAM share: names, paths, ARNs, tags, and groups of calls.

use super::lasting;
use crate::model::{Class, Diff, Fault, Force, Residue, Shown};
use aws_sdk_iam::error::BuildError;
use aws_sdk_iam::types::Tag;
use std::collections::BTreeMap;

/// Says what is wrong with the name of a policy (at most 128) or a role (at most 64); aws-facts §3.3.
pub fn iam_name_problem(name: &str, most: usize) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() || name.chars().count() > most {
        Some(format!("the name has 1 to {most} characters"))
    } else if !name.chars().all(allowed) {
        Some("the name consists of letters, digits and +=,.@_-".to_owned())
    } else {
        None
    }
}

/// Says what is wrong with a path.
pub fn iam_path_problem(path: &str) -> Option<String> {
    let fits = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && !path.contains("//")
        && path.chars().all(|c| c.is_ascii_graphic());
    (!fits).then(|| "a path begins and ends with `/`, as in `/cruddur/`".to_owned())
}

/// Tells whether a text is the ARN of a managed policy, the account's own or AWS's.
pub fn is_policy_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", _, rest] if rest.starts_with("policy/"))
}

/// Notes each tag that is wanted and is not there, or has another value. Tags that nobody asked for are left alone.
pub fn tag_changes(
    diff: &mut Diff,
    want: &BTreeMap<String, String>,
    have: &BTreeMap<String, String>,
) {
    for (name, value) in lasting(want) {
        let before = have.get(name);
        if before != Some(value) {
            diff.note(
                &format!("tags.{name}"),
                before.map_or(Shown::NOTHING, |v| v.clone().into()),
                value.clone(),
                Force::Update,
            );
        }
    }
}

/// Returns tags as IAM's calls take them.
///
/// # Errors
/// Never with a key and a value; the SDK's builder can say so only this way.
pub fn iam_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, BuildError> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Returns tags as IAM's calls take them to set them on an object that is there.
///
/// # Errors
/// As [`iam_tags`].
pub fn lasting_iam_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, BuildError> {
    lasting(tags)
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Returns tags as IAM's answers give them.
pub fn from_iam_tags(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|t| (t.key, t.value)).collect()
}

/// Translates the error of a builder that was given everything it needs.
pub fn built_wrong(op: &str, error: &BuildError) -> Fault {
    Fault::new(op, Class::Bug, error.to_string())
}

/// Gives a fault of a group's later call the right residue: what earlier calls of the group have changed stays.
pub fn after_changes(changed: bool, mut fault: Fault) -> Fault {
    if changed && fault.residue == Residue::Nothing {
        fault.residue = Residue::Remains;
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_judged() {
        assert_eq!(
            iam_name_problem("AWSLambdaVPCAccessExecutionRole", 128),
            None
        );
        assert!(iam_name_problem("", 64).is_some());
        assert!(iam_name_problem(&"a".repeat(65), 64).is_some());
        assert!(iam_name_problem("a/b", 64).is_some());
        for good in ["/", "/cruddur/", "/a/b/"] {
            assert_eq!(iam_path_problem(good), None, "{good}");
        }
        for bad in ["", "cruddur/", "/cruddur", "//", "/a b/"] {
            assert!(iam_path_problem(bad).is_some(), "{bad}");
        }
        assert!(is_policy_arn("arn:aws:iam::aws:policy/service-role/X"));
        assert!(is_policy_arn("arn:aws-cn:iam::123456789012:policy/X"));
        assert!(!is_policy_arn("arn:aws:iam::123456789012:role/X"));
        assert!(!is_policy_arn("X"));
    }

    #[test]
    fn only_wanted_tags_are_compared() {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let mut diff = Diff::default();
        tag_changes(
            &mut diff,
            &map(&[("a", "1"), ("b", "2"), ("c", "3")]),
            &map(&[("a", "1"), ("b", "x"), ("foreign", "y")]),
        );
        assert_eq!(diff.paths(), ["tags.b", "tags.c"]);
        assert_eq!(diff.0[1].before, Shown::NOTHING);
    }
}
