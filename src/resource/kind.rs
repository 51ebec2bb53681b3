//! A kind with its clients, without its types: for the loader, and for what no entry stands for.

use super::erased::{Entry, Managed, remains_of};
use super::{Doomed, Facts, OutputDecl, Resource, StackFacts, Wait, not_seen};
use crate::aws::actions::allowed_by;
use crate::model::{Class, Diagnostic, Fault, Orphan, Remains, Remnant};
use crate::yaml::{Node, Problem};
use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use std::sync::Arc;

/// A kind as the loader sees it.
#[allow(missing_docs)]
pub trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    fn section(&self) -> &'static str;
    fn about(&self) -> &'static str;
    fn outputs(&self) -> &'static [OutputDecl];
    fn finding_is_dear(&self) -> bool;
    fn wait(&self) -> Wait;
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Reads an entry's spec.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn open(&self, node: &Node) -> Result<Box<dyn Managed>, Vec<Problem>>;
    /// Finds what carries the stack's tag.
    fn find_owned<'a>(
        &'a self,
        stack: &'a Arc<StackFacts>,
    ) -> BoxFuture<'a, Result<Vec<Orphan>, Fault>>;
    /// Looks for what the deletion of what [`find_owned`](Kind::find_owned) found would run into.
    fn in_the_way_of_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
        doomed: &'a Doomed,
    ) -> BoxFuture<'a, Vec<Diagnostic>>;
    /// Looks for what stays of it.
    fn remains_of_owned<'a>(&'a self, id: &'a str, facts: &'a Facts) -> BoxFuture<'a, Remains>;
    /// Looks for what is still there of it once it is deleted, and goes by itself.
    fn lingers_of_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
    ) -> BoxFuture<'a, Result<Vec<Remnant>, Fault>>;
    /// Deletes what [`find_owned`](Kind::find_owned) found, by AWS's name for it.
    fn delete_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
    ) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A kind with its clients, erased by [`Kind`].
pub struct KindOf<R: Resource>(pub Arc<R>);

impl<R: Resource> Kind for KindOf<R> {
    fn name(&self) -> &'static str {
        R::KIND
    }
    fn section(&self) -> &'static str {
        R::SECTION
    }
    fn about(&self) -> &'static str {
        R::ABOUT
    }
    fn outputs(&self) -> &'static [OutputDecl] {
        R::OUTPUTS
    }
    fn finding_is_dear(&self) -> bool {
        R::FINDING_IS_DEAR
    }
    fn wait(&self) -> Wait {
        R::WAIT
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<R::Spec>()
    }
    fn open(&self, node: &Node) -> Result<Box<dyn Managed>, Vec<Problem>> {
        let spec = crate::yaml::read::<R::Spec>(node)?;
        Ok(Box::new(Entry {
            kind: self.0.clone(),
            spec,
        }))
    }

    fn find_owned<'a>(
        &'a self,
        stack: &'a Arc<StackFacts>,
    ) -> BoxFuture<'a, Result<Vec<Orphan>, Fault>> {
        Box::pin(async move {
            Ok(self
                .0
                .find_owned(&stack.stack)
                .await
                .map_err(|f| allowed_by(f, &stack.place(Default::default())))?
                .into_iter()
                .filter_map(|found| {
                    let facts = Facts {
                        addr: found.addr.parse().ok()?,
                        stack: stack.clone(),
                        outputs: Arc::default(),
                    };
                    Some(Orphan {
                        guard: R::guard(&found.live, &facts),
                        addr: facts.addr,
                        id: found.id,
                        holds_data: R::HOLDS_DATA,
                    })
                })
                .collect())
        })
    }

    fn in_the_way_of_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
        doomed: &'a Doomed,
    ) -> BoxFuture<'a, Vec<Diagnostic>> {
        Box::pin(async move {
            let found = match self.0.find_owned(&facts.stack.stack).await {
                Ok(owned) => match owned.iter().find(|o| o.id == id) {
                    Some(owned) => self.0.in_the_way(None, &owned.live, facts, doomed).await,
                    None => Vec::new(),
                },
                Err(fault) => vec![not_seen("what may be in the way", &fault)],
            };
            found.into_iter().map(|d| d.at(&facts.addr)).collect()
        })
    }

    fn remains_of_owned<'a>(&'a self, id: &'a str, facts: &'a Facts) -> BoxFuture<'a, Remains> {
        Box::pin(async move {
            match R::key_of_owned(id) {
                Some(key) => remains_of(self.0.as_ref(), &key, facts).await,
                None => Remains::default(),
            }
        })
    }

    fn lingers_of_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
    ) -> BoxFuture<'a, Result<Vec<Remnant>, Fault>> {
        Box::pin(async move {
            match R::key_of_owned(id) {
                Some(key) => self.0.lingers(&key, facts).await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn delete_owned<'a>(
        &'a self,
        id: &'a str,
        facts: &'a Facts,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let found = self.0.find_owned(&facts.stack.stack).await;
            for found in found.map_err(|f| allowed_by(f, &facts.stack.place(Default::default())))? {
                if found.id == id {
                    if let Some(why) = R::guard(&found.live, facts) {
                        return Err(Fault::new(R::KIND, Class::Surprise, why));
                    }
                    let place = facts.stack.place(R::named_live(&found.live));
                    let deleted = self.0.delete(&found.live, facts).await;
                    return deleted.map_err(|f| allowed_by(f, &place));
                }
            }
            Ok(())
        })
    }
}
