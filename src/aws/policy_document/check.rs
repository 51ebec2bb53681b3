//! What IAM would refuse.

use super::{ELEMENTS, statements};
use serde_json::{Map, Value, json};

/// Finds what IAM would refuse in the document of a managed policy: where (below the document) and what.
pub fn policy_document_problems(document: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut wrong = |at: &str, what: &str| found.push((at.to_owned(), what.to_owned()));
    let Value::Object(members) = document else {
        wrong(
            "",
            "a policy document is a mapping with `Version` and `Statement`",
        );
        return found;
    };
    for name in members.keys() {
        if !["Version", "Id", "Statement"].contains(&name.as_str()) {
            wrong(
                name,
                "a policy document has only `Version`, `Id` and `Statement`",
            );
        }
    }
    if members.get("Version") != Some(&json!("2012-10-17")) {
        wrong(
            "Version",
            "write `Version: \"2012-10-17\"`: managed policies take no other",
        );
    }
    let all: Vec<&Value> = statements(document).collect();
    if all.is_empty() {
        wrong(
            "Statement",
            "a policy document needs at least one statement",
        );
    }
    let mut sids: Vec<&str> = Vec::new();
    for (at, value) in all.into_iter().enumerate() {
        let at = format!("Statement[{at}]");
        let Value::Object(parts) = value else {
            wrong(&at, "a statement is a mapping");
            continue;
        };
        for (inside, what) in statement_problems(parts) {
            wrong(&format!("{at}{inside}"), &what);
        }
        if let Some(sid) = parts.get("Sid").and_then(Value::as_str) {
            if !sid.chars().all(|c| c.is_ascii_alphanumeric()) && !sid.contains("${") {
                wrong(&format!("{at}.Sid"), "a Sid consists of letters and digits");
            }
            if sids.contains(&sid) {
                wrong(&format!("{at}.Sid"), "each Sid may occur once in a policy");
            }
            sids.push(sid);
        }
    }
    found
}

fn statement_problems(parts: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut wrong = |at: &str, what: String| found.push((at.to_owned(), what));
    for name in parts.keys() {
        match name.as_str() {
            "Principal" | "NotPrincipal" => wrong(
                &format!(".{name}"),
                "a managed policy names no principal; it is attached to one".to_owned(),
            ),
            name if !ELEMENTS.contains(&name) => {
                wrong(&format!(".{name}"), format!("a statement has no `{name}`"));
            }
            _ => {}
        }
    }
    if !matches!(
        parts.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        wrong(".Effect", "`Effect` is Allow or Deny".to_owned());
    }
    for (name, not) in [("Action", "NotAction"), ("Resource", "NotResource")] {
        let (element, values) = match (parts.get(name), parts.get(not)) {
            (Some(values), None) => (name, values),
            (None, Some(values)) => (not, values),
            _ => {
                wrong(
                    "",
                    format!("a statement has exactly one of `{name}` and `{not}`"),
                );
                continue;
            }
        };
        let at = format!(".{element}");
        let items = match values {
            Value::Array(items) if items.is_empty() => {
                wrong(&at, format!("`{element}` is empty"));
                continue;
            }
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            match item.as_str() {
                None => wrong(&at, format!("`{element}` is a text or a list of texts")),
                // what is not known yet cannot be judged
                Some(text) if text == "*" || text.contains("${") => {}
                Some(text) if name == "Action" && !is_action(text) => {
                    wrong(&at, format!("`{text}` is no action: write service:Name"));
                }
                Some(text) if name == "Resource" && !text.starts_with("arn:") => {
                    wrong(&at, format!("`{text}` is neither an ARN nor \"*\""));
                }
                Some(_) => {}
            }
        }
    }
    if parts.get("Condition").is_some_and(|c| !c.is_object()) {
        wrong(".Condition", "`Condition` is a mapping".to_owned());
    }
    found
}

fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        !service.is_empty()
            && !name.is_empty()
            && service
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}
