//! Instance profiles: each holds one role at most, which cannot be deleted while it does.

use super::model::Profile;
use super::{pages, roles, valid};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;
use std::collections::BTreeMap;

fn missing(name: &str) -> ApiError {
    valid::absent(format!("Instance Profile {name} cannot be found."))
}

fn write(xml: &mut Xml, w: &World, profile: &Profile) {
    let arn = format!(
        "arn:aws:iam::{ACCOUNT}:instance-profile{}{}",
        profile.path, profile.name
    );
    let role = profile.role.as_ref().and_then(|r| w.iam.roles.get(r));
    xml.el("Path", &profile.path)
        .el("InstanceProfileName", &profile.name)
        .el("InstanceProfileId", &profile.id)
        .el("Arn", arn)
        .el("CreateDate", pages::date(profile.created))
        .list("Roles", "member", role, |x, role| {
            roles::write(x, role, false)
        });
}

fn one(w: &World, name: &str) -> Result<Xml, ApiError> {
    let profile = w.iam.profiles.get(name).ok_or_else(|| missing(name))?;
    let mut xml = Xml::new();
    xml.node("InstanceProfile", |x| write(x, w, profile));
    Ok(xml)
}

pub(super) fn create(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "InstanceProfileName", 128)?;
    let path = valid::path(p)?;
    let mut tags = BTreeMap::new();
    valid::add_tags(p, &mut tags)?;
    let taken = |other: &String| other.eq_ignore_ascii_case(name);
    if w.iam.profiles.keys().any(taken) {
        return Err(valid::conflict(
            "EntityAlreadyExists",
            format!("Instance Profile {name} already exists."),
        ));
    }
    let profile = Profile {
        name: name.to_owned(),
        id: format!("AIPASANDBOX{:010}", w.next_serial()),
        path: path.to_owned(),
        created: timing.now(),
        role: None,
        tags,
    };
    w.iam.profiles.insert(name.to_owned(), profile);
    one(w, name)
}

pub(super) fn get(w: &World, p: &Params) -> Result<Xml, ApiError> {
    one(w, valid::name(p, "InstanceProfileName", 128)?)
}

pub(super) fn delete(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "InstanceProfileName", 128)?;
    let profile = w.iam.profiles.get(name).ok_or_else(|| missing(name))?;
    if profile.role.is_some() {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    w.iam.profiles.remove(name);
    Ok(Xml::new())
}

pub(super) fn add_role(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "InstanceProfileName", 128)?;
    let role = valid::role(w, p)?.name.clone();
    let profile = w.iam.profiles.get_mut(name).ok_or_else(|| missing(name))?;
    if profile.role.is_some() {
        return Err(valid::conflict(
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ));
    }
    profile.role = Some(role);
    Ok(Xml::new())
}

pub(super) fn remove_role(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "InstanceProfileName", 128)?;
    let role = valid::role(w, p)?.name.clone();
    let profile = w.iam.profiles.get_mut(name).ok_or_else(|| missing(name))?;
    if profile.role.as_ref() != Some(&role) {
        return Err(valid::absent(format!(
            "The role {role} is not in the instance profile {name}."
        )));
    }
    profile.role = None;
    Ok(Xml::new())
}

pub(super) fn of_role(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let role = &valid::role(w, p)?.name;
    let holding = w.iam.profiles.values();
    let items = holding
        .filter(|profile| profile.role.as_ref() == Some(role))
        .map(|profile| (profile.name.clone(), profile))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "InstanceProfiles", items, |x, _, profile| {
        write(x, w, profile)
    })?;
    Ok(xml)
}
