//! Checks a request against the service model: unknown members, types, bounds and patterns, in AWS's words.

use super::super::wire::ApiError;
pub(super) use super::pattern::Pattern;
use serde_json::{Map, Value};

/// What a member may be.
pub(super) enum Shape {
    /// Text of so many characters that matches a pattern; `secret` text is never repeated in an error.
    Text {
        min: usize,
        max: usize,
        pattern: Pattern,
        secret: bool,
    },
    /// A whole number between two bounds.
    Int(i64, i64),
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of so many items.
    List(&'static Shape, usize, usize),
    /// A map from text to values, with so many entries.
    Map(&'static Shape, &'static Shape, usize),
    /// A structure.
    Struct(&'static [Member]),
}

/// A member of a structure.
pub(super) struct Member {
    name: &'static str,
    required: bool,
    shape: &'static Shape,
}

/// A member that may be left out.
pub(super) const fn opt(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        required: false,
        shape,
    }
}

/// A member that must be there.
pub(super) const fn req(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        required: true,
        shape,
    }
}

/// Text.
pub(super) const fn text(min: usize, max: usize, pattern: Pattern) -> Shape {
    Shape::Text {
        min,
        max,
        pattern,
        secret: false,
    }
}

/// Text that errors do not repeat.
pub(super) const fn secret(min: usize, max: usize, pattern: Pattern) -> Shape {
    Shape::Text {
        min,
        max,
        pattern,
        secret: true,
    }
}

/// The refusal of a value: `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

/// Checks a request and returns its members without those that are `null`, which count as left out.
///
/// Members that the operation does not know are refused by name. AWS may overlook some of them; refusing is
/// the safer play, because it shows that a member was sent in vain (aws-facts §5.2).
///
/// # Errors
/// `SerializationException` for a wrong type, `InvalidParameterException` for the rest.
pub(super) fn check(
    operation: &str,
    shape: &Shape,
    input: &Value,
) -> Result<Map<String, Value>, ApiError> {
    let mut input = input.clone();
    if input.is_null() {
        input = Value::Object(Map::new());
    }
    drop_nulls(&mut input);
    let mut found = Findings {
        operation,
        failed: Vec::new(),
    };
    found.look(shape, &input, "")?;
    if !found.failed.is_empty() {
        let count = found.failed.len();
        let plural = if count == 1 { "error" } else { "errors" };
        return Err(invalid(format!(
            "{count} validation {plural} detected: {}",
            found.failed.join("; ")
        )));
    }
    match input {
        Value::Object(members) => Ok(members),
        other => Err(wrong_type(&other, "a structure", "")),
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, v| !v.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => (),
    }
}

fn wrong_type(value: &Value, wanted: &str, path: &str) -> ApiError {
    let kind = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(n) if n.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    let at = if path.is_empty() {
        String::new()
    } else {
        format!(" (at '{path}')")
    };
    ApiError::new(
        400,
        "SerializationException",
        format!("{kind} can not be converted to {wanted}{at}"),
    )
}

struct Findings<'a> {
    operation: &'a str,
    failed: Vec<String>,
}

impl Findings<'_> {
    fn look(&mut self, shape: &Shape, value: &Value, path: &str) -> Result<(), ApiError> {
        match shape {
            Shape::Bool if value.is_boolean() => Ok(()),
            Shape::Bool => Err(wrong_type(value, "a Boolean", path)),
            Shape::Int(min, max) => {
                let number = value
                    .as_i64()
                    .ok_or_else(|| wrong_type(value, "an Integer", path))?;
                let shown = Some(number.to_string());
                if number < *min {
                    self.fail(
                        path,
                        shown,
                        format!("Member must have value greater than or equal to {min}"),
                    );
                } else if number > *max {
                    self.fail(
                        path,
                        shown,
                        format!("Member must have value less than or equal to {max}"),
                    );
                }
                Ok(())
            }
            Shape::Choice(words) => {
                let word = value
                    .as_str()
                    .ok_or_else(|| wrong_type(value, "a String", path))?;
                if !words.contains(&word) {
                    let set = words.join(", ");
                    self.fail(
                        path,
                        Some(word.to_owned()),
                        format!("Member must satisfy enum value set: [{set}]"),
                    );
                }
                Ok(())
            }
            Shape::Text {
                min,
                max,
                pattern,
                secret,
            } => {
                let text = value
                    .as_str()
                    .ok_or_else(|| wrong_type(value, "a String", path))?;
                let shown = (!secret).then(|| text.to_owned());
                let length = text.chars().count();
                if length < *min {
                    self.fail(
                        path,
                        shown,
                        format!("Member must have length greater than or equal to {min}"),
                    );
                } else if length > *max {
                    self.fail(
                        path,
                        shown,
                        format!("Member must have length less than or equal to {max}"),
                    );
                } else if !pattern.matches(text) {
                    self.fail(
                        path,
                        shown,
                        format!(
                            "Member must satisfy regular expression pattern: {}",
                            pattern.text()
                        ),
                    );
                }
                Ok(())
            }
            Shape::List(item, min, max) => {
                let items = value
                    .as_array()
                    .ok_or_else(|| wrong_type(value, "a List", path))?;
                self.count(path, items.len(), *min, *max);
                for (at, one) in items.iter().enumerate() {
                    self.look(item, one, &format!("{path}.{}.member", at + 1))?;
                }
                Ok(())
            }
            Shape::Map(key, item, max) => {
                let entries = value
                    .as_object()
                    .ok_or_else(|| wrong_type(value, "a Map", path))?;
                self.count(path, entries.len(), 0, *max);
                for (name, one) in entries {
                    self.look(key, &Value::String(name.clone()), path)?;
                    self.look(item, one, &format!("{path}.{name}.member"))?;
                }
                Ok(())
            }
            Shape::Struct(members) => self.members(members, value, path),
        }
    }

    fn members(&mut self, members: &[Member], value: &Value, path: &str) -> Result<(), ApiError> {
        let sent = value
            .as_object()
            .ok_or_else(|| wrong_type(value, "a structure", path))?;
        if let Some(unknown) = sent.keys().find(|k| !members.iter().any(|m| m.name == *k)) {
            let place = if path.is_empty() {
                self.operation.to_owned()
            } else {
                format!("{} at '{path}'", self.operation)
            };
            return Err(invalid(format!("Unknown parameter '{unknown}' in {place}")));
        }
        for member in members {
            let mut first = member.name.chars();
            let camel: String = first
                .next()
                .map(|c| c.to_lowercase().chain(first).collect())
                .unwrap_or_default();
            let at = if path.is_empty() {
                camel
            } else {
                format!("{path}.{camel}")
            };
            match sent.get(member.name) {
                Some(one) => self.look(member.shape, one, &at)?,
                None if member.required => {
                    self.fail(
                        &at,
                        Some("null".to_owned()),
                        "Member must not be null".to_owned(),
                    );
                }
                None => (),
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &str, count: usize, min: usize, max: usize) {
        if count < min {
            self.fail(
                path,
                None,
                format!("Member must have length greater than or equal to {min}"),
            );
        } else if count > max {
            self.fail(
                path,
                None,
                format!("Member must have length less than or equal to {max}"),
            );
        }
    }

    fn fail(&mut self, path: &str, shown: Option<String>, constraint: String) {
        let value = match shown.as_deref() {
            Some("null") => "Value null ".to_owned(),
            Some(shown) => format!("Value '{shown}' "),
            None => "Value ".to_owned(),
        };
        self.failed.push(format!(
            "{value}at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }
}
