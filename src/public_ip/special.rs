//! Addresses that no machine on the internet has.

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A block of addresses that is set aside for a purpose.
#[derive(Debug, PartialEq, Eq)]
pub struct Special {
    /// The block.
    pub net: Ipv4Net,
    /// What an address of it is, to follow "is": `an address of a private network`.
    pub what: &'static str,
    /// Where that is laid down.
    pub rfc: &'static str,
}

const fn block(first: [u8; 4], prefix: u8, what: &'static str, rfc: &'static str) -> Special {
    let [a, b, c, d] = first;
    Special {
        net: Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix),
        what,
        rfc,
    }
}

const PRIVATE: &str = "an address of a private network";
const EXAMPLE: &str = "an address for documentation, which nobody has";
const ANYCAST: &str = "an anycast address of a shared service, which no single machine has";

/// The blocks of the IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast. The registry counts a few
/// service addresses as globally reachable (`192.0.0.9`, AS112, AMT): packets go to them, but nobody's connection
/// comes from there, so they are in the table too. The first block that holds an address names it.
pub static SPECIAL: [Special; 20] = [
    block(
        [0, 0, 0, 0],
        8,
        "an address of \"this network\", which no host has",
        "RFC 791",
    ),
    block([10, 0, 0, 0], 8, PRIVATE, "RFC 1918"),
    block(
        [100, 64, 0, 0],
        10,
        "an address that a provider shares among its customers (CGNAT)",
        "RFC 6598",
    ),
    block(
        [127, 0, 0, 0],
        8,
        "a loopback address, this machine itself",
        "RFC 1122",
    ),
    block([169, 254, 0, 0], 16, "a link-local address", "RFC 3927"),
    block([172, 16, 0, 0], 12, PRIVATE, "RFC 1918"),
    block(
        [192, 0, 0, 0],
        24,
        "an address for protocol assignments",
        "RFC 6890",
    ),
    block([192, 0, 2, 0], 24, EXAMPLE, "RFC 5737"),
    block([192, 31, 196, 0], 24, ANYCAST, "RFC 7535"),
    block([192, 52, 193, 0], 24, ANYCAST, "RFC 7450"),
    block(
        [192, 88, 99, 0],
        24,
        "an address of the withdrawn 6to4 relays",
        "RFC 7526",
    ),
    block([192, 168, 0, 0], 16, PRIVATE, "RFC 1918"),
    block([192, 175, 48, 0], 24, ANYCAST, "RFC 7534"),
    block([198, 18, 0, 0], 15, "an address for benchmarks", "RFC 2544"),
    block([198, 51, 100, 0], 24, EXAMPLE, "RFC 5737"),
    block([203, 0, 113, 0], 24, EXAMPLE, "RFC 5737"),
    block([233, 252, 0, 0], 24, EXAMPLE, "RFC 6676"),
    block([224, 0, 0, 0], 4, "a multicast address", "RFC 5771"),
    block([255, 255, 255, 255], 32, "the broadcast address", "RFC 919"),
    block([240, 0, 0, 0], 4, "a reserved address", "RFC 1112"),
];

/// Returns the block that keeps an address from being public.
pub fn special(address: Ipv4Addr) -> Option<&'static Special> {
    SPECIAL.iter().find(|s| s.net.contains(&address))
}

