//! Commands in advice, as they are to be typed here. What advises does not know how the program was begun: it writes
//! `cruddur-infra start`, and here the options are put in without which that would be about another stack, another
//! account, or the real AWS.

use std::borrow::Cow;
use std::sync::OnceLock;

/// How the program was begun.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Invoked {
    /// The program with its global options.
    program: String,
    /// Options of AWS's own program: the profile, the endpoint.
    profile: String,
    endpoint: String,
    /// The region, once it is known: quoted for a shell.
    region: OnceLock<String>,
}

impl Invoked {
    /// `program` with its global options, and the options `--profile` and `--endpoint-url` for AWS's own program, where
    /// they are given; all quoted for a shell.
    pub fn new(program: &str, profile: Option<&str>, endpoint: Option<&str>) -> Self {
        let option = |name: &str, value: Option<&str>| {
            value.map_or_else(String::new, |value| format!(" {name} {value}"))
        };
        Invoked {
            program: program.to_owned(),
            profile: option("--profile", profile),
            endpoint: option("--endpoint-url", endpoint),
            region: OnceLock::new(),
        }
    }

    /// Says which region it is about; the first word counts.
    pub fn in_region(&self, region: &str) {
        let _ = self.region.set(region.to_owned());
    }

    /// Returns a text with its commands as they are to be typed. One is what stands between backticks.
    pub fn typed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !text.contains("`cruddur-infra ") && !text.contains("`aws ") {
            return Cow::Borrowed(text);
        }
        let mut parts = text.split('`');
        let mut out = parts.next().unwrap_or_default().to_owned();
        let mut rest = parts.peekable();
        let mut inside = true;
        while let Some(part) = rest.next() {
            out.push('`');
            let closed = rest.peek().is_some();
            match self.command(part).filter(|_| inside && closed) {
                Some(command) => out.push_str(&command),
                None => out.push_str(part),
            }
            inside = !inside;
        }
        Cow::Owned(out)
    }

    /// Returns a command, without backticks, as it is to be typed.
    pub fn command(&self, text: &str) -> Option<String> {
        if let Some(rest) = text.strip_prefix("cruddur-infra ") {
            // one that has its options already begins with them
            let bare = rest.starts_with(|c: char| c.is_ascii_lowercase());
            return bare.then(|| format!("{} {rest}", self.program));
        }
        let service = text.strip_prefix("aws ")?.split(' ').next()?;
        let mut command = text.to_owned();
        if !text.contains("--profile") {
            command.push_str(&self.profile);
        }
        if matches!(service, "configure" | "sso") {
            return Some(command);
        }
        if !text.contains("--endpoint-url") {
            command.push_str(&self.endpoint);
        }
        // these two have none
        if !matches!(service, "iam" | "sts")
            && !text.contains("--region")
            && let Some(region) = self.region.get()
        {
            command.push_str(&format!(" --region {region}"));
        }
        Some(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_as_it_is_to_be_typed() {
        let here = Invoked::new("cruddur-infra --sandbox -f 'my stack.yaml'", None, None);
        assert_eq!(
            here.typed(
                "it is stopped: `cruddur-infra start` starts it, `cruddur-infra db query -c x` asks"
            ),
            "it is stopped: `cruddur-infra --sandbox -f 'my stack.yaml' start` starts it, \
             `cruddur-infra --sandbox -f 'my stack.yaml' db query -c x` asks"
        );
        for same in [
            "`cruddur-infra --sandbox plan` again",
            "cruddur-infra plan",
            "`plan` and `cruddur-infra",
            "`cruddur-infra plan",
            "` and ` cruddur-infra plan `",
            "a tag `cruddur-infra:stack`",
        ] {
            assert_eq!(here.typed(same), same);
        }
    }

    #[test]
    fn awss_own_program_is_told_where() {
        let here = Invoked::new("cruddur-infra", Some("work"), None);
        assert_eq!(here.typed("`aws rds x`"), "`aws rds x --profile work`");
        here.in_region("us-west-2");
        here.in_region("eu-west-1");
        for (text, typed) in [
            (
                "`aws rds x`",
                "`aws rds x --profile work --region us-west-2`",
            ),
            (
                "`aws ec2 x --region eu-west-1`",
                "`aws ec2 x --region eu-west-1 --profile work`",
            ),
            ("`aws iam get-role`", "`aws iam get-role --profile work`"),
            ("`aws sso login`", "`aws sso login --profile work`"),
            ("a `aws` b", "a `aws` b"),
        ] {
            assert_eq!(here.typed(text), typed);
            assert_eq!(here.typed(typed), typed, "twice");
        }
        let bare = "aws logs delete-log-group --region us-west-2 --log-group-name x";
        let typed = here.command(bare);
        assert_eq!(typed, Some(format!("{bare} --profile work")));
        let local = Invoked::new("x", None, Some("http://127.0.0.1:4566"));
        assert_eq!(
            local.typed("`aws sqs y` or `aws sso login`"),
            "`aws sqs y --endpoint-url http://127.0.0.1:4566` or `aws sso login`"
        );
    }
}
