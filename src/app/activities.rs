//! Activities in the database.

use serde_json::Value;

use super::new_activity::{CreateError, NewActivity, Problem};
use crate::pg::{Error, Params, Pool, Template, Templates};

/// When an activity ends that is made now, by the database's clock: `current_timestamp` is the
/// beginning of the transaction, the very moment that becomes `created_at`. So an activity lives
/// exactly as long as was asked for, and the clock that ends it is the one that `home` asks. The
/// web servers' clocks may differ from it and from each other.
const EXPIRY: &str = "SELECT current_timestamp + make_interval(hours => %(hours)s)";

/// The operations, on a pool.
#[derive(Clone, Debug)]
pub struct Operations {
    pool: Pool,
    expiry: Template,
    create: Template,
    home: Template,
    object: Template,
}

impl Operations {
    /// The operations with the templates that are built in (`sql/activities/`).
    ///
    /// # Errors
    /// [`Error::Template`], if a template cannot be read.
    pub fn new(pool: Pool) -> Result<Self, Error> {
        let template = |name: &str, text: &str| Template::parse(format!("sql/{name}.sql"), text);
        Ok(Self {
            pool,
            expiry: template("activities/expiry", EXPIRY)?,
            create: template(
                "activities/create",
                include_str!("../../sql/activities/create.sql"),
            )?,
            home: template(
                "activities/home",
                include_str!("../../sql/activities/home.sql"),
            )?,
            object: template(
                "activities/object",
                include_str!("../../sql/activities/object.sql"),
            )?,
        })
    }

    /// The operations with the templates `activities/create`, `activities/home` and
    /// `activities/object` of a directory.
    ///
    /// # Errors
    /// [`Error::Template`], if a template cannot be read.
    pub async fn with_templates(pool: Pool, templates: &Templates) -> Result<Self, Error> {
        Ok(Self {
            create: templates.get("activities/create").await?,
            home: templates.get("activities/home").await?,
            object: templates.get("activities/object").await?,
            ..Self::new(pool)?
        })
    }

    /// Stores an activity and returns it as [`Operations::activity`] does. Stored, read back and
    /// committed in one transaction: after an error nothing is stored.
    ///
    /// # Errors
    /// [`CreateError::Refused`] with everything that is wrong, [`CreateError::Database`]. After
    /// [`Error::CommitUnknown`] the home feed tells whether it is stored.
    pub async fn create_activity(&self, new: &NewActivity<'_>) -> Result<Value, CreateError> {
        let ttl = new.check()?;
        let mut transaction = self.pool.begin("the new activity").await?;
        let hours = Params::new().with("hours", ttl.hours());
        let expires_at = transaction.query_value(&self.expiry, &hours).await?;
        let params = Params::new()
            .with("handle", new.user_handle)
            .with("message", new.message)
            .with("expires_at", expires_at);
        let created = match transaction.execute(&self.create, &params).await {
            Ok(created) => created,
            Err(error) => {
                // Gives the connection back; dropping would cost it. The error is what counts.
                let _ = transaction.rollback().await;
                return Err(if nobody_has_the_handle(&error) {
                    new.refused(vec![Problem::UserHandleUnknown]).into()
                } else {
                    error.into()
                });
            }
        };
        let uuid = Params::new().with("uuid", created.value().cloned());
        let activity = transaction.query_object_json(&self.object, &uuid).await?;
        // Asked before the commit, so that an error still means that nothing is stored.
        let activity = activity.ok_or_else(|| {
            let name = self.object.name();
            Error::Protocol(format!("{name} does not find what was stored"))
        })?;
        transaction.commit().await?;
        Ok(activity)
    }

    /// What is shown at home: all activities that have not expired, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn home_activities(&self) -> Result<Value, Error> {
        self.pool.query_array_json(&self.home, &Params::new()).await
    }

    /// One activity, also when it has expired.
    ///
    /// # Errors
    /// [`Error::Parameter`] where `uuid` is none, and what the database says.
    pub async fn activity(&self, uuid: &str) -> Result<Option<Value>, Error> {
        let params = Params::new().with("uuid", uuid);
        self.pool.query_object_json(&self.object, &params).await
    }
}

/// The handle leads to no user, so that there is nothing to store in `user_uuid`.
fn nobody_has_the_handle(error: &Error) -> bool {
    error.failure().is_some_and(|failure| {
        failure.sqlstate == "23502"
            && failure.table.as_deref() == Some("activities")
            && failure.column.as_deref() == Some("user_uuid")
    })
}
