//! Errors of the SDK become faults: the class, the code, the request id, what is left behind, what to do.

use super::*;
use crate::aws::codes;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

/// What the SDK makes of an answer with this status and code.
fn answered(status: u16, code: &str) -> SdkError<ErrorMetadata, HttpResponse> {
    let mut error = ErrorMetadata::builder().message("AWS's own words");
    if !code.is_empty() {
        error = error.code(code);
    }
    let mut raw = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
    raw.headers_mut().insert("x-amzn-requestid", "1-2-3");
    SdkError::service_error(error.build(), raw)
}

/// The status that a code of a class comes with, though no test depends on it: where the code is known, it decides.
const ODD: u16 = 418;

#[test]
fn every_code_of_every_table_is_told_whole() {
    let mut told = 0;
    for service in [
        "cognito-idp",
        "ec2",
        "iam",
        "lambda",
        "logs",
        "rds",
        "scheduler",
        "ssm",
    ] {
        let ours: Vec<&str> = actions::OPERATIONS
            .iter()
            .map(|o| o.name)
            .filter(|name| name.starts_with(&format!("{service}:")))
            .collect();
        assert!(!ours.is_empty(), "{service}");
        for line in codes::of_service(service).iter().chain(codes::of_all()) {
            for op in &ours {
                let only = format!("{service}:{}", line.only);
                if !line.only.is_empty() && **op != only {
                    continue;
                }
                let meaning = codes::meaning(op, line.code).unwrap();
                let fault = fault(op, true, &[], &answered(ODD, line.code));
                assert_eq!(fault.class, meaning.class, "{op} {}", line.code);
                assert_eq!(fault.code.as_deref(), Some(line.code), "{op}");
                assert_eq!(fault.request_id.as_deref(), Some("1-2-3"), "{op}");
                let left = match meaning.class {
                    Class::Transient => Residue::Unknown,
                    _ => Residue::Nothing,
                };
                assert_eq!(
                    fault.residue,
                    meaning.left.unwrap_or(left),
                    "{op} {}",
                    line.code
                );
                let help = fault.help.unwrap_or_default();
                assert!(help.len() > 20, "{op} {}: no advice", line.code);
                assert!(
                    !help.contains("this program does not know"),
                    "{op} {}: {help}",
                    line.code
                );
                told += 1;
            }
        }
    }
    assert!(told > 2000, "{told}");
}

#[test]
fn a_read_leaves_nothing_behind_whatever_fails() {
    for code in ["InternalFailure", "AccessDenied", "Unheard"] {
        for status in [400, 403, 500] {
            let fault = fault(
                "rds:DescribeDBInstances",
                false,
                &[],
                &answered(status, code),
            );
            assert_eq!(fault.residue, Residue::Nothing, "{code} {status}");
        }
    }
}

#[test]
fn an_unknown_code_goes_by_the_status_and_says_so() {
    let op = "rds:CreateDBInstance";
    for (status, class, residue) in [
        (400, Class::Invalid, Residue::Nothing),
        // absence and conflict are believed on the service's own code alone
        (404, Class::Invalid, Residue::Nothing),
        (409, Class::Invalid, Residue::Nothing),
        (401, Class::Denied, Residue::Nothing),
        (403, Class::Denied, Residue::Nothing),
        (408, Class::Transient, Residue::Unknown),
        (429, Class::Throttled, Residue::Nothing),
        (500, Class::Transient, Residue::Unknown),
        (503, Class::Transient, Residue::Unknown),
    ] {
        let fault = fault(op, true, &[], &answered(status, "BrandNewFault"));
        assert_eq!((fault.class, fault.residue), (class, residue), "{status}");
        assert_eq!(fault.code.as_deref(), Some("BrandNewFault"));
        assert_eq!(fault.request_id.as_deref(), Some("1-2-3"));
        let help = fault.help.unwrap();
        assert!(
            help.starts_with(&format!(
                "this program does not know the code BrandNewFault, and goes by the HTTP status {status}: "
            )),
            "{help}"
        );
    }
    let bare = fault(op, true, &[], &answered(400, ""));
    assert_eq!(bare.code.as_deref(), Some("HTTP 400"));
    assert!(bare.help.unwrap().starts_with("the service gave no code"));
}

/// A proxy's page in place of the answer: the call may well have reached AWS.
#[test]
fn a_success_that_cannot_be_read_is_an_answer_that_was_lost() {
    for status in [200, 302] {
        let found = fault("rds:CreateDBInstance", true, &[], &answered(status, ""));
        assert_eq!(
            (found.class, found.residue),
            (Class::Transient, Residue::Unknown),
            "{status}"
        );
        let help = found.help.unwrap();
        assert!(
            help.contains("not AWS") && help.contains("run the same command again"),
            "{help}"
        );
        let read = fault("rds:DescribeDBInstances", false, &[], &answered(status, ""));
        assert_eq!(read.residue, Residue::Nothing);
    }
}

/// AWS compares the time of a request with its own before it looks at anything else.
#[test]
fn what_was_refused_for_the_clock_has_changed_nothing() {
    for code in ["RequestExpired", "RequestTimeTooSkewed"] {
        let found = fault("rds:CreateDBInstance", true, &[], &answered(400, code));
        assert_eq!(
            (found.class, found.residue),
            (Class::Transient, Residue::Nothing),
            "{code}"
        );
    }
}

#[test]
fn a_calls_own_rule_goes_before_the_table() {
    let rules: Rules<'_> = &[
        ("DBInstanceAlreadyExists", Class::Busy),
        ("Odd", Class::NotFound),
    ];
    let op = "rds:CreateDBInstance";
    let busy = fault(op, true, rules, &answered(400, "DBInstanceAlreadyExists"));
    assert_eq!(busy.class, Class::Busy);
    // the table's advice is about the other class
    assert_eq!(busy.help.as_deref(), codes::of_class(Class::Busy));
    let odd = fault(op, true, rules, &answered(400, "Odd"));
    assert_eq!(odd.class, Class::NotFound);
    assert_eq!(odd.help.as_deref(), codes::of_class(Class::NotFound));
}

#[test]
fn a_lost_answer_to_a_write_is_unknown() {
    let lost: SdkError<ErrorMetadata, HttpResponse> = SdkError::timeout_error("late");
    let write = fault("rds:CreateDBInstance", true, &[], &lost);
    assert_eq!(
        (write.class, write.residue),
        (Class::Transient, Residue::Unknown)
    );
    assert!(write.help.is_some());
    let read = fault("rds:DescribeDBInstances", false, &[], &lost);
    assert_eq!(read.residue, Residue::Nothing);
    let raw = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::empty());
    let garbled: SdkError<ErrorMetadata, HttpResponse> = SdkError::response_error("what?", raw);
    let write = fault("rds:CreateDBInstance", true, &[], &garbled);
    assert_eq!(
        (write.class, write.residue),
        (Class::Transient, Residue::Unknown)
    );
}
