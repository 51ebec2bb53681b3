//! What the tests on the sandbox share: a world of its own, the real SDK, and the program's own way from a text to a
//! stack, a plan and a run.

use cruddur_infra::aws::{Clients, Settings};
use cruddur_infra::engine::{
    self, Clock, Emitter, Goal, Options, RealClock, RunSettings, Seen, Stack,
};
use cruddur_infra::model::{
    Action, Addr, Change, Event, FORMAT_VERSION, Fault, Observed, Plan, PlanOptions, Purpose,
    RunSummary, Secret, Severity, Stamped,
};
use cruddur_infra::pg;
use cruddur_infra::resource::{Facts, FinalSnapshot, StackFacts};
use cruddur_infra::sandbox::faults::Script;
use cruddur_infra::sandbox::postgres::{ProgramSource, Servers};
use cruddur_infra::sandbox::server::{Server, ServerOptions};
use cruddur_infra::sandbox::timing::Timing;
use cruddur_infra::sandbox::world::{ACCOUNT, World};
use cruddur_infra::sandbox::{Sandbox, SandboxOptions};
use cruddur_infra::{kinds, stack};
use futures_util::FutureExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// The region of these worlds.
pub const REGION: &str = "us-west-2";
/// How much faster than AWS they run.
pub const SPEED: f64 = 2000.0;
/// Where this machine seems to be.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(52, 94, 76, 10);
/// The password of the stacks' databases.
pub const PASSWORD: &str = "correct-horse-42";

/// A world and somebody who answers for it.
pub struct Stage {
    pub sandbox: Sandbox,
    pub server: Server,
    /// The folder that stack files are relative to.
    pub base: PathBuf,
    /// This machine's address, as the entries see it.
    pub address: Ipv4Addr,
    /// The entries see the sandbox's time, not the first moment of 1970.
    pub keeps_time: bool,
    _dir: TempDir,
}

/// Where fetched programs are kept between runs.
pub fn cache_dir() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from("CRUDDUR_INFRA_CACHE")
        .or_else(|| from("HOME").map(|home| home.join(".cache/cruddur-infra")))
        .unwrap_or_else(|| std::env::temp_dir().join("cruddur-infra-cache"))
}

/// Every command has another.
fn nonce() -> String {
    static COMMANDS: AtomicU64 = AtomicU64::new(1);
    format!("{:012x}", COMMANDS.fetch_add(1, Ordering::SeqCst))
}

impl Stage {
    /// Opens a world without databases behind its instances: nothing listens, the rest is as ever.
    pub async fn open() -> Self {
        Self::with(false).await
    }

    /// Opens a world whose instances are real databases.
    pub async fn with_postgres() -> Self {
        Self::with(true).await
    }

    async fn with(postgres: bool) -> Self {
        Self::at(Timing::scaled(SPEED), postgres).await
    }

    /// Opens a world on a clock of its own.
    pub async fn at(timing: Timing, postgres: bool) -> Self {
        // the binary does it in main
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("files");
        std::fs::create_dir_all(&base).unwrap();
        let mut sandbox = Sandbox::open(SandboxOptions {
            dir: dir.path().join("world"),
            region: REGION.to_owned(),
            timing,
            wheels: Arc::new(|_, _, _| async { Err("no wheels here".to_owned()) }.boxed()),
            programs: ProgramSource::Auto,
            cache: cache_dir(),
        })
        .unwrap();
        if postgres {
            sandbox.postgres.lease().await.unwrap();
        } else {
            sandbox.postgres = Servers::none();
        }
        let server = Server::start(sandbox.clone(), 0).await.unwrap();
        Stage {
            sandbox,
            server,
            base,
            address: ADDRESS,
            keeps_time: false,
            _dir: dir,
        }
    }

    /// Writes a file that a stack names.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.base.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Answers for the same world, with faults.
    pub async fn with_faults(&self, script: &str) -> Server {
        let options = ServerOptions {
            port: 0,
            faults: Script::parse(script).unwrap(),
        };
        Server::start(self.sandbox.clone(), options).await.unwrap()
    }

    /// The world as it is now, as JSON: what was under way and is over by now has taken effect.
    pub fn world(&self) -> Value {
        let store = &self.sandbox.store;
        let mut world = store.read(World::clone).unwrap();
        world.rds.settle(store.timing());
        world.scheduler.settle(store.timing().now());
        serde_json::to_value(world).unwrap()
    }

