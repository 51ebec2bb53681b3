//! What is lost is kept, and `db undo` takes it back: the program, on the sandbox's database.

use crate::cli::{Running, Workplace};
use rustix::process::Signal;
use serde_json::Value;
use std::path::PathBuf;

/// The handles of all users, in order.
fn users(work: &Workplace) -> String {
    let rows = work
        .run(&[
            "db",
            "query",
            "-c",
            "SELECT string_agg(handle, ' ' ORDER BY handle) AS handles FROM public.users",
            "-o",
            "csv",
        ])
        .code(0);
    rows.stdout.lines().nth(1).unwrap_or_default().to_owned()
}

fn copies(work: &Workplace) -> Vec<Value> {
    let listed = work
        .run(&["db", "undo", "--list", "--format", "json"])
        .code(0)
        .json();
    listed["copies"].as_array().unwrap().clone()
}

fn folder(work: &Workplace) -> PathBuf {
    work.path(".cruddur/undo")
}

const ALL: &str = "andrewbrown bayko dopsqueen godofthunder";

#[test]
fn an_apply_that_loses_rows_tells_the_way_back_and_the_next_plan_knows() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    assert_eq!(users(&work), ALL);
    let seed = work.read("sql/seed.sql");
    work.write(
        "sql/seed.sql",
        "DELETE FROM public.users WHERE handle <> 'bayko';\n",
    );
    let events = work.run(&["apply", "--format", "json"]).code(0).events();
    let copied = events.iter().find(|e| e["event"] == "copied").unwrap();
    let copy = &copied["copy"];
    assert_eq!(copy["tables"][0]["table"], "public.activities");
    assert_eq!(copy["tables"][0]["rows"], 1, "by ON DELETE CASCADE");
    assert_eq!(copy["tables"][1]["rows"], 3);
    assert_eq!(events.last().unwrap()["event"], "finished");
    assert!(folder(&work).join(copy["id"].as_str().unwrap()).is_dir());
    assert_eq!(users(&work), "bayko");
    // the command that was printed, as it was printed
    let words: Vec<&str> = copy["undo"].as_str().unwrap().split(' ').collect();
    assert_eq!(&words[..3], ["cruddur-infra", "--sandbox", "db"]);
    work.run(&words[2..])
        .code(0)
        .says("1 row of public.activities, 3 rows of public.users are back")
        .says("counts as run in its version before");
    assert_eq!(users(&work), ALL);
    // it would do it again, and says so; the script as it was has nothing to do
    work.run(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("~ update sql_script.seed");
    work.write("sql/seed.sql", &seed);
    work.is_settled();
    work.write(
        "sql/seed.sql",
        "CREATE AGGREGATE public.total(int) (SFUNC = int4pl, STYPE = int);\n",
    );
    work.run(&["apply"]).code(0);
    work.write(
        "sql/seed.sql",
        "DROP AGGREGATE IF EXISTS public.total(int);\nTRUNCATE public.users CASCADE;\n",
    );
    work.run(&["apply", "--allow-replace", "sql_script.seed"])
        .code(0)
        .says("4 rows of public.users were lost, and a copy")
        .says("`cruddur-infra --sandbox db undo 2")
        .says("It does not bring back the aggregate public.total(integer)");
    work.run(&["db", "undo"])
        .code(0)
        .says("not brought back: aggregate public.total(integer), of which no copy is kept");
    assert_eq!(users(&work), ALL);
    work.run(&["apply", "--allow-replace", "sql_script.seed", "--no-copy"])
        .code(0);
    // nothing at all, as CSV has it
    assert_eq!(users(&work), "\"\"");
    assert_eq!(copies(&work).len(), 2);
}

