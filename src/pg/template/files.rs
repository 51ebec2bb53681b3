//! Templates by name, from a directory.

use std::io;
use std::path::{Path, PathBuf};

use super::{Template, TemplateProblem};
use crate::pg::error::{Error, Place};

/// A directory of templates: `activities/home` is the file `activities/home.sql` in it.
#[derive(Clone, Debug)]
pub struct Templates {
    directory: PathBuf,
}

impl Templates {
    /// The templates of a directory. Nothing is read yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// Reads the template `name`: parts of letters, digits, `-` and `_` with `/` between them. The
    /// file is read anew each time.
    ///
    /// # Errors
    /// [`Error::Template`]: the name is none, the file cannot be read or lies outside the
    /// directory, or [`Template::parse`] refuses it.
    pub async fn get(&self, name: &str) -> Result<Template, Error> {
        if !is_name(name) {
            let name = name.to_owned();
            return Err(problem(&self.directory, TemplateProblem::Name { name }));
        }
        let path = self.directory.join(format!("{name}.sql"));
        let unreadable = |error: io::Error| {
            let why = error.to_string();
            problem(&path, TemplateProblem::Unreadable { why })
        };
        let directory = tokio::fs::canonicalize(&self.directory)
            .await
            .map_err(unreadable)?;
        let real = tokio::fs::canonicalize(&path).await.map_err(unreadable)?;
        if !real.starts_with(&directory) {
            return Err(problem(&path, TemplateProblem::Outside));
        }
        let bytes = tokio::fs::read(&real).await.map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let mut at = place(&path);
            (at.line, at.column) = crate::pg::script::Lines::new(&before).place(before.len());
            Error::Template {
                place: at,
                problem: TemplateProblem::NotUtf8,
            }
        })?;
        Template::parse(path.display().to_string(), text)
    }
}

fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

fn place(path: &Path) -> Place {
    Place {
        script: path.display().to_string(),
        line: 1,
        column: 1,
        exact: false,
    }
}

fn problem(path: &Path, problem: TemplateProblem) -> Error {
    Error::Template {
        place: place(path),
        problem,
    }
}
