//! The members of a request, checked as the service model has them.

use super::invalid;
use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the caller sent.
pub(super) struct Members<'a>(&'a Map<String, Value>);

fn constraint(value: &str, at: &str, what: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value {value} at '{at}' failed to satisfy constraint: {what}"
    ))
}

fn wrong_type(at: &str) -> ApiError {
    ApiError::new(
        400,
        "SerializationException",
        format!("the member {at} is of another type"),
    )
}

impl<'a> Members<'a> {
    /// Takes a request.
    ///
    /// # Errors
    /// `SerializationException` where it is no structure.
    pub(super) fn of(body: &'a Value) -> Result<Self, ApiError> {
        body.as_object().map(Members).ok_or_else(|| wrong_type(""))
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

    /// Returns a text of so many characters at most.
    pub(super) fn text(&self, name: &str, most: usize) -> Result<Option<&'a str>, ApiError> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(value) => value.as_str().ok_or_else(|| wrong_type(name))?,
        };
        if text.chars().count() > most {
            let what = format!("Member must have length less than or equal to {most}");
            return Err(constraint(&format!("'{text}'"), &lower(name), &what));
        }
        Ok(Some(text))
    }

    /// Returns a text that must be there, and not be empty.
    pub(super) fn must(&self, name: &str, most: usize) -> Result<&'a str, ApiError> {
        match self.text(name, most)? {
            None => Err(constraint("null", &lower(name), "Member must not be null")),
            Some("") => Err(constraint(
                "''",
                &lower(name),
                "Member must have length greater than or equal to 1",
            )),
            Some(text) => Ok(text),
        }
    }

    /// Returns one of several words.
    pub(super) fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, ApiError> {
        let Some(word) = self.text(name, 2048)? else {
            return Ok(None);
        };
        if words.contains(&word) {
            return Ok(Some(word));
        }
        Err(constraint(
            &format!("'{word}'"),
            &lower(name),
            &format!("Member must satisfy enum value set: [{}]", words.join(", ")),
        ))
    }

    /// Returns a boolean.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong_type(name)),
        }
    }

    /// Returns a list of texts; empty where it is not there.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        let items = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(value) => value.as_array().ok_or_else(|| wrong_type(name))?,
        };
        let text = |item: &'a Value| item.as_str().ok_or_else(|| wrong_type(name));
        items.iter().map(text).collect()
    }

    /// Returns tags; empty where there are none.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let items = match self.get("Tags") {
            None => return Ok(BTreeMap::new()),
            Some(value) => value.as_array().ok_or_else(|| wrong_type("Tags"))?,
        };
        let mut tags = BTreeMap::new();
        for item in items {
            let item = item.as_object().ok_or_else(|| wrong_type("Tags"))?;
            let member = Members(item);
            let key = member.must("Key", 128)?;
            let value = member
                .text("Value", 256)?
                .ok_or_else(|| constraint("null", "value", "Member must not be null"))?;
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(invalid(format!(
                    "Tag keys that start with aws: are reserved: {key}"
                )));
            }
            tags.insert(key.to_owned(), value.to_owned());
        }
        Ok(tags)
    }
}

/// AWS writes a member in its sentences with a small first letter.
fn lower(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
