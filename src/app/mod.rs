//! The application's own operations, as its Python services have them (`create_activity.py`,
//! `home_activities.py`), with their faults mended.
//!
//! | there | here |
//! |---|---|
//! | of several errors the last one stays | all are told, in the order of the fields |
//! | 280 code points | 280 characters as people count them |
//! | an SQL error is printed and lost, the answer is `null` | every error is returned (aws-facts §8, 41) |
//! | an unknown handle is a `NotNullViolation` | `user_handle_unknown` |
//! | stored and read back in two transactions | in one: what is answered is what was stored |
//! | expiry by the web server's clock | by the database's, which also says what has expired |
//! | white space alone is a message | `message_blank` |
//!
//! ```no_run
//! use cruddur_infra::app::{CreateError, NewActivity, Operations};
//! use cruddur_infra::pg::Pool;
//!
//! # async fn example(pool: Pool) -> Result<(), cruddur_infra::pg::Error> {
//! let operations = Operations::new(pool)?;
//! let new = NewActivity { user_handle: "andrewbrown", message: "Hello", ttl: "7-days" };
//! match operations.create_activity(&new).await {
//!     Ok(activity) => assert_eq!(activity["message"], "Hello"),
//!     Err(CreateError::Refused(refused)) => println!("{}", refused.model()),
//!     Err(CreateError::Database(error)) => return Err(error),
//! }
//! let newest_first = operations.home_activities().await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod activities;
mod new_activity;

#[cfg(test)]
mod tests;

pub use activities::Operations;
pub use new_activity::{CreateError, MESSAGE_MAX, NewActivity, Problem, Refused, Ttl};
