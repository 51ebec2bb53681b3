//! A storm through the real binary: its sandbox with a fault script, and signals at random moments.

use super::Tally;
use super::crash::Ambush;
use super::draft::Draft;
use super::scene;
use super::storm::{Command, End, Meddling, Round, Storm};
use crate::cli::{Output, Workplace};
use rustix::process::Signal;
use serde_json::Value;

/// How much faster than AWS its world runs.
const SPEED: &str = "2000";

/// A storm under way.
struct Outside {
    work: Workplace,
    before: Value,
    tally: Tally,
}

/// Runs a storm.
///
/// # Errors
/// The first promise that it breaks.
pub fn run(storm: &Storm) -> Result<Tally, String> {
    let mut work = Workplace::new();
    scene::write_files(&work.path(""));
    work.set("CRUDDUR_INFRA_OWNER", "ana");
    work.set("CRUDDUR_INFRA_WORKSPACE", "laptop");
    work.set("CRUDDUR_INFRA_SANDBOX_SPEED", SPEED);
    // the world before us
    std::fs::create_dir_all(work.world_dir()).unwrap();
    let before = scene::inhabited().clone();
    std::fs::write(work.world_dir().join("world.json"), before.to_string()).unwrap();
    let mut outside = Outside {
        work,
        before,
        tally: Tally::default(),
    };
    for (at, round) in storm.rounds.iter().enumerate() {
        outside
            .round(round)
            .map_err(|e| format!("round {}: {e}", at + 1))?;
    }
    outside.tally.faults = outside.disturbed();
    if storm.calm {
        outside
            .calm(&storm.rounds[storm.rounds.len() - 1].draft)
            .map_err(|e| format!("in the calm: {e}"))?;
    }
    // of the file as it is now: what left it is found by its marks
    outside.end().map_err(|e| format!("at the end: {e}"))?;
    Ok(outside.tally)
}

impl Outside {
    fn world(&self) -> Value {
        match self.work.world() {
            Value::Null => self.before.clone(),
            world => world,
        }
    }

    /// How many calls so far did not get the answer that they should have had.
    fn disturbed(&self) -> u32 {
        let log = std::fs::read_to_string(self.work.world_dir().join("calls.jsonl"));
        let log = log.unwrap_or_default();
        let calls = log.lines().map(|line| {
            let call: Value = serde_json::from_str(line).unwrap_or_default();
            call["status"].as_u64().map(|s| s as u16)
        });
        calls.filter(|status| scene::was_disturbed(*status)).count() as u32
    }

    fn round(&mut self, round: &Round) -> Result<(), String> {
        if let Some(what) = round.meddling {
            let mut world = self.world();
            scene::meddle(&mut world, what);
            std::fs::write(self.work.world_dir().join("world.json"), world.to_string()).unwrap();
            if matches!(what, Meddling::Pool { .. }) {
                scene::meddle(&mut self.before, what);
            }
        }
        self.work.write("stack.yaml", &round.draft.yaml());
        self.work.write("faults.yaml", &round.faults.join("\n"));
        self.work
            .set("CRUDDUR_INFRA_IP", &format!("52.94.76.{}", round.address));
        let only;
        let command: &[&str] = match &round.command {
            Command::Apply => &["apply"],
            Command::RefreshIp => &["refresh-ip"],
            Command::Stop => &["stop"],
            Command::Start => &["start"],
            Command::Destroy => &["destroy", "--skip-final-snapshot"],
            Command::DestroyOnly(addr) => {
                only = ["destroy", "--skip-final-snapshot", "--only", addr];
                &only
            }
        };
        let args = [
            &["--format", "json", "--sandbox-faults", "faults.yaml"],
            command,
        ]
        .concat();
        let mut run = self.work.start(&args);
        let mut seen = 0;
        let mut ambush = Ambush::default();
        loop {
            match &round.end {
                End::Told { events } if *events == seen => {
                    let signal = [Signal::INT, Signal::TERM][(events % 2) as usize];
                    run.signal(signal);
                    self.tally.told += 1;
                }
                End::Killed { events, moments } if *events == seen => {
                    std::thread::sleep(std::time::Duration::from_millis(*moments));
                    run.signal(Signal::KILL);
                    self.tally.killed += 1;
                }
                _ => {}
            }
            ambush.look(round.crash, seen, || self.world());
            if run.line().is_none() {
                break;
            }
            seen += 1;
        }
        let output = run.wait();
        self.tally.crashes += u32::from(ambush.over());
        self.tally.rounds += 1;
        self.tally.broken += u32::from(output.code != Some(0));
        if output.code == Some(101) {
            return Err(format!("a panic: {}", output.all()));
        }
        self.quiet(&output)?;
        scene::others_are_untouched(&self.before, &self.world())
    }

