//! Describes, creates and deletes security groups.

use super::filters::{Filters, page, wanted_ids};
use super::permissions::target;
use super::state::{Group, Rule, Source, State, anywhere, everything, write_tags};
use super::{bad, dry_run, new_id, tags};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params, Reply};
use crate::sandbox::world::ACCOUNT;
use crate::sandbox::xml::Xml;

/// Answers `DescribeSecurityGroups`.
pub fn describe(state: &State, params: &Params) -> Result<Reply, ApiError> {
    let ids = wanted_ids(
        params,
        "GroupId",
        "InvalidGroup.NotFound",
        "security group",
        |id| state.group(id).is_some(),
    )?;
    let names = wanted_ids(
        params,
        "GroupName",
        "InvalidGroup.NotFound",
        "security group",
        |name| state.groups.iter().any(|g| g.name == name),
    )?;
    let filters = Filters::parse(
        params,
        &[
            "group-id",
            "group-name",
            "vpc-id",
            "description",
            "owner-id",
            "ip-permission.cidr",
            "ip-permission.ipv6-cidr",
            "ip-permission.from-port",
            "ip-permission.to-port",
            "ip-permission.protocol",
            "ip-permission.group-id",
            "ip-permission.prefix-list-id",
            "egress.ip-permission.cidr",
            "egress.ip-permission.ipv6-cidr",
            "egress.ip-permission.from-port",
            "egress.ip-permission.to-port",
            "egress.ip-permission.protocol",
            "egress.ip-permission.group-id",
            "egress.ip-permission.prefix-list-id",
        ],
        true,
    )?;
    dry_run(params)?;
    let found = state
        .groups
        .iter()
        .filter(|g| ids.as_ref().is_none_or(|ids| ids.contains(&g.id)))
        .filter(|g| names.as_ref().is_none_or(|names| names.contains(&g.name)))
        .filter(|g| filters.accept(&g.tags, |name| values(state, g, name)))
        .collect();
    let mut x = Xml::new();
    page(
        &mut x,
        params,
        "securityGroupInfo",
        found,
        |x, g: &Group| {
            x.el("ownerId", ACCOUNT)
                .el("groupName", &g.name)
                .el("groupDescription", &g.description)
                .el("groupId", &g.id)
                .el("securityGroupArn", state.arn("security-group", &g.id))
                .el("vpcId", &g.vpc_id);
            write_permissions(x, state, "ipPermissions", state.rules_of(&g.id, false));
            write_permissions(x, state, "ipPermissionsEgress", state.rules_of(&g.id, true));
            write_tags(x, &g.tags);
        },
    )?;
    Ok(Reply::Xml(x.done()))
}

fn values(state: &State, g: &Group, name: &str) -> Vec<String> {
    match name {
        "group-id" => return vec![g.id.clone()],
        "group-name" => return vec![g.name.clone()],
        "vpc-id" => return vec![g.vpc_id.clone()],
        "description" => return vec![g.description.clone()],
        "owner-id" => return vec![ACCOUNT.to_owned()],
        _ => {}
    }
    let (egress, field) = match name.strip_prefix("egress.ip-permission.") {
        Some(field) => (true, field),
        None => (false, name.trim_start_matches("ip-permission.")),
    };
    state
        .rules_of(&g.id, egress)
        .filter_map(|r| match (field, &r.source) {
            ("protocol", _) => Some(r.protocol.clone()),
            ("from-port", _) => Some(r.from.to_string()),
            ("to-port", _) => Some(r.to.to_string()),
            ("cidr", Source::Ipv4(_))
            | ("ipv6-cidr", Source::Ipv6(_))
            | ("group-id", Source::Group(_))
            | ("prefix-list-id", Source::PrefixList(_)) => Some(r.source.peer()),
            _ => None,
        })
        .collect()
}

