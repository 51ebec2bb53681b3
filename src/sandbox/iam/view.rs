//! What other services see of IAM at a moment: whether a role may be assumed, and what it may do.

use super::document::{self, Verdict};
use super::model::{Policy, Role};
use super::{State, managed};
use crate::sandbox::timing::Moment;
use std::borrow::Cow;

impl State {
    /// Returns the role with this ARN.
    pub fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|r| r.arn() == arn)
    }

    /// Returns whether `service` (`lambda.amazonaws.com`) may assume the role, as that service sees it now: the
    /// role exists, and its trust policy has spread (aws-facts §3.4).
    pub fn may_assume(&self, role_arn: &str, service: &str, now: Moment) -> bool {
        self.role_by_arn(role_arn)
            .and_then(|r| r.trust.seen(now))
            .is_some_and(|trust| document::lets_assume(trust, service))
    }

    /// Returns whether the role may do `action` on some resource of the kind, by the policies that have spread.
    ///
    /// `resource` is an example (`*` where the action knows no resources). A deny wins, unless it has a
    /// condition: those in use (`lambda:SourceFunctionArn`) are about calls from inside a function.
    pub fn role_may(&self, role_arn: &str, action: &str, resource: &str, now: Moment) -> bool {
        let Some(role) = self.role_by_arn(role_arn) else {
            return false;
        };
        let mut allowed = false;
        let inline = role.inline.values().filter_map(|d| d.seen(now).cloned());
        let attached = role
            .attached
            .iter()
            .filter(|(_, at)| **at <= now)
            .filter_map(|(arn, _)| self.seen_document(arn, now));
        for text in inline.chain(attached) {
            match document::decides(&text, action, resource) {
                Verdict::Denies => return false,
                Verdict::Allows => allowed = true,
                Verdict::Silent => {}
            }
        }
        allowed
    }

    /// Returns the policy, the account's own or AWS's.
    pub(super) fn policy(&self, arn: &str) -> Option<Cow<'_, Policy>> {
        match self.policies.get(arn) {
            Some(policy) => Some(Cow::Borrowed(policy)),
            None => managed::find(arn).map(Cow::Owned),
        }
    }

    fn seen_document(&self, arn: &str, now: Moment) -> Option<String> {
        let policy = self.policy(arn)?;
        let number = *policy.default.seen(now)?;
        let version = policy.versions.iter().find(|v| v.number == number)?;
        Some(version.document.clone())
    }
}
