//! What programs on libpq (psql, pg_dump) are told by their environment to reach the same database with the same
//! checks. Nothing of it belongs into arguments, which every user of the machine may read.

use std::collections::BTreeMap;
use std::fmt;
use std::net::ToSocketAddrs;

use secrecy::SecretString;

use super::connect::Connector;
use super::connection_url::{ConnectionUrl, TlsMode};
use super::error::{Error, TlsProblem, UnreachableCause};
use super::tls;

/// Variables that would lead elsewhere, or weaken what is checked: they are to be taken out of the environment.
pub const FOREIGN_VARIABLES: [&str; 9] = [
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGPASSFILE",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLNEGOTIATION",
    "PGREQUIRESSL",
    "PGHOSTADDR",
    "PGPASSWORD",
];

/// What a program on libpq is told.
pub struct Libpq {
    /// Variables, without secrets.
    pub variables: BTreeMap<&'static str, String>,
    /// `PGPASSWORD`.
    pub password: Option<SecretString>,
    /// What `PGSSLROOTCERT` has to name a file of; nothing without TLS.
    pub roots_pem: Option<Vec<u8>>,
}

impl fmt::Debug for Libpq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Libpq")
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Returns what a program on libpq is to be told. Through a tunnel the name that is checked stays the real one.
    ///
    /// # Errors
    /// Where the certificates cannot be read, or the tunnel's host has no address.
    pub fn libpq(&self, url: &ConnectionUrl) -> Result<Libpq, Error> {
        let mut variables: BTreeMap<&'static str, String> = [
            ("PGHOST", url.host().to_owned()),
            ("PGPORT", url.port().to_string()),
            ("PGUSER", url.user().to_owned()),
            ("PGDATABASE", url.database().unwrap_or_default().to_owned()),
            (
                "PGCONNECT_TIMEOUT",
                self.options().connect_timeout.as_secs().max(2).to_string(),
            ),
        ]
        .into();
        if let Some((host, port)) = &self.options().connect_to {
            let address = (host.as_str(), *port)
                .to_socket_addrs()
                .ok()
                .and_then(|mut all| all.next())
                .ok_or_else(|| Error::Unreachable {
                    host: host.clone(),
                    port: *port,
                    cause: UnreachableCause::Name,
                    elapsed: std::time::Duration::ZERO,
                })?;
            variables.insert("PGHOSTADDR", address.ip().to_string());
            variables.insert("PGPORT", port.to_string());
        }
        let mode = match url.tls() {
            TlsMode::Plain => "disable",
            TlsMode::VerifyFull => "verify-full",
        };
        variables.insert("PGSSLMODE", mode.to_owned());
        Ok(Libpq {
            variables,
            password: url.password.clone(),
            roots_pem: match url.tls() {
                TlsMode::Plain => None,
                TlsMode::VerifyFull => Some(self.roots(url)?),
            },
        })
    }

    fn roots(&self, url: &ConnectionUrl) -> Result<Vec<u8>, Error> {
        let mut pem = match &url.root_certificate {
            None => tls::RDS_BUNDLE_PEM.to_vec(),
            Some(path) => std::fs::read(path).map_err(|error| Error::Tls {
                host: url.host().to_owned(),
                problem: TlsProblem::Roots(format!("{path}: {}", error.kind())),
            })?,
        };
        if let Some(extra) = &self.options().extra_roots_pem {
            pem.push(b'\n');
            pem.extend(extra);
        }
        Ok(pem)
    }
}

#[cfg(test)]
mod tests {
    use super::super::connect::Options;
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_tunnel_keeps_the_name_and_the_password_is_apart() {
        let url = ConnectionUrl::parse("postgresql://me:p%40ss@db.example.com/app").unwrap();
        let connector = Connector::new(Options {
            connect_to: Some(("127.0.0.1".into(), 15432)),
            extra_roots_pem: Some(b"EXTRA".to_vec()),
            ..Options::default()
        });
        let told = connector.libpq(&url).unwrap();
        let get = |name: &str| told.variables[name].as_str();
        assert_eq!(
            [
                "PGHOST",
                "PGHOSTADDR",
                "PGPORT",
                "PGUSER",
                "PGDATABASE",
                "PGSSLMODE"
            ]
            .map(get),
            [
                "db.example.com",
                "127.0.0.1",
                "15432",
                "me",
                "app",
                "verify-full"
            ]
        );
        assert_eq!(told.password.as_ref().unwrap().expose_secret(), "p@ss");
        assert!(!format!("{told:?}").contains("p@ss"));
        assert!(told.roots_pem.unwrap().ends_with(b"\nEXTRA"));
        let local = ConnectionUrl::parse("postgresql://me@localhost/app?sslmode=disable").unwrap();
        let told = Connector::default().libpq(&local).unwrap();
        assert_eq!(told.variables["PGSSLMODE"], "disable");
        assert!(told.roots_pem.is_none() && told.password.is_none());
        assert!(!told.variables.contains_key("PGHOSTADDR"));
    }
}
