//! Fake kinds on a fake world, for the engine alone.

use crate::virtual_time::VirtualClock;
use cruddur_infra::engine::{Clock, Stack};
use cruddur_infra::model::*;
use cruddur_infra::resource::*;
use cruddur_infra::yaml;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

mod world;

pub use world::*;

/// `LATE` ones outlive the others in a destroy.
pub struct FakeOf<const LATE: bool> {
    pub world: Shared,
    pub clock: VirtualClock,
}

pub type Fake = FakeOf<false>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Read by [`stack`].
    #[serde(default, rename = "outlives")]
    _outlives: bool,
    id: String,
    v: u32,
    #[serde(default)]
    w: u32,
    #[serde(default)]
    r: u32,
    #[serde(default)]
    ins: Vec<Input<String>>,
    #[serde(default)]
    pool: u32,
    #[serde(default)]
    late: bool,
    secret: Option<SecretInput>,
}

pub struct Want {
    id: String,
    v: u32,
    w: u32,
    r: u32,
    ins: Vec<String>,
    pool: u32,
    inside: Option<String>,
    secret: String,
    run: String,
}

pub struct Key {
    id: String,
    pool: u32,
}

pub struct Live {
    id: String,
    pool: u32,
    t: Thing,
}

impl<const LATE: bool> FakeOf<LATE> {
    async fn call<T>(
        &self,
        op: &str,
        lock: Option<(&str, u32)>,
        f: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (pause, before, after, class, scripted, lost);
        {
            let mut w = self.world.lock().unwrap();
            w.busy += 1;
            w.peak = w.peak.max(w.busy);
            if let Some((_, pool)) = lock
                && pool > 1
            {
                let n = w.writers.entry(format!("pool{pool}")).or_default();
                *n += 1;
                if *n > 1 {
                    w.broken_laws.push(format!("two writers of pool{pool}"));
                }
            }
            let one_in = w.fault;
            let mut r = || roll(&mut w.rng);
            pause = (r() % 90 + 1) as f64 / 1000.0;
            before = one_in > 0 && r() % one_in == 0;
            after = one_in > 0 && op != "read" && r() % one_in == 0;
            scripted = w.script.get_mut(op).and_then(VecDeque::pop_front).flatten();
            lost = w.lost.remove(op);
            let mut r = || roll(&mut w.rng);
            class = [
                Class::Transient,
                Class::Throttled,
                Class::Denied,
                Class::Invalid,
                Class::Busy,
                Class::Propagating,
            ][(r() % 6) as usize];
        }
        self.clock.sleep(pause).await;
        let result = if let Some(class) = scripted {
            Err(Fault::new(op, class, "as scripted"))
        } else if before {
            Err(Fault::new(op, class, "refused"))
        } else {
            f(&mut self.world.lock().unwrap())
        };
        let mut w = self.world.lock().unwrap();
        w.busy -= 1;
        if let Some((_, pool)) = lock
            && pool > 1
        {
            *w.writers.get_mut(&format!("pool{pool}")).unwrap() -= 1;
        }
        if !before {
            w.log.push(op.to_owned());
        }
        match result {
            Ok(_) if after || lost => {
                Err(Fault::new(op, Class::Transient, "the reply was lost")
                    .residue(Residue::Unknown))
            }
            other => other,
        }
    }
}

pub const SECRET: &str = "hunter2-never-shown";

