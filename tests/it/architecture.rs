//! The floors of the design, read off the source: who may name whom, what may be named at all, and how large a file
//! may become. It is a guard, not a limit on thought: a line that it refuses is either wrong or belongs on the list of
//! exceptions below, with its reason.

use cruddur_infra::model::Severity;
use cruddur_infra::{kinds, stack};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Every module of the crate's root and its floor. Arrows point down, or stay on their floor.
const FLOORS: [(&str, u8); 17] = [
    ("model", 0),
    ("resource", 1),
    ("aws", 1),
    ("pg", 1),
    ("database", 1),
    ("public_ip", 1),
    ("workspace", 1),
    ("files", 1),
    ("yaml", 1),
    ("assets", 1),
    ("sandbox", 1),
    ("engine", 2),
    ("stack", 2),
    ("kinds", 2),
    ("app", 2),
    ("render", 3),
    ("cli", 4),
];

/// What a folder must not name besides what is above it.
const NEVER: [(&str, &[&str], &str); 4] = [
    (
        "engine",
        &["kinds", "aws", "pg", "database", "render", "cli", "stack"],
        "the engine runs on fakes",
    ),
    (
        "kinds",
        &["engine", "stack", "render", "cli"],
        "kinds meet only through outputs",
    ),
    (
        "app",
        &[
            "model",
            "resource",
            "aws",
            "public_ip",
            "workspace",
            "files",
            "yaml",
            "assets",
            "engine",
            "stack",
            "kinds",
        ],
        "the application knows its database alone",
    ),
    (
        "render",
        &[
            "engine", "stack", "kinds", "resource", "aws", "pg", "database", "yaml", "assets",
        ],
        "render knows plain data only",
    ),
];

/// The longest a source file may be, in lines.
const LONGEST: usize = 500;

/// Lines that break a rule on purpose: file, what it names, why. One that is not needed any more fails the test.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

// --- the rules ---

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    file: String,
    line: usize,
    names: String,
    why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "src/{}:{}: `{}`: {}",
            self.file, self.line, self.names, self.why
        )
    }
}

