//! The binary, driven from outside: a directory of its own for every test, with a copy of the stack and its files, and
//! a sandbox that is emptied at the end, so that no Postgres stays behind.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// After this long a command hangs, however slow the machine is.
pub const HANGS: Duration = Duration::from_secs(240);

/// What of our own environment a command gets to see: what it needs to find programs, its cache and the package index.
const PASSED: [&str; 26] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "USER",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
    "XDG_CACHE_HOME",
    "CRUDDUR_INFRA_CACHE",
    "CRUDDUR_INFRA_PACKAGE_INDEX",
    "CRUDDUR_INFRA_POSTGRES",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "SYSTEMROOT",
    "PYENV_ROOT",
    "PYENV_VERSION",
];

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Fails where the exit code is another.
    #[track_caller]
    pub fn code(self, wanted: i32) -> Self {
        assert_eq!(
            self.code,
            Some(wanted),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails where none of the streams has the text. Wrapped lines count as one.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            flat(&self.all()).contains(&flat(text)),
            "`{text}` is not said\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails where one of the streams has the text.
    #[track_caller]
    pub fn keeps_silent_about(self, text: &str) -> Self {
        assert!(
            !self.all().contains(text),
            "`{text}` is said\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| {
            panic!(
                "{e}\n--- stdout\n{}\n--- stderr\n{}",
                self.stdout, self.stderr
            )
        })
    }

    /// Stdout as one JSON value a line.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A directory with a stack, and its sandbox.
pub struct Workplace {
    dir: tempfile::TempDir,
    /// Variables for every command.
    env: BTreeMap<String, String>,
}

impl Workplace {
    /// A copy of the stack that is shipped.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("cruddur-infra-it-")
            .tempdir()
            .unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(source.join("stack.yaml"), dir.path().join("stack.yaml")).unwrap();
        for name in ["lambda", "sql"] {
            copy(&source.join(name), &dir.path().join(name));
        }
        Workplace {
            dir,
            env: BTreeMap::new(),
        }
    }

    /// A light one with only what `db` needs: an instance and scripts. Making the rest takes time.
    pub fn with_database() -> Self {
        let work = Self::light();
        let text = work.read("stack.yaml");
        let section = |from: &str| {
            let at = text.find(from).unwrap();
            let rest = &text[at..];
            let end = rest[1..].find("\n\n").map_or(rest.len(), |end| end + 2);
            rest[..end].to_owned()
        };
        let head = "stack: cruddur\nregion: us-west-2\n".to_owned();
        work.write(
            "stack.yaml",
            &(head + &section("\nrds_instances:") + &section("\nsql_scripts:")),
        );
        work
    }

    /// The same with a layer that is a small zip of its own: nothing is fetched and little is packed, which is most
    /// of what a command does in a debug build.
    pub fn light() -> Self {
        let work = Workplace::new();
        let mut zip = zip::ZipWriter::new(std::fs::File::create(work.path("layer.zip")).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("python/helper.py", options).unwrap();
        zip.write_all(b"ANSWER = 42\n").unwrap();
        zip.finish().unwrap();
        work.edit(
            "python_packages: [ psycopg2-binary==2.9.11 ]     # or  arn: …   or  zip: …",
            "zip: layer.zip",
        );
        work
    }

    /// Gives every command a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Replaces one text of stack.yaml, which must be there once.
    #[track_caller]
    pub fn edit(&self, old: &str, new: &str) {
        let text = self.read("stack.yaml");
        assert_eq!(text.matches(old).count(), 1, "`{old}` in\n{text}");
        self.write("stack.yaml", &text.replace(old, new));
    }

    /// The directory of the sandbox's world.
    pub fn world_dir(&self) -> PathBuf {
        self.path(".cruddur/sandbox/stack.yaml")
    }

    /// The sandbox's world; nothing where nothing was changed in it yet.
    pub fn world(&self) -> Value {
        match std::fs::read_to_string(self.world_dir().join("world.json")) {
            Ok(text) => serde_json::from_str(&text).unwrap(),
            Err(e) => {
                assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
                Value::Null
            }
        }
    }

    /// The password that the sandbox made up for the master user.
    pub fn password(&self) -> String {
        self.value("CRUDDUR_DB_PASSWORD")
    }

    /// The value that the sandbox made up for a variable.
    pub fn value(&self, name: &str) -> String {
        std::fs::read_to_string(self.world_dir().join("values").join(name)).unwrap()
    }

    /// A command in the directory, as it is, without `--sandbox`.
    pub fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cruddur-infra"));
        command.env_clear();
        for name in PASSED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .envs(&self.env)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.dir.path())
            .args(args.iter().map(AsRef::as_ref))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command as it is.
    #[track_caller]
    pub fn bare<S: AsRef<str>>(&self, args: &[S]) -> Output {
        Running::start(self.command(args)).wait()
    }

    /// Runs a command with `--sandbox`.
    #[track_caller]
    pub fn run<S: AsRef<str>>(&self, args: &[S]) -> Output {
        Running::start(self.sandboxed(args)).wait()
    }

    /// A command with `--sandbox`.
    pub fn sandboxed<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut all = vec!["--sandbox"];
        all.extend(args.iter().map(AsRef::as_ref));
        self.command(&all)
    }

    /// Starts a command with `--sandbox`.
    pub fn start<S: AsRef<str>>(&self, args: &[S]) -> Running {
        Running::start(self.sandboxed(args))
    }

    /// Keeps the sandbox up.
    pub fn serve<S: AsRef<str>>(&self, args: &[S]) -> Served {
        let mut all = vec!["--format", "json", "sandbox", "serve"];
        all.extend(args.iter().map(AsRef::as_ref));
        let mut running = Running::start(self.command(&all));
        let Some(line) = running.line() else {
            panic!("{:?}", running.wait());
        };
        let up: Value = serde_json::from_str(&line).unwrap();
        let endpoint = up["endpoint"].as_str().unwrap().to_owned();
        Served { endpoint, running }
    }

    /// What a plan would change, by address.
    #[track_caller]
    pub fn drift<S: AsRef<str>>(&self, args: &[S]) -> BTreeMap<String, Value> {
        let mut all = vec!["--format", "json", "plan", "--detailed-exitcode"];
        all.extend(args.iter().map(AsRef::as_ref));
        let output = self.run(&all);
        let changes = changes(&output.json());
        let output = output.code(if changes.is_empty() { 0 } else { 2 });
        let summary = &output.json()["summary"];
        let counted: u64 = summary
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "no_op")
            .map(|(_, n)| n.as_u64().unwrap())
            .sum();
        assert_eq!(counted as usize, changes.len(), "{summary}");
        changes
    }

    /// Fails where a plan would change something.
    #[track_caller]
    pub fn is_settled(&self) {
        let drift = self.drift::<&str>(&[]);
        assert!(drift.is_empty(), "{drift:#?}");
    }

    /// Every resource as it is now.
    #[track_caller]
    pub fn status(&self) -> BTreeMap<String, Value> {
        let status = self.run(&["--format", "json", "status"]).code(0).json();
        status["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["address"].as_str().unwrap().to_owned(), r.clone()))
            .collect()
    }

    /// One output.
    #[track_caller]
    pub fn output(&self, name: &str) -> String {
        let output = self.run(&["output", "--show-secrets", name]).code(0);
        output.stdout.trim_end().to_owned()
    }

    /// The resources as AWS has them: how many of each there are that the stack made.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let world = self.world();
        let own = |v: &Value| v["tags"]["cruddur-infra:stack"] == "cruddur";
        let all = |v: &Value| match v {
            Value::Object(members) => members.values().cloned().collect(),
            Value::Array(items) => items.clone(),
            _ => Vec::new(),
        };
        // the sandbox forgets what is gone when it is next asked
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let instances = all(&world["rds"]["instances"])
            .iter()
            .filter(|i| {
                i["gone_at"]
                    .as_u64()
                    .is_none_or(|gone| u128::from(gone) > now)
            })
            .count();
        let functions = all(&world["lambda"]["functions"]);
        let layers = all(&world["lambda"]["layers"]);
        let policies = all(&world["iam"]["policies"]);
        let counted = |items: &[Value], name: &str| {
            items
                .iter()
                .map(|i| i[name].as_array().map_or(0, Vec::len))
                .sum::<usize>()
        };
        let pool = &world["cognito"]["pools"][0]["settings"];
        BTreeMap::from([
            ("instances", instances),
            (
                "rules",
                all(&world["ec2"]["rules"])
                    .iter()
                    .filter(|r| own(r))
                    .count(),
            ),
            ("policies", policies.iter().filter(|p| own(p)).count()),
            ("policy versions", counted(&policies, "versions")),
            (
                "roles",
                all(&world["iam"]["roles"])
                    .iter()
                    .filter(|r| own(r))
                    .count(),
            ),
            ("functions", functions.len()),
            ("statements", counted(&functions, "statements")),
            ("layer versions", counted(&layers, "versions")),
            (
                "triggers",
                usize::from(!pool["LambdaConfig"]["PostConfirmation"].is_null()),
            ),
        ])
    }

    /// Fails where anything that the stack makes is missing or there twice.
    #[track_caller]
    pub fn has_one_of_each(&self) {
        let counts = self.counts();
        assert!(counts.values().all(|n| *n == 1), "{counts:?}");
    }

    /// Fails where anything that the stack makes is left.
    #[track_caller]
    pub fn has_nothing(&self) {
        let counts = self.counts();
        assert!(counts.values().all(|n| *n == 0), "{counts:?}");
    }

    /// The names of all snapshots.
    pub fn snapshots(&self) -> BTreeSet<String> {
        match &self.world()["rds"]["snapshots"] {
            Value::Object(all) => all.keys().cloned().collect(),
            other => panic!("{other}"),
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if self.world_dir().exists() {
            let reset = Running::start(self.command(&["sandbox", "reset"])).wait();
            if reset.code != Some(0) && !std::thread::panicking() {
                panic!("the sandbox could not be emptied: {}", reset.all());
            }
        }
    }
}

