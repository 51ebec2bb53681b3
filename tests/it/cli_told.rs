//! What a run tells: events for programs, and never a secret, to nobody.

use crate::cli::{Running, Workplace};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Checks what holds for every stream of events, and returns the summary.
#[track_caller]
fn sound(events: &[Value], steps: usize) -> Value {
    let mut began: BTreeMap<String, Value> = BTreeMap::new();
    let mut ended = BTreeSet::new();
    let mut before = String::new();
    for (at, event) in events.iter().enumerate() {
        let stamp = event["at"].as_str().unwrap().to_owned();
        assert!(
            stamp.ends_with('Z') && stamp.len() == "2026-01-01T00:00:00.000Z".len(),
            "{event}"
        );
        assert!(stamp >= before, "{event} comes after {before}");
        before = stamp;
        let kind = event["event"].as_str().unwrap();
        let address = event["address"].as_str().map(str::to_owned);
        match kind {
            "planned" => assert_eq!((at, &event["steps"]), (0, &Value::from(steps))),
            "started" => {
                let address = address.unwrap();
                assert!(
                    began.insert(address, event["action"].clone()).is_none(),
                    "{event}"
                );
            }
            "waiting" | "retrying" => assert!(began.contains_key(&address.unwrap()), "{event}"),
            "done" => {
                let address = address.unwrap();
                assert_eq!(began.get(&address), Some(&event["action"]), "{event}");
                assert!(event["seconds"].as_f64().unwrap() >= 0.0, "{event}");
                assert!(ended.insert(address), "{event}");
            }
            "finished" => assert_eq!(at, events.len() - 1, "{event}"),
            other => panic!("{other}: {event}"),
        }
    }
    let last = events.last().unwrap();
    assert_eq!(last["event"], "finished");
    assert_eq!(ended.len(), steps);
    assert_eq!(last["summary"]["done"].as_array().unwrap().len(), steps);
    last["summary"].clone()
}

#[test]
fn programs_are_told_every_step() {
    let work = Workplace::light();
    let events = |args: &[&str]| {
        work.run(&[&["--format", "json"], args].concat())
            .code(0)
            .events()
    };

    let applied = events(&["apply"]);
    sound(&applied, 11);
    // in an order that keeps to the edges of the plan
    let graph = work.run(&["graph", "--format", "json"]).code(0).json();
    let place = |kind: &str, address: &str| {
        let found = |e: &Value| e["event"] == kind && e["address"] == address;
        applied.iter().position(found).unwrap()
    };
    for (address, after) in graph.as_object().unwrap() {
        for need in after.as_array().unwrap() {
            let need = need.as_str().unwrap();
            assert!(
                place("done", need) < place("started", address),
                "{address} after {need}"
            );
        }
    }
    // and the slowest goes first
    assert_eq!(applied[1]["address"], "rds_instance.main");

    assert_eq!(
        events(&["apply"]).len(),
        1,
        "nothing to do is finished at once"
    );
    sound(&events(&["refresh-ip", "--ip", "8.8.4.4"]), 1);
    assert_eq!(events(&["refresh-ip", "--ip", "8.8.4.4"]).len(), 1);
    sound(&events(&["stop"]), 1);
    sound(&events(&["start"]), 1);
    let destroyed = events(&["destroy", "--skip-final-snapshot"]);
    let last = destroyed.last().unwrap();
    assert_eq!(last["event"], "finished");
    assert_eq!(last["summary"]["failed"], Value::Array(Vec::new()));
    let left = &destroyed[destroyed.len() - 2];
    assert_eq!(left["event"], "receipt");
    let again = events(&["destroy"]);
    assert_eq!(again.len(), 2);
    assert_eq!(again[0]["event"], "receipt");

    // an error is an object as well
    let output = work.run(&["--format", "json", "stop"]).code(1);
    let failed = output.events();
    let failed = failed.iter().find(|e| e["event"] == "failed").unwrap();
    assert_eq!(failed["address"], "rds_instance.main");
    for name in ["op", "class", "message", "residue"] {
        assert!(failed["fault"][name].is_string(), "{failed}");
    }
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .any(|(at, b)| *b == text[0] && bytes[at..].starts_with(text))
}

