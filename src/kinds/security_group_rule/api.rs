//! The calls to EC2.

use super::desired::{Definition, Desired};
use super::live::{Live, Rule};
use super::source::Source;
use crate::aws::{OnlyOnce, STACK_TAG, fault};
use crate::model::{Class, Diff, Fault, Shown};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Builder;
use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, ResourceType, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, Tag, TagSpecification, UserIdGroupPair,
};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// Lists the inbound rules of a group; a group that is not there has none.
pub async fn rules(ec2: &Client, group: &str) -> Result<Vec<Rule>, Fault> {
    match list(ec2, "group-id", group).await {
        Err(f) if f.code.as_deref() == Some("InvalidGroup.NotFound") => Ok(Vec::new()),
        other => other,
    }
}

/// Lists the inbound rules that carry the stack's tag.
pub async fn tagged(ec2: &Client, stack: &str) -> Result<Vec<Rule>, Fault> {
    list(ec2, &format!("tag:{STACK_TAG}"), stack).await
}

async fn list(ec2: &Client, filter: &str, value: &str) -> Result<Vec<Rule>, Fault> {
    const OP: &str = "ec2:DescribeSecurityGroupRules";
    let mut all = Vec::new();
    let mut pages = ec2
        .describe_security_group_rules()
        .filters(Filter::builder().name(filter).values(value).build())
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        // both directions come back, and no filter tells them apart (aws-facts §2.1)
        all.extend(
            page.security_group_rules
                .unwrap_or_default()
                .into_iter()
                .filter(|r| r.is_egress != Some(true))
                .filter_map(rule),
        );
    }
    Ok(all)
}

fn rule(r: aws_sdk_ec2::types::SecurityGroupRule) -> Option<Rule> {
    let source = match (
        &r.cidr_ipv4,
        &r.cidr_ipv6,
        r.referenced_group_info,
        r.prefix_list_id,
    ) {
        (Some(cidr), ..) | (None, Some(cidr), ..) => Source::told(cidr)?,
        (None, None, Some(group), _) => Source::Group(group.group_id?),
        (None, None, None, Some(list)) => Source::PrefixList(list),
        _ => return None,
    };
    Some(Rule {
        id: r.security_group_rule_id?,
        group: r.group_id?,
        definition: Definition {
            protocol: Definition::protocol_name(&r.ip_protocol?).to_owned(),
            from_port: r.from_port.unwrap_or(-1),
            to_port: r.to_port.unwrap_or(-1),
            source,
        },
        description: r.description.unwrap_or_default(),
        tags: r
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|t| Some((t.key?, t.value.unwrap_or_default())))
            .collect(),
    })
}

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(k, v)| Tag::builder().key(k).value(v).build())
        .collect()
}

/// A fault with the code's remedy; for a rule that is there already, whose it is.
async fn explained(ec2: &Client, fault: Fault, want: &Desired) -> Fault {
    match fault.code.as_deref() {
        Some("InvalidPermission.Duplicate") => {
            let twin = rules(ec2, &want.key.group)
                .await
                .unwrap_or_default()
                .into_iter()
                .find(|r| r.definition == want.definition);
            let whose = twin.map_or_else(
                || "another rule".to_owned(),
                |t| format!("the rule {} ({})", t.id, t.whose()),
            );
            fault.help(format!(
                "{whose} admits {} to port {} of {} already, and EC2 takes no second one: remove that rule, or leave \
                 this entry out",
                want.definition.source,
                want.definition.ports_text(),
                want.key.group
            ))
        }
        _ => fault,
    }
}

