//! A saved plan that somebody changed, who knows how it is made: it is refused, or what it allows is asked about.

use crate::cli::Workplace;
use crate::cli_asks::outside;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Makes the digest anew, as the program does: of everything else, with the fields in order.
fn resealed(mut plan: Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(sorted).collect(),
            Value::Object(fields) => {
                let fields: BTreeMap<_, _> = fields.iter().collect();
                let fields = fields.into_iter().map(|(k, v)| (k.clone(), sorted(v)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
    plan.as_object_mut().unwrap().remove("digest");
    let digest = Sha256::digest(sorted(&plan).to_string());
    plan["digest"] = json!(
        digest
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    );
    plan.to_string()
}

fn saved(work: &Workplace, name: &str) -> Value {
    serde_json::from_str(&work.read(name)).unwrap()
}

/// Every field of a plan, changed by itself. The world stays as it is, whatever the file says.
#[test]
fn nothing_can_be_slipped_into_a_plan() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);
    work.edit("memory: 256", "memory: 512");
    work.edit("            - logs:CreateLogGroup\n", "");
    work.edit("storage_encrypted: true", "storage_encrypted: false");
    work.run(&["plan", "--out", "p.json"]).code(0);
    let good = saved(&work, "p.json");
    assert_eq!(
        resealed(good.clone()),
        good.to_string(),
        "this test makes digests as the program does"
    );
    let at = |addr: &str| {
        let changes = good["changes"].as_array().unwrap();
        changes.iter().position(|c| c["address"] == addr).unwrap()
    };
    // what comes after the instance is not compared yet
    let (instance, policy, function) = (
        at("rds_instance.main"),
        at("iam_policy.lambda-vpc-access"),
        at("lambda_function.post-confirmation"),
    );
    assert!(good["changes"][instance]["refused"].is_string(), "{good}");
    let before = work.world();
    type Edit<'a> = Box<dyn Fn(&mut Value) + 'a>;
    let table: Vec<(&str, Edit<'_>, &str)> = vec![
        (
            "the refusal is gone",
            Box::new(|p| {
                drop(
                    p["changes"][instance]
                        .as_object_mut()
                        .unwrap()
                        .remove("refused"),
                )
            }),
            "rds_instance.main",
        ),
        (
            "a harmless action",
            Box::new(|p| p["changes"][function]["action"] = json!("no_op")),
            "lambda_function",
        ),
        (
            "a field less",
            Box::new(|p| p["changes"][policy]["fields"] = json!([])),
            "what would change is not what was planned",
        ),
        (
            "another value",
            Box::new(|p| p["changes"][policy]["fields"][0]["after"] = json!(128)),
            "what would change is not what was planned",
        ),
        (
            "another value before",
            Box::new(|p| p["changes"][policy]["fields"][0]["before"] = json!(128)),
            "what would change is not what was planned",
        ),
        (
            "a weaker force",
            Box::new(|p| p["changes"][instance]["fields"][0]["force"] = json!("update")),
            "what would change is not what was planned",
        ),
        (
            "another effect",
            Box::new(|p| p["changes"][instance]["fields"][0]["effect"] = json!("restart")),
            "what would change is not what was planned",
        ),
        (
            "no order",
            Box::new(|p| p["changes"][function]["after"] = json!([])),
            "the order or the calls",
        ),
        (
            "another order in the file",
            Box::new(|p| p["changes"].as_array_mut().unwrap().reverse()),
            "the order of its steps",
        ),
        (
            "a call less",
            Box::new(|p| p["changes"][policy]["calls"] = json!([])),
            "the order or the calls",
        ),
        (
            "another lock",
            Box::new(|p| p["changes"][function]["lock"] = json!("x")),
            "the order or the calls",
        ),
        (
            "another id",
            Box::new(|p| p["changes"][function]["id"] = json!("x")),
            "the order or the calls",
        ),
        (
            "another reason",
            Box::new(|p| p["changes"][function]["reason"] = json!("nothing to see")),
            "another reason",
        ),
        (
            "another fingerprint",
            Box::new(|p| p["changes"][function]["fingerprint"] = json!("00")),
            "the object has changed",
        ),
        (
            "a step twice",
            Box::new(|p| {
                let step = p["changes"][function].clone();
                p["changes"].as_array_mut().unwrap().push(step);
            }),
            "the order of its steps",
        ),
        (
            "another summary",
            Box::new(|p| p["summary"]["update"] = json!(0)),
            "its summary",
        ),
        (
            "a leftover",
            Box::new(|p| {
                p["orphans"] = json!([{"address": "iam_role.x", "id": "x", "holds_data": false}])
            }),
            "left over",
        ),
        (
            "another purpose",
            Box::new(|p| p["purpose"] = json!("destroy")),
            "does not hold",
        ),
        (
            "an option that is not ours",
            Box::new(|p| p["options"]["force"] = json!(true)),
            "`options.force`",
        ),
        (
            "a field that is not ours",
            Box::new(|p| p["password"] = json!("hunter2")),
            "`password`",
        ),
        (
            "a step's field that is not ours",
            Box::new(|p| p["changes"][0]["skip"] = json!(true)),
            "`changes[0].skip`",
        ),
        (
            "another stack",
            Box::new(|p| p["stack"] = json!("other")),
            "is for stack other",
        ),
        (
            "only this",
            Box::new(|p| p["options"]["only"] = json!(["lambda_function.post-confirmation"])),
            "does not hold",
        ),
        (
            "adopt what is not there",
            Box::new(|p| p["options"]["adopt"] = json!(["iam_role.admin"])),
            "iam_role.admin",
        ),
    ];
    for (what, edit, why) in table {
        println!("{what}");
        let mut plan = good.clone();
        edit(&mut plan);
        // as it is: the digest tells
        work.write("q.json", &plan.to_string());
        work.run(&["apply", "q.json"])
            .code(1)
            .says("is not the plan that was saved");
        // and with a new digest
        work.write("q.json", &resealed(plan));
        work.run(&["apply", "q.json"])
            .code(1)
            .says(why)
            .keeps_silent_about("panicked");
        assert_eq!(work.world(), before, "{what}");
    }
    // blanks and the order of fields are nobody's business: the plan that was saved is refused for what it says itself
    work.write("q.json", &serde_json::to_string(&good).unwrap());
    work.run(&["apply", "q.json"])
        .code(1)
        .says("storage_encrypted")
        .keeps_silent_about("digest");
    assert_eq!(work.world(), before);
}

/// Consent is part of a plan, and whoever can write the file can write it. So it is asked for when the plan is applied.
#[test]
fn what_a_plan_allows_is_asked_about_when_it_is_applied() {
    let mut work = Workplace::light();
    let aws = work.serve(&["--sandbox-speed", "2000"]);
    outside(&mut work, &aws);
    work.bare(&["apply", "--yes"]).code(0);
    // a database would be replaced: the plan that was read refuses to
    work.edit("storage_encrypted: true", "storage_encrypted: false");
    work.bare(&["plan", "--out", "p.json"])
        .code(0)
        .says("--allow-replace rds_instance.main");
    work.bare(&["apply", "p.json", "--yes"])
        .code(1)
        .says("--allow-replace rds_instance.main");
    // a plan with the consent in it, wherever it came from: it is shown, and asked about
    work.bare(&[
        "plan",
        "--allow-replace",
        "rds_instance.main",
        "--out",
        "p.json",
    ])
    .code(0);
    let before = work.world();
    work.bare(&["apply", "p.json"])
        .code(1)
        .says("Allowed: --allow-replace rds_instance.main")
        .says("there is no terminal to ask on");
    assert_eq!(work.world(), before);
    // without a loss, but with a permission that nobody needs: asked about as well
    work.edit("storage_encrypted: false", "storage_encrypted: true");
    work.edit("memory: 256", "memory: 512");
    for permission in [
        &["--allow-replace", "rds_instance.main"][..],
        &["--adopt", "iam_role.post-confirmation"],
        &["--prune"],
    ] {
        let mut plan = vec!["plan", "--out", "p.json"];
        plan.extend(permission);
        work.bare(&plan).code(0);
        work.bare(&["apply", "p.json"])
            .code(1)
            .says("there is no terminal to ask on");
        assert_eq!(work.world(), before, "{permission:?}");
    }
    // one that neither loses nor permits anything has been read, and is done
    work.bare(&["plan", "--out", "p.json"]).code(0);
    work.bare(&["apply", "p.json"]).code(0).says("1 done");
    work.edit("memory: 512", "memory: 256");
    work.bare(&["plan", "--prune", "--out", "p.json"]).code(0);
    work.bare(&["apply", "p.json", "--yes"])
        .code(0)
        .says("1 done");
}