#[test]
fn a_query_is_taken_back_listed_and_discarded() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    work.run(&["db", "undo"])
        .code(1)
        .says("there is no copy of");
    work.run(&["db", "undo", "--list"])
        .code(0)
        .says("There are no copies of");
    work.run(&[
        "db",
        "query",
        "-c",
        "UPDATE public.users SET email = 'gone' WHERE handle = 'bayko'",
    ])
    .code(0)
    .says("1 row changed")
    .says("A copy of what was lost is kept: 1 row of public.users")
    .says("takes it back");
    let done = work
        .run(&[
            "db",
            "query",
            "-o",
            "json",
            "-c",
            "DELETE FROM public.users WHERE handle = 'dopsqueen' RETURNING handle",
        ])
        .code(0)
        .json();
    assert_eq!(done["changed"], 1);
    assert_eq!(done["copy"]["rows"], 2, "{done}");
    // a script of a shell reads nothing but rows
    let csv = work.run(&[
        "db",
        "query",
        "-o",
        "csv",
        "-c",
        "UPDATE public.users SET email = email || '' RETURNING 1 AS one",
    ]);
    assert_eq!(csv.code(0).stdout, "one\r\n1\r\n1\r\n1\r\n");
    let listed = copies(&work);
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0]["what"], "db query command");
    let (first, second) = (
        listed[0]["id"].as_str().unwrap(),
        listed[1]["id"].as_str().unwrap(),
    );
    work.run(&["db", "undo", first])
        .code(0)
        .says("1 row of public.users are back");
    work.run(&["db", "undo", first])
        .code(1)
        .says("was taken back at");
    work.run(&[
        "db",
        "query",
        "-c",
        "SELECT email FROM public.users WHERE handle = 'bayko'",
    ])
    .code(0)
    .says("bayko@example.com");
    work.run(&["db", "undo"]).code(0).says("are back");
    assert_eq!(users(&work), ALL);
    work.run(&["db", "undo", "--list"])
        .code(0)
        .says("taken back")
        .says("db undo 2")
        .says("3 of 127.")
        .says("--discard ID");
    work.run(&["db", "undo", "nothing"])
        .code(1)
        .says("there is no copy nothing");
    work.run(&["db", "undo", "../undo"])
        .code(1)
        .says("there is no copy");
    work.run(&["db", "undo", "--discard", "nothing"])
        .code(1)
        .says("there is no copy nothing");
    work.run(&["db", "undo", "--older-than", "1d"])
        .code(0)
        .says("nothing to discard");
    work.run(&["db", "undo", "--discard", second])
        .code(0)
        .says("discarded");
    work.run(&["db", "undo", "--older-than", "0s"])
        .code(0)
        .says("discarded");
    assert_eq!(copies(&work).len(), 0);
    // what a row refers to was lost since: that comes back first, and it is said where it is
    let query = |sql: &str| work.run(&["db", "query", "-c", sql]).code(0);
    query("DELETE FROM public.activities");
    query("DELETE FROM public.users WHERE handle = 'dopsqueen'");
    let listed = copies(&work);
    let id = |at: usize| listed[at]["id"].as_str().unwrap();
    work.run(&["db", "undo", id(0)])
        .code(1)
        .says("public.activities cannot be put back: 1 row of it refers to rows of public.users that are gone")
        .says(&format!("are in the copy {}: take that back first", id(1)))
        .says("nothing was changed");
    work.run(&["db", "undo", id(1)]).code(0);
    work.run(&["db", "undo", id(0)])
        .code(0)
        .says("1 row of public.activities are back");
    work.run(&["db", "undo", "--older-than", "0s"]).code(0);
    // nobody wants one: in the sandbox nothing is asked
    work.run(&[
        "db",
        "query",
        "--no-copy",
        "-c",
        "DELETE FROM public.users WHERE handle = 'dopsqueen'",
    ])
    .code(0)
    .says("would delete or overwrite, and no copy is kept")
    .says("DELETE public.users: 1 row")
    .says("DELETE public.activities: 1 row");
    assert_eq!(copies(&work).len(), 0);
}

