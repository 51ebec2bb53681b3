//! What SECURITY.md promises and no other test looks at: TLS, files, listeners, the workflow.

use crate::cli::Workplace;
use cruddur_infra::assets::{Arch, PinnedPackage, Target, WheelSource};
use cruddur_infra::aws::{Clients, Settings};
use cruddur_infra::pg::{ConnectionUrl, Connector, Options};
use cruddur_infra::public_ip::{self, Source};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::JoinHandle;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// --- TLS ---

/// What a client said to a server that answers with TLS 1.1, whatever it is offered.
#[derive(Debug)]
struct Heard {
    /// The versions that the client offered.
    versions: Vec<u16>,
    /// What it sent after the answer: the type of a record, 21 for an alert.
    then: Option<u8>,
}

/// Listens once on loopback. `before` is what the protocol has before TLS begins.
fn old_server(before: fn(&mut TcpStream)) -> (u16, JoinHandle<Heard>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        before(&mut stream);
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 22, "a handshake: {head:?}");
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut hello).unwrap();
        let versions = offered(&hello);
        // version 3.2 is TLS 1.1; ECDHE-RSA with AES-128-CBC, as servers of that time have it
        let mut answer = vec![0x02, 0, 0, 38, 0x03, 0x02];
        answer.extend([7; 32]);
        answer.extend([0, 0xc0, 0x13, 0]);
        let mut record = vec![22, 0x03, 0x02, 0, answer.len() as u8];
        record.extend(answer);
        stream.write_all(&record).unwrap();
        let mut next = [0];
        let then = stream.read_exact(&mut next).ok().map(|()| next[0]);
        Heard { versions, then }
    });
    (port, heard)
}

/// The versions in a ClientHello: those of the extension, or the one of the old field.
fn offered(hello: &[u8]) -> Vec<u16> {
    let two = |at: usize| u16::from_be_bytes([hello[at], hello[at + 1]]);
    assert_eq!(hello[0], 1, "a ClientHello");
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + usize::from(two(at));
    at += 1 + usize::from(hello[at]);
    let end = at + 2 + usize::from(two(at));
    at += 2;
    while at < end {
        let (kind, length) = (two(at), usize::from(two(at + 2)));
        if kind == 43 {
            let list = &hello[at + 5..at + 4 + length];
            return list
                .chunks(2)
                .map(|v| u16::from_be_bytes([v[0], v[1]]))
                .collect();
        }
        at += 4 + length;
    }
    vec![two(4)]
}

#[track_caller]
fn is_modern(heard: JoinHandle<Heard>, who: &str) {
    let heard = heard.join().unwrap();
    assert!(!heard.versions.is_empty(), "{who}");
    assert!(
        heard.versions.iter().all(|v| *v >= 0x0303),
        "{who} offers {:x?}",
        heard.versions
    );
    assert!(
        heard.versions.contains(&0x0304),
        "{who} offers {:x?}",
        heard.versions
    );
    // it ends the connection with an alert, and sends nothing else
    assert!(
        heard.then.is_none_or(|then| then == 21),
        "{who} goes on with {:?}",
        heard.then
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_speaks_less_than_tls_1_2() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();

    let (port, heard) = old_server(|_| ());
    let settings = Settings {
        region: Some("us-west-2".to_owned()),
        endpoint: Some(format!("https://127.0.0.1:{port}")),
        sandbox: true,
        ..Settings::default()
    };
    let clients = Clients::load(&settings).await.unwrap();
    assert!(clients.identity().await.is_err());
    is_modern(heard, "the AWS SDK");

    let (port, heard) = old_server(|_| ());
    let source = Source::new(&format!("https://127.0.0.1:{port}/ip")).unwrap();
    let client = public_ip::client(std::slice::from_ref(&source)).unwrap();
    assert!(client.get(source.url().clone()).send().await.is_err());
    is_modern(heard, "who asks for the public address");

    let (port, heard) = old_server(|_| ());
    let cache = tempfile::tempdir().unwrap();
    let index =
        WheelSource::new(&format!("https://127.0.0.1:{port}/simple"), cache.path()).unwrap();
    let package = PinnedPackage::parse("p==1.0").unwrap();
    let target = Target::lambda("python3.13", Arch::X86_64).unwrap();
    assert!(index.wheel(&package, &target).await.is_err());
    is_modern(heard, "who fetches packages");

    let (port, heard) = old_server(|stream| {
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).unwrap();
        assert_eq!(
            asked,
            [0, 0, 0, 8, 4, 210, 22, 47],
            "TLS is asked for before anything is said"
        );
        stream.write_all(b"S").unwrap();
    });
    let url: ConnectionUrl = "postgresql://u:p@db.example.com/d".parse().unwrap();
    let options = Options {
        connect_to: Some(("127.0.0.1".to_owned(), port)),
        ..Options::default()
    };
    assert!(Connector::new(options).connect(&url).await.is_err());
    is_modern(heard, "the Postgres client");
}

