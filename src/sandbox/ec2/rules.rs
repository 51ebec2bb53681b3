//! Describes, adds and revokes the rules of security groups.

use super::filters::{Filters, page, wanted_ids};
use super::permissions::{no_group, read, target};
use super::state::{Rule, Source, State, write_tags};
use super::{bad, dry_run, groups, new_id, tags};
use crate::sandbox::wire::{ApiError, Params, Reply};
use crate::sandbox::world::ACCOUNT;
use crate::sandbox::xml::Xml;

/// Rules of one direction in one group, counted apart for IPv4 and IPv6 (`aws-facts §2.3`).
const LIMIT: usize = 60;

/// Answers `DescribeSecurityGroupRules`.
pub fn describe(state: &State, params: &Params) -> Result<Reply, ApiError> {
    let ids = wanted_ids(
        params,
        "SecurityGroupRuleId",
        "InvalidSecurityGroupRuleId.NotFound",
        "security group rule ID",
        |id| state.rules.iter().any(|r| r.id == id),
    )?;
    let filters = Filters::parse(params, &["group-id", "security-group-rule-id"], true)?;
    dry_run(params)?;
    let found = state
        .rules
        .iter()
        .filter(|r| ids.as_ref().is_none_or(|ids| ids.contains(&r.id)))
        .filter(|r| {
            filters.accept(&r.tags, |name| {
                vec![match name {
                    "group-id" => r.group_id.clone(),
                    _ => r.id.clone(),
                }]
            })
        })
        .collect();
    let mut x = Xml::new();
    page(&mut x, params, "securityGroupRuleSet", found, |x, r| {
        write(x, state, r)
    })?;
    Ok(Reply::Xml(x.done()))
}

fn write(x: &mut Xml, state: &State, r: &Rule) {
    x.el("securityGroupRuleId", &r.id)
        .el(
            "securityGroupRuleArn",
            state.arn("security-group-rule", &r.id),
        )
        .el("groupId", &r.group_id)
        .el("groupOwnerId", ACCOUNT)
        .el("isEgress", r.egress)
        .el("ipProtocol", &r.protocol)
        .el("fromPort", r.from)
        .el("toPort", r.to);
    match &r.source {
        Source::Ipv4(net) => x.el("cidrIpv4", net),
        Source::Ipv6(net) => x.el("cidrIpv6", net),
        Source::PrefixList(id) => x.el("prefixListId", id),
        Source::Group(id) => x.node("referencedGroupInfo", |x| {
            x.el("groupId", id).el("userId", ACCOUNT);
        }),
    };
    x.opt("description", r.description.as_ref());
    write_tags(x, &r.tags);
}

/// Answers `AuthorizeSecurityGroupIngress` and `…Egress`: all of the rules are made, or none.
pub fn authorize(
    state: &mut State,
    serial: &mut u64,
    params: &Params,
    egress: bool,
) -> Result<Reply, ApiError> {
    let group = target(state, params)?;
    let mut wanted = read(state, params, &group, egress)?;
    let given_tags = tags::specified(params, "security-group-rule")?;
    for (i, rule) in wanted.iter().enumerate() {
        if wanted[..i].iter().any(|r| r.same_as(rule)) {
            return Err(bad(
                "InvalidParameterValue",
                "The same permission must not appear multiple times",
            ));
        }
    }
    dry_run(params)?;
    for rule in &mut wanted {
        refuse_duplicate(state, rule)?;
        rule.id = new_id(serial, "sgr-");
        rule.tags = given_tags.clone();
        state.rules.push(rule.clone());
    }
    refuse_too_many(state, &group, egress)?;
    let mut x = Xml::new();
    x.el("return", true)
        .list("securityGroupRuleSet", "item", &wanted, |x, r| {
            write(x, state, r)
        });
    Ok(Reply::Xml(x.done()))
}

/// Refuses a rule that opens what another one opens already.
///
/// # Errors
/// `InvalidPermission.Duplicate`
pub fn refuse_duplicate(state: &State, rule: &Rule) -> Result<(), ApiError> {
    let twin = |r: &&Rule| r.id != rule.id && r.same_as(rule);
    if state.rules.iter().any(|r| twin(&r)) {
        return Err(bad(
            "InvalidPermission.Duplicate",
            format!(
                "the specified rule \"peer: {}, {}, ALLOW\" already exists",
                rule.source.peer(),
                traffic(rule)
            ),
        ));
    }
    Ok(())
}

