//! The statements of a function's policy, and which of them are this entry's.

use serde_json::Value;
use std::collections::BTreeSet;

/// Whose name a statement carries. There are two, used in turn: a changed statement is added under the other one before
/// the old one goes, so that there is no moment without permission (aws-facts §4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(pub [String; 2]);

/// What the ids that are not given begin with.
const BEGINNINGS: [&str; 2] = ["cruddur-infra-", "cruddur-infra_2-"];

impl Ids {
    /// The ids of an entry. The second has its number before the name, where no entry's name can look like it.
    pub fn of_entry(name: &str) -> Self {
        Ids(BEGINNINGS.map(|beginning| format!("{beginning}{name}")))
    }

    /// Returns the entry's name in an id that was not given.
    pub fn entry(id: &str) -> Option<&str> {
        BEGINNINGS
            .iter()
            .find_map(|beginning| id.strip_prefix(beginning))
    }

    /// The ids where stack.yaml gives one.
    pub fn given(id: &str) -> Self {
        Ids([id.to_owned(), format!("{id}_2")])
    }

    /// Returns an id that no statement has; where both are taken, the second.
    pub fn free(&self, taken: &[Statement]) -> &str {
        self.0
            .iter()
            .find(|id| !taken.iter().any(|s| s.id == **id))
            .unwrap_or(&self.0[1])
    }
}

/// A statement as far as `AddPermission` can write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// Who: a service, an account number, or `*`.
    pub principal: String,
    /// What.
    pub action: String,
    /// On whose behalf.
    pub source_arn: Option<String>,
    /// In which account that is.
    pub source_account: Option<String>,
    /// What else it says, which `AddPermission` as it is used here would not: it makes a different permission.
    pub more: Vec<String>,
}

/// Returns those statements of a function's policy that have one of the ids.
///
/// # Errors
/// What is wrong with the policy.
pub fn ours(policy: &str, ids: &Ids) -> Result<Vec<Statement>, String> {
    let mut found = with(policy, |id| ids.0.iter().any(|own| own == id))?;
    found.sort_by_key(|s| s.id != ids.0[0]);
    Ok(found)
}

/// Returns the names of all entries that a function's policy has statements of.
///
/// # Errors
/// What is wrong with the policy.
pub fn entries(policy: &str) -> Result<BTreeSet<String>, String> {
    let found = with(policy, |id| Ids::entry(id).is_some())?;
    let names = found.iter().filter_map(|s| Ids::entry(&s.id));
    Ok(names.map(str::to_owned).collect())
}

fn with(policy: &str, is_meant: impl Fn(&str) -> bool) -> Result<Vec<Statement>, String> {
    let policy: Value = serde_json::from_str(policy).map_err(|e| e.to_string())?;
    let all = match &policy["Statement"] {
        Value::Array(many) => many.as_slice(),
        one => std::slice::from_ref(one),
    };
    Ok(all
        .iter()
        .filter(|s| s["Sid"].as_str().is_some_and(&is_meant))
        .map(parse)
        .collect())
}

fn parse(value: &Value) -> Statement {
    let mut statement = Statement {
        id: value["Sid"].as_str().unwrap_or_default().to_owned(),
        principal: String::new(),
        action: text(&value["Action"]),
        source_arn: None,
        source_account: None,
        more: Vec::new(),
    };
    if value["Effect"] != "Allow" {
        statement
            .more
            .push(format!("Effect {}", text(&value["Effect"])));
    }
    match &value["Principal"] {
        Value::Object(kinds) if kinds.len() == 1 => {
            let names = kinds.values().map(text);
            statement.principal = names.map(|n| account_of(&n).unwrap_or(n)).collect();
        }
        other => statement.principal = text(other),
    }
    for (operator, keys) in value["Condition"].as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let plain = ["ArnLike", "ArnEquals", "StringEquals", "StringLike"];
            match key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" if plain.contains(&operator.as_str()) => {
                    statement.source_arn = Some(text(values));
                }
                "aws:sourceaccount" if plain.contains(&operator.as_str()) => {
                    statement.source_account = Some(text(values));
                }
                _ => statement.more.push(format!("{operator} {key}")),
            }
        }
    }
    statement
}

/// Returns a text, or a list with one, or the JSON of anything else.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.len() == 1 => text(&items[0]),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns the account number where Lambda has made `arn:aws:iam::123456789012:root` of it.
fn account_of(principal: &str) -> Option<String> {
    let rest = principal.strip_suffix(":root")?;
    let (before, account) = rest.rsplit_once(':')?;
    before.ends_with(":iam:").then(|| account.to_owned())
}
