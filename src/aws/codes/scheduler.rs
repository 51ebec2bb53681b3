//! EventBridge Scheduler (its service model).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Invalid, NotFound};

pub(super) const CODES: &[Meaning] = &[
    is("ConflictException", Conflict).only("CreateSchedule"),
    // a group: somebody else is making it, or it is still being deleted; the next try finds out
    is("ConflictException", Busy),
    is("ResourceNotFoundException", NotFound),
    // also while IAM does not know a new role everywhere; the words are read where that matters
    is("ValidationException", Invalid),
    advised(
        "ServiceQuotaExceededException",
        Invalid,
        "the account has as many schedules or groups as its quotas of EventBridge Scheduler allow (`Number of \
         schedules`, `Number of schedule groups`): delete some, or have the quota raised in Service Quotas \
         (https://console.aws.amazon.com/servicequotas/)",
    ),
];
