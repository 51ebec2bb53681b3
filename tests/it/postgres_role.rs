//! Roles on a real Postgres, as the master user of an instance manages them: no superuser, with a way through TLS.

use crate::cli::Workplace;
use crate::stage::{self, Stage};
use cruddur_infra::engine::{self, Options, Stack};
use cruddur_infra::model::{Action, Addr, Change, Class, Event, Fault, Output, Plan, Purpose};
use cruddur_infra::pg::{self, ConnectionUrl, Session, quote_identifier};
use serde_json::json;
use std::collections::BTreeSet;

const HEAD: &str = r#"
stack: roles
region: us-west-2
rds_instances:
  main:
    identifier: roles-db
    instance_class: db.t3.micro
    allocated_storage: 20
    publicly_accessible: true
    port: PORT
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
sql_scripts:
  schema: { database: "${rds_instance.main.connection_url}", file: schema.sql }
postgres_roles:
"#;

const ROLE: &str = r#"
  app:
    database: ${rds_instance.main.connection_url}
    name: app_role
    password: ${env.DB_PASSWORD}-app
    connection_limit: 9
    grants:
      - { tables: [ users ], privileges: [ select, insert ] }
      - { schemas: [ public ], privileges: [ usage ] }
    after: [ sql_script.schema ]
"#;

const SCHEMA: &str =
    "CREATE TABLE users (id serial PRIMARY KEY, email text);\nCREATE TABLE activities (id int);\n";

/// A stage with an instance, its tables, and a role.
struct World {
    stage: Stage,
    yaml: String,
    addr: Addr,
}

impl World {
    /// Makes the instance and whatever the roles come after, not the roles.
    async fn new(port: u16, roles: &str) -> Self {
        let stage = Stage::with_postgres().await;
        stage.write("schema.sql", SCHEMA);
        let yaml = format!("{}{roles}", HEAD.replace("PORT", &port.to_string()));
        let world = World {
            stage,
            yaml,
            addr: "postgres_role.app".parse().unwrap(),
        };
        let stack = world.stack().await;
        let mut needs = stack.with_needs(&world.scope());
        needs.remove(&world.addr);
        stage::converge(&stack, &needs).await;
        world
    }

    fn scope(&self) -> BTreeSet<Addr> {
        [self.addr.clone()].into()
    }

    async fn stack(&self) -> Stack {
        self.stage.stack(&self.yaml).await
    }

    async fn converge(&self) {
        stage::converge(&self.stack().await, &self.scope()).await;
        self.is_settled().await;
    }

    async fn is_settled(&self) {
        let (_, plan) = self.plan(&Options::default()).await;
        assert!(plan.is_empty(), "{plan:#?}");
    }

    async fn plan(&self, options: &Options) -> (Change, Plan) {
        let (plan, _) = stage::plan(&self.stack().await, &self.scope(), options).await;
        let mine = plan.changes.iter().find(|c| c.addr == self.addr).unwrap();
        (mine.clone(), plan)
    }

    /// Runs the plan and returns how it failed.
    async fn fails(&self) -> Fault {
        let stack = self.stack().await;
        let (plan, seen) = stage::plan(&stack, &self.scope(), &Options::default()).await;
        let (summary, events) = stage::run(&stack, &plan, &seen).await;
        assert_eq!(
            summary.failed,
            std::slice::from_ref(&self.addr),
            "{events:#?}"
        );
        let fault = events.into_iter().find_map(|e| match e.event {
            Event::Failed { fault, .. } => Some(fault),
            _ => None,
        });
        fault.unwrap()
    }

    async fn url_of(&self, addr: &str) -> ConnectionUrl {
        let stack = self.stack().await;
        let seen = stage::look(&stack, &self.scope()).await.unwrap();
        match &seen.outputs[&addr.parse().unwrap()]["connection_url"] {
            Output::Secret(url) => url.expose().parse().unwrap(),
            other => panic!("the URL is not secret: {other:?}"),
        }
    }

    async fn session(&self, addr: &str) -> Session {
        let url = self.url_of(addr).await;
        self.stage.connector().connect(&url).await.unwrap()
    }