/// Tells whether a machine on the internet can have this address.
pub fn is_public(address: Ipv4Addr) -> bool {
    special(address).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// For each run of special addresses: the public address before it, its first, its last, the public one after.
    const EDGES: [(Option<&str>, &str, &str, Option<&str>); 17] = [
        (None, "0.0.0.0", "0.255.255.255", Some("1.0.0.0")),
        (
            Some("9.255.255.255"),
            "10.0.0.0",
            "10.255.255.255",
            Some("11.0.0.0"),
        ),
        (
            Some("100.63.255.255"),
            "100.64.0.0",
            "100.127.255.255",
            Some("100.128.0.0"),
        ),
        (
            Some("126.255.255.255"),
            "127.0.0.0",
            "127.255.255.255",
            Some("128.0.0.0"),
        ),
        (
            Some("169.253.255.255"),
            "169.254.0.0",
            "169.254.255.255",
            Some("169.255.0.0"),
        ),
        (
            Some("172.15.255.255"),
            "172.16.0.0",
            "172.31.255.255",
            Some("172.32.0.0"),
        ),
        (
            Some("191.255.255.255"),
            "192.0.0.0",
            "192.0.0.255",
            Some("192.0.1.0"),
        ),
        (
            Some("192.0.1.255"),
            "192.0.2.0",
            "192.0.2.255",
            Some("192.0.3.0"),
        ),
        (
            Some("192.31.195.255"),
            "192.31.196.0",
            "192.31.196.255",
            Some("192.31.197.0"),
        ),
        (
            Some("192.52.192.255"),
            "192.52.193.0",
            "192.52.193.255",
            Some("192.52.194.0"),
        ),
        (
            Some("192.88.98.255"),
            "192.88.99.0",
            "192.88.99.255",
            Some("192.88.100.0"),
        ),
        (
            Some("192.167.255.255"),
            "192.168.0.0",
            "192.168.255.255",
            Some("192.169.0.0"),
        ),
        (
            Some("192.175.47.255"),
            "192.175.48.0",
            "192.175.48.255",
            Some("192.175.49.0"),
        ),
        (
            Some("198.17.255.255"),
            "198.18.0.0",
            "198.19.255.255",
            Some("198.20.0.0"),
        ),
        (
            Some("198.51.99.255"),
            "198.51.100.0",
            "198.51.100.255",
            Some("198.51.101.0"),
        ),
        (
            Some("203.0.112.255"),
            "203.0.113.0",
            "203.0.113.255",
            Some("203.0.114.0"),
        ),
        (
            Some("223.255.255.255"),
            "224.0.0.0",
            "255.255.255.255",
            None,
        ),
    ];

    fn at(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn the_edges_of_every_block_are_where_the_rfcs_put_them() {
        for (before, first, last, after) in EDGES {
            assert!(!is_public(at(first)), "{first}");
            assert!(!is_public(at(last)), "{last}");
            for outside in [before, after].into_iter().flatten() {
                assert!(is_public(at(outside)), "{outside}");
            }
        }
    }

    #[test]
    fn nothing_else_is_special() {
        let in_edges: u64 = EDGES
            .iter()
            .map(|(_, first, last, _)| {
                u64::from(u32::from(at(last))) - u64::from(u32::from(at(first))) + 1
            })
            .sum();
        // the documentation block of multicast and broadcast lie inside larger blocks
        let in_table: u64 = SPECIAL
            .iter()
            .filter(|s| s.net.prefix_len() != 32 && s.rfc != "RFC 6676")
            .map(|s| 1u64 << (32 - s.net.prefix_len()))
            .sum();
        assert_eq!(in_edges, in_table);
    }

    #[test]
    fn a_block_has_no_host_bits() {
        for s in &SPECIAL {
            assert_eq!(s.net, s.net.trunc());
        }
    }

    #[test]
    fn the_narrower_block_names_the_address() {
        assert_eq!(special(at("255.255.255.255")).unwrap().rfc, "RFC 919");
        assert_eq!(special(at("255.255.255.254")).unwrap().rfc, "RFC 1112");
        assert_eq!(special(at("233.252.0.1")).unwrap().rfc, "RFC 6676");
        assert_eq!(special(at("233.252.1.0")).unwrap().rfc, "RFC 5771");
        assert_eq!(special(at("239.255.255.255")).unwrap().rfc, "RFC 5771");
        assert_eq!(special(at("240.0.0.0")).unwrap().rfc, "RFC 1112");
    }

    proptest! {
        #[test]
        fn whatever_std_knows_to_be_special_is(bits: u32) {
            let a = Ipv4Addr::from(bits);
            let known = a.is_private() || a.is_loopback() || a.is_link_local() || a.is_broadcast()
                || a.is_documentation() || a.is_multicast() || a.is_unspecified();
            prop_assert!(!(known && is_public(a)), "{a}");
        }
    }
}