/// Finds everything in these files (path below `src/`, text) that breaks a rule.
fn violations(files: &BTreeMap<String, String>) -> Vec<Violation> {
    let moved = moved_modules(files);
    let mut found = Vec::new();
    for (file, text) in files {
        let lines = text.lines().count();
        let mut wrong = |line: usize, names: &str, why: String| {
            found.push(Violation {
                file: file.clone(),
                line,
                names: names.to_owned(),
                why,
            });
        };
        if lines > LONGEST {
            wrong(
                lines,
                file,
                format!("{lines} lines; {LONGEST} is the most: cut it where a reader would"),
            );
        }
        let module = moved.get(file).cloned().unwrap_or_else(|| module_of(file));
        let tokens = tokens(text);
        for (line, what) in macros(&tokens) {
            if PRINTING.contains(&what.as_str()) && !may_print(file) {
                wrong(
                    line,
                    &format!("{what}!"),
                    "nothing below render prints".to_owned(),
                );
            }
        }
        for token in &tokens {
            if token.text.starts_with("aws_sdk_") && !may_name_the_sdk(file) {
                wrong(
                    token.line,
                    &token.text,
                    "the SDK ends at src/aws and a kind's api".to_owned(),
                );
            }
            if PURE.contains(&file.as_str())
                && ["async", "await", "tokio"].contains(&token.text.as_str())
            {
                wrong(
                    token.line,
                    &token.text,
                    "planner and queue are pure".to_owned(),
                );
            }
            if top(&module) == "model" && NOT_IN_MODEL.iter().any(|n| token.text.starts_with(n)) {
                wrong(
                    token.line,
                    &token.text,
                    "model is the vocabulary: no runtime, no AWS, no clock".to_owned(),
                );
            }
        }
        for path in paths(&tokens, &module) {
            let text = path.segments.join("::");
            if sleeps(&path.segments) && !may_sleep(file) {
                wrong(
                    path.line,
                    &text,
                    "only the engine's poll loop sleeps".to_owned(),
                );
            }
            if let Some(why) = forbidden(&module, file, &path) {
                wrong(path.line, &text, why);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
const PURE: [&str; 3] = [
    "engine/plan.rs",
    "engine/plan_destroy.rs",
    "engine/queue.rs",
];
const NOT_IN_MODEL: [&str; 6] = ["tokio", "aws_", "jiff", "SystemTime", "Instant", "chrono"];

fn may_print(file: &str) -> bool {
    file.starts_with("render/") || file == "main.rs" || is_test(file)
}

fn may_name_the_sdk(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    matches!(
        parts.as_slice(),
        ["aws", ..] | ["kinds", _, "api.rs"] | ["kinds", _, "api", ..]
    )
}

fn may_sleep(file: &str) -> bool {
    // the second one is a script's `delay_ms`: an answer that comes late on purpose
    file == "engine/wait.rs" || file == "sandbox/server/exchange.rs" || is_test(file)
}

/// Tests may print and wait, and know the sandbox; otherwise they keep to the floors like the rest.
fn is_test(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    file.contains("/tests/")
        || name == "tests.rs"
        || name == "testing.rs"
        || name.ends_with("_tests.rs")
}

fn sleeps(path: &[String]) -> bool {
    let late = [
        "sleep",
        "sleep_until",
        "interval",
        "interval_at",
        "sleep_ms",
        "*",
    ];
    let clock = ["tokio", "time"].contains(&path[0].as_str());
    path.windows(2)
        .any(|w| (w[0] == "time" && clock || w[0] == "thread") && late.contains(&w[1].as_str()))
}

fn top(module: &[String]) -> &str {
    module.first().map_or("", String::as_str)
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// Says why a file must not name something of ours.
fn forbidden(module: &[String], file: &str, path: &Named) -> Option<String> {
    let [krate, to, ..] = path.segments.as_slice() else {
        return None;
    };
    let from = top(module);
    if krate != "crate" {
        return None;
    }
    if from.is_empty() {
        // lib.rs lists the modules and main.rs calls the command line
        return (file != "lib.rs" && file != "main.rs")
            .then(|| "this module has no floor".to_owned());
    }
    let Some(here) = floor(from) else {
        return Some(format!(
            "the module {from} has no floor: give it one in tests/it/architecture.rs"
        ));
    };
    let Some(there) = floor(to) else {
        return Some(format!(
            "the module {to} has no floor: give it one in tests/it/architecture.rs"
        ));
    };
    if from == "kinds" && to == "kinds" {
        let (mine, theirs) = (module.get(1), path.segments.get(2));
        // kinds/mod.rs is the list
        return (mine.is_some() && mine != theirs)
            .then(|| "a kind never knows another kind".to_owned());
    }
    if from == to {
        return None;
    }
    if there > here {
        return Some(format!(
            "upwards: {from} is on floor {here}, {to} on floor {there}"
        ));
    }
    if from == "model" {
        return Some("model imports nothing of ours".to_owned());
    }
    if from == "sandbox" {
        return Some("the sandbox must not know what it is judged with".to_owned());
    }
    // tests that need a server take the sandbox's, which fetches one where the machine has none
    if to == "sandbox" && from != "cli" && !is_test(file) {
        return Some("nobody but cli and tests knows the sandbox".to_owned());
    }
    if let Some((_, never, why)) = NEVER.iter().find(|(f, _, _)| *f == from)
        && never.contains(&to.as_str())
    {
        return Some((*why).to_owned());
    }
    None
}

// --- reading the source ---

#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// Cuts a text into words and signs; comments and texts in quotes are left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    let skip_to = |from: usize, to: usize, line: &mut usize| {
        *line += chars[from..to.min(chars.len())]
            .iter()
            .filter(|c| **c == '\n')
            .count();
        to
    };
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        if c == '/' && next == Some('/') {
            at += chars[at..]
                .iter()
                .position(|c| *c == '\n')
                .unwrap_or(chars.len() - at);
        } else if c == '/' && next == Some('*') {
            let (mut depth, mut end) = (1, at + 2);
            while depth > 0 && end < chars.len() {
                match (chars[end], chars.get(end + 1)) {
                    ('/', Some('*')) => (depth, end) = (depth + 1, end + 2),
                    ('*', Some('/')) => (depth, end) = (depth - 1, end + 2),
                    _ => end += 1,
                }
            }
            at = skip_to(at, end, &mut line);
        } else if c == '"' {
            let mut end = at + 1;
            while end < chars.len() && chars[end] != '"' {
                end += if chars[end] == '\\' { 2 } else { 1 };
            }
            at = skip_to(at, end + 1, &mut line);
        } else if (c == 'r' || c == 'b' && next == Some('r')) && raw_start(&chars, at).is_some() {
            let (open, hashes) = raw_start(&chars, at).unwrap();
            let close: Vec<char> = std::iter::once('"')
                .chain(std::iter::repeat_n('#', hashes))
                .collect();
            let end = chars[open..].windows(close.len()).position(|w| w == close);
            at = skip_to(
                at,
                end.map_or(chars.len(), |e| open + e + close.len()),
                &mut line,
            );
        } else if c == '\'' && (next == Some('\\') || chars.get(at + 2) == Some(&'\'')) {
            // a character, not a lifetime
            let from = if next == Some('\\') { at + 3 } else { at + 2 };
            let close = chars[from..].iter().position(|c| *c == '\'');
            at = close.map_or(chars.len(), |e| from + e + 1);
        } else if c.is_alphanumeric() || c == '_' {
            let end = chars[at..]
                .iter()
                .position(|c| !(c.is_alphanumeric() || *c == '_'));
            let end = end.map_or(chars.len(), |e| at + e);
            out.push(Token {
                text: chars[at..end].iter().collect(),
                line,
            });
            at = end;
        } else {
            if c == '\n' {
                line += 1;
            } else if c == ':' && next == Some(':') {
                out.push(Token {
                    text: "::".to_owned(),
                    line,
                });
                at += 1;
            } else if !c.is_whitespace() {
                out.push(Token {
                    text: c.to_string(),
                    line,
                });
            }
            at += 1;
        }
    }
    out
}

/// Where a raw text's inside begins, and how many `#` it has.
fn raw_start(chars: &[char], at: usize) -> Option<(usize, usize)> {
    if at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') {
        return None;
    }
    let after = at + if chars[at] == 'b' { 2 } else { 1 };
    let hashes = chars
        .get(after..)?
        .iter()
        .take_while(|c| **c == '#')
        .count();
    (chars.get(after + hashes) == Some(&'"')).then_some((after + hashes + 1, hashes))
}

/// The macros that are called.
fn macros(tokens: &[Token]) -> Vec<(usize, String)> {
    tokens
        .windows(3)
        .filter(|w| w[1].text == "!" && ["(", "[", "{"].contains(&w[2].text.as_str()))
        .map(|w| (w[0].line, w[0].text.clone()))
        .collect()
}

/// A path that is named, `super` and `self` resolved.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    segments: Vec<String>,
    line: usize,
}

