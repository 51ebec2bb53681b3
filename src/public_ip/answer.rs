//! What a source said, and whether it is to be believed.

use super::special::{Special, special};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest answer that is read, in bytes. An address with a line end has at most 17.
pub const MAX_BODY: usize = 64;

/// Why what a source said is not used. Each reads on from the source's name: `api.ipify.org answered …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// Not waited for any longer.
    #[error("did not answer in time")]
    Late,
    /// No connection, or one that broke.
    #[error("could not be asked ({0})")]
    Unreachable(String),
    /// Something other than 200.
    #[error("answered with the status {0}")]
    Status(String),
    /// It sends to somewhere that is not followed: another host, or plain http.
    #[error("redirects to {0}, which is not followed")]
    Redirect(String),
    /// Nothing but blanks.
    #[error("gave an empty answer")]
    Empty,
    /// More than [`MAX_BODY`] bytes.
    #[error("gave an answer of more than {MAX_BODY} bytes")]
    TooLong,
    /// A page for people; often a network's log-in page.
    #[error("answered with an HTML page")]
    Html,
    /// The wrong sort of address.
    #[error("told the IPv6 address {0}")]
    Ipv6(Ipv6Addr),
    /// An address that nobody on the internet has.
    #[error("told {address}, which is {} ({})", .special.what, .special.rfc)]
    NotPublic {
        /// What was told.
        address: Ipv4Addr,
        /// Why not.
        special: &'static Special,
    },
    /// Anything else; quoted, in part.
    #[error("answered {0}, which is no address")]
    NoAddress(String),
}

/// Reads the body of an answer: exactly one public IPv4 address, with nothing but blanks and line ends around it.
/// It never panics, whatever it is given; what lies behind [`MAX_BODY`] bytes need not be given.
///
/// # Errors
/// What it is instead.
pub fn read_answer(body: &[u8]) -> Result<Ipv4Addr, Unusable> {
    let trimmed = body.trim_ascii();
    if trimmed.first() == Some(&b'<') {
        return Err(Unusable::Html);
    }
    if body.len() > MAX_BODY {
        return Err(Unusable::TooLong);
    }
    if trimmed.is_empty() {
        return Err(Unusable::Empty);
    }
    let Ok(text) = std::str::from_utf8(trimmed) else {
        return Err(Unusable::NoAddress(quoted(&String::from_utf8_lossy(
            trimmed,
        ))));
    };
    // std's parser is strict: four decimal numbers, no leading zeros, no shorter forms
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return match special(address) {
            None => Ok(address),
            Some(special) => Err(Unusable::NotPublic { address, special }),
        };
    }
    Err(match text.parse::<Ipv6Addr>() {
        Ok(address) => Unusable::Ipv6(address),
        Err(_) => Unusable::NoAddress(quoted(text)),
    })
}

/// Quotes what a stranger wrote for a terminal: short, on one line, and without control characters.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{}`", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_read_with_its_line_end() {
        for body in ["8.8.4.4", "8.8.4.4\n", " 8.8.4.4\r\n\t"] {
            assert_eq!(read_answer(body.as_bytes()), Ok(Ipv4Addr::new(8, 8, 4, 4)));
        }
    }

    #[test]
    fn each_sort_of_rubbish_is_called_by_its_name() {
        let long = "8.8.4.4".to_owned() + &" ".repeat(MAX_BODY);
        let page = "<!DOCTYPE html><html>".to_owned() + &"x".repeat(500);
        for (body, told) in [
            ("", "gave an empty answer"),
            (" \r\n", "gave an empty answer"),
            ("<html>8.8.4.4</html>", "answered with an HTML page"),
            (&page, "answered with an HTML page"),
            (&long, "gave an answer of more than 64 bytes"),
            ("2001:db8::1\n", "told the IPv6 address 2001:db8::1"),
            (
                "192.168.1.7",
                "told 192.168.1.7, which is an address of a private network (RFC 1918)",
            ),
            ("8.8.4.4/32", "answered `8.8.4.4/32`, which is no address"),
            ("08.8.4.4", "answered `08.8.4.4`, which is no address"),
            ("8.8.4", "answered `8.8.4`, which is no address"),
            (
                "8.8.4.4 8.8.4.4",
                "answered `8.8.4.4 8.8.4.4`, which is no address",
            ),
            (
                "\u{1b}[31mred",
                "answered `\\u{1b}[31mred`, which is no address",
            ),
        ] {
            assert_eq!(read_answer(body.as_bytes()).unwrap_err().to_string(), told);
        }
        assert!(matches!(
            read_answer(b"\xff\xfe"),
            Err(Unusable::NoAddress(_))
        ));
    }

    #[test]
    fn the_longest_answer_is_read_and_one_byte_more_is_not() {
        let fits = format!("{:<MAX_BODY$}", "8.8.4.4");
        assert_eq!(fits.len(), MAX_BODY);
        assert!(read_answer(fits.as_bytes()).is_ok());
        assert_eq!(read_answer((fits + " ").as_bytes()), Err(Unusable::TooLong));
    }

    proptest! {
        #[test]
        fn only_an_address_is_an_address(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(a) = read_answer(&body) {
                let written = a.to_string();
                prop_assert_eq!(written.as_bytes(), body.trim_ascii());
            }
        }

        #[test]
        fn what_looks_like_one_is_one_only_if_it_is(text in "[ \n]{0,2}[0-9./:xa]{0,20}[ \n]{0,2}") {
            match read_answer(text.as_bytes()) {
                Ok(a) => prop_assert_eq!(a.to_string(), text.trim()),
                Err(Unusable::NotPublic { address, .. }) => prop_assert_eq!(address.to_string(), text.trim()),
                Err(_) => prop_assert!(text.trim().parse::<Ipv4Addr>().is_err()),
            }
        }

        #[test]
        fn every_public_address_is_read(bits: u32) {
            let a = Ipv4Addr::from(bits);
            prop_assert_eq!(read_answer(format!("{a}\n").as_bytes()).is_ok(), super::super::is_public(a));
        }
    }
}
