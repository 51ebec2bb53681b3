//! How a pool fires its triggers and what it makes of the answers.

use super::*;

const EMAIL: &str = "andrew@example.com";

async fn signed_up() -> (Stage, Value) {
    let stage = Stage::new().with_trigger().await;
    stage.sign_up(EMAIL).await;
    let confirm = json!({
        "ClientId": FIRST_CLIENT,
        "Username": EMAIL,
        "ConfirmationCode": stage.last_code(),
        "ClientMetadata": { "from": "the test" },
    });
    (stage, confirm)
}

async fn status(stage: &Stage) -> Value {
    stage
        .ok(
            "AdminGetUser",
            json!({ "UserPoolId": POOL, "Username": EMAIL }),
        )
        .await["UserStatus"]
        .clone()
}

fn denied(code: &str, status: u16) -> Result<Invocation, ApiError> {
    Err(ApiError::new(status, code, "no"))
}

fn raised(message: &str) -> Result<Invocation, ApiError> {
    let payload = json!({ "errorMessage": message, "errorType": "UniqueViolation" });
    answered(payload, Some("Unhandled"), 300)
}

#[tokio::test]
async fn the_function_receives_the_whole_event() {
    let (stage, confirm) = signed_up().await;
    stage.ok("ConfirmSignUp", confirm).await;
    let seen = stage.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].arn, FUNCTION);
    assert_eq!(
        seen[0].pool_arn,
        "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_SandboxPl"
    );
    assert_eq!(seen[0].deadline_ms, 5000);
    let sub = seen[0].event["userName"].clone();
    assert_eq!(sub.as_str().unwrap().len(), 36);
    assert_eq!(
        seen[0].event,
        json!({
            "version": "1",
            "region": "us-west-2",
            "userPoolId": POOL,
            "userName": sub,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": FIRST_CLIENT },
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "request": {
                "userAttributes": {
                    "sub": sub,
                    "cognito:user_status": "CONFIRMED",
                    "email": EMAIL,
                    "email_verified": "true",
                    "name": "Andrew Brown",
                    "preferred_username": "andrew",
                },
                "clientMetadata": { "from": "the test" },
            },
            "response": {},
        })
    );
}

