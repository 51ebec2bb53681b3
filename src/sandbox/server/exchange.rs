//! One request and its answer: reads it, lets the fault script have its say, asks the sandbox, writes it down.

use super::calls::{CallLog, Finished};
use super::envelope::{self, Answer};
use super::request::{self, Refusal};
use super::visitor;
use crate::sandbox::Sandbox;
use crate::sandbox::faults::{History, Outcome, Script};
use crate::sandbox::wire::{ApiError, Call, Reply};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use std::sync::Arc;
use std::time::Duration;

/// The largest request body: a zip of 50 MB in base64, and a little.
const LARGEST_BODY: usize = 70 * 1024 * 1024;

/// Everything that answering needs.
pub struct Exchange {
    pub sandbox: Sandbox,
    pub faults: Script,
    pub history: Option<History>,
    pub log: Arc<CallLog>,
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the fault script drops this connection")]
pub struct Dropped;

impl Exchange {
    /// Answers one request.
    ///
    /// # Errors
    /// [`Dropped`] where the fault script says so; hyper then closes the connection.
    pub async fn answer(
        self: Arc<Self>,
        http: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Dropped> {
        let (head, body) = http.into_parts();
        if let Some(why) = visitor::stranger(&head) {
            // neither logged nor left to the fault script: it is no call
            let error = ApiError::new(421, "MisdirectedRequest", why);
            return Ok(envelope::refusal(None, &error, &request::new_id()).into_response());
        }
        if head.uri.path() == "/_sandbox/health" {
            return Ok(self.health(&head.method));
        }
        let id = request::new_id();
        let arrived = self.log.arrive();
        let at = self.sandbox.store.timing().now();
        let announced: Option<usize> = head
            .headers
            .get(hyper::header::CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        let body = match announced {
            Some(n) if n > LARGEST_BODY => Err(()),
            _ => Limited::new(body, LARGEST_BODY)
                .collect()
                .await
                .map(|b| b.to_bytes())
                .map_err(|_| ()),
        };
        let read = match body {
            Ok(body) => request::read(&head, &body, &id, self.sandbox.store.region()),
            Err(()) => Err(Refusal::of(
                &head,
                ApiError::new(
                    413,
                    "RequestEntityTooLargeException",
                    format!("Request must be smaller than {LARGEST_BODY} bytes"),
                ),
            )),
        };
        let (service, operation, answer) = match read {
            Err(refusal) => {
                let answer = envelope::refusal(refusal.service, &refusal.error, &id);
                (refusal.service, refusal.operation, Some(answer))
            }
            Ok(call) => {
                let (service, operation) = (call.service, call.operation.clone());
                // in a task of its own: a client that goes away does not stop what it began, and a panic is a 500
                let this = self.clone();
                let done = tokio::spawn(async move { this.carry_out(call).await }).await;
                let answer = done.unwrap_or_else(|_| {
                    let message = "the sandbox stumbled over this call";
                    let error = ApiError::new(500, "InternalFailure", message);
                    Some(envelope::refusal(Some(service), &error, &id))
                });
                (Some(service), operation, answer)
            }
        };
        self.log.finish(Finished {
            at,
            arrived,
            service: service.map_or("unknown", envelope::name).to_owned(),
            operation,
            status: answer.as_ref().map(|a| a.status),
            code: answer.as_ref().and_then(|a| a.code.clone()),
            request_id: id,
        });
        answer.map(Answer::into_response).ok_or(Dropped)
    }

    async fn carry_out(&self, call: Call) -> Option<Answer> {
        let decision = self.faults.decide(&call);
        if decision.jump_seconds != 0.0 {
            self.sandbox.store.timing().jump(decision.jump_seconds);
        }
        if decision.delay_ms > 0 {
            #[allow(clippy::disallowed_methods)] // the script asked for a slow answer
            tokio::time::sleep(Duration::from_millis(decision.delay_ms)).await;
        }
        let result = match decision.outcome {
            Outcome::Refuse(error) => Err(error),
            Outcome::DropBefore => return None,
            Outcome::DropAfter => {
                let _ = self.ask(&call).await;
                return None;
            }
            Outcome::Stale { seconds } => match &self.history {
                Some(history) => history.answer(&self.sandbox, &call, seconds).await,
                None => self.ask(&call).await,
            },
            Outcome::Answer => self.ask(&call).await,
        };
        Some(match result {
            Ok(reply) => envelope::success(&call, reply),
            Err(error) => envelope::refusal(Some(call.service), &error, &call.request_id),
        })
    }

    async fn ask(&self, call: &Call) -> Result<Reply, ApiError> {
        if let Some(history) = &self.history {
            history.note(&self.sandbox.store);
        }
        let result = self.sandbox.answer(call).await;
        if let Some(history) = &self.history {
            history.note(&self.sandbox.store);
        }
        result
    }

    fn health(&self, method: &Method) -> Response<Full<Bytes>> {
        let status = if method == Method::GET { 200 } else { 405 };
        let body = serde_json::json!({
            "ok": true,
            "pid": std::process::id(),
            "dir": self.sandbox.store.dir(),
            "region": self.sandbox.store.region(),
        });
        Answer {
            status,
            code: None,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
        .into_response()
    }
}
