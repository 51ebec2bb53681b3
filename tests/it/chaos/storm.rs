//! What a storm is: files, commands, faults and ends, all drawn from a seed. Plain data, so that parts of it can be
//! left out when one that fails is to become smaller.

use super::crash::{Crash, Strikes};
use super::draft::{Draft, ENTRIES};
use std::fmt;

/// Numbers that look random and are the same for a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A whole storm.
#[derive(Clone, Debug)]
pub struct Storm {
    pub seed: u64,
    /// Its instances are real databases.
    pub postgres: bool,
    pub rounds: Vec<Round>,
    /// After it, a calm apply comes before the destroy.
    pub calm: bool,
}

/// One command in it.
#[derive(Clone, Debug)]
pub struct Round {
    pub draft: Draft,
    pub command: Command,
    /// Lines of a fault script.
    pub faults: Vec<String>,
    pub end: End,
    /// The database crashes, and comes back.
    pub crash: Option<Crash>,
    /// Before it, somebody changes something by hand.
    pub meddling: Option<Meddling>,
    /// The last part of this machine's address.
    pub address: u8,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Apply,
    RefreshIp,
    Stop,
    Start,
    DestroyOnly(&'static str),
    Destroy,
}

/// What people do by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// The pool gets another setting, which must stay.
    Pool { length: u64 },
    /// The stack's rules are removed.
    Rules,
    /// The stack's functions get other memory.
    Memory,
    /// The policies of the stack's roles are detached.
    Policies,
}

/// How a round ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Itself,
    /// It is told to stop after so many events.
    Told { events: u64 },
    /// It is killed after so many events and a few moments more.
    Killed { events: u64, moments: u64 },
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Apply => write!(f, "apply"),
            Command::RefreshIp => write!(f, "refresh-ip"),
            Command::Stop => write!(f, "stop"),
            Command::Start => write!(f, "start"),
            Command::DestroyOnly(addr) => write!(f, "destroy --only {addr}"),
            Command::Destroy => write!(f, "destroy"),
        }
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let databases = if self.postgres {
            ", with databases"
        } else {
            ""
        };
        writeln!(f, "storm {}{databases}", self.seed)?;
        for (at, round) in self.rounds.iter().enumerate() {
            let n = at + 1;
            writeln!(
                f,
                "round {n}: {}, {:?}, from .{}",
                round.command, round.end, round.address
            )?;
            if let Some(what) = round.meddling {
                writeln!(f, "  before it, by hand: {what:?}")?;
            }
            if let Some(Crash { events, strikes }) = round.crash {
                writeln!(
                    f,
                    "  the database crashes after {events} events: {strikes:?}"
                )?;
            }
            writeln!(f, "  {}", round.draft)?;
            for fault in &round.faults {
                writeln!(f, "  {fault}")?;
            }
        }
        let then = if self.calm {
            "then: apply, destroy"
        } else {
            "then: destroy"
        };
        write!(f, "{then}")
    }
}

impl Storm {
    /// Draws a storm.
    pub fn of(seed: u64, postgres: bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut draft = Draft::first(&mut dice, postgres);
        let mut rounds = Vec::new();
        // the first round brings something up in any case
        for n in 0..2 + dice.below(3) {
            if n > 0 {
                draft = draft.next(&mut dice, postgres);
            }
            let command = if n == 0 {
                Command::Apply
            } else {
                command(&mut dice, &draft)
            };
            let faults = (0..1 + dice.below(4)).map(|_| fault(&mut dice)).collect();
            let events = dice.below(25);
            let end = match dice.below(4) {
                0 => End::Told { events },
                1 => End::Killed {
                    events,
                    moments: dice.below(40),
                },
                _ => End::Itself,
            };
            let address = 10 + dice.below(2) as u8;
            let meddling = (n > 0 && dice.one_in(4)).then(|| match dice.below(5) {
                0 | 1 => Meddling::Pool {
                    length: 8 + dice.below(20),
                },
                2 => Meddling::Rules,
                3 => Meddling::Memory,
                _ => Meddling::Policies,
            });
            let crash = (postgres && dice.one_in(2)).then(|| Crash {
                events: dice.below(25),
                strikes: match dice.below(250) {
                    moments if moments % 2 == 0 => Strikes::Any { moments },
                    _ => Strikes::Working,
                },
            });
            rounds.push(Round {
                draft: draft.clone(),
                command,
                faults,
                end,
                crash,
                meddling,
                address,
            });
        }
        let calm = !dice.one_in(4);
        Storm {
            seed,
            postgres,
            rounds,
            calm,
        }
    }
}

