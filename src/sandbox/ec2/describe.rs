//! Describes networks, subnets and zones.

use super::filters::{Filters, not_found, page, wanted_ids};
use super::state::{State, Subnet, write_tags};
use super::{bad, dry_run};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params, Reply};
use crate::sandbox::world::ACCOUNT;
use crate::sandbox::xml::Xml;

/// Addresses of a /20 less the five that AWS keeps.
const USABLE_ADDRESSES: usize = 4091;

/// Answers `DescribeVpcs`.
pub fn vpcs(state: &State, params: &Params) -> Result<Reply, ApiError> {
    let ids = wanted_ids(params, "VpcId", "InvalidVpcID.NotFound", "vpc ID", |id| {
        state.vpc(id).is_some()
    })?;
    let filters = Filters::parse(
        params,
        &[
            "vpc-id",
            "cidr",
            "cidr-block",
            "cidrBlock",
            "is-default",
            "isDefault",
            "owner-id",
            "state",
            "dhcp-options-id",
            "cidr-block-association.cidr-block",
        ],
        true,
    )?;
    dry_run(params)?;
    let found = state
        .vpcs
        .iter()
        .filter(|v| ids.as_ref().is_none_or(|ids| ids.contains(&v.id)))
        .filter(|v| {
            filters.accept(&v.tags, |name| {
                vec![match name {
                    "vpc-id" => v.id.clone(),
                    "is-default" | "isDefault" => v.is_default.to_string(),
                    "owner-id" => ACCOUNT.to_owned(),
                    "state" => "available".to_owned(),
                    "dhcp-options-id" => dhcp(&v.id),
                    _ => v.cidr.to_string(),
                }]
            })
        })
        .collect();
    let mut x = Xml::new();
    page(&mut x, params, "vpcSet", found, |x, v| {
        x.el("vpcId", &v.id)
            .el("ownerId", ACCOUNT)
            .el("state", "available")
            .el("cidrBlock", v.cidr)
            .node("cidrBlockAssociationSet", |x| {
                x.node("item", |x| {
                    x.el("cidrBlock", v.cidr)
                        .el("associationId", v.id.replace("vpc-", "vpc-cidr-assoc-"))
                        .node("cidrBlockState", |x| {
                            x.el("state", "associated");
                        });
                });
            })
            .el("dhcpOptionsId", dhcp(&v.id))
            .el("instanceTenancy", "default")
            .el("isDefault", v.is_default);
        write_tags(x, &v.tags);
    })?;
    Ok(Reply::Xml(x.done()))
}

fn dhcp(vpc: &str) -> String {
    vpc.replace("vpc-", "dopt-")
}

/// Answers `DescribeSubnets`.
pub fn subnets(state: &State, params: &Params, now: Moment) -> Result<Reply, ApiError> {
    let ids = wanted_ids(
        params,
        "SubnetId",
        "InvalidSubnetID.NotFound",
        "subnet ID",
        |id| state.subnet(id).is_some(),
    )?;
    let filters = Filters::parse(
        params,
        &[
            "vpc-id",
            "subnet-id",
            "availability-zone",
            "availabilityZone",
            "availability-zone-id",
            "availabilityZoneId",
            "cidr",
            "cidr-block",
            "cidrBlock",
            "default-for-az",
            "defaultForAz",
            "state",
            "owner-id",
            "available-ip-address-count",
            "subnet-arn",
            "map-public-ip-on-launch",
        ],
        true,
    )?;
    dry_run(params)?;
    let free = |s: &Subnet| {
        let taken = state.interfaces_at(now).filter(|i| i.subnet_id == s.id);
        USABLE_ADDRESSES.saturating_sub(taken.count())
    };
    let found = state
        .subnets
        .iter()
        .filter(|s| ids.as_ref().is_none_or(|ids| ids.contains(&s.id)))
        .filter(|s| {
            filters.accept(&s.tags, |name| {
                vec![match name {
                    "vpc-id" => s.vpc_id.clone(),
                    "subnet-id" => s.id.clone(),
                    "availability-zone" | "availabilityZone" => s.zone.clone(),
                    "availability-zone-id" | "availabilityZoneId" => zone_id(state, &s.zone),
                    "default-for-az" | "defaultForAz" => s.default_for_az.to_string(),
                    "map-public-ip-on-launch" => s.default_for_az.to_string(),
                    "state" => "available".to_owned(),
                    "owner-id" => ACCOUNT.to_owned(),
                    "available-ip-address-count" => free(s).to_string(),
                    "subnet-arn" => state.arn("subnet", &s.id),
                    _ => s.cidr.to_string(),
                }]
            })
        })
        .collect();
    let mut x = Xml::new();
    page(&mut x, params, "subnetSet", found, |x, s: &Subnet| {
        x.el("subnetId", &s.id)
            .el("subnetArn", state.arn("subnet", &s.id))
            .el("state", "available")
            .el("ownerId", ACCOUNT)
            .el("vpcId", &s.vpc_id)
            .el("cidrBlock", s.cidr)
            .node("ipv6CidrBlockAssociationSet", |_| {})
            .el("availableIpAddressCount", free(s))
            .el("availabilityZone", &s.zone)
            .el("availabilityZoneId", zone_id(state, &s.zone))
            .el("defaultForAz", s.default_for_az)
            .el("mapPublicIpOnLaunch", s.default_for_az)
            .el("mapCustomerOwnedIpOnLaunch", false)
            .el("assignIpv6AddressOnCreation", false)
            .el("enableDns64", false)
            .el("ipv6Native", false);
        write_tags(x, &s.tags);
    })?;
    Ok(Reply::Xml(x.done()))
}

