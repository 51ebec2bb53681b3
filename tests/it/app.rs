//! The application's operations and what they stand on, on real servers: the machine's Postgres, and two majors from
//! pinned archives.

use cruddur_infra::app::{CreateError, NewActivity, Operations, Problem, Ttl};
use cruddur_infra::pg::{
    ConnectionUrl, Connector, Error, Limits, Options, Params, Pool, Script, Template, Templates,
};
use cruddur_infra::sandbox::postgres::archive::{Release, fetch_release};
use cruddur_infra::sandbox::postgres::{InstanceServer, ProgramSource, ServerError, Servers};
use futures_util::future::join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Postgres 16.14, from the place that the sandbox fetches 17 from; for these tests alone.
const POSTGRES_16: Release = Release {
    version: "16.14.0-beta.17",
    platforms: [
        (
            "linux",
            "x86_64",
            "linux-x64",
            "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
        ),
        (
            "linux",
            "aarch64",
            "linux-arm64",
            "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
        ),
        (
            "macos",
            "x86_64",
            "darwin-x64",
            "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
        ),
        (
            "macos",
            "aarch64",
            "darwin-arm64",
            "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
        ),
    ],
};

struct World {
    servers: Servers,
    instance: InstanceServer,
    operations: Operations,
    pool: Pool,
    _dir: tempfile::TempDir,
}

