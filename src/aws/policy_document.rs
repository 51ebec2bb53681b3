//! IAM policy documents: reading what IAM returns, comparing what means the same, and finding what IAM would refuse
//! (aws-facts §3.5).

use serde_json::{Map, Value, json};

#[cfg(test)]
mod tests;

/// The version that holds where a document names none; its semantics differ from today's (aws-facts §3.5).
const OLD_VERSION: &str = "2008-10-17";

/// The elements of a statement, in the order in which people write them.
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Most characters of a managed policy, blanks not counted (aws-facts §3.3).
pub const MAX_MANAGED_POLICY: usize = 6144;

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentChange {
    /// Where: `Version`, `Statement[AllowLogs]`, `Statement[0]`.
    pub path: String,
    /// What is there; `null` is nothing.
    pub before: Value,
    /// What should be there; `null` is nothing.
    pub after: Value,
}

/// Reads a document as IAM returns it: JSON, URL-encoded by RFC 3986 (aws-facts §3.5). The SDK does not decode it.
///
/// # Errors
/// What is wrong with the text.
pub fn decode_policy_document(text: &str) -> Result<Value, String> {
    // emulators return plain JSON, whose percent signs must stay
    let plain = if text.trim_start().starts_with('{') {
        text.into()
    } else {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|e| e.to_string())?
    };
    serde_json::from_str(&plain).map_err(|e| e.to_string())
}

/// Returns how much of the size quota a document uses: its characters without blanks.
pub fn policy_document_size(document: &Value) -> usize {
    document
        .to_string()
        .chars()
        .filter(|c| !c.is_whitespace())
        .count()
}

/// Tells whether two documents mean the same to IAM.
pub fn same_policy_document(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

/// Returns a document with everything that has several spellings in one of them, for people: the letter case of
/// actions stays as it was written.
pub fn tidy_policy_document(document: &Value) -> Value {
    normal(document, false)
}

/// Returns how two documents differ, statement by statement. Empty exactly where they mean the same.
pub fn policy_document_changes(before: &Value, after: &Value) -> Vec<DocumentChange> {
    if same_policy_document(before, after) {
        return Vec::new();
    }
    let (have, want) = (tidy_policy_document(before), tidy_policy_document(after));
    let mut changes = Vec::new();
    for name in ["Version", "Id"] {
        let (b, a) = (&have[name], &want[name]);
        if b != a {
            changes.push(change(name, b, a));
        }
    }
    let mut old: Vec<&Value> = statements(&have).collect();
    let mut new: Vec<(usize, &Value)> = Vec::new();
    for (at, statement) in statements(&want).enumerate() {
        match old.iter().position(|o| same_statement(o, statement)) {
            Some(found) => {
                old.remove(found);
            }
            None => new.push((at, statement)),
        }
    }
    let lone = old.len() == 1 && new.len() == 1;
    for (at, statement) in new {
        let partner = old
            .iter()
            .position(|o| !o["Sid"].is_null() && o["Sid"] == statement["Sid"])
            .or(lone.then_some(0));
        let before = partner.map_or(&Value::Null, |found| old.remove(found));
        changes.push(change(&place(statement, at), before, statement));
    }
    for (at, statement) in old.into_iter().enumerate() {
        changes.push(change(&place(statement, at), statement, &Value::Null));
    }
    if changes.is_empty() {
        // something outside the elements that IAM knows
        changes.push(change("", &have, &want));
    }
    changes
}

fn change(path: &str, before: &Value, after: &Value) -> DocumentChange {
    DocumentChange {
        path: path.to_owned(),
        before: before.clone(),
        after: after.clone(),
    }
}

fn place(statement: &Value, at: usize) -> String {
    match statement["Sid"].as_str() {
        Some(sid) => format!("Statement[{sid}]"),
        None => format!("Statement[{at}]"),
    }
}

/// Returns the statements, whether written as a list or as one object.
fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    match document.get("Statement") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
    .iter()
}

fn canonical(document: &Value) -> Value {
    normal(document, true)
}

fn same_statement(one: &Value, other: &Value) -> bool {
    statement(one, true) == statement(other, true)
}

/// `strict` also folds the letter case that IAM does not look at.
fn normal(document: &Value, strict: bool) -> Value {
    let Value::Object(members) = document else {
        return document.clone();
    };
    let mut out = Map::new();
    let version = members.get("Version").cloned();
    out.insert("Version".into(), version.unwrap_or(json!(OLD_VERSION)));
    if let Some(id) = members.get("Id") {
        out.insert("Id".into(), id.clone());
    }
    let mut all: Vec<Value> = statements(document).map(|s| statement(s, strict)).collect();
    if strict {
        // the order of statements means nothing; for people it stays
        all.sort_by_cached_key(Value::to_string);
    }
    out.insert("Statement".into(), Value::Array(all));
    rest(members, &mut out);
    Value::Object(out)
}

