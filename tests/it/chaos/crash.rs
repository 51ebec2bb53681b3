//! A Postgres that crashes: the process of one session is killed, upon which the server ends all of them and recovers.
//! That is what it does when the machine runs out of memory.

use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// When a database crashes, once so many events have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub events: u64,
    pub strikes: Strikes,
}

/// At which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strikes {
    /// The first that is open so many milliseconds after one was seen.
    Any { moments: u64 },
    /// One in the midst of a statement that lasts, as the scripts have one between two others.
    Working,
}

/// Lies in wait for a session of the stack's database, on a thread of its own, until it has struck or is told to end.
#[derive(Default)]
pub struct Ambush(Option<(Arc<AtomicBool>, JoinHandle<bool>)>);

impl Ambush {
    /// Begins where it is time to, and the world has a database.
    pub fn look(&mut self, crash: Option<Crash>, events: u64, world: impl FnOnce() -> Value) {
        let Some(crash) = crash.filter(|c| self.0.is_none() && events >= c.events) else {
            return;
        };
        let world = world();
        let Some(address) = world["rds"]["instances"]["chaos-db"]["address"].as_str() else {
            return;
        };
        let listens = format!("'{address}'");
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let thread = std::thread::spawn(move || {
            let mut last = None;
            while !told.load(Ordering::SeqCst) {
                let now = session(&listens, crash.strikes == Strikes::Working);
                let due = match crash.strikes {
                    Strikes::Any { .. } => last.is_some(),
                    // still at it
                    Strikes::Working => now.is_some() && now == last,
                };
                if let Some(pid) = now.filter(|_| due) {
                    let kill = rustix::process::Signal::KILL;
                    return rustix::process::kill_process(pid, kill).is_ok();
                }
                last = match crash.strikes {
                    Strikes::Any { .. } => last.or(now),
                    Strikes::Working => now,
                };
                std::thread::sleep(Duration::from_millis(match (crash.strikes, now) {
                    (_, None) => 1,
                    (Strikes::Any { moments }, _) => moments,
                    (Strikes::Working, _) => 20,
                }));
            }
            false
        });
        self.0 = Some((over, thread));
    }

    /// Ends it. Tells whether it has struck.
    pub fn over(self) -> bool {
        self.0.is_some_and(|(over, thread)| {
            over.store(true, Ordering::SeqCst);
            thread.join().unwrap()
        })
    }
}

/// Returns the process of an open session on the server that listens on an address; of one that runs a `SELECT`, where
/// that is asked for.
fn session(listens: &str, working: bool) -> Option<rustix::process::Pid> {
    let text = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        // `postgres: keeper app 127.0.0.1(51234) INSERT`
        let line = text(&entry.path().join("cmdline"));
        let at_work = line.contains(" SELECT");
        if !line.starts_with("postgres: keeper app") || (working && !at_work) {
            continue;
        }
        let stat = text(&entry.path().join("stat"));
        let parent = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().nth(1).map(str::to_owned));
        let conf = Path::new("/proc")
            .join(parent.unwrap_or_default())
            .join("cwd/postgresql.conf");
        let pid = entry.file_name().to_str().and_then(|n| n.parse().ok());
        if text(&conf).contains(listens) {
            return pid.and_then(rustix::process::Pid::from_raw);
        }
    }
    None
}
