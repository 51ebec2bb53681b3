//! `db`: on the sandbox's database, and on the same one as a stranger's, by URL.

use crate::cli::Workplace;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_database_is_dropped_made_and_loaded_again() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    work.run(&["db", "create"]).code(0).says("is there already");
    work.run(&["db", "load"])
        .code(0)
        .says("sql_script.schema: sql/schema.sql is loaded since");
    work.run(&["db", "setup"])
        .code(0)
        .says("public.users: 4 rows")
        .says("sql/schema.sql ran")
        .says("sql/seed.sql ran, 2 statements");
    work.is_settled();
    work.run(&["db", "drop"])
        .code(0)
        .says("public.users: 4 rows");
    work.run(&["db", "drop"]).code(0).says("nothing to drop");
    work.run(&["db", "load"])
        .code(1)
        .says("database cruddur does not exist")
        .says("db create");
    work.run(&["db", "wait", "--for", "2s"])
        .code(1)
        .says("does not exist");
    work.run(&["db", "create"]).code(0).says("created");
    let planned = work
        .run(&["db", "load", "--dry-run", "--format", "json"])
        .code(0)
        .json();
    assert_eq!(planned["scripts"][0]["state"], "would_run");
    // the seed comes after the schema, and is not run without it
    work.run(&["db", "seed"])
        .code(0)
        .says("sql/schema.sql ran")
        .says("sql/seed.sql ran");
    work.run(&["db", "load", "sede"])
        .code(1)
        .says("did you mean `seed`?");
    work.run(&["db", "wait"]).code(0).says("answers after");
    let seen = work
        .run(&["db", "sessions", "--format", "json"])
        .code(0)
        .json();
    let sessions = seen["sessions"].as_array().unwrap();
    assert!(sessions.iter().any(|s| s["own"] == true), "{seen}");
    work.run(&["db", "sessions"]).code(0).says("this command");
}

#[test]
fn a_wrong_script_is_shown_with_its_line_and_leaves_nothing() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let insert = "INSERT INTO users (display_name, handle, email, cognito_user_id)\nVALUES ('a', 'new', 'c', 'd');\n";
    let load = |text: &str| {
        work.write("sql/seed.sql", text);
        work.run(&["db", "seed"])
    };
    load(&format!("-- é\n{insert}SELECT 'é', nope FROM users;\n"))
        .code(1)
        .says("column \"nope\" does not exist")
        .says("sql/seed.sql:4:13")
        .says("SELECT 'é', nope FROM users;")
        .says("SQLSTATE 42703");
    load(&format!("{insert}{insert}"))
        .code(1)
        .says("SQLSTATE 23505")
        .says("Constraint users_handle_key")
        .keeps_silent_about("(handle)=(new)");
    load("\\c cruddur\n").code(1).says("psql meta-commands");
    load("SELECT 1;\nBEGIN;\n").code(1).says("sql/seed.sql:2:1");
    load("ALTER ROLE nobody_here PASSWORD 'hunter2';\n")
        .code(1)
        .says("SQLSTATE 42704")
        .keeps_silent_about("hunter2");
    // what would lose rows is named
    work.write("sql/seed.sql", "TRUNCATE users CASCADE;\n");
    work.run(&["db", "seed", "--dry-run"])
        .code(0)
        .says("line 1: TRUNCATE public.users would lose 4 rows");
    load(insert).code(0).says("ran, 1 statement");
}

#[test]
fn a_database_by_url_is_not_touched_without_a_word() {
    let work = Workplace::with_database();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let url = work.output("rds_instance.main.connection_url");
    let ca = work.world_dir().join("ca.pem").display().to_string();
    let db = |name: &str, args: &[&str]| {
        let mut command = work.command(&[&["db", "--ca-bundle", ca.as_str()], args].concat());
        command.env(name, &url);
        crate::cli::Running::start(command).wait()
    };
    let local = |args: &[&str]| db("CONNECTION_URL", args);
    let prd = |args: &[&str]| db("PRD_CONNECTION_URL", &[&["--target", "prd"], args].concat());

    local(&["load"]).code(0).says("is loaded since");
    local(&["drop"]).code(1).says("there is no terminal");
    local(&["drop", "--confirm", "other"])
        .code(1)
        .says("--confirm says other, and the database is cruddur");
    prd(&["drop", "--yes"])
        .code(1)
        .says("--yes is not enough")
        .says("--confirm cruddur");
    prd(&["setup", "--yes"]).code(1).says("--yes is not enough");
    local(&["load"]).code(0).says("is loaded since");
    prd(&["setup", "--confirm", "cruddur"])
        .code(0)
        .says("sql/schema.sql ran");
    local(&["drop", "--yes"]).code(0).says("dropped");
    local(&["create"]).code(0).says("created");
    local(&["setup", "--yes"]).code(0).says("sql/seed.sql ran");
    work.is_settled();

    // without the authority's certificate the server is not trusted, whatever the URL says
    let mut command = work.command(&["db", "sessions"]);
    command.env("CONNECTION_URL", &url);
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("issuer is not trusted")
        .says("--ca-bundle");
    let wrong = url.replace(&work.password(), "wrong");
    let mut command = work.command(&["db", "--ca-bundle", &ca, "sessions"]);
    command.env("CONNECTION_URL", &wrong);
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("rejects user cruddurroot")
        .says("CONNECTION_URL")
        .keeps_silent_about("wrong");
    work.bare(&["db", "sessions"])
        .code(1)
        .says("CONNECTION_URL is not set");
    let server = url.replace("/cruddur?", "/postgres?");
    let mut command = work.command(&["db", "--ca-bundle", &ca, "drop", "--yes"]);
    command.env("CONNECTION_URL", &server);
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("the server's own database");
}

