//! Which user pool is meant: an id, or a name that only one pool has.

use super::{Clients, fault};
use crate::model::{Class, Fault};

/// Returns the id of the pool that `given` names: an id (`us-west-2_aBcDeF`) as it is, else the one pool of that name.
///
/// Names are not unique (aws-facts §5.3).
///
/// # Errors
/// `NotFound` where no pool has the name; `Invalid` where several have, with their ids.
pub async fn user_pool_id(clients: &Clients, given: &str) -> Result<String, Fault> {
    const OP: &str = "cognito-idp:ListUserPools";
    if is_id(given, &clients.region) {
        return Ok(given.to_owned());
    }
    let mut found: Vec<String> = Vec::new();
    let mut pages = clients
        .cognito
        .list_user_pools()
        .max_results(60)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        for pool in page.user_pools.unwrap_or_default() {
            if pool.name.as_deref() == Some(given)
                && let Some(id) = pool.id
            {
                found.push(id);
            }
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Fault::new(
            OP,
            Class::NotFound,
            format!(
                "no user pool has the id or the name `{given}` in {}",
                clients.region
            ),
        )
        .help("pools are never created here: make it, or set the right id")),
        several => Err(Fault::new(
            OP,
            Class::Invalid,
            format!(
                "{} user pools are named `{given}`: {}",
                several.len(),
                several.join(", ")
            ),
        )
        .help("write the id instead of the name")),
    }
}

fn is_id(text: &str, region: &str) -> bool {
    text.strip_prefix(region)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()))
}
