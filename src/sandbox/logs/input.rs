//! The members of a request, checked as the service model has them, in AWS's words.

use super::{group_arn, invalid};
use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a text must be.
pub(super) struct Rule {
    most: usize,
    pattern: &'static str,
    fits: fn(char) -> bool,
}

/// The name of a group, and the beginning of one.
pub(super) const GROUP: Rule = Rule {
    most: 512,
    pattern: r"[\.\-_/#A-Za-z0-9]+",
    fits: |c| c.is_ascii_alphanumeric() || ".-_/#".contains(c),
};
/// The name of a stream, and the beginning of one.
pub(super) const STREAM: Rule = Rule {
    most: 512,
    pattern: "[^:*]*",
    fits: |c| c != ':' && c != '*',
};
/// A group by its name or its ARN.
pub(super) const IDENTIFIER: Rule = Rule {
    most: 2048,
    pattern: r"[\w#+=/:,.@-]*",
    fits: |c| c.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(c),
};
/// The ARN of what is tagged.
pub(super) const ARN: Rule = Rule {
    most: 1011,
    pattern: r"[\w+=/:,.@-]*",
    fits: |c| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c),
};
/// Any text of so many characters.
pub(super) const fn up_to(most: usize) -> Rule {
    Rule {
        most,
        pattern: ".*",
        fits: |_| true,
    }
}

/// What the caller sent.
pub(super) struct Members<'a>(&'a Map<String, Value>);

fn constraint(value: &str, at: &str, what: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value {value} at '{at}' failed to satisfy constraint: {what}"
    ))
}

fn wrong_type(at: &str, wanted: &str) -> ApiError {
    ApiError::new(
        400,
        "SerializationException",
        format!("the member {at} can not be converted to {wanted}"),
    )
}

fn checked<'a>(text: &'a str, at: &str, rule: &Rule) -> Result<&'a str, ApiError> {
    let wrong = |what: String| Err(constraint(&format!("'{text}'"), at, &what));
    let length = text.chars().count();
    if length == 0 {
        return wrong("Member must have length greater than or equal to 1".to_owned());
    }
    if length > rule.most {
        return wrong(format!(
            "Member must have length less than or equal to {}",
            rule.most
        ));
    }
    if !text.chars().all(rule.fits) {
        return wrong(format!(
            "Member must satisfy regular expression pattern: {}",
            rule.pattern
        ));
    }
    Ok(text)
}

