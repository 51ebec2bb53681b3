//! The calls to IAM.

use super::live::{Desired, Live, Version, number};
use crate::aws::{
    self, ADDR_TAG, Clients, OnlyOnce, STACK_TAG, after_changes, built_wrong, fault, from_iam_tags,
    iam_tags, lasting_iam_tags, unexpected,
};
use crate::model::{Class, Fault};
use crate::resource::Found;
use aws_sdk_iam::config::Builder;
use aws_sdk_iam::types::PolicyScopeType;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use std::collections::BTreeMap;

/// So many of these calls at once.
const AT_ONCE: usize = 6;

fn is_gone(fault: &Fault) -> bool {
    fault.code.as_deref() == Some("NoSuchEntity")
}

/// Looks.
pub async fn read(clients: &Clients, arn: &str) -> Result<Option<Live>, Fault> {
    const OP: &str = "iam:GetPolicy";
    let answer = match clients.iam.get_policy().policy_arn(arn).send().await {
        Ok(answer) => answer,
        Err(e) => {
            let fault = fault(OP, false, &[], &e);
            return if is_gone(&fault) {
                Ok(None)
            } else {
                Err(fault)
            };
        }
    };
    let policy = answer.policy.ok_or_else(|| unexpected(OP, "the policy"))?;
    let current = policy
        .default_version_id
        .ok_or_else(|| unexpected(OP, "the default version"))?;
    let (document, versions) =
        future::try_join(document(clients, arn, &current), versions(clients, arn)).await?;
    Ok(Some(Live {
        arn: policy.arn.unwrap_or_else(|| arn.to_owned()),
        name: policy
            .policy_name
            .ok_or_else(|| unexpected(OP, "the name"))?,
        description: policy.description,
        document,
        in_force: number(&current),
        versions,
        attached: policy.attachment_count.unwrap_or(0),
        tags: from_iam_tags(policy.tags.unwrap_or_default()),
        copies: Vec::new(),
        settling: false,
    }))
}

/// Returns the versions above `floor` that are not in force and have the same document as the one that is.
pub async fn copies(clients: &Clients, have: &Live, floor: u32) -> Result<Vec<String>, Fault> {
    let idle = have
        .versions
        .iter()
        .filter(|v| !v.default && v.number() != have.in_force && v.number() > floor);
    let mut found = Vec::new();
    for version in idle {
        let there = document(clients, &have.arn, &version.id).await?;
        if aws::same_policy_document(&there, &have.document) {
            found.push(version.id.clone());
        }
    }
    Ok(found)
}

/// Deletes versions. One that is not there is a success.
pub async fn delete_versions(clients: &Clients, arn: &str, ids: &[String]) -> Result<(), Fault> {
    let mut changed = false;
    for id in ids {
        delete_version(clients, arn, id)
            .await
            .map_err(|f| after_changes(changed, f))?;
        changed = true;
    }
    Ok(())
}

async fn document(clients: &Clients, arn: &str, id: &str) -> Result<serde_json::Value, Fault> {
    const OP: &str = "iam:GetPolicyVersion";
    let answer = clients
        .iam
        .get_policy_version()
        .policy_arn(arn)
        .version_id(id)
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e))?;
    let text = answer
        .policy_version
        .and_then(|v| v.document)
        .ok_or_else(|| unexpected(OP, "the document"))?;
    aws::decode_policy_document(&text).map_err(|e| {
        Fault::new(
            OP,
            Class::Transient,
            format!("the document cannot be read: {e}"),
        )
    })
}

async fn versions(clients: &Clients, arn: &str) -> Result<Vec<Version>, Fault> {
    let mut pages = clients
        .iam
        .list_policy_versions()
        .policy_arn(arn)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("iam:ListPolicyVersions", false, &[], &e))?;
        for version in page.versions.unwrap_or_default() {
            if let Some(id) = version.version_id {
                found.push(Version {
                    id,
                    default: version.is_default_version,
                });
            }
        }
    }
    Ok(found)
}