fn command(dice: &mut Dice, draft: &Draft) -> Command {
    let databases = draft.has("rds_instance.main");
    match dice.below(12) {
        0 => Command::RefreshIp,
        1 | 2 if databases => Command::Stop,
        3 if databases => Command::Start,
        4 | 5 => {
            let all: Vec<&str> = ENTRIES
                .iter()
                .map(|e| e.addr)
                .filter(|a| draft.has(a))
                .collect();
            Command::DestroyOnly(dice.pick(&all))
        }
        6 => Command::Destroy,
        _ => Command::Apply,
    }
}

/// One line of a fault script.
fn fault(dice: &mut Dice) -> String {
    let any = [
        "*",
        "*",
        "*",
        "rds:*",
        "ec2:*",
        "iam:*",
        "lambda:*",
        "cognito-idp:*",
        "scheduler:*",
    ];
    let writes = [
        "rds:Create*",
        "rds:Modify*",
        "rds:Delete*",
        "rds:St*",
        "ec2:Authorize*",
        "ec2:Modify*",
        "ec2:Revoke*",
        "iam:Create*",
        "iam:Attach*",
        "iam:Put*",
        "iam:Delete*",
        "iam:Detach*",
        "lambda:Create*",
        "lambda:Publish*",
        "lambda:Update*",
        "lambda:Add*",
        "lambda:Remove*",
        "lambda:Delete*",
        "cognito-idp:Update*",
        "scheduler:Create*",
        "scheduler:Update*",
        "scheduler:Delete*",
        "ec2:CreateTags",
        "iam:Tag*",
        "lambda:Tag*",
        "rds:AddTags*",
    ];
    let seldom = |dice: &mut Dice| match dice.below(3) {
        0 => format!("nth: {}", 1 + dice.below(20)),
        1 => format!("every: {}", 4 + dice.below(9)),
        _ => format!("probability: 0.{:02}", 2 + dice.below(10)),
    };
    let early = |dice: &mut Dice| format!("nth: {}", 1 + dice.below(3));
    let rule = |call: &str, when: String, fault: &str| {
        format!("- {{ call: \"{call}\", {when}, fault: {fault} }}")
    };
    match dice.below(16) {
        0 | 1 => {
            let burst = format!("nth: {}, burst: {}", 1 + dice.below(30), 3 + dice.below(12));
            rule(dice.pick(&any), burst, "throttle")
        }
        2 => rule(dice.pick(&any), seldom(dice), "throttle"),
        3 | 4 => rule(dice.pick(&any), seldom(dice), "internal"),
        5 => rule(dice.pick(&any), seldom(dice), "drop_before"),
        6 => rule(dice.pick(&any), seldom(dice), "drop_after"),
        7 | 8 => rule(dice.pick(&writes), early(dice), "drop_after"),
        9 => rule(
            dice.pick(&writes),
            early(dice),
            dice.pick(&["conflict", "internal", "deny", "drop_before"]),
        ),
        10 => rule(
            dice.pick(&any[3..]),
            seldom(dice),
            dice.pick(&["conflict", "deny"]),
        ),
        11 => rule("rds:*Instance", early(dice), "insufficient_capacity"),
        12 => {
            let stale = format!(
                "{{ stale_reads: {{ for_seconds: {} }} }}",
                1 + dice.below(20)
            );
            rule(
                dice.pick(&any),
                format!("every: {}", 2 + dice.below(4)),
                &stale,
            )
        }
        13 => format!(
            "- {{ fault: {{ iam_propagation: {{ seconds: {} }} }} }}",
            5 + dice.below(116)
        ),
        14 => rule(
            dice.pick(&any),
            seldom(dice),
            &format!("{{ delay_ms: {} }}", 1 + dice.below(8)),
        ),
        _ => {
            let by = [-60, -20, 15, 90, 600, 7200][dice.below(6) as usize];
            rule(
                "*",
                format!("nth: {}", 1 + dice.below(60)),
                &format!("{{ clock_jump: {{ seconds: {by} }} }}"),
            )
        }
    }
}
