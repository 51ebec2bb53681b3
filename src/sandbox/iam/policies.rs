//! Managed policies: create, read, list, tag, delete.

use super::document::{Kind, check};
use super::model::{Policy, Spread, Version};
use super::{State, managed, pages, valid};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;
use std::collections::BTreeMap;

/// Checks a document for a managed policy: its shape, and its size without blanks.
pub(super) fn checked_document(params: &Params) -> Result<&str, ApiError> {
    let text = valid::need(params, "PolicyDocument")?;
    check(text, Kind::Managed, |_| true)?;
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    if size > 6144 {
        return Err(valid::conflict(
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        ));
    }
    Ok(text)
}

pub(super) fn create(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "PolicyName", 128)?;
    let path = valid::path(p)?;
    let description = valid::description(p)?;
    let mut tags = BTreeMap::new();
    valid::add_tags(p, &mut tags)?;
    let document = checked_document(p)?;
    if w.iam
        .policies
        .values()
        .any(|other| other.name.eq_ignore_ascii_case(name))
    {
        return Err(valid::conflict(
            "EntityAlreadyExists",
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    let now = timing.now();
    let policy = Policy {
        name: name.to_owned(),
        id: w.id("ANPA").to_uppercase(),
        arn: format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
        path: path.to_owned(),
        description,
        created: now,
        updated: now,
        versions: vec![Version {
            number: 1,
            document: document.to_owned(),
            created: now,
        }],
        default: Spread::new(1, timing.after(w.iam.propagation_seconds)),
        next_version: 2,
        tags,
    };
    let mut xml = Xml::new();
    xml.node("Policy", |x| pages::policy(x, &policy, 0, true));
    w.iam.policies.insert(policy.arn.clone(), policy);
    Ok(xml)
}

pub(super) fn get(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let policy = w.iam.policy(arn).ok_or_else(|| valid::no_policy(arn))?;
    let mut xml = Xml::new();
    xml.node("Policy", |x| {
        pages::policy(x, &policy, w.iam.attachments(arn), true);
    });
    Ok(xml)
}

pub(super) fn list(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let scope = p.get("Scope").unwrap_or("All");
    let prefix = valid::path_prefix(p)?;
    let attached_only = p.flag("OnlyAttached").unwrap_or(false);
    let mut found: Vec<Policy> = match scope {
        "All" | "AWS" => managed::all(),
        "Local" => Vec::new(),
        _ => {
            return Err(valid::constraint(
                "scope",
                "Member must satisfy enum value set: [All, AWS, Local]",
            ));
        }
    };
    if scope != "AWS" {
        found.extend(w.iam.policies.values().cloned());
    }
    // nothing here is a permissions boundary of anything but roles, which only remember it
    if usage(p)? == Some("PermissionsBoundary") {
        found.clear();
    }
    found.retain(|policy| {
        policy.path.starts_with(prefix) && (!attached_only || w.iam.attachments(&policy.arn) > 0)
    });
    let items = found
        .into_iter()
        .map(|policy| (policy.arn.clone(), policy))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "Policies", items, |x, arn, policy| {
        pages::policy(x, &policy, w.iam.attachments(arn), false);
    })?;
    Ok(xml)
}

fn usage(p: &Params) -> Result<Option<&str>, ApiError> {
    match p.get("PolicyUsageFilter") {
        known @ (None | Some("PermissionsPolicy" | "PermissionsBoundary")) => Ok(known),
        Some(_) => Err(valid::constraint(
            "policyUsageFilter",
            "Member must satisfy enum value set: [PermissionsPolicy, PermissionsBoundary]",
        )),
    }
}

pub(super) fn delete(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    valid::own(arn)?;
    let policy = w
        .iam
        .policies
        .get(arn)
        .ok_or_else(|| valid::no_policy(arn))?;
    if w.iam.attachments(arn) > 0 {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete a policy attached to entities.",
        ));
    }
    if policy.versions.len() > 1 {
        return Err(valid::conflict(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's \
             versions. The default version is deleted with the policy.",
        ));
    }
    w.iam.policies.remove(arn);
    Ok(Xml::new())
}

pub(super) fn entities(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    w.iam.policy(arn).ok_or_else(|| valid::no_policy(arn))?;
    let filter = p.get("EntityFilter");
    let prefix = valid::path_prefix(p)?;
    let wanted = match filter {
        None | Some("Role") => usage(p)? != Some("PermissionsBoundary"),
        Some("User" | "Group" | "LocalManagedPolicy" | "AWSManagedPolicy") => false,
        Some(_) => {
            return Err(valid::constraint(
                "entityFilter",
                "Member must satisfy enum value set: [Role, AWSManagedPolicy, LocalManagedPolicy, User, Group]",
            ));
        }
    };
    let roles = w
        .iam
        .roles
        .values()
        .filter(|r| wanted && r.path.starts_with(prefix) && r.attached.contains_key(arn))
        .map(|r| (r.name.clone(), r.id.clone()))
        .collect();
    let mut xml = Xml::new();
    xml.node("PolicyGroups", |_| {}).node("PolicyUsers", |_| {});
    pages::page(&mut xml, p, "PolicyRoles", roles, |x, name, id| {
        x.el("RoleName", name).el("RoleId", id);
    })?;
    Ok(xml)
}

fn own_policy<'a>(w: &'a mut World, p: &Params) -> Result<&'a mut Policy, ApiError> {
    let arn = valid::policy_arn(p)?;
    valid::own(arn)?;
    w.iam
        .policies
        .get_mut(arn)
        .ok_or_else(|| valid::no_policy(arn))
}

pub(super) fn tag(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::add_tags(p, &mut own_policy(w, p)?.tags)?;
    Ok(Xml::new())
}

pub(super) fn untag(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::remove_tags(p, &mut own_policy(w, p)?.tags);
    Ok(Xml::new())
}

pub(super) fn tags(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let policy = w.iam.policy(arn).ok_or_else(|| valid::no_policy(arn))?;
    let items = policy.tags.clone().into_iter().collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "Tags", items, |x, key, value| {
        x.el("Key", key).el("Value", value);
    })?;
    Ok(xml)
}

impl State {
    /// Returns to how many roles a policy is attached.
    pub(super) fn attachments(&self, arn: &str) -> usize {
        self.roles
            .values()
            .filter(|r| r.attached.contains_key(arn))
            .count()
    }
}
