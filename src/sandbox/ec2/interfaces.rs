//! Network interfaces: those of functions, which linger after the function is gone, and those of databases.

use super::filters::{Filters, page, wanted_ids};
use super::state::{State, Tags, write_tags};
use super::{describe::zone_id, dry_run, new_id};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params, Reply};
use crate::sandbox::world::ACCOUNT;
use crate::sandbox::xml::Xml;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A network interface. It refers to its groups, which therefore cannot be deleted while it exists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// The subnet in which it lies.
    pub subnet_id: String,
    /// The security groups that it carries.
    pub groups: Vec<String>,
    /// Its private address.
    pub address: Ipv4Addr,
    /// When it disappears; until its owner lets go of it, never.
    #[serde(default)]
    pub gone_at: Option<Moment>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// Who made an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A Lambda function, by name.
    Function(String),
    /// A database instance, by identifier.
    Database(String),
}

impl Interface {
    fn exists(&self, now: Moment) -> bool {
        self.gone_at.is_none_or(|at| now < at)
    }

    fn description(&self) -> String {
        match &self.owner {
            Owner::Function(name) => {
                // Lambda appends a uuid; the interface's own digits make it as unique
                let digits = self.id.trim_start_matches("eni-");
                format!("AWS Lambda VPC ENI-{name}-{digits}")
            }
            Owner::Database(_) => "RDSNetworkInterface".to_owned(),
        }
    }

    fn kind(&self) -> &'static str {
        match self.owner {
            Owner::Function(_) => "lambda",
            Owner::Database(_) => "interface",
        }
    }

    fn requester(&self) -> String {
        match &self.owner {
            Owner::Function(name) => format!("AROASANDBOXLAMBDA:{name}"),
            Owner::Database(_) => "amazon-rds".to_owned(),
        }
    }

    fn mac(&self) -> String {
        let [a, b, c, d] = self.address.octets();
        format!("06:5b:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
    }

    fn dns(&self, region: &str) -> String {
        let host = self.address.to_string().replace('.', "-");
        match region {
            "us-east-1" => format!("ip-{host}.ec2.internal"),
            _ => format!("ip-{host}.{region}.compute.internal"),
        }
    }
}

impl State {
    /// Gives a function one interface in each of its subnets, carrying its groups. An interface with the same
    /// subnet and groups that still lingers is taken up again, as Lambda does. Nothing else is let go: where the
    /// network of a function changes, call [`release_function_interfaces`](Self::release_function_interfaces)
    /// before this.
    pub fn attach_function_interfaces(
        &mut self,
        serial: &mut u64,
        function: &str,
        subnets: &[String],
        groups: &[String],
        now: Moment,
    ) {
        let owner = Owner::Function(function.to_owned());
        self.attach(serial, &owner, subnets, groups, now);
    }

    /// Lets go of the interfaces of a function: they are there until `gone_at`, on AWS up to 20 minutes and more
    /// (`aws-facts §4.7`), and hold their groups until then.
    pub fn release_function_interfaces(&mut self, function: &str, gone_at: Moment) {
        self.release(&Owner::Function(function.to_owned()), gone_at);
    }

    /// Gives a database instance its interface, or moves it to other groups at once.
    pub fn attach_database_interface(
        &mut self,
        serial: &mut u64,
        identifier: &str,
        subnet: &str,
        groups: &[String],
        now: Moment,
    ) {
        let owner = Owner::Database(identifier.to_owned());
        let held = self
            .interfaces
            .iter_mut()
            .find(|i| i.owner == owner && i.gone_at.is_none());
        match held {
            Some(interface) => interface.groups = groups.to_vec(),
            None => self.attach(serial, &owner, &[subnet.to_owned()], groups, now),
        }
    }

    /// Lets go of the interface of a database instance, which is gone at `gone_at`.
    pub fn release_database_interface(&mut self, identifier: &str, gone_at: Moment) {
        self.release(&Owner::Database(identifier.to_owned()), gone_at);
    }

    /// Returns the interfaces that exist at a moment.
    pub fn interfaces_at(&self, now: Moment) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(move |i| i.exists(now))
    }

    fn attach(
        &mut self,
        serial: &mut u64,
        owner: &Owner,
        subnets: &[String],
        groups: &[String],
        now: Moment,
    ) {
        self.interfaces.retain(|i| i.exists(now));
        for subnet in subnets {
            let same = |i: &&mut Interface| {
                i.owner == *owner && i.subnet_id == *subnet && same_set(&i.groups, groups)
            };
            if let Some(interface) = self.interfaces.iter_mut().find(same) {
                interface.gone_at = None;
                continue;
            }
            let id = new_id(serial, "eni-");
            let Some(cidr) = self.subnet(subnet).map(|s| s.cidr) else {
                continue; // a subnet that vanished: its interface has no place
            };
            // AWS keeps the first four addresses and the last one of a subnet
            let host = 4 + (*serial % 4000) as u32;
            self.interfaces.push(Interface {
                id,
                owner: owner.clone(),
                subnet_id: subnet.clone(),
                groups: groups.to_vec(),
                address: Ipv4Addr::from(u32::from(cidr.network()) + host),
                gone_at: None,
                tags: Tags::new(),
            });
        }
    }

    fn release(&mut self, owner: &Owner, gone_at: Moment) {
        for interface in &mut self.interfaces {
            if interface.owner == *owner && interface.gone_at.is_none() {
                interface.gone_at = Some(gone_at);
            }
        }
    }
}

