//! `verify`: every hop is proved, and a hop that is broken is the one that is named.

use crate::cli::Workplace;
use serde_json::Value;
use std::collections::BTreeMap;

const FUNCTION: &str = "/2015-03-31/functions/cruddur-post-confirmation";

/// The proof of each hop.
#[track_caller]
fn proofs(work: &Workplace, args: &[&str], code: i32) -> BTreeMap<String, (String, String)> {
    let told = work
        .run(&[&["--format", "json", "verify"], args].concat())
        .code(code);
    let app = work.world_dir().join("values/CRUDDUR_APP_PASSWORD");
    let secrets = [work.password(), std::fs::read_to_string(app).unwrap()];
    for secret in &secrets {
        assert!(!told.all().contains(secret.as_str()));
    }
    let found = told.json();
    let hops = found["hops"].as_array().unwrap();
    let count = |proof: &str| hops.iter().filter(|h| h["proof"] == proof).count();
    for proof in ["passed", "failed", "unknown"] {
        assert_eq!(found[proof], Value::from(count(proof)));
    }
    let text = |h: &Value, name: &str| h[name].as_str().unwrap().to_owned();
    hops.iter()
        .map(|h| (text(h, "hop"), (text(h, "proof"), text(h, "detail"))))
        .collect()
}

#[track_caller]
fn with(found: &BTreeMap<String, (String, String)>, proof: &str) -> Vec<String> {
    let hops = found.iter().filter(|(_, (p, _))| p == proof);
    hops.map(|(name, _)| name.clone()).collect()
}

#[test]
fn each_broken_hop_is_the_one_that_is_named() {
    let work = Workplace::new();
    let aws = work.serve::<&str>(&[]);
    // nothing is there yet
    let none = proofs(&work, &[], 1);
    assert_eq!(with(&none, "passed"), Vec::<String>::new());
    work.run(&["apply"]).code(0);
    work.run(&["verify"])
        .code(0)
        .says("17 passed: a sign-up ends in a row.");
    // what it made is gone again
    work.run(&["db", "drop", "--confirm", "other"])
        .code(1)
        .says("public.users: 4 rows");
    let users = &work.world()["cognito"]["pools"][0]["users"];
    assert!(
        users.as_object().is_none_or(|all| all.is_empty())
            && users.as_array().is_none_or(|all| all.is_empty()),
        "{users}"
    );

    let quiet = proofs(&work, &["--no-invoke"], 3);
    assert_eq!(with(&quiet, "failed"), Vec::<String>::new());
    assert_eq!(
        with(&quiet, "unknown"),
        [
            "cold start",
            "confirmation",
            "confirmation again",
            "exactly one row",
            "row removed",
            "warm run"
        ]
    );

    // the permission goes: the function works, and Cognito may not call it
    let statement = format!("{FUNCTION}/policy/cruddur-infra-sign-up");
    aws.lambda("DELETE", &statement, None).ok();
    let found = proofs(&work, &[], 1);
    assert_eq!(with(&found, "failed"), ["invoke permission", "sign-up"]);
    work.run(&["apply"]).code(0);

    // another configuration: it is said what differs, and what comes of it
    let body = serde_json::json!({"Environment": {"Variables": {}}});
    let path = format!("{FUNCTION}/configuration");
    aws.lambda("PUT", &path, Some(&body)).ok();
    let found = proofs(&work, &[], 1);
    let failed = with(&found, "failed");
    for hop in ["function", "confirmation", "exactly one row", "sign-up"] {
        assert!(failed.contains(&hop.to_owned()), "{hop}: {found:#?}");
    }
    assert!(found["function"].1.contains("environment"), "{found:#?}");
    work.run(&["apply"]).code(0);

    // a function that says too much of what it was given
    let handler = work.read("lambda/post_confirmation/lambda_function.py");
    let loud =
        "def lambda_handler(event, context):\n    raise Exception(os.environ['CONNECTION_URL'])\n";
    work.write(
        "lambda/post_confirmation/lambda_function.py",
        &format!("{handler}\n\n{loud}"),
    );
    work.run(&["apply"]).code(0);
    let found = proofs(&work, &[], 1);
    assert!(found["confirmation"].1.contains("(secret)"), "{found:#?}");
    work.write("lambda/post_confirmation/lambda_function.py", &handler);
    work.run(&["apply"]).code(0);

    // a script that has changed
    let seed = work.read("sql/seed.sql");
    work.write("sql/seed.sql", &format!("{seed}\nSELECT 1;\n"));
    let found = proofs(&work, &[], 1);
    assert_eq!(with(&found, "failed"), ["script seed"]);
    work.write("sql/seed.sql", &seed);

    // nobody listens: what lies behind is unknown, and never passed
    work.run(&["stop"]).code(0);
    let found = proofs(&work, &[], 1);
    assert_eq!(found["port"].0, "failed");
    for hop in ["TLS", "log-in", "scripts", "exactly one row", "row removed"] {
        assert_eq!(found[hop].0, "unknown", "{hop}");
    }
}
