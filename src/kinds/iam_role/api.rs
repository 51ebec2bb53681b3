//! The calls to IAM.

use super::live::{Desired, Live, trust_policy};
use crate::aws::{
    self, ADDR_TAG, Clients, OnlyOnce, STACK_TAG, built_wrong, fault, from_iam_tags, iam_tags,
    lasting_iam_tags, unexpected,
};
use crate::model::{Class, Fault};
use crate::resource::Found;
use aws_sdk_iam::config::Builder;
use aws_sdk_iam::types::Role;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So many of these calls at once.
const AT_ONCE: usize = 6;

fn is_gone(fault: &Fault) -> bool {
    fault.code.as_deref() == Some("NoSuchEntity")
}

/// Looks. The three calls go out together; only `GetRole` says whether the role exists.
pub async fn read(clients: &Clients, name: &str) -> Result<Option<Live>, Fault> {
    let (role, attached, inline) = future::join3(
        get(clients, name),
        attached(clients, name),
        inline(clients, name),
    )
    .await;
    let Some(role) = role? else {
        return Ok(None);
    };
    const OP: &str = "iam:GetRole";
    let text = role
        .assume_role_policy_document
        .ok_or_else(|| unexpected(OP, "the trust policy"))?;
    let trust = aws::decode_policy_document(&text).map_err(|e| {
        Fault::new(
            OP,
            Class::Transient,
            format!("the trust policy cannot be read: {e}"),
        )
    })?;
    Ok(Some(Live {
        name: role.role_name,
        arn: role.arn,
        role_id: role.role_id,
        path: role.path,
        description: role.description,
        trust,
        max_session: role
            .max_session_duration
            .and_then(|s| u32::try_from(s).ok()),
        boundary: role
            .permissions_boundary
            .and_then(|b| b.permissions_boundary_arn),
        attached: attached?,
        inline: inline?,
        tags: from_iam_tags(role.tags.unwrap_or_default()),
    }))
}

async fn get(clients: &Clients, name: &str) -> Result<Option<Role>, Fault> {
    match clients.iam.get_role().role_name(name).send().await {
        Ok(answer) => Ok(answer.role),
        Err(e) => match fault("iam:GetRole", false, &[], &e) {
            fault if is_gone(&fault) => Ok(None),
            fault => Err(fault),
        },
    }
}

