//! The function: that it is as the file says, and that it does what it is for, twice over and once only.

use super::{Prober, failed, passed, unknown, unreached};
use crate::aws::{Invocation, invoke};
use crate::model::{Addr, Output};
use crate::pg::{Error, Session};
use crate::render::Hop;
use serde_json::{Value, json};

/// How long Cognito waits for a trigger (aws-facts §5.4), in seconds.
const COGNITO_WAITS: f64 = 5.0;

const CONFIRMED: &str = "confirmation";
const AGAIN: &str = "confirmation again";
const ROW: &str = "exactly one row";
const REMOVED: &str = "row removed";
const COLD: &str = "cold start";
const WARM: &str = "warm run";

/// The users' table (sql/schema.sql).
const USERS: &str = "public.users";

/// What a user of the proof is called: recognised by people should one ever be left behind.
pub(super) struct Stranger {
    pub sub: String,
    pub handle: String,
    pub email: String,
}

impl Stranger {
    /// Makes one up that nobody has met.
    pub(super) fn new() -> Option<Self> {
        let random = crate::sandbox::random_text()?;
        let mark: String = random
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(16)
            .collect::<String>()
            .to_ascii_lowercase();
        Some(Stranger {
            sub: format!("cruddur-infra-verify-{mark}"),
            handle: format!("verify-{mark}"),
            email: format!("verify-{mark}@example.com"),
        })
    }

    /// The event that Cognito sends when a sign-up is confirmed.
    fn event(&self, region: &str, pool: &str) -> Value {
        json!({
            "version": "1",
            "region": region,
            "userPoolId": pool,
            "userName": self.sub,
            "callerContext": { "awsSdkVersion": "cruddur-infra-verify", "clientId": "verify" },
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "request": { "userAttributes": {
                "sub": self.sub,
                "email": self.email,
                "email_verified": "true",
                "cognito:user_status": "CONFIRMED",
                "name": "Verify",
                "preferred_username": self.handle,
            } },
            "response": {},
        })
    }
}

impl Prober<'_> {
    /// Proves the function.
    pub(super) async fn function(
        &self,
        addr: &Addr,
        database: Option<&Session>,
        no_invoke: bool,
    ) -> Vec<Hop> {
        const ALL: [&str; 6] = [CONFIRMED, AGAIN, ROW, REMOVED, COLD, WARM];
        let mut hops = vec![self.as_in_file("function", &Some(addr.clone()))];
        let outputs = self.seen.outputs.get(addr);
        let name = match outputs.and_then(|outputs| outputs.get("name")) {
            Some(Output::Plain(Value::String(name))) => name.clone(),
            _ => {
                hops.extend(unreached(&ALL, &format!("{addr} is not there")));
                return hops;
            }
        };
        if no_invoke {
            hops.extend(unreached(&ALL, "--no-invoke"));
            return hops;
        }
        let Some(stranger) = Stranger::new() else {
            hops.extend(unreached(&ALL, "this machine has no randomness to give"));
            return hops;
        };
        let region = &self.session.stack.facts.region;
        let event = stranger.event(region, &format!("{region}_verify"));
        let clients = &self.session.clients;
        let invoked = async || {
            let result = invoke(clients, &name, &event).await;
            result.map_err(|f| self.session.explained(f, [("function", name.clone())]))
        };
        let (first, cold) = self.timed(invoked()).await;
        let (second, warm) = self.timed(invoked()).await;
        hops.push(told(CONFIRMED, &first, &event, cold));
        hops.push(told(AGAIN, &second, &event, warm));
        hops.extend(rows(database, &stranger.sub).await);
        hops.push(cold_start(&first));
        hops.push(warm_run(&second));
        hops
    }
}

fn told(
    hop: &str,
    result: &Result<Invocation, crate::model::Fault>,
    event: &Value,
    seconds: f64,
) -> Hop {
    match result {
        Ok(done) => match &done.failed {
            None if done.answer == *event => passed(
                hop,
                Some(seconds),
                "the function takes it and gives the event back",
            ),
            None => failed(
                hop,
                Some(seconds),
                "the function gives something else back than the event, and Cognito would refuse that",
                Some("return the event from the handler".to_owned()),
            ),
            Some(why) => failed(
                hop,
                Some(seconds),
                why.clone(),
                Some("`cruddur-infra logs --errors` shows what happened".to_owned()),
            ),
        },
        Err(fault) => failed(hop, Some(seconds), fault.to_string(), fault.advice()),
    }
}