/// A server that has no TLS gets neither the password nor anything else.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_without_tls_is_told_nothing() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    let url: ConnectionUrl = "postgresql://u:p@db.example.com/d".parse().unwrap();
    let options = Options {
        connect_to: Some(("127.0.0.1".to_owned(), port)),
        ..Options::default()
    };
    assert!(Connector::new(options).connect(&url).await.is_err());
    assert_eq!(heard.join().unwrap(), b"", "it went on in clear");
}

#[test]
fn the_public_address_is_asked_for_over_tls_alone() {
    assert!(public_ip::DEFAULTS.len() >= 3);
    for url in public_ip::DEFAULTS {
        assert!(url.starts_with("https://"), "{url}");
        assert!(Source::new(url).is_ok(), "{url}");
        assert!(
            Source::new(&url.replacen("https", "http", 1)).is_err(),
            "{url}"
        );
    }
}

/// No address in the source is spoken to in clear, but for this machine's own. (Names of XML documents look like
/// addresses and are none.)
#[test]
fn the_source_has_no_address_in_clear() {
    fn look(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "tests" {
                    look(&path, found);
                }
                continue;
            }
            if name.contains("test") || path.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // what a file tests itself with comes last
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for (at, _) in text.match_indices("http://") {
                let rest = &text[at + "http://".len()..];
                let host: String = rest
                    .chars()
                    .take_while(|c| !"/\"`:)' \n".contains(*c))
                    .collect();
                let fine = [
                    "127.0.0.1",
                    "localhost",
                    "{}",
                    "",
                    "ec2.amazonaws.com",
                    "rds.amazonaws.com",
                ];
                if !fine.contains(&host.as_str()) {
                    found.push(format!("{}: http://{host}", path.display()));
                }
            }
        }
    }
    let mut found = Vec::new();
    look(&root().join("src"), &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_endpoint_in_clear_is_refused_wherever_it_comes_from() {
    let mut work = Workplace::light();
    for name in ["CRUDDUR_DB_PASSWORD", "CRUDDUR_APP_PASSWORD"] {
        work.set(name, "p4ssw0rd-of-the-outside");
    }
    work.set("COGNITO_USER_POOL_ID", "cruddur-user-pool");
    work.set("CRUDDUR_INFRA_IP", "8.8.4.4");
    work.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    work.set("AWS_SECRET_ACCESS_KEY", "s3cr3t-key-of-nobody");
    work.set("AWS_CONFIG_FILE", "config");
    let refused = |work: &Workplace, args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["plan"]);
        work.bare(&all)
            .code(1)
            .says("the endpoint on aws.example.com is plain http")
            .says("https")
            .keeps_silent_about("p4ssw0rd");
    };
    refused(&work, &["--endpoint-url", "http://aws.example.com:4566"]);
    for name in [
        "CRUDDUR_INFRA_ENDPOINT_URL",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_RDS",
        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    ] {
        println!("{name}");
        let mut command = work.command(&["plan"]);
        command.env(name, "http://user:pw-in-url@aws.example.com:4566");
        let output = crate::cli::Running::start(command).wait();
        output
            .code(1)
            .says("the endpoint on aws.example.com is plain http")
            .keeps_silent_about("pw-in-url");
    }
    work.write("config", "[default]\nservices = mine\n[services mine]\nlambda =\n  endpoint_url = http://aws.example.com\n");
    refused(&work, &[]);
    work.bare(&["--endpoint-url", "no url", "plan"])
        .code(1)
        .says("the endpoint cannot be used");
}

// --- files ---

/// Every file and folder below a directory.
fn all(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.is_dir() && !path.is_symlink() {
            found.extend(all(&path));
        }
    }
    found
}