    /// Changes something as the master user, by hand.
    async fn by_hand(&self, sql: &str) {
        let session = self.session("rds_instance.main").await;
        session.client().batch_execute(sql).await.unwrap();
        session.close().await;
    }

    /// What the role is told for a statement: nothing, or an SQLSTATE.
    async fn tries(&self, sql: &str) -> Option<String> {
        let session = self.session("postgres_role.app").await;
        let result = session.client().batch_execute(sql).await;
        session.close().await;
        result
            .err()
            .map(|e| e.code().map(|c| c.code().to_owned()).unwrap_or_default())
    }

    async fn exists(&self, role: &str) -> bool {
        let session = self.session("rds_instance.main").await;
        let sql = "SELECT count(*) FROM pg_roles WHERE rolname = $1";
        let row = session.client().query_one(sql, &[&role]).await.unwrap();
        session.close().await;
        row.get::<_, i64>(0) == 1
    }
}

/// What the role needs every day, leaving nothing behind.
const DAILY: &str =
    "BEGIN; INSERT INTO public.users (id) VALUES (-1); SELECT * FROM public.users; ROLLBACK";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_by_hand_is_shown_and_mended() {
    let w = World::new(5461, ROLE).await;
    w.converge().await;
    assert_eq!(w.tries(DAILY).await, None);
    let denied = Some("42501".to_owned());
    assert_eq!(w.tries("DELETE FROM public.users").await, denied);
    assert_eq!(w.tries("SELECT * FROM public.activities").await, denied);
    // several at once where each has a path of its own: every look logs in twice
    let hands: &[(&str, &[&str])] = &[
        (
            "REVOKE INSERT ON users FROM app_role; GRANT SELECT ON activities TO app_role;
             GRANT UPDATE (email) ON users TO app_role; GRANT USAGE ON SEQUENCE users_id_seq TO app_role;
             CREATE SCHEMA more; GRANT USAGE, CREATE ON SCHEMA more TO app_role;
             GRANT TEMPORARY ON DATABASE app TO app_role",
            &[
                "database[app]",
                "schemas[more]",
                "tables[public.activities]",
                "tables[public.users]",
                "columns[public.users.email]",
                "sequences[public.users_id_seq]",
            ],
        ),
        (
            "GRANT DELETE ON users TO app_role; GRANT SELECT ON users TO app_role WITH GRANT OPTION;
             ALTER ROLE app_role PASSWORD 'h4nd-made'; REVOKE CONNECT ON DATABASE app FROM PUBLIC",
            &["password", "database[app]", "tables[public.users]"],
        ),
        (
            "ALTER ROLE app_role NOLOGIN CREATEDB CONNECTION LIMIT 1",
            &["login", "password", "connection_limit", "createdb"],
        ),
        (
            "ALTER ROLE app_role VALID UNTIL '2020-01-01'; CREATE ROLE friends; GRANT friends TO app_role;
             COMMENT ON ROLE app_role IS 'cruddur-infra:stack=roles addr=postgres_role.old'",
            &["password", "valid_until", "member_of[friends]", "comment"],
        ),
    ];
    for (sql, paths) in hands {
        println!("{sql}");
        w.by_hand(sql).await;
        let (change, plan) = w.plan(&Options::default()).await;
        assert_eq!(change.action, Action::Update, "{change:#?}");
        assert_eq!(change.diff.paths(), *paths);
        assert_eq!(change.refused, None);
        let others = plan.changes.iter().filter(|c| c.is_change()).count();
        assert_eq!(others, 1, "{plan:#?}");
        let text = serde_json::to_string(&plan).unwrap();
        assert!(
            !text.contains(stage::PASSWORD) && !text.contains("h4nd"),
            "{text}"
        );
        w.converge().await;
        assert_eq!(w.tries(DAILY).await, None);
        assert_eq!(w.tries("DELETE FROM public.users").await, denied);
    }
    // somebody dropped it
    w.by_hand("GRANT app_role TO keeper; DROP OWNED BY app_role; DROP ROLE app_role")
        .await;
    let (change, _) = w.plan(&Options::default()).await;
    assert_eq!(change.action, Action::Create);
    w.converge().await;
    assert_eq!(w.tries(DAILY).await, None);
    w.stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_passwords_may_hold_anything() {
    const NAME: &str = "o'brien \"the\" 100%@🙂\\";
    let role = r#"
  app:
    database: ${rds_instance.main.connection_url}
    name: NAME
    password: "${env.DB_PASSWORD} '\"%@:/?#\\ 🙂 ß %41"
    grants:
      - { tables: [ users, '"odd ""schema"".x".T' ], privileges: [ select ] }
    after: [ sql_script.schema ]
"#;
    let role = role.replace("NAME", &json!(NAME).to_string());
    let w = World::new(5462, &role).await;
    w.by_hand("CREATE SCHEMA \"odd \"\"schema\"\".x\"; CREATE TABLE \"odd \"\"schema\"\".x\".\"T\" (id int)")
        .await;
    w.converge().await;
    let session = w.session("postgres_role.app").await;
    let sql = "SELECT current_user::text, count(*) FROM public.users";
    let row = session.client().query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), NAME);
    session.close().await;
    w.by_hand(&format!(
        "ALTER ROLE {} PASSWORD 'other'; GRANT INSERT ON \"odd \"\"schema\"\".x\".\"T\" TO {0}",
        quote_identifier(NAME)
    ))
    .await;
    let (change, _) = w.plan(&Options::default()).await;
    assert_eq!(
        change.diff.paths(),
        ["password", "tables[odd \"schema\".x.T]"]
    );
    w.converge().await;
    let stack = w.stack().await;
    let (plan, seen) = stage::plan_removal(&stack, &w.addr).await;
    stage::run_well(&stack, &plan, &seen).await;
    assert!(!w.exists(NAME).await);
    w.stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_of_somebody_else_is_left_alone() {
    let w = World::new(5463, ROLE).await;
    w.by_hand("CREATE ROLE app_role PASSWORD 'theirs'; COMMENT ON ROLE app_role IS 'somebody''s'")
        .await;
    let (change, _) = w.plan(&Options::default()).await;
    assert_eq!(change.action, Action::Adopt);
    assert!(
        change
            .refused
            .unwrap()
            .contains("--adopt postgres_role.app")
    );
    let stack = w.stack().await;
    let seen = stage::look(&stack, &w.scope()).await.unwrap();
    let facts = stage::facts(&stack, &w.addr, &seen);
    let fault = stack.nodes[&w.addr].delete(&facts).await.unwrap_err();
    assert_eq!(fault.class, Class::Surprise);
    let fault = stack.nodes[&w.addr].create(&facts).await.unwrap_err();
    assert_eq!(fault.class, Class::Conflict, "{fault:?}");
    // another stack's is not even adopted
    let adopt = Options {
        adopt: w.scope(),
        allow_replace: w.scope(),
        ..Options::default()
    };
    w.by_hand("COMMENT ON ROLE app_role IS 'cruddur-infra:stack=other addr=postgres_role.app'")
        .await;
    let (change, _) = w.plan(&adopt).await;
    assert_eq!(change.refused.as_deref(), Some("it belongs to stack other"));
    // nobody's that manages others is not taken over either, whatever is allowed
    w.by_hand("COMMENT ON ROLE app_role IS NULL; ALTER ROLE app_role CREATEROLE")
        .await;
    let (change, _) = w
        .plan(&Options {
            allow_replace: BTreeSet::new(),
            ..adopt.clone()
        })
        .await;
    let why = change.refused.unwrap();
    assert!(
        why.contains("it may create roles") && !why.contains("--allow-replace"),
        "{why}"
    );
    let (stack, allowed) = (w.stack().await, adopt.clone());
    let (plan, seen) = stage::plan(&stack, &w.scope(), &allowed).await;
    let (summary, events) = stage::run(&stack, &plan, &seen).await;
    assert_eq!(summary.failed, std::slice::from_ref(&w.addr), "{events:#?}");
    // and one that does not is, with everything that it should be
    w.by_hand("ALTER ROLE app_role NOCREATEROLE").await;
    let (change, plan) = w.plan(&adopt).await;
    assert_eq!((change.action, change.refused), (Action::Adopt, None));
    let stack = w.stack().await;
    let (_, seen) = stage::plan(&stack, &w.scope(), &adopt).await;
    stage::run_well(&stack, &plan, &seen).await;
    w.is_settled().await;
    assert_eq!(w.tries(DAILY).await, None);
    w.stage.close().await;
}

