//! Finds triggers that no entry may stand for: a trigger has no tags, but the function that it calls has.
//!
//! Without this, pruning would delete a function while a pool still calls it, and every sign-up would fail.

use super::live::{Live, Whose};
use super::round_trip::Wire;
use super::spec::Trigger;
use super::{api, pool, unqualified};
use crate::aws::{ADDR_TAG, Clients, STACK_TAG};
use crate::model::{Addr, Fault};
use crate::resource::Found;
use futures_util::stream::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many pools or functions are asked about at once.
const AT_ONCE: usize = 8;

/// Names a trigger: the pool and the occasion. The slash keeps one pool's occasions apart.
pub fn id(pool_id: &str, trigger: Trigger) -> String {
    format!("{pool_id}/{}", json!(trigger).as_str().unwrap_or_default())
}

/// Finds every trigger of the region's pools that calls a function with the stack's tag.
///
/// # Errors
/// Where a pool, or a function of the same account and region, may not be looked at.
pub async fn find(clients: &Clients, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
    let ids = api::pool_ids(clients).await?;
    let pools: Vec<Option<(String, Value)>> = futures_util::stream::iter(ids)
        .map(|id| async move {
            match api::Pools(clients).describe(&id).await {
                Ok(pool) => Ok(Some((id, pool))),
                // it went away since it was listed
                Err(fault) if fault.code.as_deref() == Some("ResourceNotFoundException") => {
                    Ok(None)
                }
                Err(fault) => Err(fault),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let set: Vec<(String, Trigger, String, Value)> = pools
        .into_iter()
        .flatten()
        .flat_map(|(id, pool)| {
            let calls = |t: &Trigger| pool::trigger_of(&pool, t.member()).map(str::to_owned);
            Trigger::ALL
                .iter()
                .filter_map(|t| Some((id.clone(), *t, calls(t)?, pool.clone())))
                .collect::<Vec<_>>()
        })
        .collect();
    let functions: BTreeSet<String> = set
        .iter()
        .filter(|(_, _, function, pool)| {
            place(function).is_some() && place(function) == pool["Arn"].as_str().and_then(place)
        })
        .map(|(_, _, function, _)| unqualified(function).to_owned())
        .collect();
    let names: BTreeMap<String, String> = futures_util::stream::iter(functions)
        .map(|arn| async move {
            let name = name_of(clients, &arn, stack).await?;
            Ok::<_, Fault>(name.map(|name| (arn, name)))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await?;
    Ok(set
        .into_iter()
        .filter_map(|(pool_id, trigger, function, pool)| {
            let name = names.get(unqualified(&function))?;
            Some(Found {
                addr: Addr::new("cognito_trigger", name).to_string(),
                id: id(&pool_id, trigger),
                live: Live {
                    pool_arn: pool["Arn"].as_str().map(str::to_owned),
                    pool_id,
                    trigger,
                    function,
                    whose: Whose::Ours,
                    pool,
                },
            })
        })
        .collect())
}

/// Returns region and account of an ARN. A stack has one of each, so functions elsewhere are not its own.
fn place(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':').skip(3);
    Some((parts.next()?, parts.next()?))
}

/// Returns the name of the entry that a function of this stack belongs to; the trigger's own name is written nowhere.
async fn name_of(clients: &Clients, arn: &str, stack: &str) -> Result<Option<String>, Fault> {
    let Some(tags) = api::function_tags(clients, arn).await? else {
        return Ok(None);
    };
    Ok(
        (tags.get(STACK_TAG).map(String::as_str) == Some(stack)).then(|| {
            tags.get(ADDR_TAG)
                .and_then(|addr| addr.parse::<Addr>().ok())
                .map_or_else(|| "leftover".to_owned(), |addr| addr.name)
        }),
    )
}
