//! The whole way, as a person goes it: a sign-up and its confirmation through Cognito. On the sandbox alone, because it
//! makes a user and sends mail.

use super::function::{Stranger, rows};
use super::{Prober, failed, passed, unknown};
use crate::aws::{Person, forget, sign_up};
use crate::model::{Addr, Output, Secret};
use crate::pg::Session;
use crate::render::{Hop, Proof};
use serde_json::Value;

const SIGN_UP: &str = "sign-up";

impl Prober<'_> {
    /// Signs a stranger up, looks for their row, and removes both.
    pub(super) async fn sign_up(&self, trigger: &Addr, database: Option<&Session>) -> Hop {
        let outputs = self.seen.outputs.get(trigger);
        let pool = match outputs.and_then(|outputs| outputs.get("user_pool_id")) {
            Some(Output::Plain(Value::String(pool))) => pool.clone(),
            _ => {
                return unknown(
                    SIGN_UP,
                    format!("not reached: {trigger} is not there"),
                    None,
                );
            }
        };
        let (Some(stranger), Some(password)) = (Stranger::new(), crate::sandbox::random_text())
        else {
            return unknown(SIGN_UP, "this machine has no randomness to give", None);
        };
        let person = Person {
            email: stranger.email.clone(),
            name: "Verify".to_owned(),
            handle: stranger.handle.clone(),
            // whatever the pool's policy asks for
            password: Secret::new(format!("{password}aA1!")),
        };
        let clients = &self.session.clients;
        let signed = async {
            let result = sign_up(clients, &pool, &person).await;
            result.map_err(|f| self.session.explained(f, [("user_pool", pool.clone())]))
        };
        let (result, seconds) = self.timed(signed).await;
        let hop = match &result {
            Ok(sub) => {
                let found = rows(database, sub).await;
                match found.iter().find(|hop| hop.proof != Proof::Passed) {
                    None => passed(
                        SIGN_UP,
                        Some(seconds),
                        "through Cognito: confirmed, one row, and both removed again",
                    ),
                    Some(wrong) => Hop {
                        hop: SIGN_UP.to_owned(),
                        ..wrong.clone()
                    },
                }
            }
            Err(fault) => failed(SIGN_UP, Some(seconds), fault.to_string(), fault.advice()),
        };
        match forget(clients, &pool, &person).await {
            Ok(()) => hop,
            Err(fault) => failed(
                SIGN_UP,
                Some(seconds),
                format!("the user {} is left in the pool: {fault}", person.email),
                None,
            ),
        }
    }
}
