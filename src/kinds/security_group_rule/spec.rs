//! What is written in stack.yaml about a rule.

use crate::model::Period;
use crate::resource::Input;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An inbound rule of a security group. Only rules that carry this stack's tags are ever changed or removed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The id of the group that the rule is in.
    pub security_group: Input<String>,
    /// Who may come in: `current_ip` (this machine's public IPv4 address; each owner and workspace has a rule of its
    /// own), a CIDR (203.0.113.0/24), or the id of a security group.
    pub from: Input<String>,
    /// The port, where it is only one.
    pub port: Option<Input<u16>>,
    /// The first port of a range.
    pub from_port: Option<Input<u16>>,
    /// The last port of a range.
    pub to_port: Option<Input<u16>>,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
    /// What the rule is for: up to 255 of the characters that EC2 allows.
    pub description: Option<Input<String>>,
    /// For `current_ip`: how long the rule is good for unless it is renewed, which `refresh-ip` and `apply` do once
    /// half of it is over. Your own rules of other workspaces are removed by the next run when their time is up.
    pub expires_after: Option<Period>,
    /// Further tags. Tags of others are left alone.
    #[serde(default)]
    pub tags: BTreeMap<String, Input<String>>,
}

/// The protocol of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// ICMP, all types; no ports.
    Icmp,
    /// ICMP for IPv6, all types; no ports.
    Icmpv6,
    /// Everything; no ports.
    All,
}

impl Protocol {
    /// EC2's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
            Protocol::Icmpv6 => "icmpv6",
            Protocol::All => "-1",
        }
    }

    /// Tells whether it has ports.
    pub fn has_ports(self) -> bool {
        matches!(self, Protocol::Tcp | Protocol::Udp)
    }
}
