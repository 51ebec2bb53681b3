//! What a role may do: managed policies attached to it, and policies inside it.

use super::document::{Kind, check};
use super::model::Spread;
use super::{pages, valid};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

/// The managed policies that one role may have.
const MOST: usize = 10;

pub(super) fn attach(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let at = timing.after(w.iam.propagation_seconds);
    valid::role(w, p)?;
    if w.iam.policy(arn).is_none() {
        return Err(valid::absent(format!(
            "Policy {arn} does not exist or is not attachable."
        )));
    }
    let role = valid::role_mut(w, p)?;
    // once more is no error and changes nothing (aws-facts §3.3)
    if !role.attached.contains_key(arn) {
        if role.attached.len() >= MOST {
            return Err(valid::conflict(
                "LimitExceeded",
                format!("Cannot exceed quota for PoliciesPerRole: {MOST}"),
            ));
        }
        role.attached.insert(arn.to_owned(), at);
    }
    Ok(Xml::new())
}

pub(super) fn detach(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    match valid::role_mut(w, p)?.attached.remove(arn) {
        Some(_) => Ok(Xml::new()),
        None => Err(valid::no_policy(arn)),
    }
}

pub(super) fn list(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let prefix = valid::path_prefix(p)?;
    let items = valid::role(w, p)?
        .attached
        .keys()
        .filter_map(|arn| w.iam.policy(arn))
        .filter(|policy| policy.path.starts_with(prefix))
        .map(|policy| (policy.arn.clone(), policy.name.clone()))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "AttachedPolicies", items, |x, arn, name| {
        x.el("PolicyName", name).el("PolicyArn", arn);
    })?;
    Ok(xml)
}

pub(super) fn inline_names(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let items = valid::role(w, p)?
        .inline
        .keys()
        .map(|n| (n.clone(), ()))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "PolicyNames", items, |x, name, ()| {
        x.text(name);
    })?;
    Ok(xml)
}

pub(super) fn put_inline(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "PolicyName", 128)?;
    let at = timing.after(w.iam.propagation_seconds);
    let role = valid::role_mut(w, p)?;
    let text = valid::need(p, "PolicyDocument")?;
    check(text, Kind::Inline, |_| true)?;
    let size = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let others: usize = role
        .inline
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(_, document)| size(&document.value))
        .sum();
    if others + size(text) > 10_240 {
        return Err(valid::conflict(
            "LimitExceeded",
            format!(
                "Maximum policy size of 10240 bytes exceeded for role {}",
                role.name
            ),
        ));
    }
    match role.inline.get_mut(name) {
        Some(document) => document.change(text.to_owned(), timing.now(), at),
        None => {
            let document = Spread::new(text.to_owned(), at);
            role.inline.insert(name.to_owned(), document);
        }
    }
    Ok(Xml::new())
}

fn no_inline(name: &str) -> ApiError {
    valid::absent(format!("The role policy with name {name} cannot be found."))
}

pub(super) fn get_inline(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "PolicyName", 128)?;
    let role = valid::role(w, p)?;
    let document = role.inline.get(name).ok_or_else(|| no_inline(name))?;
    let mut xml = Xml::new();
    xml.el("RoleName", &role.name)
        .el("PolicyName", name)
        .el("PolicyDocument", pages::encoded(&document.value));
    Ok(xml)
}

pub(super) fn delete_inline(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let name = valid::name(p, "PolicyName", 128)?;
    match valid::role_mut(w, p)?.inline.remove(name) {
        Some(_) => Ok(Xml::new()),
        None => Err(no_inline(name)),
    }
}
