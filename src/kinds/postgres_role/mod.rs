//! Login roles of Postgres, with exactly the rights that stack.yaml lists. No AWS in here.

mod api;
mod check;
mod diff;
mod fault;
mod grants;
mod live;
mod spec;
#[cfg(test)]
mod tests;

pub use live::{Desired, Key, Live};
pub use spec::Spec;

use crate::model::{
    Action, Addr, ApiCall, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Shown,
};
use crate::pg::Connector;
use crate::resource::{Claims, Complaint, Facts, OutputDecl, Reach, Resource, Unresolved, Wait};
use std::collections::BTreeMap;

/// How many objects a list for people names.
const SHOWN: usize = 5;

/// The kind `postgres_role`.
#[derive(Clone, Debug)]
pub struct PostgresRole {
    connector: Connector,
}

impl PostgresRole {
    /// Makes the kind.
    pub fn new(connector: Connector) -> Self {
        PostgresRole { connector }
    }
}

/// The first of a list, for people.
fn first_of(list: &[String], between: &str) -> String {
    let more = if list.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", list[..list.len().min(SHOWN)].join(between))
}

impl Resource for PostgresRole {
    const KIND: &'static str = "postgres_role";
    const SECTION: &'static str = "postgres_roles";
    const ABOUT: &'static str = "A login role of a database with exactly these rights.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::secret(
            "connection_url",
            "The connection URL of the database, with the role and its password.",
        ),
        OutputDecl::plain("name", "The role's name."),
    ];
    const WAIT: Wait = Wait {
        every: 3.0,
        up_to: 300.0,
        typical: 1.0,
    };
    const REACH: Reach = Reach::Connects;
    const FOLLOWS: bool = true;
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        live::key(spec, facts)
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        live::desired(spec, facts)
    }

    fn diff(want: &Desired, have: &Live) -> Diff {
        diff::diff(want, have)
    }

    fn fields(want: &Desired) -> Vec<(String, Shown)> {
        live::fields(want)
    }

    fn readiness(_have: &Live) -> Readiness {
        Readiness::Ready
    }

    fn outputs(spec: &Spec, facts: &Facts, _have: &Live) -> Outputs {
        live::outputs(spec, facts)
    }

    fn foretold(spec: &Spec, facts: &Facts) -> Outputs {
        live::outputs(spec, facts)
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        have.owner(stack)
    }

    fn calls(action: Action, _diff: &Diff) -> Vec<ApiCall> {
        let call = |operation| vec![ApiCall::new("postgres", operation)];
        match action {
            Action::Create => call("create role"),
            Action::Update | Action::Adopt => call("alter role"),
            Action::Delete => call("drop role"),
            _ => Vec::new(),
        }
    }

    /// One change of roles at a time on a server: rights on one object are one row of its catalogs.
    fn lock(key: &Key) -> Option<String> {
        Some(format!("{}:{} roles", key.url.host(), key.url.port()))
    }

    fn guard(have: &Live, _facts: &Facts) -> Option<String> {
        if let Some(why) = have.administrative() {
            return Some(diff::refusal(have, why));
        }
        let ties = &have.role.ties;
        (ties.count > 0).then(|| {
            let more = ties.count.saturating_sub(ties.first.len() as u64);
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "the role {} owns or may use what would be left behind: {}{more}; give it to another role with \
                 REASSIGN OWNED, or revoke it, by hand",
                have.role.name,
                ties.first.join(", ")
            )
        })
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let held = have.role.objects.iter();
        let rights: Vec<String> = held
            .filter(|(_, held)| !held.rights.is_empty())
            .map(|(object, held)| {
                let words = held.rights.iter().map(|r| grants::shown(&r.privilege));
                format!("{object}: {}", words.collect::<Vec<_>>().join(", "))
            })
            .collect();
        let owned: Vec<String> = have.role.owns().map(ToString::to_string).collect();
        let mut details = BTreeMap::from([("database".to_owned(), have.key.database())]);
        for (name, list, between) in [("rights", rights, "; "), ("owns", owned, ", ")] {
            if !list.is_empty() {
                details.insert(name.to_owned(), first_of(&list, between));
            }
        }
        details
    }

    fn warnings(_want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        let Some(have) = have else {
            return Vec::new();
        };
        let owned: Vec<String> = have.role.owns().map(ToString::to_string).collect();
        if owned.is_empty() {
            return Vec::new();
        }
        vec![
            Diagnostic::warning(format!("the role {} owns objects", have.role.name))
                .detail(format!(
                    "An owner has every right, whatever the file lists: {}.",
                    first_of(&owned, ", ")
                ))
                .help("ALTER … OWNER TO another role"),
        ]
    }

    fn lives_in(spec: &Spec) -> Option<Addr> {
        spec.database.0.outputs().next().map(|r| r.from.clone())
    }

    fn claims(spec: &Spec, facts: &Facts) -> serde_json::Value {
        check::claims(spec, facts)
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts, others)
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        self.look(key).await
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        self.make(want).await
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        self.mend(want, have, diff).await
    }

    async fn delete(&self, have: &Live, _facts: &Facts) -> Result<(), Fault> {
        self.remove(have).await
    }
}
