//! The part of the world that is Cognito's: user pools, their app clients and their users.

use super::super::timing::Moment;
use super::super::wire::ApiError;
use super::super::world::{ACCOUNT, World};
use super::defaults;
use super::secret::{Password, alphanumeric};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All user pools.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The pools, oldest first; names need not be unique (aws-facts §5.3).
    pub pools: Vec<Pool>,
}

/// A user pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pool {
    /// `us-west-2_SandboxPl`.
    pub id: String,
    /// Its place in the order of creation.
    pub serial: u64,
    /// When it was made.
    pub created: Moment,
    /// When `UpdateUserPool` last changed it.
    pub modified: Moment,
    /// The members of `DescribeUserPool` that were set, raw: one that a client does not know must survive.
    pub settings: Map<String, Value>,
    /// Whether the pool's owner chose `TemporaryPasswordValidityDays`, after which the older
    /// `UnusedAccountValidityDays` is refused.
    pub temporary_days_chosen: bool,
    /// What `GetUserPoolMfaConfig` shows beyond the settings: software token, e-mail, passkeys.
    pub mfa: Map<String, Value>,
    /// App clients.
    pub clients: Vec<Client>,
    /// Users.
    pub users: Vec<User>,
}

/// An app client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Client {
    /// 26 letters and digits.
    pub id: String,
    /// Its place in the order of creation.
    pub serial: u64,
    /// When it was made.
    pub created: Moment,
    /// Its members, raw.
    pub settings: Map<String, Value>,
}

/// A user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct User {
    /// What the pool calls them; the `sub` where people sign in with an e-mail address.
    pub username: String,
    /// Their place in the order of creation.
    pub serial: u64,
    /// The UUID that never changes.
    pub sub: String,
    /// `UNCONFIRMED`, `CONFIRMED`, `FORCE_CHANGE_PASSWORD`, `RESET_REQUIRED`.
    pub status: String,
    /// When they were made.
    pub created: Moment,
    /// When they last changed.
    pub modified: Moment,
    /// Attributes without `sub`.
    pub attributes: BTreeMap<String, String>,
    /// The password's salted digest and those before it, newest first.
    pub passwords: Vec<Password>,
    /// The code that was sent and not yet used.
    pub code: Option<Code>,
}

/// A code that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// Six digits.
    pub digits: String,
    /// What it is good for.
    pub purpose: Purpose,
    /// Until when.
    pub ends_at: Moment,
    /// The attribute that it went to, which using it verifies.
    pub attribute: String,
    /// How often something else was given.
    pub failures: u32,
}

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `ConfirmSignUp`.
    SignUp,
    /// `ConfirmForgotPassword`.
    ForgotPassword,
}

impl State {
    /// The part that is there from the start: one pool with settings that are worth preserving, and its client.
    pub fn first(region: &str) -> Self {
        State {
            pools: vec![defaults::first_pool(region)],
        }
    }

    /// Finds a pool.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn pool(&self, id: &str) -> Result<&Pool, ApiError> {
        self.pools
            .iter()
            .find(|p| p.id == id)
            .ok_or_else(|| no_pool(id))
    }

    /// Finds a pool to change.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn pool_mut(&mut self, id: &str) -> Result<&mut Pool, ApiError> {
        self.pools
            .iter_mut()
            .find(|p| p.id == id)
            .ok_or_else(|| no_pool(id))
    }

    /// Finds an app client and the pool that it belongs to.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn client(&self, id: &str) -> Result<(&Pool, &Client), ApiError> {
        self.pools
            .iter()
            .find_map(|p| p.clients.iter().find(|c| c.id == id).map(|c| (p, c)))
            .ok_or_else(|| no_client(id))
    }
}

/// Gives out the id of a new pool: the region and nine letters or digits.
pub(super) fn new_pool_id(world: &mut World) -> (String, u64) {
    let serial = world.next_serial();
    let id = format!("{}_{}", world.region, alphanumeric(serial, 9, false));
    (id, serial)
}

fn no_pool(id: &str) -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFoundException",
        format!("User pool {id} does not exist."),
    )
}

/// The refusal for an app client that is not there.
pub(super) fn no_client(id: &str) -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFoundException",
        format!("User pool client {id} does not exist."),
    )
}

/// Returns a moment as the JSON protocol writes it: seconds since 1970 with a fraction.
pub(super) fn date(at: Moment) -> Value {
    json!(at as f64 / 1000.0)
}

impl Pool {
    /// Returns the ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:cognito-idp:{}:{ACCOUNT}:userpool/{}",
            self.region(),
            self.id
        )
    }

    /// Returns the region, which the id begins with.
    pub fn region(&self) -> &str {
        self.id.split('_').next().unwrap_or_default()
    }

    /// Returns a trigger's function, as `PostConfirmation`.
    pub fn trigger(&self, name: &str) -> Option<&str> {
        self.settings.get("LambdaConfig")?.get(name)?.as_str()
    }

    /// Returns a setting by its path, as `["Policies", "PasswordPolicy"]`.
    pub fn setting(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.settings.get(*first)?, |value, name| value.get(name))
    }

    /// Returns the words of a setting that is a list of them.
    pub fn words(&self, name: &str) -> Vec<&str> {
        self.settings
            .get(name)
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }

    /// Returns the pool as `DescribeUserPool` shows it.
    pub fn describe(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("Id".into(), json!(self.id));
        for (name, value) in &self.settings {
            shown.insert(name.clone(), value.clone());
        }
        shown.insert("Arn".into(), json!(self.arn()));
        shown.insert("CreationDate".into(), date(self.created));
        shown.insert("LastModifiedDate".into(), date(self.modified));
        shown.insert("EstimatedNumberOfUsers".into(), json!(self.users.len()));
        // The members from before the template still mirror it.
        for (old, new) in defaults::MIRRORED {
            if let Some(text) = self.setting(&["VerificationMessageTemplate", new]) {
                shown.insert((*old).into(), text.clone());
            }
        }
        // Both names of the same number come back, though only one may be sent (aws-facts §5.2).
        if let Some(days) = self.setting(&[
            "Policies",
            "PasswordPolicy",
            "TemporaryPasswordValidityDays",
        ]) && let Some(Value::Object(config)) = shown.get_mut("AdminCreateUserConfig")
        {
            config.insert("UnusedAccountValidityDays".into(), days.clone());
        }
        Value::Object(shown)
    }

    /// Tells whether names are compared letter by letter; the default of the API is that they are.
    pub fn case_sensitive(&self) -> bool {
        self.setting(&["UsernameConfiguration", "CaseSensitive"])
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }
}
