//! Reads the file into entries.

use crate::model::{Addr, Diagnostic, Span, literals, without_literals};
use crate::resource::{Kind, Managed, Template};
use crate::yaml::{self, Node, Problem, Value, closest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Keys that every entry may have besides its kind's own.
const COMMON: [&str; 2] = ["after", "adopt"];

/// One entry.
pub struct Entry {
    /// What it is.
    pub managed: Box<dyn Managed>,
    /// Its tree, for places in diagnostics.
    pub(super) node: Node,
    /// `after: […]`, with the place of each.
    pub(super) after: Vec<(Addr, usize, usize)>,
    /// `adopt: true`.
    pub(super) adopt: bool,
    /// The entry that brought it along.
    pub(super) implied_by: Option<Addr>,
}

/// A file as far as it could be read.
pub struct Loaded {
    /// The file as the user named it.
    pub file: String,
    /// Its text.
    pub source: String,
    /// The stack's name; empty where it is wrong.
    pub name: String,
    /// The region, where the file says one.
    pub region: Option<String>,
    /// The account, where the file says one.
    pub account: Option<String>,
    /// `lock: true`: whoever changes the stack holds its lock.
    pub locks: bool,
    /// The entries that could be read.
    pub entries: BTreeMap<Addr, Entry>,
    /// Every address in the file, readable or not: a reference to a broken entry is not dangling.
    pub(super) addresses: BTreeSet<Addr>,
    /// The edges.
    pub after: BTreeMap<Addr, BTreeSet<Addr>>,
    /// The kinds.
    pub(super) kinds: Vec<Arc<dyn Kind>>,
    /// What is wrong with the file itself.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a text. What is wrong is in [`Loaded::diagnostics`]; the rest is read all the same.
pub fn parse(file: &str, source: &str, kinds: &[Arc<dyn Kind>]) -> Loaded {
    let mut loaded = Loaded {
        file: file.to_owned(),
        source: source.to_owned(),
        name: String::new(),
        region: None,
        account: None,
        locks: false,
        entries: BTreeMap::new(),
        addresses: BTreeSet::new(),
        after: BTreeMap::new(),
        kinds: kinds.to_vec(),
        diagnostics: Vec::new(),
    };
    match yaml::parse(source) {
        Ok(root) => loaded.read(root),
        Err(problem) => loaded.problem(&problem, None),
    }
    loaded.conceal();
    loaded
}

impl Loaded {
    /// Takes out of the diagnostics what sounds like a secret, and was written where a reference belongs.
    fn conceal(&mut self) {
        let secrets = literals(&self.source);
        if secrets.is_empty() {
            return;
        }
        for d in &mut self.diagnostics {
            d.summary = without_literals(&d.summary, &secrets);
            d.detail = without_literals(&d.detail, &secrets);
            d.help = d.help.take().map(|help| without_literals(&help, &secrets));
            let on = |span: &Span| secrets.iter().any(|s| s.row + 1 == span.line);
            d.hide_source |= d.span.as_ref().is_some_and(on);
        }
    }

    /// Returns the place of some bytes.
    pub(super) fn span(&self, offset: usize, len: usize) -> Span {
        yaml::span(&self.file, &self.source, offset, len)
    }

    pub(super) fn problem(&mut self, problem: &Problem, addr: Option<&Addr>) {
        let mut diagnostic = problem.diagnose(&self.file, &self.source);
        let path = problem.path_text();
        if let Some(addr) = addr {
            diagnostic = diagnostic.at(addr);
            if !path.is_empty() && !diagnostic.summary.contains(&format!("`{path}`")) {
                diagnostic.summary = format!("{path}: {}", diagnostic.summary);
            }
        }
        self.diagnostics.push(diagnostic);
    }

    fn complain(&mut self, node: (usize, usize), summary: impl Into<String>, help: String) {
        let span = self.span(node.0, node.1);
        self.diagnostics
            .push(Diagnostic::error(summary).span(span).help(help));
    }

    fn read(&mut self, root: Node) {
        let Value::Map(members) = root.value else {
            self.complain(
                (root.offset, 1),
                "the file holds no stack",
                "begin with `stack: <name>`; `cruddur-infra init` writes a commented file"
                    .to_owned(),
            );
            return;
        };
        let kinds = self.kinds.clone();
        let mut known: Vec<&str> = vec!["stack", "region", "account", "lock"];
        known.extend(kinds.iter().map(|k| k.section()));
        let mut named = false;
        for (key, node) in members {
            match key.name.as_str() {
                "stack" => {
                    named = true;
                    match &node.value {
                        Value::Text(name) if Addr::is_name(name) && name.len() <= 64 => {
                            self.name = name.clone();
                        }
                        _ => self.complain(
                            (node.offset, node.len),
                            "`stack` is no name",
                            "write up to 64 letters, digits, `-` and `_`, as in `stack: cruddur`"
                                .to_owned(),
                        ),
                    }
                }
                "region" => match &node.value {
                    Value::Text(region) if is_region(region) => self.region = Some(region.clone()),
                    _ => self.complain(
                        (node.offset, node.len),
                        "`region` is no AWS region",
                        "write it as in `region: us-west-2`".to_owned(),
                    ),
                },
                "account" => match &node.value {
                    Value::Text(n) | Value::Number(n)
                        if n.len() == 12 && n.chars().all(|c| c.is_ascii_digit()) =>
                    {
                        self.account = Some(n.clone());
                    }
                    _ => self.complain(
                        (node.offset, node.len),
                        "`account` is no AWS account",
                        "write its twelve digits in quotes, as in `account: \"123456789012\"`"
                            .to_owned(),
                    ),
                },
                "lock" => match &node.value {
                    Value::Bool(locks) => self.locks = *locks,
                    _ => self.complain(
                        (node.offset, node.len),
                        "`lock` is true or false",
                        "write `lock: true` where runs must hold the stack's lock".to_owned(),
                    ),
                },
                section => match kinds.iter().find(|k| k.section() == section) {
                    Some(kind) => self.section(kind.as_ref(), node),
                    None => {
                        let meant = kinds
                            .iter()
                            .find(|k| k.name() == section)
                            .map(|k| k.section())
                            .or_else(|| closest(section, known.iter().copied()));
                        let help = match meant {
                            Some(meant) => format!("did you mean `{meant}`?"),
                            None => format!("known here: {}", known.join(", ")),
                        };
                        self.complain(
                            (key.offset, key.len),
                            format!("unknown key `{section}`"),
                            help,
                        );
                    }
                },
            }
        }
        if !named {
            self.complain(
                (0, 1),
                "`stack` is missing",
                "begin with `stack: <name>`: it marks what is yours".to_owned(),
            );
        }
        self.add_implied();
        self.link();
    }

    fn section(&mut self, kind: &dyn Kind, node: Node) {
        let members = match node.value {
            Value::Map(members) => members,
            Value::Null => return,
            _ => {
                self.complain(
                    (node.offset, node.len.max(1)),
                    format!("`{}` holds entries by name", kind.section()),
                    "write `name:` and the fields below it, indented".to_owned(),
                );
                return;
            }
        };
        for (key, mut node) in members {
            if !Addr::is_name(&key.name) {
                self.complain(
                    (key.offset, key.len),
                    format!("`{}` is no name for an entry", key.name),
                    "use letters, digits, `-` and `_`".to_owned(),
                );
                continue;
            }
            let addr = Addr::new(kind.name(), key.name);
            self.addresses.insert(addr.clone());
            let after = self.take_after(&addr, &mut node);
            let adopt = match node.take("adopt") {
                None => false,
                Some((_, n)) => match n.value {
                    Value::Bool(b) => b,
                    _ => {
                        self.complain(
                            (n.offset, n.len),
                            "adopt: true or false is wanted here",
                            "write `adopt: true` to take over an object that exists".to_owned(),
                        );
                        false
                    }
                },
            };
            if node.len == 0 {
                (node.offset, node.len) = (key.offset, key.len);
            }
            self.open(kind, addr, node, after, adopt, None);
        }
    }

    fn open(
        &mut self,
        kind: &dyn Kind,
        addr: Addr,
        node: Node,
        after: Vec<(Addr, usize, usize)>,
        adopt: bool,
        implied_by: Option<Addr>,
    ) {
        self.check_templates(&addr, &node);
        match kind.open(&node) {
            Ok(managed) => {
                let entry = Entry {
                    managed,
                    node,
                    after,
                    adopt,
                    implied_by,
                };
                self.entries.insert(addr, entry);
            }
            Err(problems) => {
                for mut problem in problems {
                    // `after` and `adopt` are known everywhere, so that a suggestion may name them
                    if let Some(help) = &problem.help
                        && help.starts_with("known here:")
                    {
                        problem.help = Some(format!("{help}, {}", COMMON.join(", ")));
                    }
                    self.problem(&problem, Some(&addr));
                }
            }
        }
    }

    /// A wrong `${…}` in a free structure (a policy document) is found here; elsewhere the reader finds it.
    fn check_templates(&mut self, addr: &Addr, node: &Node) {
        let mut wrong = Vec::new();
        node.texts(&mut |n, text| {
            if Template::is_template(text)
                && let Err(e) = Template::parse(text)
            {
                wrong.push((n.offset, n.len, e.to_string()));
            }
        });
        for (offset, len, message) in wrong {
            let span = self.span(offset, len);
            self.diagnostics.push(
                Diagnostic::error(message)
                    .at(addr)
                    .span(span)
                    .help("`$${` writes a literal `${`"),
            );
        }
    }

    fn take_after(&mut self, addr: &Addr, node: &mut Node) -> Vec<(Addr, usize, usize)> {
        let Some((_, list)) = node.take("after") else {
            return Vec::new();
        };
        let items = match list.value {
            Value::List(items) => items,
            _ => {
                self.complain(
                    (list.offset, list.len),
                    "after: a list is wanted here",
                    "write `after: [kind.name]`".to_owned(),
                );
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => match text.parse() {
                    Ok(dep) => found.push((dep, item.offset, item.len)),
                    Err(e) => {
                        let span = self.span(item.offset, item.len);
                        self.diagnostics
                            .push(Diagnostic::error(format!("after: {e}")).at(addr).span(span));
                    }
                },
                _ => self.complain(
                    (item.offset, item.len),
                    "after: an address is wanted here",
                    "write `after: [kind.name]`".to_owned(),
                ),
            }
        }
        found
    }

    /// Adds what entries bring along, unless the file writes it itself.
    fn add_implied(&mut self) {
        let implied: Vec<_> = self
            .entries
            .iter()
            .flat_map(|(addr, e)| {
                e.managed
                    .implies(addr)
                    .into_iter()
                    .map(|i| (addr.clone(), i, e.node.offset, e.node.len, e.adopt))
                    .collect::<Vec<_>>()
            })
            .collect();
        for (by, implied, offset, len, adopt) in implied {
            if let Some(written) = self.entries.get_mut(&implied.addr) {
                written.implied_by = Some(by);
                continue;
            }
            if self.addresses.contains(&implied.addr) {
                continue;
            }
            let kinds = self.kinds.clone();
            if let Some(kind) = kinds.iter().find(|k| k.name() == implied.addr.kind) {
                let node = Node::from_json(&implied.spec, offset, len);
                self.addresses.insert(implied.addr.clone());
                self.open(
                    kind.as_ref(),
                    implied.addr,
                    node,
                    Vec::new(),
                    adopt,
                    Some(by),
                );
            }
        }
    }

    /// Returns every variable that the file names, with a place where it does.
    pub fn variables(&self) -> BTreeMap<String, Span> {
        let mut found = BTreeMap::new();
        for entry in self.entries.values() {
            entry.node.texts(&mut |node, text| {
                if let Ok(template) = Template::parse(text) {
                    for name in template.variables() {
                        found
                            .entry(name.to_owned())
                            .or_insert_with(|| self.span(node.offset, node.len));
                    }
                }
            });
        }
        found
    }

    /// Returns the path of a field inside an entry as a place.
    pub(super) fn field_span(&self, addr: &Addr, path: &str) -> Option<Span> {
        let entry = self.entries.get(addr)?;
        let node = entry.node.find(path).unwrap_or(&entry.node);
        let len = match node.value {
            Value::Map(_) | Value::List(_) => 1,
            _ => node.len,
        };
        Some(self.span(node.offset, len))
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts.iter().all(|p| !p.is_empty())
        && parts[..parts.len() - 1]
            .iter()
            .all(|p| p.chars().all(|c| c.is_ascii_lowercase()))
        && parts[parts.len() - 1].chars().all(|c| c.is_ascii_digit())
}
