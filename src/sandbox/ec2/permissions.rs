//! Reads what a caller wants to open or close: `IpPermissions`, or the flat parameters of old.

use super::bad;
use super::state::{Rule, Source, State, Tags};
use crate::sandbox::wire::{ApiError, Params};
use ipnet::{Ipv4Net, Ipv6Net};

const NO_SOURCE: &str =
    "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId";

/// Reads the rules that a call names, one for each source, still without an id.
///
/// # Errors
/// `MissingParameter` where nothing is named, `InvalidParameterValue` for a bad protocol, port, CIDR or
/// description, `InvalidGroup.NotFound` for a source group that does not exist, `InvalidParameterCombination`
/// where both forms are mixed.
pub fn read(
    state: &State,
    params: &Params,
    group: &str,
    egress: bool,
) -> Result<Vec<Rule>, ApiError> {
    let permissions = params.structs("IpPermissions");
    let flat = [
        "IpProtocol",
        "FromPort",
        "ToPort",
        "CidrIp",
        "SourceSecurityGroupName",
    ]
    .iter()
    .any(|n| params.get(n).is_some());
    match (permissions.is_empty(), flat) {
        (true, false) => Err(missing(
            "The request must contain the parameter ipPermissions",
        )),
        (false, true) => Err(bad(
            "InvalidParameterCombination",
            "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'",
        )),
        (true, true) if egress => Err(bad(
            "InvalidParameterValue",
            "The parameters ipProtocol, fromPort, toPort and cidrIp are not supported for egress rules. \
             Use ipPermissions instead",
        )),
        (true, true) => read_flat(state, params, group),
        (false, false) => {
            let mut rules = Vec::new();
            for permission in &permissions {
                read_permission(state, permission, group, egress, &mut rules)?;
            }
            Ok(rules)
        }
    }
}

