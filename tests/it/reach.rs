//! A database that cannot be reached: when that is a fault, and when the plan itself may be the remedy.

use crate::stage::{self, Stage};
use cruddur_infra::engine::Options;
use cruddur_infra::model::{Action, Addr, Class};
use std::collections::BTreeSet;

const STACK: &str = r#"
stack: reach
region: us-west-2
rds_instances:
  main:
    identifier: reach-db
    instance_class: db.t3.micro
    allocated_storage: 20
    publicly_accessible: true
    port: 5432
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
sql_scripts:
  schema: { database: "${rds_instance.main.connection_url}", file: schema.sql }
"#;

/// Nobody listens on the wanted port while the instance has another one: the plan that puts it back must not stop there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_drifted_does_not_stop_the_plan_that_mends_it() {
    let stage = Stage::open().await;
    stage.write("schema.sql", "CREATE TABLE t (id int);\n");
    let instance: Addr = "rds_instance.main".parse().unwrap();
    let script: Addr = "sql_script.schema".parse().unwrap();
    let stack = stage.stack(STACK).await;
    stage::converge(&stack, &BTreeSet::from([instance.clone()])).await;

    let fault = stage::look_at(&stack, &script)
        .await
        .expect_err("with everything in place it is a fault");
    assert_eq!(fault.class, Class::Unreachable, "{fault:?}");

    let moved = stage.stack(&STACK.replace("5432", "5433")).await;
    let (plan, _) = stage::plan(
        &moved,
        &BTreeSet::from([script.clone()]),
        &Options::default(),
    )
    .await;
    let change = |addr: &Addr| plan.changes.iter().find(|c| c.addr == *addr).unwrap();
    assert_eq!(change(&instance).diff.paths(), ["port"]);
    assert_eq!(change(&script).action, Action::Create);
    assert_eq!(change(&script).deferred[0].from, instance);
    stage.close().await;
}
