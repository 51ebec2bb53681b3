//! What one entry hands to others.

use super::Secret;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// One output's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A value that may be shown.
    Plain(Value),
    /// A value that may not.
    Secret(Secret),
}

/// The outputs of one entry by name. An output that does not exist yet (the endpoint of an instance that is being
/// created) is left out.
pub type Outputs = BTreeMap<String, Output>;

impl<T: Into<Value>> From<T> for Output {
    fn from(value: T) -> Self {
        Output::Plain(value.into())
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Output::Plain(value) => value.serialize(s),
            Output::Secret(_) => {
                let mut map = s.serialize_map(Some(1))?;
                map.serialize_entry("secret", &true)?;
                map.end()
            }
        }
    }
}
