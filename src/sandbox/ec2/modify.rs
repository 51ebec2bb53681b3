//! `ModifySecurityGroupRules`: puts whole rules in the place of existing ones, which keep id and tags.

use super::permissions::{no_group, read_replacement};
use super::rules::{find, refuse_duplicate};
use super::state::State;
use super::{bad, done, dry_run};
use crate::sandbox::wire::{ApiError, Params, Reply};

/// Answers the call; every row of `aws-facts §2.2`. A description that is not sent is cleared, since the rule is
/// replaced as a whole: the sheet has that row unverified, and of the two this punishes a caller who relies on it.
///
/// # Errors
/// See there.
pub fn modify(state: &mut State, params: &Params) -> Result<Reply, ApiError> {
    let group = params.require("GroupId")?.to_owned();
    if state.group(&group).is_none() {
        return Err(no_group(&group));
    }
    let updates = params.structs("SecurityGroupRule");
    if updates.is_empty() {
        return Err(bad(
            "MissingParameter",
            "The request must contain the parameter SecurityGroupRules",
        ));
    }
    let mut replacements = Vec::new();
    for update in &updates {
        let id = update.require("SecurityGroupRuleId")?;
        if replacements.iter().any(|r: &super::Rule| r.id == id) {
            return Err(bad(
                "InvalidParameterValue",
                format!("The security group rule ID '{id}' must not appear multiple times"),
            ));
        }
        let old = find(state, &group, id)?;
        let new = read_replacement(state, &update.nested("SecurityGroupRule"), old)?;
        replacements.push(new);
    }
    dry_run(params)?;
    for new in &replacements {
        if let Some(old) = state.rules.iter_mut().find(|r| r.id == new.id) {
            *old = new.clone();
        }
    }
    // only when all are in place, so that two rules can change places in one call
    for new in &replacements {
        refuse_duplicate(state, new)?;
    }
    Ok(done())
}
