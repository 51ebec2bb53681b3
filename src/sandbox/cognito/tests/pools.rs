//! Pools, their clients, MFA and tags.

use super::*;

const ARN: &str = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_SandboxPl";

#[tokio::test]
async fn the_first_pool_is_described_as_aws_does() {
    let stage = Stage::new();
    let pool = stage.pool(POOL).await;
    assert_eq!(pool["Name"], "cruddur-user-pool");
    assert_eq!(pool["Arn"], ARN);
    assert!(pool["CreationDate"].is_f64());
    assert_eq!(pool["EstimatedNumberOfUsers"], 0);
    // both names of the same days
    assert_eq!(
        pool["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"],
        14
    );
    assert_eq!(
        pool["AdminCreateUserConfig"]["UnusedAccountValidityDays"],
        14
    );
    let names: Vec<&str> = pool["SchemaAttributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["Name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 22);
    assert!(
        names.contains(&"sub")
            && names.contains(&"custom:plan")
            && names.contains(&"custom:tenant")
    );
}

#[tokio::test]
async fn names_need_not_be_unique_and_lists_have_pages() {
    let stage = Stage::new();
    let created = stage
        .ok("CreateUserPool", json!({ "PoolName": "cruddur-user-pool" }))
        .await;
    let id = created["UserPool"]["Id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("us-west-2_") && id.len() == 19 && id != POOL);
    assert_eq!(
        created["UserPool"]["Policies"]["PasswordPolicy"]["RequireSymbols"],
        true
    );
    assert_eq!(created["UserPool"]["MfaConfiguration"], "OFF");
    assert_eq!(created["UserPool"]["CreationDate"], 1_795_000_000.5);
    let first = stage.ok("ListUserPools", json!({ "MaxResults": 1 })).await;
    assert_eq!(first["UserPools"][0]["Id"], POOL);
    assert!(first["UserPools"][0]["LambdaConfig"]["CustomMessage"].is_string());
    let token = first["NextToken"].clone();
    let second = stage
        .ok(
            "ListUserPools",
            json!({ "MaxResults": 1, "NextToken": token }),
        )
        .await;
    assert_eq!(second["UserPools"][0]["Id"], id);
    assert_eq!(second["UserPools"][0]["Name"], "cruddur-user-pool");
    assert_eq!(second.get("NextToken"), None);
    let invalid = "InvalidParameterException";
    for (input, words) in [
        (json!({}), "Value null at 'maxResults'"),
        (json!({ "MaxResults": 0 }), "greater than or equal to 1"),
        (json!({ "MaxResults": 61 }), "less than or equal to 60"),
        (
            json!({ "MaxResults": 9, "NextToken": "nonsense" }),
            "Invalid pagination token",
        ),
    ] {
        stage.refused("ListUserPools", input, invalid, words).await;
    }
    // a token of one list is none of another
    let other = json!({ "UserPoolId": POOL, "NextToken": token });
    stage
        .refused(
            "ListUserPoolClients",
            other,
            invalid,
            "Invalid pagination token",
        )
        .await;
}

#[tokio::test]
async fn a_pool_is_made_with_its_own_attributes() {
    let stage = Stage::new();
    let made = stage
        .ok(
            "CreateUserPool",
            json!({
                "PoolName": "p",
                "AliasAttributes": ["email"],
                "UsernameConfiguration": { "CaseSensitive": false },
                "Schema": [
                    { "Name": "email", "Required": true, "Mutable": true, "AttributeDataType": "String" },
                    { "Name": "level", "AttributeDataType": "Number" },
                ],
            }),
        )
        .await;
    let schema = made["UserPool"]["SchemaAttributes"].as_array().unwrap();
    assert!(
        schema
            .iter()
            .any(|a| a["Name"] == "email" && a["Required"] == true)
    );
    assert!(
        schema
            .iter()
            .any(|a| a["Name"] == "custom:level" && a["Mutable"] == true)
    );
    assert_eq!(made["UserPool"]["AliasAttributes"], json!(["email"]));
    let invalid = "InvalidParameterException";
    let both =
        json!({ "PoolName": "p", "AliasAttributes": ["email"], "UsernameAttributes": ["email"] });
    stage
        .refused("CreateUserPool", both, invalid, "Only one of")
        .await;
    let custom = json!({ "PoolName": "p", "Schema": [{ "Name": "x", "Required": true }] });
    stage
        .refused(
            "CreateUserPool",
            custom,
            invalid,
            "Required custom attributes",
        )
        .await;
    let trigger = json!({ "PoolName": "p", "LambdaConfig": {
        "PreSignUp": "arn:aws:lambda:us-west-2:123456789012:function:missing",
    } });
    stage
        .refused("CreateUserPool", trigger, invalid, "does not exist")
        .await;
}

#[tokio::test]
async fn protection_must_be_off_before_a_pool_goes() {
    let stage = Stage::new();
    let id = json!({ "UserPoolId": POOL });
    let words = "deletion protection is activated";
    stage
        .refused(
            "DeleteUserPool",
            id.clone(),
            "InvalidParameterException",
            words,
        )
        .await;
    stage.update(json!({})).await;
    assert_eq!(stage.ok("DeleteUserPool", id.clone()).await, json!({}));
    stage
        .refused("DeleteUserPool", id, "ResourceNotFoundException", POOL)
        .await;
    assert_eq!(
        stage.ok("ListUserPools", json!({ "MaxResults": 60 })).await,
        json!({ "UserPools": [] })
    );
}

#[tokio::test]
async fn setting_mfa_replaces_all_of_it() {
    let stage = Stage::new();
    let before = stage
        .ok("GetUserPoolMfaConfig", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(before["MfaConfiguration"], "OPTIONAL");
    assert_eq!(
        before["SoftwareTokenMfaConfiguration"],
        json!({ "Enabled": true })
    );
    assert_eq!(
        before["SmsMfaConfiguration"]["SmsConfiguration"]["SnsRegion"],
        "us-west-2"
    );
    let off = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together";
    let invalid = "InvalidParameterException";
    let token = json!({ "UserPoolId": POOL, "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    stage
        .refused("SetUserPoolMfaConfig", token.clone(), invalid, off)
        .await;
    let none = json!({ "UserPoolId": POOL, "MfaConfiguration": "ON" });
    stage
        .refused(
            "SetUserPoolMfaConfig",
            none,
            invalid,
            "required when MFA is",
        )
        .await;
    let mut on = token;
    on["MfaConfiguration"] = json!("ON");
    on["EmailMfaConfiguration"] = json!({ "Message": "Use {####}", "Subject": "Code" });
    let set = stage.ok("SetUserPoolMfaConfig", on).await;
    assert_eq!(set.get("SmsMfaConfiguration"), None);
    assert_eq!(set["EmailMfaConfiguration"]["Subject"], "Code");
    assert_eq!(stage.pool(POOL).await["MfaConfiguration"], "ON");
    stage
        .ok("SetUserPoolMfaConfig", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(stage.pool(POOL).await["MfaConfiguration"], "OFF");
    stage.update(json!({})).await;
    let mail = json!({
        "UserPoolId": POOL, "MfaConfiguration": "ON", "EmailMfaConfiguration": { "Subject": "Code" },
    });
    stage
        .refused("SetUserPoolMfaConfig", mail, invalid, "DEVELOPER")
        .await;
}

#[tokio::test]
async fn tags_can_be_changed_alone() {
    let stage = Stage::new();
    let list = json!({ "ResourceArn": ARN });
    stage
        .ok(
            "TagResource",
            json!({ "ResourceArn": ARN, "Tags": { "a": "1", "owner": "me" } }),
        )
        .await;
    stage
        .ok(
            "UntagResource",
            json!({ "ResourceArn": ARN, "TagKeys": ["project", "never"] }),
        )
        .await;
    let tags = json!({ "owner": "me", "a": "1" });
    assert_eq!(stage.ok("ListTagsForResource", list).await["Tags"], tags);
    assert_eq!(stage.pool(POOL).await["UserPoolTags"], tags);
    let own = json!({ "ResourceArn": ARN, "Tags": { "aws:a": "1" } });
    stage
        .refused("TagResource", own, "InvalidParameterException", "aws:")
        .await;
    let many: Map<String, Value> = (0..60).map(|n| (n.to_string(), json!("x"))).collect();
    let many = json!({ "ResourceArn": ARN, "Tags": many });
    stage
        .refused(
            "TagResource",
            many,
            "InvalidParameterException",
            "more than 50",
        )
        .await;
    let other = json!({ "ResourceArn": "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_No" });
    stage
        .refused(
            "ListTagsForResource",
            other,
            "ResourceNotFoundException",
            "us-west-2_No",
        )
        .await;
    let bucket = json!({ "ResourceArn": "arn:aws:s3:us-west-2:123456789012:bucket/x" });
    stage
        .refused(
            "ListTagsForResource",
            bucket,
            "InvalidParameterException",
            "Invalid resource ARN",
        )
        .await;
}

#[tokio::test]
async fn clients_are_listed_and_made() {
    let stage = Stage::new();
    let list = stage
        .ok(
            "ListUserPoolClients",
            json!({ "UserPoolId": POOL, "MaxResults": 1 }),
        )
        .await;
    assert_eq!(list["UserPoolClients"][0]["ClientId"], FIRST_CLIENT);
    let made = json!({ "UserPoolId": POOL, "ClientName": "cruddur-web", "GenerateSecret": true });
    let made = stage.ok("CreateUserPoolClient", made).await["UserPoolClient"].clone();
    assert_eq!(made["ClientId"].as_str().unwrap().len(), 26);
    assert_eq!(made["ClientSecret"].as_str().unwrap().len(), 51);
    assert_eq!(made["RefreshTokenValidity"], 30);
    let get = json!({ "UserPoolId": POOL, "ClientId": made["ClientId"] });
    assert_eq!(
        stage.ok("DescribeUserPoolClient", get).await["UserPoolClient"],
        made
    );
    let none = json!({ "UserPoolId": POOL, "ClientId": "nobody" });
    stage
        .refused(
            "DescribeUserPoolClient",
            none,
            "ResourceNotFoundException",
            "nobody",
        )
        .await;
    let all = stage
        .ok("ListUserPoolClients", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(all["UserPoolClients"].as_array().unwrap().len(), 2);
}
