//! Against a real server, with an administrator who is no superuser, as on RDS.

use super::{Object, Power, Right, Role, sql};
use crate::pg::testing::Server;
use crate::pg::{ConnectionUrl, Connector, Error, Session, quote_identifier};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

static ROLES: AtomicU32 = AtomicU32::new(0);

/// A database of its own, owned by an administrator who may create roles.
struct World {
    server: Arc<Server>,
    /// The administrator's URL.
    url: ConnectionUrl,
    /// A name that no other test has.
    role: String,
}

impl World {
    async fn new() -> Self {
        let server = Server::shared();
        let number = ROLES.fetch_add(1, Ordering::Relaxed);
        let admin = format!("keeper_{number}");
        let url = server.database().await;
        let session = server.session(&url).await;
        let database = quote_identifier(url.database().unwrap());
        session
            .client()
            .batch_execute(&format!(
                "CREATE ROLE {admin} LOGIN CREATEROLE CREATEDB PASSWORD 'keeper';
                 ALTER DATABASE {database} OWNER TO {admin}; ALTER SCHEMA public OWNER TO {admin}"
            ))
            .await
            .unwrap();
        session.close().await;
        let url = url.with_user(&admin, &SecretString::from("keeper"));
        Self {
            server,
            url,
            role: format!("we\"ird role' {number} 🙂 100%"),
        }
    }

    async fn session(&self) -> Session {
        self.server.session(&self.url).await
    }

    async fn change(&self, statements: &[String]) -> Result<(), Error> {
        let mut session = self.session().await;
        let result = session.change_roles(statements).await;
        session.close().await;
        result
    }

    /// Changes something as the superuser does, by hand.
    async fn by_hand(&self, statement: &str) {
        let superuser = self.server.url();
        let session = self
            .server
            .session(&superuser.with_database(self.url.database().unwrap()))
            .await;
        session.client().batch_execute(statement).await.unwrap();
        session.close().await;
    }

    async fn look(&self) -> Option<Role> {
        let mut session = self.session().await;
        let role = session.role(&self.role).await.unwrap();
        session.close().await;
        role
    }

    fn quoted(&self) -> String {
        quote_identifier(&self.role)
    }

    async fn accepts(&self, password: &str) -> Result<bool, Error> {
        let url = self
            .url
            .clone()
            .with_user(&self.role, &SecretString::from(password));
        Connector::new(self.server.options()).accepts(&url).await
    }

    async fn create(&self, password: &str, limit: Option<i32>) {
        let statement = sql::create_role(&self.role, &sql::verifier(password), limit);
        self.change(&[statement]).await.unwrap();
    }
}

fn table(name: &str) -> Object {
    Object::Table {
        schema: "public".to_owned(),
        name: name.to_owned(),
    }
}

fn rights(role: &Role) -> BTreeMap<String, Vec<&str>> {
    role.objects
        .iter()
        .filter(|(_, held)| !held.rights.is_empty())
        .map(|(object, held)| {
            let words = held.rights.iter().map(|r| r.privilege.as_str());
            (object.to_string(), words.collect())
        })
        .collect()
}

#[tokio::test]
async fn a_role_is_made_seen_and_dropped() {
    let w = World::new().await;
    assert_eq!(w.look().await, None);
    let password = "q'u\"o%t@e:/ \\ 🙂 ß";
    let tables = "CREATE TABLE users (id int, email text); CREATE TABLE other (id serial)";
    w.session()
        .await
        .client()
        .batch_execute(tables)
        .await
        .unwrap();
    w.change(&[
        sql::create_role(&w.role, &sql::verifier(password), Some(7)),
        sql::comment(&w.role, "it's ours"),
        sql::grant(&w.role, ["INSERT", "SELECT"], &table("users")),
    ])
    .await
    .unwrap();
    let role = w.look().await.unwrap();
    assert!(role.login && role.may_connect);
    assert_eq!(role.connection_limit, 7);
    assert_eq!(role.comment.as_deref(), Some("it's ours"));
    assert_eq!(role.valid_until, None);
    assert_eq!(role.powers, BTreeSet::new());
    assert_eq!(role.member_of, BTreeMap::new());
    assert_eq!(role.ties.count, 0, "{:?}", role.ties);
    assert_eq!(
        rights(&role),
        [("public.users".to_owned(), vec!["INSERT", "SELECT"])].into()
    );
    // what it has no right on is seen too, and the server's own is not
    let sequence = Object::Sequence {
        schema: "public".to_owned(),
        name: "other_id_seq".to_owned(),
    };
    assert!(role.objects.contains_key(&table("other")));
    assert!(role.objects.contains_key(&sequence));
    assert!(
        !role
            .objects
            .keys()
            .any(|o| o.to_string().starts_with("pg_"))
    );

    assert!(w.accepts(password).await.unwrap());
    assert!(!w.accepts("another").await.unwrap());
    w.change(&[sql::password(&w.role, &sql::verifier("another"))])
        .await
        .unwrap();
    assert!(w.accepts("another").await.unwrap());
    assert!(!w.accepts(password).await.unwrap());

    // with a right left it cannot go, and then it can
    let stays = w.change(&[sql::drop_role(&w.role)]).await.unwrap_err();
    assert_eq!(stays.sqlstate(), Some("2BP01"));
    w.change(&[
        sql::revoke(&w.role, ["ALL PRIVILEGES"], &table("users")),
        sql::drop_role(&w.role),
    ])
    .await
    .unwrap();
    assert_eq!(w.look().await, None);
    let gone = w.change(&[sql::drop_role(&w.role)]).await.unwrap_err();
    assert_eq!(gone.sqlstate(), Some("42704"));
    assert!(
        !w.accepts("another").await.unwrap(),
        "nobody logs in as nobody"
    );
}

