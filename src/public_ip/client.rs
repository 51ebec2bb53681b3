//! Asking one source.

use super::answer::quoted;
use super::{IpError, MAX_BODY, Source, Unusable, read_answer};
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(2);
const TOTAL: Duration = Duration::from_secs(4);
const REDIRECTS: usize = 2;

/// Makes the client that asks these sources: over IPv4, within 2 s to connect and 4 s in all, never without TLS
/// (but to a source on this machine), and past any proxy: what connects to Postgres later does not go through
/// the proxy either, so the proxy's address is the wrong one.
///
/// # Errors
/// Where no TLS provider is installed in the process, or the machine has no root certificates.
pub fn client(sources: &[Source]) -> Result<Client, IpError> {
    // without one the builder panics
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(IpError::Client(
            "no TLS provider is installed in this process".to_owned(),
        ));
    }
    Client::builder()
        .user_agent(concat!("cruddur-infra/", env!("CARGO_PKG_VERSION")))
        // a socket bound to an IPv4 address is never connected to an IPv6 one: AAAA records are passed over
        .local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
        .https_only(sources.iter().all(Source::is_https))
        .redirect(Policy::custom(|attempt| {
            if may_follow(attempt.previous(), attempt.url()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }))
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .no_proxy()
        .build()
        .map_err(|e| IpError::Client(causes(&e)))
}

/// A redirect is followed within one host and with TLS only: sources that send elsewhere could end up as one voice,
/// or as a network's log-in page.
fn may_follow(previous: &[Url], next: &Url) -> bool {
    next.scheme() == "https"
        && previous.len() <= REDIRECTS
        && previous
            .iter()
            .all(|url| url.scheme() == "https" && url.host() == next.host())
}

/// Asks one source.
pub(super) async fn ask(client: &Client, source: &Source) -> Result<Ipv4Addr, Unusable> {
    let mut response = client
        .get(source.url().clone())
        .header(ACCEPT, "text/plain")
        .send()
        .await
        .map_err(failed)?;
    let status = response.status();
    if status.is_redirection() {
        let to = response
            .headers()
            .get(LOCATION)
            .map(|l| String::from_utf8_lossy(l.as_bytes()));
        return Err(Unusable::Redirect(quoted(to.as_deref().unwrap_or("?"))));
    }
    if status != StatusCode::OK {
        return Err(Unusable::Status(status.to_string()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        // one byte more than may be is enough to see that there is more
        body.extend(chunk.iter().take(MAX_BODY + 1 - body.len()));
        if body.len() > MAX_BODY {
            break;
        }
    }
    read_answer(&body)
}

fn failed(error: reqwest::Error) -> Unusable {
    if error.is_timeout() {
        Unusable::Late
    } else {
        Unusable::Unreachable(causes(&error.without_url()))
    }
}

/// An error with its causes: reqwest's own text leaves out why.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_followed_with_tls_and_within_one_host() {
        let url = |u: &str| Url::parse(u).unwrap();
        let follow = |previous: &[&str], next: &str| {
            may_follow(
                &previous.iter().map(|u| url(u)).collect::<Vec<_>>(),
                &url(next),
            )
        };
        let start = "https://ifconfig.me/ip";
        assert!(follow(&[start], "https://ifconfig.me/ip/"));
        assert!(follow(&[start, start], "https://ifconfig.me/text"));
        assert!(!follow(&[start, start, start], "https://ifconfig.me/text"));
        assert!(!follow(&[start], "http://ifconfig.me/ip"));
        assert!(!follow(&[start], "https://www.ifconfig.me/ip"));
        assert!(!follow(&[start], "http://127.0.0.1/ip"));
        assert!(!follow(&["http://127.0.0.1/"], "https://127.0.0.1/"));
        assert!(!follow(&[start], "ftp://ifconfig.me/ip"));
    }
}