/// A server with the application's schema and seed.
async fn world(source: ProgramSource) -> Result<World, ServerError> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let servers = Servers::new(dir.path().to_owned(), source, cache());
    servers.prepare().await?;
    let password = SecretString::from("first-Password1");
    let instance = InstanceServer {
        born: 1,
        id: "db-APP".to_owned(),
        address: servers.place("db-APP", 5432)?,
        port: 5432,
        master_username: "cruddurroot".to_owned(),
        password: Some(password.clone()),
        database: Some("cruddur".to_owned()),
    };
    servers.start(&instance).await?;
    let host = instance.address.to_string();
    let url = ConnectionUrl::build("cruddurroot", &password, &host, 5432, "cruddur");
    let connector = Connector::new(Options {
        extra_roots_pem: Some(servers.ca_pem()?),
        application_name: "the application".to_owned(),
        ..Options::default()
    });
    let mut session = connector.connect(&url).await.unwrap();
    for file in ["sql/schema.sql", "sql/seed.sql"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let script = Script::new(file, text);
        session.run_script(&script, false, |_| {}).await.unwrap();
    }
    session.close().await;
    let limits = Limits {
        wait: Duration::from_secs(300),
        ..Limits::default()
    };
    let pool = Pool::new(connector, url, limits);
    Ok(World {
        operations: Operations::new(pool.clone()).unwrap(),
        pool,
        servers,
        instance,
        _dir: dir,
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Kept between runs, as a user's cache is; the digest is checked before anything gets there.
fn cache() -> PathBuf {
    std::env::temp_dir().join("cruddur-infra-test-cache")
}

fn new<'a>(message: &'a str, ttl: &'a str) -> NewActivity<'a> {
    NewActivity {
        user_handle: "andrewbrown",
        message,
        ttl,
    }
}

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

impl World {
    async fn value(&self, sql: &str) -> Value {
        let template = Template::parse("t.sql", sql).unwrap();
        let found = self.pool.query_value(&template, &Params::new()).await;
        found.unwrap().unwrap()
    }

    async fn end(self) {
        self.pool.close().await;
        self.servers.destroy_all().await.unwrap();
    }
}

async fn every_time_to_live(world: &World) {
    let mut made = Vec::new();
    for ttl in Ttl::ALL {
        let message = format!("for {ttl}");
        let activity = world
            .operations
            .create_activity(&new(&message, ttl.as_str()))
            .await
            .unwrap();
        assert_eq!(activity["message"], json!(message));
        assert_eq!(activity["handle"], "andrewbrown");
        assert_eq!(activity["display_name"], "Andrew Brown");
        let lives = moment(&activity["created_at"]).duration_until(moment(&activity["expires_at"]));
        assert_eq!(lives.as_hours(), ttl.hours());
        assert_eq!(
            lives,
            jiff::SignedDuration::from_hours(ttl.hours()),
            "to the microsecond"
        );
        let uuid = activity["uuid"].as_str().unwrap().to_owned();
        let again = world.operations.activity(&uuid).await.unwrap();
        assert_eq!(
            again.as_ref(),
            Some(&activity),
            "what is answered is what is stored"
        );
        made.push(json!(message));
    }
    made.reverse();
    made.push(json!("This was imported as seed data!"));
    let home = world.operations.home_activities().await.unwrap();
    let shown: Vec<Value> = home
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["message"].clone())
        .collect();
    assert_eq!(shown, made, "the newest first");
    assert_eq!(home[0].as_object().unwrap().len(), 10);
    assert_eq!(home[0]["likes_count"], 0);
}

async fn what_is_refused_is_not_stored(world: &World) {
    let before = world.value("SELECT count(*) FROM activities").await;
    let unknown = NewActivity {
        user_handle: "nobody'; DROP TABLE users; --",
        ..new("hi", "1-day")
    };
    for (new, problems) in [
        (unknown, vec![Problem::UserHandleUnknown]),
        (new("", ""), vec![Problem::TtlBlank, Problem::MessageBlank]),
    ] {
        match world.operations.create_activity(&new).await.unwrap_err() {
            CreateError::Refused(refused) => assert_eq!(refused.problems, problems),
            other => panic!("{other:?}"),
        }
    }
    let error = world
        .operations
        .create_activity(&new("a\0b", "1-day"))
        .await
        .unwrap_err();
    let CreateError::Database(Error::Parameter { parameter, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(parameter, "message");
    assert!(
        error.to_string().contains("sql/activities/create.sql:"),
        "{error}"
    );
    assert_eq!(world.value("SELECT count(*) FROM activities").await, before);
    assert_eq!(world.pool.status().in_use, 0);
}

async fn hostile_messages_are_messages(world: &World) {
    let family = "👩‍👩‍👧‍👦".repeat(280);
    for message in [
        "*/; DROP TABLE users; /*",
        "'); DELETE FROM activities; --",
        "%",
        "%(x)s %s %%",
        "\"quoted\" 'quoted' $1 $$ \\",
        "<script>alert(1)</script>",
        "ä é \u{202e} \r\n\t",
        family.as_str(),
    ] {
        let activity = world
            .operations
            .create_activity(&new(message, "1-hour"))
            .await
            .unwrap();
        assert_eq!(activity["message"], json!(message));
        let home = world.operations.home_activities().await.unwrap();
        assert_eq!(home[0]["message"], json!(message));
    }
}

async fn what_has_expired_is_not_at_home(world: &World) {
    let create = Templates::new(root().join("sql"))
        .get("activities/create")
        .await
        .unwrap();
    let past: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let params = |expires_at: Option<Timestamp>, message: &str| {
        Params::new()
            .with("handle", "bayko")
            .with("message", message)
            .with("expires_at", expires_at)
    };
    let expired = world
        .pool
        .query_commit(&create, &params(Some(past), "over"))
        .await
        .unwrap();
    let endless = world
        .pool
        .query_commit(&create, &params(None, "for ever"))
        .await
        .unwrap();
    let home = world.operations.home_activities().await.unwrap();
    let shown = |uuid: &Value| {
        home.as_array()
            .unwrap()
            .iter()
            .any(|row| row["uuid"] == *uuid)
    };
    let (expired, endless) = (expired.value().unwrap(), endless.value().unwrap());
    assert!(!shown(expired) && shown(endless));
    let found = world
        .operations
        .activity(expired.as_str().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found["expires_at"], "2020-01-01T00:00:00+00:00");
    let none = "00000000-0000-0000-0000-000000000000";
    assert_eq!(world.operations.activity(none).await.unwrap(), None);
    let error = world.operations.activity("nonsense").await.unwrap_err();
    assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
}

async fn templates_of_a_directory_do_the_same(world: &World) {
    let templates = Templates::new(root().join("sql"));
    let operations = Operations::with_templates(world.pool.clone(), &templates)
        .await
        .unwrap();
    let activity = operations
        .create_activity(&new("from files", "3-days"))
        .await
        .unwrap();
    let home = operations.home_activities().await.unwrap();
    assert_eq!(home, world.operations.home_activities().await.unwrap());
    assert_eq!(home[0]["uuid"], activity["uuid"]);
}

/// Under load the server is restarted and backends are killed: what is said to be stored is, once; what is said not to
/// be is not; and then everything goes on.
async fn nothing_is_half_written(world: &World) {
    let (begun, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let requests: Vec<_> = (0..400)
        .map(|number| {
            let (operations, begun) = (world.operations.clone(), begun.clone());
            tokio::spawn(async move {
                let message = format!("load {number}");
                let made = operations.create_activity(&new(&message, "1-day")).await;
                let _ = begun.send(());
                (message, made)
            })
        })
        .collect();
    for _ in 0..40 {
        progress.recv().await.unwrap();
    }
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'the application' AND pid <> pg_backend_pid()";
    world.value(kill).await;
    for _ in 0..40 {
        progress.recv().await.unwrap();
    }
    world.servers.restart(&world.instance).await.unwrap();
    let results = join_all(requests).await;

    let rows = Template::parse(
        "t.sql",
        "SELECT message, count(*) AS times FROM activities WHERE message LIKE 'load %' GROUP BY message",
    )
    .unwrap();
    let stored = world.pool.query_rows(&rows, &Params::new()).await.unwrap();
    let stored: BTreeMap<String, i64> = stored
        .rows
        .iter()
        .map(|row| {
            (
                row[0].as_str().unwrap().to_owned(),
                row[1].as_i64().unwrap(),
            )
        })
        .collect();
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");
    for result in results {
        let (message, made) = result.unwrap();
        match made {
            Ok(activity) => {
                assert_eq!(activity["message"], json!(message));
                assert!(stored.contains_key(&message), "{message}");
            }
            Err(CreateError::Database(Error::CommitUnknown { .. })) => {}
            Err(error) => assert!(!stored.contains_key(&message), "{message}: {error:?}"),
        }
    }
    assert!(stored.len() >= 40, "{} stored", stored.len());
    let status = world.pool.status();
    assert_eq!((status.in_use, status.limit), (0, 10));
    let after = (0..50).map(|_| world.operations.home_activities());
    assert!(join_all(after).await.iter().all(Result::is_ok));
}

async fn everything_on(source: ProgramSource, major: Option<i64>) {
    let world = match world(source).await {
        Ok(world) => world,
        Err(ServerError::Programs(why)) if why.contains("cannot be fetched") => {
            eprintln!("skipped: {why}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let version = world
        .value("SELECT current_setting('server_version_num')::int / 10000")
        .await;
    if let Some(major) = major {
        assert_eq!(version, json!(major));
    }
    every_time_to_live(&world).await;
    what_is_refused_is_not_stored(&world).await;
    hostile_messages_are_messages(&world).await;
    what_has_expired_is_not_at_home(&world).await;
    templates_of_a_directory_do_the_same(&world).await;
    nothing_is_half_written(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_postgres_of_the_machine() {
    everything_on(ProgramSource::Auto, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_16() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match fetch_release(&POSTGRES_16, &cache()).await {
        Ok(programs) => everything_on(ProgramSource::Dir(programs), Some(16)).await,
        Err(ServerError::Programs(why)) if why.contains("cannot be fetched") => {
            eprintln!("skipped: {why}");
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_17() {
    everything_on(ProgramSource::ArchiveOnly, Some(17)).await;
}
