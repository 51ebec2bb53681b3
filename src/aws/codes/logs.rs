//! CloudWatch Logs (its service model).

use super::{Meaning, is};
use crate::model::Class::{Busy, Invalid, NotFound, Throttled, Transient};

pub(super) const CODES: &[Meaning] = &[
    is("ResourceNotFoundException", NotFound),
    is("InvalidParameterException", Invalid),
    is("LimitExceededException", Throttled),
    is("OperationAbortedException", Busy),
    is("ServiceUnavailableException", Transient),
];
