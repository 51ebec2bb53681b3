//! One server: its files, its configuration, and how it is started and stopped.

use super::owner::Owner;
use super::process::{self, PidFile, blocking};
use super::programs::{self, ProgramSource};
use super::{InstanceServer, ServerError, address, admin, archive, lease, tls};
use rustix::fs::FlockOperation;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Who may connect how. Without TLS no line fits, and the server says what it says on RDS:
/// `no pg_hba.conf entry for host …, no encryption` (aws-facts §1.12).
const HBA: &str = "\
local    all  rdsadmin             trust
host     all  rdsadmin  0.0.0.0/0  reject
hostssl  all  all       0.0.0.0/0  scram-sha-256
";

/// Where the servers of one world live, and their programs.
#[derive(Clone)]
pub struct Site {
    dir: PathBuf,
    cache_dir: PathBuf,
    source: ProgramSource,
    found: Arc<OnceCell<PathBuf>>,
}

impl Site {
    pub fn new(dir: PathBuf, source: ProgramSource, cache_dir: PathBuf) -> Self {
        // one world must have one name, from wherever a command was started
        let _ = std::fs::create_dir_all(&dir);
        let dir = std::fs::canonicalize(&dir)
            .or_else(|_| std::path::absolute(&dir))
            .unwrap_or(dir);
        Site {
            dir,
            cache_dir,
            source,
            found: Arc::default(),
        }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Finds or fetches the programs, once.
    pub async fn programs(&self) -> Result<PathBuf, ServerError> {
        self.found
            .get_or_try_init(|| async {
                let source = self.source.clone();
                let local = blocking(move || match &source {
                    ProgramSource::Auto => Ok(programs::find_programs()),
                    ProgramSource::ArchiveOnly => Ok(None),
                    ProgramSource::Dir(dir) => programs::usable(dir).map(Some).ok_or_else(|| {
                        ServerError::Programs(format!(
                            "{} lacks initdb, pg_ctl or postgres, or they are too old",
                            dir.display()
                        ))
                    }),
                })
                .await?;
                match local {
                    Some(dir) => Ok(dir),
                    None => archive::fetch(&self.cache()?).await,
                }
            })
            .await
            .cloned()
    }

    /// Returns the ids of all servers that have data.
    pub fn ids(&self) -> Result<Vec<String>, ServerError> {
        let servers = self.base(Owner::find()?).join("servers");
        let entries = match std::fs::read_dir(&servers) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(ServerError::at(&servers)(e)),
        };
        Ok(entries
            .flatten()
            .filter(|e| e.path().is_dir())
            .filter_map(|e| e.file_name().into_string().ok())
            .collect())
    }

    /// Removes what is left besides the servers' own data.
    pub fn remove(&self) -> Result<(), ServerError> {
        remove(&self.base(Owner::find()?))
    }

    /// The cache, or one that the servers' user can reach: root's own home usually is closed to others.
    fn cache(&self) -> Result<PathBuf, ServerError> {
        if Owner::find()?.reaches(&self.cache_dir) {
            Ok(self.cache_dir.clone())
        } else {
            Ok(PathBuf::from("/var/cache/cruddur-infra"))
        }
    }

    /// The directory of all data: with the world, or where the unprivileged user can reach them.
    fn base(&self, owner: Owner) -> PathBuf {
        match owner {
            Owner::Me => self.dir.join("postgres"),
            Owner::Other { .. } => {
                PathBuf::from(format!("/var/tmp/cruddur-infra-{}", short(&self.dir, "")))
            }
        }
    }
}

/// One server.
#[derive(Clone)]
pub struct Cluster {
    site: Site,
    owner: Owner,
    id: String,
    base: PathBuf,
    /// `data`, `log` and the mark that the roles are made.
    home: PathBuf,
    sockets: PathBuf,
}

impl Cluster {
    pub fn new(site: &Site, id: &str) -> Result<Self, ServerError> {
        let owner = Owner::find()?;
        let base = site.base(owner);
        // the path of a socket has 107 bytes at most, so that a deep project directory is out of the question
        let sockets = match owner {
            Owner::Me => PathBuf::from(format!(
                "/tmp/cruddur-infra-{}-{}",
                rustix::process::geteuid().as_raw(),
                short(&base, id)
            )),
            Owner::Other { .. } => base.join(format!("s-{}", short(&base, id))),
        };
        Ok(Cluster {
            site: site.clone(),
            owner,
            id: id.to_owned(),
            home: base.join("servers").join(id),
            base,
            sockets,
        })
    }

