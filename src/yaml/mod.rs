//! stack.yaml as a tree in which every value knows its place, and typed reading of it that finds all mistakes at
//! once and says what to write instead.

mod de;
mod node;
mod problem;

pub use node::{Key, Node, Value, parse};
pub use problem::{Problem, closest, span};

use serde::de::DeserializeOwned;

/// Reads a typed value from a node, and finds everything that is wrong with it, not just the first.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Vec<Problem>> {
    let mut tree = node.clone();
    let mut problems: Vec<Problem> = Vec::new();
    // a wrong value is noted, taken out, and the rest is read again; bounded by the number of values
    for _ in 0..200 {
        let unknown = std::cell::RefCell::new(Vec::new());
        let result = T::deserialize(de::Reader::new(&tree, &unknown));
        let unknown = unknown.into_inner();
        match result {
            Ok(value) if problems.is_empty() && unknown.is_empty() => return Ok(value),
            Ok(_) => {
                problems.extend(unknown);
                break;
            }
            Err(error) => {
                let removed = problems.iter().any(|p| p.missing_of(&error));
                if removed {
                    // it is missing because it was taken out
                    problems.extend(unknown);
                    break;
                }
                let problem = error.into_problem(&tree);
                let again = !problem.path.is_empty() && tree.remove(&problem.path);
                problems.push(problem);
                if !again {
                    problems.extend(unknown);
                    break;
                }
            }
        }
    }
    problems.sort_by_key(|p| p.offset);
    problems.dedup();
    Err(problems)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
