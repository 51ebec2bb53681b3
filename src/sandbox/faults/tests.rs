//! Scripts: what they say, when they fire, and how a wrong one is refused.

use super::*;
use crate::sandbox::server::bench::{Bench, call, texts};
use crate::sandbox::wire::Reply;

fn outcomes(script: &Script, call: &Call, times: usize) -> Vec<Outcome> {
    (0..times).map(|_| script.decide(call).outcome).collect()
}

fn code(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refuse(error) => format!("{} {}", error.status, error.code),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_third_call_is_throttled_in_each_services_words() {
    for (service, operation, pattern, wanted) in [
        (
            Service::Rds,
            "CreateDBInstance",
            "rds:CreateDBInstance",
            "400 Throttling",
        ),
        (
            Service::Ec2,
            "DescribeVpcs",
            "ec2:Describe*",
            "503 RequestLimitExceeded",
        ),
        (Service::Iam, "CreateRole", "iam:*", "400 Throttling"),
        (Service::Sts, "GetCallerIdentity", "*:*", "400 Throttling"),
        (
            Service::Lambda,
            "CreateFunction",
            "lambda:CreateFunction",
            "429 TooManyRequestsException",
        ),
        (
            Service::CognitoIdp,
            "UpdateUserPool",
            "cognito-idp:Update*",
            "400 TooManyRequestsException",
        ),
    ] {
        let script = Script::parse(&format!(
            "- {{call: \"{pattern}\", nth: 3, fault: throttle}}"
        ))
        .unwrap();
        let got = outcomes(&script, &call(service, operation, &[]), 4);
        assert_eq!(got[..2], [Outcome::Answer, Outcome::Answer]);
        assert_eq!(code(&got[2]), wanted);
        assert_eq!(got[3], Outcome::Answer);
        let other = call(service, "Other", &[]);
        assert!(
            outcomes(&script, &other, 9)
                .iter()
                .filter(|o| **o != Outcome::Answer)
                .count()
                <= 1
        );
    }
}

#[test]
fn refusals_are_the_services_own() {
    for (fault, service, operation, wanted, words) in [
        (
            "internal",
            Service::Rds,
            "StopDBInstance",
            "500 InternalFailure",
            "",
        ),
        (
            "internal",
            Service::Lambda,
            "GetPolicy",
            "500 ServiceException",
            "",
        ),
        (
            "internal",
            Service::CognitoIdp,
            "SignUp",
            "500 InternalErrorException",
            "",
        ),
        (
            "internal",
            Service::Ec2,
            "CreateTags",
            "500 InternalError",
            "",
        ),
        (
            "internal",
            Service::Iam,
            "GetRole",
            "500 ServiceFailure",
            "",
        ),
        (
            "deny",
            Service::Ec2,
            "CreateTags",
            "403 UnauthorizedOperation",
            "ec2:CreateTags",
        ),
        (
            "deny",
            Service::Rds,
            "CreateDBInstance",
            "403 AccessDenied",
            "rds:CreateDBInstance",
        ),
        (
            "deny",
            Service::Iam,
            "CreateRole",
            "403 AccessDenied",
            "iam:CreateRole",
        ),
        (
            "deny",
            Service::Lambda,
            "Invoke",
            "403 AccessDeniedException",
            "lambda:InvokeFunction",
        ),
        (
            "deny",
            Service::CognitoIdp,
            "SignUp",
            "400 AccessDeniedException",
            "cognito-idp:SignUp",
        ),
        (
            "conflict",
            Service::Lambda,
            "UpdateFunctionCode",
            "409 ResourceConflictException",
            "in progress",
        ),
        (
            "conflict",
            Service::Logs,
            "CreateLogGroup",
            "400 OperationAbortedException",
            "conflicting operation",
        ),
        (
            "deny",
            Service::Logs,
            "FilterLogEvents",
            "400 AccessDeniedException",
            "not authorized to perform: logs:FilterLogEvents",
        ),
        (
            "throttle",
            Service::Logs,
            "FilterLogEvents",
            "400 ThrottlingException",
            "Rate exceeded",
        ),
        (
            "conflict",
            Service::CognitoIdp,
            "UpdateUserPool",
            "400 ConcurrentModificationException",
            "",
        ),
        (
            "conflict",
            Service::Iam,
            "CreatePolicyVersion",
            "409 ConcurrentModification",
            "",
        ),
        (
            "conflict",
            Service::Rds,
            "ModifyDBInstance",
            "400 InvalidDBInstanceState",
            "",
        ),
    ] {
        let script = Script::parse(&format!("faults: [{{call: '*', fault: {fault}}}]")).unwrap();
        let outcome = script.decide(&call(service, operation, &[])).outcome;
        assert_eq!(code(&outcome), wanted);
        let Outcome::Refuse(error) = outcome else {
            unreachable!()
        };
        assert!(error.message.contains(words), "{error:?}");
    }
    let script = Script::parse("- {call: 'rds:*', fault: insufficient_capacity}").unwrap();
    let outcome = script
        .decide(&call(Service::Rds, "StartDBInstance", &[]))
        .outcome;
    assert_eq!(code(&outcome), "400 InsufficientDBInstanceCapacity");
}

#[test]
fn windows_rhythm_chance_and_delay() {
    let c = call(Service::Rds, "DescribeDBInstances", &[]);
    let hit = |text: &str, times| -> Vec<usize> {
        let script = Script::parse(text).unwrap();
        outcomes(&script, &c, times)
            .iter()
            .enumerate()
            .filter(|(_, o)| **o != Outcome::Answer)
            .map(|(i, _)| i + 1)
            .collect()
    };
    assert_eq!(
        hit("- {call: 'rds:*', from: 2, to: 4, fault: drop_before}", 6),
        [2, 3, 4]
    );
    assert_eq!(
        hit("- {call: 'rds:*', every: 3, fault: drop_after}", 7),
        [3, 6]
    );
    let chance = "{seed: 7, faults: [{call: '*', probability: 0.25, fault: internal}]}";
    let hits = hit(chance, 1000);
    assert!((200..300).contains(&hits.len()), "{}", hits.len());
    assert_eq!(hits, hit(chance, 1000), "a seed always does the same");
    let script = Script::parse(
        r#"{"faults": [{"call": "*", "fault": {"delay_ms": 20}}, {"call": "rds:*", "fault": {"delay_ms": 5}},
            {"call": "*", "fault": {"error": {"code": "Odd", "status": 418, "message": "tea"}}},
            {"call": "*", "fault": "internal"}, {"call": "iam:Nothing", "fault": "deny"}]}"#,
    )
    .unwrap();
    let decision = script.decide(&c);
    assert_eq!(decision.delay_ms, 25);
    assert_eq!(code(&decision.outcome), "418 Odd", "the first that fires");
    assert_eq!(script.never_fired(), ["line 3: *", "line 3: iam:Nothing"]);
}

