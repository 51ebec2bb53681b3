//! Roles: create, read, list, change, tag, delete.

use super::document::{Kind, check};
use super::model::{Role, Spread};
use super::{pages, valid};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;
use std::collections::BTreeMap;

/// Checks a trust policy: its shape, that principals of this account exist, and its size.
fn checked_trust<'a>(w: &World, p: &'a Params, param: &str) -> Result<&'a str, ApiError> {
    let text = valid::need(p, param)?;
    let roles = format!("arn:aws:iam::{ACCOUNT}:role/");
    check(text, Kind::Trust, |arn| {
        !arn.starts_with(&roles) || w.iam.role_by_arn(arn).is_some()
    })?;
    if text.chars().filter(|c| !c.is_whitespace()).count() > 2048 {
        return Err(valid::conflict(
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048",
        ));
    }
    Ok(text)
}

/// Checks that a policy can be a boundary.
fn attachable(w: &World, arn: &str) -> Result<(), ApiError> {
    match w.iam.policy(arn) {
        Some(_) => Ok(()),
        None => Err(valid::absent(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        ))),
    }
}

/// Writes the inside of a `Role`; `full` adds what lists leave out.
pub(super) fn write(xml: &mut Xml, role: &Role, full: bool) {
    xml.el("Path", &role.path)
        .el("RoleName", &role.name)
        .el("RoleId", &role.id)
        .el("Arn", role.arn())
        .el("CreateDate", pages::date(role.created))
        .el(
            "AssumeRolePolicyDocument",
            pages::encoded(&role.trust.value),
        )
        .opt("Description", role.description.as_deref())
        .el("MaxSessionDuration", role.max_session);
    if !full {
        return;
    }
    if let Some(arn) = &role.boundary {
        xml.node("PermissionsBoundary", |x| {
            x.el("PermissionsBoundaryType", "Policy")
                .el("PermissionsBoundaryArn", arn);
        });
    }
    pages::tags(xml, &role.tags);
    xml.node("RoleLastUsed", |_| {});
}

pub(super) fn create(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "RoleName", 64)?;
    let path = valid::path(p)?;
    let description = valid::description(p)?;
    let max_session = valid::session(p)?.unwrap_or(3600);
    let mut tags = BTreeMap::new();
    valid::add_tags(p, &mut tags)?;
    let trust = checked_trust(w, p, "AssumeRolePolicyDocument")?;
    if w.iam
        .roles
        .keys()
        .any(|other| other.eq_ignore_ascii_case(name))
    {
        return Err(valid::conflict(
            "EntityAlreadyExists",
            format!("Role with name {name} already exists."),
        ));
    }
    let boundary = p.get("PermissionsBoundary").map(str::to_owned);
    if let Some(arn) = &boundary {
        attachable(w, arn)?;
    }
    let role = Role {
        name: name.to_owned(),
        id: w.id("AROA").to_uppercase(),
        path: path.to_owned(),
        created: timing.now(),
        description,
        trust: Spread::new(trust.to_owned(), timing.after(w.iam.propagation_seconds)),
        max_session,
        boundary,
        tags,
        attached: BTreeMap::new(),
        inline: BTreeMap::new(),
    };
    let mut xml = Xml::new();
    xml.node("Role", |x| write(x, &role, true));
    w.iam.roles.insert(role.name.clone(), role);
    Ok(xml)
}

pub(super) fn get(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let role = valid::role(w, p)?;
    let mut xml = Xml::new();
    xml.node("Role", |x| write(x, role, true));
    Ok(xml)
}

pub(super) fn list(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let prefix = valid::path_prefix(p)?;
    let items = w
        .iam
        .roles
        .values()
        .filter(|r| r.path.starts_with(prefix))
        .map(|r| (r.name.clone(), r))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "Roles", items, |x, _, role| {
        write(x, role, false)
    })?;
    Ok(xml)
}

pub(super) fn update(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let description = valid::description(p)?;
    let session = valid::session(p)?;
    let role = valid::role_mut(w, p)?;
    if description.is_some() {
        role.description = description;
    }
    // "If you do not specify a value for this setting, the default value of one hour is applied" (IAM's model)
    role.max_session = session.unwrap_or(3600);
    Ok(Xml::new())
}

pub(super) fn describe(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let description = valid::description(p)?;
    if description.is_none() {
        valid::need(p, "Description")?;
    }
    let role = valid::role_mut(w, p)?;
    role.description = description;
    let mut xml = Xml::new();
    xml.node("Role", |x| write(x, role, true));
    Ok(xml)
}

pub(super) fn trust(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::role(w, p)?;
    let trust = checked_trust(w, p, "PolicyDocument")?.to_owned();
    let at = timing.after(w.iam.propagation_seconds);
    valid::role_mut(w, p)?.trust.change(trust, timing.now(), at);
    Ok(Xml::new())
}

pub(super) fn bound(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::role(w, p)?;
    let arn = valid::need(p, "PermissionsBoundary")?;
    attachable(w, arn)?;
    valid::role_mut(w, p)?.boundary = Some(arn.to_owned());
    Ok(Xml::new())
}

pub(super) fn unbound(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let role = valid::role_mut(w, p)?;
    match role.boundary.take() {
        Some(_) => Ok(Xml::new()),
        None => Err(valid::absent(format!(
            "The permissions boundary of role {} cannot be found.",
            role.name
        ))),
    }
}

pub(super) fn delete(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let role = valid::role(w, p)?;
    if !role.attached.is_empty() {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete entity, must detach all policies first.",
        ));
    }
    if !role.inline.is_empty() {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete entity, must delete policies first.",
        ));
    }
    let name = role.name.clone();
    if w.iam
        .profiles
        .values()
        .any(|p| p.role.as_ref() == Some(&name))
    {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    w.iam.roles.remove(&name);
    Ok(Xml::new())
}

pub(super) fn tag(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::add_tags(p, &mut valid::role_mut(w, p)?.tags)?;
    Ok(Xml::new())
}

pub(super) fn untag(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    valid::remove_tags(p, &mut valid::role_mut(w, p)?.tags);
    Ok(Xml::new())
}

pub(super) fn tags(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let items = valid::role(w, p)?.tags.clone().into_iter().collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "Tags", items, |x, key, value| {
        x.el("Key", key).el("Value", value);
    })?;
    Ok(xml)
}
