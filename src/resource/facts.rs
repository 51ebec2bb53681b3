//! Everything that a pure function may know about the world.

use super::{Input, Part, SecretInput, Template, Text};
use crate::assets::Asset;
use crate::aws::actions::Place;
use crate::model::{Addr, Output, OutputRef, Outputs, Secret};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

/// A file, or something packed from files, that an entry is made of. Paths are as the loader resolved them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssetRequest {
    /// The zip of a directory: a function's code.
    Directory(PathBuf),
    /// A file as it is: a script, a zip.
    File(PathBuf),
    /// A layer zip that exists.
    LayerZip(PathBuf),
    /// A layer made of pinned Python packages.
    PythonLayer {
        /// `psycopg2-binary==2.9.11`.
        packages: Vec<String>,
        /// `python3.13`.
        runtime: String,
        /// `x86_64` or `arm64`.
        architecture: String,
    },
}

/// What `destroy` does with the data of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FinalSnapshot {
    /// A snapshot; the text is added to the instance's identifier to make a unique name.
    Generated(String),
    /// A snapshot of this name.
    Named(String),
    /// None: the data is gone.
    #[default]
    Skip,
}

/// What goes in the same run, each with the names that AWS has for it: what uses an object and goes as well is not in
/// the way of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doomed(pub BTreeMap<Addr, BTreeSet<String>>);

impl Doomed {
    /// Tells whether an object of this kind goes that AWS calls so; the end of an ARN or of a path counts as well.
    pub fn includes(&self, kind: &str, name: &str) -> bool {
        let of_kind = self.0.iter().filter(|(addr, _)| addr.kind == kind);
        let mut ids = of_kind.flat_map(|(_, ids)| ids);
        ids.any(|id| id == name || id.rsplit(['/', ':']).next() == Some(name))
    }

    /// Returns how many objects of a kind go.
    pub fn count(&self, kind: &str) -> usize {
        self.0.keys().filter(|addr| addr.kind == kind).count()
    }
}

/// The kind under which an unset variable is waited for.
pub const ENVIRONMENT: &str = "env";

/// What is the same for every entry of a stack.
#[derive(Clone, Debug, Default)]
pub struct StackFacts {
    /// The stack's name.
    pub stack: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// `aws`, `aws-cn`, …; from the caller's ARN, never assumed.
    pub partition: String,
    /// Who runs this: rules for the current address are kept apart by owner and workspace.
    pub owner: String,
    /// Where it runs.
    pub workspace: String,
    /// The run's nonce: what this run makes carries it, so that a create whose reply was lost can be told from somebody
    /// else's. Empty: nothing carries one.
    pub run: String,
    /// The moment at which the command began, in seconds since 1970.
    pub now: i64,
    /// This machine's public address, where it was asked for.
    pub current_ip: Option<Ipv4Addr>,
    /// The variables that stack.yaml names.
    pub env: BTreeMap<String, Secret>,
    /// The files.
    pub assets: BTreeMap<AssetRequest, Asset>,
    /// What `destroy` does with data.
    pub final_snapshot: FinalSnapshot,
    /// The addresses of all entries in the file, implied ones included: what carries another one is left over.
    pub entries: BTreeSet<Addr>,
}

impl StackFacts {
    /// Returns where calls are made, about the object that has these names.
    pub fn place(&self, names: BTreeMap<&'static str, String>) -> Place {
        Place {
            partition: self.partition.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            names,
        }
    }
}

/// What the pure functions of one entry may know.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The entry's own address.
    pub addr: Addr,
    /// What is the same for all.
    pub stack: Arc<StackFacts>,
    /// The outputs of other entries, as far as they are known.
    pub outputs: Arc<BTreeMap<Addr, Outputs>>,
}

/// What keeps a value from being known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unresolved {
    /// Outputs that are not known yet.
    pub waits_for: Vec<OutputRef>,
    /// What will not be known by waiting, in full sentences.
    pub wrong: Vec<String>,
}

impl Unresolved {
    /// An output that is not known yet.
    pub fn waits_for(reference: &OutputRef) -> Self {
        Unresolved {
            waits_for: vec![reference.clone()],
            wrong: Vec::new(),
        }
    }

    /// Something that waiting does not mend.
    pub fn wrong(sentence: impl Into<String>) -> Self {
        Unresolved {
            waits_for: Vec::new(),
            wrong: vec![sentence.into()],
        }
    }
}

impl Facts {
    /// Returns an output of another entry.
    ///
    /// # Errors
    /// Where it is not known yet.
    pub fn output(&self, reference: &OutputRef) -> Result<&Output, Unresolved> {
        self.outputs
            .get(&reference.from)
            .and_then(|o| o.get(&reference.output))
            .ok_or_else(|| Unresolved::waits_for(reference))
    }

