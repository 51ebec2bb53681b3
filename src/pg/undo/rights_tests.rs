//! Who may take a copy back, and who is told before it is relied on that they may not; against a real server.

use super::super::testing::HOST;
use super::super::{ConnectionUrl, Connector, Error, Params, Session, Template};
use super::live_tests::{World, world};
use super::{Copy, CopyProblem, Keeper, Undone};

/// Somebody who is no superuser.
struct User {
    name: String,
    session: Session,
    keeper: Keeper,
}

impl User {
    async fn new(world: &World, what: &str) -> Self {
        let name = format!("{what}_{}", world.url.database().unwrap());
        let make = format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'p'; GRANT CREATE ON SCHEMA public TO {name}"
        );
        world.sql(&make).await;
        let database = world.url.database().unwrap();
        let url = ConnectionUrl::build(&name, &"p".to_owned().into(), HOST, 5432, database);
        let session = world.server.session(&url).await;
        let connector = Connector::new(world.server.options());
        let keeper = Keeper::new(world.copies.clone(), connector, url, "the test");
        Self {
            name,
            session,
            keeper,
        }
    }

    async fn loses(&mut self, world: &World, sql: &str) -> Copy {
        let template = Template::parse("q", sql).unwrap();
        let done = self
            .session
            .query_commit_keeping(&template, &Params::new(), &self.keeper)
            .await;
        done.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        world.made()
    }

    async fn undo(&mut self, world: &World, copy: &Copy) -> Result<Undone, Error> {
        let database = self.keeper.database();
        let undone = self
            .session
            .undo(
                &world.copies,
                &copy.id,
                Some(&self.keeper),
                (&database, false),
                |_| {},
            )
            .await;
        let _ = world.copies.take_made();
        undone
    }
}

#[tokio::test]
async fn whose_rights_it_takes_is_told_with_the_copy_and_before_anything_is_touched() {
    let world = world(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2);
         CREATE TABLE b (a int REFERENCES a); INSERT INTO b VALUES (1);
         CREATE TABLE alone (id int PRIMARY KEY); INSERT INTO alone VALUES (1);
         CREATE TABLE woken (id int PRIMARY KEY); INSERT INTO woken VALUES (1);
         CREATE TABLE taken (id int PRIMARY KEY); INSERT INTO taken VALUES (1);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER g BEFORE INSERT ON woken FOR EACH ROW EXECUTE FUNCTION f();",
    )
    .await;
    let owner = User::new(&world, "owner").await;
    let mut user = User::new(&world, "user").await;
    world
        .sql(&format!(
            "ALTER TABLE b OWNER TO {owner}; ALTER TABLE woken OWNER TO {owner}; ALTER TABLE taken OWNER TO {owner};
             GRANT SELECT, INSERT, UPDATE, DELETE ON a, alone, woken TO {user}; GRANT SELECT, DELETE ON taken TO {user}",
            owner = owner.name,
            user = user.name
        ))
        .await;
    let before = world.dump().await;
    // what needs nothing but rows, needs nobody else
    let copy = user.loses(&world, "DELETE FROM alone").await;
    assert_eq!(copy.remarks(), Vec::<String>::new());
    user.undo(&world, &copy).await.unwrap();
    let owned = |table: &str| format!("own {table} (as {0} and its members do)", owner.name);
    for (sql, needs) in [
        (
            "DELETE FROM a WHERE id = 2",
            format!("have REFERENCES on public.a and {}", owned("public.b")),
        ),
        ("DELETE FROM woken", owned("public.woken")),
        (
            "DELETE FROM taken",
            "have INSERT on public.taken".to_owned(),
        ),
    ] {
        let copy = user.loses(&world, sql).await;
        assert_eq!(
            copy.remarks(),
            [format!("Whoever takes it back must {needs}")]
        );
        let lost = world.dump().await;
        // nothing is waited for: it is told before a lock is taken
        let holder = world.server.session(&world.url).await;
        holder
            .batch("BEGIN; LOCK TABLE a, b, woken, taken IN ACCESS EXCLUSIVE MODE")
            .await
            .unwrap();
        let error = user.undo(&world, &copy).await.unwrap_err();
        holder.batch("ROLLBACK").await.unwrap();
        let Error::Copy(problem) = &error else {
            panic!("{error:?}");
        };
        assert!(
            matches!(**problem, CopyProblem::NotTheirs { .. }),
            "{error:?}"
        );
        let told = error.to_string();
        assert!(told.contains(&needs), "{told}");
        assert!(problem.help().unwrap().contains("nothing was changed"));
        assert_eq!(world.dump().await, lost);
        // the statements that are told are all that it takes
        let grants = told.split('`').nth(1).unwrap();
        world.sql(grants).await;
        user.undo(&world, &copy).await.unwrap();
        let revokes = grants.replace("GRANT", "REVOKE").replace(" TO ", " FROM ");
        world.sql(&revokes).await;
        assert_eq!(world.dump().await, before, "{sql}");
    }
}

#[tokio::test]
async fn a_foreign_key_of_others_that_went_with_a_table_is_theirs_to_put_back() {
    let mut world = world("SELECT 1").await;
    let owner = User::new(&world, "owner").await;
    let mut user = User::new(&world, "user").await;
    user.session
        .batch("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); GRANT REFERENCES ON a TO PUBLIC")
        .await
        .unwrap();
    owner
        .session
        .batch("CREATE TABLE b (a int REFERENCES a); INSERT INTO b VALUES (1)")
        .await
        .unwrap();
    let before = world.dump().await;
    let copy = user.loses(&world, "DROP TABLE a CASCADE").await;
    assert_eq!(copy.remarks().len(), 1, "{:?}", copy.remarks());
    assert!(
        copy.remarks()[0].contains("public.b"),
        "{:?}",
        copy.remarks()
    );
    let error = user.undo(&world, &copy).await.unwrap_err();
    assert!(
        matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::NotTheirs { .. })),
        "{error:?}"
    );
    world.undo(&copy.id, false).await.unwrap();
    assert_eq!(world.dump().await, before);
}

/// Nobody can check what they may not see: it is said of which foreign key.
#[tokio::test]
async fn rows_that_not_even_their_owner_sees_are_not_looked_for() {
    let mut world = world("SELECT 1").await;
    let mut user = User::new(&world, "user").await;
    user.session
        .batch(
            "CREATE TABLE a (id int PRIMARY KEY, v int); INSERT INTO a VALUES (1, 1), (2, 1);
             CREATE TABLE b (a int REFERENCES a); INSERT INTO b VALUES (1);
             ALTER TABLE b ENABLE ROW LEVEL SECURITY; ALTER TABLE b FORCE ROW LEVEL SECURITY;
             CREATE POLICY p ON b USING (a > 1)",
        )
        .await
        .unwrap();
    let before = world.dump().await;
    let copy = user.loses(&world, "UPDATE a SET v = 2").await;
    let lost = world.dump().await;
    let error = user.undo(&world, &copy).await.unwrap_err();
    assert!(
        matches!(&error, Error::Copy(p) if matches!(&**p, CopyProblem::NoPlace { table, .. } if table == "foreign key b_a_fkey of public.b")),
        "{error:?}"
    );
    assert_eq!(world.dump().await, lost);
    world.undo(&copy.id, false).await.unwrap();
    assert_eq!(world.dump().await, before);
}
