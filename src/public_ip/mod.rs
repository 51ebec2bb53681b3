//! This machine's public IPv4 address, as the internet sees it.
//!
//! A rule that admits this machine opens a database to an address, so the address is not believed lightly
//! (aws-facts §2.4): several sources are asked at once over HTTPS, at least two must say the same and none
//! something else, and what they say must be an IPv4 address that a host on the internet can have. IPv6 is of no
//! use here: a publicly accessible RDS instance is reached over IPv4 alone (aws-facts §1.11).

mod answer;
mod client;
mod error;
mod given;
mod source;
mod special;
#[cfg(test)]
mod tests;

pub use answer::{MAX_BODY, Unusable, read_answer};
pub use client::client;
pub use error::IpError;
pub use given::parse_given;
pub use source::{DEFAULTS, Source};
pub use special::{SPECIAL, Special, is_public, special};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::Client;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How many sources must say the same.
pub const QUORUM: usize = 2;

/// How long to wait for the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From then on, two addresses told are enough and slower sources are not waited for. Before it all are,
    /// for a third may disagree with two.
    pub settle: Duration,
    /// No source is waited for any longer than this.
    pub total: Duration,
}

impl Default for Settings {
    /// 1.5 s, and 4 s in all.
    fn default() -> Self {
        Settings {
            settle: Duration::from_millis(1500),
            total: Duration::from_secs(4),
        }
    }
}

/// What came of asking one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The source's host, `checkip.amazonaws.com`.
    pub source: String,
    /// The public address it told, or why what it told is not used.
    pub answer: Result<Ipv4Addr, Unusable>,
}

/// Finds this machine's public IPv4 address: asks every source and takes their [`verdict`]. A source that is left
/// out is written to the log.
///
/// # Errors
/// Where the sources disagree, or fewer than [`QUORUM`] told a public address.
pub async fn find(
    client: &Client,
    sources: &[Source],
    settings: Settings,
) -> Result<Ipv4Addr, IpError> {
    let replies = survey(client, sources, settings).await;
    let address = verdict(&replies)?;
    for reply in &replies {
        if let Err(why) = &reply.answer {
            tracing::info!(source = %reply.source, %why, "an address source is left out");
        }
    }
    Ok(address)
}

/// Asks every source at once. There is one reply for each, in the order of the sources; two sources at one host and
/// port are one voice and are asked once.
pub async fn survey(client: &Client, sources: &[Source], settings: Settings) -> Vec<Reply> {
    let mut voices: Vec<&Source> = Vec::new();
    for source in sources {
        if voices.iter().all(|v| !v.same_voice(source)) {
            voices.push(source);
        }
    }
    let start = Instant::now();
    let mut asked: FuturesUnordered<_> = voices
        .iter()
        .enumerate()
        .map(|(index, source)| async move { (index, client::ask(client, source).await) })
        .collect();
    let mut answers = vec![Err(Unusable::Late); voices.len()];
    loop {
        let told = answers.iter().filter(|a| a.is_ok()).count();
        let patience = if told >= QUORUM {
            settings.settle.min(settings.total)
        } else {
            settings.total
        };
        // an answer that is there already is taken even after the deadline: the future is polled first
        match timeout_at(start + patience, asked.next()).await {
            Ok(Some((index, answer))) => answers[index] = answer,
            Ok(None) | Err(_) => break,
        }
    }
    voices
        .iter()
        .zip(answers)
        .map(|(source, answer)| Reply {
            source: source.name(),
            answer,
        })
        .collect()
}

/// Decides what the replies come to. At least [`QUORUM`] sources told an address, and all that told one told the
/// same: then it is that. There is no vote: two against one may be a proxy or a second line on the one side or the
/// other, and a person knows which. A source that told none neither counts nor blocks.
///
/// # Errors
/// Where the sources disagree, or too few told an address.
pub fn verdict(replies: &[Reply]) -> Result<Ipv4Addr, IpError> {
    let told: Vec<Ipv4Addr> = replies
        .iter()
        .filter_map(|r| r.answer.as_ref().ok().copied())
        .collect();
    match told.as_slice() {
        [first, rest @ ..] if rest.iter().any(|a| a != first) => {
            Err(IpError::Disagreement(replies.to_vec()))
        }
        [first, ..] if told.len() >= QUORUM => Ok(*first),
        _ => Err(IpError::TooFew(replies.to_vec())),
    }
}

/// Asks the default sources.
///
/// # Errors
/// As [`find`].
pub async fn current() -> Result<std::net::Ipv4Addr, IpError> {
    let sources = Source::defaults();
    find(&client(&sources)?, &sources, Settings::default()).await
}