/// Adds the members that are not there yet, by name.
fn rest(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let mut names: Vec<&String> = from.keys().filter(|k| !to.contains_key(*k)).collect();
    names.sort();
    for name in names {
        to.insert(name.clone(), from[name].clone());
    }
}

fn statement(value: &Value, strict: bool) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let mut out = Map::new();
    for name in ELEMENTS {
        let Some(element) = members.get(name) else {
            continue;
        };
        let element = match name {
            "Action" | "NotAction" if strict => set(element, str::to_ascii_lowercase),
            "Action" | "NotAction" | "Resource" | "NotResource" => set(element, str::to_owned),
            "Principal" | "NotPrincipal" => principal(element),
            "Condition" => condition(element, strict),
            _ => element.clone(),
        };
        out.insert(name.to_owned(), element);
    }
    rest(members, &mut out);
    Value::Object(out)
}

/// Returns a set of texts: sorted, each once, a single one without its list.
fn set(value: &Value, each: impl Fn(&str) -> String) -> Value {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut texts: Vec<Value> = Vec::new();
    for item in items {
        texts.push(match item {
            Value::String(text) => Value::String(each(text)),
            // conditions may hold booleans and numbers, which IAM takes as texts
            Value::Bool(_) | Value::Number(_) => Value::String(each(&item.to_string())),
            other => other.clone(),
        });
    }
    texts.sort_by_cached_key(Value::to_string);
    texts.dedup();
    match texts.as_slice() {
        [one] => one.clone(),
        _ => Value::Array(texts),
    }
}

/// `"*"` and `{"AWS": "*"}` are kept apart: only trust policies treat them alike (aws-facts §3.5).
fn principal(value: &Value) -> Value {
    match value {
        Value::Object(kinds) => sorted(kinds.iter().map(|(kind, values)| {
            (kind.clone(), set(values, |text| account_of(text).unwrap_or(text).to_owned()))
        })),
        other => other.clone(),
    }
}

/// Returns the account number in `arn:aws:iam::123456789012:root`, which says the same as the number alone.
fn account_of(principal: &str) -> Option<&str> {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Some(account),
        _ => None,
    }
}

fn condition(value: &Value, strict: bool) -> Value {
    let Value::Object(operators) = value else {
        return value.clone();
    };
    sorted(operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Object(keys) => {
                let folded = keys.len()
                    == keys
                        .keys()
                        .map(|k| k.to_ascii_lowercase())
                        .collect::<std::collections::BTreeSet<_>>()
                        .len();
                sorted(keys.iter().map(|(key, values)| {
                    // names of condition keys have no letter case
                    let key = if strict && folded {
                        key.to_ascii_lowercase()
                    } else {
                        key.clone()
                    };
                    (key, set(values, str::to_owned))
                }))
            }
            other => other.clone(),
        };
        (operator.clone(), keys)
    }))
}

fn sorted(members: impl Iterator<Item = (String, Value)>) -> Value {
    let mut members: Vec<(String, Value)> = members.collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}

/// Finds what IAM would refuse in the document of a managed policy: where (below the document) and what.
pub fn policy_document_problems(document: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut wrong = |at: &str, what: &str| found.push((at.to_owned(), what.to_owned()));
    let Value::Object(members) = document else {
        wrong("", "a policy document is a mapping with `Version` and `Statement`");
        return found;
    };
    for name in members.keys() {
        if !["Version", "Id", "Statement"].contains(&name.as_str()) {
            wrong(name, "a policy document has only `Version`, `Id` and `Statement`");
        }
    }
    if members.get("Version") != Some(&json!("2012-10-17")) {
        wrong("Version", "write `Version: \"2012-10-17\"`: managed policies take no other");
    }
    let all: Vec<&Value> = statements(document).collect();
    if all.is_empty() {
        wrong("Statement", "a policy document needs at least one statement");
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
    if !matches!(parts.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        wrong(".Effect", "`Effect` is Allow or Deny".to_owned());
    }
    for (name, not) in [("Action", "NotAction"), ("Resource", "NotResource")] {
        let (element, values) = match (parts.get(name), parts.get(not)) {
            (Some(values), None) => (name, values),
            (None, Some(values)) => (not, values),
            _ => {
                wrong("", format!("a statement has exactly one of `{name}` and `{not}`"));
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
            && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}
