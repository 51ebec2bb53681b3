//! What a kind is: one typed trait, references to other entries, the facts that pure functions may know, and the
//! erasure to an object that speaks only [`model`](crate::model) data.

mod erased;
mod facts;
mod input;
mod kind;
mod template;

pub use erased::{Entry, Look, Looked, Managed};
pub use facts::{AssetRequest, Doomed, ENVIRONMENT, Facts, FinalSnapshot, StackFacts, Unresolved};
pub use input::{Input, MARK, SECRET_MARK, SecretInput, Text};
pub use kind::{Kind, KindOf};
pub use template::{Part, Template, TemplateError};

use crate::model::{
    Action, Addr, ApiCall, Around, Diagnostic, Diff, Fault, OutputRef, Outputs, Owner, Readiness,
    Remains, Remnant, Shown,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::future::Future;

/// One output that a kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputDecl {
    /// Its name.
    pub name: &'static str,
    /// It may not be shown.
    pub secret: bool,
    /// What it is, for the documentation.
    pub about: &'static str,
}

impl OutputDecl {
    /// Declares an output that may be shown.
    pub const fn plain(name: &'static str, about: &'static str) -> Self {
        OutputDecl {
            name,
            secret: false,
            about,
        }
    }

    /// Declares an output that may not.
    pub const fn secret(name: &'static str, about: &'static str) -> Self {
        OutputDecl {
            name,
            secret: true,
            about,
        }
    }
}

/// How the engine waits for objects of a kind. All in seconds of AWS's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wait {
    /// Between two looks, once it is clear that it takes long; the first looks come sooner.
    pub every: f64,
    /// The longest wait.
    pub up_to: f64,
    /// What a create usually takes; steps with the longest tail behind them go first.
    pub typical: f64,
}

/// What a kind has to do with ways through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    None,
    /// It opens a way from here to what it refers to (a security-group rule).
    Opens,
    /// It connects to what it refers to, and so comes after whatever opens the way there (a script).
    Connects,
}

/// What `destroy` does with objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDestroy {
    /// They are deleted.
    Delete,
    /// They live inside something else and go with it; nothing is called.
    Forget,
}

/// An entry that another entry brings along (the permission of a trigger). It is made before the one that implies it.
#[derive(Clone, Debug, PartialEq)]
pub struct Implied {
    /// Its address.
    pub addr: Addr,
    /// Its spec, as stack.yaml would have it.
    pub spec: serde_json::Value,
}

/// What a check finds wrong with a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// The field, `layers[0]`; empty for the entry as a whole.
    pub path: String,
    /// What is wrong.
    pub diagnostic: Diagnostic,
}

/// What other entries say about themselves without a look at AWS ([`Resource::claims`]).
pub type Claims = BTreeMap<Addr, serde_json::Value>;

/// An object of ours that was found by its tags, not by an entry.
pub struct Found<L> {
    /// The address in its tag.
    pub addr: String,
    /// What AWS calls it.
    pub id: String,
    /// The object.
    pub live: L,
}

/// Names fields for [`Resource::fields`], without those that have no value.
pub fn only_set<const N: usize>(fields: [(&str, Shown); N]) -> Vec<(String, Shown)> {
    fields
        .into_iter()
        .filter(|(_, value)| *value != Shown::NOTHING)
        .map(|(path, value)| (path.to_owned(), value))
        .collect()
}