/// A script that makes a table anew takes the rights on it along: the same run gives them back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_a_script_takes_along_come_back_in_the_same_run() {
    let w = World::new(5464, ROLE).await;
    w.converge().await;
    w.stage.write(
        "schema.sql",
        "DROP TABLE users; DROP TABLE activities;\nCREATE TABLE users (id serial PRIMARY KEY, email text, name text);\n",
    );
    let (change, plan) = w.plan(&Options::default()).await;
    assert_eq!(change.action, Action::Update, "{plan:#?}");
    assert_eq!(
        change.deferred[0].from,
        "sql_script.schema".parse().unwrap()
    );
    w.converge().await;
    assert_eq!(w.tries(DAILY).await, None);
    // what comes after nothing that changes has nothing to do
    w.is_settled().await;
    w.stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_on_what_is_not_there_fail_and_leave_nothing() {
    let w = World::new(
        5465,
        &ROLE.replace("tables: [ users ]", "tables: [ users, nothing ]"),
    )
    .await;
    let fault = w.fails().await;
    assert_eq!(fault.code.as_deref(), Some("42P01"), "{fault:?}");
    assert!(fault.help.unwrap().contains("after: [sql_script."));
    assert!(!w.exists("app_role").await);
    w.stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_full_or_not_let_in_is_not_one_with_another_password() {
    let w = World::new(
        5466,
        &ROLE.replace("connection_limit: 9", "connection_limit: 1"),
    )
    .await;
    w.converge().await;
    let held = w.session("postgres_role.app").await;
    let fault = stage::look_at(&w.stack().await, &w.addr).await.unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("53300"), "{fault:?}");
    assert_eq!(fault.class, Class::Transient);
    held.close().await;
    // with another master password it is a refused log-in, not an absent role
    let yaml = w.yaml.replace(
        "database: ${rds_instance.main.connection_url}\n    name",
        "database: postgresql://keeper:${env.DB_PASSWORD}x@HOST/app\n    name",
    );
    let url = w.url_of("rds_instance.main").await;
    let host = format!("{}:{}", url.host(), url.port());
    let stack = w.stage.stack(&yaml.replace("HOST", &host)).await;
    let fault = stage::look_at(&stack, &w.addr).await.unwrap_err();
    assert_eq!(fault.class, Class::Denied, "{fault:?}");
    w.stage.close().await;
}

