//! The only identity in engine, plan and events: `lambda_function.post-confirmation`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The address of one entry of stack.yaml.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    /// The kind, `lambda_function`.
    pub kind: String,
    /// The key in its section, `post-confirmation`.
    pub name: String,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address: write kind.name, as in rds_instance.main")]
pub struct AddrError(pub String);

impl Addr {
    /// Makes an address.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Addr {
            kind: kind.into(),
            name: name.into(),
        }
    }

    /// Tells whether a text may be the name of an entry: letters, digits, `-` and `_`, a letter or digit first.
    pub fn is_name(text: &str) -> bool {
        text.chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl FromStr for Addr {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        match text.split_once('.') {
            Some((kind, name)) if Addr::is_name(kind) && Addr::is_name(name) => {
                Ok(Addr::new(kind, name))
            }
            _ => Err(AddrError(text.to_owned())),
        }
    }
}

impl Serialize for Addr {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Addr {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Addr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The address of an entry: kind.name",
            "pattern": "^[a-z_]+\\.[A-Za-z0-9][A-Za-z0-9_-]*$"
        })
    }
}

/// A reference to an output of another entry: `${rds_instance.main.endpoint}` in stack.yaml.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputRef {
    /// The entry that has the output.
    pub from: Addr,
    /// The output's name.
    pub output: String,
}

impl OutputRef {
    /// Makes a reference.
    pub fn new(from: Addr, output: impl Into<String>) -> Self {
        OutputRef {
            from,
            output: output.into(),
        }
    }
}

impl fmt::Display for OutputRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.from, self.output)
    }
}

impl FromStr for OutputRef {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let (from, output) = text
            .rsplit_once('.')
            .ok_or_else(|| AddrError(text.to_owned()))?;
        Ok(OutputRef::new(from.parse()?, output))
    }
}

impl Serialize for OutputRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OutputRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