/// psql gets everything by its environment: arguments can be read by every user of the machine.
#[test]
fn psql_is_told_where_and_nothing_secret_by_arguments() {
    let mut work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let bin = work.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let psql = bin.join("psql");
    std::fs::write(
        &psql,
        "#!/bin/sh\necho \"arguments: $0 $*\"\nenv | grep ^PG\ngrep -c BEGIN \"$PGSSLROOTCERT\"\nexit 7\n",
    )
    .unwrap();
    std::fs::set_permissions(&psql, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let cache = work.path("cache").display().to_string();
    work.set("PATH", &format!("{}:{path}", bin.display()));
    work.set("PGSERVICE", "elsewhere");
    let made = work.run(&["db", "connect", "--", "-c", "SELECT 1"]).code(7);
    let password = work.password();
    let (arguments, rest) = made.stdout.split_once('\n').unwrap();
    assert!(arguments.ends_with("psql -c SELECT 1"), "{arguments}");
    assert!(!arguments.contains(&password));
    for expected in [
        "PGDATABASE=cruddur",
        "PGUSER=cruddurroot",
        "PGSSLMODE=verify-full",
        &format!("PGPASSWORD={password}"),
    ] {
        assert!(rest.contains(expected), "{expected}\n{rest}");
    }
    assert!(!rest.contains("PGSERVICE"));
    // the built-in authorities and the sandbox's own
    assert_eq!(rest.lines().last(), Some("88"), "{rest}");

    // where nothing is to be kept up, psql takes the program's place
    let url = "postgresql://me:s3cret@db.example.com:5433/app";
    let mut command = work.command(&["db", "--connect-to", "127.0.0.1:15432", "connect"]);
    command
        .env("CONNECTION_URL", url)
        .env("CRUDDUR_INFRA_CACHE", &cache);
    let told = crate::cli::Running::start(command).wait().code(7).stdout;
    for expected in [
        "PGHOST=db.example.com",
        "PGHOSTADDR=127.0.0.1",
        "PGPORT=15432",
        "PGPASSWORD=s3cret",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    work.set("PATH", &bin.join("none").display().to_string());
    let mut command = work.command(&["db", "connect"]);
    command.env("CONNECTION_URL", url);
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("psql was not found")
        .says("apt-get install postgresql-client");
}

#[test]
fn a_shell_gets_the_database_only_when_asked_for_secrets() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let password = work.password();
    work.run(&["output", "--format", "env"])
        .code(0)
        .says("# PRD_CONNECTION_URL is secret")
        .keeps_silent_about(&password);
    let text = work
        .run(&["output", "--format", "env", "--show-secrets"])
        .code(0)
        .stdout;
    let script = format!("{text}\nprintf %s \"$PRD_CONNECTION_URL\"");
    let shell = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    let url = work.output("rds_instance.main.connection_url");
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), url);
    let all = work.run(&["--format", "json", "output"]).code(0).json();
    assert_eq!(
        all["rds_instance.main"]["connection_url"],
        json!({"secret": true})
    );
}

