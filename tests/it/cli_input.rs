//! Bad input: an error that a person can act on, with the place and the remedy, and nothing changed.

use crate::cli::Workplace;
use serde_json::Value;
use std::io::Write;

/// A literal secret, which must not be repeated.
const LITERAL: &str = "hunter2-very-literal";

/// A text of stack.yaml, what takes its place, what must be said, where.
type Mistake = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const MISTAKES: &[Mistake] = &[
    (
        "    memory: 256",
        "    memry: 256",
        &["unknown key `memry`", "did you mean `memory`?"],
        "85:5",
    ),
    (
        "lambda_functions:",
        "lambda_function:",
        &[
            "unknown key `lambda_function`",
            "did you mean `lambda_functions`?",
        ],
        "72:1",
    ),
    (
        "    memory: 256",
        "    memory: 256\n    memory: 512",
        &["the key `memory` is there twice", "keep one of them"],
        "86:5",
    ),
    (
        "allocated_storage: 20 ",
        "allocated_storage: twenty ",
        &["allocated_storage: a whole number is wanted here, not the text \"twenty\""],
        "17:24",
    ),
    (
        "multi_az: false",
        "multi_az: 'no'",
        &["multi_az: true or false is wanted here"],
        "21:15",
    ),
    (
        "    timeout: 5 ",
        "\ttimeout: 5 ",
        &["a tab is used for indentation", "indent with spaces"],
        "84:1",
    ),
    (
        "source: lambda/post_confirmation",
        "source: lambda/nowhere",
        &["lambda/nowhere does not exist", "relative to stack.yaml"],
        "75:13",
    ),
    (
        "file: sql/seed.sql",
        "file: sql/sead.sql",
        &["sql/sead.sql does not exist", "relative to stack.yaml"],
        "96:68",
    ),
    (
        "${rds_instance.main.security_group_id}",
        "${rds_instance.man.security_group_id}",
        &[
            "rds_instance.man is not in this file",
            "did you mean `rds_instance.main`?",
        ],
        "33:21",
    ),
    (
        "${rds_instance.main.security_group_id}",
        "${rds_instance.main.security_group}",
        &[
            "has no output `security_group`",
            "did you mean `security_group_id`?",
        ],
        "33:21",
    ),
    (
        "${rds_instance.main.security_group_id}",
        "${rds_instances.main.security_group_id}",
        &[
            "there is no kind `rds_instances`",
            "write the singular: `rds_instance`",
        ],
        "33:21",
    ),
    (
        "${rds_instance.main.security_group_id}",
        "\"${rds_instance.main.security_group_id\"",
        &["without a closing `}`", "`$${`"],
        "33:21",
    ),
    (
        "file: sql/schema.sql }",
        "file: sql/schema.sql, after: [ sql_script.seed ] }",
        &[
            "the references go in a circle",
            "sql_script.schema → sql_script.seed",
            "take one of them out",
        ],
        "95:93",
    ),
    (
        "seed.sql, after: [ sql_script.schema ]",
        "seed.sql, after: [ sql_script.shema ]",
        &[
            "sql_script.shema is not in this file",
            "did you mean `sql_script.schema`?",
        ],
        "96:91",
    ),
    (
        "${env.CRUDDUR_DB_PASSWORD}",
        "hunter2-very-literal",
        &[
            "a secret is never written here",
            "${env.CRUDDUR_DB_PASSWORD}",
        ],
        "26:22",
    ),
    (
        "      CONNECTION_URL: ${postgres_role.app.connection_url}   # never the master user's",
        "      CONNECTION_URL: postgresql://root:hunter2-very-literal@db.example.com:5432/cruddur",
        &[
            "environment.CONNECTION_URL",
            "a secret is never written here",
            "${env.",
        ],
        "83:23",
    ),
    (
        "schema: { database: \"${rds_instance.main.connection_url}\"",
        "schema: { database: \"postgresql://root:hunter2-very-literal@db.example.com:5432/cruddur\"",
        &["database: a secret is never written here"],
        "95:23",
    ),
    (
        "handler: lambda_function.lambda_handler",
        "handler: app.lambda_handler",
        &[
            "the handler's file is not in the folder",
            "handler: lambda_function.lambda_handler",
        ],
        "76:14",
    ),
    (
        "zip: layer.zip",
        "zip: other-python.zip",
        &[
            "a binary in the layer does not fit",
            "the function runs python3.13",
        ],
        "68:10",
    ),
    (
        "zip: layer.zip",
        "zip: nowhere.zip",
        &["nowhere.zip", "does not exist", "relative to stack.yaml"],
        "68:10",
    ),
    (
        "zip: layer.zip",
        "python_packages: [ psycopg2-binary ]",
        &["not a pinned package", "psycopg2-binary==VERSION"],
        "68:24",
    ),
    (
        "region: us-west-2",
        "region: Oregon",
        &["`region` is no AWS region", "region: us-west-2"],
        "8:9",
    ),
    (
        "stack: cruddur",
        "# stack: cruddur",
        &["`stack` is missing", "begin with `stack: <name>`"],
        "1:1",
    ),
    (
        "    storage_type: gp3",
        "    storage_type: [gp3",
        &["stack.yaml:"],
        "",
    ),
];

