//! Calls that make something new each time they are carried out, and take no client token: the SDK must not send one
//! again by itself where its reply may have been lost (aws-facts §6.3, §9.7). The engine looks first.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;

/// Lets the SDK repeat a call that was throttled, which was not carried out, and no other.
#[derive(Clone, Copy, Debug)]
pub struct OnlyOnce;

impl ClassifyRetry for OnlyOnce {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::RetryForbidden
    }

    fn classify_retry_v2(&self, _: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError {
                kind: ErrorKind::ThrottlingError,
                ..
            }) => RetryAction::NoActionIndicated,
            RetryAction::RetryIndicated(_) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "only once"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // the last word: after everything that the SDK itself asks
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
