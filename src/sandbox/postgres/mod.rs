//! The real Postgres servers behind the sandbox's instances: one server an instance, each on a loopback address
//! of its own, with TLS from the sandbox's CA, SCRAM, and a master user that is no superuser (aws-facts §1.13).
//!
//! The programs are those of the machine or of a pinned archive ([`programs`], [`archive`]); the server's own
//! version is theirs, whatever engine version the instance claims. Servers outlive a command only while another
//! command of the same world holds a [lease](Servers::lease).

pub mod archive;
pub mod programs;

mod address;
mod admin;
mod cluster;
mod error;
mod lease;
mod owner;
mod process;
mod scram;
mod tls;

#[cfg(test)]
mod tests;

pub use error::ServerError;
pub use programs::ProgramSource;

use cluster::{Cluster, Site};
use lease::Lease;
use secrecy::SecretString;
use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

/// What a server must be like.
#[derive(Clone, Debug)]
pub struct InstanceServer {
    /// What the server is known by for its whole life, also through a rename: the instance's resource id.
    pub id: String,
    /// Where it listens, from [`Servers::place`].
    pub address: Ipv4Addr,
    /// The TCP port.
    pub port: u16,
    /// The user that the stack logs in as.
    pub master_username: String,
    /// Its password: needed for the first start alone, after which Postgres keeps a SCRAM verifier.
    pub password: Option<SecretString>,
    /// The first database besides `postgres`, if one is asked for.
    pub database: Option<String>,
    /// When the instance was made, in milliseconds since 1970: at its first start, data of another one that lie under
    /// the same id (a world that was removed by hand) are no use and are removed.
    pub born: i64,
}

/// The servers of one world. Clones share the lease.
#[derive(Clone)]
pub struct Servers(Arc<Kind>);

enum Kind {
    Real(Arc<Real>),
    /// Every call succeeds and nothing runs.
    None,
    /// Every call that has to do with a server fails so.
    #[cfg(test)]
    Failing(fn() -> ServerError),
}

struct Real {
    site: Site,
    lease: Lease,
}

impl Servers {
    /// The servers of the world in `dir`. Nothing is looked for, fetched or started before it is needed.
    pub fn new(dir: PathBuf, source: ProgramSource, cache_dir: PathBuf) -> Self {
        let lease = Lease::new(dir.join("postgres.lease"));
        let site = Site::new(dir, source, cache_dir);
        Servers(Arc::new(Kind::Real(Arc::new(Real { site, lease }))))
    }

    /// Servers that do not exist: every call succeeds and nothing listens. For looking at the API alone.
    pub fn none() -> Self {
        Servers(Arc::new(Kind::None))
    }

    /// Servers that fail in one way, whatever is asked of them.
    #[cfg(test)]
    pub fn failing(how: fn() -> ServerError) -> Self {
        Servers(Arc::new(Kind::Failing(how)))
    }

    /// Finds the server programs, and fetches them where the machine has none: what the first start would do,
    /// ahead of it. Returns the directory with `initdb`, `pg_ctl` and `postgres`.
    ///
    /// # Errors
    /// [`ServerError::Programs`] where there are none and they cannot be fetched.
    pub async fn prepare(&self) -> Result<PathBuf, ServerError> {
        match &*self.0 {
            Kind::Real(real) => real.site.programs().await,
            Kind::None => Ok(PathBuf::new()),
            #[cfg(test)]
            Kind::Failing(how) => Err(how()),
        }
    }

    /// Returns the certificate, in PEM, of the CA that signs every server's certificate; it is made where it is
    /// missing.
    ///
    /// # Errors
    /// Where it can be neither read nor made.
    pub fn ca_pem(&self) -> Result<Vec<u8>, ServerError> {
        match &*self.0 {
            Kind::Real(real) => Ok(tls::Ca::load_or_make(real.site.dir())?.pem().to_vec()),
            Kind::None => Ok(Vec::new()),
            #[cfg(test)]
            Kind::Failing(how) => Err(how()),
        }
    }

    /// Chooses where a new server would listen: an address of its own, or 127.0.0.1 where the system has only
    /// that one.
    ///
    /// # Errors
    /// [`ServerError::PortInUse`] where something listens there already.
    pub fn place(&self, identifier: &str, port: u16) -> Result<Ipv4Addr, ServerError> {
        match &*self.0 {
            Kind::Real(real) => address::place(real.site.dir(), identifier, port),
            Kind::None => Ok(address::own(&PathBuf::new(), identifier)),
            #[cfg(test)]
            Kind::Failing(how) => Err(how()),
        }
    }

