//! From here to the database: name, port, TLS, log-in, scripts.

use super::{Prober, failed, passed, unknown, unreached};
use crate::model::{Addr, Output};
use crate::pg::{ConnectionUrl, Error, Session, TlsMode};
use crate::render::Hop;
use std::net::SocketAddr;
use std::time::Duration;

const NAME: &str = "name resolution";
const PORT: &str = "port";
const TLS: &str = "TLS";
const LOG_IN: &str = "log-in";

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a security group or a private subnet looks like from outside.
const CLOSED: &str = "nobody answers: run `cruddur-infra refresh-ip`, check that the instance is publicly accessible, or \
                      go through a tunnel with --connect-to HOST:PORT";

impl Prober<'_> {
    /// Proves the way to the database and what is loaded there. Returns the session where one came about.
    pub(super) async fn database(
        &self,
        instance: &Addr,
        scripts: &[Addr],
    ) -> (Vec<Hop>, Option<Session>) {
        let outputs = self.seen.outputs.get(instance);
        let url = outputs.and_then(|outputs| outputs.get("connection_url"));
        let url = match url {
            Some(Output::Secret(url)) => ConnectionUrl::parse(url.expose()).ok(),
            _ => None,
        };
        let own = self.as_in_file("instance", &Some(instance.clone()));
        let Some(url) = url else {
            let because = format!("{instance} has no connection URL");
            let mut hops = vec![own];
            hops.extend(unreached(&[NAME, PORT, TLS, LOG_IN, "scripts"], &because));
            return (hops, None);
        };
        let mut hops = vec![own];
        let addresses = self.resolve(&url, &mut hops).await;
        let open = match addresses {
            Some(addresses) => self.dial(&url, &addresses, &mut hops).await,
            None => false,
        };
        if !open {
            let reached = hops.len();
            let left = &[PORT, TLS, LOG_IN, "scripts"][reached - 2..];
            hops.extend(unreached(left, "the hop before it"));
            return (hops, None);
        }
        let session = self.log_in(&url, &mut hops).await;
        match &session {
            None => hops.extend(unreached(&["scripts"], "the hop before it")),
            Some(_) if scripts.is_empty() => {
                hops.push(unknown(
                    "scripts",
                    "the file has none for this database",
                    None,
                ));
            }
            Some(_) => {
                for script in scripts {
                    let name = format!("script {}", script.name);
                    hops.push(self.as_in_file(&name, &Some(script.clone())));
                }
            }
        }
        (hops, session)
    }

    async fn resolve(&self, url: &ConnectionUrl, hops: &mut Vec<Hop>) -> Option<Vec<SocketAddr>> {
        let (host, port) = self.session.connector.dialled(url);
        let looked = async {
            match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port)))
                .await
            {
                Ok(found) => found.map(Iterator::collect::<Vec<_>>),
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            }
        };
        let (found, seconds) = self.timed(looked).await;
        match found {
            Ok(all) if !all.is_empty() => {
                let mut addresses: Vec<String> = all.iter().map(|a| a.ip().to_string()).collect();
                addresses.dedup();
                let mut text = format!("{host} is {}", addresses.join(", "));
                if host != url.host() {
                    text += &format!(
                        " (--connect-to; the name that is checked is {})",
                        url.host()
                    );
                }
                hops.push(passed(NAME, Some(seconds), text));
                Some(all)
            }
            other => {
                let why = other
                    .err()
                    .map_or_else(|| "it has no address".to_owned(), |e| e.kind().to_string());
                hops.push(failed(
                    NAME,
                    Some(seconds),
                    format!("{host} does not resolve: {why}"),
                    Some("check that the instance exists (`cruddur-infra status`) and this machine's resolver".to_owned()),
                ));
                None
            }
        }
    }

    async fn dial(&self, url: &ConnectionUrl, to: &[SocketAddr], hops: &mut Vec<Hop>) -> bool {
        let (host, port) = self.session.connector.dialled(url);
        let tried = async {
            match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(to)).await {
                Ok(done) => done.map(drop).map_err(|e| e.kind()),
                Err(_) => Err(std::io::ErrorKind::TimedOut),
            }
        };
        let (result, seconds) = self.timed(tried).await;
        match result {
            Ok(()) => {
                hops.push(passed(
                    PORT,
                    Some(seconds),
                    format!("{host}:{port} is open from here"),
                ));
                true
            }
            Err(kind) => {
                let remedy = match kind {
                    std::io::ErrorKind::ConnectionRefused => {
                        "nothing listens there: check that the instance runs (`cruddur-infra status`) and its port"
                    }
                    _ => CLOSED,
                };
                let cause = format!("{host}:{port}: {kind}");
                hops.push(failed(PORT, Some(seconds), cause, Some(remedy.to_owned())));
                false
            }
        }
    }

    /// TLS and log-in are one call of the client; which of them failed its error tells.
    async fn log_in(&self, url: &ConnectionUrl, hops: &mut Vec<Hop>) -> Option<Session> {
        let (result, seconds) = self.timed(self.session.connector.connect(url)).await;
        let trusted = match url.tls() {
            TlsMode::VerifyFull => passed(
                TLS,
                None,
                format!(
                    "the certificate is for {} and its chain is trusted",
                    url.host()
                ),
            ),
            TlsMode::Plain => failed(
                TLS,
                None,
                "the connection is not encrypted",
                Some("leave sslmode=disable out of the URL".to_owned()),
            ),
        };
        match result {
            Ok(session) => {
                hops.push(trusted);
                let text = format!(
                    "as {} to {}",
                    url.user(),
                    url.database().unwrap_or_default()
                );
                hops.push(passed(LOG_IN, Some(seconds), text));
                Some(session)
            }
            Err(error @ Error::Tls { .. }) => {
                let remedy = "the certificates of RDS are built in: check this machine's clock, the endpoint, and \
                              whether something stands in between; --ca-bundle names another authority";
                hops.push(failed(
                    TLS,
                    Some(seconds),
                    error.to_string(),
                    Some(remedy.to_owned()),
                ));
                hops.extend(unreached(&[LOG_IN], "the hop before it"));
                None
            }
            Err(error) => {
                let before = error.sqlstate().is_some();
                hops.push(match before {
                    true => trusted,
                    // nothing tells how far it came
                    false => unknown(TLS, error.to_string(), None),
                });
                let remedy = match &error {
                    Error::AuthenticationRejected { .. } => {
                        "set the variable of the master password to the one that the instance has, and apply"
                    }
                    Error::DatabaseMissing { .. } => {
                        "`cruddur-infra db create --target prd` makes it"
                    }
                    _ => "run it again with -v for more",
                };
                hops.push(failed(
                    LOG_IN,
                    Some(seconds),
                    error.to_string(),
                    Some(remedy.to_owned()),
                ));
                None
            }
        }
    }
}