/// Every path in a file, groups spread out.
fn paths(tokens: &[Token], module: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    // modules within the file, each with the depth of its braces
    let mut inner: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0_usize, 0_usize);
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    while at < tokens.len() {
        match text(at) {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inner.retain(|(_, d)| *d <= depth);
            }
            "mod" if text(at + 2) == "{" => {
                inner.push((text(at + 1).to_owned(), depth + 1));
            }
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && text(at + 1) == "::"
                && (at == 0 || text(at - 1) != "::") =>
            {
                let mut here = module.to_vec();
                here.extend(inner.iter().map(|(name, _)| name.clone()));
                let mut written = Vec::new();
                at = spread(tokens, at, &mut Vec::new(), &mut written);
                found.extend(written.into_iter().map(|w| resolve(w, &here)));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads one path with its groups from `at`; returns where it ends.
fn spread(
    tokens: &[Token],
    mut at: usize,
    prefix: &mut Vec<String>,
    out: &mut Vec<Named>,
) -> usize {
    let line = tokens[at].line;
    let length = prefix.len();
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let word =
        |i: usize| text(i) == "*" || text(i).starts_with(|c: char| c.is_alphanumeric() || c == '_');
    loop {
        if text(at) == "{" {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                if word(at) {
                    at = spread(tokens, at, prefix, out);
                } else {
                    at += 1;
                }
            }
            at += 1;
            break;
        }
        if !word(at) {
            // a turbofish or `<T as X>::y`: the path ends here
            out.push(Named {
                segments: prefix.clone(),
                line,
            });
            break;
        }
        prefix.push(text(at).to_owned());
        at += 1;
        if text(at) != "::" {
            out.push(Named {
                segments: prefix.clone(),
                line,
            });
            break;
        }
        at += 1;
    }
    prefix.truncate(length);
    at
}

/// Makes a path absolute: `crate::…` for what is ours.
fn resolve(mut named: Named, here: &[String]) -> Named {
    let mut base: Option<Vec<String>> = None;
    let mut rest = 0;
    for segment in &named.segments {
        match segment.as_str() {
            "crate" | "cruddur_infra" if rest == 0 => base = Some(Vec::new()),
            "self" => base = Some(base.unwrap_or_else(|| here.to_vec())),
            "super" => {
                let mut up = base.unwrap_or_else(|| here.to_vec());
                up.pop();
                base = Some(up);
            }
            _ => break,
        }
        rest += 1;
    }
    if let Some(base) = base {
        let mut segments = vec!["crate".to_owned()];
        segments.extend(base);
        segments.extend(named.segments.drain(rest..));
        named.segments = segments;
    }
    named
}

/// `kinds/iam_role/api.rs` is `kinds::iam_role::api`.
fn module_of(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// Files that `#[path = "…"]` puts elsewhere in the tree of modules.
fn moved_modules(files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let mut moved = BTreeMap::new();
    for (file, text) in files {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(path) = line
                .trim()
                .strip_prefix("#[path = \"")
                .and_then(|l| l.strip_suffix("\"]"))
            else {
                continue;
            };
            let name = lines.by_ref().map(str::trim).find_map(|l| {
                l.trim_start_matches("pub ")
                    .strip_prefix("mod ")?
                    .strip_suffix(';')
            });
            if let Some(name) = name {
                let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                let mut module = module_of(file);
                module.push(name.to_owned());
                moved.insert(format!("{folder}/{path}"), module);
            }
        }
    }
    moved
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> BTreeMap<String, String> {
    fn walk(dir: &Path, base: &Path, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, base, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(base)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                into.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join("src"), &root().join("src"), &mut found);
    found
}

// --- the tests ---

#[test]
fn the_source_keeps_to_the_floors() {
    let files = sources();
    assert!(
        files.len() > 100,
        "the source is not where it was: {} files",
        files.len()
    );
    let found = violations(&files);
    let excused = |v: &Violation| {
        EXCEPTIONS
            .iter()
            .any(|(file, names, _)| v.file == *file && v.names == *names)
    };
    let open: Vec<String> = found
        .iter()
        .filter(|v| !excused(v))
        .map(ToString::to_string)
        .collect();
    assert!(
        open.is_empty(),
        "{} lines break the floors:\n{}",
        open.len(),
        open.join("\n")
    );
    for (file, names, why) in EXCEPTIONS {
        assert!(
            found.iter().any(|v| v.file == file && v.names == names),
            "src/{file} does not name `{names}` any more ({why}): take it off the list"
        );
    }
}

#[test]
fn every_module_of_the_root_has_a_floor() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: BTreeSet<&str> = lib
        .lines()
        .filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let floors: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, floors);
}