#[test]
fn a_stranger_is_asked_before_something_goes_without_a_copy_or_is_overwritten() {
    let work = Workplace::with_database();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let url = work.output("rds_instance.main.connection_url");
    let ca = work.world_dir().join("ca.pem").display().to_string();
    let db = |name: &str, args: &[&str]| {
        let mut command = work.command(&[&["db", "--ca-bundle", ca.as_str()], args].concat());
        command.env(name, &url);
        Running::start(command).wait()
    };
    let local = |args: &[&str]| db("CONNECTION_URL", args);
    let prd = |args: &[&str]| db("PRD_CONNECTION_URL", &[&["--target", "prd"], args].concat());
    let one = "DELETE FROM public.users WHERE handle = 'bayko'";
    local(&["query", "--no-copy", "-c", one])
        .code(1)
        .says("there is no terminal");
    prd(&["query", "--no-copy", "--yes", "-c", one])
        .code(1)
        .says("--confirm cruddur");
    assert_eq!(users(&work), ALL);
    prd(&["query", "-c", one])
        .code(0)
        .says("`cruddur-infra db --target prd --ca-bundle ")
        .says("ca.pem undo 2");
    local(&["query", "-c", "INSERT INTO public.users (uuid, display_name, handle, email, cognito_user_id) VALUES (gen_random_uuid(), 'x', 'other', 'y', 'z')"]).code(0);
    local(&["undo"]).code(0);
    local(&["query", "--yes", "-c", "TRUNCATE public.users CASCADE"])
        .code(0)
        .says("5 rows of public.users");
    local(&["query", "-c", "INSERT INTO public.users (display_name, handle, email, cognito_user_id) VALUES ('x', 'since', 'y', 'z')"]).code(0);
    local(&["undo"])
        .code(1)
        .says("public.users: 1 row")
        .says("there is no terminal");
    assert_eq!(users(&work), "since");
    prd(&["undo", "--yes"]).code(1).says("--confirm cruddur");
    local(&["undo", "--yes"])
        .code(0)
        .says("What that overwrote is kept: 1 row of public.users");
    assert_eq!(users(&work), format!("{ALL} other"));
    // of what cannot be read nobody knows of which database it is: it is asked about everywhere
    let torn = folder(&work).join("torn");
    std::fs::create_dir(&torn).unwrap();
    std::fs::write(torn.join("1.rows"), "1\tx\n").unwrap();
    let discard = ["undo", "--discard", "torn"];
    local(&["undo", "--list"])
        .code(0)
        .says("torn is no copy that can be read");
    local(&discard)
        .code(1)
        .says("torn, which cannot be read")
        .says("there is no terminal");
    prd(&[&discard[..], &["--yes"]].concat())
        .code(1)
        .says("--confirm cruddur");
    let in_sandbox = ["db", "undo", "--discard", "torn"];
    work.run(&in_sandbox).code(1).says("there is no terminal");
    assert!(torn.join("1.rows").is_file());
    work.run(&[&in_sandbox[..], &["--discard", "torn", "--yes"]].concat())
        .code(0)
        .says("discarded torn, ");
    assert!(!torn.exists());
    // a database that is dropped is only renamed
    local(&["drop", "--yes"])
        .code(0)
        .says("dropped")
        .says("It is kept as the database cruddur_undo_2");
    local(&["create"]).code(0);
    local(&["undo"])
        .code(0)
        .says("the database as it was")
        .says("is back");
    assert_eq!(users(&work), format!("{ALL} other"));
    local(&["undo", "--list"])
        .code(0)
        .says("db undo cruddur_undo_2");
    local(&["drop", "--yes", "--no-copy"])
        .code(0)
        .says("dropped");
    local(&["create"]).code(0);
    local(&["drop", "--yes"])
        .code(0)
        .keeps_silent_about("It is kept as");
}

#[test]
fn setup_sets_the_old_database_aside() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    work.run(&[
        "db",
        "query",
        "-c",
        "UPDATE public.users SET display_name = 'mine' WHERE handle = 'bayko'",
    ])
    .code(0);
    let told = work
        .run(&["db", "setup", "--format", "json"])
        .code(0)
        .events();
    let copy = &told[0]["copy"];
    assert!(copy["bytes"].as_u64().unwrap() > 0, "{told:?}");
    let mine = [
        "db",
        "query",
        "-o",
        "csv",
        "-c",
        "SELECT display_name FROM public.users WHERE handle = 'bayko'",
    ];
    assert!(!work.run(&mine).code(0).all().contains("mine"));
    work.run(&["db", "undo", copy["id"].as_str().unwrap()])
        .code(0)
        .says("is back");
    work.run(&mine).code(0).says("mine");
    work.is_settled();
    let listed = copies(&work);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let aside = listed.iter().find(|c| c["state"] == "aside").unwrap();
    work.run(&["db", "undo", "--discard", aside["id"].as_str().unwrap()])
        .code(0);
    assert_eq!(copies(&work).len(), 1);
}

/// A table whose rows take a second each to be written, once somebody turned the switch.
const SLOW: &str = "
CREATE TABLE public.switch (n int);
CREATE FUNCTION public.slowly(n int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM public.switch) THEN PERFORM pg_sleep(1); END IF;
  RETURN true;
END $$;
CREATE TABLE public.slow (id int PRIMARY KEY CHECK (public.slowly(id)), word text);
INSERT INTO public.slow SELECT n, 'w' || n FROM generate_series(1, 100) n;
";

