//! App clients.

use super::super::Sandbox;
use super::super::wire::ApiError;
use super::page::page;
use super::secret::{alphanumeric, hmac, random};
use super::state::{Client, Pool, date, no_client};
use super::validate::invalid;
use super::{number, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

fn describe(pool: &Pool, client: &Client) -> Value {
    let mut shown = client.settings.clone();
    shown.insert("UserPoolId".into(), json!(pool.id));
    shown.insert("ClientId".into(), json!(client.id));
    shown.insert("CreationDate".into(), date(client.created));
    shown.insert("LastModifiedDate".into(), date(client.created));
    Value::Object(shown)
}

/// `ListUserPoolClients`.
pub(super) fn list(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(text(input, "UserPoolId"))?;
        // every client of the sandbox is a regular one; none registers itself
        let none = input.get("ClientType") == Some(&json!("DCR"));
        let shown = pool.clients.iter().filter(|_| !none).map(|client| {
            let one = json!({
                "ClientId": client.id,
                "UserPoolId": pool.id,
                "ClientName": client.settings.get("ClientName"),
            });
            (client.serial, one)
        });
        let token = input.get("NextToken").and_then(Value::as_str);
        let limit = number(input, "MaxResults").unwrap_or(60);
        let (clients, next) = page("clients", shown, token, limit)?;
        let mut reply = json!({ "UserPoolClients": clients });
        if let Some(next) = next {
            reply["NextToken"] = json!(next);
        }
        Ok(reply)
    })?
}

/// `DescribeUserPoolClient`.
pub(super) fn get(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(text(input, "UserPoolId"))?;
        let id = text(input, "ClientId");
        let client = pool.clients.iter().find(|client| client.id == id);
        let client = client.ok_or_else(|| no_client(id))?;
        Ok(json!({ "UserPoolClient": describe(pool, client) }))
    })?
}

/// `CreateUserPoolClient`.
pub(super) fn create(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    sandbox.store.write(|w| {
        let serial = w.next_serial();
        let pool = w.cognito.pool_mut(text(input, "UserPoolId"))?;
        let mut settings = super::defaults::members(json!({
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {},
            "AllowedOAuthFlowsUserPoolClient": false,
            "EnableTokenRevocation": true,
            "EnablePropagateAdditionalUserContextData": false,
            "AuthSessionValidity": 3,
        }));
        let mut sent = input.clone();
        sent.shift_remove("UserPoolId");
        let secret = sent.shift_remove("GenerateSecret") == Some(json!(true));
        if secret && sent.contains_key("ClientSecret") {
            return Err(invalid(
                "ClientSecret cannot be set together with GenerateSecret",
            ));
        }
        settings.extend(sent);
        if secret {
            let secret = alphanumeric(random(), 51, true);
            settings.insert("ClientSecret".to_owned(), json!(secret));
        }
        let client = Client {
            id: alphanumeric(serial, 26, true),
            serial,
            created: now,
            settings,
        };
        let reply = json!({ "UserPoolClient": describe(pool, &client) });
        pool.clients.push(client);
        Ok(reply)
    })
}

impl Client {
    /// Checks the `SecretHash` of a call about a user: base64 of the HMAC over user name and client id.
    ///
    /// # Errors
    /// `NotAuthorizedException` where it is missing or wrong.
    pub(super) fn check_secret(&self, input: &Map<String, Value>) -> Result<(), ApiError> {
        let sent = input.get("SecretHash").and_then(Value::as_str);
        let Some(secret) = self.settings.get("ClientSecret").and_then(Value::as_str) else {
            return match sent {
                None => Ok(()),
                Some(_) => Err(invalid(format!(
                    "Client {} is not configured with a secret, but SECRET_HASH was received",
                    self.id
                ))),
            };
        };
        let refused = |message| Err(ApiError::new(400, "NotAuthorizedException", message));
        let Some(sent) = sent else {
            return refused(format!(
                "Client {} is configured with secret but SECRET_HASH was not received",
                self.id
            ));
        };
        let message = format!("{}{}", text(input, "Username"), self.id);
        match STANDARD.encode(hmac(secret.as_bytes(), message.as_bytes())) == sent {
            true => Ok(()),
            false => refused(format!(
                "Unable to verify secret hash for client {}",
                self.id
            )),
        }
    }

    /// Tells whether the client hides which users exist.
    pub(super) fn hides_users(&self) -> bool {
        self.settings.get("PreventUserExistenceErrors") == Some(&json!("ENABLED"))
    }
}