#[test]
fn a_burst_goes_on_once_it_has_begun() {
    let hits = |rule: &str, times: usize| -> Vec<usize> {
        let script = Script::parse(&format!("- {{call: '*', {rule}, fault: throttle}}")).unwrap();
        let all = outcomes(&script, &call(Service::Rds, "StopDBInstance", &[]), times);
        (1..)
            .zip(all)
            .filter(|(_, o)| *o != Outcome::Answer)
            .map(|(n, _)| n)
            .collect()
    };
    assert_eq!(hits("nth: 3, burst: 4", 12), [3, 4, 5, 6]);
    assert_eq!(hits("every: 5, burst: 2", 12), [5, 6, 10, 11]);
    assert_eq!(hits("nth: 3, burst: 1", 12), [3]);
    let by_chance = hits("probability: 0.02, burst: 5", 1000);
    let alone = by_chance
        .iter()
        .filter(|n| !by_chance.contains(&(*n - 1)) && !by_chance.contains(&(*n + 1)));
    assert!(by_chance.len() > 40, "{by_chance:?}");
    assert_eq!(alone.count(), 0, "{by_chance:?}");
}

#[test]
fn jumps_of_the_clock_add_up_and_hide_no_other_fault() {
    let script = Script::parse(
        "- {call: 'rds:*', nth: 2, fault: {clock_jump: {seconds: 3600}}}
- {call: '*', nth: 2, fault: {clock_jump: {seconds: -90}}}
- {call: '*', nth: 2, fault: internal}",
    )
    .unwrap();
    let stop = call(Service::Rds, "StopDBInstance", &[]);
    assert_eq!(script.decide(&stop).jump_seconds, 0.0);
    let second = script.decide(&stop);
    assert_eq!(second.jump_seconds, 3510.0);
    assert_eq!(code(&second.outcome), "500 InternalFailure");
    assert!(script.never_fired().is_empty());
}

