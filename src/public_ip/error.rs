//! Why there is no address.

use super::{QUORUM, Reply, Unusable};
use crate::model::{Class, Fault};
use std::net::Ipv4Addr;

/// Why this machine's public address is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IpError {
    /// The HTTP client could not be made.
    #[error("no address source can be asked: {0}")]
    Client(String),
    /// A source that must not be asked.
    #[error("`{url}` cannot be an address source: {why}")]
    Source {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two sources told different addresses; every reply is here.
    #[error("{}", disagreement(.0))]
    Disagreement(Vec<Reply>),
    /// Fewer sources than needed told an address; every reply is here.
    #[error("{}", too_few(.0))]
    TooFew(Vec<Reply>),
    /// What was given is not a public IPv4 address.
    #[error("{what}")]
    Given {
        /// What it is instead.
        what: String,
        /// What to write.
        help: String,
    },
}

impl IpError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            IpError::Client(_) => {
                "see that the system's CA certificates are installed, or give the address with --ip ADDRESS".to_owned()
            }
            IpError::Source { .. } => "write an https:// address".to_owned(),
            IpError::Disagreement(_) => {
                "this machine reaches the internet by more than one way (a VPN, a proxy, two lines), \
                 or its address is just changing: try again, or give the address that connects to the database \
                 with --ip ADDRESS"
                    .to_owned()
            }
            IpError::TooFew(replies) => {
                let html = replies.iter().any(|r| {
                    matches!(&r.answer, Err(Unusable::Html | Unusable::Redirect(_)))
                });
                let first = if html {
                    "a network's log-in page may be in the way: open a web page in a browser and try again"
                } else {
                    "see that this machine reaches the internet over IPv4 and without a proxy"
                };
                format!("{first}, or give the address with --ip ADDRESS")
            }
            IpError::Given { help, .. } => help.clone(),
        }
    }
}

impl From<IpError> for Fault {
    fn from(error: IpError) -> Self {
        let (op, class) = match &error {
            IpError::Client(_) => ("public_ip:find", Class::Unreachable),
            IpError::TooFew(_) => ("public_ip:find", Class::Unreachable),
            // asking at once again gives the same where there are two ways out
            IpError::Disagreement(_) => ("public_ip:find", Class::Invalid),
            IpError::Source { .. } => ("public_ip:find", Class::Invalid),
            IpError::Given { .. } => ("public_ip:given", Class::Invalid),
        };
        Fault::new(op, class, error.to_string()).help(error.help())
    }
}

fn disagreement(replies: &[Reply]) -> String {
    let mut voices: Vec<(Ipv4Addr, Vec<&str>)> = Vec::new();
    for reply in replies {
        let Ok(address) = reply.answer else { continue };
        match voices.iter_mut().find(|(a, _)| *a == address) {
            Some((_, sources)) => sources.push(&reply.source),
            None => voices.push((address, vec![&reply.source])),
        }
    }
    let told: Vec<String> = voices
        .iter()
        .map(|(address, sources)| {
            let say = if sources.len() == 1 { "says" } else { "say" };
            format!("{} {say} {address}", sources.join(" and "))
        })
        .collect();
    with_the_rest(
        format!(
            "the sources of this machine's public address disagree: {}",
            told.join(", ")
        ),
        replies,
    )
}

fn too_few(replies: &[Reply]) -> String {
    let told = replies
        .iter()
        .find_map(|r| Some((&r.source, r.answer.as_ref().ok()?)));
    match told {
        Some((source, address)) => with_the_rest(
            format!("only {source} told a public address ({address}), and {QUORUM} must agree"),
            replies,
        ),
        None if replies.is_empty() => {
            "there is no source of this machine's public address to ask".to_owned()
        }
        None => with_the_rest(
            "no source told this machine's public IPv4 address".to_owned(),
            replies,
        ),
    }
}

/// Adds what was heard from the sources that told no address.
fn with_the_rest(mut sentence: String, replies: &[Reply]) -> String {
    let mut separator = "; ";
    for reply in replies {
        if let Err(why) = &reply.answer {
            sentence.push_str(&format!("{separator}{} {why}", reply.source));
            separator = ", ";
        }
    }
    sentence
}