fn same_set(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|x| b.contains(x))
}

/// Answers `DescribeNetworkInterfaces`.
pub fn describe(state: &State, params: &Params, now: Moment) -> Result<Reply, ApiError> {
    let ids = wanted_ids(
        params,
        "NetworkInterfaceId",
        "InvalidNetworkInterfaceID.NotFound",
        "networkInterface ID",
        |id| state.interfaces_at(now).any(|i| i.id == id),
    )?;
    let filters = Filters::parse(
        params,
        &[
            "network-interface-id",
            "subnet-id",
            "vpc-id",
            "group-id",
            "group-name",
            "description",
            "interface-type",
            "status",
            "availability-zone",
            "owner-id",
            "requester-id",
            "requester-managed",
            "private-ip-address",
            "addresses.private-ip-address",
            "mac-address",
            "attachment.status",
            "attachment.instance-owner-id",
            "private-dns-name",
        ],
        true,
    )?;
    dry_run(params)?;
    let found = state
        .interfaces_at(now)
        .filter(|i| ids.as_ref().is_none_or(|ids| ids.contains(&i.id)))
        .filter(|i| filters.accept(&i.tags, |name| values(state, i, name)))
        .collect();
    let mut x = Xml::new();
    page(&mut x, params, "networkInterfaceSet", found, |x, i| {
        write(x, state, i)
    })?;
    Ok(Reply::Xml(x.done()))
}

fn values(state: &State, i: &Interface, name: &str) -> Vec<String> {
    let subnet = state.subnet(&i.subnet_id);
    match name {
        "network-interface-id" => vec![i.id.clone()],
        "subnet-id" => vec![i.subnet_id.clone()],
        "vpc-id" => subnet.map(|s| s.vpc_id.clone()).into_iter().collect(),
        "availability-zone" => subnet.map(|s| s.zone.clone()).into_iter().collect(),
        "group-id" => i.groups.clone(),
        "group-name" => i
            .groups
            .iter()
            .filter_map(|g| state.group(g).map(|g| g.name.clone()))
            .collect(),
        "description" => vec![i.description()],
        "interface-type" => vec![i.kind().to_owned()],
        "status" => vec!["in-use".to_owned()],
        "attachment.status" => vec!["attached".to_owned()],
        "attachment.instance-owner-id" => vec![instance_owner(i).to_owned()],
        "owner-id" => vec![ACCOUNT.to_owned()],
        "requester-id" => vec![i.requester()],
        "requester-managed" => vec!["true".to_owned()],
        "private-dns-name" => vec![i.dns(&state.region)],
        "mac-address" => vec![i.mac()],
        _ => vec![i.address.to_string()],
    }
}

fn instance_owner(i: &Interface) -> &'static str {
    match i.owner {
        Owner::Function(_) => "amazon-aws",
        Owner::Database(_) => "amazon-rds",
    }
}

fn write(x: &mut Xml, state: &State, i: &Interface) {
    let subnet = state.subnet(&i.subnet_id);
    x.el("networkInterfaceId", &i.id)
        .el("subnetId", &i.subnet_id)
        .opt("vpcId", subnet.map(|s| &s.vpc_id))
        .opt("availabilityZone", subnet.map(|s| &s.zone))
        .opt(
            "availabilityZoneId",
            subnet.map(|s| zone_id(state, &s.zone)),
        )
        .el("description", i.description())
        .el("ownerId", ACCOUNT)
        .el("requesterId", i.requester())
        .el("requesterManaged", true)
        .el("status", "in-use")
        .el("macAddress", i.mac())
        .el("privateIpAddress", i.address)
        .el("privateDnsName", i.dns(&state.region))
        .el("sourceDestCheck", true)
        .el("interfaceType", i.kind())
        .list("groupSet", "item", &i.groups, |x, id| {
            x.el("groupId", id)
                .opt("groupName", state.group(id).map(|g| &g.name));
        })
        .node("attachment", |x| {
            x.el("attachmentId", i.id.replace("eni-", "ela-attach-"))
                .el("instanceOwnerId", instance_owner(i))
                .el("deviceIndex", 1)
                .el("status", "attached")
                .el("deleteOnTermination", false);
        })
        .node("privateIpAddressesSet", |x| {
            x.node("item", |x| {
                x.el("privateIpAddress", i.address)
                    .el("privateDnsName", i.dns(&state.region))
                    .el("primary", true);
            });
        })
        .node("ipv6AddressesSet", |_| {});
    write_tags(x, &i.tags);
}