/// Makes the policy.
pub async fn create(clients: &Clients, want: &Desired) -> Result<(), Fault> {
    const OP: &str = "iam:CreatePolicy";
    clients
        .iam
        .create_policy()
        .policy_name(&want.name)
        .path(&want.path)
        .set_description(want.description.clone())
        .policy_document(want.document.to_string())
        .set_tags(Some(iam_tags(&want.tags).map_err(|e| built_wrong(OP, &e))?))
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Sets the tags.
pub async fn tag(clients: &Clients, want: &Desired) -> Result<(), Fault> {
    const OP: &str = "iam:TagPolicy";
    clients
        .iam
        .tag_policy()
        .policy_arn(&want.arn)
        .set_tags(Some(
            lasting_iam_tags(&want.tags).map_err(|e| built_wrong(OP, &e))?,
        ))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Puts a document in force. Returns the version that was made for it, where one was.
pub async fn put_document(
    clients: &Clients,
    want: &Desired,
    have: &Live,
) -> Result<Option<Version>, Fault> {
    // CreatePolicyVersion is not idempotent (aws-facts §6.3): where an answer was lost, the version is there already
    if let Some(newest) = have.newest_idle() {
        let there = document(clients, &have.arn, &newest.id).await?;
        if aws::same_policy_document(&there, &want.document) {
            return clients
                .iam
                .set_default_policy_version()
                .policy_arn(&have.arn)
                .version_id(&newest.id)
                .send()
                .await
                .map(|_| None)
                .map_err(|e| fault("iam:SetDefaultPolicyVersion", true, &[], &e));
        }
    }
    let mut changed = false;
    if let Some(oldest) = have.in_the_way() {
        delete_version(clients, &have.arn, &oldest.id).await?;
        changed = true;
    }
    clients
        .iam
        .create_policy_version()
        .policy_arn(&have.arn)
        .policy_document(want.document.to_string())
        .set_as_default(true)
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(|answer| {
            let made = answer.policy_version?;
            Some(Version {
                id: made.version_id?,
                default: made.is_default_version,
            })
        })
        .map_err(|e| after_changes(changed, fault("iam:CreatePolicyVersion", true, &[], &e)))
}

async fn delete_version(clients: &Clients, arn: &str, id: &str) -> Result<(), Fault> {
    let sent = clients
        .iam
        .delete_policy_version()
        .policy_arn(arn)
        .version_id(id)
        .send()
        .await;
    match sent.map_err(|e| fault("iam:DeletePolicyVersion", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(fault),
        _ => Ok(()),
    }
}

/// Returns who uses the policy: `role NAME`, `user NAME`, `group NAME`.
pub async fn entities(clients: &Clients, arn: &str) -> Result<Vec<String>, Fault> {
    let mut pages = clients
        .iam
        .list_entities_for_policy()
        .policy_arn(arn)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page.map_err(|e| fault("iam:ListEntitiesForPolicy", false, &[], &e)) {
            Err(fault) if is_gone(&fault) => break,
            other => other?,
        };
        let roles = page.policy_roles.unwrap_or_default().into_iter();
        found.extend(
            roles
                .filter_map(|r| r.role_name)
                .map(|n| format!("role {n}")),
        );
        let users = page.policy_users.unwrap_or_default().into_iter();
        found.extend(
            users
                .filter_map(|u| u.user_name)
                .map(|n| format!("user {n}")),
        );
        let groups = page.policy_groups.unwrap_or_default().into_iter();
        found.extend(
            groups
                .filter_map(|g| g.group_name)
                .map(|n| format!("group {n}")),
        );
    }
    Ok(found)
}

/// Deletes the policy with all its versions; only the default one goes by itself (aws-facts §3.6).
pub async fn delete(clients: &Clients, have: &Live) -> Result<(), Fault> {
    let mut changed = false;
    for version in have.versions.iter().filter(|v| !v.default) {
        delete_version(clients, &have.arn, &version.id)
            .await
            .map_err(|f| after_changes(changed, f))?;
        changed = true;
    }
    let sent = clients
        .iam
        .delete_policy()
        .policy_arn(&have.arn)
        .send()
        .await;
    match sent.map_err(|e| fault("iam:DeletePolicy", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(after_changes(changed, fault)),
        _ => Ok(()),
    }
}

/// Finds what carries the stack's tag. `ListPolicies` gives no tags, so that each policy costs a call of its own.
pub async fn find_owned(clients: &Clients, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
    let mut pages = clients
        .iam
        .list_policies()
        .scope(PolicyScopeType::Local)
        .into_paginator()
        .send();
    let mut arns: Vec<String> = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("iam:ListPolicies", false, &[], &e))?;
        let more = page.policies.unwrap_or_default();
        arns.extend(more.into_iter().filter_map(|p| p.arn));
    }
    let tagged: Vec<(String, BTreeMap<String, String>)> = stream::iter(arns)
        .map(|arn| async move {
            let tags = tags(clients, &arn).await?;
            Ok::<_, Fault>((arn, tags))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found = Vec::new();
    for (arn, tags) in tagged {
        if tags.get(STACK_TAG).map(String::as_str) != Some(stack) {
            continue;
        }
        let Some(addr) = tags.get(ADDR_TAG) else {
            continue;
        };
        if let Some(live) = read(clients, &arn).await? {
            found.push(Found {
                addr: addr.clone(),
                id: arn,
                live,
            });
        }
    }
    Ok(found)
}

async fn tags(clients: &Clients, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut pages = clients
        .iam
        .list_policy_tags()
        .policy_arn(arn)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page.map_err(|e| fault("iam:ListPolicyTags", false, &[], &e)) {
            Ok(page) => found.extend(from_iam_tags(page.tags)),
            Err(fault) if is_gone(&fault) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}