    pub fn is_running(&self) -> bool {
        PidFile::read(&self.data()).is_some_and(|p| p.listens())
    }

    pub async fn start(&self, wanted: &InstanceServer) -> Result<(), ServerError> {
        let programs = self.site.programs().await?;
        let held = Arc::new(self.lock().await?);
        self.start_held(programs, wanted, held).await
    }

    pub async fn restart(&self, wanted: &InstanceServer) -> Result<(), ServerError> {
        let programs = self.site.programs().await?;
        let held = Arc::new(self.lock().await?);
        let (this, dir, to, lock) = (self.clone(), programs.clone(), wanted.clone(), held.clone());
        blocking(move || {
            // while the old one still runs, so that a port that is taken costs nothing
            if PidFile::read(&this.data()).is_none_or(|p| p.port != to.port) {
                address::free(to.address, to.port)?;
            }
            this.stop_held(&dir, &lock)
        })
        .await?;
        self.start_held(programs, wanted, held).await
    }

    pub async fn stop(&self) -> Result<(), ServerError> {
        if !self.data().join("postmaster.pid").exists() {
            return Ok(());
        }
        let programs = self.site.programs().await?;
        let held = self.lock().await?;
        let this = self.clone();
        blocking(move || this.stop_held(&programs, &held)).await
    }

    pub async fn destroy(&self) -> Result<(), ServerError> {
        self.stop().await?;
        let _held = self.lock().await?;
        let this = self.clone();
        blocking(move || {
            remove(&this.home)?;
            remove(&this.sockets)
        })
        .await
    }

    pub async fn set_password(
        &self,
        user: &str,
        password: &SecretString,
    ) -> Result<(), ServerError> {
        let running = PidFile::read(&self.data()).filter(PidFile::listens);
        let running = running.ok_or_else(|| ServerError::NotRunning(self.id.clone()))?;
        admin::set_password(&running.sockets, running.port, user, password).await
    }

    async fn start_held(
        &self,
        programs: PathBuf,
        wanted: &InstanceServer,
        held: Arc<File>,
    ) -> Result<(), ServerError> {
        let ready = self.home.join("ready");
        let (this, to, dir, lock) = (self.clone(), wanted.clone(), programs.clone(), held.clone());
        let fresh = blocking(move || this.bring_up(&dir, &to, &lock)).await?;
        if !fresh {
            return Ok(());
        }
        let Some(password) = &wanted.password else {
            return Err(ServerError::DataLost(self.id.clone()));
        };
        match admin::bootstrap(&self.sockets, wanted.port, wanted, password).await {
            Ok(()) => {
                std::fs::write(&ready, wanted.born.to_string()).map_err(ServerError::at(&ready))
            }
            Err(e) => {
                let this = self.clone();
                // the first error is the one to tell
                let _ = blocking(move || this.stop_held(&programs, &held)).await;
                Err(e)
            }
        }
    }

    /// Makes the data where there are none and starts the server. Returns whether its roles are still to be made.
    fn bring_up(
        &self,
        programs: &Path,
        wanted: &InstanceServer,
        held: &File,
    ) -> Result<bool, ServerError> {
        let ready = std::fs::read_to_string(self.home.join("ready"));
        // of two commands that start it for the first time, the second finds what the first has made
        let fresh = match &ready {
            Ok(born) => wanted.password.is_some() && *born != wanted.born.to_string(),
            Err(_) => true,
        };
        let conf = self.conf(wanted);
        let same = std::fs::read_to_string(self.data().join("postgresql.conf"))
            .is_ok_and(|found| found == conf);
        if !fresh && same && self.is_running() {
            return Ok(false);
        }
        self.stop_held(programs, held)?;
        if fresh {
            if wanted.password.is_none() {
                return Err(ServerError::DataLost(self.id.clone()));
            }
            // first, because it is the likeliest to fail and leaves nothing behind
            address::free(wanted.address, wanted.port)?;
            self.init(programs, held)?;
        }
        address::free(wanted.address, wanted.port)?;
        self.owner.private_dir(&self.sockets)?;
        self.configure(&conf, wanted)?;
        let log = self.home.join("log");
        let mut command = self.command(programs, "pg_ctl");
        command
            .args(["start", "-s", "-w", "-t", "60", "-l"])
            .arg(&log);
        process::run(
            command.arg("-D").arg(self.data()),
            "starting Postgres",
            Some(&log),
            held,
        )?;
        Ok(fresh)
    }

