use super::*;

const PROFILE: (&str, &str) = ("InstanceProfileName", "p");
const ROLE: (&str, &str) = ("RoleName", "r");

#[tokio::test]
async fn a_role_in_a_profile_can_be_deleted_only_after_it_was_taken_out() {
    let s = Stage::new();
    s.role("r").await;
    s.ok("CreateInstanceProfile", &[PROFILE]).await;
    let again = [("InstanceProfileName", "P")];
    assert_eq!(
        s.refused("CreateInstanceProfile", &again).await,
        code(409, "EntityAlreadyExists")
    );
    s.ok("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await;
    assert_eq!(
        s.refused("AddRoleToInstanceProfile", &[PROFILE, ROLE])
            .await,
        code(409, "LimitExceeded")
    );
    let listed = s.ok("ListInstanceProfilesForRole", &[ROLE]).await;
    assert_eq!(inner(&listed, "InstanceProfileName"), "p");
    assert_eq!(inner(&listed, "RoleName"), "r");
    for (operation, params) in [("DeleteRole", ROLE), ("DeleteInstanceProfile", PROFILE)] {
        assert_eq!(
            s.refused(operation, &[params]).await,
            code(409, "DeleteConflict")
        );
    }
    s.ok("RemoveRoleFromInstanceProfile", &[PROFILE, ROLE])
        .await;
    assert_eq!(
        s.refused("RemoveRoleFromInstanceProfile", &[PROFILE, ROLE])
            .await,
        code(404, "NoSuchEntity")
    );
    s.ok("DeleteRole", &[ROLE]).await;
    s.ok("DeleteInstanceProfile", &[PROFILE]).await;
    assert_eq!(
        s.refused("GetInstanceProfile", &[PROFILE]).await,
        code(404, "NoSuchEntity")
    );
}