/// A role in a database that no entry stands for is really dropped; one whose instance goes is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroy_drops_what_stays_behind_and_nothing_else() {
    let mut w = World::new(5467, ROLE).await;
    w.converge().await;
    let destroyed = async |w: &World| -> Vec<Change> {
        let stack = w.stack().await;
        let all: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
        let seen = engine::observe(&stack, &all, engine::Goal::Destroy, 24)
            .await
            .unwrap();
        let info = engine::infos(&stack, &all, &seen.outputs);
        engine::plan_destroy(&info, &stack.after, &seen.observed)
    };
    let of = |changes: &[Change]| {
        let mine = changes.iter().find(|c| c.addr.kind == "postgres_role");
        mine.unwrap().clone()
    };
    let forgotten = of(&destroyed(&w).await);
    assert_eq!(forgotten.action, Action::Forget, "{forgotten:?}");
    assert_eq!(forgotten.reason, "goes with rds_instance.main");

    // the same database, by a URL that is nobody's output
    let own = "database: ${rds_instance.main.connection_url}\n    name";
    let url = w.url_of("rds_instance.main").await;
    let foreign = format!(
        "database: postgresql://keeper:${{env.DB_PASSWORD}}@{}:{}/app\n    name",
        url.host(),
        url.port()
    );
    assert_eq!(w.yaml.matches(own).count(), 1);
    w.yaml = w.yaml.replace(own, &foreign);
    w.is_settled().await;
    let dropped = of(&destroyed(&w).await);
    assert_eq!((dropped.action, dropped.refused), (Action::Delete, None));

    // what it owns stays, and so does the role
    w.by_hand("CREATE TABLE mine (id int); GRANT app_role TO keeper; GRANT CREATE ON SCHEMA public TO app_role; ALTER TABLE mine OWNER TO app_role")
        .await;
    let why = of(&destroyed(&w).await).refused.unwrap();
    assert!(why.contains("table mine"), "{why}");
    let stack = w.stack().await;
    let (plan, seen) = stage::plan_removal(&stack, &w.addr).await;
    let (summary, _) = stage::run(&stack, &plan, &seen).await;
    assert_eq!(summary.failed, std::slice::from_ref(&w.addr));
    assert!(w.exists("app_role").await);
    w.by_hand("DROP TABLE mine").await;
    let (plan, seen) = stage::plan_removal(&stack, &w.addr).await;
    assert_eq!(plan.purpose, Purpose::Destroy);
    stage::run_well(&stack, &plan, &seen).await;
    assert!(!w.exists("app_role").await);
    let facts = stage::facts(&stack, &w.addr, &seen);
    stack.nodes[&w.addr].delete(&facts).await.unwrap();
    w.stage.close().await;
}

