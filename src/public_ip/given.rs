//! The address that a person gives.

use super::IpError;
use super::answer::quoted;
use super::special::special;
use ipnet::Ipv4Net;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4};

const ASK: &str = "write what `curl -4 https://checkip.amazonaws.com` prints";

/// Reads the value of `--ip ADDRESS`: exactly one public IPv4 address; blanks around it do no harm.
///
/// # Errors
/// What it is instead, and what to write.
pub fn parse_given(text: &str) -> Result<Ipv4Addr, IpError> {
    let text = text.trim_ascii();
    let (what, help) = match text.parse::<Ipv4Addr>() {
        Ok(address) => match special(address) {
            None => return Ok(address),
            Some(s) => (
                format!("{address} is {} ({})", s.what, s.rfc),
                format!("{ASK}, the address that the internet sees this machine by"),
            ),
        },
        Err(_) => explain(text),
    };
    Err(IpError::Given { what, help })
}

/// Says what a text that is no IPv4 address is, and what to write instead.
fn explain(text: &str) -> (String, String) {
    let shown = quoted(text);
    if text.is_empty() {
        return ("the address is empty".to_owned(), ASK.to_owned());
    }
    if let Ok(net) = text.parse::<Ipv4Net>() {
        return if net.prefix_len() == 32 {
            (
                format!("{shown} is an address with a prefix length"),
                format!("write the address alone: {}", net.addr()),
            )
        } else {
            (
                format!("{shown} is a network, and this machine has one address"),
                format!(
                    "{ASK}; to admit a network, write `from: {}` at the rule in stack.yaml",
                    net.trunc()
                ),
            )
        };
    }
    let bare = text.split_once('/').map_or(text, |(a, _)| a);
    let unbracketed = bare.trim_start_matches('[').trim_end_matches(']');
    if let Ok(v6) = unbracketed.parse::<Ipv6Addr>() {
        let what = format!("{shown} is IPv6, and RDS is reached from outside over IPv4 alone");
        return match v6.to_ipv4_mapped() {
            Some(v4) => (what, format!("write {v4}")),
            None => (what, ASK.to_owned()),
        };
    }
    if let Ok(socket) = text.parse::<SocketAddrV4>() {
        return (
            format!("{shown} is an address with a port"),
            format!(
                "write the address alone: {}; the port is in stack.yaml",
                socket.ip()
            ),
        );
    }
    if text.contains("://") {
        return (format!("{shown} is a URL, not an address"), ASK.to_owned());
    }
    if text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return explain_numbers(text, &shown);
    }
    if is_host_name(text) {
        return (
            format!("{shown} is a name, and a rule holds an address"),
            format!(
                "write the address that `getent ahostsv4 {text}` prints if it is this machine's, else {ASK}"
            ),
        );
    }
    (format!("{shown} is no IPv4 address"), ASK.to_owned())
}

fn explain_numbers(text: &str, shown: &str) -> (String, String) {
    let parts: Vec<&str> = text.split('.').collect();
    let numbers: Option<Vec<u8>> = parts.iter().map(|p| p.parse().ok()).collect();
    match (parts.len(), numbers.as_deref()) {
        // some programs read 010 as 8
        (4, Some(&[a, b, c, d])) => (
            format!("{shown} has a number with a leading zero, which programs read in two ways"),
            format!(
                "write {} if that is what is meant",
                Ipv4Addr::new(a, b, c, d)
            ),
        ),
        (4, None) if parts.iter().all(|p| !p.is_empty()) => {
            (format!("{shown} has a number above 255"), ASK.to_owned())
        }
        _ => (
            format!("{shown} is not four numbers with dots between them"),
            ASK.to_owned(),
        ),
    }
}

/// Letters, digits, hyphens and dots: the text is put into a command line that is shown, and nothing else goes there.
fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_taken() {
        for text in ["8.8.4.4", " 8.8.4.4\n"] {
            assert_eq!(parse_given(text), Ok(Ipv4Addr::new(8, 8, 4, 4)));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, what, help) in [
            ("", "the address is empty", "checkip"),
            (
                "8.8.4.4/32",
                "`8.8.4.4/32` is an address with a prefix length",
                "alone: 8.8.4.4",
            ),
            (
                "8.8.4.4/24",
                "`8.8.4.4/24` is a network, and this machine has one address",
                "`from: 8.8.4.0/24`",
            ),
            (
                "10.0.0.0/8",
                "`10.0.0.0/8` is a network",
                "`from: 10.0.0.0/8`",
            ),
            (
                "2a00::1",
                "`2a00::1` is IPv6, and RDS is reached from outside over IPv4 alone",
                "curl -4",
            ),
            ("2a00::1/128", "`2a00::1/128` is IPv6", "curl -4"),
            ("[2a00::1]", "`[2a00::1]` is IPv6", "curl -4"),
            (
                "::ffff:8.8.4.4",
                "`::ffff:8.8.4.4` is IPv6",
                "write 8.8.4.4",
            ),
            (
                "8.8.4.4:5432",
                "`8.8.4.4:5432` is an address with a port",
                "alone: 8.8.4.4",
            ),
            (
                "https://8.8.4.4",
                "`https://8.8.4.4` is a URL, not an address",
                "curl -4",
            ),
            (
                "08.8.4.4",
                "`08.8.4.4` has a number with a leading zero",
                "write 8.8.4.4 if",
            ),
            ("8.8.4.400", "`8.8.4.400` has a number above 255", "curl -4"),
            ("8.8.4", "`8.8.4` is not four numbers", "curl -4"),
            ("8.8.4.", "`8.8.4.` is not four numbers", "curl -4"),
            ("8.8.4.4.4", "`8.8.4.4.4` is not four numbers", "curl -4"),
            (
                "home.example.org",
                "`home.example.org` is a name",
                "getent ahostsv4 home.example.org",
            ),
            ("my home", "`my home` is no IPv4 address", "curl -4"),
            ("\u{1b}[2J", "`\\u{1b}[2J` is no IPv4 address", "curl -4"),
            (
                "192.168.0.4",
                "192.168.0.4 is an address of a private network (RFC 1918)",
                "the internet sees",
            ),
            (
                "100.100.1.1",
                "100.100.1.1 is an address that a provider shares",
                "the internet sees",
            ),
            (
                "127.0.0.1",
                "127.0.0.1 is a loopback address",
                "the internet sees",
            ),
        ] {
            let error = parse_given(text).unwrap_err();
            assert!(error.to_string().contains(what), "{text}: {error}");
            assert!(error.help().contains(help), "{text}: {}", error.help());
        }
    }

    proptest! {
        #[test]
        fn it_never_panics_and_takes_addresses_alone(text in "\\PC{0,60}|[0-9a-fx.:/\\[\\] \n]{0,40}") {
            if let Ok(a) = parse_given(&text) {
                prop_assert_eq!(a.to_string(), text.trim());
                prop_assert!(super::super::is_public(a));
            }
        }

        #[test]
        fn an_address_with_anything_added_is_refused(bits: u32, before in "[0-9a-z.:/-]{0,3}", after in "[0-9a-z.:/-]{1,3}") {
            let text = format!("{before}{}{after}", Ipv4Addr::from(bits));
            match text.parse::<Ipv4Addr>() {
                Ok(_) => {}
                Err(_) => prop_assert!(parse_given(&text).is_err()),
            }
        }
    }
}