    /// Changes the world by hand.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox
            .store
            .write(|w| {
                change(w);
                Ok(())
            })
            .unwrap();
    }

    /// Connects to this world's databases, with their certificates verified.
    pub fn connector(&self) -> pg::Connector {
        let roots = self.sandbox.postgres.ca_pem().unwrap();
        pg::Connector::new(pg::Options {
            extra_roots_pem: (!roots.is_empty()).then_some(roots),
            connect_timeout: std::time::Duration::from_secs(20),
            ..pg::Options::default()
        })
    }

    /// Reads a stack, as a new command would: with clients and kinds of its own.
    pub async fn stack(&self, yaml: &str) -> Stack {
        self.stack_at(yaml, &self.server).await
    }

    /// Clients of a server of this world.
    pub async fn clients(&self, server: &Server) -> Clients {
        Clients::load(&Settings {
            region: Some(REGION.to_owned()),
            endpoint: Some(server.endpoint()),
            sandbox: true,
            backoff: Some(std::time::Duration::from_millis(1)),
            ..Settings::default()
        })
        .await
        .unwrap()
    }

    /// The same through another server.
    pub async fn stack_at(&self, yaml: &str, server: &Server) -> Stack {
        let clients = self.clients(server).await;
        let kinds = kinds::all(&clients, &self.connector(), "ana", "laptop");
        let loaded = stack::parse("stack.yaml", yaml, &kinds);
        assert!(
            loaded.diagnostics.is_empty(),
            "{:#?}\n{yaml}",
            loaded.diagnostics
        );
        let (assets, wrong) = loaded.assets(&self.base, None).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        let env = [
            ("DB_PASSWORD", PASSWORD),
            ("COGNITO_USER_POOL_ID", "cruddur-user-pool"),
        ];
        let facts = StackFacts {
            stack: loaded.name.clone(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            partition: "aws".to_owned(),
            owner: "ana".to_owned(),
            workspace: "laptop".to_owned(),
            run: nonce(),
            current_ip: Some(self.address),
            now: match self.keeps_time {
                true => self.sandbox.store.timing().now() / 1000,
                false => 0,
            },
            env: env
                .map(|(k, v)| (k.to_owned(), Secret::new(v.to_owned())))
                .into(),
            assets,
            final_snapshot: FinalSnapshot::Skip,
            ..StackFacts::default()
        };
        let complaints = loaded.check(&Arc::new(facts.clone()));
        let errors: Vec<_> = complaints
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{yaml}");
        loaded.into_stack(facts)
    }

    /// Runs the program itself on the `stack.yaml` of the folder, against one of this world's servers.
    pub async fn program(&self, server: &Server, args: &[&str]) -> Output {
        self.command(server, args).output().await.unwrap()
    }

    /// The same, to be started.
    pub fn command(&self, server: &Server, args: &[&str]) -> tokio::process::Command {
        let pool = self
            .sandbox
            .store
            .read(|w| w.cognito.pools[0].id.clone())
            .unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_cruddur-infra"));
        command
            .args(args)
            .args(["--endpoint-url", &server.endpoint()])
            .current_dir(&self.base)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.base)
            .env("AWS_ACCESS_KEY_ID", "stage")
            .env("AWS_SECRET_ACCESS_KEY", "stage")
            .env("DB_PASSWORD", PASSWORD)
            .env("CRUDDUR_INFRA_IP", self.address.to_string())
            .env("COGNITO_USER_POOL_ID", pool)
            .env("CRUDDUR_INFRA_OWNER", "ana")
            .env("CRUDDUR_INFRA_WORKSPACE", "laptop");
        command
    }

    /// Ends the servers behind the instances, and removes their data.
    pub async fn close(self) {
        self.sandbox.postgres.destroy_all().await.unwrap();
    }
}

impl Drop for Stage {
    /// A test that fails leaves no server behind either.
    fn drop(&mut self) {
        let postgres = self.sandbox.postgres.clone();
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(postgres.destroy_all())
        });
        if !matches!(ended.join(), Ok(Ok(()))) {
            eprintln!("a Postgres server of this test may still run");
        }
    }
}

/// Looks at entries and what they need.
pub async fn look(stack: &Stack, scope: &BTreeSet<Addr>) -> Result<Seen, Vec<(Addr, Fault)>> {
    engine::observe(stack, &stack.with_needs(scope), Goal::Keep, 24).await
}

/// Looks at one entry whose needs are there.
pub async fn look_at(stack: &Stack, addr: &Addr) -> Result<Observed, Fault> {
    match look(stack, &[addr.clone()].into()).await {
        Ok(seen) => Ok(seen.observed[addr].clone()),
        Err(mut faults) => Err(faults.remove(0).1),
    }
}

/// Plans for entries and what they need.
pub async fn plan(stack: &Stack, scope: &BTreeSet<Addr>, options: &Options) -> (Plan, Seen) {
    let scope = stack.with_needs(scope);
    let seen = engine::observe(stack, &scope, Goal::Keep, 24)
        .await
        .unwrap_or_else(|faults| panic!("{faults:#?}"));
    let info = engine::infos(stack, &scope, &seen.outputs);
    let changes = engine::plan(&info, &stack.after, &seen.observed, options);
    (whole(stack, changes, Purpose::Apply), seen)
}

