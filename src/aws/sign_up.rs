//! A true sign-up in a user pool, for `verify` on the sandbox: as a person would do it, and undone again.

use super::{Clients, fault, unexpected};
use crate::model::{Class, Fault};
use aws_sdk_cognitoidentityprovider::types::AttributeType;

/// A person who signs up.
#[derive(Clone, Debug)]
pub struct Person {
    /// How they log in: an address, where the pool takes those as names.
    pub email: String,
    /// What they want to be called.
    pub name: String,
    /// Their handle.
    pub handle: String,
    /// Their password.
    pub password: crate::model::Secret,
}

/// Signs somebody up and confirms them, which calls the pool's trigger. Returns their `sub`.
///
/// # Errors
/// Where the pool has no client that needs no secret, and whatever Cognito or the trigger refuses.
pub async fn sign_up(clients: &Clients, pool: &str, person: &Person) -> Result<String, Fault> {
    const OP: &str = "cognito-idp:SignUp";
    let client = client_of(clients, pool).await?;
    let attribute = |name: &str, value: &str| {
        AttributeType::builder()
            .name(name)
            .value(value)
            .build()
            .map_err(|e| super::built_wrong(OP, &e))
    };
    let answer = clients
        .cognito
        .sign_up()
        .client_id(client)
        .username(&person.email)
        .password(person.password.expose())
        .user_attributes(attribute("email", &person.email)?)
        .user_attributes(attribute("name", &person.name)?)
        .user_attributes(attribute("preferred_username", &person.handle)?)
        .send()
        .await
        .map_err(|e| fault(OP, true, &[], &e))?;
    clients
        .cognito
        .admin_confirm_sign_up()
        .user_pool_id(pool)
        .username(&person.email)
        .send()
        .await
        .map_err(|e| fault("cognito-idp:AdminConfirmSignUp", true, &[], &e))?;
    Ok(answer.user_sub)
}

/// Removes somebody who signed up; whoever is not there is fine.
///
/// # Errors
/// Where they cannot be removed.
pub async fn forget(clients: &Clients, pool: &str, person: &Person) -> Result<(), Fault> {
    let sent = clients
        .cognito
        .admin_delete_user()
        .user_pool_id(pool)
        .username(&person.email)
        .send()
        .await;
    match sent.map_err(|e| fault("cognito-idp:AdminDeleteUser", true, &[], &e)) {
        Err(fault) if fault.code.as_deref() != Some("UserNotFoundException") => Err(fault),
        _ => Ok(()),
    }
}

/// Finds a client of the pool that needs no secret, as a web page has.
async fn client_of(clients: &Clients, pool: &str) -> Result<String, Fault> {
    const OP: &str = "cognito-idp:ListUserPoolClients";
    let answer = clients
        .cognito
        .list_user_pool_clients()
        .user_pool_id(pool)
        .max_results(60)
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e))?;
    for found in answer.user_pool_clients.unwrap_or_default() {
        let Some(id) = found.client_id else { continue };
        const OP: &str = "cognito-idp:DescribeUserPoolClient";
        let described = clients
            .cognito
            .describe_user_pool_client()
            .user_pool_id(pool)
            .client_id(&id)
            .send()
            .await
            .map_err(|e| fault(OP, false, &[], &e))?;
        let client = described
            .user_pool_client
            .ok_or_else(|| unexpected(OP, "the client"))?;
        if client.client_secret.is_none() {
            return Ok(id);
        }
    }
    Err(Fault::new(
        OP,
        Class::Invalid,
        "the pool has no app client without a secret",
    ))
}
