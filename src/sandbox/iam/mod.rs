//! IAM: customer policies with versions, roles, attachments, inline policies, two AWS-managed policies, and how
//! long all of it takes to be seen by Lambda.

mod attachments;
pub mod document;
mod managed;
mod model;
mod pages;
mod policies;
mod policy_versions;
mod profiles;
mod roles;
#[cfg(test)]
mod tests;
mod valid;
mod view;

use super::Sandbox;
use super::timing::Timing;
use super::wire::{ApiError, Call, Input, Params, Reply};
use super::world::World;
use super::xml::Xml;
pub use model::{Policy, Profile, Role, Spread, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Roles and policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// How many seconds (of AWS's time) pass until Lambda sees a change (aws-facts §3.4: 5–15 s).
    pub propagation_seconds: f64,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Customer policies by ARN. The AWS-managed ones are not part of the world.
    pub policies: BTreeMap<String, Policy>,
    /// Instance profiles by name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

impl State {
    /// The part that is there from the start: no role and no policy.
    pub fn first() -> Self {
        State {
            propagation_seconds: 8.0,
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            profiles: BTreeMap::new(),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::first()
    }
}

type Look = fn(&World, &Params) -> Result<Xml, ApiError>;
type Change = fn(&mut World, &Timing, &Params) -> Result<Xml, ApiError>;

enum Operation {
    Look(Look),
    Change(Change),
}

fn operation(name: &str) -> Option<Operation> {
    use Operation::{Change, Look};
    Some(match name {
        "CreatePolicy" => Change(policies::create),
        "GetPolicy" => Look(policies::get),
        "ListPolicies" => Look(policies::list),
        "DeletePolicy" => Change(policies::delete),
        "ListEntitiesForPolicy" => Look(policies::entities),
        "TagPolicy" => Change(policies::tag),
        "UntagPolicy" => Change(policies::untag),
        "ListPolicyTags" => Look(policies::tags),
        "GetPolicyVersion" => Look(policy_versions::get),
        "ListPolicyVersions" => Look(policy_versions::list),
        "CreatePolicyVersion" => Change(policy_versions::create),
        "DeletePolicyVersion" => Change(policy_versions::delete),
        "SetDefaultPolicyVersion" => Change(policy_versions::set_default),
        "CreateRole" => Change(roles::create),
        "GetRole" => Look(roles::get),
        "UpdateRole" => Change(roles::update),
        "UpdateRoleDescription" => Change(roles::describe),
        "UpdateAssumeRolePolicy" => Change(roles::trust),
        "PutRolePermissionsBoundary" => Change(roles::bound),
        "DeleteRolePermissionsBoundary" => Change(roles::unbound),
        "DeleteRole" => Change(roles::delete),
        "ListRoles" => Look(roles::list),
        "TagRole" => Change(roles::tag),
        "UntagRole" => Change(roles::untag),
        "ListRoleTags" => Look(roles::tags),
        "CreateInstanceProfile" => Change(profiles::create),
        "GetInstanceProfile" => Look(profiles::get),
        "DeleteInstanceProfile" => Change(profiles::delete),
        "AddRoleToInstanceProfile" => Change(profiles::add_role),
        "RemoveRoleFromInstanceProfile" => Change(profiles::remove_role),
        "ListInstanceProfilesForRole" => Look(profiles::of_role),
        "AttachRolePolicy" => Change(attachments::attach),
        "DetachRolePolicy" => Change(attachments::detach),
        "ListAttachedRolePolicies" => Look(attachments::list),
        "ListRolePolicies" => Look(attachments::inline_names),
        "PutRolePolicy" => Change(attachments::put_inline),
        "GetRolePolicy" => Look(attachments::get_inline),
        "DeleteRolePolicy" => Change(attachments::delete_inline),
        _ => return None,
    })
}

/// Answers one call.
///
/// # Errors
/// Those of IAM (aws-facts §3.3), and `InvalidAction` for an operation that is not known here.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let known = match &call.input {
        Input::Query(params) => operation(&call.operation).map(|o| (o, params)),
        _ => None,
    };
    let Some((operation, params)) = known else {
        return Err(ApiError::new(
            400,
            "InvalidAction",
            format!(
                "Could not find operation {} for version 2010-05-08",
                call.operation
            ),
        ));
    };
    let store = &sandbox.store;
    let xml = match operation {
        Operation::Look(look) => store.read(|w| look(w, params))??,
        Operation::Change(change) => store.write(|w| change(w, store.timing(), params))?,
    };
    Ok(Reply::Xml(xml.done()))
}