/// Writes rules in the old form: what has the same protocol and ports is one permission with many sources.
pub fn write_permissions<'a>(
    x: &mut Xml,
    state: &State,
    list: &str,
    rules: impl Iterator<Item = &'a Rule>,
) {
    let mut permissions: Vec<Vec<&Rule>> = Vec::new();
    for rule in rules {
        let same = |p: &&mut Vec<&Rule>| {
            p.iter()
                .any(|r| r.protocol == rule.protocol && r.from == rule.from && r.to == rule.to)
        };
        match permissions.iter_mut().find(same) {
            Some(permission) => permission.push(rule),
            None => permissions.push(vec![rule]),
        }
    }
    x.list(list, "item", permissions, |x, rules| {
        if let Some(first) = rules.first() {
            x.el("ipProtocol", &first.protocol);
            // a protocol without ports has none here, although the rule itself says -1
            if matches!(first.protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6") {
                x.el("fromPort", first.from).el("toPort", first.to);
            }
        }
        let of = |wanted: fn(&Source) -> bool| {
            rules
                .iter()
                .filter(move |r| wanted(&r.source))
                .copied()
                .collect::<Vec<_>>()
        };
        x.list(
            "groups",
            "item",
            of(|s| matches!(s, Source::Group(_))),
            |x, r| {
                x.el("userId", ACCOUNT).el("groupId", r.source.peer());
                if let Some(group) = state.group(&r.source.peer())
                    && state
                        .group(&r.group_id)
                        .is_some_and(|own| own.vpc_id != group.vpc_id)
                {
                    x.el("vpcId", &group.vpc_id);
                }
                x.opt("description", r.description.as_ref());
            },
        );
        for (list, field, sources) in [
            ("ipRanges", "cidrIp", of(|s| matches!(s, Source::Ipv4(_)))),
            (
                "ipv6Ranges",
                "cidrIpv6",
                of(|s| matches!(s, Source::Ipv6(_))),
            ),
            (
                "prefixListIds",
                "prefixListId",
                of(|s| matches!(s, Source::PrefixList(_))),
            ),
        ] {
            x.list(list, "item", sources, |x, r| {
                x.el(field, r.source.peer())
                    .opt("description", r.description.as_ref());
            });
        }
    });
}

/// Answers `CreateSecurityGroup`.
///
/// # Errors
/// `InvalidGroup.Duplicate`, `InvalidGroup.Reserved`, `InvalidVpcID.NotFound`, `InvalidParameterValue`.
pub fn create(state: &mut State, serial: &mut u64, params: &Params) -> Result<Reply, ApiError> {
    let name = params.require("GroupName")?;
    let description = params.require("GroupDescription")?;
    if name.starts_with("sg-") || name.is_empty() || name.len() > 255 {
        return Err(bad(
            "InvalidParameterValue",
            format!(
                "Invalid value '{name}' for groupName. Group names may have 1 to 255 characters and not be in the format sg-*."
            ),
        ));
    }
    if name.eq_ignore_ascii_case("default") {
        return Err(bad(
            "InvalidParameterValue",
            "Cannot use reserved security group name: default",
        ));
    }
    let vpc = match params.get("VpcId") {
        Some(id) if state.vpc(id).is_some() => id.to_owned(),
        Some(id) => {
            return Err(bad(
                "InvalidVpcID.NotFound",
                format!("The vpc ID '{id}' does not exist"),
            ));
        }
        None => match state.default_network() {
            Some(network) => network.vpc_id,
            None => return Err(bad("VPCIdNotSpecified", "No default VPC for this user")),
        },
    };
    let tags = tags::specified(params, "security-group")?;
    dry_run(params)?;
    if state
        .groups
        .iter()
        .any(|g| g.vpc_id == vpc && g.name == name)
    {
        return Err(bad(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    let id = new_id(serial, "sg-");
    state.rules.push(Rule {
        group_id: id.clone(),
        ..everything(&new_id(serial, "sgr-"), true, Source::Ipv4(anywhere()))
    });
    let mut x = Xml::new();
    x.el("return", true)
        .el("groupId", &id)
        .el("securityGroupArn", state.arn("security-group", &id));
    write_tags(&mut x, &tags);
    state.groups.push(Group {
        id,
        name: name.to_owned(),
        description: description.to_owned(),
        vpc_id: vpc,
        tags,
    });
    Ok(Reply::Xml(x.done()))
}

/// Answers `DeleteSecurityGroup`.
///
/// # Errors
/// `CannotDelete` for a default group; `DependencyViolation` while an interface carries it or a rule of another
/// group names it (`aws-facts §2.5`).
pub fn delete(state: &mut State, params: &Params, now: Moment) -> Result<Reply, ApiError> {
    let id = target(state, params)?;
    dry_run(params)?;
    if state.group(&id).is_some_and(|g| g.name == "default") {
        return Err(bad(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    let carried = state.interfaces_at(now).any(|i| i.groups.contains(&id));
    let named = state
        .rules
        .iter()
        .any(|r| r.group_id != id && r.source == Source::Group(id.clone()));
    if carried || named {
        return Err(bad(
            "DependencyViolation",
            format!("resource {id} has a dependent object"),
        ));
    }
    state.groups.retain(|g| g.id != id);
    state.rules.retain(|r| r.group_id != id);
    let mut x = Xml::new();
    x.el("return", true).el("groupId", &id);
    Ok(Reply::Xml(x.done()))
}
