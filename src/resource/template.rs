//! Text with references inside: `postgresql://${rds_instance.main.endpoint}/${env.NAME}`; `$${` is a literal.

use crate::model::OutputRef;
use std::fmt;

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// `${kind.name.output}`.
    Output(OutputRef),
    /// `${env.NAME}`.
    Env(String),
}

/// A text with references inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` without a closing `}}`; write `$${{` for a literal `${{`")]
    Unclosed,
    /// What is inside is no reference.
    #[error("`${{{0}}}` is not a reference: write ${{kind.name.output}} or ${{env.NAME}}")]
    NoReference(String),
}

impl Template {
    /// Tells whether a text is more than literal.
    pub fn is_template(text: &str) -> bool {
        text.contains("${")
    }

    /// Reads a text.
    ///
    /// # Errors
    /// An unclosed `${`, or something inside that is no reference.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if at > 0 && rest.as_bytes()[at - 1] == b'$' {
                literal.push_str(&rest[..at - 1]);
                literal.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            literal.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let end = inside.find('}').ok_or(TemplateError::Unclosed)?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(reference(inside[..end].trim())?);
            rest = &inside[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Template(parts))
    }

    /// Returns the references to outputs.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputRef> {
        self.0.iter().filter_map(|p| match p {
            Part::Output(r) => Some(r),
            _ => None,
        })
    }

    /// Returns the names of environment variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|p| match p {
            Part::Env(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Tells whether it refers to anything.
    pub fn has_references(&self) -> bool {
        self.0.iter().any(|p| !matches!(p, Part::Text(_)))
    }

    /// Returns the one reference that it consists of.
    pub fn single(&self) -> Option<&OutputRef> {
        match self.0.as_slice() {
            [Part::Output(r)] => Some(r),
            _ => None,
        }
    }
}

fn reference(inside: &str) -> Result<Part, TemplateError> {
    let wrong = || TemplateError::NoReference(inside.to_owned());
    if let Some(name) = inside.strip_prefix("env.") {
        let ok = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        return if ok {
            Ok(Part::Env(name.to_owned()))
        } else {
            Err(wrong())
        };
    }
    inside.parse().map(Part::Output).map_err(|_| wrong())
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(t) => f.write_str(&t.replace("${", "$${"))?,
                Part::Output(r) => write!(f, "${{{r}}}")?,
                Part::Env(n) => write!(f, "${{env.{n}}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "template_properties.rs"]
mod properties;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_references_and_literals() {
        let t = Template::parse("a$${x} ${env.HOME} ${rds_instance.main.endpoint}!").unwrap();
        assert_eq!(
            t.0,
            vec![
                Part::Text("a${x} ".into()),
                Part::Env("HOME".into()),
                Part::Text(" ".into()),
                Part::Output("rds_instance.main.endpoint".parse().unwrap()),
                Part::Text("!".into()),
            ]
        );
        assert_eq!(Template::parse(&t.to_string()).unwrap(), t);
    }

    #[test]
    fn names_what_is_no_reference() {
        for bad in ["${", "${x}", "${env.}", "${env.1A}", "${a.b}", "${}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