/// What a function does is in no text. It is found out by what happens, and asked about all the same.
#[test]
fn what_a_function_empties_is_asked_about() {
    let work = Workplace::with_database();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let url = work.output("rds_instance.main.connection_url");
    let ca = work.world_dir().join("ca.pem").display().to_string();
    let db = |name: &str, args: &[&str]| {
        let mut command = work.command(&[&["db", "--ca-bundle", ca.as_str()], args].concat());
        command.env(name, &url);
        crate::cli::Running::start(command).wait()
    };
    let local = |args: &[&str]| db("CONNECTION_URL", args);
    let prd = |args: &[&str]| db("PRD_CONNECTION_URL", &[&["--target", "prd"], args].concat());
    let users = || {
        local(&[
            "query",
            "-o",
            "csv",
            "-c",
            "SELECT count(*) FROM public.users",
        ])
        .code(0)
        .stdout
    };
    let function =
        "CREATE FUNCTION public.clears() RETURNS void LANGUAGE sql AS 'DELETE FROM public.users'";
    local(&["query", "-c", function]).code(0);
    let does = "DO $$ BEGIN PERFORM public.clears(); END $$";
    local(&["query", "-c", does])
        .code(1)
        .says("DELETE public.users would lose 4 rows, by a function")
        .says("there is no terminal");
    prd(&["query", "--yes", "-c", does])
        .code(1)
        .says("--confirm cruddur");
    local(&["query", "--no-copy", "-c", does])
        .code(1)
        .says("no copy is kept")
        .says("there is no terminal");
    work.write("sql/seed.sql", "SELECT public.clears();\n");
    local(&["seed"])
        .code(1)
        .says("DELETE public.users would lose 4 rows, by a function")
        .says("there is no terminal");
    work.run(&["apply"])
        .says("DELETE public.users would lose 4 rows")
        .says("--allow-replace sql_script.seed allows it");
    assert_eq!(users(), "count\r\n4\r\n");
    work.run(&["apply", "--allow-replace", "sql_script.seed"])
        .code(0)
        .says("4 rows of public.users");
    assert_eq!(users(), "count\r\n0\r\n");
    work.run(&["db", "undo"]).code(0);
    assert_eq!(users(), "count\r\n4\r\n");
    let ran = local(&["seed", "--yes", "--format", "json"]).code(0).json();
    let seed = ran["scripts"].as_array().unwrap().last().unwrap();
    assert_eq!(seed["losses"][0]["verb"], "delete", "{ran}");
    assert_eq!(seed["copy"]["rows"], 5, "one activity is of a user: {ran}");
    work.run(&["db", "undo"]).code(0);
    local(&["query", "--yes", "-c", does])
        .code(0)
        .says("takes it back");
    assert_eq!(users(), "count\r\n0\r\n");
}

#[test]
fn a_query_that_cannot_be_answered_changes_nothing() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let query = |args: &[&str]| work.run(&[&["db", "query"], args].concat());
    let update =
        "UPDATE public.users SET display_name = 'mine' RETURNING handle AS one, uuid AS one";
    for json in [["-o", "json"], ["--format", "json"]] {
        query(&[&json[..], &["-c", update]].concat())
            .code(1)
            .says("two columns are called one; give one of them another name with AS");
    }
    let mine = "SELECT count(*) AS n FROM public.users WHERE display_name = 'mine'";
    let found = query(&["-o", "json", "-c", mine]).code(0).json();
    assert_eq!(found, json!([{"n": 0}]));
    let list = ["db", "undo", "--list", "--format", "json"];
    assert_eq!(work.run(&list).code(0).json()["copies"], json!([]));
    // a table and a file have room for both
    query(&["-o", "csv", "-c", update]).code(0).says("one,one");

    query(&["-c", "TRUNCATE missing"])
        .code(1)
        .says("relation \"missing\" does not exist")
        .says("SQLSTATE 42P01")
        .keeps_silent_about("JSON");
    query(&["-c", "CREATE TABLE public.new (n int)"]).code(0);
    query(&["-c", "TRUNCATE public.new"]).code(0);
}

#[test]
fn names_and_values_do_not_command_the_terminal() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let query = |sql: &str| work.run(&["db", "query", "-c", sql]);
    query("CREATE TABLE public.\"t\u{1b}[2J\" (\"n\u{1b}[31m\" text)").code(0);
    query("INSERT INTO public.\"t\u{1b}[2J\" VALUES (E'red\\x1b[0m')").code(0);
    query("TABLE public.\"t\u{1b}[2J\"")
        .code(0)
        .says("n\\u{1b}[31m")
        .says("red\\u{1b}[0m")
        .keeps_silent_about("\u{1b}");
    query("TRUNCATE public.\"t\u{1b}[2J\"")
        .code(0)
        .says("TRUNCATE public.t\\u{1b}[2J would lose 1 row")
        .says("1 row of public.t\\u{1b}[2J")
        .keeps_silent_about("\u{1b}");
    query("SELECT 1 FROM public.\"no\u{1b}[2J\"")
        .code(1)
        .keeps_silent_about("\u{1b}");
    work.run(&["db", "drop"])
        .code(0)
        .says("public.t\\u{1b}[2J: 0 rows")
        .keeps_silent_about("\u{1b}");
}

