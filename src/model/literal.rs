//! Secrets that somebody has written into a YAML text, found by the names of their keys. The text need not be valid: what
//! is wrong with it may be the secret itself.

/// What sounds like the key of a secret.
const WORDS: [&str; 4] = ["passw", "secret", "token", "credential"];

/// A value that stands behind such a key and is no reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal<'a> {
    /// Its row, counted from 0.
    pub row: usize,
    /// The rest of its line.
    pub value: &'a str,
}

/// Finds them. What goes on below its key, deeper indented, belongs to it.
pub fn literals(text: &str) -> Vec<Literal<'_>> {
    let mut all = Vec::new();
    let mut below: Option<usize> = None;
    for (row, line) in text.split('\n').enumerate() {
        let indent = line.len() - line.trim_start().len();
        if let Some(key) = below {
            if line.trim().is_empty() || indent > key {
                all.push(Literal {
                    row,
                    value: line.trim(),
                });
                continue;
            }
            below = None;
        }
        for value in values(line) {
            let value = value.trim();
            let bare = value.trim_start_matches(['"', '\'']);
            match bare {
                "" | "|" | "|-" | "|+" | ">" | ">-" | ">+" => below = Some(indent),
                "true" | "false" | "null" | "~" => {}
                _ if bare.starts_with("${") || bare.starts_with('#') => {}
                _ => all.push(Literal { row, value }),
            }
        }
    }
    all
}

/// The rest of a line behind each key in it that sounds like a secret's.
fn values(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(':').filter_map(|(at, _)| {
        let rest = &line[at + 1..];
        // in a text, as in an ARN, no blank follows
        if !(rest.is_empty() || rest.starts_with([' ', '\t', '\r'])) {
            return None;
        }
        let key = line[..at].trim_end_matches(['"', '\'', ' ']);
        let start = key
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .map_or(0, |i| i + key[i..].chars().next().map_or(1, char::len_utf8));
        let key = key[start..].to_ascii_lowercase();
        WORDS.iter().any(|word| key.contains(word)).then_some(rest)
    })
}

/// Takes such values out of a message.
pub fn without_literals(message: &str, literals: &[Literal<'_>]) -> String {
    let mut message = message.to_owned();
    for literal in literals {
        let ends = [" #", ",", "}"];
        let short = ends
            .iter()
            .filter_map(|end| literal.value.find(end))
            .min()
            .map_or(literal.value, |end| &literal.value[..end]);
        for value in [literal.value, short] {
            let value = value.trim().trim_matches(['"', '\'']);
            // shorter ones would take words apart
            if value.len() >= 4 {
                message = message.replace(value, "(hidden)");
            }
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, &str)> {
        let found = literals(text);
        found.iter().map(|l| (l.row, l.value)).collect()
    }

    #[test]
    fn a_secret_is_known_by_its_key() {
        let text = "master_password: hunter2\nname: x\n  DB_PASSWORD: \"a b\" # yes\nmaster_passwrd: @hunter2: SECRET";
        let expected = [
            (0, "hunter2"),
            (2, "\"a b\" # yes"),
            (3, "@hunter2: SECRET"),
        ];
        assert_eq!(found(text), expected);
        assert_eq!(
            found("a: { api_token: t0ken, b: 1 }"),
            [(0, "t0ken, b: 1 }")]
        );
        assert_eq!(
            found("password: |\n  one\n  two\nname: x"),
            [(1, "one"), (2, "two")]
        );
        assert_eq!(found("\"password\": 'x y'"), [(0, "'x y'")]);
    }

    #[test]
    fn what_is_no_secret_is_none() {
        for text in [
            "master_password: ${env.DB_PASSWORD}",
            "master_password: \"${env.DB_PASSWORD}\"",
            "manage_master_user_password: true",
            "Action: \"secretsmanager:GetSecretValue\"",
            "name: password",
            "# no password here",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn messages_do_not_repeat_it() {
        let all = literals("a: { password: hunter2, b: 1 }\npassword: \"a long one\"");
        let message = "not the text \"hunter2\", nor a long one";
        assert_eq!(
            without_literals(message, &all),
            "not the text \"(hidden)\", nor (hidden)"
        );
    }
}
