//! IAM policy documents: reading what IAM returns, comparing what means the same, and finding what IAM would refuse
//! (aws-facts §3.5).

use serde_json::{Map, Value, json};

mod check;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use check::policy_document_problems;

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
            (
                kind.clone(),
                set(values, |text| account_of(text).unwrap_or(text).to_owned()),
            )
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