/// A layer for Python 3.11, as far as its names and headers tell.
fn other_python(work: &Workplace) {
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    elf.resize(16, 0);
    elf.extend([3, 0, 0x3e, 0, 1, 0, 0, 0]);
    elf.resize(64, 0);
    let mut zip =
        zip::ZipWriter::new(std::fs::File::create(work.path("other-python.zip")).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let name = "python/psycopg2/_psycopg.cpython-311-x86_64-linux-gnu.so";
    zip.start_file(name, options).unwrap();
    zip.write_all(&elf).unwrap();
    zip.finish().unwrap();
}

#[test]
fn every_mistake_in_the_file_is_told_with_its_place_and_the_remedy() {
    let mut work = Workplace::light();
    other_python(&work);
    work.set("CRUDDUR_DB_PASSWORD", "p4ssw0rd-of-the-inside");
    work.set("CRUDDUR_APP_PASSWORD", "an0ther-of-the-inside");
    work.set("COGNITO_USER_POOL_ID", "cruddur-user-pool");
    let good = work.read("stack.yaml");
    work.bare(&["validate"])
        .code(0)
        .says("stack.yaml is valid: 11 entries");
    for (old, new, said, place) in MISTAKES {
        println!("{new}");
        assert_eq!(good.matches(old).count(), 1, "{old}");
        work.write("stack.yaml", &good.replace(old, new));
        let mut output = work.bare(&["validate"]).code(1).keeps_silent_about(LITERAL);
        for text in *said {
            // a text that is wrapped has a bar at the margin
            output.stderr = output.stderr.replace('│', " ");
            output = output.says(text);
        }
        if !place.is_empty() {
            output = output.says(&format!("stack.yaml:{place}"));
        }
        assert_eq!(output.stdout, "", "what is wrong is told on stderr");
        // the same for programs
        let json = work
            .bare(&["validate", "--format", "json"])
            .code(1)
            .keeps_silent_about(LITERAL)
            .json();
        let places: Vec<String> = json["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| format!("{}:{}", d["span"]["line"], d["span"]["column"]))
            .collect();
        assert!(
            place.is_empty() || places.contains(&(*place).to_owned()),
            "{json:#}"
        );
    }
    assert!(!work.world_dir().exists());
    // what validate finds stops an apply before anything is done
    for mistake in [0, 6, 14, 17] {
        let (old, new, said, _) = MISTAKES[mistake];
        work.write("stack.yaml", &good.replace(old, new));
        work.run(&["apply"])
            .code(1)
            .says(said[0])
            .keeps_silent_about(LITERAL);
        work.run(&["destroy"]).keeps_silent_about(LITERAL);
        work.has_nothing();
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let work = Workplace::light();
    for (old, new) in [
        ("allocated_storage: 20 ", "allocated_storage: twenty "),
        (
            "${rds_instance.main.security_group_id}",
            "${rds_instance.man.security_group_id}",
        ),
        (
            "    architecture: x86_64\n\nlambda_functions",
            "    architectur: x86_64\n\nlambda_functions",
        ),
        ("source: lambda/post_confirmation", "source: lambda/nowhere"),
        ("trigger: post_confirmation", "trigger: post_confirmatoin"),
        ("file: sql/seed.sql", "file: sql/sead.sql"),
    ] {
        work.edit(old, new);
    }
    let json = work.bare(&["validate", "--format", "json"]).code(1).json();
    let found = json["diagnostics"].as_array().unwrap();
    let line = |d: &Value| d["span"]["line"].as_u64().unwrap();
    let lines: Vec<u64> = found.iter().map(line).collect();
    assert!(lines.is_sorted(), "{json:#}");
    // the variables are not set, but an entry that could not be read names none
    for wanted in [17, 33, 70, 75, 90, 96] {
        assert!(
            lines.contains(&wanted),
            "nothing about line {wanted}: {json:#}"
        );
    }
    let human = work.bare(&["validate"]).code(1);
    let at: Vec<usize> = [
        "stack.yaml:17:",
        "stack.yaml:33:",
        "stack.yaml:70:",
        "stack.yaml:75:",
        "stack.yaml:96:",
    ]
    .iter()
    .map(|place| {
        human
            .stderr
            .find(place)
            .unwrap_or_else(|| panic!("{place}: {human:?}"))
    })
    .collect();
    assert!(at.is_sorted(), "{}", human.stderr);
    human.says(&format!("{} errors", found.len()));
}

#[test]
fn a_variable_that_is_not_set_is_told_where_it_is_used() {
    let work = Workplace::light();
    for command in ["validate", "plan", "apply", "status"] {
        work.bare(&[command])
            .code(1)
            .says("the variable CRUDDUR_DB_PASSWORD is not set")
            .says("stack.yaml:26:22")
            .says("the variable COGNITO_USER_POOL_ID is not set")
            .says("stack.yaml:89:16")
            .says("the variable CRUDDUR_APP_PASSWORD is not set")
            .says("export CRUDDUR_DB_PASSWORD=");
    }
    // the sandbox has values of its own, and says so
    work.run(&["validate"]).code(0);
    work.run(&["plan", "--only", "rds_instance.main"])
        .code(0)
        .says("the sandbox gave a value to COGNITO_USER_POOL_ID, CRUDDUR_APP_PASSWORD, CRUDDUR_DB_PASSWORD");
}

#[test]
fn wrong_usage_is_an_error_with_a_remedy() {
    let work = Workplace::light();
    let table: &[(&[&str], &str)] = &[
        (
            &["plan", "--ip", "10.0.0.1"],
            "10.0.0.1 is an address of a private network",
        ),
        (
            &["apply", "--ip", "::1"],
            "RDS is reached from outside over IPv4 alone",
        ),
        (
            &["apply", "--ip", "my-laptop"],
            "`my-laptop` is a name, and a rule holds an address",
        ),
        (&["refresh-ip", "--ip", "0.0.0.0"], "0.0.0.0"),
        (
            &["refresh-ip", "--ip", "8.8.8.0/24"],
            "is a network, and this machine has one address",
        ),
        (&["refresh-ip"], "cruddur-infra --sandbox apply"),
        (&["stop"], "rds_instance.main does not exist"),
        (
            &["plan", "--only", "rds_instance.man"],
            "did you mean `rds_instance.main`?",
        ),
        (
            &["apply", "--only", "main"],
            "write kind.name, as in rds_instance.main",
        ),
        (
            &["destroy", "--only", "sql_script.sead"],
            "did you mean `sql_script.seed`?",
        ),
        (
            &["apply", "--adopt", "rds_instance.man"],
            "did you mean `rds_instance.main`?",
        ),
        (&["stop", "--only", "sql_script.seed"], "sql_script.seed"),
        (&["plann"], "a similar subcommand exists: 'plan'"),
        (&["plan", "--yes"], "--yes"),
        (&["apply", "--parallelism", "0"], "--parallelism"),
        (
            &["plan", "--format", "yaml"],
            "possible values: human, json",
        ),
        (
            &["plan", "--format", "dot"],
            "dot and mermaid go with `graph`",
        ),
        (
            &["plan", "--sandbox-speed", "0"],
            "a factor from 0.1 to 100000",
        ),
        (
            &["plan", "--file", "nowhere.yaml"],
            "init` writes a commented one",
        ),
        (
            &["plan", "--endpoint-url", "http://127.0.0.1:1"],
            "leave one of them out",
        ),
        (
            &["destroy", "--final-snapshot", "x", "--skip-final-snapshot"],
            "cannot be used with",
        ),
        (&["plan", "--region", "eu-west-1"], "leave --region out"),
        (&["plan", "--connect-to", "nowhere"], "HOST:PORT"),
        (&["plan", "--ca-bundle", "nowhere.pem"], "nowhere.pem"),
        (&["plan", "--ca-bundle", "stack.yaml"], "stack.yaml"),
        (&["plan", "--sandbox-faults", "nowhere.txt"], "nowhere.txt"),
        (&["graph", "--format", "env"], "env goes with `output`"),
    ];
    for (args, said) in table {
        println!("{args:?}");
        let output = work
            .run(args)
            .code(1)
            .says(said)
            .keeps_silent_about("panicked");
        assert_eq!(output.stdout, "", "{args:?}: an error is no result");
    }
    work.run(&["plan", "--out", "/proc/p.json"])
        .code(1)
        .says("--out /proc/p.json");
    // a slip of the hand
    let before = work.read("stack.yaml");
    for args in [
        &["plan", "--out", "stack.yaml"][..],
        &["destroy", "--out", "stack.yaml"],
        &["destroy", "--receipt", "stack.yaml"],
    ] {
        let refused = work.run(args).code(1);
        refused.says("it would be lost").says("name another file");
        assert_eq!(work.read("stack.yaml"), before, "{args:?}");
    }
    // none that is text, an empty one
    let good = work.read("stack.yaml");
    std::fs::write(work.path("stack.yaml"), b"stack: \xff\xfe").unwrap();
    work.run(&["plan"])
        .code(1)
        .says("no UTF-8 text")
        .says("save it as UTF-8");
    work.write("stack.yaml", "");
    work.run(&["plan"])
        .code(1)
        .says("the file holds no stack")
        .says("cruddur-infra --sandbox init");
    work.write("stack.yaml", &good);
    work.has_nothing();
}

/// Whoever reads a run's events reads line by line, also where it does not begin.
#[test]
fn what_is_wrong_with_the_file_is_one_event() {
    let work = Workplace::light();
    work.edit("region:", "port: x\nregion:");
    for command in ["apply", "destroy", "refresh-ip", "stop", "start", "plan"] {
        let run = work.run(&["--format", "json", command]).code(1);
        let [event] = &run.events()[..] else {
            panic!("{}", run.stdout);
        };
        assert_eq!(event["event"], "error", "{command}");
        assert!(!event["diagnostics"].as_array().unwrap().is_empty());
    }
}
