//! What IAM would refuse of the policies inside a role (aws-facts §3.3).

use super::live::inline_tag;
use super::spec::Spec;
use crate::aws;
use crate::resource::Facts;
use std::collections::BTreeMap;

/// All policies inside one role together, in characters without blanks (IAM's quotas).
const MOST: usize = 10_240;
/// The longest value of a tag.
const LONGEST_TAG: usize = 256;

/// Finds what is wrong with the policies inside, by field.
pub fn inline(spec: &Spec, facts: &Facts) -> Vec<(String, String)> {
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
