//! The way to an AWS that is not the binary's own sandbox: an endpoint, credentials, and a word before anything is
//! changed.

use crate::cli::{Served, Workplace};
use std::net::TcpListener;

/// A workplace whose commands reach a served sandbox as any other AWS.
pub fn outside(work: &mut Workplace, aws: &Served) {
    work.set("CRUDDUR_INFRA_ENDPOINT_URL", &aws.endpoint);
    work.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    work.set("AWS_SECRET_ACCESS_KEY", "s3cr3t-key-of-nobody");
    work.set("CRUDDUR_DB_PASSWORD", "p4ssw0rd-of-the-outside");
    work.set("CRUDDUR_APP_PASSWORD", "an0ther-of-the-outside");
    work.set("COGNITO_USER_POOL_ID", "cruddur-user-pool");
    work.set("CRUDDUR_INFRA_IP", "8.8.4.4");
    let certificate = work.world_dir().join("ca.pem");
    work.set("CRUDDUR_INFRA_CA_BUNDLE", certificate.to_str().unwrap());
}

#[test]
fn without_a_terminal_nothing_is_changed_without_a_word() {
    let mut work = Workplace::light();
    let aws = work.serve(&["--sandbox-speed", "2000"]);
    outside(&mut work, &aws);
    let no = |args: &[&str]| {
        work.bare(args)
            .code(1)
            .says("--yes")
            .keeps_silent_about("an0ther-of-the-outside")
            .keeps_silent_about("p4ssw0rd-of-the-outside");
    };
    let yes = |args: &[&str]| {
        work.bare(args)
            .code(0)
            .keeps_silent_about("an0ther-of-the-outside")
            .keeps_silent_about("p4ssw0rd-of-the-outside");
    };
    no(&["apply"]);
    work.has_nothing();
    yes(&["apply", "--yes"]);
    work.has_one_of_each();
    work.bare(&["plan", "--detailed-exitcode"]).code(0);
    // verified TLS, the schema and the seed, as the application would find them
    let url = work
        .bare(&[
            "output",
            "rds_instance.main.connection_url",
            "--show-secrets",
        ])
        .code(0);
    assert_eq!(users(url.stdout.trim(), &work), 4);

    no(&["stop"]);
    assert!(state(&work).starts_with("ready"));
    yes(&["stop", "-y"]);
    assert_eq!(state(&work), "stopped");
    // starting costs no data
    yes(&["start"]);

    no(&["destroy"]);
    work.has_one_of_each();
    work.bare(&["destroy"]).code(1).says("cruddur");
    // rows are lost only where their database is named, and they are named before
    let lossy = ["destroy", "--skip-final-snapshot", "--yes"];
    work.bare(&lossy)
        .code(1)
        .says("public.users: 4 rows")
        .says("--allow-data-loss rds_instance.main");
    work.has_one_of_each();
    yes(&["destroy", "--skip-final-snapshot", "--out", "d.json"]);
    work.bare(&["apply", "d.json", "--yes"])
        .code(1)
        .says("--allow-data-loss rds_instance.main");
    work.has_one_of_each();
    let named = ["--allow-data-loss", "rds_instance.main", "--out", "d.json"];
    yes(&[&lossy[..2], &named].concat());
    // a file is no word: whoever can write it could write that everything is to go
    no(&["apply", "d.json"]);
    work.has_one_of_each();
    yes(&["apply", "d.json", "--yes"]);
    work.has_nothing();
}

fn state(work: &Workplace) -> String {
    let status = work.bare(&["--format", "json", "status"]).code(0).json();
    let rows = status["resources"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|r| r["address"] == "rds_instance.main")
        .unwrap();
    row["state"].as_str().unwrap().to_owned()
}

/// Counts the users over TLS that trusts the sandbox's certificate and nothing else.
fn users(url: &str, work: &Workplace) -> i64 {
    use cruddur_infra::pg::{ConnectionUrl, Connector, Options};
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let url: ConnectionUrl = url.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stranger = Connector::default().connect(&url).await;
        assert!(
            stranger.is_err(),
            "the certificate is nobody's that the world trusts"
        );
        let options = Options {
            extra_roots_pem: Some(std::fs::read(work.world_dir().join("ca.pem")).unwrap()),
            ..Options::default()
        };
        let session = Connector::new(options).connect(&url).await.unwrap();
        let row = session
            .client()
            .query_one("select count(*) from users", &[])
            .await
            .unwrap();
        row.get(0)
    })
}

/// Whose account, which region, with which right: settled before anything is looked at.
#[test]
fn the_wrong_account_region_or_no_credentials_change_nothing() {
    let mut work = Workplace::light();
    let aws = work.serve::<&str>(&[]);
    outside(&mut work, &aws);

    let text = work.read("stack.yaml");
    work.write(
        "stack.yaml",
        &text.replace(
            "\n# account: \"123456789012\" ",
            "\naccount: \"999999999999\" ",
        ),
    );
    work.bare(&["apply", "--yes"])
        .code(1)
        .says("is for account 999999999999, and the credentials are of account 123456789012")
        .says("--profile");
    work.write("stack.yaml", &text);

    work.bare(&["apply", "--yes", "--region", "eu-west-1"])
        .code(1)
        .says("is for region us-west-2, and --region says eu-west-1")
        .says("leave --region out");

    let home = tempfile::tempdir().unwrap();
    let mut command = work.command(&["apply", "--yes"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", home.path());
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("no AWS credentials were found")
        .says("AWS_PROFILE");

    let mut command = work.command(&["apply", "--yes", "--profile", "nobody"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", home.path());
    crate::cli::Running::start(command)
        .wait()
        .code(1)
        .says("no AWS credentials were found")
        .says("--profile");
    work.has_nothing();

    // nobody answers there
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    work.set("CRUDDUR_INFRA_ENDPOINT_URL", &format!("http://{free}"));
    work.bare(&["apply", "--yes"])
        .code(1)
        .keeps_silent_about("panicked");
}

#[test]
fn a_port_in_use_is_said_to_be() {
    let work = Workplace::light();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    work.bare(&["sandbox", "serve", "--port", &port])
        .code(1)
        .says(&format!("port {port} on 127.0.0.1 is in use"))
        .says("choose another one");
    drop(taken);
    let up = work.serve(&["--port", &port]);
    assert_eq!(up.endpoint, format!("http://127.0.0.1:{port}"));
    // one world is served once, and not emptied meanwhile
    work.bare(&["sandbox", "serve"])
        .code(1)
        .says(&format!("served already at {}", up.endpoint));
    work.bare(&["sandbox", "reset"])
        .code(1)
        .says("stop it first");
    work.bare(&["sandbox", "status"])
        .code(0)
        .says(&format!("up at {}", up.endpoint));
    drop(up);
    work.bare(&["sandbox", "status"]).code(0).says("not up");
}
