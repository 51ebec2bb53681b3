//! Groups, tags, pages.

use super::*;

const GROUP: &str = "schedule-groups/g";
const TAGS: &str = "tags/arn:aws:scheduler:us-west-2:123456789012:schedule-group/g";

#[tokio::test]
async fn a_group_has_tags_and_takes_its_schedules_along() {
    let bench = with_role().await;
    let tags = json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
    let made = rest(&bench, "POST", GROUP, &[], tags).await.unwrap();
    assert_eq!(
        made["ScheduleGroupArn"],
        "arn:aws:scheduler:us-west-2:123456789012:schedule-group/g"
    );
    let again = rest(&bench, "POST", GROUP, &[], json!({})).await;
    assert_eq!(again.unwrap_err().code, "ConflictException");
    let more = json!({"Tags": [{"Key": "c", "Value": "3"}]});
    rest(&bench, "POST", TAGS, &[], more).await.unwrap();
    let gone = [("TagKeys", "a"), ("TagKeys", "b")];
    rest(&bench, "DELETE", TAGS, &gone, Value::Null)
        .await
        .unwrap();
    let left = rest(&bench, "GET", TAGS, &[], Value::Null).await.unwrap();
    assert_eq!(left, json!({"Tags": [{"Key": "c", "Value": "3"}]}));

    create(&bench, json!({"GroupName": "g"})).await.unwrap();
    let get = |path, query| rest(&bench, "GET", path, query, Value::Null);
    assert!(get(NAME, &[("groupName", "g")]).await.is_ok());
    assert_eq!(get(NAME, &[]).await.unwrap_err().status, 404);
    rest(&bench, "DELETE", GROUP, &[], Value::Null)
        .await
        .unwrap();
    assert_eq!(get(GROUP, &[]).await.unwrap()["State"], "DELETING");
    assert_eq!(
        get(NAME, &[("groupName", "g")]).await.unwrap_err().status,
        404
    );
    for again in ["POST", "DELETE"] {
        let refused = rest(&bench, again, GROUP, &[], json!({})).await;
        assert_eq!(refused.unwrap_err().code, "ConflictException");
    }
    bench.pass(10);
    assert_eq!(
        get(GROUP, &[]).await.unwrap_err().code,
        "ResourceNotFoundException"
    );
    let only = get("schedule-groups", &[]).await.unwrap();
    assert_eq!(only["ScheduleGroups"].as_array().unwrap().len(), 1);
    let default = rest(
        &bench,
        "DELETE",
        "schedule-groups/default",
        &[],
        Value::Null,
    );
    assert_eq!(default.await.unwrap_err().code, "ValidationException");
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let bench = with_role().await;
    for name in ["schedules/a", "schedules/b", "schedules/c"] {
        rest(&bench, "POST", name, &[], hourly()).await.unwrap();
    }
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut query = vec![("MaxResults", "2"), ("ScheduleGroup", "default")];
        if let Some(token) = &token {
            query.push(("NextToken", token));
        }
        let page = rest(&bench, "GET", "schedules", &query, Value::Null)
            .await
            .unwrap();
        let names = page["Schedules"].as_array().unwrap().iter();
        found.extend(names.map(|s| s["Name"].as_str().unwrap().to_owned()));
        match page["NextToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(found, ["a", "b", "c"]);
    let listed =
        |query: &'static [(&str, &str)]| rest(&bench, "GET", "schedules", query, Value::Null);
    assert_eq!(
        listed(&[("NamePrefix", "b")]).await.unwrap()["Schedules"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        listed(&[("ScheduleGroup", "none")])
            .await
            .unwrap_err()
            .status,
        404
    );
}