    fn calm(&mut self, draft: &Draft) -> Result<(), String> {
        // it stands still on purpose, and what is in it cannot be looked at: `start` is what is said
        if draft.has("sql_script.schema") {
            let status = self.work.run(&["--format", "json", "status"]);
            done(&status, "status")?;
            // also where it was started only for a change, and the next apply stops it again
            let still = ["\"stopped\"", "\"stopping\"", "\"stopped_again\""];
            if still.iter().any(|word| status.stdout.contains(word)) {
                self.tally.started += 1;
                let start = self.work.run(&["--format", "json", "start"]);
                done(&start, "start")?;
            }
        }
        let apply = self.work.run(&["--format", "json", "apply"]);
        self.quiet(&apply)?;
        done(&apply, "one apply")?;
        let mut plan = self
            .work
            .run(&["--format", "json", "plan", "--detailed-exitcode"]);
        // as in process: its change begins only now
        let waits = |c: &Value| c["action"] == "wait" && c["address"] == "rds_instance.main";
        if plan.code == Some(2) && crate::cli::changes(&plan.json()).values().all(waits) {
            self.tally.late += 1;
            done(&self.work.run(&["apply"]), "an apply that waits")?;
            plan = self.work.run(&["plan", "--detailed-exitcode"]);
        }
        done(&plan, "a plan after it")?;
        self.quiet(&plan)?;
        let world = self.world();
        scene::one_of_each(&world, draft)?;
        if draft.has("sql_script.seed") {
            let sql = ["db", "query", "--output", "json", "--command", scene::COUNT];
            let answer = self.work.run(&sql);
            done(&answer, "a query")?;
            let row = &answer.json()[0];
            let count = |name: &str| {
                row[name]
                    .as_i64()
                    .ok_or_else(|| format!("{name}: {}", answer.all()))
            };
            scene::no_half_script(count("lefts")?, count("rights")?, count("runs")?)?;
        }
        scene::others_are_untouched(&self.before, &world)
    }

    fn end(&mut self) -> Result<(), String> {
        let args = ["--format", "json", "destroy", "--skip-final-snapshot"];
        let destroy = self.work.run(&args);
        self.quiet(&destroy)?;
        done(&destroy, "one destroy")?;
        let again = self.work.run(&args);
        done(&again, "a second destroy")?;
        let events = again.events();
        let last = &events[events.len() - 1]["summary"];
        if last["done"].as_array().is_none_or(|all| !all.is_empty()) {
            return Err(format!("a second destroy finds work: {last}"));
        }
        let world = self.world();
        let (_, left) = scene::without_ours(&world);
        if !left.is_empty() {
            return Err(format!("destroy has left {left:#?}"));
        }
        scene::others_are_untouched(&self.before, &world)
    }

    /// No secret is ever said.
    fn quiet(&self, output: &Output) -> Result<(), String> {
        match std::fs::read_to_string(self.work.world_dir().join("values/DB_PASSWORD")) {
            Ok(secret) if output.all().contains(&secret) => {
                Err(format!("a secret is said: {}", output.all()))
            }
            _ => Ok(()),
        }
    }
}

fn done(output: &Output, what: &str) -> Result<(), String> {
    match output.code {
        Some(0) => Ok(()),
        code => Err(format!("{what} ends with {code:?}: {}", output.all())),
    }
}