/// How many copies are half made.
fn partial(work: &Workplace) -> usize {
    let names = std::fs::read_dir(folder(work)).unwrap();
    names
        .filter(|e| {
            let name = e.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with(".partial-")
        })
        .count()
}

/// Waits until a copy is being made.
#[track_caller]
fn copying(work: &Workplace, running: &mut Running) {
    loop {
        let begun = std::fs::read_dir(folder(work)).is_ok_and(|mut entries| {
            entries.any(|e| {
                let path = e.unwrap().path();
                let partial = path
                    .file_name()
                    .is_some_and(|n| n.to_string_lossy().starts_with(".partial-"));
                partial && std::fs::read_dir(path).is_ok_and(|files| files.count() > 1)
            })
        });
        if begun {
            return;
        }
        assert!(running.runs(), "it ended before a copy was seen");
        std::thread::yield_now();
    }
}

#[test]
fn killed_in_the_middle_of_a_loss_or_of_the_way_back_nothing_is_lost() {
    let work = Workplace::with_database();
    work.write("sql/seed.sql", SLOW);
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let sum = || {
        let text = [
            "db",
            "query",
            "-o",
            "csv",
            "-c",
            "SELECT count(*) || ' ' || md5(string_agg(word, ' ' ORDER BY id)) AS s FROM public.slow",
        ];
        work.run(&text).code(0).stdout
    };
    let before = sum();
    work.write(
        "sql/seed.sql",
        "TRUNCATE public.slow; SELECT pg_sleep(600);\n",
    );
    for signal in [Signal::KILL, Signal::INT] {
        let mut running = work.start(&["db", "seed"]);
        copying(&work, &mut running);
        running.signal(signal);
        let ended = running.wait();
        if signal == Signal::INT {
            ended.code(130);
            assert_eq!(partial(&work), 0);
        }
        // a session that was killed is noticed by the server, or ended here
        work.run(&["db", "query", "-o", "csv", "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"]).code(0);
        assert_eq!(sum(), before);
        assert_eq!(copies(&work).len(), 0, "of a loss that never was");
    }
    work.run(&["db", "query", "-c", "TRUNCATE public.slow"])
        .code(0);
    work.run(&[
        "db",
        "query",
        "-c",
        "INSERT INTO public.slow VALUES (1000, 'since')",
    ])
    .code(0);
    let between = sum();
    work.run(&["db", "query", "-c", "INSERT INTO public.switch VALUES (1)"])
        .code(0);
    let id = copies(&work)[0]["id"].as_str().unwrap().to_owned();
    for signal in [Signal::KILL, Signal::TERM] {
        let mut running = work.start(&["db", "undo", &id]);
        copying(&work, &mut running);
        running.signal(signal);
        running.wait();
        work.run(&["db", "query", "-o", "csv", "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY public.slow%' AND pid <> pg_backend_pid()"]).code(0);
        assert_eq!(sum(), between, "as if it had never begun");
        assert_eq!(copies(&work).len(), 1);
    }
    work.run(&[
        "db",
        "query",
        "--no-copy",
        "-c",
        "DELETE FROM public.switch",
    ])
    .code(0);
    work.run(&["db", "undo", &id])
        .code(0)
        .says("100 rows of public.slow are back");
    assert_eq!(sum(), before);
    assert_eq!(partial(&work), 0);
}

/// Through a tunnel, or with a certificate of one's own, the way back takes what the way there took.
#[test]
fn the_way_back_reaches_the_database_as_the_way_there_did() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pg/rds-ca-bundle.pem");
    std::fs::copy(bundle, work.path("more roots.pem")).unwrap();
    let delete = ["db", "query", "-c", "DELETE FROM public.activities"];
    let with = ["--ca-bundle", "more roots.pem"];
    let way = " --ca-bundle 'more roots.pem' undo ";
    work.run(&[&delete[..], &with].concat()).code(0).says(way);
    work.write("sql/seed.sql", "DELETE FROM public.users;\n");
    let events = work
        .run(
            &[
                &[
                    "--format",
                    "json",
                    "apply",
                    "--allow-replace",
                    "sql_script.seed",
                ],
                &with[..],
            ]
            .concat(),
        )
        .code(0)
        .events();
    let copied = events.iter().find(|e| e["event"] == "copied").unwrap();
    let undo = copied["copy"]["undo"].as_str().unwrap();
    assert!(undo.contains(way), "{undo}");
}
