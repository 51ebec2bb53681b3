//! Values for a template's parameters.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::bind::Misfit;
use crate::pg::error::Error;
use crate::pg::template::Template;

/// A value for a parameter. What it becomes is up to the type that the server asks for.
///
/// `Debug` says only what kind of value it is.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Param {
    /// SQL's `NULL`; fits every type.
    Null,
    /// Fits `bool`.
    Bool(bool),
    /// Fits the types of numbers, within their range.
    Number(Number),
    /// Fits texts, and every type whose written form it is (`42`, a UUID, `2030-01-31T12:00:00Z`).
    /// For JSON types it is a JSON string.
    Text(String),
    /// A moment; fits `timestamptz` and texts.
    Timestamp(Timestamp),
    /// Fits arrays, when it is a list, and JSON types.
    Json(Value),
}

impl Param {
    /// What kind of value it is, for messages that must not show it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null | Self::Json(Value::Null) => "null",
            Self::Bool(_) | Self::Json(Value::Bool(_)) => "true or false",
            Self::Number(_) | Self::Json(Value::Number(_)) => "a number",
            Self::Text(_) | Self::Json(Value::String(_)) => "a text",
            Self::Timestamp(_) => "a moment",
            Self::Json(Value::Array(_)) => "a list",
            Self::Json(Value::Object(_)) => "an object",
        }
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(value) => Self::Number(value),
            Value::String(value) => Self::Text(value),
            list_or_object => Self::Json(list_or_object),
        }
    }
}

impl From<&str> for Param {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Param {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Param {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Timestamp> for Param {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl<T: Into<Param>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Values by the names of their parameters. `Debug` shows no value.
///
/// ```
/// use cruddur_infra::pg::Params;
///
/// let params = Params::new().with("handle", "andrewbrown").with("count", 3_i64);
/// assert_eq!(format!("{params:?}"), r#"{"count": a number, "handle": a text}"#);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Params(BTreeMap<String, Param>);

impl Params {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more; a later value takes the place of an earlier one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Param>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.0.get(name)
    }

    /// Whether these are the values that `template` wants, neither more nor fewer.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first that is missing, else the first that it does not have.
    pub fn check(&self, template: &Template) -> Result<(), Error> {
        for (index, name) in template.parameters().enumerate() {
            if !self.0.contains_key(name) {
                return Err(Error::Parameter {
                    place: template.place_of_parameter(index),
                    parameter: name.to_owned(),
                    misfit: Misfit::Missing,
                });
            }
        }
        for name in self.0.keys() {
            if !template.parameters().any(|known| known == name) {
                return Err(Error::Parameter {
                    place: template.place(None),
                    parameter: name.clone(),
                    misfit: Misfit::Unknown {
                        known: template.parameters().map(str::to_owned).collect(),
                    },
                });
            }
        }
        Ok(())
    }
}

impl<N: Into<String>, P: Into<Param>> FromIterator<(N, P)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, P)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}
