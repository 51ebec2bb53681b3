//! Typed reading of the tree, with errors that know their place.

use super::node::{Node, Step, Value};
use super::problem::{Problem, closest};
use crate::resource::{MARK, SECRET_MARK, Template};
use serde::de::{
    self, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use std::cell::RefCell;
use std::fmt;

/// Why a value could not be read.
#[derive(Clone, Debug)]
pub struct Error {
    pub(super) path: Vec<Step>,
    pub(super) missing: Option<String>,
    message: String,
    help: Option<String>,
    hide: bool,
    placed: bool,
}

impl Error {
    pub(super) fn into_problem(self, tree: &Node) -> Problem {
        let node = tree.at(&self.path).unwrap_or(tree);
        Problem {
            offset: node.offset,
            len: match node.value {
                Value::List(_) | Value::Map(_) => 1,
                _ => node.len,
            },
            path: self.path,
            missing: self.missing,
            message: self.message,
            help: self.help,
            hide_source: self.hide,
        }
    }

    fn within(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error {
            path: Vec::new(),
            missing: None,
            message: message.to_string(),
            help: None,
            hide: false,
            placed: false,
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_value(unexpected, expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!(
            "{} is wanted here, not {}",
            words(&expected.to_string()),
            match unexpected {
                Unexpected::Signed(n) => n.to_string(),
                Unexpected::Unsigned(n) => n.to_string(),
                Unexpected::Str(s) => format!("the text \"{s}\""),
                Unexpected::Bool(b) => format!("the boolean {b}"),
                Unexpected::Float(n) => n.to_string(),
                other => other.to_string(),
            }
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::custom(format!("`{field}` is missing"));
        error.missing = Some(field.to_owned());
        error
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::custom(format!("`{variant}` is not known here"));
        error.help = Some(match closest(variant, expected.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write one of: {}", expected.join(", ")),
        });
        error
    }
}

/// Says in words what serde calls `u16`.
fn words(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, 0 or more,".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "a string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other => other.to_owned(),
    }
}

/// Reads one node; unknown keys are gathered beside.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    node: &'a Node,
    unknown: &'a RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    pub fn new(node: &'a Node, unknown: &'a RefCell<Vec<Problem>>) -> Self {
        Reader { node, unknown }
    }

    fn wrong(&self, wanted: &str) -> Error {
        let mut error = <Error as de::Error>::custom(format!(
            "{wanted} is wanted here, not {}",
            self.node.describe()
        ));
        error.help = match (&self.node.value, wanted) {
            (Value::Text(t), "true or false") => match t.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => Some("write true".to_owned()),
                "no" | "off" | "n" | "false" => Some("write false".to_owned()),
                _ => None,
            },
            (Value::Text(t), w) if w.starts_with("a whole number") && t.parse::<i64>().is_ok() => {
                Some(format!("write {t} without quotes"))
            }
            (Value::Text(_) | Value::Map(_), "a list") => {
                Some("write a list: [ … ], or lines that begin with `- `".to_owned())
            }
            _ => None,
        };
        error
    }

    fn whole(&self) -> Result<i128, Error> {
        match &self.node.value {
            Value::Number(n) => n.parse().map_err(|_| self.wrong("a whole number")),
            _ => Err(self.wrong("a whole number")),
        }
    }
}

macro_rules! whole {
    ($($method:ident $visit:ident $t:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let n = self.whole()?;
            match <$t>::try_from(n) {
                Ok(n) => visitor.$visit(n),
                Err(_) => Err(self.wrong(&words(stringify!($t)))),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Number(n) => match (n.parse::<i64>(), n.parse::<f64>()) {
                (Ok(n), _) => visitor.visit_i64(n),
                (_, Ok(n)) => visitor.visit_f64(n),
                _ => visitor.visit_str(n),
            },
            Value::Text(t) => visitor.visit_str(t),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Bool(b) => visitor.visit_bool(*b),
            _ => Err(self.wrong("true or false")),
        }
    }

    whole!(
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    );

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Number(n) => match n.parse() {
                Ok(n) => visitor.visit_f64(n),
                Err(_) => Err(self.wrong("a number")),
            },
            _ => Err(self.wrong("a number")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Text(t) => visitor.visit_str(t),
            // a version that was written without quotes: taken as it is written, 17.10 is not 17.1
            Value::Number(n) => visitor.visit_str(n),
            _ => Err(self.wrong("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let hide = |mut e: Error| {
            e.hide = true;
            e
        };
        match (&self.node.value, name) {
            (Value::Text(t), MARK) if Template::is_template(t) => visitor.visit_str(t),
            (Value::Text(t), SECRET_MARK) => visitor.visit_str(t).map_err(hide),
            (_, SECRET_MARK) => Err(hide(<Error as de::Error>::custom(
                "a secret is never written here: write a reference, as in ${env.CRUDDUR_DB_PASSWORD}",
            ))),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(items) => visitor.visit_seq(Items {
                items,
                at: 0,
                unknown: self.unknown,
            }),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.members(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.members(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Text(t) => visitor.visit_enum(t.as_str().into_deserializer()),
            Value::Number(n) => visitor.visit_enum(n.as_str().into_deserializer()),
            Value::Map(entries) if entries.len() == 1 => visitor.visit_enum(Variant {
                name: &entries[0].0.name,
                inside: Reader {
                    node: &entries[0].1,
                    unknown: self.unknown,
                },
            }),
            _ => Err(self.wrong("a text")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

impl<'de> Reader<'de> {
    fn members<V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Map(entries) => visitor.visit_map(Members {
                entries,
                at: 0,
                fields,
                unknown: self.unknown,
            }),
            // an entry of which nothing is written: the missing fields are the message
            Value::Null if fields.is_some() => visitor.visit_map(Members {
                entries: &[],
                at: 0,
                fields,
                unknown: self.unknown,
            }),
            _ => Err(self.wrong("a mapping")),
        }
    }
}

struct Items<'de> {
    items: &'de [Node],
    at: usize,
    unknown: &'de RefCell<Vec<Problem>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.at) else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        seed.deserialize(Reader::new(node, self.unknown))
            .map(Some)
            .map_err(|e| place(e, Step::Index(at)))
    }
}

struct Members<'de> {
    entries: &'de [(super::Key, Node)],
    at: usize,
    fields: Option<&'static [&'static str]>,
    unknown: &'de RefCell<Vec<Problem>>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        loop {
            let Some((key, _)) = self.entries.get(self.at) else {
                return Ok(None);
            };
            if let Some(fields) = self.fields
                && !fields.contains(&key.name.as_str())
            {
                let help = match closest(&key.name, fields.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("known here: {}", fields.join(", ")),
                };
                self.unknown.borrow_mut().push(Problem::at(
                    key.offset,
                    key.len,
                    format!("unknown key `{}`", key.name),
                    Some(help),
                ));
                self.at += 1;
                continue;
            }
            return seed
                .deserialize(de::value::StrDeserializer::<Error>::new(&key.name))
                .map(Some);
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (key, node) = &self.entries[self.at];
        self.at += 1;
        seed.deserialize(Reader::new(node, self.unknown))
            .map_err(|e| place(e, Step::Key(key.name.clone())))
    }
}

fn place(mut error: Error, step: Step) -> Error {
    error.placed = true;
    error.within(step)
}

struct Variant<'de> {
    name: &'de str,
    inside: Reader<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Reader<'de>;
    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Error> {
        let name = seed.deserialize(de::value::StrDeserializer::<Error>::new(self.name))?;
        Ok((name, self.inside))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de> {
    type Error = Error;
    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_seq(self, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.members(Some(fields), visitor)
    }
}
