//! Makes a storm that fails smaller: leaves out rounds, faults and interruptions for as long as what is left still
//! fails.

use super::storm::{End, Storm};

/// So many storms are tried at most, where nobody asks for another number.
pub const TRIES: usize = 80;

/// The smallest storm that was found, and what it breaks.
pub struct Small {
    pub storm: Storm,
    pub why: String,
    pub tries: usize,
}

/// Looks for it, within so many tries. `fails` tells what a storm breaks.
pub fn smallest(
    storm: &Storm,
    why: &str,
    tries: usize,
    fails: impl Fn(&Storm) -> Option<String>,
) -> Small {
    let mut small = Small {
        storm: storm.clone(),
        why: why.to_owned(),
        tries: 0,
    };
    loop {
        let smaller = candidates(&small.storm).into_iter().find_map(|candidate| {
            if small.tries >= tries {
                return None;
            }
            small.tries += 1;
            let same = |other: &String| promise(other) == promise(why);
            fails(&candidate).filter(same).map(|why| (candidate, why))
        });
        match smaller {
            Some((storm, why)) => (small.storm, small.why) = (storm, why),
            None => return small,
        }
    }
}

/// Which promise was broken: the words before the first name or number, wherever in the storm.
fn promise(why: &str) -> &str {
    let rest = match why.split_once(": ") {
        Some((round, rest)) if round.starts_with("round ") => rest,
        _ => why,
    };
    rest.get(..32).unwrap_or(rest)
}

/// Everything that is a little less, the largest pieces first.
fn candidates(storm: &Storm) -> Vec<Storm> {
    let mut all = Vec::new();
    let with = |change: &dyn Fn(&mut Storm)| {
        let mut less = storm.clone();
        change(&mut less);
        less
    };
    if storm.rounds.len() > 1 {
        for at in 0..storm.rounds.len() {
            all.push(with(&|s| {
                s.rounds.remove(at);
            }));
        }
    }
    for (at, round) in storm.rounds.iter().enumerate() {
        if round.faults.len() > 1 {
            all.push(with(&|s| s.rounds[at].faults.clear()));
        }
        for fault in 0..round.faults.len() {
            all.push(with(&|s| {
                s.rounds[at].faults.remove(fault);
            }));
        }
        if round.meddling.is_some() {
            all.push(with(&|s| s.rounds[at].meddling = None));
        }
        if round.crash.is_some() {
            all.push(with(&|s| s.rounds[at].crash = None));
        }
        if round.end != End::Itself {
            all.push(with(&|s| s.rounds[at].end = End::Itself));
        }
        for addr in round.draft.free() {
            all.push(with(&|s| s.rounds[at].draft.leave_out(addr)));
        }
    }
    if storm.calm {
        all.push(with(&|s| s.calm = false));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::storm::Command;

    #[test]
    fn what_has_nothing_to_do_with_it_is_left_out() {
        let guilty = |s: &Storm| {
            let fault = s
                .rounds
                .iter()
                .any(|r| r.faults.iter().any(|f| f.contains("drop_after")));
            let killed = s.rounds.iter().any(|r| matches!(r.end, End::Killed { .. }));
            (fault && killed).then(|| "both".to_owned())
        };
        let mut found = 0;
        for seed in 0..60 {
            let storm = Storm::of(seed, false);
            let Some(why) = guilty(&storm) else { continue };
            found += 1;
            let small = smallest(&storm, &why, TRIES, guilty);
            let faults: Vec<&String> = small.storm.rounds.iter().flat_map(|r| &r.faults).collect();
            assert_eq!(faults.len(), 1, "{}", small.storm);
            assert!(small.storm.rounds.len() <= 2, "{}", small.storm);
            assert!(small.tries <= TRIES);
        }
        assert!(found > 5, "{found}");
    }

    #[test]
    fn a_seed_always_gives_the_same_storm() {
        let again = |seed| Storm::of(seed, false).to_string();
        assert_eq!(again(7), again(7));
        assert_ne!(again(7), again(8));
        let commands = |wanted: &Command| {
            (0..200).any(|seed| {
                Storm::of(seed, false)
                    .rounds
                    .iter()
                    .any(|r| &r.command == wanted)
            })
        };
        for wanted in [
            Command::Apply,
            Command::Stop,
            Command::Start,
            Command::RefreshIp,
            Command::Destroy,
        ] {
            assert!(commands(&wanted), "{wanted} is never drawn");
        }
    }
}
