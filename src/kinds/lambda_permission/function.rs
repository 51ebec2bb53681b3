//! Which function is meant: by ARN, by a part of one, or by name.

/// A function, as stack.yaml names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The bare name; the same for every way to write it.
    pub name: String,
    /// What to send as `FunctionName`: what was written, without the qualifier.
    pub target: String,
    /// The version or alias.
    pub qualifier: Option<String>,
}

impl Function {
    /// Reads `name`, `name:alias`, `123456789012:function:name` or an ARN, with or without a qualifier.
    pub fn parse(text: &str) -> Self {
        // with the colon before it: a function may be named `my-function`
        let (before, tail) = match text.find(":function:") {
            Some(at) => text.split_at(at + ":function:".len()),
            None => ("", text),
        };
        let (name, qualifier) = match tail.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (tail, None),
        };
        Function {
            name: name.to_owned(),
            target: format!("{before}{name}"),
            qualifier,
        }
    }
}
