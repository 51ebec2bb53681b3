//! A real Postgres for the tests of this folder: own CA, TLS, SCRAM, an unprivileged user.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use secrecy::SecretString;

use super::{ConnectionUrl, Connector, Options, Session};

/// The name in the server's certificate.
pub(super) const HOST: &str = "db.example.test";
/// The password of the superuser `postgres`.
pub(super) const PASSWORD: &str = "s3cr3t p@ss/word%";

/// A running server; stopped when the last test lets go of it.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) ca_pem: String,
    directory: tempfile::TempDir,
    binaries: PathBuf,
    user: Option<(u32, u32)>,
    child: Child,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// The server that all tests running now share.
    pub(super) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own, which may be restarted.
    pub(super) fn start() -> Self {
        let binaries = binaries();
        let user = unprivileged_user();
        let directory = tempfile::Builder::new()
            .prefix("pg-test-")
            .tempdir()
            .unwrap();
        let ca_pem = write_certificates(directory.path());
        fs::write(directory.path().join("password"), PASSWORD).unwrap();
        for entry in fs::read_dir(directory.path()).unwrap() {
            let path = entry.unwrap().path();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give(&path, user);
        }
        give(directory.path(), user);
        let initdb = run(&binaries, "initdb", directory.path(), user)
            .args([
                "-D",
                "data",
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
            ])
            .args(["--locale=C", "--no-sync", "--pwfile=password"])
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        for _ in 0..5 {
            let port = free_port();
            let mut child = postgres(&binaries, directory.path(), user, port);
            if ready(directory.path(), &mut child) {
                return Self {
                    port,
                    ca_pem,
                    directory,
                    binaries,
                    user,
                    child,
                };
            }
        }
        let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        panic!("postgres does not start:\n{log}");
    }

    /// Ends the server as a crash would (`immediate`) or as an administrator (`fast`).
    pub(super) fn stop(&mut self, mode: &str) {
        let stopped = run(&self.binaries, "pg_ctl", self.directory.path(), self.user)
            .args(["-D", "data", "stop", "-m", mode, "-w"])
            .output()
            .unwrap();
        assert!(stopped.status.success(), "{stopped:?}");
        self.child.wait().unwrap();
    }

    /// Starts it again where it was; ready when this returns.
    pub(super) fn start_again(&mut self) {
        let directory = self.directory.path();
        self.child = postgres(&self.binaries, directory, self.user, self.port);
        assert!(ready(directory, &mut self.child), "it does not start again");
    }

    /// The directory of the Unix socket.
    pub(super) fn socket_directory(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    /// Options that lead to this server and trust its CA.
    pub(super) fn options(&self) -> Options {
        Options {
            extra_roots_pem: Some(self.ca_pem.clone().into_bytes()),
            connect_to: Some(("127.0.0.1".to_owned(), self.port)),
            ..Options::default()
        }
    }

    /// The superuser's URL, database `postgres`.
    pub(super) fn url(&self) -> ConnectionUrl {
        ConnectionUrl::build(
            "postgres",
            &SecretString::from(PASSWORD),
            HOST,
            5432,
            "postgres",
        )
    }

    /// A session of `url`.
    pub(super) async fn session(&self, url: &ConnectionUrl) -> Session {
        Connector::new(self.options()).connect(url).await.unwrap()
    }

    /// The URL of a new, empty database.
    pub(super) async fn database(&self) -> ConnectionUrl {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let session = self.session(&self.url()).await;
        session
            .client()
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        self.url().with_database(&name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = run(&self.binaries, "pg_ctl", self.directory.path(), self.user)
            .args(["-D", "data", "stop", "-m", "immediate", "-w"])
            .output();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The directory with `initdb` and `postgres`: what the sandbox would take, so that a machine without a server fetches
/// the pinned one. `CRUDDUR_INFRA_POSTGRES` chooses as it does for the program.
fn binaries() -> PathBuf {
    use crate::sandbox::postgres::{ProgramSource, Servers};
    let source = match std::env::var("CRUDDUR_INFRA_POSTGRES").ok().as_deref() {
        Some("archive") => ProgramSource::ArchiveOnly,
        Some(dir) if !dir.is_empty() => ProgramSource::Dir(dir.into()),
        _ => ProgramSource::Auto,
    };
    let cache = std::env::var_os("CRUDDUR_INFRA_CACHE").map_or_else(
        || std::env::temp_dir().join("cruddur-infra-test-cache"),
        PathBuf::from,
    );
    let world = tempfile::tempdir().unwrap();
    let servers = Servers::new(world.path().to_owned(), source, cache);
    // on a thread of its own: whoever asks may be inside a runtime
    let asking = std::thread::spawn(move || {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(servers.prepare())
    });
    let found = asking.join().unwrap();
    found.unwrap_or_else(|e| panic!("these tests need a Postgres server: {e}"))
}

/// Postgres refuses to run as root; then `postgres` or `nobody` does it.
fn unprivileged_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let probe = tempfile::NamedTempFile::new().unwrap();
    if probe.as_file().metadata().unwrap().uid() != 0 {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = passwd
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(
        ids("postgres")
            .or_else(|| ids("nobody"))
            .expect("a user postgres or nobody"),
    )
}

fn give(path: &Path, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

fn run(binaries: &Path, name: &str, directory: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(binaries.join(name));
    command
        .current_dir(directory)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn postgres(binaries: &Path, directory: &Path, user: Option<(u32, u32)>, port: u16) -> Child {
    let log = fs::File::create(directory.join("log")).unwrap();
    let sockets = format!("unix_socket_directories={}", directory.display());
    let mut command = run(binaries, "postgres", directory, user);
    command.args(["-D", "data", "-p", &port.to_string(), "-c", &sockets]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "ssl=on",
        "ssl_cert_file=../server.crt",
        "ssl_key_file=../server.key",
        "password_encryption=scram-sha-256",
        "fsync=off",
        "max_connections=300",
    ] {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// Waits for the status line of `postmaster.pid`; false when the process ended (port taken).
fn ready(directory: &Path, child: &mut Child) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let status = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default();
        if status
            .lines()
            .last()
            .is_some_and(|line| line.trim() == "ready")
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A CA, and a certificate for [`HOST`] and `localhost` beside it; returns the CA's PEM.
fn write_certificates(directory: &Path) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec![HOST.to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    fs::write(directory.join("server.crt"), certificate.pem()).unwrap();
    fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    fs::write(directory.join("ca.crt"), ca.pem()).unwrap();
    ca.pem()
}
