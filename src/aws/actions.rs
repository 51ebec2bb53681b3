//! What a caller must be allowed for each operation that this program calls, as data: the actions, which are not always
//! named as the operation, and the form of the resources, as narrow as the service can be told (its page in AWS's Service
//! Authorization Reference). A denied call prints the statement that would allow it.

mod table;

pub use table::OPERATIONS;

use crate::model::{Class, Fault};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name, `rds:CreateDBInstance`.
    pub name: &'static str,
    /// What it needs. Nothing where AWS asks nobody for a permission.
    pub needs: &'static [Need],
}

/// One action that a caller needs.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The action, `lambda:InvokeFunction`.
    pub action: &'static str,
    /// What it is needed on: ARNs with `{partition}`, `{region}`, `{account}` and the names that kinds give
    /// ([`Resource::named`](crate::resource::Resource::named)); `*` where the service takes nothing narrower.
    pub on: &'static [&'static str],
    /// A condition that may be put on it: operator, key, value.
    pub condition: Option<(&'static str, &'static str, &'static str)>,
    /// When it is needed; always, where this is empty.
    pub when: &'static str,
}

/// Where a call was made, and what the object at hand is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The names that are known, by what stands in the forms: `db`, `role`. Others become `*`.
    pub names: BTreeMap<&'static str, String>,
}

impl Place {
    /// Puts what is known into a form.
    fn fill(&self, form: &str) -> String {
        let mut text = String::new();
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = match name {
                "partition" => Some(&self.partition),
                "account" => Some(&self.account),
                "region" => Some(&self.region),
                name => self.names.get(name),
            };
            text.push_str(value.filter(|v| !v.is_empty()).map_or("*", String::as_str));
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// Returns what is known about an operation.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|o| o.name == name)
}

/// Returns the needs of a denied call. Where AWS's message names actions that the call needs, only those: the names of
/// actions are no sentences. Where it names none, as EC2's encoded one, all.
fn lacking(op: &str, message: &str) -> Vec<&'static Need> {
    let all: Vec<&Need> = operation(op).map_or(Vec::new(), |o| o.needs.iter().collect());
    let words: Vec<&str> = message
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == ':' || c == '-'))
        .collect();
    let named: Vec<&Need> = all
        .iter()
        .copied()
        .filter(|need| words.contains(&need.action))
        .collect();
    if named.is_empty() { all } else { named }
}

/// Says what a denied caller lacks.
pub(super) fn denied(op: &str, message: &str) -> String {
    const WHO: &str = "`aws sts get-caller-identity` shows who the caller is";
    let lacking = lacking(op, message);
    let mut actions: Vec<String> = Vec::new();
    for need in &lacking {
        let name = match need.when {
            "" => format!("`{}`", need.action),
            when => format!("`{}` ({when})", need.action),
        };
        if !actions.contains(&name) {
            actions.push(name);
        }
    }
    if actions.is_empty() {
        return format!("AWS's message says who may not do what; {WHO}");
    }
    let mut text = format!(
        "the caller needs {}; where a policy, a boundary or the organization denies it explicitly, AWS's message says \
         so, and allowing it is not enough. {WHO}",
        actions.join(", ")
    );
    if op.starts_with("ec2:") {
        text.push_str(
            "; a message that EC2 has encoded is read by `aws sts decode-authorization-message --encoded-message TEXT`",
        );
    }
    text
}

/// Adds to a denied call the statements that would allow it. A fault that no statement can mend stays as it is.
#[must_use]
pub fn allowed_by(mut fault: Fault, place: &Place) -> Fault {
    let about_permission = fault
        .code
        .as_deref()
        .is_some_and(|code| super::codes::is_about_permission(code) || unknown(&fault.op, code));
    if fault.class == Class::Denied && about_permission && fault.statements.is_empty() {
        fault.statements = statements(&fault.op, &fault.message, place);
    }
    fault
}

/// A refusal whose code nobody knows was taken for one because of its status.
fn unknown(op: &str, code: &str) -> bool {
    super::codes::meaning(op, code).is_none()
}

/// Returns the statements that allow what a denied call lacks, in the form that a policy has them. Actions on the same
/// resources share one.
fn statements(op: &str, message: &str, place: &Place) -> Vec<Value> {
    let mut grouped: Vec<(Vec<String>, Option<Value>, Vec<&str>)> = Vec::new();
    for need in lacking(op, message) {
        let on: Vec<String> = need.on.iter().map(|form| place.fill(form)).collect();
        let condition = need
            .condition
            .map(|(how, key, value)| json!({ how: { key: value } }));
        let same = grouped
            .iter_mut()
            .find(|(o, c, _)| *o == on && *c == condition);
        match same {
            Some((_, _, actions)) => actions.push(need.action),
            None => grouped.push((on, condition, vec![need.action])),
        }
    }
    grouped
        .into_iter()
        .map(|(on, condition, actions)| {
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), "Allow".into());
            statement.insert("Action".to_owned(), one_or_more(&actions));
            statement.insert("Resource".to_owned(), one_or_more(&on));
            if let Some(condition) = condition {
                statement.insert("Condition".to_owned(), condition);
            }
            Value::Object(statement)
        })
        .collect()
}

fn one_or_more<T: AsRef<str>>(items: &[T]) -> Value {
    match items {
        [one] => one.as_ref().into(),
        more => more.iter().map(AsRef::as_ref).collect::<Vec<&str>>().into(),
    }
}

#[cfg(test)]
mod tests;