/// The stack as it is shipped: who signs up is in the database, written by a function that knows no other role's
/// password than its own.
#[test]
fn who_signs_up_is_recorded_by_the_functions_own_role() {
    let work = Workplace::new();
    let aws = work.serve(&["--sandbox-speed", "2000"]);
    work.run(&["apply"]).code(0);
    let pool = work.output("cognito_trigger.sign-up.user_pool_id");
    let client = aws
        .cognito(
            "CreateUserPoolClient",
            &json!({"UserPoolId": pool, "ClientName": "test"}),
        )
        .ok()
        .json()["UserPoolClient"]["ClientId"]
        .clone();
    let sign_up = |user: &str| {
        let user = format!("{user}@example.com");
        let body = json!({
            "ClientId": client, "Username": user, "Password": "A-good-Pass1!",
            "UserAttributes": [{"Name": "email", "Value": user}],
        });
        aws.cognito("SignUp", &body).ok();
        aws.cognito(
            "AdminConfirmSignUp",
            &json!({"UserPoolId": pool, "Username": user}),
        )
    };
    sign_up("ana").ok();

    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let connector = pg::Connector::new(pg::Options {
        extra_roots_pem: Some(std::fs::read(work.world_dir().join("ca.pem")).unwrap()),
        ..pg::Options::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let asks = |url: &str, sql: &str| -> Result<i64, String> {
        runtime.block_on(async {
            let url: ConnectionUrl = url.parse().unwrap();
            let session = connector.connect(&url).await.unwrap();
            let row = session.client().query_one(sql, &[]).await;
            session.close().await;
            row.map(|r| r.get(0))
                .map_err(|e| e.code().map(|c| c.code().to_owned()).unwrap_or_default())
        })
    };
    let master = work.output("rds_instance.main.connection_url");
    let own = work.output("postgres_role.app.connection_url");
    let count = "SELECT count(*) FROM public.users WHERE email = 'ana@example.com'";
    assert_eq!(asks(&master, count), Ok(1));
    assert_eq!(asks(&own, count), Ok(1));
    let denied = Err("42501".to_owned());
    assert_eq!(asks(&own, "SELECT count(*) FROM public.activities"), denied);
    assert_eq!(
        asks(
            &own,
            "WITH gone AS (DELETE FROM public.users RETURNING 1) SELECT count(*) FROM gone"
        ),
        denied
    );
    // the function has what the role has: without the right to insert nobody gets in
    let revoke = "REVOKE INSERT ON public.users FROM cruddur_app";
    let by_hand = |sql: &str| {
        runtime.block_on(async {
            let session = connector.connect(&master.parse().unwrap()).await.unwrap();
            session.client().batch_execute(sql).await.unwrap();
            session.close().await;
        });
    };
    by_hand(revoke);
    let refused = sign_up("ben");
    assert!(refused.body.contains("SQLSTATE 42501"), "{refused:?}");
    work.run(&["apply"]).code(0);
    sign_up("cyd").ok();
    work.is_settled();
}