/// The guard itself: each of these lines, put into that file, is caught; its neighbour is not.
#[test]
fn a_forbidden_line_is_caught() {
    let caught = |file: &str, text: &str| {
        let files = BTreeMap::from([(file.to_owned(), text.to_owned())]);
        !violations(&files).is_empty()
    };
    let forbidden = [
        // upwards
        ("model/plan.rs", "use crate::resource::Facts;"),
        ("resource/mod.rs", "use crate::engine::Stack;"),
        ("aws/clients.rs", "fn f() { crate::cli::main(); }"),
        ("kinds/iam_role/mod.rs", "use crate::render::Style;"),
        ("render/plan.rs", "use crate::cli::args::Cli;"),
        // the vocabulary
        ("model/event.rs", "use tokio::sync::mpsc;"),
        (
            "model/event.rs",
            "fn at() -> std::time::SystemTime { todo() }",
        ),
        ("model/event.rs", "use jiff::Timestamp;"),
        // the engine
        ("engine/apply.rs", "use crate::kinds::all;"),
        ("engine/apply.rs", "use crate::aws::Clients;"),
        ("engine/apply.rs", "use crate::stack::Loaded;"),
        (
            "engine/apply.rs",
            "use crate::{model::Plan, pg::Connector};",
        ),
        ("engine/plan.rs", "async fn plan() {}"),
        ("engine/queue.rs", "fn f() { x.await }"),
        ("engine/plan.rs", "use tokio::time::Instant;"),
        // kinds
        (
            "kinds/iam_role/mod.rs",
            "use crate::kinds::iam_policy::Spec;",
        ),
        (
            "kinds/iam_role/live.rs",
            "use super::super::iam_policy::Spec;",
        ),
        (
            "kinds/iam_role/api/more.rs",
            "use super::super::super::iam_policy;",
        ),
        ("kinds/iam_role/mod.rs", "use super::{iam_policy::Spec};"),
        (
            "kinds/iam_role/mod.rs",
            "mod tests { use super::super::iam_policy::Spec; }",
        ),
        ("kinds/iam_role/mod.rs", "use crate::engine::plan;"),
        ("kinds/iam_role/mod.rs", "use crate::stack::parse;"),
        (
            "kinds/sql_script/mod.rs",
            "use crate::{model::{self, Plan}, sandbox::Sandbox};",
        ),
        // the application
        ("app/mod.rs", "use crate::model::Secret;"),
        ("app/activities/mod.rs", "use crate::kinds::all;"),
        ("pg/mod.rs", "use crate::app::Ttl;"),
        // the sandbox
        ("sandbox/rds/mod.rs", "use crate::model::Secret;"),
        ("sandbox/rds/mod.rs", "use super::super::pg::Connector;"),
        ("engine/apply.rs", "use crate::sandbox::Sandbox;"),
        ("stack/check.rs", "use crate::sandbox::Sandbox;"),
        // the border
        ("kinds/iam_role/mod.rs", "use aws_sdk_iam::Client;"),
        ("engine/apply.rs", "fn f(c: &aws_sdk_rds::Client) {}"),
        ("pg/mod.rs", "type C = aws_sdk_sts::Client;"),
        // printing
        ("engine/apply.rs", "fn f() { println!(\"x\"); }"),
        ("cli/run.rs", "fn f() { eprint!{\"x\"} }"),
        ("kinds/iam_role/mod.rs", "fn f() { dbg!(1); }"),
        // waiting
        (
            "engine/step.rs",
            "async fn f() { tokio::time::sleep(d).await }",
        ),
        ("engine/step.rs", "use tokio::time::{Duration, sleep};"),
        ("engine/step.rs", "use tokio::time::*;"),
        (
            "cli/run.rs",
            "use tokio::time; async fn f() { time::sleep(d).await }",
        ),
        ("pg/connect.rs", "fn f() { std::thread::sleep(d) }"),
        (
            "kinds/iam_role/mod.rs",
            "async fn f() { tokio::time::interval(d); }",
        ),
        // a module that nobody placed
        ("attic.rs", "use crate::model::Plan;"),
        ("cli/run.rs", "use crate::attic::Plan;"),
    ];
    for (file, text) in forbidden {
        assert!(caught(file, text), "not caught: src/{file}: {text}");
    }
    assert!(
        caught("engine/long.rs", &"\n".repeat(LONGEST + 1)),
        "a long file is not caught"
    );
    let allowed = [
        (
            "kinds/iam_role/mod.rs",
            "use crate::{aws, model::Diff, resource::Facts};",
        ),
        (
            "kinds/iam_role/mod.rs",
            "// use crate::engine::plan;\n/* println!(1) /* nested */ */",
        ),
        (
            "kinds/iam_role/mod.rs",
            "const T: &str = \"crate::engine::plan println!()\";",
        ),
        (
            "kinds/iam_role/mod.rs",
            "const T: &str = r#\"use crate::engine; \"aws_sdk_iam\" \"#;",
        ),
        (
            "kinds/iam_role/mod.rs",
            "fn f<'a>(c: &'a str) -> char { '\"' }",
        ),
        ("kinds/iam_role/api.rs", "use aws_sdk_iam::Client;"),
        (
            "kinds/rds_instance/api/convert.rs",
            "use super::super::live::Live; use aws_sdk_rds::types;",
        ),
        (
            "kinds/rds_instance/tests/fields.rs",
            "use super::super::diff; fn f() { println!(\"x\") }",
        ),
        ("kinds/mod.rs", "use crate::kinds::iam_role::IamRole;"),
        (
            "engine/plan.rs",
            "use super::Queue; use crate::model::Plan;",
        ),
        ("engine/wait.rs", "fn f() { tokio::time::sleep(d) }"),
        ("app/mod.rs", "use crate::pg::Pool;"),
        (
            "engine/step.rs",
            "async fn f() { tokio::time::timeout(d, x).await }",
        ),
        ("stack/check.rs", "use crate::engine::Stack;"),
        ("cli/local.rs", "use crate::sandbox::Sandbox;"),
        (
            "sandbox/rds/mod.rs",
            "use super::wire::Call; use crate::sandbox::world::World;",
        ),
        ("render/view/human.rs", "fn f() { eprintln!(\"x\") }"),
    ];
    for (file, text) in allowed {
        assert!(!caught(file, text), "caught by mistake: src/{file}: {text}");
    }
}

