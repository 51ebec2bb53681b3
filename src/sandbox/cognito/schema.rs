//! What a pool asks of attributes and passwords.

use super::super::wire::ApiError;
use super::state::Pool;
use super::validate::invalid;
use serde_json::Value;
use std::collections::BTreeMap;

impl Pool {
    /// Checks attributes against the schema and returns them.
    ///
    /// # Errors
    /// `InvalidParameterException` with every attribute that does not conform.
    pub(super) fn attributes(
        &self,
        sent: Option<&Value>,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        let schema = self
            .settings
            .get("SchemaAttributes")
            .and_then(Value::as_array);
        let mut found = BTreeMap::new();
        let mut wrong = String::new();
        for one in sent.and_then(Value::as_array).into_iter().flatten() {
            let name = one["Name"].as_str().unwrap_or_default();
            let value = one["Value"].as_str().unwrap_or_default();
            let known = schema.and_then(|all| all.iter().find(|a| a["Name"] == name));
            match known.map(|known| misfit(known, value)) {
                None => wrong.push_str(&format!(
                    "{name}: Attribute does not exist in the schema.\n"
                )),
                Some(Some(why)) => wrong.push_str(&format!("{name}: {why}\n")),
                Some(None) => {
                    found.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        if wrong.is_empty() {
            return Ok(found);
        }
        Err(invalid(format!(
            "Attributes did not conform to the schema: {wrong}"
        )))
    }

    /// Checks that every required attribute is there.
    ///
    /// # Errors
    /// `InvalidParameterException`.
    pub(super) fn check_required(
        &self,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let schema = self
            .settings
            .get("SchemaAttributes")
            .and_then(Value::as_array);
        let missing: String = schema
            .into_iter()
            .flatten()
            .filter(|a| a["Required"] == true && a["Name"] != "sub")
            .filter_map(|a| a["Name"].as_str())
            .filter(|name| !attributes.contains_key(*name))
            .map(|name| format!("{name}: The attribute is required\n"))
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(invalid(format!(
                "Attributes did not conform to the schema: {missing}"
            ))),
        }
    }

    /// Checks a password against the policy.
    ///
    /// # Errors
    /// `InvalidPasswordException`.
    pub(super) fn check_password(&self, password: &str) -> Result<(), ApiError> {
        let policy = self.setting(&["Policies", "PasswordPolicy"]);
        let wants = |name: &str| policy.is_some_and(|p| p[name] == true);
        let least = policy
            .and_then(|p| p["MinimumLength"].as_u64())
            .unwrap_or(8);
        let has = |kind: fn(char) -> bool| password.chars().any(kind);
        let why = if (password.chars().count() as u64) < least {
            "Password not long enough"
        } else if wants("RequireUppercase") && !has(|c| c.is_ascii_uppercase()) {
            "Password must have uppercase characters"
        } else if wants("RequireLowercase") && !has(|c| c.is_ascii_lowercase()) {
            "Password must have lowercase characters"
        } else if wants("RequireNumbers") && !has(|c| c.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if wants("RequireSymbols") && !has(|c| c.is_ascii_punctuation()) {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(ApiError::new(
            400,
            "InvalidPasswordException",
            format!("Password did not conform with policy: {why}"),
        ))
    }
}

/// Tells why a value does not fit an attribute, if it does not.
fn misfit(attribute: &Value, value: &str) -> Option<String> {
    let bound = |kind: &str, name: &str| attribute[kind][name].as_str()?.parse::<i64>().ok();
    match attribute["AttributeDataType"].as_str() {
        Some("Boolean") if !matches!(value, "true" | "false") => {
            Some("Attribute value must be true or false.".to_owned())
        }
        Some("Number") => match value.parse::<i64>() {
            Err(_) => Some("Attribute value must be a number.".to_owned()),
            Ok(n) if bound("NumberAttributeConstraints", "MinValue").is_some_and(|min| n < min) => {
                Some("Attribute value is too small.".to_owned())
            }
            Ok(n) if bound("NumberAttributeConstraints", "MaxValue").is_some_and(|max| n > max) => {
                Some("Attribute value is too large.".to_owned())
            }
            Ok(_) => None,
        },
        Some("String") => {
            let length = value.chars().count() as i64;
            let min = bound("StringAttributeConstraints", "MinLength").unwrap_or(0);
            let max = bound("StringAttributeConstraints", "MaxLength").unwrap_or(2048);
            match (attribute["Name"].as_str(), (min..=max).contains(&length)) {
                (_, false) => Some(format!(
                    "String must be between {min} and {max} characters."
                )),
                (Some("email"), true) if !value.contains('@') => {
                    Some("Invalid email address format.".to_owned())
                }
                (Some("phone_number"), true)
                    if !(value.starts_with('+')
                        && value[1..].chars().all(|c| c.is_ascii_digit())) =>
                {
                    Some("Invalid phone number format.".to_owned())
                }
                _ => None,
            }
        }
        _ => None,
    }
}