fn traffic(rule: &Rule) -> String {
    let all = |n: i64| {
        if n < 0 {
            "ALL".to_owned()
        } else {
            n.to_string()
        }
    };
    match rule.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        "tcp" | "udp" => format!(
            "{}, from port: {}, to port: {}",
            rule.protocol.to_uppercase(),
            rule.from,
            rule.to
        ),
        "icmp" | "icmpv6" => format!(
            "{}, type: {}, code: {}",
            rule.protocol.to_uppercase(),
            all(rule.from),
            all(rule.to)
        ),
        number => format!("protocol: {number}"),
    }
}

/// Refuses a group with more rules than its quota. A rule that names a group or a list counts for both families.
fn refuse_too_many(state: &State, group: &str, egress: bool) -> Result<(), ApiError> {
    let count = |without: fn(&Source) -> bool| {
        state
            .rules_of(group, egress)
            .filter(|r| !without(&r.source))
            .count()
    };
    let v4 = count(|s| matches!(s, Source::Ipv6(_)));
    let v6 = count(|s| matches!(s, Source::Ipv4(_)));
    if v4 > LIMIT || v6 > LIMIT {
        return Err(bad(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        ));
    }
    Ok(())
}

/// Answers `RevokeSecurityGroupIngress` and `…Egress`.
///
/// By id it is exact. By properties, what matches nothing is passed over in a default VPC and listed in the
/// reply; elsewhere it is refused (`aws-facts §2.3`).
pub fn revoke(state: &mut State, params: &Params, egress: bool) -> Result<Reply, ApiError> {
    let group = target(state, params)?;
    let ids = params.list("SecurityGroupRuleId");
    let (gone, unknown) = if ids.is_empty() {
        let wanted = read(state, params, &group, egress)?;
        let (known, unknown): (Vec<Rule>, Vec<Rule>) = wanted
            .into_iter()
            .partition(|w| state.rules.iter().any(|r| r.same_as(w)));
        let in_default = state
            .group(&group)
            .and_then(|g| state.vpc(&g.vpc_id))
            .ok_or_else(|| no_group(&group))?
            .is_default;
        if !unknown.is_empty() && !in_default {
            return Err(bad(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            ));
        }
        let gone: Vec<Rule> = state
            .rules
            .iter()
            .filter(|r| known.iter().any(|k| k.same_as(r)))
            .cloned()
            .collect();
        (gone, unknown)
    } else {
        if !params.structs("IpPermissions").is_empty() {
            return Err(bad(
                "InvalidParameterCombination",
                "The parameter 'securityGroupRuleIds' may not be used in combination with 'ipPermissions'",
            ));
        }
        (by_ids(state, &group, egress, &ids)?, Vec::new())
    };
    dry_run(params)?;
    state.rules.retain(|r| !gone.iter().any(|g| g.id == r.id));
    let mut x = Xml::new();
    x.el("return", true);
    if !unknown.is_empty() {
        groups::write_permissions(&mut x, state, "unknownIpPermissionSet", unknown.iter());
    }
    x.list("revokedSecurityGroupRuleSet", "item", &gone, |x, r| {
        x.el("securityGroupRuleId", &r.id)
            .el("groupId", &r.group_id)
            .el("isEgress", r.egress)
            .el("ipProtocol", &r.protocol)
            .el("fromPort", r.from)
            .el("toPort", r.to);
        match &r.source {
            Source::Ipv4(net) => x.el("cidrIpv4", net),
            Source::Ipv6(net) => x.el("cidrIpv6", net),
            Source::PrefixList(id) => x.el("prefixListId", id),
            Source::Group(id) => x.el("referencedGroupId", id),
        };
        x.opt("description", r.description.as_ref());
    });
    Ok(Reply::Xml(x.done()))
}

fn by_ids(state: &State, group: &str, egress: bool, ids: &[String]) -> Result<Vec<Rule>, ApiError> {
    let mut found: Vec<Rule> = Vec::new();
    for id in ids {
        let rule = find(state, group, id)?;
        if rule.egress != egress {
            return Err(no_rule(id));
        }
        if !found.iter().any(|r| r.id == rule.id) {
            found.push(rule.clone());
        }
    }
    Ok(found)
}

/// Returns a rule of a group by its id.
///
/// # Errors
/// `InvalidSecurityGroupRuleId.NotFound`, `InvalidSecurityGroupRuleId.Malformed`.
pub fn find<'a>(state: &'a State, group: &str, id: &str) -> Result<&'a Rule, ApiError> {
    if !id.starts_with("sgr-") {
        return Err(bad(
            "InvalidSecurityGroupRuleId.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"sgr-...\")"),
        ));
    }
    state
        .rules
        .iter()
        .find(|r| r.id == id && r.group_id == group)
        .ok_or_else(|| no_rule(id))
}

fn no_rule(id: &str) -> ApiError {
    bad(
        "InvalidSecurityGroupRuleId.NotFound",
        format!("The security group rule ID '{id}' does not exist"),
    )
}
