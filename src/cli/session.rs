//! What most commands begin with: the file, the sandbox, the clients, who the caller is, the address, the stack.

use super::again::dialled;
use super::args::{Dial, Global};
use super::copies;
use super::failure::Failure;
use super::local::{self, Local};
use super::lock::Lock;
use super::output::shell_word;
use super::signals::{at_once, or_stopped};
use crate::aws::actions::allowed_by;
use crate::aws::{Clients, Settings};
use crate::engine::Stack;
use crate::model::{Addr, Diagnostic, Fault, Secret, Severity};
use crate::render::Invoked;
use crate::resource::{FinalSnapshot, StackFacts};
use crate::stack::{self, Loaded};
use crate::{kinds, pg, public_ip, workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The address that this machine has in the sandbox where none is given: one of AWS's own, so that it is public and
/// nobody's home.
const SANDBOX_ADDRESS: Ipv4Addr = Ipv4Addr::new(52, 94, 76, 10);

/// The longest file that is read, in bytes: a thousand entries fit well.
const LONGEST: u64 = 1024 * 1024;

/// What a command needs besides the file.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// This machine's public address, where an entry uses it.
    pub address: bool,
    /// `--ip`.
    pub ip: Option<String>,
    /// How Postgres is reached.
    pub dial: Dial,
    /// What `destroy` does with data.
    pub final_snapshot: FinalSnapshot,
    /// No copy is kept of rows that are lost.
    pub no_copy: bool,
    /// What it is about, with what that needs; all of the stack where it is empty.
    pub only: Vec<Addr>,
    /// `--allow-replace`: what these lose is agreed to, though no plan may be able to show it.
    pub allowed: Vec<Addr>,
    /// Everything is compared: the files that entries are made of, and every variable, must be there.
    pub comparing: bool,
}

/// A command's surroundings.
pub struct Session {
    /// The stack.
    pub stack: Stack,
    /// Warnings about the file.
    pub warnings: Vec<Diagnostic>,
    /// The file says that whoever changes the stack holds its lock.
    pub locks: bool,
    /// How fast the world runs; 1 but in the sandbox.
    pub speed: f64,
    /// The clients.
    pub clients: Clients,
    /// How Postgres is reached.
    pub connector: pg::Connector,
    /// How databases are reached, as it is to be typed again: ` --connect-to localhost:5433`.
    pub dialled: String,
    /// How the program was begun.
    pub invoked: Option<&'static Invoked>,
    /// The stack's lock, where this run has taken it.
    pub lock: Lock,
    local: Option<Local>,
}

/// Parses the file, or says why it cannot be read.
///
/// # Errors
/// Where it is not there or no text.
pub fn read(global: &Global, kinds: &[Arc<dyn crate::resource::Kind>]) -> Result<Loaded, Failure> {
    let text = global.text.or_read(|| text(global))?;
    Ok(stack::parse(
        &global.file.display().to_string(),
        text,
        kinds,
    ))
}

fn text(global: &Global) -> Result<String, Failure> {
    let name = global.file.display().to_string();
    // a device or a pipe does not say how long it is, and may never begin
    let bytes = at_once(|| crate::files::read_at_most(&global.file, LONGEST)).map_err(|e| {
        let help = match e.kind() {
            std::io::ErrorKind::FileTooLarge => {
                return Failure::with_help(
                    format!("{name} is larger than {} KiB", LONGEST / 1024),
                    "that is no stack file; --file names another",
                );
            }
            std::io::ErrorKind::NotFound => {
                "`cruddur-infra init` writes a commented one; --file names another"
            }
            _ => "--file names another",
        };
        Failure::with_help(format!("{name} cannot be read: {e}"), help)
    })?;
    String::from_utf8(bytes).map_err(|e| {
        Failure::with_help(
            format!(
                "{name} is no UTF-8 text (byte {})",
                e.utf8_error().valid_up_to()
            ),
            "save it as UTF-8",
        )
    })
}

/// Returns the directory that paths in the file are relative to.
pub fn base(global: &Global) -> &Path {
    global
        .file
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// Makes a failure of diagnostics.
pub fn diagnostics(loaded: &Loaded, mut found: Vec<Diagnostic>) -> Failure {
    found.sort_by_key(|d| (d.severity, d.span.clone().map(|s| (s.file, s.offset))));
    found.dedup();
    Failure::Diagnostics {
        found,
        sources: [(loaded.file.clone(), loaded.source.clone())].into(),
    }
}

/// Returns the values of the variables that the file names, and whether each is set for real.
pub fn environment(
    loaded: &Loaded,
    sandbox: Option<&Path>,
) -> (BTreeMap<String, Secret>, Vec<String>) {
    let mut env = BTreeMap::new();
    let mut invented = Vec::new();
    for name in loaded.variables().into_keys() {
        match (std::env::var(&name), sandbox) {
            (Ok(value), _) if !value.is_empty() => {
                env.insert(name, Secret::new(value));
            }
            (_, Some(dir)) => {
                if let Some(value) = sandbox_value(&name, dir) {
                    env.insert(name.clone(), value);
                    invented.push(name);
                }
            }
            _ => {}
        }
    }
    (env, invented)
}

/// A variable that is not set has a value in the sandbox: its own pool, or a text that is kept with its world.
fn sandbox_value(name: &str, dir: &Path) -> Option<Secret> {
    if name.contains("USER_POOL") {
        return Some(Secret::new("cruddur-user-pool"));
    }
    let path = dir.join("values").join(name);
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Some(Secret::new(text));
    }
    let value = crate::sandbox::random_text()?;
    crate::files::create_private(&path, value.as_bytes()).ok()?;
    // another command may have been first, and all must go by the same value
    std::fs::read_to_string(&path).ok().map(Secret::new)
}

