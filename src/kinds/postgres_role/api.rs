//! The statements, sent.

use super::PostgresRole;
use super::diff::{self, Act};
use super::fault::{During, fault};
use super::live::{Desired, Key, Live, Password};
use crate::model::{Class, Diff, Fault, Force};
use crate::pg::roles::sql;
use crate::pg::{Error, Session};

impl PostgresRole {
    async fn connect(&self, key: &Key) -> Result<Session, Fault> {
        self.connector
            .connect(&key.url)
            .await
            .map_err(|e| fault(key, During::Connect, &e))
    }

    /// Looks the role up, and tries its password where that tells something.
    pub(super) async fn look(&self, key: &Key) -> Result<Option<Live>, Fault> {
        let mut session = self.connect(key).await?;
        let role = session.role(&key.name).await;
        session.close().await;
        let Some(role) = role.map_err(|e| fault(key, During::Look, &e))? else {
            return Ok(None);
        };
        let password = match &key.password {
            Some(password) if role.login => {
                let accepted = self.connector.accepts(&key.login(password)).await;
                match accepted.map_err(|e| fault(key, During::LogIn, &e))? {
                    true => Password::Right,
                    false => Password::Wrong,
                }
            }
            _ => Password::Untold,
        };
        Ok(Some(Live {
            key: key.clone(),
            role,
            password,
        }))
    }

    async fn change(&self, key: &Key, statements: &[String]) -> Result<Result<(), Error>, Fault> {
        let mut session = self.connect(key).await?;
        let result = session.change_roles(statements).await;
        session.close().await;
        Ok(result)
    }

    pub(super) async fn make(&self, want: &Desired) -> Result<(), Fault> {
        let verifier = sql::verifier(want.password.expose());
        self.change(&want.key, &diff::creation(want, &verifier))
            .await?
            .map_err(|e| fault(&want.key, During::Create, &e))
    }

    pub(super) async fn mend(
        &self,
        want: &Desired,
        have: &Live,
        differs: &Diff,
    ) -> Result<(), Fault> {
        if let Some(refused) = differs.0.iter().find(|f| f.force > Force::Update) {
            let why = refused.why.clone().unwrap_or_default();
            return Err(Fault::new("postgres:alter role", Class::Conflict, why));
        }
        let wanted = differs.paths();
        let statements: Vec<String> = diff::deltas(want, have)
            .into_iter()
            .filter(|delta| wanted.contains(&delta.path.as_str()))
            .flat_map(|delta| delta.acts)
            .map(|act| match act {
                Act::Sql(statement) => statement,
                Act::Password => {
                    sql::password(&have.role.name, &sql::verifier(want.password.expose()))
                }
            })
            .collect();
        self.change(&want.key, &statements)
            .await?
            .map_err(|e| fault(&want.key, During::Alter, &e))
    }

    pub(super) async fn remove(&self, have: &Live) -> Result<(), Fault> {
        match self.change(&have.key, &diff::removal(have)).await? {
            // somebody was quicker
            Err(e) if e.sqlstate() == Some("42704") => Ok(()),
            result => result.map_err(|e| fault(&have.key, During::Drop, &e)),
        }
    }
}