    /// Returns an output of another entry as a plain value of some type.
    ///
    /// # Errors
    /// Where it is not known yet, is secret, or is of another type.
    pub fn plain<T: DeserializeOwned>(&self, reference: &OutputRef) -> Result<T, Unresolved> {
        match self.output(reference)? {
            Output::Plain(value) => serde_json::from_value(value.clone()).map_err(|e| {
                Unresolved::wrong(format!("{reference} is not what is wanted here: {e}"))
            }),
            Output::Secret(_) => Err(Unresolved::wrong(format!(
                "{reference} is secret and cannot be used in a field that is shown"
            ))),
        }
    }

    /// Returns the value of a field.
    ///
    /// # Errors
    /// Where a reference is not known yet, is secret, or gives something of another type.
    pub fn get<T: DeserializeOwned + Clone>(&self, input: &Input<T>) -> Result<T, Unresolved> {
        let template = match input {
            Input::Known(value) => return Ok(value.clone()),
            Input::Template(template) => template,
        };
        if let Some(reference) = template.single() {
            return self.plain(reference);
        }
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Text(t) => text.push_str(t),
                Part::Env(name) => text.push_str(self.variable(name)?.expose()),
                Part::Output(r) => match self.plain::<Value>(r)? {
                    Value::String(s) => text.push_str(&s),
                    other => text.push_str(&other.to_string()),
                },
            }
        }
        // text may stand for a number (`port: ${env.PORT}`), never for a structure
        serde_json::from_value(Value::String(text.clone()))
            .or_else(|first| match text.parse::<serde_json::Number>() {
                Ok(number) => serde_json::from_value(Value::Number(number)),
                Err(_) => Err(first),
            })
            .map_err(|e| {
                Unresolved::wrong(format!(
                    "`{template}` does not give what is wanted here: {e}"
                ))
            })
    }

    /// Returns a text that may hold secrets: what comes from the environment or a secret output is one.
    ///
    /// # Errors
    /// Where a reference is not known yet.
    pub fn text(&self, input: &Input<String>) -> Result<Text, Unresolved> {
        match input {
            Input::Known(text) => Ok(Text::Plain(text.clone())),
            Input::Template(template) => self.render(template),
        }
    }

    /// Returns a secret.
    ///
    /// # Errors
    /// Where a reference is not known yet.
    pub fn secret(&self, input: &SecretInput) -> Result<Secret, Unresolved> {
        self.render(&input.0).map(|t| match t {
            Text::Secret(secret) => secret,
            Text::Plain(text) => Secret::new(text),
        })
    }

    /// Returns a structure with the references in its texts resolved.
    ///
    /// # Errors
    /// Where a reference is not known yet, or is secret.
    pub fn value(&self, value: &Value) -> Result<Value, Unresolved> {
        Ok(match value {
            Value::String(text) => {
                let template =
                    Template::parse(text).map_err(|e| Unresolved::wrong(e.to_string()))?;
                self.get::<Value>(&Input::Template(template))?
            }
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|i| self.value(i))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(items) => Value::Object(
                items
                    .iter()
                    .map(|(k, v)| Ok((k.clone(), self.value(v)?)))
                    .collect::<Result<_, Unresolved>>()?,
            ),
            other => other.clone(),
        })
    }

    fn render(&self, template: &Template) -> Result<Text, Unresolved> {
        let mut parts: Vec<Cow<'_, str>> = Vec::new();
        let mut secret = false;
        for part in &template.0 {
            parts.push(match part {
                Part::Text(t) => t.into(),
                Part::Env(name) => {
                    secret = true;
                    self.variable(name)?.expose().into()
                }
                Part::Output(r) => match self.output(r)? {
                    Output::Secret(s) => {
                        secret = true;
                        s.expose().into()
                    }
                    Output::Plain(Value::String(s)) => s.into(),
                    Output::Plain(other) => other.to_string().into(),
                },
            });
        }
        Ok(if secret {
            Text::Secret(Secret::of_parts(parts.iter().map(AsRef::as_ref)))
        } else {
            Text::Plain(parts.concat())
        })
    }

    /// Commands that compare have refused an unset variable before; others (destroy, output) need it only where it
    /// says which object is meant, and then it is what the look waits for.
    fn variable(&self, name: &str) -> Result<&Secret, Unresolved> {
        self.stack.env.get(name).ok_or_else(|| {
            Unresolved::waits_for(&OutputRef::new(Addr::new(ENVIRONMENT, name), "value"))
        })
    }

    /// Returns those of these values that are known, for [`Resource::named`](super::Resource::named).
    pub fn names<const N: usize>(
        &self,
        inputs: [(&'static str, Option<&Input<String>>); N],
    ) -> BTreeMap<&'static str, String> {
        let known = |(name, input): (&'static str, Option<&Input<String>>)| {
            Some((name, self.get(input?).ok()?))
        };
        inputs.into_iter().filter_map(known).collect()
    }

    /// Returns a file that the entry is made of.
    ///
    /// # Errors
    /// Where it could not be had; the loader has said why.
    pub fn asset(&self, request: &AssetRequest) -> Result<&Asset, Unresolved> {
        self.stack
            .assets
            .get(request)
            .ok_or_else(|| Unresolved::wrong(format!("{request:?} could not be had")))
    }
}
