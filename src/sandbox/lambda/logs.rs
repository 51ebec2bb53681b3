//! Where a function's log goes: into CloudWatch Logs, as far as its role allows. The group is made with the first
//! line, without expiry, and outlives the function (aws-facts §4.9).

use super::model::Release;
use crate::sandbox::logs;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::ACCOUNT;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Milliseconds since 1970.
    pub time: Moment,
    /// The text.
    pub message: String,
}

/// The place of one environment's log.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// `/aws/lambda/<name>`, unless the function says otherwise.
    pub group: String,
    /// `YYYY/MM/DD/[$LATEST]<hex>`.
    pub stream: String,
}

impl Place {
    /// Returns the place for an environment that is started now. Every run here has an environment of its own.
    pub(super) fn of(release: &Release, now: Moment, request_id: &str) -> Self {
        let day = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
        Place {
            group: release.settings.logging["LogGroup"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            stream: format!(
                "{}/[$LATEST]{}",
                day.strftime("%Y/%m/%d"),
                request_id.replace('-', "")
            ),
        }
    }
}

/// Adds lines to a function's log. What the role may not write is lost, as on AWS.
///
/// # Errors
/// `InternalFailure` where they cannot be kept.
pub(super) fn append(
    store: &Store,
    release: &Release,
    place: &Place,
    lines: &[Line],
) -> Result<(), ApiError> {
    let role = &release.settings.role;
    let now = store.timing().now();
    let group = format!(
        "arn:aws:logs:{}:{ACCOUNT}:log-group:{}",
        store.region(),
        place.group
    );
    let allowed = store.read(|w| {
        let may = |action: &str, resource: &str| w.iam.role_may(role, action, resource, now);
        let there = w.logs.groups.contains_key(&place.group);
        (there || may("logs:CreateLogGroup", &format!("{group}:*")))
            && may("logs:CreateLogStream", &format!("{group}:*"))
            && may(
                "logs:PutLogEvents",
                &format!("{group}:log-stream:{}", place.stream),
            )
    })?;
    if !allowed {
        return Ok(());
    }
    // every line has its end, as Lambda writes them
    let lines: Vec<(Moment, String)> = lines
        .iter()
        .map(|line| (line.time, format!("{}\n", line.message)))
        .collect();
    logs::write(store, &place.group, &place.stream, &lines)
}
