//! What is written in stack.yaml.

use crate::resource::{Input, Template};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// An IAM role that AWS services assume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The role's name, at most 64 letters, digits and `+=,.@_-`. Unique in the account whatever the letter case.
    pub name: Input<String>,
    /// The path in its ARN. A new role gets `/`; of a role that exists, an unwritten path is not compared.
    pub path: Option<Input<String>>,
    /// What it is for.
    pub description: Option<Input<String>>,
    /// The service that may assume the role, `lambda.amazonaws.com`, or a list of them. The trust policy is made of it.
    pub assumed_by: Services,
    /// The ARNs of the managed policies that are attached; any other is detached. Not compared where it is not written.
    pub policies: Option<Vec<Input<String>>>,
    /// Policies inside the role, by name, each a document as AWS writes it (`Version`, `Statement`). Any other policy
    /// inside is deleted. Not compared where it is not written.
    pub inline_policies: Option<BTreeMap<String, serde_json::Value>>,
    /// The longest session in seconds, 3600 to 43200. Not compared where it is not written.
    pub max_session_duration: Option<Input<u32>>,
    /// The ARN of the policy that bounds what the role may be allowed. Not compared where it is not written.
    pub permissions_boundary: Option<Input<String>>,
    /// Tags besides the stack's own.
    #[serde(default)]
    pub tags: BTreeMap<String, Input<String>>,
}

/// Service principals: one, or a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Services(pub Vec<Input<String>>);

impl<'de> Deserialize<'de> for Services {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Services;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a service, as lambda.amazonaws.com, or a list of them")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Services, E> {
                let template = Template::parse(text).map_err(E::custom)?;
                Ok(Services(vec![Input::Template(template)]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Services, A::Error> {
                let mut services = Vec::new();
                while let Some(service) = items.next_element()? {
                    services.push(service);
                }
                Ok(Services(services))
            }
        }
        d.deserialize_any(V)
    }
}

impl JsonSchema for Services {
    fn schema_name() -> Cow<'static, str> {
        "Services".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1}
        ]})
    }
}