#[test]
fn propagation_is_passed_on() {
    let script = Script::parse("- fault: {iam_propagation: {seconds: 12}}\n").unwrap();
    assert_eq!(script.iam_propagation_seconds(), Some(12.0));
    assert_eq!(
        script
            .decide(&call(Service::Iam, "CreateRole", &[]))
            .outcome,
        Outcome::Answer
    );
    assert_eq!(
        Script::parse("# nothing\n")
            .unwrap()
            .iam_propagation_seconds(),
        None
    );
}

#[test]
fn a_wrong_script_is_refused_with_its_line_and_a_remedy() {
    for (text, line, problem, remedy) in [
        (
            "- call: rds:*\n  fault: throtle\n",
            2,
            "throtle",
            "throttle",
        ),
        (
            "- call: rds:*\n  fault: throttle\n  nht: 3\n",
            3,
            "nht",
            "nth",
        ),
        ("- fault: deny\n", 1, "which calls", "call:"),
        (
            "\n- fault: deny\n  call: s3:PutObject\n",
            3,
            "s3",
            "cognito-idp",
        ),
        (
            "- {fault: deny, call: PutObject}",
            1,
            "no service",
            "SERVICE:PutObject",
        ),
        (
            "- fault: deny\n  call: 'rds:'\n",
            2,
            "operation",
            "Describe*",
        ),
        (
            "- fault: deny\n  call: '*'\n  nth: 0\n",
            3,
            "nth: 0",
            "from 1",
        ),
        (
            "- fault: deny\n  call: '*'\n  nth: 1\n  every: 2\n",
            3,
            "nth",
            "keep nth",
        ),
        (
            "- fault: deny\n  call: '*'\n  from: 5\n  to: 2\n",
            4,
            "after",
            "exchange",
        ),
        (
            "- fault: deny\n  call: '*'\n  probability: 2\n",
            3,
            "probability",
            "0 to 1",
        ),
        (
            "- call: lambda:*\n  fault: insufficient_capacity\n",
            2,
            "capacity",
            "rds:",
        ),
        (
            "- call: lambda:*\n  fault: {error: {code: X, status: 200}}\n",
            2,
            "200",
            "400 to 599",
        ),
        (
            "- fault: {stale_reads: {for_seconds: -1}}\n",
            1,
            "duration",
            "seconds",
        ),
        (
            "- call: '*'\n  burst: 0\n  fault: deny\n",
            2,
            "burst: 0",
            "from 1",
        ),
        (
            "- call: '*'\n  fault: {clock_jump: {seconds: 0}}\n",
            2,
            "no jump",
            "with a minus back",
        ),
        ("faults: 3\n", 1, "", "a fault is one of"),
    ] {
        let error = Script::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.problem.contains(problem), "{text}: {error}");
        assert!(error.remedy.contains(remedy), "{text}: {error}");
        assert!(error.to_string().contains(&format!("line {line}")));
    }
}

#[tokio::test]
async fn stale_reads_show_the_world_as_it_was() {
    let bench = Bench::new();
    let script = Script::parse("- fault: {stale_reads: {for_seconds: 30}}").unwrap();
    let history = History::of(&script, &bench.sandbox.store).unwrap();
    let store = &bench.sandbox.store;
    let create = [("GroupName", "new"), ("GroupDescription", "d")];
    let made = call(Service::Ec2, "CreateSecurityGroup", &create);
    assert_eq!(script.decide(&made).outcome, Outcome::Answer, "only reads");
    let look = call(Service::Ec2, "DescribeSecurityGroups", &[]);
    assert_eq!(
        script.decide(&look).outcome,
        Outcome::Stale { seconds: 30.0 }
    );
    bench.pass(100);
    history.note(store);
    bench.sandbox.answer(&made).await.unwrap();
    history.note(store);
    let names = async || match history.answer(&bench.sandbox, &look, 30.0).await {
        Ok(Reply::Xml(xml)) => texts(&xml, "groupName"),
        other => panic!("{other:?}"),
    };
    bench.pass(29);
    assert_eq!(names().await, ["default"]);
    bench.pass(1);
    assert_eq!(names().await, ["default", "new"]);
    history.note(store);
    let left = std::fs::read_dir(bench.dir.path().join("stale"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "the past is cleaned up");
    assert!(bench.dir.path().join("blobs").is_dir());
}
