//! What AWS says, and what is made of it.

use super::super::{api, runtimes};
use crate::model::{Class, Fault, Severity};

#[test]
fn refusals_are_told_apart() {
    let fault = |code: &str, class: Class, message: &str| {
        let mut fault = Fault::new("lambda:CreateFunction", class, message);
        fault.code = Some(code.into());
        api::meaning(fault)
    };
    let invalid =
        |message: &str| fault("InvalidParameterValueException", Class::Invalid, message).class;
    for message in [
        "The role defined for the function cannot be assumed by Lambda.",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        "Your request has been throttled by EC2, please make sure you have enough API rate limit.",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for \
         CreateGrant. Please check your KMS key settings.",
    ] {
        assert_eq!(invalid(message), Class::Propagating, "{message}");
    }
    assert_eq!(
        invalid("Uploaded file must be a non-empty zip"),
        Class::Invalid
    );
    let denied = |message: &str| {
        let fault = fault("AccessDeniedException", Class::Denied, message);
        assert_eq!(fault.class, Class::Denied);
        fault.help.unwrap_or_default()
    };
    assert!(
        denied("Your access has been denied by EC2, please make sure your request credentials have permission to \
                DescribeSecurityGroups for sg-1. EC2 Error Code: UnauthorizedOperation.")
        .contains("ec2:DescribeSubnets")
    );
    assert!(denied("… lambda:GetLayerVersion on resource: l").contains("layer"));
    assert_eq!(denied("something else"), "");
}

#[test]
fn severities_of_runtimes() {
    let severity = |runtime: &str| runtimes::judge(runtime).map(|d| d.severity);
    assert_eq!(severity("python3.13"), None);
    assert_eq!(severity("python3.11"), None);
    assert_eq!(severity("provided.al2023"), None);
    assert_eq!(severity("python3.16"), Some(Severity::Warning));
    for old in ["python3.8", "python3.9", "python3.10", "nodejs20.x"] {
        assert_eq!(severity(old), Some(Severity::Warning), "{old}");
    }
    for gone in [
        "python3.7",
        "python2.7",
        "go1.x",
        "python3",
        "python313",
        "pyton3.13",
    ] {
        assert_eq!(severity(gone), Some(Severity::Error), "{gone}");
    }
    let help = |runtime: &str| runtimes::judge(runtime).and_then(|d| d.help).unwrap();
    assert_eq!(help("python3.8"), "runtime: python3.13");
    assert_eq!(help("nodejs14.x"), "runtime: nodejs26.x");
    assert_eq!(help("pyton3.14"), "runtime: python3.14");
    assert!(
        runtimes::judge("python3.8")
            .unwrap()
            .detail
            .contains("2027-02-01")
    );
}
