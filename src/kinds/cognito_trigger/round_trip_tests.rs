use super::pool;
use super::round_trip::{Setting, Wire, set};
use crate::model::{Class, Fault, Residue};
use serde_json::{Value, json};
use std::sync::Mutex;

const POST: &str = "PostConfirmation";
const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:ours";

/// What the fake does at one update: changes the pool, and answers.
type Step = Box<dyn Fn(&mut Value) -> Option<Fault> + Send + Sync>;

/// A pool that takes what is sent, and then misbehaves as it is told.
struct Fake {
    pool: Mutex<Value>,
    stale: Mutex<Vec<Value>>,
    steps: Mutex<Vec<Step>>,
    sent: Mutex<Vec<Value>>,
    blind: Mutex<Option<usize>>,
    asked: Mutex<Vec<&'static str>>,
}

impl Fake {
    fn new(steps: Vec<Step>) -> Self {
        Fake {
            pool: Mutex::new(json!({
                "Id": "us-west-2_x", "Name": "n", "UserPoolTier": "PLUS", "Unheard": 1,
                "LambdaConfig": {"CustomMessage": "arn:other"}, "LastModifiedDate": 1.0,
            })),
            stale: Mutex::default(),
            steps: Mutex::new(steps),
            sent: Mutex::default(),
            blind: Mutex::new(None),
            asked: Mutex::default(),
        }
    }

    fn now(&self) -> Value {
        self.pool.lock().unwrap().clone()
    }

    fn updates(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl Wire for Fake {
    async fn describe(&self, _: &str) -> Result<Value, Fault> {
        self.asked.lock().unwrap().push("describe");
        if let Some(left) = self.blind.lock().unwrap().as_mut() {
            if *left == 0 {
                return Err(Fault::new("describe", Class::Transient, "no answer"));
            }
            *left -= 1;
        }
        Ok(self
            .stale
            .lock()
            .unwrap()
            .pop()
            .unwrap_or_else(|| self.now()))
    }

    async fn factors(&self, _: &str) -> Result<Value, Fault> {
        self.asked.lock().unwrap().push("factors");
        let pool = self.now();
        Ok(json!({"SoftwareTokenMfaConfiguration": {"Enabled": pool["NoToken"].is_null()}}))
    }

    async fn update(&self, request: &Value) -> Result<(), Fault> {
        self.sent.lock().unwrap().push(request.clone());
        self.asked.lock().unwrap().push("update");
        let step = {
            let mut steps = self.steps.lock().unwrap();
            if steps.is_empty() {
                None
            } else {
                Some(steps.remove(0))
            }
        };
        let mut pool = self.pool.lock().unwrap();
        let mut next = pool.clone();
        for (name, value) in request.as_object().unwrap() {
            if name != "UserPoolId" {
                next[name] = value.clone();
            }
        }
        next["LastModifiedDate"] = json!(2.0);
        let answer = step.and_then(|step| step(&mut next));
        if !matches!(&answer, Some(fault) if fault.residue == Residue::Nothing) {
            *pool = next;
        }
        answer.map_or(Ok(()), Err)
    }
}

fn setting<'a>(arn: Option<&'a str>, seen: Option<&'a Value>) -> Setting<'a> {
    Setting {
        id: "us-west-2_x",
        trigger: POST,
        arn,
        seen,
    }
}

#[tokio::test]
async fn nothing_is_asked_between_the_look_at_what_is_sent_back_and_the_sending() {
    let fake = Fake::new(vec![]);
    set(&fake, setting(Some(ARN), None)).await.unwrap();
    let asked = fake.asked.lock().unwrap().clone();
    let at = asked.iter().position(|op| *op == "update").unwrap();
    assert_eq!(asked[at - 1], "describe", "{asked:?}");
}

#[tokio::test]
async fn only_the_trigger_changes() {
    let fake = Fake::new(vec![]);
    let before = fake.now();
    set(&fake, setting(Some(ARN), None)).await.unwrap();
    assert_eq!(pool::trigger_of(&fake.now(), POST), Some(ARN));
    assert!(pool::moved(&before, &fake.now(), Some(POST)).is_empty());
    let seen = fake.now();
    set(&fake, setting(None, Some(&seen))).await.unwrap();
    assert_eq!(pool::trigger_of(&fake.now(), POST), None);
    assert!(pool::moved(&before, &fake.now(), None).is_empty());
    assert_eq!(fake.updates(), 2);
}

#[tokio::test]
async fn nothing_is_sent_where_nothing_is_to_do_or_somebody_is_at_work() {
    let fake = Fake::new(vec![]);
    set(&fake, setting(Some(ARN), None)).await.unwrap();
    let conflict = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(conflict.class, Class::Conflict);
    let seen = fake.now();
    set(&fake, setting(Some(ARN), Some(&seen))).await.unwrap();
    let mut other = seen.clone();
    other["UserPoolTier"] = json!("LITE");
    let busy = set(&fake, setting(None, Some(&other))).await.unwrap_err();
    assert_eq!((busy.class, busy.residue), (Class::Busy, Residue::Nothing));
    assert!(busy.message.contains("UserPoolTier"));
    assert_eq!(fake.updates(), 1);
}

#[tokio::test]
async fn what_else_moved_is_put_back() {
    let fake = Fake::new(vec![Box::new(|pool| {
        pool["UserPoolTier"] = json!("ESSENTIALS");
        pool["Name"] = json!("lost");
        None
    })]);
    let before = fake.now();
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.residue),
        (Class::Surprise, Residue::Remains)
    );
    // the fake takes PoolName without renaming, so that the name is what still differs
    assert!(
        fault.message.contains("Name, UserPoolTier"),
        "{}",
        fault.message
    );
    assert!(
        fault
            .help
            .as_deref()
            .unwrap()
            .ends_with("differ: Name, PoolName"),
        "{fault:?}"
    );
    assert!(!format!("{fault:?}").contains("ESSENTIALS"));
    assert_eq!(fake.now()["UserPoolTier"], before["UserPoolTier"]);
    assert_eq!(pool::trigger_of(&fake.now(), POST), None);
}

