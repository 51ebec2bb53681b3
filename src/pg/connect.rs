//! From a URL to a [`Session`].

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection_url::{ConnectionUrl, TlsMode, UrlError};
use super::error::{DbFailure, Error, TlsProblem};
use super::session::Session;
use super::undo::Copies;
use super::{stream, tls};

/// How to connect; what a URL says itself (`connect_timeout`, `application_name`, `sslrootcert`)
/// comes first.
#[derive(Clone)]
pub struct Options {
    /// Certificates in PEM that are trusted besides the RDS ones (or besides `sslrootcert`).
    pub extra_roots_pem: Option<Vec<u8>>,
    /// Dial this host and port, a tunnel for example, but still demand the certificate of the
    /// URL's host.
    pub connect_to: Option<(String, u16)>,
    /// Bound on each of: dialling; TLS and log-in together. 10 s by default.
    pub connect_timeout: Duration,
    /// Bound on one statement, enforced by the server; `None` leaves the server's own. 5 min by
    /// default. The client gives up a little later by itself, should the server be gone.
    pub statement_timeout: Option<Duration>,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            extra_roots_pem: None,
            connect_to: None,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Some(Duration::from_secs(300)),
            application_name: "cruddur-infra".to_owned(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field(
                "extra_roots_pem",
                &self.extra_roots_pem.as_ref().map(Vec::len),
            )
            .field("connect_to", &self.connect_to)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("application_name", &self.application_name)
            .finish()
    }
}

/// Opens sessions. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Connector {
    options: Options,
    copies: Option<Copies>,
    allowed: BTreeSet<String>,
}

impl Connector {
    /// A connector with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The same, for whoever keeps copies of what is lost there.
    #[must_use]
    pub fn keeping(self, copies: Copies) -> Self {
        Self {
            copies: Some(copies),
            ..self
        }
    }

    /// Where copies are kept of what is lost; nowhere unless it was said.
    #[must_use]
    pub fn copies(&self) -> Option<&Copies> {
        self.copies.as_ref()
    }

    /// The same, for whoever has agreed to what these scripts drop or empty, by the names that users call them.
    #[must_use]
    pub fn allowing(self, scripts: impl IntoIterator<Item = String>) -> Self {
        Self {
            allowed: scripts.into_iter().collect(),
            ..self
        }
    }

    /// Whether somebody has agreed to what a script drops or empties.
    #[must_use]
    pub fn allows(&self, script: &str) -> bool {
        self.allowed.contains(script)
    }

    /// What is dialled to reach a database: its host and port, or what is dialled instead.
    #[must_use]
    pub fn dialled(&self, url: &ConnectionUrl) -> (String, u16) {
        let instead = self.options.connect_to.clone();
        instead.unwrap_or_else(|| (url.host().to_owned(), url.port()))
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Connects and logs in.
    ///
    /// TLS with a verified host name, unless the URL's [`TlsMode`] is `Plain`; then the socket must
    /// be a Unix one or lead to a loopback address, whatever the name resolved to.
    pub async fn connect(&self, url: &ConnectionUrl) -> Result<Session, Error> {
        let database = url.database().ok_or(UrlError::NoDatabase)?;
        let dialer = Dialer::new(&self.options, url).await?;
        let timeout = dialer.timeout;
        let mut config = Config::new();
        config.user(url.user()).dbname(database).application_name(
            url.application_name
                .as_deref()
                .unwrap_or(&self.options.application_name),
        );
        if let Some(password) = &url.password {
            config.password(password.expose_secret());
        }
        if let Some(limit) = self.options.statement_timeout {
            config.options(format!("-c statement_timeout={}", limit.as_millis().max(1)));
        }
        let opened = dialer.open(config, self.options.statement_timeout);
        match opened.await {
            Ok(session) => Ok(session),
            Err(Failed::Ours(error)) => Err(error),
            Err(Failed::TooSlow) => Err(Error::TimedOut {
                what: "TLS and log-in",
                after: timeout,
            }),
            Err(Failed::Theirs(error)) => Err(login_error(&error, url, database)),
        }
    }
}

/// An error on the way to a session.
pub(super) enum Failed {
    Ours(Error),
    Theirs(tokio_postgres::Error),
    TooSlow,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// Everything needed to reach one server, again for a cancel request.
#[derive(Clone)]
pub(super) struct Dialer {
    host: String,
    dial: (String, u16),
    unix: bool,
    tls: Option<MakeRustlsConnect>,
    pub(super) timeout: Duration,
}

impl Dialer {
    async fn new(options: &Options, url: &ConnectionUrl) -> Result<Self, Error> {
        let host = url.host().to_owned();
        let trouble = |problem| Error::Tls {
            host: host.clone(),
            problem,
        };
        let tls = match url.tls() {
            TlsMode::Plain => None,
            TlsMode::VerifyFull => {
                ServerName::try_from(host.as_str()).map_err(|_| trouble(TlsProblem::HostName))?;
                let own = match &url.root_certificate {
                    Some(path) => Some(tokio::fs::read(path).await.map_err(|error| {
                        trouble(TlsProblem::Roots(format!("{path}: {}", error.kind())))
                    })?),
                    None => None,
                };
                let mut bundles = vec![own.as_deref().unwrap_or(tls::RDS_BUNDLE_PEM)];
                bundles.extend(options.extra_roots_pem.as_deref());
                Some(tls::client(&bundles).map_err(trouble)?)
            }
        };
        Ok(Self {
            dial: options
                .connect_to
                .clone()
                .unwrap_or_else(|| (host.clone(), url.port())),
            unix: url.is_unix_socket() && options.connect_to.is_none(),
            host,
            tls,
            timeout: url
                .connect_timeout_seconds
                .map_or(options.connect_timeout, Duration::from_secs),
        })
    }

