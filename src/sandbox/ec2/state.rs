//! What EC2 remembers, and what is there from the start.

use super::Interface;
use crate::sandbox::world::ACCOUNT;
use crate::sandbox::xml::Xml;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

/// Security groups, rules, VPCs, subnets and interfaces.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The region, for ARNs and zone names.
    pub region: String,
    /// Zones that can be used, `us-west-2a`, in order.
    pub zones: Vec<String>,
    /// Networks.
    pub vpcs: Vec<Vpc>,
    /// Their parts.
    pub subnets: Vec<Subnet>,
    /// Security groups.
    pub groups: Vec<Group>,
    /// Rules of all groups, in the order in which they were made.
    pub rules: Vec<Rule>,
    /// Interfaces, the ones that linger included.
    pub interfaces: Vec<Interface>,
    /// AWS-managed prefix lists, id to name.
    pub prefix_lists: BTreeMap<String, String>,
}

/// A network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// Its addresses.
    pub cidr: Ipv4Net,
    /// Whether it is the account's default.
    pub is_default: bool,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A part of a network in one zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    /// The network in which it lies.
    pub vpc_id: String,
    /// The zone in which it lies, `us-west-2a`.
    pub zone: String,
    /// Its addresses.
    pub cidr: Ipv4Net,
    /// Whether it is the default subnet of its zone.
    pub default_for_az: bool,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// `sg-…`
    pub id: String,
    /// Unique within its network.
    pub name: String,
    /// Cannot be changed.
    pub description: String,
    /// The network to which it belongs.
    pub vpc_id: String,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// One rule of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// `sgr-…`
    pub id: String,
    /// The group to which it belongs.
    pub group_id: String,
    /// Outbound, otherwise inbound.
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for everything.
    pub protocol: String,
    /// First port (ICMP: type), -1 for all.
    pub from: i64,
    /// Last port (ICMP: code), -1 for all.
    pub to: i64,
    /// The other side.
    pub source: Source,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// The other side of a rule. The kind cannot be changed once the rule exists (`aws-facts §2.2`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// IPv4 addresses.
    Ipv4(Ipv4Net),
    /// IPv6 addresses.
    Ipv6(Ipv6Net),
    /// A named list of addresses, `pl-…`.
    PrefixList(String),
    /// The members of a group, `sg-…`.
    Group(String),
}

impl Source {
    /// Returns the other side in the words of EC2's messages: a CIDR or an id.
    pub fn peer(&self) -> String {
        match self {
            Source::Ipv4(net) => net.to_string(),
            Source::Ipv6(net) => net.to_string(),
            Source::PrefixList(id) | Source::Group(id) => id.clone(),
        }
    }
}

impl Rule {
    /// Tells whether both open the same thing: description and tags do not count (`aws-facts §2.3`).
    pub fn same_as(&self, other: &Rule) -> bool {
        self.group_id == other.group_id
            && self.egress == other.egress
            && self.protocol == other.protocol
            && self.from == other.from
            && self.to == other.to
            && self.source == other.source
    }
}

/// The network that databases and functions use unless they are told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultNetwork {
    /// The default VPC.
    pub vpc_id: String,
    /// The default subnet of each zone: subnet id, zone name.
    pub subnets: Vec<(String, String)>,
    /// The default security group.
    pub group_id: String,
}

const VPC: &str = "vpc-0c8a5d4e7f1b2a390";
const GROUP: &str = "sg-0a7d9e3b5c1f48e26";

