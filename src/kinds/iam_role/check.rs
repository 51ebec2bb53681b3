//! What IAM would refuse (aws-facts §3.3).

use super::live::{LONGEST_TAG, inline_tag};
use super::spec::Spec;
use crate::aws;
use crate::model::Diagnostic;
use crate::resource::{Complaint, Facts};
use std::collections::BTreeMap;

/// All policies inside one role together, in characters without blanks (IAM's quotas).
const MOST: usize = 10_240;

/// Finds what is wrong with an entry.
pub fn check(spec: &Spec, facts: &Facts) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut wrong = |path: String, what: String| {
        found.push(Complaint {
            path,
            diagnostic: Diagnostic::error("IAM would refuse this role").detail(what),
        });
    };
    if let Ok(name) = facts.get(&spec.name)
        && let Some(what) = aws::iam_name_problem(&name, 64)
    {
        wrong("name".to_owned(), what);
    }
    if let Some(Ok(path)) = spec.path.as_ref().map(|p| facts.get(p))
        && let Some(what) = aws::iam_path_problem(&path)
    {
        wrong("path".to_owned(), what);
    }
    if let Some(Ok(text)) = spec.description.as_ref().map(|d| facts.get(d))
        && text.chars().count() > 1000
    {
        wrong(
            "description".to_owned(),
            "a description has at most 1000 characters".to_owned(),
        );
    }
    if spec.assumed_by.0.is_empty() {
        wrong(
            "assumed_by".to_owned(),
            "nobody could assume the role".to_owned(),
        );
    }
    for (at, service) in spec.assumed_by.0.iter().enumerate() {
        if let Ok(service) = facts.get(service)
            && !is_service(&service)
        {
            let path = match spec.assumed_by.0.len() {
                1 => "assumed_by".to_owned(),
                _ => format!("assumed_by[{at}]"),
            };
            wrong(
                path,
                format!("`{service}` is no service: write it as lambda.amazonaws.com"),
            );
        }
    }
    let boundary = spec.permissions_boundary.iter();
    let arns = spec
        .policies
        .iter()
        .flatten()
        .enumerate()
        .map(|(at, policy)| (format!("policies[{at}]"), policy))
        .chain(boundary.map(|b| ("permissions_boundary".to_owned(), b)));
    for (path, arn) in arns {
        if let Ok(arn) = facts.get(arn)
            && !aws::is_policy_arn(&arn)
        {
            wrong(
                path,
                format!(
                    "`{arn}` is no policy's ARN; names will not do, since an AWS-managed policy may have the same one"
                ),
            );
        }
    }
    for (path, what) in inline(spec, facts) {
        wrong(path, what);
    }
    if let Some(Ok(seconds)) = spec.max_session_duration.as_ref().map(|m| facts.get(m))
        && !(3600..=43200).contains(&seconds)
    {
        wrong(
            "max_session_duration".to_owned(),
            "a session lasts 3600 to 43200 seconds at most".to_owned(),
        );
    }
    found
}

fn is_service(text: &str) -> bool {
    text.split_once('.').is_some_and(|(name, rest)| {
        !name.is_empty()
            && (rest.ends_with("amazonaws.com")
                || rest.ends_with("amazonaws.com.cn")
                || rest == "amazon.com"
                || rest.ends_with(".aws.internal"))
    })
}

/// Finds what is wrong with the policies inside, by field.
fn inline(spec: &Spec, facts: &Facts) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut size = 0;
    let mut all = BTreeMap::new();
    for (name, document) in spec.inline_policies.iter().flatten() {
        let path = format!("inline_policies.{name}");
        // the names stand in a tag, whose values take no comma
        if let Some(what) = aws::iam_name_problem(name, 128) {
            found.push((path.clone(), what));
        } else if name.contains(',') {
            found.push((path.clone(), "the name must have no comma".to_owned()));
        }
        // what is not known yet is judged by its form
        let document = facts.value(document).unwrap_or_else(|_| document.clone());
        for (inside, what) in aws::policy_document_problems(&document) {
            let path = match inside.as_str() {
                "" => path.clone(),
                inside => format!("{path}.{inside}"),
            };
            found.push((path, what));
        }
        size += aws::policy_document_size(&document);
        all.insert(name.clone(), document);
    }
    if size > MOST {
        found.push((
            "inline_policies".to_owned(),
            format!(
                "the documents have {size} characters without blanks, and IAM takes {MOST} in one role"
            ),
        ));
    }
    if inline_tag(&all).1.chars().count() > LONGEST_TAG {
        found.push((
            "inline_policies".to_owned(),
            format!("their names together have more than {LONGEST_TAG} characters"),
        ));
    }
    found
}