impl<const LATE: bool> Resource for FakeOf<LATE> {
    const KIND: &'static str = "thing";
    const SECTION: &'static str = "things";
    const ABOUT: &'static str = "A fake.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("token", "id and serial: a replacement changes it"),
        OutputDecl::plain("name", "the id: known before it is there"),
    ];
    const WAIT: Wait = Wait {
        every: 15.0,
        up_to: 2400.0,
        typical: 10.0,
    };
    const STOPPABLE: bool = true;
    const OUTLIVES: bool = LATE;
    type Spec = Spec;
    type Key = Key;
    type Desired = Want;
    type Live = Live;

    fn key(s: &Spec, f: &Facts) -> Result<Key, Unresolved> {
        if s.late {
            f.get(&s.ins[0])?;
        }
        Ok(Key {
            id: s.id.clone(),
            pool: s.pool,
        })
    }
    fn desired(s: &Spec, f: &Facts) -> Result<Want, Unresolved> {
        let mut ins = Vec::new();
        for i in &s.ins {
            ins.push(f.get(i)?);
        }
        let inside = s.late.then(|| ins[0].split_once('#').unwrap().0.to_owned());
        Ok(Want {
            id: s.id.clone(),
            v: s.v,
            w: s.w,
            r: s.r,
            ins,
            pool: s.pool,
            inside,
            secret: match &s.secret {
                Some(x) => f.secret(x)?.expose().to_owned(),
                None => String::new(),
            },
            run: f.stack.run.clone(),
        })
    }
    fn diff(w: &Want, h: &Live) -> Diff {
        let mut d = Diff::default();
        d.field("v", &h.t.v, &w.v, Force::Update);
        d.field("w", &h.t.w, &w.w, Force::Update);
        d.field("r", &h.t.r, &w.r, Force::Replace);
        d.field("ins", &h.t.ins, &w.ins, Force::Update);
        if w.secret != h.t.secret {
            d.note("secret", Shown::Secret, Shown::Secret, Force::Update);
        }
        if h.t.owner.is_empty() {
            d.note("tags", Shown::NOTHING, "mine", Force::Update);
        }
        d
    }
    fn fields(w: &Want) -> Vec<(String, Shown)> {
        let secret = if w.secret.is_empty() {
            Shown::NOTHING
        } else {
            Shown::Secret
        };
        only_set([
            ("id", w.id.as_str().into()),
            ("v", w.v.into()),
            ("w", w.w.into()),
            ("r", w.r.into()),
            ("ins", json!(w.ins).into()),
            ("secret", secret),
        ])
    }
    fn warnings(_: &Want, h: Option<&Live>) -> Vec<Diagnostic> {
        match h {
            Some(_) => Vec::new(),
            None => vec![Diagnostic::warning("it is new")],
        }
    }
    fn readiness(h: &Live) -> Readiness {
        match (h.t.leaving, h.t.left, h.t.parked) {
            (Some(_), _, _) => Readiness::Leaving("deleting".into()),
            (_, 0, true) => Readiness::Parked("stopped".into()),
            (_, _, true) => Readiness::Parking("stopping".into()),
            (_, 0, _) => Readiness::Ready,
            _ => Readiness::Pending("creating".into()),
        }
    }
    fn outputs(s: &Spec, f: &Facts, h: &Live) -> Outputs {
        let token = format!("{}#{}", h.id, h.t.serial);
        let mut outputs = Self::foretold(s, f);
        outputs.insert("token".to_owned(), Output::from(token));
        outputs
    }
    fn foretold(s: &Spec, _: &Facts) -> Outputs {
        [("name".to_owned(), Output::from(s.id.clone()))].into()
    }
    fn owner(h: &Live, stack: &str) -> Owner {
        match h.t.owner.as_str() {
            "" => Owner::Nobody,
            o if o == stack => Owner::Ours,
            o => Owner::Other(o.to_owned()),
        }
    }
    fn made_by(h: &Live) -> Option<&str> {
        Some(&h.t.made_by)
    }
    fn must_run(d: &Diff) -> bool {
        d.paths() != ["w"]
    }
    fn to_stop(h: &Live) -> bool {
        h.t.to_stop
    }
    fn guard(h: &Live, _: &Facts) -> Option<String> {
        h.t.protected.then(|| format!("{} is protected", h.id))
    }
    fn calls(action: Action, _: &Diff) -> Vec<ApiCall> {
        match action {
            Action::NoOp | Action::Wait => vec![],
            a => vec![ApiCall::new("fake", &format!("{a:?}"))],
        }
    }
    fn lock(k: &Key) -> Option<String> {
        (k.pool > 1).then(|| format!("pool{}", k.pool))
    }

    async fn read(&self, k: &Key) -> Result<Option<Live>, Fault> {
        self.call("read", None, |w| {
            let Some(t) = w.things.get_mut(&k.id) else {
                return Ok(None);
            };
            if t.hidden > 0 {
                t.hidden -= 1;
                return Ok(None);
            }
            let mut shown = t.clone();
            t.left = t.left.saturating_sub(1);
            if t.stale > 0 {
                t.stale -= 1;
                if let Some((v, w, ins)) = &t.old {
                    (shown.v, shown.w, shown.ins) = (*v, *w, ins.clone());
                }
            }
            match &mut t.leaving {
                Some(0) => {
                    w.things.remove(&k.id);
                    return Ok(None);
                }
                Some(n) => *n -= 1,
                None => {}
            }
            Ok(Some(Live {
                id: k.id.clone(),
                pool: k.pool,
                t: shown,
            }))
        })
        .await
    }

    async fn create(&self, x: &Want) -> Result<(), Fault> {
        self.call("create", Some((&x.id, x.pool)), |w| {
            if w.things.contains_key(&x.id) {
                return Err(Fault::new("create", Class::Conflict, "exists"));
            }
            upstream_is_current(w, &x.id, &x.ins);
            w.serial += 1;
            let (serial, hidden) = (w.serial, w.hidden_looks);
            w.things.insert(
                x.id.clone(),
                Thing {
                    v: x.v,
                    w: 0, // the rest takes a call of its own
                    r: x.r,
                    secret: x.secret.clone(),
                    ins: x.ins.clone(),
                    serial,
                    left: serial % 4,
                    leaving: None,
                    inside: x.inside.clone(),
                    owner: "test".into(),
                    parked: false,
                    to_stop: false,
                    protected: false,
                    stale: 0,
                    old: None,
                    hidden,
                    made_by: x.run.clone(),
                },
            );
            Ok(())
        })
        .await
    }

    async fn update(&self, x: &Want, _: &Live, d: &Diff) -> Result<(), Fault> {
        self.call("update", Some((&x.id, x.pool)), |w| {
            upstream_is_current(w, &x.id, &x.ins);
            let stale = w.stale_looks;
            let Some(t) = w.things.get_mut(&x.id) else {
                return Err(Fault::new("update", Class::NotFound, "gone"));
            };
            if t.left > 0 || t.leaving.is_some() {
                return Err(Fault::new("update", Class::Busy, "not ready"));
            }
            if t.parked && Self::must_run(d) {
                let id = &x.id;
                w.broken_laws
                    .push(format!("{id} was changed while it stood still"));
                return Err(Fault::new("update", Class::Invalid, "stopped"));
            }
            t.old = Some((t.v, t.w, t.ins.clone()));
            t.stale = stale;
            // one part a call
            if d.has("w") {
                t.w = x.w;
            } else {
                t.v = x.v;
                t.ins = x.ins.clone();
                t.inside = x.inside.clone();
                t.secret = x.secret.clone();
                t.owner = "test".into();
            }
            t.left = 1;
            Ok(())
        })
        .await
    }

    async fn delete(&self, h: &Live, _: &Facts) -> Result<(), Fault> {
        self.call("delete", Some((&h.id, h.pool)), |w| {
            dependents_are_gone(w, &h.id);
            let mut gone = vec![h.id.clone()];
            while let Some(g) = gone.pop() {
                if g == h.id {
                    if let Some(t) = w.things.get_mut(&g) {
                        t.leaving = Some(t.serial % 3);
                    }
                } else {
                    w.things.remove(&g);
                }
                gone.extend(
                    w.things
                        .iter()
                        .filter(|(_, t)| t.inside.as_ref() == Some(&g))
                        .map(|(k, _)| k.clone()),
                );
            }
            Ok(())
        })
        .await
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        self.call("list", None, |w| {
            Ok(w.things
                .iter()
                .filter(|(_, t)| t.owner == stack && t.leaving.is_none() && t.hidden == 0)
                .map(|(id, t)| Found {
                    addr: format!("thing.{id}"),
                    id: id.clone(),
                    live: Live {
                        id: id.clone(),
                        pool: 0,
                        t: t.clone(),
                    },
                })
                .collect())
        })
        .await
    }

    async fn stop(&self, h: &Live) -> Result<(), Fault> {
        self.call("stop", None, |w| {
            let t = w.things.get_mut(&h.id).unwrap();
            (t.parked, t.left) = (true, 2);
            Ok(())
        })
        .await
    }
    async fn start(&self, h: &Live) -> Result<(), Fault> {
        self.call("start", None, |w| {
            let t = w.things.get_mut(&h.id).unwrap();
            // starting
            (t.parked, t.left) = (false, 2);
            Ok(())
        })
        .await
    }
    async fn mark_to_stop(&self, h: &Live, on: bool) -> Result<(), Fault> {
        self.call(if on { "mark" } else { "unmark" }, None, |w| {
            w.things.get_mut(&h.id).unwrap().to_stop = on;
            Ok(())
        })
        .await
    }
}

