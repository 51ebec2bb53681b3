//! From a value to what is sent for it: text, whatever the type, as psql would write it.

use std::error::Error as StdError;

use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};
use tokio_util::bytes::BytesMut;

use super::fits;
use super::param::{Param, Params};
use crate::pg::error::Error;
use crate::pg::template::Template;

/// Why a value does not go with its parameter. Values themselves are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// No value was given.
    #[error("has no value")]
    Missing,
    /// The template has no such parameter.
    #[error("is not used; {}", if known.is_empty() { "there are no parameters".to_owned() } else { format!("there are: {}", known.join(", ")) })]
    Unknown {
        /// Those that it has.
        known: Vec<String>,
    },
    /// The value is of another kind or has another form.
    #[error("is a {wanted}, and {given} does not fit{}", because.as_deref().map(|why| format!(": {why}")).unwrap_or_default())]
    Type {
        /// The type that the server asks for.
        wanted: String,
        /// What kind of value was given.
        given: &'static str,
        /// What would fit.
        because: Option<String>,
    },
    /// A NUL character, which Postgres cannot hold.
    #[error("is a {wanted}, and there is a NUL character in it, which Postgres cannot hold")]
    Nul {
        /// The type that the server asks for.
        wanted: String,
    },
}

/// A value as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Bound(Option<String>);

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "a value" } else { "null" })
    }
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match &self.0 {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

/// The values of `params` in the order of `$1`, `$2`, …, each for the type that the server asks for.
pub(super) fn bind(
    template: &Template,
    params: &Params,
    types: &[Type],
) -> Result<Vec<Bound>, Error> {
    params.check(template)?;
    template
        .parameters()
        .zip(types)
        .enumerate()
        .map(|(index, (name, ty))| {
            let value = params.get(name).unwrap_or(&Param::Null);
            text(value, ty)
                .map(Bound)
                .map_err(|misfit| Error::Parameter {
                    place: template.place_of_parameter(index),
                    parameter: name.to_owned(),
                    misfit,
                })
        })
        .collect()
}

/// What is sent for `value`; nothing is `NULL`.
pub(super) fn text(value: &Param, ty: &Type) -> Result<Option<String>, Misfit> {
    let text = match (value, ty.kind()) {
        (Param::Null, _) => return Ok(None),
        (value, Kind::Domain(inner)) => return text(value, inner),
        (Param::Json(Value::Array(items)), Kind::Array(inner)) => Ok(array(items, inner)?),
        (value, Kind::Enum(labels)) => fits::label(value, labels),
        (value, _) => fits::written(value, ty),
    }
    .map_err(|because| Misfit::Type {
        wanted: type_name(ty),
        given: value.kind(),
        because,
    })?;
    if text.contains('\0') || (fits::is_json(ty) && has_escaped_nul(value)) {
        return Err(Misfit::Nul {
            wanted: type_name(ty),
        });
    }
    Ok(Some(text))
}

/// An array literal: `{"a","b \" c",NULL}`. Everything but NULL is quoted, so that nothing in it is
/// special.
fn array(items: &[Value], inner: &Type) -> Result<String, Misfit> {
    let mut literal = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match item {
            // A list within a list is another dimension.
            Value::Array(nested) if !fits::is_json(inner) => {
                literal.push_str(&array(nested, inner)?);
            }
            _ => match text(&Param::from(item.clone()), inner)? {
                None => literal.push_str("NULL"),
                Some(element) => quote(&element, &mut literal),
            },
        }
    }
    literal.push('}');
    Ok(literal)
}

fn quote(element: &str, literal: &mut String) {
    literal.push('"');
    for char in element.chars() {
        if matches!(char, '"' | '\\') {
            literal.push('\\');
        }
        literal.push(char);
    }
    literal.push('"');
}

/// JSON writes NUL as `\u0000`, so the text itself has none.
fn has_escaped_nul(value: &Param) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(within),
            Value::Object(fields) => fields
                .iter()
                .any(|(name, value)| name.contains('\0') || within(value)),
            _ => false,
        }
    }
    match value {
        Param::Text(text) => text.contains('\0'),
        Param::Json(value) => within(value),
        _ => false,
    }
}

/// A type as people write it: `text[]` and not `_text`.
pub(super) fn type_name(ty: &Type) -> String {
    match ty.kind() {
        Kind::Array(inner) => format!("{}[]", inner.name()),
        _ => ty.name().to_owned(),
    }
}