    /// Starts a server, and makes its data first where there are none; one that runs as asked is left alone.
    /// It accepts connections when this returns. Goes on to the end even where the caller stops waiting.
    ///
    /// # Errors
    /// [`ServerError::PortInUse`], [`ServerError::DataLost`] where there are no data and no password to begin
    /// with, and what the server itself says.
    pub async fn start(&self, instance: &InstanceServer) -> Result<(), ServerError> {
        let wanted = instance.clone();
        self.run(|real| async move { Cluster::new(&real.site, &wanted.id)?.start(&wanted).await })
            .await
    }

    /// Stops a server: sessions are cut off, later connections refused. One that does not run is fine.
    ///
    /// # Errors
    /// What the server itself says.
    pub async fn stop(&self, id: &str) -> Result<(), ServerError> {
        let id = id.to_owned();
        self.run(|real| async move { Cluster::new(&real.site, &id)?.stop().await })
            .await
    }

    /// Stops a server and starts it again, at another port where `instance` says so.
    ///
    /// # Errors
    /// As [`start`](Self::start). Where the new port is taken the server goes on at the old one.
    pub async fn restart(&self, instance: &InstanceServer) -> Result<(), ServerError> {
        let wanted = instance.clone();
        self.run(|real| async move { Cluster::new(&real.site, &wanted.id)?.restart(&wanted).await })
            .await
    }

    /// Stops a server and removes its data.
    ///
    /// # Errors
    /// What the server or the file system says.
    pub async fn destroy(&self, id: &str) -> Result<(), ServerError> {
        let id = id.to_owned();
        self.run(|real| async move { Cluster::new(&real.site, &id)?.destroy().await })
            .await
    }

    /// Gives the master user another password.
    ///
    /// # Errors
    /// [`ServerError::NotRunning`], and what the server itself says.
    pub async fn set_password(
        &self,
        id: &str,
        master_username: &str,
        password: &SecretString,
    ) -> Result<(), ServerError> {
        let (id, user, password) = (id.to_owned(), master_username.to_owned(), password.clone());
        self.run(|real| async move {
            Cluster::new(&real.site, &id)?
                .set_password(&user, &password)
                .await
        })
        .await
    }

    /// Tells whether a server accepts connections.
    pub fn is_running(&self, id: &str) -> bool {
        match &*self.0 {
            Kind::Real(real) => Cluster::new(&real.site, id).is_ok_and(|c| c.is_running()),
            _ => false,
        }
    }

    /// Announces a command that uses the servers; waits while another is shutting them down.
    ///
    /// # Errors
    /// Where the lease file cannot be used.
    pub async fn lease(&self) -> Result<(), ServerError> {
        self.run(|real| async move { real.lease.take().await })
            .await
    }

    /// Starts what ought to run, at the beginning of a command. Returns what could not be started, by id.
    pub async fn resume(&self, wanted: Vec<InstanceServer>) -> Vec<(String, ServerError)> {
        let starts = wanted.into_iter().map(|instance| async move {
            let result = self.start(&instance).await;
            result.err().map(|error| (instance.id, error))
        });
        futures_util::future::join_all(starts)
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    /// Gives the lease back, and stops every server of this world where no other command holds one.
    /// Returns whether they were stopped. A command that dies without this leaves them to the next one.
    ///
    /// # Errors
    /// Where a server does not stop.
    pub async fn close(&self) -> Result<bool, ServerError> {
        let Kind::Real(real) = &*self.0 else {
            return Ok(false);
        };
        let Some(_alone) = real.lease.give_back().await? else {
            return Ok(false);
        };
        for id in real.site.ids()? {
            self.stop(&id).await?;
        }
        Ok(true)
    }

    /// Stops every server of this world and removes all data: what a reset wants.
    ///
    /// # Errors
    /// What a server or the file system says.
    pub async fn destroy_all(&self) -> Result<(), ServerError> {
        let Kind::Real(real) = &*self.0 else {
            return Ok(());
        };
        for id in real.site.ids()? {
            self.destroy(&id).await?;
        }
        real.site.remove()
    }

    /// Runs `what` to its end on a task of its own: a dropped connection must not leave a server half made.
    async fn run<W, F>(&self, what: W) -> Result<(), ServerError>
    where
        W: FnOnce(Arc<Real>) -> F,
        F: Future<Output = Result<(), ServerError>> + Send + 'static,
    {
        match &*self.0 {
            Kind::Real(real) => tokio::spawn(what(real.clone()))
                .await
                .map_err(|e| ServerError::Internal(e.to_string()))?,
            Kind::None => Ok(()),
            #[cfg(test)]
            Kind::Failing(how) => Err(how()),
        }
    }
}

/// Makes up a password that RDS would accept, for a master user whose password RDS manages.
///
/// # Errors
/// Where the system has no randomness to give.
pub fn random_password() -> Result<SecretString, ServerError> {
    scram::random_password().map(SecretString::from)
}
