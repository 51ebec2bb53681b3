//! A value in stack.yaml: written there, or a reference to where it comes from.

use super::Template;
use crate::model::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The name under which [`Input`] asks its deserializer for a text with `${…}` inside, or else the value itself.
pub const MARK: &str = "cruddur_infra::Input";
/// The name under which [`SecretInput`] announces that the text must not be echoed.
pub const SECRET_MARK: &str = "cruddur_infra::SecretInput";

/// A value that is written in stack.yaml, or text with references that gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<T> {
    /// It is written there.
    Known(T),
    /// It is known when the references are.
    Template(Template),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
            type Value = Input<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a reference")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Template::parse(text)
                    .map(Input::Template)
                    .map_err(E::custom)
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                d: D,
            ) -> Result<Self::Value, D::Error> {
                T::deserialize(d).map(Input::Known)
            }
        }
        d.deserialize_newtype_struct(MARK, V(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Input<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrReference", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inner = generator.subschema_for::<T>();
        json_schema!({"anyOf": [inner, {"type": "string", "pattern": "\\$\\{"}]})
    }
}

/// A secret: never written in stack.yaml, always a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretInput(pub Template);

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = SecretInput;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference to a secret")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let template = Template::parse(text).map_err(E::custom)?;
                if template.has_references() {
                    Ok(SecretInput(template))
                } else {
                    Err(E::custom(
                        "a secret is never written here: write a reference, as in ${env.CRUDDUR_DB_PASSWORD}",
                    ))
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                d: D,
            ) -> Result<Self::Value, D::Error> {
                d.deserialize_str(self)
            }
        }
        d.deserialize_newtype_struct(SECRET_MARK, V)
    }
}

impl JsonSchema for SecretInput {
    fn schema_name() -> Cow<'static, str> {
        "SecretReference".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "\\$\\{", "description": "A reference to a secret, as ${env.NAME}"})
    }
}

/// A resolved text that may hold a secret.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    /// It may be shown.
    Plain(String),
    /// It holds a secret, in part or as a whole.
    Secret(Secret),
}

impl Text {
    /// Returns the text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        match self {
            Text::Plain(t) => t,
            Text::Secret(s) => s.expose(),
        }
    }

    /// Returns it as it may be shown.
    pub fn shown(&self) -> crate::model::Shown {
        match self {
            Text::Plain(t) => t.clone().into(),
            Text::Secret(_) => crate::model::Shown::Secret,
        }
    }
}