/// Counts the stranger's rows and removes them, whatever came before.
pub(super) async fn rows(database: Option<&Session>, sub: &str) -> Vec<Hop> {
    let Some(session) = database else {
        let why = "the database cannot be looked into from here";
        let remedy = format!(
            "DELETE FROM {USERS} WHERE cognito_user_id = '{sub}' removes what may be there"
        );
        let mut hops = unreached(&[ROW, REMOVED], why);
        hops[1].remedy = Some(remedy);
        return hops;
    };
    let counted = match session.count_users(sub).await {
        Ok(1) => passed(ROW, None, format!("in {USERS}, after two calls")),
        Ok(0) => failed(
            ROW,
            None,
            format!("there is none in {USERS}"),
            Some("the function writes to another database: check its CONNECTION_URL".to_owned()),
        ),
        Ok(n) => failed(
            ROW,
            None,
            format!("there are {n} in {USERS}"),
            Some("users.cognito_user_id must be unique: load sql/schema.sql".to_owned()),
        ),
        Err(error) => cannot(ROW, &error),
    };
    let removed = match session.remove_users(sub).await {
        Ok(n) => passed(
            REMOVED,
            None,
            format!("{n} removed; nothing of the proof is left"),
        ),
        Err(error) => cannot(REMOVED, &error),
    };
    vec![counted, removed]
}

fn cannot(hop: &str, error: &Error) -> Hop {
    match error.sqlstate() {
        // another application's schema
        Some("42P01" | "42703") => unknown(
            hop,
            format!("the database has no {USERS} with a cognito_user_id: {error}"),
            None,
        ),
        _ => failed(hop, None, error.to_string(), None),
    }
}

fn cold_start(first: &Result<Invocation, crate::model::Fault>) -> Hop {
    match first {
        Ok(Invocation {
            start: Some(start),
            ran: Some(ran),
            failed: None,
            ..
        }) => judged(COLD, start + ran),
        Ok(Invocation { failed: None, .. }) => unknown(
            COLD,
            "the function was warm already, so its start was not seen",
            Some("verify again after some quiet minutes"),
        ),
        _ => unknown(COLD, "not reached: the function failed", None),
    }
}

fn warm_run(second: &Result<Invocation, crate::model::Fault>) -> Hop {
    match second {
        Ok(Invocation {
            ran: Some(ran),
            failed: None,
            ..
        }) => judged(WARM, *ran),
        Ok(Invocation { failed: None, .. }) => {
            unknown(WARM, "Lambda does not tell how long it ran", None)
        }
        _ => unknown(WARM, "not reached: the function failed", None),
    }
}

fn judged(hop: &str, seconds: f64) -> Hop {
    let text = format!("{:.0} ms of the 5 s that Cognito waits", seconds * 1000.0);
    if seconds < COGNITO_WAITS {
        passed(hop, Some(seconds), text)
    } else {
        failed(
            hop,
            Some(seconds),
            text,
            Some(
                "more `memory:` is more speed; connect to the database with a timeout below 5 s"
                    .to_owned(),
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Proof;

    fn done(start: Option<f64>, ran: Option<f64>, failed: Option<&str>) -> Invocation {
        Invocation {
            failed: failed.map(str::to_owned),
            answer: json!({"a": 1}),
            start,
            ran,
        }
    }

    #[test]
    fn what_was_not_seen_is_not_passed() {
        let proof = |hop: Hop| hop.proof;
        assert_eq!(
            proof(cold_start(&Ok(done(Some(1.0), Some(0.5), None)))),
            Proof::Passed
        );
        assert_eq!(
            proof(cold_start(&Ok(done(Some(4.0), Some(1.5), None)))),
            Proof::Failed
        );
        assert_eq!(
            proof(cold_start(&Ok(done(None, Some(0.5), None)))),
            Proof::Unknown
        );
        assert_eq!(
            proof(cold_start(&Ok(done(Some(0.1), Some(0.5), Some("x"))))),
            Proof::Unknown
        );
        assert_eq!(proof(warm_run(&Ok(done(None, None, None)))), Proof::Unknown);
        assert_eq!(
            proof(warm_run(&Ok(done(Some(9.0), Some(0.5), None)))),
            Proof::Passed
        );
        let event = json!({"a": 1});
        assert_eq!(
            proof(told(AGAIN, &Ok(done(None, None, None)), &event, 0.1)),
            Proof::Passed
        );
        let other = json!({"a": 2});
        assert_eq!(
            proof(told(AGAIN, &Ok(done(None, None, None)), &other, 0.1)),
            Proof::Failed
        );
        let failed = told(AGAIN, &Ok(done(None, None, Some("no route"))), &event, 0.1);
        assert_eq!(
            (failed.proof, failed.detail.as_str()),
            (Proof::Failed, "no route")
        );
    }

    #[test]
    fn a_stranger_is_nobody_else() {
        let (one, two) = (Stranger::new().unwrap(), Stranger::new().unwrap());
        assert_ne!(one.sub, two.sub);
        assert!(one.email.ends_with("@example.com"));
        let event = one.event("us-west-2", "us-west-2_x");
        assert_eq!(event["request"]["userAttributes"]["sub"], one.sub.as_str());
    }
}
