//! What the catalogs say of a role.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::Type;

use super::{Held, Memberships, Object, Power, Right, Role, Ties};
use crate::pg::error::Error;
use crate::pg::session::Session;
use crate::pg::{ConnectionUrl, Connector};

/// How many of the things that keep a role from being dropped are named.
const NAMED_TIES: i64 = 5;

impl Connector {
    /// Tells whether the URL's user exists and has the URL's password.
    ///
    /// The only way to find out is to log in. A right password is known as such even where the log-in then fails
    /// because the role may not connect to this database (42501), which the server looks at afterwards.
    ///
    /// # Errors
    /// Everything that tells nothing about the password: no `pg_hba.conf` line or no LOGIN (28000), too many
    /// connections (53300), no way to the server.
    pub async fn accepts(&self, url: &ConnectionUrl) -> Result<bool, Error> {
        match self.connect(url).await {
            Ok(session) => {
                session.close().await;
                Ok(true)
            }
            Err(error) => match error.sqlstate() {
                Some("28P01") => Ok(false),
                Some("42501") => Ok(true),
                _ => Err(error),
            },
        }
    }
}

impl Session {
    /// Looks up a role and what it may do in this database. Reads only, in one snapshot.
    ///
    /// # Errors
    /// Of the server.
    pub async fn role(&mut self, name: &str) -> Result<Option<Role>, Error> {
        self.recover().await?;
        self.unfinished = true;
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        let role = self.look_at_role(name).await;
        // after an error as well, so that the session stays usable
        let end = self.batch("ROLLBACK").await;
        self.unfinished = end.is_err();
        role
    }

