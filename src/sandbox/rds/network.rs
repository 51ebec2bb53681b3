//! The subnet group `default`, which RDS makes of the default VPC (aws-facts §1.11). There are no others here.

use super::catalog::{Class, Version};
use super::life::SETTLING;
use super::model::{Group, Instance, Network};
use super::{bad_combination, bad_value, page};
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;

/// Returns the network of a new instance and the default group of its VPC.
pub fn of_new(world: &World, params: &Params) -> Result<(Network, String), ApiError> {
    if let Some(name) = params.get("DBSubnetGroupName") {
        known(name)?;
    }
    let found = world
        .ec2
        .default_network()
        .filter(|n| !n.subnets.is_empty());
    let found = found.ok_or_else(|| {
        ApiError::new(
            400,
            "InvalidSubnet",
            "No default subnet detected in VPC. Please contact AWS Support to recreate default Subnets.",
        )
    })?;
    let mut zones: Vec<&String> = found.subnets.iter().map(|(_, zone)| zone).collect();
    zones.sort();
    zones.dedup();
    if zones.len() < 2 {
        return Err(ApiError::new(
            400,
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            format!(
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ \
                 coverage: {}. Add subnets to cover at least 2 AZs.",
                zones[0]
            ),
        ));
    }
    let network = Network {
        vpc: found.vpc_id,
        subnets: found.subnets,
    };
    Ok((network, found.group_id))
}

/// Refuses a subnet group that does not exist.
pub fn known(name: &str) -> Result<(), ApiError> {
    if name == "default" {
        return Ok(());
    }
    Err(missing(name))
}

fn missing(name: &str) -> ApiError {
    ApiError::new(
        404,
        "DBSubnetGroupNotFoundFault",
        format!("DB subnet group '{name}' does not exist."),
    )
}

/// Writes the members of a `DBSubnetGroup`.
pub fn write(x: &mut Xml, network: &Network, region: &str) {
    x.el("DBSubnetGroupName", "default")
        .el("DBSubnetGroupDescription", "default")
        .el("VpcId", &network.vpc)
        .el("SubnetGroupStatus", "Complete")
        .list("Subnets", "Subnet", &network.subnets, |x, (id, zone)| {
            x.el("SubnetIdentifier", id)
                .node("SubnetAvailabilityZone", |x| {
                    x.el("Name", zone);
                })
                .node("SubnetOutpost", |_| {})
                .el("SubnetStatus", "Active");
        })
        .el(
            "DBSubnetGroupArn",
            format!("arn:aws:rds:{region}:{ACCOUNT}:subgrp:default"),
        )
        .list("SupportedNetworkTypes", "member", ["IPV4"], |x, t| {
            x.text(t);
        });
}

/// DescribeDBSubnetGroups.
pub fn describe(world: &World, params: &Params) -> Result<String, ApiError> {
    page::filters(params, &[])?;
    let found = world.ec2.default_network();
    if let Some(name) = params.get("DBSubnetGroupName") {
        known(name)?;
        if found.is_none() {
            return Err(missing(name));
        }
    }
    let groups: Vec<Network> = found
        .into_iter()
        .map(|n| Network {
            vpc: n.vpc_id,
            subnets: n.subnets,
        })
        .collect();
    let (groups, marker) = page::cut(groups, params, 100, |_| "default".to_owned())?;
    let mut x = Xml::new();
    x.list("DBSubnetGroups", "DBSubnetGroup", &groups, |x, network| {
        write(x, network, &world.region);
    })
    .opt("Marker", marker);
    Ok(x.done())
}

/// Chooses the zone, which must be one of the subnet group's and have the class.
pub fn zone(
    params: &Params,
    subnets: &[(String, String)],
    class: &Class,
    version: Version,
    multi_az: bool,
) -> Result<String, ApiError> {
    let mut zones: Vec<&String> = subnets.iter().map(|(_, zone)| zone).collect();
    zones.sort();
    zones.dedup();
    let asked = params.get("AvailabilityZone");
    if asked.is_some() && multi_az {
        return Err(bad_combination(
            "Requesting a specific availability zone is not valid for Multi-AZ instances.",
        ));
    }
    let at = match asked {
        None => 0,
        Some(asked) => zones.iter().position(|z| *z == asked).ok_or_else(|| {
            let zones: Vec<&str> = zones.iter().map(|z| z.as_str()).collect();
            ApiError::new(
                400,
                "InvalidVPCNetworkStateFault",
                format!(
                    "DB Subnet Group doesn't meet availability zone coverage requirement: {asked} is none of {}.",
                    zones.join(", ")
                ),
            )
        })?,
    };
    if at >= class.zones {
        return Err(bad_combination(format!(
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass={}, \
             Engine=postgres, EngineVersion={version}, LicenseModel=postgresql-license, AvailabilityZone={}. For \
             supported combinations of instance class and database engine version, see the documentation.",
            class.name, zones[at]
        )));
    }
    Ok(zones[at].clone())
}

/// Refuses what needs IPv6, which the default subnets lack.
pub fn network_type(params: &Params) -> Result<(), ApiError> {
    match params.get("NetworkType") {
        None | Some("IPV4") => Ok(()),
        Some("DUAL") => Err(ApiError::new(
            400,
            "NetworkTypeNotSupported",
            "The DUAL network type is not supported: the subnets of the DB subnet group have no IPv6 CIDR blocks.",
        )),
        Some(other) => Err(bad_value(format!("Invalid NetworkType: {other}"))),
    }
}

/// Reads the security groups of a call: they must exist, and belong to the instance's network.
pub fn groups(world: &World, params: &Params, vpc: &str) -> Result<Vec<String>, ApiError> {
    let ids = params.list("VpcSecurityGroupIds");
    for id in &ids {
        let group = world.ec2.group(id).ok_or_else(|| {
            bad_value(format!(
                "Invalid security group , groupId= {id}, groupName=."
            ))
        })?;
        if group.vpc_id != vpc {
            return Err(bad_combination(format!(
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc} and the \
                 EC2 security group is in {}",
                group.vpc_id
            )));
        }
    }
    Ok(ids)
}

/// Gives an instance its network interface in EC2, or moves it to the groups that it has now.
pub fn attach(world: &mut World, resource_id: &str, now: Moment) {
    let Some(instance) = (world.rds.instances.values()).find(|i| i.resource_id == resource_id)
    else {
        return;
    };
    let subnets = &instance.network.subnets;
    let Some((subnet, _)) = subnets.iter().find(|(_, zone)| *zone == instance.zone) else {
        return;
    };
    let groups: Vec<String> = (instance.groups.iter())
        .filter(|g| g.gone_at.is_none())
        .map(|g| g.id.clone())
        .collect();
    world
        .ec2
        .attach_database_interface(&mut world.serial, resource_id, subnet, &groups, now);
}

/// Exchanges the security groups: the new ones are `adding`, the old ones `removing` for a while.
pub fn exchange_groups(instance: &mut Instance, wanted: Vec<String>, timing: &Timing) {
    let done = timing.after(SETTLING);
    for group in &mut instance.groups {
        group.gone_at = match wanted.contains(&group.id) {
            true => None,
            false => group.gone_at.or(Some(done)),
        };
    }
    for id in wanted {
        if !instance.groups.iter().any(|g| g.id == id) {
            instance.groups.push(Group {
                id,
                active_at: done,
                gone_at: None,
            });
        }
    }
}