/// Facts for checks that need no network.
pub fn offline_facts(loaded: &Loaded, env: BTreeMap<String, Secret>) -> StackFacts {
    StackFacts {
        stack: loaded.name.clone(),
        account: "000000000000".to_owned(),
        region: loaded.region.clone().unwrap_or_default(),
        partition: "aws".to_owned(),
        owner: String::new(),
        workspace: String::new(),
        now: jiff::Timestamp::now().as_second(),
        current_ip: None,
        env,
        assets: BTreeMap::new(),
        final_snapshot: FinalSnapshot::Skip,
        ..StackFacts::default()
    }
}

impl Session {
    /// Adds to a call that was denied what would allow it, for the object that has these names.
    pub fn explained<const N: usize>(
        &self,
        fault: Fault,
        names: [(&'static str, String); N],
    ) -> Fault {
        allowed_by(fault, &self.stack.facts.place(names.into()))
    }

    /// The same for every fault of a failure.
    pub fn explained_all<const N: usize>(
        &self,
        failure: Failure,
        names: [(&'static str, String); N],
    ) -> Failure {
        let Failure::Faults(faults) = failure else {
            return failure;
        };
        let explained = |(addr, fault)| (addr, self.explained(fault, names.clone()));
        Failure::Faults(faults.into_iter().map(explained).collect())
    }

    /// Opens a session, unless it is told to stop. Everything that is wrong with the file is found before any call goes
    /// out.
    ///
    /// # Errors
    /// What is wrong with the file or with how AWS is to be reached; that it was told to stop. A sandbox that was
    /// started for it has ended then.
    pub async fn open(
        global: &Global,
        needs: &Needs,
        stop: &CancellationToken,
    ) -> Result<Self, Failure> {
        // kinds without clients suffice to read; the clients come when the region is known
        let probe = read(global, &kinds::offline())?;
        let region = agreed_region(global, &probe)?;
        let wrong = |d: &Diagnostic| d.severity == Severity::Error;
        if region.is_none() && probe.diagnostics.iter().any(wrong) {
            // that no region is known may be no more than a consequence
            return Err(diagnostics(&probe, probe.diagnostics.clone()));
        }
        let mut local = None;
        if global.sandbox {
            let region = region.clone().unwrap_or_else(|| "us-west-2".to_owned());
            local = Some(Local::start(global, &region).await?);
        }
        // not before: what a sandbox has begun to start must be up to be ended
        let opened = or_stopped(Self::within(global, needs, region, local.as_ref()), stop);
        match opened.await {
            Ok(mut session) => {
                session.local = local;
                Ok(session)
            }
            Err(failure) => {
                if let Some(local) = local {
                    local.close().await;
                }
                Err(failure)
            }
        }
    }

    async fn within(
        global: &Global,
        needs: &Needs,
        region: Option<String>,
        local: Option<&Local>,
    ) -> Result<Self, Failure> {
        let settings = Settings {
            region,
            profile: global.profile.clone(),
            endpoint: local
                .map(|l| l.endpoint.clone())
                .or_else(|| global.endpoint_url.clone()),
            sandbox: local.is_some(),
            ..Settings::default()
        };
        let mut connector = connector(&needs.dial, local)?;
        let allowed = needs.allowed.iter().map(ToString::to_string);
        connector = connector.allowing(allowed);
        if !needs.no_copy {
            connector = connector.keeping(copies::place(global));
        }
        let clients = Clients::load(&settings)
            .await
            .map_err(|e| Failure::message(e.to_string()))?;
        if let Some(invoked) = global.invoked {
            invoked.in_region(&shell_word(&clients.region));
        }
        let who = workspace::current();
        let all = kinds::all(&clients, &connector, &who.owner, &who.workspace);
        let loaded = read(global, &all)?;
        let (env, invented) = environment(&loaded, local.map(|l| l.dir.as_path()));
        let mut found = loaded.diagnostics.clone();
        if needs.comparing {
            found.extend(loaded.unset(|name| env.contains_key(name)));
        }
        let wheels = local::wheels()?;
        let mut facts = offline_facts(&loaded, env);
        if needs.comparing {
            let (assets, wrong) = loaded.assets(base(global), Some(&wheels)).await;
            facts.assets = assets;
            found.extend(wrong);
            let facts = Arc::new(facts.clone());
            found.extend(loaded.check(&facts));
        }
        if found.iter().any(|d| d.severity == Severity::Error) {
            return Err(diagnostics(&loaded, found));
        }
        let identity = clients.identity().await?;
        if let Some(account) = &loaded.account
            && local.is_none()
            && account != &identity.account
        {
            return Err(Failure::with_help(
                format!(
                    "{} is for account {account}, and the credentials are of account {}",
                    loaded.file, identity.account
                ),
                "choose the right profile with --profile, or correct `account:`",
            ));
        }
        facts.account = identity.account;
        facts.partition = identity.partition;
        facts.region = clients.region.clone();
        facts.final_snapshot = needs.final_snapshot.clone();
        facts.owner = who.owner;
        facts.workspace = who.workspace;
        facts.run = workspace::run_nonce();
        let mut warnings: Vec<_> = found;
        if !invented.is_empty() {
            warnings.push(
                Diagnostic::warning(format!(
                    "the sandbox gave a value to {}",
                    invented.join(", ")
                ))
                .help("set them for a real run"),
            );
        }
        let locks = loaded.locks;
        let mut stack = loaded.into_stack(facts);
        let only: BTreeSet<Addr> = needs.only.iter().cloned().collect();
        let scope = match only.is_empty() {
            true => stack.nodes.keys().cloned().collect(),
            false => stack.with_needs(&only),
        };
        let uses_address = |addr: &Addr| {
            let node = stack.nodes.get(addr);
            node.is_some_and(|node| node.uses_current_ip())
        };
        if needs.address && scope.iter().any(uses_address) {
            let address = address(needs.ip.as_deref(), local.is_some()).await?;
            Arc::make_mut(&mut stack.facts).current_ip = Some(address);
        }
        Ok(Session {
            locks,
            stack,
            warnings,
            speed: local.map_or(1.0, |l| l.speed),
            clients,
            connector,
            dialled: dialled(&needs.dial),
            invoked: global.invoked,
            lock: Lock::default(),
            local: None,
        })
    }

    /// Whether it is the sandbox's.
    pub fn is_sandbox(&self) -> bool {
        self.local.is_some()
    }

    /// Ends the session, and the sandbox with it where it was started for it.
    pub async fn close(self) {
        if let Some(local) = self.local {
            local.close().await;
        }
    }
}

fn agreed_region(global: &Global, loaded: &Loaded) -> Result<Option<String>, Failure> {
    match (&loaded.region, &global.region) {
        (Some(file), Some(given)) if file != given => Err(Failure::with_help(
            format!(
                "{} is for region {file}, and --region says {given}",
                loaded.file
            ),
            "leave --region out, or correct `region:`",
        )),
        (Some(file), _) => Ok(Some(file.clone())),
        (None, given) => Ok(given.clone()),
    }
}

/// Returns how Postgres is reached.
///
/// # Errors
/// Where `--connect-to` or `--ca-bundle` cannot be used.
pub fn connector(dial: &Dial, local: Option<&Local>) -> Result<pg::Connector, Failure> {
    let mut options = pg::Options {
        application_name: "cruddur-infra".to_owned(),
        ..pg::Options::default()
    };
    let mut roots = Vec::new();
    if let Some(path) = &dial.ca_bundle {
        let pem = std::fs::read(path)
            .map_err(|e| Failure::message(format!("--ca-bundle {}: {e}", path.display())))?;
        pg::certificates(&pem)
            .map_err(|e| Failure::message(format!("--ca-bundle {}: {e}", path.display())))?;
        roots.extend(pem);
    }
    if let Some(pem) = local.and_then(Local::certificate) {
        roots.extend(pem);
    }
    if !roots.is_empty() {
        options.extra_roots_pem = Some(roots);
    }
    if let Some(text) = &dial.connect_to {
        let (host, port) = text
            .rsplit_once(':')
            .and_then(|(h, p)| Some((h.trim_matches(['[', ']']), p.parse::<u16>().ok()?)))
            .filter(|(h, _)| !h.is_empty())
            .ok_or_else(|| {
                Failure::with_help(
                    format!("--connect-to {text} is no HOST:PORT"),
                    "write it as in --connect-to localhost:15432",
                )
            })?;
        options.connect_to = Some((host.to_owned(), port));
    }
    // a look at a database that is out of reach must not hold up a plan for long
    options.connect_timeout = std::time::Duration::from_secs(5);
    Ok(pg::Connector::new(options))
}

/// Returns this machine's public address.
///
/// # Errors
/// Where it is not public, or the sources do not agree.
pub async fn address(given: Option<&str>, sandbox: bool) -> Result<Ipv4Addr, Failure> {
    let wrong = |e: public_ip::IpError| Failure::with_help(e.to_string(), e.help());
    if let Some(text) = given {
        return public_ip::parse_given(text).map_err(wrong);
    }
    if sandbox {
        return Ok(SANDBOX_ADDRESS);
    }
    public_ip::current().await.map_err(wrong)
}