/// A kind of resource.
///
/// # Laws
/// 1. [`read`](Resource::read) changes nothing. `None` only on the service's exact not-found code: denied is an
///    error, never absence.
/// 2. After a `create` or `update` that succeeded and is ready, `diff(want, read)` is empty, at the latest after as
///    many further `update`s as the diff has fields: one call may do a part, the engine comes back for the rest.
/// 3. `create` on something that exists is a [`Conflict`](crate::model::Class::Conflict), never an overwrite; `delete`
///    of something absent is success.
/// 4. `outputs` and `key` do not change under `update`; what would change them forces `Replace`.
/// 5. `update` touches only fields in `diff`. Where the API resets what is not sent, the kind reads the whole object,
///    changes its part, sends all of it back under its `lock`, reads again, and puts the old object back if anything
///    else moved.
/// 6. The pure functions are pure: no clock, no environment, no files.
/// 7. A `key` may use another resource's output only if the object lives inside that resource and dies with it.
/// 8. No function waits. Where something must be waited for, `readiness` says so, or the fault's class does.
pub trait Resource: Send + Sync + 'static {
    /// The kind's name, `rds_instance`. The section of stack.yaml is its plural.
    const KIND: &'static str;
    /// The plural, where it is not the name and an `s`.
    const SECTION: &'static str;
    /// One sentence for the documentation and the schema.
    const ABOUT: &'static str;
    /// The outputs.
    const OUTPUTS: &'static [OutputDecl];
    /// How it is waited for.
    const WAIT: Wait;
    /// What it has to do with ways through the network.
    const REACH: Reach = Reach::None;
    /// What `destroy` does with it.
    const ON_DESTROY: OnDestroy = OnDestroy::Delete;
    /// It holds data: a replacement must be named by the user.
    const HOLDS_DATA: bool = false;
    /// It can be stopped and started.
    const STOPPABLE: bool = false;
    /// Finding everything that carries the stack's tag takes a call for each object in the account: it is done for
    /// `--prune` and `destroy` alone, not for every plan.
    const FINDING_IS_DEAR: bool = false;
    /// What it comes after may undo it: a script that makes a table anew takes the rights on it along. Where something
    /// that [connects](Reach::Connects) and comes before it changes in a run, it is looked at again afterwards.
    const FOLLOWS: bool = false;
    /// Fields of a diff that only remove exact copies, which a lost reply or two runs at once have left: they are mended
    /// without having been promised.
    const TIDIES: &'static [&'static str] = &[];
    /// `destroy` deletes it after everything that does not say so: AWS may need it for a while after what used it is
    /// gone (a function's role, for its network interfaces).
    const OUTLIVES: bool = false;
    /// What is written in stack.yaml.
    type Spec: DeserializeOwned + JsonSchema + Send + Sync;
    /// What it is found by.
    type Key: Send + Sync;
    /// What it should be, with every reference resolved.
    type Desired: Send + Sync;
    /// What it is.
    type Live: Send + Sync;

    // --- pure ---

    /// Returns what the object is found by.
    ///
    /// # Errors
    /// What is missing for it.
    fn key(spec: &Self::Spec, facts: &Facts) -> Result<Self::Key, Unresolved>;

    /// Returns what the object should be.
    ///
    /// # Errors
    /// What is missing for it.
    fn desired(spec: &Self::Spec, facts: &Facts) -> Result<Self::Desired, Unresolved>;

    /// Compares.
    fn diff(want: &Self::Desired, have: &Self::Live) -> Diff;

    /// Returns what a new object will be like, for the plan that makes it: what it is found by, then everything else in
    /// the order and with the paths that [`diff`](Resource::diff) uses. Secrets are [`Shown::Secret`], large contents
    /// [`Shown::Digest`]. What is not set is left out ([`only_set`] does that), and so are the tags that say whose it is.
    fn fields(want: &Self::Desired) -> Vec<(String, Shown)>;

    /// Tells how far the object is.
    fn readiness(have: &Self::Live) -> Readiness;

    /// Returns what the object hands to others. The spec is there for secrets, which no service gives back.
    fn outputs(spec: &Self::Spec, facts: &Facts, have: &Self::Live) -> Outputs;

    /// Returns the outputs that follow from what is written and from other entries' outputs alone (an ARN, a URL): they
    /// are known before the object is, so that what refers to them can be looked at and planned without waiting for it.
    fn foretold(_spec: &Self::Spec, _facts: &Facts) -> Outputs {
        Outputs::new()
    }

    /// Tells whose it is.
    fn owner(have: &Self::Live, stack: &str) -> Owner;

    /// Returns the nonce of the run that made it, where the object carries one.
    fn made_by(_have: &Self::Live) -> Option<&str> {
        None
    }

    /// Returns the calls that an action will make.
    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall>;

    /// Returns what must not be written by two steps at once.
    fn lock(_key: &Self::Key) -> Option<String> {
        None
    }

    /// Tells whether the object has to run for what differs; only where [`STOPPABLE`](Resource::STOPPABLE).
    fn must_run(_diff: &Diff) -> bool {
        true
    }

    /// Tells whether the object has the mark of [`mark_to_stop`](Resource::mark_to_stop).
    fn to_stop(_have: &Self::Live) -> bool {
        false
    }

    /// Adds the calls that go around a change of something that stands still to the calls of the change itself.
    fn calls_around(_around: Around, calls: Vec<ApiCall>) -> Vec<ApiCall> {
        calls
    }

    /// Returns why the object must not be deleted now.
    fn guard(_have: &Self::Live, _facts: &Facts) -> Option<String> {
        None
    }

    /// Returns further facts for `status`.
    fn details(_have: &Self::Live) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Returns what the user should know before a change.
    fn warnings(_want: &Self::Desired, _have: Option<&Self::Live>) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Names the object, and what it is made with, as ARNs in policies do: what stands in braces in
    /// [`aws::actions`](crate::aws::actions), as far as it is known. A call that is denied then says which statement
    /// would allow it, for this object alone.
    fn named(_spec: &Self::Spec, _facts: &Facts) -> BTreeMap<&'static str, String> {
        BTreeMap::new()
    }

    /// As [`named`](Resource::named), for an object whose entry is gone from the file.
    fn named_live(_have: &Self::Live) -> BTreeMap<&'static str, String> {
        BTreeMap::new()
    }

    /// Returns references that are not written as `${…}` (`vpc_of: rds_instance.main`).
    fn references(_spec: &Self::Spec) -> Vec<OutputRef> {
        Vec::new()
    }

    /// Returns the entry that it lives inside of, where it does: `destroy` deletes it where that stays, and lets it go
    /// with that where that goes.
    fn lives_in(_spec: &Self::Spec) -> Option<Addr> {
        None
    }

    /// Returns the files that it is made of.
    fn assets(_spec: &Self::Spec) -> Vec<AssetRequest> {
        Vec::new()
    }

    /// Tells whether it needs this machine's public address.
    fn uses_current_ip(_spec: &Self::Spec) -> bool {
        false
    }

    /// Returns the entries that it brings along, each made before it.
    fn implies(_addr: &Addr, _spec: &Self::Spec) -> Vec<Implied> {
        Vec::new()
    }

    /// Says about itself what others may check, without a look at AWS.
    fn claims(_spec: &Self::Spec, _facts: &Facts) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Finds what is wrong with the spec beyond its types. Assets that could not be had are missing from the facts.
    fn check(_spec: &Self::Spec, _facts: &Facts, _others: &Claims) -> Vec<Complaint> {
        Vec::new()
    }

    // --- the world ---

    /// Looks.
    fn read(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Self::Live>, Fault>> + Send;

    /// Makes it.
    fn create(&self, want: &Self::Desired) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Changes what is in `diff`.
    fn update(
        &self,
        want: &Self::Desired,
        have: &Self::Live,
        diff: &Diff,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Deletes it.
    fn delete(
        &self,
        have: &Self::Live,
        facts: &Facts,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Finds everything that carries the stack's tag.
    fn find_owned(
        &self,
        _stack: &str,
    ) -> impl Future<Output = Result<Vec<Found<Self::Live>>, Fault>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Looks for what its deletion would run into, or would break for others, and that [`read`](Resource::read) does
    /// not show. It is asked for every object before the first deletion. An error keeps everything from being deleted;
    /// a warning is told. A look that fails is a warning that says what was not seen ([`not_seen`]), never absence.
    fn in_the_way(
        &self,
        _want: Option<&Self::Desired>,
        _have: &Self::Live,
        _facts: &Facts,
        _doomed: &Doomed,
    ) -> impl Future<Output = Vec<Diagnostic>> + Send {
        async { Vec::new() }
    }

    /// Returns what an object of the stack is found by that [`find_owned`](Resource::find_owned) gave this id, where
    /// something may remain of it.
    fn key_of_owned(_id: &str) -> Option<Self::Key> {
        None
    }

    /// Looks for what stays in the account once the object is deleted, whether it is by now or not.
    fn remains(&self, _key: &Self::Key, _facts: &Facts) -> impl Future<Output = Remains> + Send {
        async { Remains::default() }
    }

    /// Looks for what is still there of a deleted object and goes by itself, later.
    fn lingers(
        &self,
        _key: &Self::Key,
        _facts: &Facts,
    ) -> impl Future<Output = Result<Vec<Remnant>, Fault>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Returns what the user should know before it is stopped.
    fn before_stop(_have: &Self::Live) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Stops it; only where [`STOPPABLE`](Resource::STOPPABLE).
    fn stop(&self, _have: &Self::Live) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Err(not_stoppable(Self::KIND)) }
    }

    /// Sets or takes off the mark that says: it was started only to be changed, and is to be stopped again. It outlives
    /// the run, so that the next one knows; only where [`STOPPABLE`](Resource::STOPPABLE).
    fn mark_to_stop(
        &self,
        _have: &Self::Live,
        _on: bool,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Err(not_stoppable(Self::KIND)) }
    }

    /// Starts it; only where [`STOPPABLE`](Resource::STOPPABLE).
    fn start(&self, _have: &Self::Live) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Err(not_stoppable(Self::KIND)) }
    }
}

/// Says that something which may be in the way of a deletion could not be looked at.
pub fn not_seen(what: &str, fault: &Fault) -> Diagnostic {
    let help = fault.help.as_deref();
    Diagnostic::warning(format!("{what} could not be looked at"))
        .detail(format!("{fault}. It may be in the way of the deletion."))
        .help(help.unwrap_or("allow the read, or make sure of it by hand"))
}

fn not_stoppable(kind: &str) -> Fault {
    Fault::new(
        "stop",
        crate::model::Class::Bug,
        format!("{kind} cannot be stopped or started"),
    )
}