/// Plans to remove entries and leave what they need.
pub async fn plan_removal(stack: &Stack, addr: &Addr) -> (Plan, Seen) {
    let scope = stack.with_needs(&[addr.clone()].into());
    let seen = engine::observe(stack, &scope, Goal::Destroy, 24)
        .await
        .unwrap_or_else(|faults| panic!("{faults:#?}"));
    let mut info = engine::infos(stack, &scope, &seen.outputs);
    engine::only_with(&mut info, &[addr.clone()].into());
    let mut changes = engine::plan_destroy(&info, &stack.after, &seen.observed);
    for change in changes.iter_mut().filter(|c| c.addr != *addr) {
        change.action = Action::NoOp;
    }
    (whole(stack, changes, Purpose::Destroy), seen)
}

/// Makes a plan of changes.
pub fn whole(stack: &Stack, changes: Vec<Change>, purpose: Purpose) -> Plan {
    Plan {
        format_version: FORMAT_VERSION,
        purpose,
        stack: stack.facts.stack.clone(),
        stack_digest: stack.digest.clone(),
        account: stack.facts.account.clone(),
        region: stack.facts.region.clone(),
        summary: Plan::count(&changes),
        changes,
        orphans: Vec::new(),
        warnings: Vec::new(),
        options: PlanOptions::default(),
        digest: String::new(),
    }
}

/// Runs a plan.
pub async fn run(stack: &Stack, plan: &Plan, seen: &Seen) -> (RunSummary, Vec<Stamped>) {
    let (to, mut from) = tokio::sync::mpsc::unbounded_channel();
    let summary = run_telling(stack, plan, seen, to).await;
    let mut events = Vec::new();
    while let Ok(event) = from.try_recv() {
        events.push(event);
    }
    (summary, events)
}

/// Runs a plan, and tells what happens as it happens.
pub async fn run_telling(
    stack: &Stack,
    plan: &Plan,
    seen: &Seen,
    to: UnboundedSender<Stamped>,
) -> RunSummary {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new(SPEED));
    let settings = RunSettings {
        parallelism: 10,
        no_wait: false,
        await_rest: false,
        clock: clock.clone(),
        stop: CancellationToken::new(),
    };
    let emitter = Emitter::new(to, clock);
    engine::apply(stack, plan, seen, &settings, &emitter).await
}

/// Makes the world as entries and what they need say, and returns the plan that did it.
pub async fn converge(stack: &Stack, scope: &BTreeSet<Addr>) -> Plan {
    let (plan, seen) = plan(stack, scope, &Options::default()).await;
    let refused: Vec<_> = plan.refused().collect();
    assert!(refused.is_empty(), "{refused:?}");
    run_well(stack, &plan, &seen).await;
    plan
}

/// Runs a plan in which nothing may fail.
pub async fn run_well(stack: &Stack, plan: &Plan, seen: &Seen) {
    let (summary, events) = run(stack, plan, seen).await;
    let failed: Vec<_> = events
        .iter()
        .filter(|e| matches!(e.event, Event::Failed { .. }))
        .collect();
    assert!(summary.complete(), "{failed:#?}\n{summary:#?}");
}

/// What one entry's functions may know after a look.
pub fn facts(stack: &Stack, addr: &Addr, seen: &Seen) -> Facts {
    stack.facts(addr, &seen.outputs)
}

/// Returns the paths at which two documents differ, `rds.instances.main.values.port`. Members of a list go by their
/// `id`, `name` or `number` where they have one.
pub fn moved(before: &Value, after: &Value) -> Vec<String> {
    fn key(item: &Value, at: usize) -> String {
        ["id", "name", "number", "Sid"]
            .iter()
            .find_map(|k| match &item[k] {
                Value::String(s) => Some(s.clone()),
                Value::Number(n) => Some(n.to_string()),
                _ => None,
            })
            .unwrap_or_else(|| at.to_string())
    }
    fn members(value: &Value) -> Option<BTreeMap<String, &Value>> {
        match value {
            Value::Object(map) => Some(map.iter().map(|(k, v)| (k.clone(), v)).collect()),
            Value::Array(items) if items.iter().any(Value::is_object) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, v)| (key(v, at), v))
                    .collect(),
            ),
            _ => None,
        }
    }
    fn walk(path: &str, a: &Value, b: &Value, out: &mut Vec<String>) {
        if a == b {
            return;
        }
        let (Some(left), Some(right)) = (members(a), members(b)) else {
            out.push(path.to_owned());
            return;
        };
        let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for key in keys {
            let below = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match (left.get(key), right.get(key)) {
                (Some(a), Some(b)) => walk(&below, a, b, out),
                _ => out.push(below),
            }
        }
    }
    let mut out = Vec::new();
    walk("", before, after, &mut out);
    out
}

/// The files that the shipped stack names, beside a copy of it.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Zips texts.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*path, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