#[tokio::test]
async fn an_administrator_has_no_client() {
    let (stage, _) = signed_up().await;
    stage
        .ok(
            "AdminConfirmSignUp",
            json!({ "UserPoolId": POOL, "Username": EMAIL }),
        )
        .await;
    let event = &stage.seen()[0].event;
    assert_eq!(
        event["callerContext"]["clientId"],
        "CLIENT_ID_NOT_APPLICABLE"
    );
    assert_eq!(event["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(
        event["request"]["userAttributes"].get("email_verified"),
        None
    );
}

#[tokio::test]
async fn a_function_that_raises_leaves_the_user_confirmed() {
    let (stage, confirm) = signed_up().await;
    stage.script(vec![raised("duplicate key value")]);
    let words = "PostConfirmation failed with error duplicate key value.";
    stage
        .refused(
            "ConfirmSignUp",
            confirm.clone(),
            "UserLambdaValidationException",
            words,
        )
        .await;
    assert_eq!(
        stage.seen().len(),
        1,
        "it has answered; it is not asked again"
    );
    assert_eq!(status(&stage).await, "CONFIRMED");
    // and confirming again does not run it
    stage
        .refused(
            "ConfirmSignUp",
            confirm,
            "NotAuthorizedException",
            "Current status is CONFIRMED",
        )
        .await;
    assert_eq!(stage.seen().len(), 1);
}

#[tokio::test]
async fn a_function_without_the_permission_is_not_run() {
    for (code, http) in [
        ("AccessDeniedException", 403),
        ("ResourceNotFoundException", 404),
    ] {
        let (stage, confirm) = signed_up().await;
        stage.script(vec![denied(code, http)]);
        let words = format!("PostConfirmation invocation failed due to error {code}.");
        stage
            .refused(
                "ConfirmSignUp",
                confirm,
                "UnexpectedLambdaException",
                &words,
            )
            .await;
        assert_eq!(stage.seen().len(), 1);
        assert_eq!(status(&stage).await, "CONFIRMED");
    }
}

#[tokio::test]
async fn a_function_that_does_not_answer_is_asked_three_times() {
    let (stage, confirm) = signed_up().await;
    stage.script((0..3).map(|_| denied("RequestTimeout", 504)).collect());
    let words = "PostConfirmation invocation failed due to error Socket timeout";
    stage
        .refused("ConfirmSignUp", confirm, "UnexpectedLambdaException", words)
        .await;
    assert_eq!(stage.seen().len(), 3);
    assert_eq!(status(&stage).await, "CONFIRMED");

    let (stage, confirm) = signed_up().await;
    stage.script(vec![
        answered(json!({}), None, 5000),
        denied("TooManyRequestsException", 429),
    ]);
    stage.ok("ConfirmSignUp", confirm).await;
    assert_eq!(stage.seen().len(), 3, "the third answer is good");

    let (stage, confirm) = signed_up().await;
    stage.script((0..3).map(|_| denied("ServiceException", 500)).collect());
    let words = "due to error ServiceException: no.";
    stage
        .refused("ConfirmSignUp", confirm, "UnexpectedLambdaException", words)
        .await;
}

#[tokio::test]
async fn what_is_not_the_event_is_not_an_answer() {
    for output in [
        json!(null),
        json!({}),
        json!({ "statusCode": 200 }),
        json!("ok"),
    ] {
        let (stage, confirm) = signed_up().await;
        stage.script(vec![answered(output, None, 20)]);
        let code = "InvalidLambdaResponseException";
        stage
            .refused(
                "ConfirmSignUp",
                confirm,
                code,
                "Unrecognizable lambda output",
            )
            .await;
        assert_eq!(status(&stage).await, "CONFIRMED");
    }
}

#[tokio::test]
async fn the_sandboxs_own_lambda_knows_no_function_at_first() {
    let (stage, confirm) = signed_up().await;
    let error = handle(&stage.sandbox, &call("ConfirmSignUp", confirm))
        .await
        .unwrap_err();
    assert_eq!(error.code, "UnexpectedLambdaException");
    assert_eq!(
        error.message,
        "PostConfirmation invocation failed due to error ResourceNotFoundException."
    );
    let update = json!({ "UserPoolId": POOL, "LambdaConfig": { "PreSignUp": FUNCTION } });
    let error = handle(&stage.sandbox, &call("UpdateUserPool", update))
        .await
        .unwrap_err();
    assert!(error.message.contains("does not exist"));
}

#[tokio::test]
async fn a_pre_sign_up_trigger_may_confirm_and_may_refuse() {
    let stage = Stage::new().with_trigger().await;
    let config = json!({ "PreSignUp": FUNCTION, "PostConfirmation": FUNCTION });
    let mut settings = round_trip(&stage.pool(POOL).await);
    settings["LambdaConfig"] = config;
    stage.update(settings).await;
    stage.script(vec![raised("not you")]);
    let words = "PreSignUp failed with error not you.";
    stage
        .refused(
            "SignUp",
            sign_up(EMAIL),
            "UserLambdaValidationException",
            words,
        )
        .await;
    let nobody = json!({ "UserPoolId": POOL, "Username": EMAIL });
    stage
        .refused("AdminGetUser", nobody, "UserNotFoundException", "")
        .await;

    let refused = stage.seen()[0].event.clone();
    assert_eq!(refused["triggerSource"], "PreSignUp_SignUp");
    assert_eq!(refused["response"]["autoConfirmUser"], false);
    assert_eq!(refused["request"]["userAttributes"].get("sub"), None);
    let plain = stage.ok("SignUp", sign_up("other@example.com")).await;
    assert_eq!(plain["UserConfirmed"], false);
}

#[tokio::test]
async fn a_user_whom_the_trigger_confirms_is_announced_at_once() {
    let stage = Stage::new().with_trigger().await;
    let mut settings = round_trip(&stage.pool(POOL).await);
    settings["LambdaConfig"]["PreSignUp"] = json!(FUNCTION);
    stage.update(settings).await;
    let fake = Confirming::default();
    let reply = answer(&fake, &stage.sandbox, &call("SignUp", sign_up(EMAIL)))
        .await
        .unwrap();
    let Reply::Json(200, reply) = reply else {
        panic!()
    };
    assert_eq!(reply["UserConfirmed"], true);
    assert_eq!(reply.get("CodeDeliveryDetails"), None);
    assert_eq!(
        *fake.sources.lock().unwrap(),
        ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    );
    assert_eq!(status(&stage).await, "CONFIRMED");
}

/// Returns every event, with consent where it is asked for.
#[derive(Default)]
struct Confirming {
    sources: Mutex<Vec<String>>,
}

impl Functions for Confirming {
    fn exists(&self, _world: &World, _arn: &str) -> bool {
        true
    }

    async fn invoke(
        &self,
        _sandbox: &Sandbox,
        _arn: &str,
        event: &Value,
        _pool_arn: &str,
        _deadline_ms: u64,
    ) -> Result<Invocation, ApiError> {
        let source = event["triggerSource"].as_str().unwrap().to_owned();
        self.sources.lock().unwrap().push(source);
        let mut event = event.clone();
        if let Some(consent) = event["response"].get_mut("autoConfirmUser") {
            *consent = json!(true);
        }
        answered(event, None, 10)
    }
}
