//! Whether a request comes from a program of this machine, or from a web page that somebody's browser shows.
//!
//! The sandbox checks no signatures, so whoever reaches it may do everything. It listens on loopback, where a browser
//! reaches it too: a page of another site can send a form there, and a site whose name is led to 127.0.0.1 (DNS
//! rebinding) can even read the answers. Such requests are told by their heads, which a page cannot choose.

use hyper::http::request::Parts;
use std::net::IpAddr;

/// Says why a request is not answered, where it is none of an AWS client's on this machine.
pub fn stranger(head: &Parts) -> Option<&'static str> {
    let mut hosts = head.headers.get_all("host").iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some("the request must have one Host header");
    };
    let local = host.to_str().is_ok_and(is_loopback)
        && head.uri.authority().is_none_or(|a| is_loopback(a.as_str()));
    if !local {
        return Some(
            "the sandbox answers to 127.0.0.1 and localhost alone, and not to a name that leads there",
        );
    }
    let own = |value: &hyper::header::HeaderValue| {
        value
            .to_str()
            .is_ok_and(|v| ["none", "same-origin"].contains(&v))
    };
    let from_a_page = head.headers.contains_key("origin")
        || head
            .headers
            .get_all("sec-fetch-site")
            .iter()
            .any(|v| !own(v));
    from_a_page.then_some("the sandbox does not answer to web pages")
}

/// Tells whether `host` or `host:port` is this machine, without asking anybody for the address of a name.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = match host.strip_prefix('[').map(|h| h.strip_suffix(']')) {
        Some(Some(inside)) => inside,
        Some(None) => return false,
        None => host,
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = hyper::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn programs_of_this_machine_are_answered() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:4566",
            "127.9.8.7:1",
            "localhost",
            "LocalHost:65535",
            "[::1]:4566",
            "[::1]",
        ] {
            assert_eq!(stranger(&head("/", &[("host", host)])), None, "{host}");
        }
        // typed into a browser's address line
        let typed = [("host", "localhost:1"), ("sec-fetch-site", "none")];
        assert_eq!(stranger(&head("/_sandbox/health", &typed)), None);
    }

    #[test]
    fn names_that_lead_here_and_pages_are_not() {
        for host in [
            "",
            "evil.example",
            "evil.example:4566",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "localhost.",
            "0.0.0.0:4566",
            "10.0.0.5",
            "[::]:4566",
            "[::1",
            "::1]",
            "user@127.0.0.1",
            "127.0.0.1 evil.example",
            "2130706433",
            "169.254.169.254",
        ] {
            assert!(stranger(&head("/", &[("host", host)])).is_some(), "{host}");
        }
        let local = ("host", "127.0.0.1:4566");
        assert!(stranger(&head("/", &[])).is_some());
        assert!(stranger(&head("/", &[local, local])).is_some());
        assert!(stranger(&head("http://evil.example/", &[local])).is_some());
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let asked = stranger(&head("/", &[local, (name, value)]));
            assert!(asked.is_some(), "{name}: {value}");
        }
    }
}