    fn init(&self, programs: &Path, held: &File) -> Result<(), ServerError> {
        remove(&self.home)?;
        self.owner.private_dir(&self.home)?;
        let attempt = |locale: &str| {
            let mut command = self.command(programs, "initdb");
            command
                .args([
                    "--username",
                    admin::SUPERUSER,
                    "--encoding",
                    "UTF8",
                    "--no-sync",
                ])
                .args(["--auth-local", "trust", "--auth-host", "reject"])
                .arg(format!("--locale={locale}"))
                .arg("-D")
                .arg(self.data());
            process::run(&mut command, "initdb", None, held)
        };
        attempt("C.UTF-8").or_else(|_| {
            // not every system has it
            remove(&self.data())?;
            attempt("C")
        })
    }

    /// A crash of the machine may lose everything, which is what makes it quick. One of the server loses nothing that it
    /// has acknowledged, as with RDS: `synchronous_commit` stays on.
    fn conf(&self, wanted: &InstanceServer) -> String {
        format!(
            "listen_addresses = '{}'\nport = {}\nunix_socket_directories = '{}'\n\
             unix_socket_permissions = 0700\n\
             ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n\
             ssl_min_protocol_version = 'TLSv1.2'\npassword_encryption = 'scram-sha-256'\n\
             max_connections = 50\nshared_buffers = 16MB\nfsync = off\n\
             full_page_writes = off\nmax_wal_size = 128MB\nmin_wal_size = 32MB\n\
             timezone = 'UTC'\nlog_timezone = 'UTC'\nlog_min_error_statement = panic\n",
            wanted.address,
            wanted.port,
            self.sockets.display()
        )
    }

    fn configure(&self, conf: &str, wanted: &InstanceServer) -> Result<(), ServerError> {
        let (cert, key) = tls::Ca::load_or_make(self.site.dir())?.server(wanted.address)?;
        for (name, text) in [
            ("postgresql.conf", conf),
            ("pg_hba.conf", HBA),
            ("server.crt", &cert),
            ("server.key", &key),
        ] {
            let path = self.data().join(name);
            crate::sandbox::store::replace(&path, text.as_bytes())
                .map_err(ServerError::at(&path))?;
            self.owner.give(&path)?;
        }
        Ok(())
    }

    fn stop_held(&self, programs: &Path, held: &File) -> Result<(), ServerError> {
        let pid_file = self.data().join("postmaster.pid");
        if !pid_file.exists() {
            return Ok(());
        }
        let alive = PidFile::read(&self.data())
            .is_some_and(|p| p.listens() || p.is_server_of(&self.data()));
        if !alive {
            // left by a crash; its number may belong to any process by now
            remove(&self.sockets)?;
            return std::fs::remove_file(&pid_file).map_err(ServerError::at(&pid_file));
        }
        let stop = |mode: &str| {
            let mut command = self.command(programs, "pg_ctl");
            command.args(["stop", "-s", "-w", "-t", "30", "-m", mode]);
            process::run(
                command.arg("-D").arg(self.data()),
                "stopping Postgres",
                None,
                held,
            )
        };
        stop("fast").or_else(|_| stop("immediate"))
    }

    fn command(&self, programs: &Path, name: &str) -> std::process::Command {
        let mut command = self.owner.command(&programs.join(name));
        command.current_dir(&self.base);
        command
    }

    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Keeps other commands away from this server.
    async fn lock(&self) -> Result<File, ServerError> {
        let this = self.clone();
        blocking(move || {
            if let Some(parent) = this.base.parent() {
                std::fs::create_dir_all(parent).map_err(ServerError::at(parent))?;
            }
            this.owner.private_dir(&this.base)?;
            this.owner.private_dir(&this.base.join("servers"))
        })
        .await?;
        let path = self.base.join("servers").join(format!("{}.lock", self.id));
        lease::locked(&path, FlockOperation::LockExclusive).await
    }
}

/// Twelve hexadecimal digits that stand for a path and a name.
fn short(path: &Path, name: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(name.as_bytes());
    let digest = hash.finalize();
    digest[..6].iter().map(|b| format!("{b:02x}")).collect()
}

fn remove(path: &Path) -> Result<(), ServerError> {
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(ServerError::at(path)(e)),
        _ => Ok(()),
    }
}