#[test]
fn a_database_of_large_objects_is_not_empty() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    let fresh = || {
        work.run(&["db", "drop", "--no-copy"]).code(0);
        work.run(&["db", "create"]).code(0);
    };
    fresh();
    work.run(&["db", "drop"])
        .code(0)
        .keeps_silent_about("It is kept as");
    work.run(&["db", "create"]).code(0);
    let made = "DO $$ BEGIN PERFORM lo_from_bytea(0, 'photo'); END $$";
    work.run(&["db", "query", "-c", made]).code(0);
    work.run(&["db", "drop"])
        .code(0)
        .says("large objects: 1 row")
        .says("It is kept as the database cruddur_undo_");
}

/// No statement can be put around these, and they have rows all the same.
#[test]
fn what_show_and_explain_answer_is_shown() {
    let work = Workplace::with_database();
    work.run(&["apply", "--only", "rds_instance.main"]).code(0);
    let query = |sql: &str, form: &str| {
        let args = ["db", "--target", "prd", "query", "-c", sql, "-o", form];
        work.run(&args).code(0).stdout
    };
    let shown: serde_json::Value =
        serde_json::from_str(&query("SHOW server_encoding", "json")).unwrap();
    assert_eq!(shown, serde_json::json!([{"server_encoding": "UTF8"}]));
    let plan = query("EXPLAIN (COSTS OFF) SELECT 1", "csv");
    assert_eq!(plan.lines().collect::<Vec<_>>(), ["QUERY PLAN", "Result"]);
    query(
        "CREATE PROCEDURE public.adds(INOUT n integer, OUT twice integer) LANGUAGE plpgsql AS 'BEGIN n := n + 1; twice := 2 * n; END'",
        "table",
    );
    let called: serde_json::Value =
        serde_json::from_str(&query("CALL public.adds(20, NULL)", "json")).unwrap();
    assert_eq!(called, serde_json::json!([{"n": "21", "twice": "42"}]));
}

/// The application's own user may do with a query what it may do, and has no business in the ledger of scripts.
#[test]
fn who_may_not_read_the_ledger_may_query() {
    let work = Workplace::with_database();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let url = work.output("rds_instance.main.connection_url");
    let ca = work.world_dir().join("ca.pem").display().to_string();
    for sql in [
        "CREATE TABLE public.own (id int PRIMARY KEY)",
        "CREATE ROLE narrow LOGIN PASSWORD 'not-much'",
        "GRANT USAGE ON SCHEMA public TO narrow",
        "GRANT SELECT, INSERT, DELETE ON public.own TO narrow",
    ] {
        work.run(&["db", "query", "-c", sql]).code(0);
    }
    let (_, server) = url.split_once('@').unwrap();
    let query = |args: &[&str]| {
        let all = [&["db", "--ca-bundle", ca.as_str(), "query"], args].concat();
        let mut command = work.command(&all);
        command.env(
            "CONNECTION_URL",
            format!("postgresql://narrow:not-much@{server}"),
        );
        crate::cli::Running::start(command).wait()
    };
    let one = query(&["-o", "csv", "-c", "SELECT 1 AS one"]).code(0);
    assert_eq!(one.stdout, "one\r\n1\r\n");
    query(&["-c", "INSERT INTO own VALUES (1), (2), (3)"])
        .code(0)
        .says("3 rows changed");
    query(&["-c", "DELETE FROM own WHERE id = 1"])
        .code(0)
        .says("1 row of public.own");
    query(&["--no-copy", "-c", "DELETE FROM own WHERE id = 2"])
        .code(1)
        .says("DELETE public.own: 1 row")
        .keeps_silent_about("1 rows");
    query(&["--no-copy", "-c", "DELETE FROM own WHERE id > 0"])
        .code(1)
        .says("DELETE public.own: 2 rows");
    // nor is it hidden from the question that the plan of a deletion deletes
    let explained = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM own";
    query(&["-c", explained])
        .code(1)
        .says("DELETE public.own would lose 2 rows")
        .says("there is no terminal");
    query(&["--yes", "-o", "table", "-c", explained])
        .code(0)
        .says("QUERY PLAN")
        .says("Delete on own")
        .says("2 rows of public.own");
    query(&["--no-copy", "-c", "DELETE FROM own"])
        .code(0)
        .says("0 rows changed");
    query(&["-c", "SELECT * FROM public.users"])
        .code(1)
        .says("SQLSTATE 42501");
    query(&["-o", "table", "-c", "SHOW server_encoding"])
        .code(0)
        .says("server_encoding")
        .says("UTF8");
}
