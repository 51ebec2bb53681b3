//! The patterns that the service model gives for text.

/// The patterns of the service model, by what they are for.
#[derive(Clone, Copy)]
pub(super) enum Pattern {
    Any,
    Arn,
    ConfigurationSet,
    Hash,
    Hex,
    Level,
    Mail,
    MailCode,
    MailLink,
    Name,
    NoSpace,
    OptionalArn,
    PoolId,
    Printable,
    PrintableOrSpace,
    AttributeName,
    Prose,
    Scope,
    SmsCode,
    Word,
}

impl Pattern {
    /// Tells whether a text is of this pattern.
    pub(super) fn matches(self, value: &str) -> bool {
        let all = |allowed: fn(char) -> bool| !value.is_empty() && value.chars().all(allowed);
        let printable = |c: char| !c.is_control() && !c.is_whitespace();
        match self {
            Pattern::Any => true,
            Pattern::Arn => is_arn(value),
            Pattern::OptionalArn => value.is_empty() || is_arn(value),
            Pattern::ConfigurationSet => {
                all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            }
            Pattern::Hash => all(|c| is_word(c) || matches!(c, '+' | '=' | '/')),
            Pattern::Hex => all(|c| c.is_ascii_hexdigit()),
            Pattern::Level => matches!(value, "Level1" | "Level2" | "Level3" | "Level4"),
            Pattern::Mail => value.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && !host.is_empty() && value.chars().all(printable)
            }),
            Pattern::MailCode => is_prose(value) && value.contains("{####}"),
            Pattern::MailLink => {
                is_prose(value)
                    && value
                        .split_once("{##")
                        .is_some_and(|(_, rest)| rest.contains("##}"))
            }
            Pattern::Name => all(|c| is_word(c) || c.is_ascii_whitespace() || "+=,.@-".contains(c)),
            Pattern::NoSpace => all(|c| !c.is_whitespace()),
            Pattern::PoolId => value.rsplit_once('_').is_some_and(|(region, id)| {
                !region.is_empty()
                    && region.chars().all(|c| is_word(c) || c == '-')
                    && !id.is_empty()
                    && id.chars().all(|c| c.is_ascii_alphanumeric())
            }),
            Pattern::Printable => !value.is_empty() && value.chars().all(printable),
            Pattern::PrintableOrSpace | Pattern::AttributeName => {
                !value.is_empty() && is_prose(value)
            }
            Pattern::Prose => is_prose(value),
            Pattern::Scope => all(|c| matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E')),
            Pattern::SmsCode => value.contains("{####}") && !value.contains('\n'),
            Pattern::Word => all(|c| is_word(c) || c == '+'),
        }
    }

    /// Returns the pattern as the service model writes it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Pattern::Any => "(?s).*",
            Pattern::Arn | Pattern::OptionalArn => {
                "arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"
            }
            Pattern::ConfigurationSet => "^[a-zA-Z0-9_-]+$",
            Pattern::Hash => "[\\w+=/]+",
            Pattern::Hex => "^[0-9a-fA-F]+$",
            Pattern::Level => "Level[1-4]",
            Pattern::Mail => "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+@[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
            Pattern::MailCode => {
                "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*\\{####\\}[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"
            }
            Pattern::MailLink => {
                "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*\\{##[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*##\\}[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"
            }
            Pattern::Name => "[\\w\\s+=,.@-]+",
            Pattern::NoSpace => "[\\S]+",
            Pattern::PoolId => "[\\w-]+_[0-9a-zA-Z]+",
            Pattern::Printable => "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
            Pattern::PrintableOrSpace => "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s]+",
            Pattern::AttributeName => "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+",
            Pattern::Prose => "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*",
            Pattern::Scope => "[\\x21\\x23-\\x5B\\x5D-\\x7E]+",
            Pattern::SmsCode => ".*\\{####\\}.*",
            Pattern::Word => "[\\w+]+",
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_prose(value: &str) -> bool {
    value.chars().all(|c| !c.is_control() || c.is_whitespace())
}

fn is_arn(value: &str) -> bool {
    let parts: Vec<&str> = value.split(':').collect();
    let plain = |part: &str| part.chars().all(|c| is_word(c) || "+=/,.@-".contains(c));
    (6..=8).contains(&parts.len())
        && parts[0] == "arn"
        && parts.iter().all(|part| plain(part))
        // only the region may be empty
        && (0..parts.len()).all(|at| at == 3 || !parts[at].is_empty())
        && parts[4].chars().all(|c| c.is_ascii_digit())
}