fn read_permission(
    state: &State,
    p: &Params,
    group: &str,
    egress: bool,
    rules: &mut Vec<Rule>,
) -> Result<(), ApiError> {
    let traffic = Traffic::read(
        p,
        "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    )?;
    let before = rules.len();
    let mut add = |source: Source, description: Option<&str>| -> Result<(), ApiError> {
        rules.push(Rule {
            id: String::new(),
            group_id: group.to_owned(),
            egress,
            protocol: traffic.protocol.clone(),
            from: traffic.from,
            to: traffic.to,
            source,
            description: read_description(description)?,
            tags: Tags::new(),
        });
        Ok(())
    };
    for range in p.structs("IpRanges") {
        let cidr = range.get("CidrIp").ok_or_else(|| missing(NO_SOURCE))?;
        add(Source::Ipv4(ipv4(cidr)?), range.get("Description"))?;
    }
    for range in p.structs("Ipv6Ranges") {
        let cidr = range.get("CidrIpv6").ok_or_else(|| missing(NO_SOURCE))?;
        add(Source::Ipv6(ipv6(cidr)?), range.get("Description"))?;
    }
    for list in p.structs("PrefixListIds") {
        let id = list.get("PrefixListId").ok_or_else(|| missing(NO_SOURCE))?;
        add(prefix_list(state, id)?, list.get("Description"))?;
    }
    for pair in p.structs("Groups") {
        let source = match (pair.get("GroupId"), pair.get("GroupName")) {
            (Some(id), _) => source_group(state, group, id)?,
            (None, Some(name)) => Source::Group(by_name(state, name)?),
            (None, None) => return Err(missing("Source group ID missing.")),
        };
        add(source, pair.get("Description"))?;
    }
    if rules.len() == before {
        return Err(missing(NO_SOURCE));
    }
    Ok(())
}

fn read_flat(state: &State, p: &Params, group: &str) -> Result<Vec<Rule>, ApiError> {
    let rule = |traffic: Traffic, source: Source| Rule {
        id: String::new(),
        group_id: group.to_owned(),
        egress: false,
        protocol: traffic.protocol,
        from: traffic.from,
        to: traffic.to,
        source,
        description: None,
        tags: Tags::new(),
    };
    let ports = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
    match (p.get("CidrIp"), p.get("SourceSecurityGroupName")) {
        (Some(_), Some(_)) => Err(bad(
            "InvalidParameterCombination",
            "The parameter 'cidrIp' may not be used in combination with 'sourceSecurityGroupName'",
        )),
        (Some(cidr), None) => {
            let traffic = Traffic::read(p, ports)?;
            Ok(vec![rule(traffic, Source::Ipv4(ipv4(cidr)?))])
        }
        (None, Some(name)) => {
            let source = Source::Group(by_name(state, name)?);
            if p.get("IpProtocol").is_some() {
                return Ok(vec![rule(Traffic::read(p, ports)?, source)]);
            }
            // without a protocol, a source group is given all of TCP, UDP and ICMP
            Ok([("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1)]
                .into_iter()
                .map(|(protocol, from, to)| {
                    let protocol = protocol.to_owned();
                    rule(Traffic { protocol, from, to }, source.clone())
                })
                .collect())
        }
        (None, None) => Err(missing(NO_SOURCE)),
    }
}

/// Reads the one rule that `ModifySecurityGroupRules` puts in the place of another.
///
/// # Errors
/// Those of `aws-facts §2.2`.
pub fn read_replacement(state: &State, p: &Params, old: &Rule) -> Result<Rule, ApiError> {
    let traffic = Traffic::read(
        p,
        "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
    )?;
    let sources = ["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId"];
    let given: Vec<(&str, &str)> = sources
        .into_iter()
        .filter_map(|n| p.get(n).map(|v| (n, v)))
        .collect();
    let (kind, value) = match given.as_slice() {
        [] => return Err(missing(NO_SOURCE)),
        [one] => *one,
        _ => {
            return Err(bad(
                "InvalidParameterCombination",
                "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
            ));
        }
    };
    let (had, was) = match &old.source {
        Source::Ipv4(_) => ("CidrIpv4", "IPv4 CIDR"),
        Source::Ipv6(_) => ("CidrIpv6", "IPv6 CIDR"),
        Source::PrefixList(_) => ("PrefixListId", "prefix list"),
        Source::Group(_) => ("ReferencedGroupId", "referenced group id"),
    };
    if kind != had {
        let asked = match kind {
            "PrefixListId" => "a prefix list",
            "ReferencedGroupId" => "a referenced group id",
            cidr => cidr,
        };
        return Err(bad(
            "InvalidParameterValue",
            format!(
                "Invalid rule type for security group rule '{}'. You may not specify {asked} for an existing {was} rule.",
                old.id
            ),
        ));
    }
    let source = match kind {
        "CidrIpv4" => Source::Ipv4(ipv4(value)?),
        "CidrIpv6" => Source::Ipv6(ipv6(value)?),
        "PrefixListId" => prefix_list(state, value)?,
        _ => source_group(state, &old.group_id, value)?,
    };
    Ok(Rule {
        protocol: traffic.protocol,
        from: traffic.from,
        to: traffic.to,
        source,
        description: read_description(p.get("Description"))?,
        ..old.clone()
    })
}

struct Traffic {
    protocol: String,
    from: i64,
    to: i64,
}

impl Traffic {
    fn read(p: &Params, ports_missing: &str) -> Result<Self, ApiError> {
        let protocol = match p.get("IpProtocol") {
            None | Some("") => {
                return Err(bad(
                    "InvalidParameterValue",
                    "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
                ));
            }
            Some(text) => protocol(text)?,
        };
        let (from, to) = (p.number("FromPort")?, p.number("ToPort")?);
        let (from, to) = match protocol.as_str() {
            "tcp" | "udp" => {
                let (Some(from), Some(to)) = (from, to) else {
                    return Err(bad("InvalidParameterValue", ports_missing));
                };
                for port in [from, to] {
                    if !(0..=65535).contains(&port) {
                        return Err(bad(
                            "InvalidParameterValue",
                            format!("TCP/UDP port ({port}) out of range"),
                        ));
                    }
                }
                if from > to {
                    return Err(bad(
                        "InvalidParameterValue",
                        format!("Invalid TCP/UDP port range ({from}:{to})"),
                    ));
                }
                (from, to)
            }
            "icmp" | "icmpv6" => (from.unwrap_or(-1), to.unwrap_or(-1)),
            // every other protocol has no ports: what was sent is forgotten
            _ => (-1, -1),
        };
        Ok(Traffic { protocol, from, to })
    }
}

fn protocol(text: &str) -> Result<String, ApiError> {
    let lower = text.to_ascii_lowercase();
    Ok(match lower.as_str() {
        "tcp" | "6" => "tcp".to_owned(),
        "udp" | "17" => "udp".to_owned(),
        "icmp" | "1" => "icmp".to_owned(),
        "icmpv6" | "58" => "icmpv6".to_owned(),
        "-1" | "all" => "-1".to_owned(),
        other => match other.parse::<u8>() {
            Ok(number) => number.to_string(),
            Err(_) => {
                return Err(bad(
                    "InvalidParameterValue",
                    format!("Invalid value '{text}' for IP protocol. Unknown protocol."),
                ));
            }
        },
    })
}

fn ipv4(text: &str) -> Result<Ipv4Net, ApiError> {
    let net: Result<Ipv4Net, _> = text.parse();
    net.map(|n| n.trunc()).map_err(|_| malformed(text))
}

fn ipv6(text: &str) -> Result<Ipv6Net, ApiError> {
    let net: Result<Ipv6Net, _> = text.parse();
    net.map(|n| n.trunc()).map_err(|_| malformed(text))
}

fn malformed(cidr: &str) -> ApiError {
    bad(
        "InvalidParameterValue",
        format!("CIDR block {cidr} is malformed"),
    )
}

fn prefix_list(state: &State, id: &str) -> Result<Source, ApiError> {
    if !state.prefix_lists.contains_key(id) {
        return Err(bad(
            "InvalidPrefixListID.NotFound",
            format!("The prefix list ID '{id}' does not exist"),
        ));
    }
    Ok(Source::PrefixList(id.to_owned()))
}

fn source_group(state: &State, group: &str, id: &str) -> Result<Source, ApiError> {
    let other = state.group(id).ok_or_else(|| no_group(id))?;
    if state.group(group).is_some_and(|g| g.vpc_id != other.vpc_id) {
        return Err(bad(
            "InvalidGroup.NotFound",
            "You have specified two resources that belong to different networks.",
        ));
    }
    Ok(Source::Group(id.to_owned()))
}

fn by_name(state: &State, name: &str) -> Result<String, ApiError> {
    let network = state.default_network();
    state
        .groups
        .iter()
        .find(|g| g.name == name && network.as_ref().is_some_and(|n| n.vpc_id == g.vpc_id))
        .map(|g| g.id.clone())
        .ok_or_else(|| no_group(name))
}

/// Returns the id of the group that a call is about, by `GroupId`, or by `GroupName` in the default VPC.
///
/// # Errors
/// `InvalidGroup.NotFound`, `InvalidGroupId.Malformed`, `MissingParameter`.
pub fn target(state: &State, params: &Params) -> Result<String, ApiError> {
    match (params.get("GroupId"), params.get("GroupName")) {
        (Some(id), _) if !id.starts_with("sg-") => Err(bad(
            "InvalidGroupId.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"sg-...\")"),
        )),
        (Some(id), _) if state.group(id).is_some() => Ok(id.to_owned()),
        (Some(id), _) => Err(no_group(id)),
        (None, Some(name)) => by_name(state, name),
        (None, None) => Err(missing(
            "The request must contain the parameter groupName or groupId",
        )),
    }
}

/// EC2's answer for a group that does not exist.
pub fn no_group(id: &str) -> ApiError {
    bad(
        "InvalidGroup.NotFound",
        format!("The security group '{id}' does not exist"),
    )
}

fn missing(message: &str) -> ApiError {
    bad("MissingParameter", message)
}

fn read_description(text: Option<&str>) -> Result<Option<String>, ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    match text {
        None | Some("") => Ok(None),
        Some(text) if text.len() <= 255 && text.chars().all(allowed) => Ok(Some(text.to_owned())),
        Some(_) => Err(bad(
            "InvalidParameterValue",
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following \
             set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )),
    }
}