/// With a umask that would let everybody in.
#[test]
fn nothing_that_is_written_is_open_to_others() {
    let mut work = Workplace::light();
    work.set(
        "CRUDDUR_INFRA_CACHE",
        work.path("cache").to_str().unwrap().to_owned().as_str(),
    );
    let before: BTreeSet<PathBuf> = all(&work.path("")).into_iter().collect();
    let program = env!("CARGO_BIN_EXE_cruddur-infra");
    for args in [
        "--sandbox apply",
        "--sandbox destroy --skip-final-snapshot --out d.json",
        "--sandbox plan --out p.json",
        "--file new.yaml init",
    ] {
        let script = format!("umask 0; exec {program} {args}");
        let mut command = work.command::<&str>(&[]);
        command.env("SCRIPT", script);
        let mut shell = std::process::Command::new("sh");
        shell
            .arg("-c")
            .arg(
                command
                    .get_envs()
                    .find(|(k, _)| *k == "SCRIPT")
                    .unwrap()
                    .1
                    .unwrap(),
            )
            .env_clear()
            .envs(
                command
                    .get_envs()
                    .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))),
            )
            .current_dir(work.path(""))
            .stdin(Stdio::null());
        let done = shell.output().unwrap();
        assert!(
            done.status.success(),
            "{args}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let mut checked = 0;
    for path in all(&work.path("")) {
        if before.contains(&path) || path.is_symlink() {
            continue;
        }
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let mode = meta.permissions().mode() & 0o777;
        let shown = path
            .strip_prefix(work.path(""))
            .unwrap()
            .display()
            .to_string();
        // what others may look at: a file that is meant to be shared, and programs that another user runs
        let shared = shown == "new.yaml" || shown.starts_with("cache");
        let parent_is_private = path
            .ancestors()
            .skip(1)
            .take_while(|p| p.starts_with(work.path("")) && *p != work.path(""))
            .any(|p| std::fs::metadata(p).unwrap().mode() & 0o077 == 0);
        if shared {
            assert!(
                mode & 0o022 == 0 || shown == "new.yaml",
                "{shown} has mode {mode:o}: others may write"
            );
        } else if !parent_is_private {
            assert_eq!(mode & 0o077, 0, "{shown} has mode {mode:o}");
        }
        checked += 1;
    }
    assert!(checked > 15, "{checked} files");
    for name in [
        "p.json",
        "d.json",
        ".cruddur",
        ".cruddur/sandbox/stack.yaml/world.json",
    ] {
        let mode = std::fs::metadata(work.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

/// A disk that is full after one KiB: the error is named, the old file is whole, and nothing is left beside it.
#[test]
fn a_disk_that_is_full_leaves_no_half_file() {
    let work = Workplace::light();
    let program = env!("CARGO_BIN_EXE_cruddur-infra");
    let script = format!("ulimit -f 1; trap '' XFSZ; exec {program} --file new.yaml init");
    let done = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(work.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(
        told.contains("new.yaml") && told.contains("too large"),
        "{told}"
    );
    let left: Vec<PathBuf> = all(&work.path(""))
        .into_iter()
        .filter(|p| p.to_string_lossy().contains("new.yaml"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let work = Workplace::light();
    std::fs::write(work.path("no-directory"), "a file").unwrap();
    for out in ["no-directory/p.json", "."] {
        work.run(&["plan", "--out", out])
            .code(1)
            .says(&format!("--out {out}"));
    }
    if !rustix::process::geteuid().is_root() {
        std::fs::create_dir(work.path("closed")).unwrap();
        std::fs::set_permissions(work.path("closed"), std::fs::Permissions::from_mode(0o500))
            .unwrap();
        work.run(&["plan", "--out", "closed/p.json"])
            .code(1)
            .says("--out closed/p.json");
    }
    // nobody may write below /proc, root neither
    work.run(&["plan", "--out", "/proc/p.json"])
        .code(1)
        .says("--out /proc/p.json");
    work.bare(&["--file", "/proc/stack.yaml", "init"])
        .code(1)
        .says("/proc/stack.yaml");
}

// --- listeners ---

/// The addresses on which these processes listen, from the system's own tables.
fn listening(pids: &BTreeSet<u32>) -> Vec<IpAddr> {
    let mut sockets = BTreeSet::new();
    for pid in pids {
        let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        for fd in open.flatten() {
            if let Ok(to) = std::fs::read_link(fd.path())
                && let Some(inode) = to.to_string_lossy().strip_prefix("socket:[")
            {
                sockets.insert(inode.trim_end_matches(']').to_owned());
            }
        }
    }
    let mut found = Vec::new();
    for table in [
        "/proc/net/tcp",
        "/proc/net/tcp6",
        "/proc/net/udp",
        "/proc/net/udp6",
    ] {
        let text = std::fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let listens =
                words[3] == "0A" || (table.contains("udp") && words[2].ends_with(":0000"));
            if !listens || !sockets.contains(words[9]) {
                continue;
            }
            let (address, _) = words[1].split_once(':').unwrap();
            found.push(match address.len() {
                8 => Ipv4Addr::from(u32::from_str_radix(address, 16).unwrap().swap_bytes()).into(),
                _ => {
                    let mut bytes = [0; 16];
                    for (at, word) in bytes.chunks_mut(4).enumerate() {
                        let value = u32::from_str_radix(&address[8 * at..8 * at + 8], 16).unwrap();
                        word.copy_from_slice(&value.to_le_bytes());
                    }
                    IpAddr::from(bytes)
                }
            });
        }
    }
    found
}

/// The processes that hold the socket on which somebody listens at a port.
fn listeners_at(port: u16) -> BTreeSet<u32> {
    let ends = format!(":{port:04X}");
    let text = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets: BTreeSet<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words[1].ends_with(&ends) && words[3] == "0A")
        .map(|words| format!("socket:[{}]", words[9]))
        .collect();
    let holds = |pid: &u32| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
        open.into_iter().flatten().flatten().any(|fd| {
            std::fs::read_link(fd.path()).is_ok_and(|to| sockets.contains(&*to.to_string_lossy()))
        })
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|e| e.file_name().to_string_lossy().parse().ok())
        .filter(holds)
        .collect()
}

#[test]
fn the_sandbox_listens_on_loopback_alone() {
    let work = Workplace::light();
    let aws = work.serve(&["--sandbox-speed", "2000"]);
    work.run(&["apply"]).code(0);
    let port = |url: &str| url.rsplit_once(':').unwrap().1.parse().unwrap();
    let http = listeners_at(port(&aws.endpoint));
    let postgres = listeners_at(work.output("rds_instance.main.port").parse().unwrap());
    for pids in [&http, &postgres] {
        let found = listening(pids);
        assert!(!found.is_empty(), "{pids:?}");
        assert!(found.iter().all(IpAddr::is_loopback), "{pids:?}: {found:?}");
    }
    assert!(http.is_disjoint(&postgres));
    // there is no way to ask for anything else
    for more in [
        &["--host", "0.0.0.0"][..],
        &["--bind", "0.0.0.0"],
        &["--port", "0.0.0.0:80"],
        &["--address=::"],
    ] {
        let mut args = vec!["sandbox", "serve"];
        args.extend(more);
        work.bare(&args).code(1).says("error");
    }
    // and a world whose sandbox is said to be elsewhere is not spoken to
    let serving = work.world_dir().join("serve.json");
    let text = std::fs::read_to_string(&serving).unwrap();
    std::fs::write(&serving, text.replace("127.0.0.1", "192.0.2.1")).unwrap();
    work.run(&["sandbox", "status"]).code(0).says("not up");
    std::fs::write(&serving, text).unwrap();
}

// --- what runs on somebody else's machine ---

#[test]
fn the_workflow_runs_what_nobody_can_change() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let line = line.trim().trim_start_matches("- ");
            let Some(action) = line.strip_prefix("uses:") else {
                continue;
            };
            let (action, comment) = action.split_once('#').unwrap_or((action, ""));
            let commit = action.trim().rsplit_once('@').map_or("", |(_, c)| c);
            let pinned = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(
                pinned,
                "{}: {line}: a tag can be moved, write the commit",
                path.display()
            );
            assert!(
                comment.trim().starts_with('v'),
                "{}: {line}: say which version it is",
                path.display()
            );
            seen += 1;
        }
        // it may read the source, and nothing else
        let rights: Vec<&str> = text
            .lines()
            .skip_while(|l| *l != "permissions:")
            .skip(1)
            .take_while(|l| l.starts_with(' '))
            .collect();
        assert_eq!(rights, ["  contents: read"], "{}", path.display());
        assert_eq!(
            text.matches("permissions:").count(),
            1,
            "{}",
            path.display()
        );
        assert!(
            !text.contains("pull_request_target") && !text.contains("secrets."),
            "{}",
            path.display()
        );
        // what somebody else writes (a title, a branch) never becomes a part of a script
        assert!(
            !text
                .lines()
                .any(|l| l.contains("run:") && l.contains("${{")),
            "{}",
            path.display()
        );
    }
    assert!(seen >= 1);
}

#[test]
fn no_unsafe_code_is_the_compilers_to_see() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("\n[lints.rust]\nunsafe_code = \"forbid\"\n"),
        "it holds for the library, the program and the tests"
    );
}