impl State {
    /// The part that is there from the start: a default VPC (172.31.0.0/16) with one /20 in each of three zones,
    /// and its default group, which lets its members talk to each other and to everyone (`aws-facts §2.5`).
    pub fn first(region: &str) -> Self {
        let zones: Vec<String> = ["a", "b", "c"]
            .iter()
            .map(|z| format!("{region}{z}"))
            .collect();
        let ids = [
            "subnet-0e1c6b9a4d2f7a851",
            "subnet-0b4f8d3c7e5a91b62",
            "subnet-0d7a2e5f9c8b36c73",
        ];
        let subnets = zones
            .iter()
            .zip(ids)
            .zip([0u8, 16, 32])
            .map(|((zone, id), third)| Subnet {
                id: id.to_owned(),
                vpc_id: VPC.to_owned(),
                zone: zone.clone(),
                cidr: net(Ipv4Addr::new(172, 31, third, 0), 20),
                default_for_az: true,
                tags: Tags::new(),
            })
            .collect();
        State {
            region: region.to_owned(),
            zones,
            vpcs: vec![Vpc {
                id: VPC.to_owned(),
                cidr: net(Ipv4Addr::new(172, 31, 0, 0), 16),
                is_default: true,
                tags: Tags::new(),
            }],
            subnets,
            groups: vec![Group {
                id: GROUP.to_owned(),
                name: "default".to_owned(),
                description: "default VPC security group".to_owned(),
                vpc_id: VPC.to_owned(),
                tags: Tags::new(),
            }],
            rules: vec![
                everything(
                    "sgr-0f2b6c8d4e1a97350",
                    false,
                    Source::Group(GROUP.to_owned()),
                ),
                everything("sgr-0c5d9e7f3a2b84161", true, Source::Ipv4(anywhere())),
            ],
            interfaces: Vec::new(),
            prefix_lists: BTreeMap::from([
                (
                    "pl-68a54001".to_owned(),
                    format!("com.amazonaws.{region}.s3"),
                ),
                (
                    "pl-00a54069".to_owned(),
                    format!("com.amazonaws.{region}.dynamodb"),
                ),
            ]),
        }
    }

    /// Returns the default VPC with its default subnets and its default group, where there is one.
    pub fn default_network(&self) -> Option<DefaultNetwork> {
        let vpc = self.vpcs.iter().find(|v| v.is_default)?;
        let group = self
            .groups
            .iter()
            .find(|g| g.vpc_id == vpc.id && g.name == "default")?;
        Some(DefaultNetwork {
            vpc_id: vpc.id.clone(),
            subnets: self
                .subnets
                .iter()
                .filter(|s| s.vpc_id == vpc.id && s.default_for_az)
                .map(|s| (s.id.clone(), s.zone.clone()))
                .collect(),
            group_id: group.id.clone(),
        })
    }

    /// Returns a security group by its id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.id == id)
    }

    /// Returns a subnet by its id.
    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|s| s.id == id)
    }

    /// Returns a network by its id.
    pub fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.iter().find(|v| v.id == id)
    }

    /// Returns the rules of a group in one direction, in the order in which they were made.
    pub fn rules_of(&self, group: &str, egress: bool) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |r| r.group_id == group && r.egress == egress)
    }

    pub(super) fn arn(&self, kind: &str, id: &str) -> String {
        format!("arn:aws:ec2:{}:{ACCOUNT}:{kind}/{id}", self.region)
    }
}

/// The rule that EC2 gives to every new group for outbound traffic, and (from itself) to the default one.
pub(super) fn everything(id: &str, egress: bool, source: Source) -> Rule {
    Rule {
        id: id.to_owned(),
        group_id: GROUP.to_owned(),
        egress,
        protocol: "-1".to_owned(),
        from: -1,
        to: -1,
        source,
        description: None,
        tags: Tags::new(),
    }
}

/// 0.0.0.0/0
pub(super) fn anywhere() -> Ipv4Net {
    net(Ipv4Addr::UNSPECIFIED, 0)
}

fn net(address: Ipv4Addr, bits: u8) -> Ipv4Net {
    // the callers' constants are all below 33, for which this cannot fall back
    Ipv4Net::new(address, bits).unwrap_or_default()
}

/// Writes `<tagSet>`.
pub(super) fn write_tags(x: &mut Xml, tags: &Tags) {
    x.list("tagSet", "item", tags, |x, (key, value)| {
        x.el("key", key).el("value", value);
    });
}