/// What a plan would change, by address.
pub fn changes(plan: &Value) -> BTreeMap<String, Value> {
    plan["changes"]
        .as_array()
        .unwrap_or_else(|| panic!("{plan}"))
        .iter()
        .filter(|c| c["action"] != "no_op")
        .map(|c| (c["address"].as_str().unwrap().to_owned(), c.clone()))
        .collect()
}

/// The addresses of what would change.
pub fn addresses(changes: &BTreeMap<String, Value>) -> Vec<&str> {
    changes.keys().map(String::as_str).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            // what Python leaves behind is not part of the stack
            if entry.file_name() != "__pycache__" {
                copy(&entry.path(), &target);
            }
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A command that runs.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (to, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if to
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    return;
                }
                line.clear();
            }
        });
        let mut from = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Running {
            child,
            lines,
            seen: String::new(),
            stderr: Some(stderr),
        }
    }

    /// Tells whether it is still there.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The next line on stdout; none where there are no more.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(HANGS) {
            Ok(line) => {
                self.seen.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                panic!("nothing more is said after\n{}", self.seen);
            }
        }
    }

    /// What was said on stdout so far.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        while self.line().is_some() {}
        let until = Instant::now() + HANGS;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < until,
                "it does not end after\n{}",
                self.seen
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Output {
            code: status.code(),
            stdout: std::mem::take(&mut self.seen),
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox that is kept up for other clients.
pub struct Served {
    pub endpoint: String,
    running: Running,
}

/// The answer to a call of another AWS client.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// Fails where the call was refused.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }

    /// The text of the first XML element of a name.
    #[track_caller]
    pub fn element(&self, name: &str) -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let from = self
            .body
            .find(&open)
            .unwrap_or_else(|| panic!("no {name}: {}", self.body));
        let rest = &self.body[from + open.len()..];
        rest[..rest.find(&close).unwrap()].to_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Served {
    /// A call in the query protocol of rds, ec2 and iam.
    pub fn query(&self, service: &str, action: &str, params: &[(&str, &str)]) -> Answer {
        let version = match service {
            "rds" => "2014-10-31",
            "ec2" => "2016-11-15",
            "iam" => "2010-05-08",
            other => panic!("{other}"),
        };
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("Action", action)
            .append_pair("Version", version);
        body.extend_pairs(params);
        let kind = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
        self.send(service, "POST", "/", kind, &body.finish())
    }

    /// A call of Cognito's.
    pub fn cognito(&self, action: &str, body: &Value) -> Answer {
        let head = format!(
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSCognitoIdentityProviderService.{action}\r\n"
        );
        self.send("cognito-idp", "POST", "/", &head, &body.to_string())
    }

    /// A call of Lambda's.
    pub fn lambda(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let text = body.map(Value::to_string).unwrap_or_default();
        self.send(
            "lambda",
            method,
            path,
            "Content-Type: application/json\r\n",
            &text,
        )
    }

    fn send(&self, service: &str, method: &str, path: &str, head: &str, body: &str) -> Answer {
        let host = self.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        let scope = format!("OTHERCLIENT/20260101/us-west-2/{service}/aws4_request");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n\
             {head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{answer}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(
            !head.to_ascii_lowercase().contains("transfer-encoding"),
            "{head}"
        );
        Answer {
            status,
            body: body.to_owned(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.running.runs() {
            self.running.signal(Signal::TERM);
            let until = Instant::now() + HANGS;
            while self.running.runs() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
