//! What is to change about one object, field by field.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// A value as it may be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// The value itself; `null` is "not there".
    Value(Value),
    /// There is a value, and it is nobody's business.
    Secret,
    /// The digest of something large: a zip, a script.
    Digest(String),
}

impl Shown {
    /// Nothing is there.
    pub const NOTHING: Shown = Shown::Value(Value::Null);
}

impl<T: Into<Value>> From<T> for Shown {
    fn from(value: T) -> Self {
        Shown::Value(value.into())
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Shown::Value(value) => value.serialize(s),
            Shown::Secret => json!({"secret": true}).serialize(s),
            Shown::Digest(digest) => json!({"digest": digest}).serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(d)?;
        if value == json!({"secret": true}) {
            return Ok(Shown::Secret);
        }
        if let Some(object) = value.as_object()
            && object.len() == 1
            && let Some(Value::String(digest)) = object.get("digest")
        {
            return Ok(Shown::Digest(digest.clone()));
        }
        Ok(Shown::Value(value))
    }
}

/// How strong a change is. The strongest of an object's fields decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// It is changed in place.
    Update,
    /// It is changed in place, but data would be lost: only where the user names the address.
    Consent,
    /// It is deleted and made again.
    Replace,
    /// It would have to be deleted and made again, and holds data: only where the user names the address.
    Refuse,
}

/// What the change does to those who use the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nobody notices.
    #[default]
    None,
    /// It restarts.
    Restart,
    /// It is away for minutes.
    Outage,
    /// It happens in the next maintenance window.
    Deferred,
}

/// One field that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field as stack.yaml names it, `performance_insights.enabled`.
    pub path: String,
    /// What is there.
    pub before: Shown,
    /// What should be.
    pub after: Shown,
    /// How strong the change is.
    pub force: Force,
    /// What it does to users of the object.
    #[serde(default)]
    pub effect: Effect,
    /// Why it is refused or needs consent; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Everything about one object that is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diff(pub Vec<FieldChange>);

impl Diff {
    /// Makes the diff of an object that is not there from what it will be like.
    pub fn of_new(fields: impl IntoIterator<Item = (String, Shown)>) -> Self {
        let mut diff = Diff::default();
        for (path, after) in fields {
            diff.note(&path, Shown::NOTHING, after, Force::Update);
        }
        diff
    }

    /// Tells whether all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the strongest force.
    pub fn force(&self) -> Option<Force> {
        self.0.iter().map(|f| f.force).max()
    }

    /// Tells whether a field, or one below it, is to change.
    pub fn has(&self, path: &str) -> bool {
        self.0.iter().any(|f| {
            f.path.strip_prefix(path).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('.') || rest.starts_with('[')
            })
        })
    }

    /// Compares one field and notes the difference. Returns the noted change, to add an effect or a reason to it.
    pub fn field<T: Serialize + PartialEq>(
        &mut self,
        path: &str,
        have: &T,
        want: &T,
        force: Force,
    ) -> Option<&mut FieldChange> {
        (have != want).then(|| self.note(path, json!(have), json!(want), force))
    }

    /// Notes a difference that was found by other means.
    pub fn note(
        &mut self,
        path: &str,
        before: impl Into<Shown>,
        after: impl Into<Shown>,
        force: Force,
    ) -> &mut FieldChange {
        let at = self.0.len();
        self.0.push(FieldChange {
            path: path.to_owned(),
            before: before.into(),
            after: after.into(),
            force,
            effect: Effect::None,
            why: None,
        });
        &mut self.0[at]
    }

    /// Returns the paths, for messages.
    pub fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|f| f.path.as_str()).collect()
    }
}

impl FieldChange {
    /// Says what the change does to users of the object.
    pub fn effect(&mut self, effect: Effect) -> &mut Self {
        self.effect = effect;
        self
    }

    /// Says why it is refused or needs consent.
    pub fn why(&mut self, why: impl Into<String>) -> &mut Self {
        self.why = Some(why.into());
        self
    }
}