#[tokio::test]
async fn everything_that_was_given_by_hand_is_seen() {
    let w = World::new().await;
    w.create("pw", None).await;
    let role = w.quoted();
    w.by_hand(&format!(
        "CREATE SCHEMA app; CREATE TABLE app.t (id int, email text); CREATE SEQUENCE app.n; CREATE VIEW v AS SELECT 1 AS x;
         CREATE ROLE \"{0}'s group\";
         GRANT \"{0}'s group\" TO {role};
         GRANT UPDATE ON app.t TO {role} WITH GRANT OPTION; GRANT SELECT (email) ON app.t TO {role};
         GRANT USAGE ON app.n TO {role}; GRANT USAGE ON SCHEMA app TO {role}; GRANT SELECT ON v TO {role};
         GRANT SELECT ON pg_catalog.pg_authid TO {role};
         GRANT TEMPORARY ON DATABASE {1} TO {role};
         ALTER ROLE {role} CREATEDB BYPASSRLS VALID UNTIL '2020-01-01'",
        w.url.user(),
        w.url.database().unwrap()
    ))
    .await;
    let seen = w.look().await.unwrap();
    assert_eq!(seen.powers, [Power::CreateDb, Power::BypassRls].into());
    assert!(
        seen.valid_until
            .as_deref()
            .unwrap()
            .starts_with("2020-01-01")
    );
    let groups: Vec<_> = seen.member_of.keys().cloned().collect();
    assert_eq!(groups, [format!("{}'s group", w.url.user())]);
    let database = w.url.database().unwrap().to_owned();
    assert_eq!(
        rights(&seen),
        [
            (database, vec!["TEMPORARY"]),
            ("app".to_owned(), vec!["USAGE"]),
            ("app.n".to_owned(), vec!["USAGE"]),
            ("app.t".to_owned(), vec!["UPDATE"]),
            ("app.t.email".to_owned(), vec!["SELECT"]),
            ("pg_catalog.pg_authid".to_owned(), vec!["SELECT"]),
            ("public.v".to_owned(), vec!["SELECT"]),
        ]
        .into()
    );
    let on_table = &seen.objects[&Object::Table {
        schema: "app".to_owned(),
        name: "t".to_owned(),
    }];
    assert_eq!(
        on_table.rights,
        [Right {
            privilege: "UPDATE".to_owned(),
            grantable: true
        }]
        .into()
    );
    // an expired password is a wrong one
    assert!(!w.accepts("pw").await.unwrap());
}

#[tokio::test]
async fn what_keeps_a_role_from_going_is_named() {
    let w = World::new().await;
    w.create("pw", None).await;
    let role = w.quoted();
    let other = w.server.database().await;
    let elsewhere = w.server.session(&other).await;
    elsewhere
        .client()
        .batch_execute(&format!(
            "CREATE TABLE x (id int); GRANT SELECT ON x TO {role}"
        ))
        .await
        .unwrap();
    elsewhere.close().await;
    w.by_hand(&format!(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION f() TO {role};
         CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO {role}"
    ))
    .await;
    let seen = w.look().await.unwrap();
    assert_eq!(
        seen.ties.first,
        [
            "table mine".to_owned(),
            "function f()".to_owned(),
            format!("something in database {}", other.database().unwrap()),
        ]
    );
    assert_eq!(seen.ties.count, 3);
    let owns: Vec<_> = seen.owns().map(ToString::to_string).collect();
    assert_eq!(owns, ["public.mine"]);
    assert_eq!(
        rights(&seen),
        BTreeMap::new(),
        "an owner's own rights were not given"
    );

    let many: Vec<String> = (0..7)
        .map(|i| format!("CREATE TABLE t{i} (id int); ALTER TABLE t{i} OWNER TO {role};"))
        .collect();
    w.by_hand(&many.concat()).await;
    let ties = w.look().await.unwrap().ties;
    assert_eq!((ties.first.len(), ties.count), (5, 10));
}

