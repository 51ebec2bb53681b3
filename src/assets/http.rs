//! GET, with what a download of code to run needs: https, limits, and no surprise on the way.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use super::error::AssetError;

/// Requests are repeated at once, for dropped connections; whoever is down stays down for longer.
const ATTEMPTS: u32 = 3;

/// A client for one index.
#[derive(Debug)]
pub(super) struct Http {
    /// The index is on this machine and speaks plain http.
    local: bool,
    /// Made when first needed: with a full cache no TLS provider is asked for.
    client: OnceLock<Client>,
}

impl Http {
    pub(super) fn new(local: bool) -> Self {
        Self {
            local,
            client: OnceLock::new(),
        }
    }

    /// Reads an address that an index gave. Only an index on this machine may name a file on this
    /// machine without https.
    pub(super) fn trusted_url(&self, url: &str) -> Result<Url, AssetError> {
        let parsed = Url::parse(url).map_err(|error| AssetError::Http {
            url: url.to_owned(),
            why: error.to_string(),
        })?;
        if !trusted(&parsed) || (parsed.scheme() == "http" && !self.local) {
            return Err(AssetError::Http {
                url: url.to_owned(),
                why: "the index names an address without https; it is not used".into(),
            });
        }
        Ok(parsed)
    }

    fn client(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let redirects = Policy::custom(|attempt| {
            if attempt.previous().len() > 5 {
                attempt.error("too many redirects")
            } else if trusted(attempt.url())
                && (attempt.url().scheme() == "https"
                    || attempt.previous().iter().all(|url| url.scheme() == "http"))
            {
                attempt.follow()
            } else {
                attempt.error("a redirect to an address without https")
            }
        });
        let mut builder = Client::builder()
            .user_agent(concat!("cruddur-infra/", env!("CARGO_PKG_VERSION")))
            .redirect(redirects)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30));
        if self.local {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Failure::Final(format!("no HTTP client: {}", chain(&error))))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The body of the answer, at most `limit` bytes of it, of the type `accept` if one is asked
    /// for.
    pub(super) async fn get(
        &self,
        url: &Url,
        accept: Option<&str>,
        limit: u64,
    ) -> Result<Vec<u8>, AssetError> {
        let mut attempt = 1;
        loop {
            match self.get_once(url, accept, limit).await {
                Err(Failure::Passing(_)) if attempt < ATTEMPTS => attempt += 1,
                Ok(bytes) => return Ok(bytes),
                Err(Failure::Passing(why) | Failure::Final(why)) => {
                    return Err(AssetError::Http {
                        url: url.to_string(),
                        why,
                    });
                }
            }
        }
    }

    async fn get_once(
        &self,
        url: &Url,
        accept: Option<&str>,
        limit: u64,
    ) -> Result<Vec<u8>, Failure> {
        let mut request = self.client()?.get(url.clone());
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        let passing = |error: reqwest::Error| {
            let why = chain(&error);
            if error.is_redirect() {
                Failure::Final(why)
            } else {
                Failure::Passing(why)
            }
        };
        let mut response = request.send().await.map_err(passing)?;
        let status = response.status();
        if status.is_server_error() {
            return Err(Failure::Passing(status.to_string()));
        }
        if !status.is_success() {
            return Err(Failure::Final(status.to_string()));
        }
        if let Some(accept) = accept {
            expect_type(&response, accept)?;
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(passing)? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(Failure::Final(format!(
                    "the answer is longer than {limit} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

enum Failure {
    /// Worth another try.
    Passing(String),
    Final(String),
}

fn expect_type(response: &Response, wanted: &str) -> Result<(), Failure> {
    let given = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("nothing");
    if given
        .split(';')
        .next()
        .is_some_and(|given| given.trim() == wanted)
    {
        return Ok(());
    }
    Err(Failure::Final(format!(
        "the index answered with {given}; one with the JSON interface of PEP 691 is needed ({wanted})"
    )))
}

/// https, or http to this machine.
pub(super) fn trusted(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// An error with its causes: reqwest's own text leaves out why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