/// Answers `DescribeAvailabilityZones`.
pub fn zones(state: &State, params: &Params) -> Result<Reply, ApiError> {
    let names = params.list("ZoneName");
    if let Some(missing) = names.iter().find(|n| !state.zones.contains(n)) {
        return Err(bad(
            "InvalidParameterValue",
            format!("Invalid availability zone: [{missing}]"),
        ));
    }
    let ids = params.list("ZoneId");
    if let Some(missing) = ids
        .iter()
        .find(|id| !state.zones.iter().any(|z| zone_id(state, z) == **id))
    {
        return Err(not_found(
            "InvalidParameterValue",
            "availability zone ID",
            missing,
        ));
    }
    let filters = Filters::parse(
        params,
        &[
            "zone-name",
            "zone-id",
            "zone-type",
            "region-name",
            "state",
            "group-name",
            "opt-in-status",
            "network-border-group",
        ],
        false,
    )?;
    dry_run(params)?;
    let found = state
        .zones
        .iter()
        .filter(|z| names.is_empty() || names.contains(z))
        .filter(|z| ids.is_empty() || ids.contains(&zone_id(state, z)))
        .filter(|z| {
            filters.accept(&Default::default(), |name| {
                vec![match name {
                    "zone-name" => (*z).clone(),
                    "zone-id" => zone_id(state, z),
                    "zone-type" => "availability-zone".to_owned(),
                    "state" => "available".to_owned(),
                    "opt-in-status" => "opt-in-not-required".to_owned(),
                    "group-name" => group_name(state),
                    _ => state.region.clone(),
                }]
            })
        });
    let mut x = Xml::new();
    x.list("availabilityZoneInfo", "item", found, |x, z| {
        x.el("optInStatus", "opt-in-not-required")
            .node("messageSet", |_| {})
            .el("regionName", &state.region)
            .el("zoneName", z)
            .el("zoneId", zone_id(state, z))
            .el("groupName", group_name(state))
            .el("networkBorderGroup", &state.region)
            .el("zoneType", "availability-zone")
            .el("zoneState", "available");
    });
    Ok(Reply::Xml(x.done()))
}

fn group_name(state: &State) -> String {
    format!("{}-zg-1", state.region)
}

/// Returns the id of a zone, `usw2-az1` for `us-west-2a`.
pub(super) fn zone_id(state: &State, zone: &str) -> String {
    let short: String = state
        .region
        .split('-')
        .enumerate()
        .map(|(i, part)| match (i, part) {
            (0, p) => p.to_owned(),
            (_, "northeast") => "ne".to_owned(),
            (_, "northwest") => "nw".to_owned(),
            (_, "southeast") => "se".to_owned(),
            (_, "southwest") => "sw".to_owned(),
            (_, p) => p.chars().take(1).collect(),
        })
        .collect();
    let number = state.zones.iter().position(|z| z == zone).unwrap_or(0) + 1;
    format!("{short}-az{number}")
}