#[tokio::test]
async fn a_restoration_that_holds_leaves_nothing_behind() {
    let fake = Fake::new(vec![Box::new(|pool| {
        pool["Unheard"] = json!(0);
        None
    })]);
    let before = fake.now();
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.residue),
        (Class::Surprise, Residue::Nothing)
    );
    assert!(pool::moved(&before, &fake.now(), None).is_empty());
}

#[tokio::test]
async fn a_restoration_that_fails_says_so() {
    let fake = Fake::new(vec![
        Box::new(|pool| {
            pool["Unheard"] = json!(0);
            None
        }),
        Box::new(|_| Some(Fault::new("x", Class::Denied, "no"))),
    ]);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.residue),
        (Class::Surprise, Residue::Remains)
    );
    assert!(fault.help.unwrap().contains("could not be put back"));
}

#[tokio::test]
async fn a_factor_that_went_is_noticed() {
    let fake = Fake::new(vec![Box::new(|pool| {
        pool["NoToken"] = json!(true);
        None
    })]);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert!(
        fault
            .message
            .contains("MFA SoftwareTokenMfaConfiguration.Enabled"),
        "{}",
        fault.message
    );
}

#[tokio::test]
async fn a_stale_look_is_no_surprise() {
    let fake = Fake::new(vec![]);
    let old = fake.now();
    *fake.stale.lock().unwrap() = vec![old.clone(); 20];
    set(&fake, setting(Some(ARN), None)).await.unwrap();
    assert_eq!(fake.updates(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_judged_by_what_is_there() {
    let lost = || Fault::new("x", Class::Transient, "lost").residue(Residue::Unknown);
    // done all the same
    let fake = Fake::new(vec![Box::new(move |_| Some(lost()))]);
    set(&fake, setting(Some(ARN), None)).await.unwrap();
    // not done
    let fake = Fake::new(vec![Box::new(move |pool| {
        pool["LambdaConfig"] = json!({"CustomMessage": "arn:other"});
        Some(lost())
    })]);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(fault.class, Class::Transient);
    // done, and more than that
    let fake = Fake::new(vec![Box::new(move |pool| {
        pool["Unheard"] = json!(0);
        Some(lost())
    })]);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(fault.class, Class::Surprise);
}

#[tokio::test]
async fn what_cannot_be_proven_is_not_taken_for_done() {
    let fake = Fake::new(vec![]);
    *fake.blind.lock().unwrap() = Some(1);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.residue),
        (Class::Surprise, Residue::Unknown)
    );
}

#[tokio::test]
async fn a_refusal_names_what_this_version_does_not_know() {
    let fake = Fake::new(vec![Box::new(|_| {
        Some(Fault::new("x", Class::Invalid, "no"))
    })]);
    let fault = set(&fake, setting(Some(ARN), None)).await.unwrap_err();
    assert!(fault.help.unwrap().contains("Unheard"));
    assert_eq!(pool::trigger_of(&fake.now(), POST), None);
}