    async fn open(&self, mut config: Config, limit: Option<Duration>) -> Result<Session, Failed> {
        #[cfg(unix)]
        if self.unix {
            config.ssl_mode(SslMode::Disable);
            let socket = stream::dial_unix(&self.dial.0, self.dial.1).await?;
            return self.log_in(socket, NoTls, config, limit).await;
        }
        let mut socket = stream::dial(&self.dial.0, self.dial.1, self.timeout).await?;
        match self.secure(&mut socket).await? {
            None => {
                config.ssl_mode(SslMode::Disable);
                self.log_in(socket, NoTls, config, limit).await
            }
            Some(tls) => {
                // "Direct": the SSLRequest has been answered, the handshake comes next. The host is
                // only given so that the driver knows there is a name to check.
                config
                    .ssl_mode(SslMode::Require)
                    .ssl_negotiation(SslNegotiation::Direct)
                    .host(&self.host);
                self.log_in(socket, tls, config, limit).await
            }
        }
    }

    /// Brings a fresh socket to the point where the TLS handshake begins. `None`: no TLS, and the
    /// peer is this machine.
    async fn secure(
        &self,
        socket: &mut TcpStream,
    ) -> Result<Option<<MakeRustlsConnect as MakeTlsConnect<TcpStream>>::TlsConnect>, Error> {
        let Some(tls) = &self.tls else {
            if socket
                .peer_addr()
                .is_ok_and(|peer| peer.ip().to_canonical().is_loopback())
            {
                return Ok(None);
            }
            return Err(Error::Tls {
                host: self.host.clone(),
                problem: TlsProblem::PlainNotLocal,
            });
        };
        tokio::time::timeout(self.timeout, stream::ask_for_tls(socket, &self.host))
            .await
            .map_err(|_| Error::TimedOut {
                what: "the answer to the TLS request",
                after: self.timeout,
            })??;
        let mut make = tls.clone();
        MakeTlsConnect::<TcpStream>::make_tls_connect(&mut make, &self.host)
            .map(Some)
            .map_err(|_| Error::Tls {
                host: self.host.clone(),
                problem: TlsProblem::HostName,
            })
    }

    async fn log_in<S, T>(
        &self,
        socket: S,
        tls: T,
        config: Config,
        limit: Option<Duration>,
    ) -> Result<Session, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: TlsConnect<S>,
        T::Stream: Send + 'static,
    {
        let (client, connection) =
            tokio::time::timeout(self.timeout, config.connect_raw(socket, tls))
                .await
                .map_err(|_| Failed::TooSlow)?
                .map_err(Failed::Theirs)?;
        Ok(Session::start(client, connection, self.clone(), limit))
    }

    /// Asks the server, on a connection of its own, to cancel what `token`'s session is doing.
    pub(super) async fn cancel(&self, token: &tokio_postgres::CancelToken) -> Result<(), Error> {
        #[cfg(unix)]
        if self.unix {
            let socket = stream::dial_unix(&self.dial.0, self.dial.1).await?;
            return Ok(token.cancel_query_raw(socket, NoTls).await?);
        }
        let mut socket = stream::dial(&self.dial.0, self.dial.1, self.timeout).await?;
        match self.secure(&mut socket).await? {
            None => Ok(token.cancel_query_raw(socket, NoTls).await?),
            Some(tls) => Ok(token.cancel_query_raw(socket, tls).await?),
        }
    }
}

/// What an error of the handshake or the log-in means.
fn login_error(error: &tokio_postgres::Error, url: &ConnectionUrl, database: &str) -> Error {
    let host = url.host().to_owned();
    if let Some(problem) = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(tls::problem)
    {
        return Error::Tls { host, problem };
    }
    let rejected = |sqlstate| Error::AuthenticationRejected {
        host: host.clone(),
        user: url.user().to_owned(),
        sqlstate,
    };
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some(code @ ("28P01" | "28000")) => return rejected(Some(code.to_owned())),
        Some("3D000") => {
            return Error::DatabaseMissing {
                host,
                database: database.to_owned(),
            };
        }
        _ => {}
    }
    // Severity FATAL is every error here, so it says nothing about a connection that was lost.
    if let Some(db) = error.as_db_error() {
        return Error::Db(Box::new(DbFailure::new(db)));
    }
    match Error::from_postgres(error) {
        // The driver has no own kind for "a password is wanted", but there is no other way left.
        Error::Protocol(_) if url.password.is_none() => rejected(None),
        other => other,
    }
}
