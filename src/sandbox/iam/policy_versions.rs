//! The versions of managed policies: at most five, one of them the default (aws-facts §3.3).

use super::model::{Policy, Version};
use super::{pages, policies, valid};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

const MOST: usize = 5;

fn version_id(p: &Params) -> Result<&str, ApiError> {
    let id = valid::need(p, "VersionId")?;
    let number = id.strip_prefix('v').unwrap_or_default();
    if number.is_empty() || number.starts_with('0') || !number.chars().all(|c| c.is_ascii_digit()) {
        return Err(valid::constraint(
            "versionId",
            "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
        ));
    }
    Ok(id)
}

fn no_version(arn: &str, id: &str) -> ApiError {
    valid::absent(format!(
        "Policy {arn} version {id} does not exist or is not attachable."
    ))
}

fn write(xml: &mut Xml, policy: &Policy, version: &Version, with_document: bool) {
    if with_document {
        xml.el("Document", pages::encoded(&version.document));
    }
    xml.el("VersionId", version.id())
        .el("IsDefaultVersion", policy.is_default(version))
        .el("CreateDate", pages::date(version.created));
}

pub(super) fn get(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let id = version_id(p)?;
    let policy = w.iam.policy(arn).ok_or_else(|| valid::no_policy(arn))?;
    let version = policy.version(id).ok_or_else(|| no_version(arn, id))?;
    let mut xml = Xml::new();
    xml.node("PolicyVersion", |x| write(x, &policy, version, true));
    Ok(xml)
}

pub(super) fn list(w: &World, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let policy = w.iam.policy(arn).ok_or_else(|| valid::no_policy(arn))?;
    // newest first, as the console and the API show them
    let items = policy
        .versions
        .iter()
        .map(|v| (format!("{:020}", u64::MAX - v.number), v))
        .collect();
    let mut xml = Xml::new();
    pages::page(&mut xml, p, "Versions", items, |x, _, version| {
        write(x, &policy, version, false);
    })?;
    Ok(xml)
}

pub(super) fn create(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    valid::own(arn)?;
    let spread_at = timing.after(w.iam.propagation_seconds);
    let policy = w
        .iam
        .policies
        .get_mut(arn)
        .ok_or_else(|| valid::no_policy(arn))?;
    let document = policies::checked_document(p)?;
    if policy.versions.len() >= MOST {
        return Err(valid::conflict(
            "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
             existing version.",
        ));
    }
    let version = Version {
        number: policy.next_version,
        document: document.to_owned(),
        created: timing.now(),
    };
    policy.next_version += 1;
    if p.flag("SetAsDefault").unwrap_or(false) {
        policy
            .default
            .change(version.number, timing.now(), spread_at);
        policy.updated = timing.now();
    }
    let mut xml = Xml::new();
    xml.node("PolicyVersion", |x| write(x, policy, &version, false));
    policy.versions.push(version);
    Ok(xml)
}

pub(super) fn delete(w: &mut World, _: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let id = version_id(p)?;
    valid::own(arn)?;
    let policy = w
        .iam
        .policies
        .get_mut(arn)
        .ok_or_else(|| valid::no_policy(arn))?;
    let version = policy.version(id).ok_or_else(|| no_version(arn, id))?;
    if policy.is_default(version) {
        return Err(valid::conflict(
            "DeleteConflict",
            "Cannot delete the default version of a policy.",
        ));
    }
    policy.versions.retain(|v| v.id() != id);
    Ok(Xml::new())
}

pub(super) fn set_default(w: &mut World, timing: &Timing, p: &Params) -> Result<Xml, ApiError> {
    let arn = valid::policy_arn(p)?;
    let id = version_id(p)?;
    valid::own(arn)?;
    let spread_at = timing.after(w.iam.propagation_seconds);
    let policy = w
        .iam
        .policies
        .get_mut(arn)
        .ok_or_else(|| valid::no_policy(arn))?;
    let number = policy
        .version(id)
        .ok_or_else(|| no_version(arn, id))?
        .number;
    if number != policy.default.value {
        policy.default.change(number, timing.now(), spread_at);
        policy.updated = timing.now();
    }
    Ok(Xml::new())
}