/// A role that `GetRole` knows and a list does not is one that was just made (IAM is eventually consistent): the list
/// counts as empty, at worst something is attached twice, which is no error (aws-facts §3.3).
async fn attached(clients: &Clients, name: &str) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    let mut pages = clients
        .iam
        .list_attached_role_policies()
        .role_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page.map_err(|e| fault("iam:ListAttachedRolePolicies", false, &[], &e)) {
            Ok(page) => {
                let more = page.attached_policies.unwrap_or_default();
                found.extend(more.into_iter().filter_map(|p| p.policy_arn));
            }
            Err(fault) if is_gone(&fault) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

async fn inline(clients: &Clients, name: &str) -> Result<BTreeMap<String, Value>, Fault> {
    let documents: Vec<Option<(String, Value)>> = stream::iter(inline_names(clients, name).await?)
        .map(|policy| async move {
            let document = inline_document(clients, name, &policy).await?;
            Ok::<_, Fault>(document.map(|document| (policy, document)))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(documents.into_iter().flatten().collect())
}

async fn inline_document(
    clients: &Clients,
    name: &str,
    policy: &str,
) -> Result<Option<Value>, Fault> {
    const OP: &str = "iam:GetRolePolicy";
    let sent = clients
        .iam
        .get_role_policy()
        .role_name(name)
        .policy_name(policy)
        .send()
        .await;
    let text = match sent.map_err(|e| fault(OP, false, &[], &e)) {
        Ok(answer) => answer.policy_document,
        // deleted since it was listed
        Err(fault) if is_gone(&fault) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    aws::decode_policy_document(&text).map(Some).map_err(|e| {
        Fault::new(
            OP,
            Class::Transient,
            format!("the policy {policy} cannot be read: {e}"),
        )
    })
}

async fn inline_names(clients: &Clients, name: &str) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    let mut pages = clients
        .iam
        .list_role_policies()
        .role_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page.map_err(|e| fault("iam:ListRolePolicies", false, &[], &e)) {
            Ok(page) => found.extend(page.policy_names),
            Err(fault) if is_gone(&fault) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

fn seconds(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Makes the role, with its trust policy, its boundary and its tags, and without policies.
pub async fn create(clients: &Clients, want: &Desired) -> Result<(), Fault> {
    const OP: &str = "iam:CreateRole";
    clients
        .iam
        .create_role()
        .role_name(&want.name)
        .set_path(want.path.clone())
        .set_description(want.description.clone())
        .assume_role_policy_document(trust_policy(&want.services).to_string())
        .set_max_session_duration(want.max_session.map(seconds))
        .set_permissions_boundary(want.boundary.clone())
        .set_tags(Some(iam_tags(&want.tags).map_err(|e| built_wrong(OP, &e))?))
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Sets the trust policy.
pub async fn put_trust(clients: &Clients, want: &Desired) -> Result<(), Fault> {
    clients
        .iam
        .update_assume_role_policy()
        .role_name(&want.name)
        .policy_document(trust_policy(&want.services).to_string())
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("iam:UpdateAssumeRolePolicy", true, &[], &e))
}

/// Sets description and session length: `UpdateRole` puts an hour where no length is sent, so that both go out.
pub async fn put_settings(clients: &Clients, want: &Desired, have: &Live) -> Result<(), Fault> {
    let description = want.description.clone().or(have.description.clone());
    let session = want.max_session.or(have.max_session);
    clients
        .iam
        .update_role()
        .role_name(&want.name)
        .set_description(description)
        .set_max_session_duration(session.map(seconds))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("iam:UpdateRole", true, &[], &e))
}

/// Sets the permissions boundary.
pub async fn put_boundary(clients: &Clients, name: &str, arn: &str) -> Result<(), Fault> {
    clients
        .iam
        .put_role_permissions_boundary()
        .role_name(name)
        .permissions_boundary(arn)
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("iam:PutRolePermissionsBoundary", true, &[], &e))
}

/// Sets the tags.
pub async fn tag(
    clients: &Clients,
    name: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    const OP: &str = "iam:TagRole";
    clients
        .iam
        .tag_role()
        .role_name(name)
        .set_tags(Some(
            lasting_iam_tags(tags).map_err(|e| built_wrong(OP, &e))?,
        ))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Puts a policy into the role, over one of that name.
pub async fn put_inline(
    clients: &Clients,
    name: &str,
    policy: &str,
    document: &Value,
) -> Result<(), Fault> {
    clients
        .iam
        .put_role_policy()
        .role_name(name)
        .policy_name(policy)
        .policy_document(document.to_string())
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("iam:PutRolePolicy", true, &[], &e))
}

/// Deletes a policy inside the role.
pub async fn delete_inline(clients: &Clients, name: &str, policy: &str) -> Result<(), Fault> {
    let sent = clients
        .iam
        .delete_role_policy()
        .role_name(name)
        .policy_name(policy)
        .send()
        .await;
    match sent.map_err(|e| fault("iam:DeleteRolePolicy", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(fault),
        _ => Ok(()),
    }
}

/// Attaches a policy.
pub async fn attach(clients: &Clients, name: &str, arn: &str) -> Result<(), Fault> {
    clients
        .iam
        .attach_role_policy()
        .role_name(name)
        .policy_arn(arn)
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("iam:AttachRolePolicy", true, &[], &e))
}

/// Detaches a policy.
pub async fn detach(clients: &Clients, name: &str, arn: &str) -> Result<(), Fault> {
    let sent = clients
        .iam
        .detach_role_policy()
        .role_name(name)
        .policy_arn(arn)
        .send()
        .await;
    match sent.map_err(|e| fault("iam:DetachRolePolicy", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(fault),
        _ => Ok(()),
    }
}

/// Returns the names of the instance profiles that the role is in.
pub async fn instance_profiles(clients: &Clients, name: &str) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut pages = clients
        .iam
        .list_instance_profiles_for_role()
        .role_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page.map_err(|e| fault("iam:ListInstanceProfilesForRole", false, &[], &e)) {
            Ok(page) => found.extend(
                page.instance_profiles
                    .into_iter()
                    .map(|p| p.instance_profile_name),
            ),
            Err(fault) if is_gone(&fault) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

/// Deletes the role.
pub async fn delete(clients: &Clients, name: &str) -> Result<(), Fault> {
    let sent = clients.iam.delete_role().role_name(name).send().await;
    match sent.map_err(|e| fault("iam:DeleteRole", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(fault),
        _ => Ok(()),
    }
}

/// Finds what carries the stack's tag. `ListRoles` gives no tags, so that each role costs a call of its own; the roles of
/// services are left out.
pub async fn find_owned(clients: &Clients, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
    let mut names: Vec<String> = Vec::new();
    let mut pages = clients.iam.list_roles().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("iam:ListRoles", false, &[], &e))?;
        let own = |r: &Role| !r.path.starts_with("/aws-service-role/");
        names.extend(page.roles.into_iter().filter(own).map(|r| r.role_name));
    }
    let tagged: Vec<(String, BTreeMap<String, String>)> = stream::iter(names)
        .map(|name| async move {
            let tags = tags(clients, &name).await?;
            Ok::<_, Fault>((name, tags))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found = Vec::new();
    for (name, tags) in tagged {
        if tags.get(STACK_TAG).map(String::as_str) != Some(stack) {
            continue;
        }
        let Some(addr) = tags.get(ADDR_TAG) else {
            continue;
        };
        if let Some(live) = read(clients, &name).await? {
            found.push(Found {
                addr: addr.clone(),
                id: live.arn.clone(),
                live,
            });
        }
    }
    Ok(found)
}

async fn tags(clients: &Clients, name: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut pages = clients
        .iam
        .list_role_tags()
        .role_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page.map_err(|e| fault("iam:ListRoleTags", false, &[], &e)) {
            Ok(page) => found.extend(from_iam_tags(page.tags)),
            Err(fault) if is_gone(&fault) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}