    async fn look_at_role(&self, name: &str) -> Result<Option<Role>, Error> {
        let rows = self.rows(ROLE, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let oid: u32 = self.get(row, 0)?;
        let mut powers = BTreeSet::new();
        let attributes = [
            Power::Superuser,
            Power::CreateDb,
            Power::CreateRole,
            Power::Replication,
            Power::BypassRls,
        ];
        for (at, power) in attributes.into_iter().enumerate() {
            if self.get(row, 6 + at)? {
                powers.insert(power);
            }
        }
        Ok(Some(Role {
            name: name.to_owned(),
            login: self.get(row, 1)?,
            connection_limit: self.get(row, 2)?,
            valid_until: self.get(row, 3)?,
            comment: self.get(row, 4)?,
            may_connect: self.get(row, 5)?,
            powers,
            member_of: self.memberships(oid).await?,
            objects: self.objects(oid).await?,
            ties: self.ties(oid).await?,
        }))
    }

    async fn memberships(&self, oid: u32) -> Result<Memberships, Error> {
        let mut found = Memberships::new();
        for row in self.rows(MEMBERSHIPS, &[(&oid, Type::OID)]).await? {
            let grantors = found.entry(self.get(&row, 0)?).or_default();
            grantors.insert(self.get(&row, 1)?);
        }
        Ok(found)
    }

    async fn objects(&self, oid: u32) -> Result<BTreeMap<Object, Held>, Error> {
        let mut found: BTreeMap<Object, Held> = BTreeMap::new();
        for row in self.rows(OBJECTS, &[(&oid, Type::OID)]).await? {
            let sort: String = self.get(&row, 0)?;
            let schema: String = self.get(&row, 1)?;
            let name: String = self.get(&row, 2)?;
            let object = match sort.as_str() {
                "database" => Object::Database(name),
                "schema" => Object::Schema(name),
                "sequence" => Object::Sequence { schema, name },
                "column" => Object::Column {
                    schema,
                    table: name,
                    name: self.get(&row, 3)?,
                },
                _ => Object::Table { schema, name },
            };
            let held = found.entry(object).or_default();
            held.owned = self.get(&row, 4)?;
            let privilege: Option<String> = self.get(&row, 5)?;
            // what an owner has on its own is none of the rights that were given
            if let Some(privilege) = privilege.filter(|_| !held.owned) {
                held.rights.insert(Right {
                    privilege,
                    grantable: self.get(&row, 6)?,
                });
            }
        }
        Ok(found)
    }

    async fn ties(&self, oid: u32) -> Result<Ties, Error> {
        let rows = self
            .rows(TIES, &[(&oid, Type::OID), (&NAMED_TIES, Type::INT8)])
            .await?;
        let mut ties = Ties::default();
        for row in &rows {
            ties.first.push(self.get(row, 0)?);
            ties.count = u64::try_from(self.get::<i64>(row, 1)?).unwrap_or(0);
        }
        Ok(ties)
    }
}

const ROLE: &str = "
SELECT r.oid, r.rolcanlogin, r.rolconnlimit,
       CASE WHEN r.rolvaliduntil <> 'infinity' THEN r.rolvaliduntil::text END,
       pg_catalog.shobj_description(r.oid, 'pg_authid'),
       pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT'),
       r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls
FROM pg_catalog.pg_roles r WHERE r.rolname::text = $1";

/// Before Postgres 16 the grantor may be gone.
const MEMBERSHIPS: &str = "
SELECT g.rolname::text, r.rolname::text
FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
LEFT JOIN pg_catalog.pg_roles r ON r.oid = m.grantor
WHERE m.member = $1";

const OBJECTS: &str = "
WITH schemas AS (
    SELECT oid, nspname, nspowner, nspacl, nspname ~ '^pg_' OR nspname = 'information_schema' AS system
    FROM pg_catalog.pg_namespace
)
SELECT 'database', '', d.datname::text, NULL::text, d.datdba = $1, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_database d
LEFT JOIN LATERAL pg_catalog.aclexplode(d.datacl) a ON a.grantee = $1
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'schema', '', n.nspname::text, NULL, n.nspowner = $1, a.privilege_type, a.is_grantable
FROM schemas n
LEFT JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a ON a.grantee = $1
WHERE a.grantee IS NOT NULL OR NOT n.system
UNION ALL
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, n.nspname::text, c.relname::text, NULL,
       c.relowner = $1, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_class c JOIN schemas n ON n.oid = c.relnamespace
LEFT JOIN LATERAL pg_catalog.aclexplode(c.relacl) a ON a.grantee = $1
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (a.grantee IS NOT NULL OR NOT n.system)
UNION ALL
SELECT 'column', n.nspname::text, c.relname::text, t.attname::text, c.relowner = $1, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_attribute t
JOIN pg_catalog.pg_class c ON c.oid = t.attrelid JOIN schemas n ON n.oid = c.relnamespace
JOIN LATERAL pg_catalog.aclexplode(t.attacl) a ON a.grantee = $1
WHERE NOT t.attisdropped";

/// What it owns, what it has elsewhere, and rights on things that are not looked at above. The rights that are count
/// as `a` on a table, a schema or a database.
const TIES: &str = "
SELECT COALESCE(CASE WHEN here THEN pg_catalog.pg_describe_object(classid, objid, objsubid) END,
                'something in database ' || COALESCE(database, 'unknown')),
       total
FROM (
    SELECT d.classid, d.objid, d.objsubid, b.datname::text AS database,
           d.dbid = 0 OR b.datname = pg_catalog.current_database() AS here,
           pg_catalog.count(*) OVER () AS total
    FROM pg_catalog.pg_shdepend d LEFT JOIN pg_catalog.pg_database b ON b.oid = d.dbid
    WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.refobjid = $1
      AND NOT (d.deptype = 'a' AND (
          d.dbid <> 0 AND b.datname = pg_catalog.current_database()
              AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass,
                                'pg_catalog.pg_namespace'::pg_catalog.regclass)
          OR d.dbid = 0 AND d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND d.objid = (
              SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))
    ORDER BY d.deptype <> 'o', NOT (d.dbid = 0 OR b.datname = pg_catalog.current_database()), d.dbid, d.classid, d.objid
    LIMIT $2
) AS tie";