/// Every command has another nonce.
fn next_run(world: &Shared) -> String {
    let mut w = world.lock().unwrap();
    w.runs += 1;
    format!("run{}", w.runs)
}

/// Makes a stack of things from JSON: address → spec.
pub fn stack(
    doc: &serde_json::Map<String, serde_json::Value>,
    world: &Shared,
    clock: &VirtualClock,
) -> Stack {
    let kind: Arc<dyn Kind> = Arc::new(KindOf(Arc::new(Fake {
        world: world.clone(),
        clock: clock.clone(),
    })));
    let late: Arc<dyn Kind> = Arc::new(KindOf(Arc::new(FakeOf::<true> {
        world: world.clone(),
        clock: clock.clone(),
    })));
    let facts = StackFacts {
        stack: "test".into(),
        account: "1".into(),
        region: "r".into(),
        partition: "aws".into(),
        owner: "o".into(),
        workspace: "w".into(),
        run: next_run(world),
        current_ip: None,
        env: [("PW".to_owned(), Secret::new(SECRET))].into(),
        assets: BTreeMap::new(),
        final_snapshot: FinalSnapshot::Skip,
        ..StackFacts::default()
    };
    let mut s = Stack {
        facts: Arc::new(facts),
        nodes: BTreeMap::new(),
        after: BTreeMap::new(),
        adopt: BTreeSet::new(),
        kinds: vec![kind.clone()],
        digest: "d".into(),
    };
    for (addr, spec) in doc {
        let addr: Addr = addr.parse().unwrap();
        let node = yaml::Node::from_json(spec, 0, 0);
        let mut deps = BTreeSet::new();
        node.texts(&mut |_, t| {
            for r in Template::parse(t).unwrap().outputs() {
                deps.insert(r.from.clone());
            }
        });
        let kind = match spec["outlives"].as_bool() {
            Some(true) => &late,
            _ => &kind,
        };
        s.nodes.insert(addr.clone(), kind.open(&node).unwrap());
        s.after.insert(addr, deps);
    }
    s
}
