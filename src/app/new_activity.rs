//! What makes an activity, and what can be wrong with it.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

use crate::pg;

/// The most characters that a message may have, as people count them.
pub const MESSAGE_MAX: usize = 280;

/// How long an activity is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ttl {
    /// `1-hour`
    OneHour,
    /// `3-hours`
    ThreeHours,
    /// `12-hours`
    TwelveHours,
    /// `1-day`
    OneDay,
    /// `3-days`
    ThreeDays,
    /// `7-days`
    SevenDays,
    /// `30-days`
    ThirtyDays,
}

impl Ttl {
    /// All of them, the longest first, as the application lists them.
    pub const ALL: [Self; 7] = [
        Self::ThirtyDays,
        Self::SevenDays,
        Self::ThreeDays,
        Self::OneDay,
        Self::TwelveHours,
        Self::ThreeHours,
        Self::OneHour,
    ];

    /// How the application writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThirtyDays => "30-days",
            Self::SevenDays => "7-days",
            Self::ThreeDays => "3-days",
            Self::OneDay => "1-day",
            Self::TwelveHours => "12-hours",
            Self::ThreeHours => "3-hours",
            Self::OneHour => "1-hour",
        }
    }

    /// Its length in hours; a day has 24, whatever the clocks do.
    #[must_use]
    pub fn hours(self) -> i64 {
        match self {
            Self::ThirtyDays => 30 * 24,
            Self::SevenDays => 7 * 24,
            Self::ThreeDays => 3 * 24,
            Self::OneDay => 24,
            Self::TwelveHours => 12,
            Self::ThreeHours => 3,
            Self::OneHour => 1,
        }
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Ttl {
    type Err = Problem;

    /// # Errors
    /// [`Problem::TtlBlank`], which is the application's name also for one that it does not know.
    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::ALL
            .into_iter()
            .find(|ttl| ttl.as_str() == text)
            .ok_or(Problem::TtlBlank)
    }
}

/// What is wrong with a new activity, by the application's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No time to live, or none of the seven.
    #[error("ttl_blank")]
    TtlBlank,
    /// No handle.
    #[error("user_handle_blank")]
    UserHandleBlank,
    /// Nobody has the handle. The application has no name for this.
    #[error("user_handle_unknown")]
    UserHandleUnknown,
    /// No message, or nothing but white space.
    #[error("message_blank")]
    MessageBlank,
    /// More than [`MESSAGE_MAX`] characters.
    #[error("message_exceed_max_chars")]
    MessageExceedMaxChars,
}

/// An activity as it is asked for; nothing is checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewActivity<'a> {
    /// Who writes it.
    pub user_handle: &'a str,
    /// What is written; stored as it is.
    pub message: &'a str,
    /// One of the [`Ttl`]s, as the application writes it.
    pub ttl: &'a str,
}

impl NewActivity<'_> {
    /// Checks all that can be seen without the database.
    ///
    /// # Errors
    /// [`Refused`] with everything that is wrong.
    pub fn check(&self) -> Result<Ttl, Refused> {
        let ttl = self.ttl.parse::<Ttl>();
        let mut problems: Vec<Problem> = ttl.err().into_iter().collect();
        if self.user_handle.trim().is_empty() {
            problems.push(Problem::UserHandleBlank);
        }
        if self.message.trim().is_empty() {
            problems.push(Problem::MessageBlank);
        } else if self.message.graphemes(true).count() > MESSAGE_MAX {
            problems.push(Problem::MessageExceedMaxChars);
        }
        match ttl {
            Ok(ttl) if problems.is_empty() => Ok(ttl),
            _ => Err(self.refused(problems)),
        }
    }

    pub(super) fn refused(&self, problems: Vec<Problem>) -> Refused {
        Refused {
            problems,
            user_handle: self.user_handle.to_owned(),
            message: self.message.to_owned(),
        }
    }
}

/// A new activity that is not stored, with all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In the order of time to live, handle, message; never empty.
    pub problems: Vec<Problem>,
    /// As it was given.
    pub user_handle: String,
    /// As it was given.
    pub message: String,
}

impl Refused {
    /// The application's answer: `{"errors": ["ttl_blank"], "data": {"handle": …, "message": …}}`.
    #[must_use]
    pub fn model(&self) -> Value {
        let errors: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        json!({
            "errors": errors,
            "data": { "handle": self.user_handle, "message": self.message },
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// Why there is no new activity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database did not do it. Only [`pg::Error::CommitUnknown`] leaves open whether it is
    /// stored.
    #[error(transparent)]
    Database(#[from] pg::Error),
}
