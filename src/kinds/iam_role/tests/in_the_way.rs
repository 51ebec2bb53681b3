use super::*;

#[test]
fn profiles_and_functions_that_stay_are_in_the_way_of_a_role() {
    let have = live();
    let found = in_profiles(&have, &["p".to_owned()]);
    assert!(
        found[0]
            .summary
            .contains("--instance-profile-name p --role-name cruddur-post-confirmation-role"),
        "{found:?}"
    );
    let function = |name: &str, role: &str| aws::FunctionUse {
        name: name.to_owned(),
        role: role.to_owned(),
        ..aws::FunctionUse::default()
    };
    let all = [
        function("ours", &have.arn),
        function("theirs", &have.arn),
        function("other", "arn:aws:iam::123456789012:role/y"),
    ];
    let arn = "arn:aws:lambda:us-west-2:123456789012:function:ours".to_owned();
    let ours = ("lambda_function.f".parse().unwrap(), [arn].into());
    let found = used_by(&have, &all, &Doomed(BTreeMap::from([ours])));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].summary.starts_with("the function theirs runs as"));
}

#[test]
fn what_somebody_else_has_attached_is_told_and_detached() {
    let mut have = live();
    assert!(detached(&want(), &have).is_none());
    have.attached
        .insert("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned());
    let told = detached(&want(), &have).unwrap();
    assert!(
        told.detail
            .contains("also has arn:aws:iam::aws:policy/ReadOnlyAccess"),
        "{told:?}"
    );
}