#[tokio::test]
async fn what_tells_nothing_of_a_password_is_an_error() {
    let w = World::new().await;
    w.create("pw", Some(1)).await;
    let database = w.url.database().unwrap();
    let login = w.url.clone().with_user(&w.role, &SecretString::from("pw"));
    let held = w.server.session(&login).await;
    let full = w.accepts("pw").await.unwrap_err();
    assert_eq!(full.sqlstate(), Some("53300"), "{full:?}");
    assert!(full.is_transient());
    held.close().await;

    // it is the right one, though the role may not connect
    w.by_hand(&format!(
        "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC"
    ))
    .await;
    assert!(!w.look().await.unwrap().may_connect);
    assert!(!w.accepts("wrong").await.unwrap());
    let right = async || loop {
        match w.accepts("pw").await {
            // the session that was closed above takes a moment to go
            Err(error) if error.sqlstate() == Some("53300") => {}
            other => return other,
        }
    };
    assert!(right().await.unwrap());

    w.by_hand(&format!("ALTER ROLE {} NOLOGIN", w.quoted()))
        .await;
    let closed = w.accepts("pw").await.unwrap_err();
    assert_eq!(closed.sqlstate(), Some("28000"), "{closed:?}");
    let nowhere = w.url.clone().with_database("nowhere at all");
    let error = Connector::new(w.server.options())
        .accepts(&nowhere)
        .await
        .unwrap_err();
    assert_eq!(error.sqlstate(), Some("3D000"));
}

#[tokio::test]
async fn a_right_that_cannot_be_given_is_an_error_and_undoes_the_rest() {
    let w = World::new().await;
    // of another owner, with a right for the administrator, so that the server only warns
    w.by_hand(&format!(
        "CREATE TABLE theirs (id int); GRANT SELECT ON theirs TO {}",
        w.url.user()
    ))
    .await;
    let create = sql::create_role(&w.role, &sql::verifier("pw"), None);
    let theirs = sql::grant(&w.role, ["SELECT"], &table("theirs"));
    let mut session = w.session().await;
    let warned = session
        .change_roles(&[create.clone(), theirs])
        .await
        .unwrap_err();
    assert_eq!(warned.sqlstate(), Some("01007"), "{warned:?}");
    assert_eq!(w.look().await, None, "the role went with it");

    let missing = sql::grant(&w.role, ["SELECT"], &table("nothing"));
    let missing = session
        .change_roles(&[create.clone(), missing])
        .await
        .unwrap_err();
    assert_eq!(missing.sqlstate(), Some("42P01"), "{missing:?}");
    assert_eq!(w.look().await, None);
    // the session is usable after that
    session
        .change_roles(std::slice::from_ref(&create))
        .await
        .unwrap();
    let twice = session.change_roles(&[create]).await.unwrap_err();
    assert_eq!(twice.sqlstate(), Some("42710"));
    session.close().await;
}

#[tokio::test]
async fn a_membership_ends_whoever_gave_it() {
    let w = World::new().await;
    w.create("pw", None).await;
    let group = format!("{} group", w.url.user());
    // the administrator made the group and may end what others began in it
    w.change(&[format!("CREATE ROLE {}", quote_identifier(&group))])
        .await
        .unwrap();
    w.by_hand(&format!(
        "GRANT {} TO {}",
        quote_identifier(&group),
        w.quoted()
    ))
    .await;
    let seen = w.look().await.unwrap();
    let grantors = &seen.member_of[&group];
    assert_eq!(grantors.len(), 1, "{grantors:?}");
    let leave = grantors
        .iter()
        .map(|by| sql::leave(&w.role, &group, by.as_deref()));
    let result = w.change(&leave.collect::<Vec<_>>()).await;
    let session = w.session().await;
    let sql = "SELECT current_setting('server_version_num')::int";
    let row = session.client().query_one(sql, &[]).await.unwrap();
    if row.get::<_, i32>(0) < 160_000 {
        assert_eq!(result, Ok(()));
        assert_eq!(w.look().await.unwrap().member_of, BTreeMap::new());
    } else {
        // what a superuser gave only a superuser takes
        assert_eq!(result.unwrap_err().sqlstate(), Some("42501"));
    }
    session.close().await;
}
