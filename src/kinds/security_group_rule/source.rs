//! Who may come in.

use ipnet::{IpNet, Ipv4Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// What stack.yaml writes for this machine's address.
pub const CURRENT_IP: &str = "current_ip";

/// Who may come in. EC2 never changes one sort into another in place (aws-facts §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Addresses, as EC2 keeps them: without host bits.
    Cidr(IpNet),
    /// The members of a security group.
    Group(String),
    /// A prefix list; only found, never made.
    PrefixList(String),
}

/// Why a text is no source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSource {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Source {
    /// Reads a CIDR or the id of a security group.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, NoSource> {
        if text.starts_with("sg-") {
            return Ok(Source::Group(text.to_owned()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Err(NoSource {
                what: format!("`{text}` is an address without a prefix length"),
                help: format!("write {}", IpNet::from(address)),
            });
        }
        let Ok(net) = text.parse::<IpNet>() else {
            return Err(NoSource {
                what: format!(
                    "`{text}` is neither `current_ip`, nor a CIDR, nor the id of a security group"
                ),
                help: "write current_ip, 203.0.113.0/24 or sg-0123456789abcdef0".to_owned(),
            });
        };
        // `67.221.169.243/0` opens the world, and its writer did not mean to
        if net.trunc() != net {
            return Err(NoSource {
                what: format!("`{text}` names a host and a network at once"),
                help: format!(
                    "write {} for the host, or {} for the network",
                    IpNet::from(net.addr()),
                    net.trunc()
                ),
            });
        }
        Ok(Source::Cidr(net))
    }

    /// Reads what EC2 tells, whatever it is.
    pub fn told(text: &str) -> Option<Self> {
        text.parse::<IpNet>()
            .ok()
            .map(|net| Source::Cidr(net.trunc()))
    }

    /// This machine alone.
    ///
    /// # Errors
    /// The sentence that says why an address cannot be a public one.
    pub fn machine(address: Ipv4Addr) -> Result<Self, String> {
        match not_public(address) {
            Some(what) => Err(format!(
                "{address} is {what}, which is never seen from the internet: give the public address with --ip"
            )),
            None => Ok(Source::Cidr(IpNet::V4(Ipv4Net::from(address)))),
        }
    }

    /// Tells whether both are of the same sort, so that one can become the other in place.
    pub fn same_sort(&self, other: &Source) -> bool {
        matches!(
            (self, other),
            (Source::Cidr(IpNet::V4(_)), Source::Cidr(IpNet::V4(_)))
                | (Source::Cidr(IpNet::V6(_)), Source::Cidr(IpNet::V6(_)))
                | (Source::Group(_), Source::Group(_))
        )
    }

    /// Tells whether it is everyone.
    pub fn is_everyone(&self) -> bool {
        matches!(self, Source::Cidr(net) if net.prefix_len() == 0)
    }

    /// Tells whether it is of IPv6.
    pub fn is_v6(&self) -> bool {
        matches!(self, Source::Cidr(IpNet::V6(_)))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Cidr(net) => write!(f, "{net}"),
            Source::Group(id) | Source::PrefixList(id) => f.write_str(id),
        }
    }
}

/// Says what an address is that no one on the internet has (aws-facts §2.4).
fn not_public(a: Ipv4Addr) -> Option<&'static str> {
    let [first, second, ..] = a.octets();
    if a.is_private() {
        Some("a private address")
    } else if a.is_loopback() {
        Some("this machine's own loopback address")
    } else if a.is_link_local() {
        Some("a link-local address")
    } else if first == 100 && (64..128).contains(&second) {
        Some("an address that a provider shares among its customers")
    } else if first == 0 || first >= 224 {
        Some("no address of a host")
    } else {
        None
    }
}