/// `#[path]` moves a file: its `super` is the file that names it.
#[test]
fn a_moved_file_is_read_where_it_belongs() {
    let files = BTreeMap::from([
        (
            "kinds/iam_role/live.rs".to_owned(),
            "#[cfg(test)]\n#[path = \"live_tests.rs\"]\nmod tests;".to_owned(),
        ),
        (
            "kinds/iam_role/live_tests.rs".to_owned(),
            "use super::super::diff; use super::super::super::iam_policy;".to_owned(),
        ),
    ]);
    let found = violations(&files);
    let names: Vec<&str> = found.iter().map(|v| v.names.as_str()).collect();
    assert_eq!(names, ["crate::kinds::iam_policy"]);
}

#[test]
fn the_list_of_kinds_is_complete() {
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("src/kinds"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = kinds::offline()
        .iter()
        .map(|k| k.name().to_owned())
        .collect();
    assert_eq!(folders, listed, "one folder and one line a kind");
}

/// Every kind's example is a real entry: all of them together are a stack in which nothing is wrong.
#[test]
fn the_examples_are_a_stack() {
    let all = kinds::offline();
    let example = |kind: &str| {
        let path = root().join("src/kinds").join(kind).join("example.yaml");
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let texts: BTreeMap<&str, String> = all.iter().map(|k| (k.name(), example(k.name()))).collect();
    // an entry has the name by which the other examples refer to it
    let name_of = |kind: &str| {
        let mark = format!("{kind}.");
        texts
            .iter()
            .filter(|(other, _)| **other != kind)
            .flat_map(|(_, text)| {
                text.match_indices(&mark)
                    .map(|(at, _)| &text[at + mark.len()..])
            })
            .map(|rest| {
                rest.split(|c: char| !(c.is_alphanumeric() || c == '-'))
                    .next()
                    .unwrap_or("")
            })
            .find(|name| !name.is_empty())
            .map_or_else(
                || format!("example-{}", kind.replace('_', "-")),
                str::to_owned,
            )
    };
    let mut file = "stack: examples\nregion: us-west-2\n".to_owned();
    for kind in &all {
        file.push_str(&format!(
            "{}:\n  {}:\n",
            kind.section(),
            name_of(kind.name())
        ));
        for line in texts[kind.name()].lines() {
            file.push_str(&format!("    {line}\n"));
        }
    }
    let loaded = stack::parse("stack.yaml", &file, &all);
    let wrong: Vec<String> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| format!("{d:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}\n{file}", wrong.join("\n"));
    let kinds_read: BTreeSet<&str> = loaded.entries.keys().map(|a| a.kind.as_str()).collect();
    assert_eq!(kinds_read.len(), all.len(), "{kinds_read:?}");
}

/// The example is the reference for people: it shows every field that the schema has.
#[test]
fn the_examples_show_every_field() {
    let all = kinds::offline();
    let schema = stack::schema(&all);
    let mut missing = Vec::new();
    for kind in &all {
        let text = std::fs::read_to_string(
            root()
                .join("src/kinds")
                .join(kind.name())
                .join("example.yaml"),
        )
        .unwrap();
        let fields = schema["properties"][kind.section()]["additionalProperties"]["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("no schema for {}", kind.section()));
        for field in fields
            .keys()
            .filter(|f| !["after", "adopt"].contains(&f.as_str()))
        {
            let words: BTreeSet<&str> = text
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .collect();
            if !words.contains(field.as_str()) {
                missing.push(format!("{}: {field}", kind.name()));
            }
        }
    }
    assert!(missing.is_empty(), "example.yaml does not show {missing:?}");
}

// --- one TLS stack ---

/// A package must not be there at all, or not below a version.
const PACKAGES: [(&str, Option<(u64, u64)>); 7] = [
    ("ring", None),
    ("openssl-sys", None),
    ("native-tls", None),
    ("openssl", None),
    ("hyper", Some((1, 0))),
    ("rustls", Some((0, 23))),
    ("h2", Some((0, 4))),
];

/// Finds packages that bring a second HTTP or TLS stack, among `name version` pairs.
fn second_stacks<'a>(packages: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    packages
        .filter(|(name, version)| {
            let mut numbers = version.split('.').map(|n| n.parse::<u64>().unwrap_or(0));
            let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            PACKAGES
                .iter()
                .any(|(bad, least)| bad == name && least.is_none_or(|least| version < least))
        })
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

#[test]
fn there_is_one_tls_stack() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let quoted = |line: &str, key: &str| {
        Some(
            line.strip_prefix(key)?
                .strip_prefix(" = \"")?
                .strip_suffix('"')?
                .to_owned(),
        )
    };
    let mut packages: Vec<(String, String)> = Vec::new();
    for line in lock.lines() {
        if let Some(name) = quoted(line, "name") {
            packages.push((name, String::new()));
        } else if let (Some(version), Some(last)) = (quoted(line, "version"), packages.last_mut()) {
            last.1 = version;
        }
    }
    assert!(packages.len() > 100, "{} packages", packages.len());
    let mut found = second_stacks(packages.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    // Cargo writes ring down because rustls-webpki names it in a weak feature (`ring?/…`); what counts for it is what is
    // built, which the tree below tells
    found.retain(|p| !p.starts_with("ring "));
    assert!(found.is_empty(), "Cargo.lock has {found:?}");

    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--target",
            "all",
            "--edges",
            "normal,build,dev",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    let built = tree.lines().filter_map(|l| {
        let mut words = l.split(' ');
        Some((words.next()?, words.next()?.strip_prefix('v')?))
    });
    assert!(
        built.clone().any(|(name, _)| name == "aws-lc-rs"),
        "the tree is not what it was:\n{tree}"
    );
    let found = second_stacks(built);
    assert!(found.is_empty(), "the build has {found:?}");
}

#[test]
fn a_second_tls_stack_is_caught() {
    let bad = [
        ("ring", "0.17.14"),
        ("openssl-sys", "0.9.1"),
        ("native-tls", "0.2.11"),
        ("hyper", "0.14.30"),
        ("rustls", "0.21.12"),
        ("h2", "0.3.26"),
    ];
    for package in bad {
        assert_eq!(second_stacks([package].into_iter()).len(), 1, "{package:?}");
    }
    let good = [
        ("hyper", "1.0.0"),
        ("rustls", "0.23.46"),
        ("h2", "0.4.20"),
        ("openssl-probe", "0.2.2"),
    ];
    assert_eq!(second_stacks(good.into_iter()), Vec::<String>::new());
}