/// Makes a rule, and returns it as EC2 tells it.
pub async fn create(ec2: &Client, want: &Desired) -> Result<Option<Rule>, Fault> {
    const OP: &str = "ec2:AuthorizeSecurityGroupIngress";
    let d = &want.definition;
    let description = want.first_description();
    let permission = IpPermission::builder()
        .ip_protocol(&d.protocol)
        .from_port(d.from_port)
        .to_port(d.to_port);
    let permission = match &d.source {
        Source::Cidr(net @ IpNet::V4(_)) => permission.ip_ranges(
            IpRange::builder()
                .cidr_ip(net.to_string())
                .description(description)
                .build(),
        ),
        Source::Cidr(net @ IpNet::V6(_)) => permission.ipv6_ranges(
            Ipv6Range::builder()
                .cidr_ipv6(net.to_string())
                .description(description)
                .build(),
        ),
        Source::Group(id) => permission.user_id_group_pairs(
            UserIdGroupPair::builder()
                .group_id(id)
                .description(description)
                .build(),
        ),
        Source::PrefixList(id) => {
            return Err(Fault::new(
                OP,
                Class::Bug,
                format!("no rule is made for the prefix list {id}"),
            ));
        }
    };
    let answer = ec2
        .authorize_security_group_ingress()
        .group_id(&want.key.group)
        .ip_permissions(permission.build())
        .tag_specifications(
            TagSpecification::builder()
                .resource_type(ResourceType::SecurityGroupRule)
                .set_tags(Some(sdk_tags(&want.all_tags())))
                .build(),
        )
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await;
    match answer {
        Ok(made) => Ok(made
            .security_group_rules
            .unwrap_or_default()
            .into_iter()
            .find_map(rule)),
        Err(e) => Err(explained(ec2, fault(OP, true, &[], &e), want).await),
    }
}

/// Changes a rule in place, and returns what it will be. All of it is sent, the description too, because what is
/// left out may be cleared (aws-facts §2.2).
pub async fn modify(ec2: &Client, want: &Desired, have: &Live) -> Result<Rule, Fault> {
    const OP: &str = "ec2:ModifySecurityGroupRules";
    let d = &want.definition;
    let description = want
        .description
        .clone()
        .unwrap_or_else(|| have.rule.description.clone());
    let request = SecurityGroupRuleRequest::builder()
        .ip_protocol(&d.protocol)
        .from_port(d.from_port)
        .to_port(d.to_port)
        .description(&description);
    let request = match &d.source {
        Source::Cidr(net @ IpNet::V4(_)) => request.cidr_ipv4(net.to_string()),
        Source::Cidr(net @ IpNet::V6(_)) => request.cidr_ipv6(net.to_string()),
        Source::Group(id) => request.referenced_group_id(id),
        Source::PrefixList(id) => request.prefix_list_id(id),
    };
    let answer = ec2
        .modify_security_group_rules()
        .group_id(&want.key.group)
        .security_group_rules(
            SecurityGroupRuleUpdate::builder()
                .security_group_rule_id(&have.rule.id)
                .security_group_rule(request.build())
                .build(),
        )
        .send()
        .await;
    match answer {
        Ok(_) => Ok(Rule {
            definition: d.clone(),
            description,
            ..have.rule.clone()
        }),
        Err(e) => Err(explained(ec2, fault(OP, true, &[], &e), want).await),
    }
}

/// Sets and removes the tags that differ.
pub async fn retag(ec2: &Client, rule: &Rule, want: &Desired, diff: &Diff) -> Result<(), Fault> {
    let tags = want.all_tags();
    let mut set = BTreeMap::new();
    let mut gone = Vec::new();
    for field in &diff.0 {
        let Some(key) = field.path.strip_prefix("tags.") else {
            continue;
        };
        match tags.get(key) {
            Some(value) => {
                set.insert(key.to_owned(), value.clone());
            }
            None if field.after == Shown::NOTHING => gone.push(Tag::builder().key(key).build()),
            None => {}
        }
    }
    if !set.is_empty() {
        ec2.create_tags()
            .resources(&rule.id)
            .set_tags(Some(sdk_tags(&set)))
            .send()
            .await
            .map_err(|e| fault("ec2:CreateTags", true, &[], &e))?;
    }
    if !gone.is_empty() {
        ec2.delete_tags()
            .resources(&rule.id)
            .set_tags(Some(gone))
            .send()
            .await
            .map_err(|e| fault("ec2:DeleteTags", true, &[], &e))?;
    }
    Ok(())
}

/// Removes rules by id; by their properties EC2 may remove nothing and say nothing (aws-facts §2.3).
pub async fn revoke(ec2: &Client, group: &str, ids: &[String]) -> Result<(), Fault> {
    const OP: &str = "ec2:RevokeSecurityGroupIngress";
    // one by one: of several, one that is gone already would keep the others
    for id in ids {
        let answer = ec2
            .revoke_security_group_ingress()
            .group_id(group)
            .security_group_rule_ids(id)
            .send()
            .await
            .map_err(|e| fault(OP, true, &[], &e));
        match answer {
            Err(f) if f.class != Class::NotFound => return Err(f),
            _ => {}
        }
    }
    Ok(())
}