/// Every process that had one of the texts among its arguments while a command ran.
fn arguments_while(running: &mut Running, texts: &[String], told: &mut BTreeSet<String>) -> usize {
    let mut looks = 0;
    while running.runs() {
        looks += 1;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            if let Ok(line) = std::fs::read(entry.path().join("cmdline"))
                && texts.iter().any(|text| holds(&line, text))
            {
                told.insert(String::from_utf8_lossy(&line).replace('\0', " "));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    looks
}

/// Where the sandbox keeps the data of its databases.
fn databases(work: &Workplace) -> PathBuf {
    let world = std::fs::canonicalize(work.world_dir()).unwrap();
    let mut hash = Sha256::new();
    hash.update(world.as_os_str().as_encoded_bytes());
    hash.update([0]);
    let digest = hash.finalize();
    let short: String = digest[..6].iter().map(|b| format!("{b:02x}")).collect();
    let own = PathBuf::from(format!("/var/tmp/cruddur-infra-{short}"));
    if own.exists() {
        own
    } else {
        world.join("postgres")
    }
}

#[test]
fn passwords_are_told_to_nobody() {
    let work = Workplace::new();
    let mut told = Vec::new();
    let mut say = |args: &[&str]| {
        let output = work.run(args);
        told.push((args.join(" "), output.all()));
        output
    };
    say(&["plan"]).code(0);
    // the master user's and the function's own
    let passwords = [work.password(), work.value("CRUDDUR_APP_PASSWORD")];
    let [master, own] = &passwords;
    assert!(passwords.iter().all(|p| p.len() >= 20));
    assert_ne!(master, own);

    // verbose, because that is when mistakes come to light
    let mut running = work.start(&["-vv", "--format", "json", "apply"]);
    let mut arguments = BTreeSet::new();
    let looks = arguments_while(&mut running, &passwords, &mut arguments);
    assert!(looks > 20, "{looks}");
    assert!(arguments.is_empty(), "{arguments:#?}");
    told.push(("apply".to_owned(), running.wait().code(0).all()));

    let mut say = |args: &[&str], code: i32| {
        let output = work.run(args).code(code);
        told.push((args.join(" "), output.all()));
    };
    say(&["-vv", "validate"], 0);
    say(&["-vv", "plan"], 0);
    say(&["-vv", "status"], 0);
    say(&["status", "--format", "json"], 0);
    say(&["-vv", "output"], 0);
    say(&["output", "--format", "json"], 0);
    say(&["output", "--format", "env"], 0);
    say(&["output", "rds_instance.main.connection_url"], 1);
    say(&["output", "postgres_role.app.connection_url"], 1);
    say(&["-vv", "refresh-ip", "--ip", "8.8.4.4"], 0);
    // a plan in which everything that holds a password changes
    work.edit(
        "      CONNECTION_URL: ${postgres_role.app.connection_url}",
        "      DATABASE_URL: ${postgres_role.app.connection_url}",
    );
    work.edit("    name: cruddur_app\n", "    name: cruddur_app2\n");
    say(&["-vv", "plan", "--out", "p.json"], 0);
    say(&["plan", "--format", "json"], 0);
    say(&["-vv", "apply", "p.json", "--format", "json"], 0);
    say(&["-vv", "stop"], 0);
    say(&["-vv", "plan"], 0);
    say(&["-vv", "start"], 0);

    // files: the sandbox's own values, and the function's environment in the world, as in AWS; the master user's
    // password is in no function's environment at all
    let mut all = Vec::new();
    files(work.path(".").as_path(), &mut all);
    let holding = |password: &str| -> BTreeSet<PathBuf> {
        all.iter()
            .filter(|path| holds(&std::fs::read(path).unwrap(), password))
            .map(|path| path.canonicalize().unwrap())
            .collect()
    };
    let known = |names: &[&str]| -> BTreeSet<PathBuf> {
        let paths = names.iter().map(|name| work.world_dir().join(name));
        paths.map(|path| path.canonicalize().unwrap()).collect()
    };
    assert_eq!(holding(master), known(&["values/CRUDDUR_DB_PASSWORD"]));
    assert_eq!(
        holding(own),
        known(&["values/CRUDDUR_APP_PASSWORD", "world.json"])
    );
    let mut world = work.world();
    let function = &mut world["lambda"]["functions"]["cruddur-post-confirmation"];
    assert!(
        function.to_string().contains("//cruddur_app2:"),
        "{function:#}"
    );
    assert!(
        !function.to_string().contains("cruddurroot"),
        "{function:#}"
    );
    let mut taken = 0;
    take_environment(function, own, &mut taken);
    assert!(taken > 0, "{function:#}");
    assert!(!world.to_string().contains(own), "{world:#}");
    // and what Postgres writes besides its data
    let mut logs = Vec::new();
    files(&databases(&work), &mut logs);
    let is_log = |p: &&PathBuf| {
        p.file_name().is_some_and(|n| n == "log")
            || p.extension().is_some_and(|e| e == "conf" || e == "opts")
    };
    let logs: Vec<_> = logs.iter().filter(is_log).collect();
    assert!(logs.len() >= 3, "{logs:?}");
    for path in logs {
        for password in &passwords {
            assert!(
                !holds(&std::fs::read(path).unwrap(), password),
                "{}",
                path.display()
            );
        }
    }

    let mut say = |args: &[&str], code: i32| {
        let output = work.run(args).code(code);
        told.push((args.join(" "), output.all()));
    };
    say(
        &["-vv", "destroy", "--out", "d.json", "--format", "json"],
        0,
    );
    say(&["-vv", "destroy"], 0);
    for name in ["p.json", "d.json"] {
        for password in &passwords {
            assert!(!work.read(name).contains(password), "{name}");
        }
    }
    for (command, text) in &told {
        for password in &passwords {
            assert!(!text.contains(password), "{command} tells it:\n{text}");
        }
    }
}

/// Empties every `Variables` (or `environment`) that holds the text.
fn take_environment(value: &mut Value, text: &str, taken: &mut usize) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name.eq_ignore_ascii_case("environment")
                    || name.eq_ignore_ascii_case("variables")
                {
                    *taken += usize::from(member.to_string().contains(text));
                    *member = Value::Null;
                } else {
                    take_environment(member, text, taken);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                take_environment(item, text, taken);
            }
        }
        _ => {}
    }
}
