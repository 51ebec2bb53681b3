//! The filter of `ListUsers`: one attribute, exact (`=`) or by its beginning (`^=`).

use super::super::wire::ApiError;
use super::state::User;
use super::validate::invalid;

/// The attributes that can be searched; custom ones cannot.
const SEARCHABLE: &[&str] = &[
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// A filter.
pub(super) struct Filter {
    attribute: String,
    beginning: bool,
    value: String,
}

impl Filter {
    /// Reads `name ^= "value"`; an empty text is no filter.
    ///
    /// # Errors
    /// `InvalidParameterException`.
    pub(super) fn parse(text: &str) -> Result<Option<Filter>, ApiError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || invalid("Error while parsing filter.");
        let (left, value) = text.split_once('=').ok_or_else(wrong)?;
        let (name, beginning) = match left.strip_suffix('^') {
            Some(name) => (name, true),
            None => (left, false),
        };
        let name = name.trim().trim_matches('"');
        let value = value
            .trim()
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .ok_or_else(wrong)?;
        if !SEARCHABLE.contains(&name) {
            return Err(invalid(format!(
                "Error while parsing filter: {name} cannot be searched."
            )));
        }
        Ok(Some(Filter {
            attribute: name.to_owned(),
            beginning,
            value: value.replace("\\\"", "\""),
        }))
    }

    /// Tells whether a user matches.
    pub(super) fn matches(&self, user: &User) -> bool {
        let (held, wanted) = match self.attribute.as_str() {
            "username" => (user.username.clone(), self.value.clone()),
            "sub" => (user.sub.clone(), self.value.clone()),
            "status" => ("Enabled".to_owned(), self.value.clone()),
            // the one that is compared without regard to case
            "cognito:user_status" => (user.status.to_uppercase(), self.value.to_uppercase()),
            name => match user.attributes.get(name) {
                Some(held) => (held.clone(), self.value.clone()),
                None => return false,
            },
        };
        match self.beginning {
            true => held.starts_with(&wanted),
            false => held == wanted,
        }
    }
}