impl<'a> Members<'a> {
    /// Takes a request.
    ///
    /// # Errors
    /// `SerializationException` where it is no structure.
    pub(super) fn of(body: &'a Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(members) => Ok(Members(members)),
            _ => Err(wrong_type("", "a structure")),
        }
    }

    /// Refuses members that the sandbox does not have: one that is sent in vain would hide a mistake.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(invalid(format!(
                "The sandbox does not have the member {name}"
            ))),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }

    /// Returns a text.
    pub(super) fn text(&self, name: &str, rule: &Rule) -> Result<Option<&'a str>, ApiError> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(wrong_type(name, "a string")),
        };
        checked(text, name, rule).map(Some)
    }

    /// Returns a text that must be there.
    pub(super) fn must(&self, name: &str, rule: &Rule) -> Result<&'a str, ApiError> {
        self.text(name, rule)?
            .ok_or_else(|| constraint("null", name, "Member must not be null"))
    }

    /// Returns a text that may be empty, of so many characters at most.
    pub(super) fn maybe_empty(&self, name: &str, most: usize) -> Result<&'a str, ApiError> {
        match self.get(name) {
            Some(Value::String(text)) if text.is_empty() => Ok(""),
            _ => Ok(self.text(name, &up_to(most))?.unwrap_or_default()),
        }
    }

    /// Returns one of several words.
    pub(super) fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, ApiError> {
        let Some(word) = self.text(name, &up_to(512))? else {
            return Ok(None);
        };
        if words.contains(&word) {
            return Ok(Some(word));
        }
        let set = words.join(", ");
        Err(constraint(
            &format!("'{word}'"),
            name,
            &format!("Member must satisfy enum value set: [{set}]"),
        ))
    }

    /// Returns a whole number between two bounds.
    pub(super) fn number(
        &self,
        name: &str,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value
            .as_i64()
            .ok_or_else(|| wrong_type(name, "a whole number"))?;
        let beyond = |word: &str, bound: i64| {
            Err(constraint(
                &format!("'{number}'"),
                name,
                &format!("Member must have value {word} than or equal to {bound}"),
            ))
        };
        match number {
            n if n < least => beyond("greater", least),
            n if n > most => beyond("less", most),
            n => Ok(Some(n)),
        }
    }

    /// Returns how many items a page may have.
    pub(super) fn limit(&self, most: i64) -> Result<usize, ApiError> {
        let limit = self.number("limit", 1, most)?.unwrap_or(most);
        Ok(usize::try_from(limit).unwrap_or_default())
    }

    /// Returns a boolean.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_bool() {
                Some(flag) => Ok(Some(flag)),
                None => Err(wrong_type(name, "a boolean")),
            },
        }
    }

    /// Returns a list as it is.
    pub(super) fn list(&self, name: &str, most: usize) -> Result<Option<&'a [Value]>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.is_empty() || items.len() > most => {
                let bound = if items.is_empty() {
                    "greater than or equal to 1".to_owned()
                } else {
                    format!("less than or equal to {most}")
                };
                let what = format!("Member must have length {bound}");
                Err(constraint(
                    &format!("'[{} items]'", items.len()),
                    name,
                    &what,
                ))
            }
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// Returns a list of texts.
    pub(super) fn texts(
        &self,
        name: &str,
        most: usize,
        rule: &Rule,
    ) -> Result<Option<Vec<&'a str>>, ApiError> {
        let Some(items) = self.list(name, most)? else {
            return Ok(None);
        };
        let text = |item: &'a Value| match item {
            Value::String(text) => checked(text, name, rule),
            _ => Err(wrong_type(name, "a list of strings")),
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// Returns tags; `None` where there are none.
    pub(super) fn tags(&self) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let members = match self.get("tags") {
            None => return Ok(None),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(wrong_type("tags", "a map")),
        };
        let mut tags = BTreeMap::new();
        for (key, value) in members {
            let value = value
                .as_str()
                .ok_or_else(|| wrong_type("tags", "a map of strings"))?;
            checked(key, "tags", &up_to(128))?;
            if value.chars().count() > 256 {
                let what = "Map value must satisfy constraint: [Member must have length less than or equal to 256]";
                return Err(constraint(&format!("'{value}'"), "tags", what));
            }
            tags.insert(key.clone(), value.to_owned());
        }
        Ok(Some(tags))
    }

    /// Returns the name of the group that is meant by `logGroupName` or `logGroupIdentifier`.
    pub(super) fn group(&self, region: &str) -> Result<&'a str, ApiError> {
        let name = self.text("logGroupName", &GROUP)?;
        let identifier = self.text("logGroupIdentifier", &IDENTIFIER)?;
        match (name, identifier) {
            (Some(_), Some(_)) => Err(invalid(
                "Only one of logGroupName and logGroupIdentifier may be given",
            )),
            (None, None) => Err(invalid(
                "One of logGroupName and logGroupIdentifier must be given",
            )),
            (Some(name), None) => Ok(name),
            (None, Some(text)) if text.starts_with("arn:") => group_of(text, region),
            (None, Some(name)) => Ok(name),
        }
    }
}

/// Returns the name in the ARN of a group of this region and account.
pub(super) fn group_of<'a>(arn: &'a str, region: &str) -> Result<&'a str, ApiError> {
    arn.strip_prefix(group_arn(region, "").as_str())
        .filter(|name| !name.is_empty() && !name.contains(':'))
        .ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))
}
