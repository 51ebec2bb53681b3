//! Who runs this, and where: what keeps one developer's rule apart from another's.
//!
//! A rule that admits a machine's current address is found again by its owner and workspace (aws-facts §2.4). Both
//! names must therefore stay the same from run to run in one place, and differ between places. That is why nothing is
//! taken from variables that come and go, `GIT_AUTHOR_EMAIL` (set inside git hooks) or `REMOTE_CONTAINERS` (set in an
//! editor's terminals, but not by `docker exec`): one machine would be two, and the rule of the other be left behind.

use sha2::{Digest, Sha256};

/// Overrides the owner.
pub const OWNER: &str = "CRUDDUR_INFRA_OWNER";
/// Overrides the workspace. To be set where the host name is new at every start (CI, containers that are rebuilt),
/// in a `devcontainer.json` for example to `${devcontainerId}`.
pub const WORKSPACE: &str = "CRUDDUR_INFRA_WORKSPACE";

/// Where the owner is looked for, the first that is set and not blank:
///
/// | variable | set by | holds |
/// |---|---|---|
/// | `CRUDDUR_INFRA_OWNER` | the user | whatever the user wants to be called |
/// | `GITPOD_GIT_USER_EMAIL` | Gitpod | the e-mail address for commits; the account is `gitpod` for everyone |
/// | `GITHUB_USER` | GitHub Codespaces | the GitHub name; the account is `codespace` or `vscode` for everyone |
/// | `USER`, `LOGNAME` | the log-in, on Unix | the account |
/// | `USERNAME` | Windows | the account |
pub const OWNER_VARIABLES: [&str; 6] = [
    OWNER,
    "GITPOD_GIT_USER_EMAIL",
    "GITHUB_USER",
    "USER",
    "LOGNAME",
    "USERNAME",
];

/// Where the workspace is looked for, the first that is set and not blank; without any it is the host name, which in
/// a dev container is the container's id:
///
/// | variable | set by | holds |
/// |---|---|---|
/// | `CRUDDUR_INFRA_WORKSPACE` | the user | whatever the user wants the place to be called |
/// | `GITPOD_WORKSPACE_ID` | Gitpod | the workspace's id, the same after it was stopped and started |
/// | `CODESPACE_NAME` | GitHub Codespaces | the codespace's name, the same for as long as it exists |
pub const WORKSPACE_VARIABLES: [&str; 3] = [WORKSPACE, "GITPOD_WORKSPACE_ID", "CODESPACE_NAME"];

/// The longest name, in characters. A tag holds 256 and a rule's description 255 (aws-facts §2.3); both names
/// together fit into either.
pub const MAX_NAME: usize = 120;

/// Who runs this, and where. Neither is ever empty, and both can stand in a tag and in a rule's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Who.
    pub owner: String,
    /// Where.
    pub workspace: String,
}

/// Tells who runs this and where, from the environment ([`OWNER_VARIABLES`], [`WORKSPACE_VARIABLES`]), and from the
/// host name and the user's name where that says nothing.
pub fn identify(env: &dyn Fn(&str) -> Option<String>, hostname: &str, user: &str) -> Workspace {
    let name = |variables: &[&str], otherwise: &str, unknown: &str| {
        variables
            .iter()
            .filter_map(|v| env(v))
            .chain([otherwise.to_owned()])
            .find_map(|text| tag_safe(&text))
            .unwrap_or_else(|| unknown.to_owned())
    };
    Workspace {
        owner: name(&OWNER_VARIABLES, user, "unknown-user"),
        workspace: name(&WORKSPACE_VARIABLES, hostname, UNKNOWN_HOST),
    }
}

/// Makes a name that EC2 takes as a tag's value and in a rule's description: ASCII letters, digits, spaces and
/// `_.:/=+-@` (aws-facts §2.3), at most [`MAX_NAME`] of them. A name that had to be changed for that ends in eight hex
/// digits of its digest: `李` and `王` would else be the same person. Returns `None` for a blank one.
fn tag_safe(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut safe: String = text
        .chars()
        .map(|c| if is_allowed(c) { c } else { '-' })
        .collect();
    // AWS keeps this prefix for itself, in values as in keys
    if safe
        .get(..4)
        .is_some_and(|p| p.eq_ignore_ascii_case("aws:"))
    {
        safe.replace_range(3..4, "-");
    }
    if safe == text && safe.len() <= MAX_NAME {
        return Some(safe);
    }
    let digest = Sha256::digest(text.as_bytes());
    let mark = format!(
        "-{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    );
    safe.truncate(MAX_NAME - mark.len());
    Some(safe + &mark)
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c)
}

const UNKNOWN_HOST: &str = "unknown-host";

/// How many characters a run's nonce has.
pub const RUN_LENGTH: usize = 12;

/// Returns a nonce for this run, of [`RUN_LENGTH`] hexadecimal digits: no other run, here or elsewhere, has the same.
/// It is no secret.
pub fn run_nonce() -> String {
    use std::hash::{BuildHasher, Hasher};
    // its keys come from the system's randomness; the time and the process are there for a system that has none
    let random = std::collections::hash_map::RandomState::new();
    let mut hash = Sha256::new();
    hash.update(random.build_hasher().finish().to_le_bytes());
    hash.update(jiff::Timestamp::now().as_nanosecond().to_le_bytes());
    hash.update(std::process::id().to_le_bytes());
    let digest = hash.finalize();
    let digits = digest.iter().map(|b| format!("{b:02x}"));
    digits.collect::<String>()[..RUN_LENGTH].to_owned()
}

/// Says who runs this, and where, from this process's environment.
pub fn current() -> Workspace {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let user = variable("USER").or_else(|| variable("USERNAME"));
    identify(&variable, &hostname(), &user.unwrap_or_default())
}

/// Returns this machine's name: from `/proc/sys/kernel/hostname` or `/etc/hostname`, else from `HOSTNAME` or
/// `COMPUTERNAME`, else `unknown-host`. This is the only input and output in this module: two small files at most, or
/// the environment.
pub fn hostname() -> String {
    let file = |path: &str| std::fs::read_to_string(path).ok();
    let variable = |name: &str| std::env::var(name).ok();
    choose_hostname(&file, &variable)
}

fn choose_hostname(
    file: &dyn Fn(&str) -> Option<String>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> String {
    // the kernel's is the one in force; `(none)` is what it says before one is set
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let variables = ["HOSTNAME", "COMPUTERNAME"];
    files
        .iter()
        .filter_map(|f| file(f))
        .chain(variables.iter().filter_map(|v| variable(v)))
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty() && text != "(none)")
        .unwrap_or_else(|| UNKNOWN_HOST.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_run_has_a_nonce_of_its_own() {
        let all: std::collections::BTreeSet<String> = (0..1000).map(|_| run_nonce()).collect();
        assert_eq!(all.len(), 1000);
        assert!(
            all.iter()
                .all(|n| { n.len() == RUN_LENGTH && n.chars().all(|c| c.is_ascii_hexdigit()) })
        );
    }

    fn who(variables: &[(&str, &str)]) -> (String, String) {
        let env = |name: &str| {
            variables
                .iter()
                .find(|(k, _)| *k == name)
                .map(|(_, v)| (*v).to_owned())
        };
        let found = identify(&env, "laptop", "ana");
        (found.owner, found.workspace)
    }

    fn names(owner: &str, workspace: &str) -> (String, String) {
        (owner.to_owned(), workspace.to_owned())
    }

    #[test]
    fn a_laptop_is_its_user_and_its_name() {
        assert_eq!(who(&[]), names("ana", "laptop"));
        assert_eq!(who(&[("USER", "root")]), names("root", "laptop"));
        assert_eq!(
            who(&[("USER", " "), ("LOGNAME", "eva")]),
            names("eva", "laptop")
        );
        assert_eq!(who(&[("USERNAME", "Eva Win")]), names("Eva Win", "laptop"));
    }

    #[test]
    fn cloud_workspaces_are_told_by_their_ids() {
        let gitpod = [
            ("USER", "gitpod"),
            ("GITPOD_GIT_USER_EMAIL", "eva+git@example.org"),
            ("GITPOD_WORKSPACE_ID", "acme-cruddur-1a2b3c"),
        ];
        assert_eq!(
            who(&gitpod),
            names("eva+git@example.org", "acme-cruddur-1a2b3c")
        );
        let codespace = [
            ("USER", "codespace"),
            ("GITHUB_USER", "octocat"),
            ("CODESPACE_NAME", "octocat-literate-space-parakeet-mld5"),
        ];
        assert_eq!(
            who(&codespace),
            names("octocat", "octocat-literate-space-parakeet-mld5")
        );
    }

    #[test]
    fn what_the_user_says_comes_first() {
        let all = [
            (OWNER, "team"),
            ("GITPOD_GIT_USER_EMAIL", "eva@example.org"),
            ("GITHUB_USER", "octocat"),
            ("USER", "gitpod"),
            (WORKSPACE, "ci"),
            ("GITPOD_WORKSPACE_ID", "acme-1"),
            ("CODESPACE_NAME", "parakeet"),
        ];
        assert_eq!(who(&all), names("team", "ci"));
        assert_eq!(
            who(&[(OWNER, ""), (WORKSPACE, "\n")]),
            names("ana", "laptop")
        );
    }

    #[test]
    fn variables_that_come_and_go_change_nothing() {
        let passing = [
            ("GIT_AUTHOR_EMAIL", "eva@example.org"),
            ("GIT_COMMITTER_EMAIL", "eva@example.org"),
            ("REMOTE_CONTAINERS", "true"),
        ];
        assert_eq!(who(&passing), who(&[]));
    }

    #[test]
    fn nothing_known_is_still_a_name() {
        let found = identify(&|_| None, " ", "");
        assert_eq!(
            (found.owner, found.workspace),
            names("unknown-user", "unknown-host")
        );
    }

    #[test]
    fn a_name_that_had_to_be_changed_keeps_its_own_mark() {
        let safe = |text: &str| tag_safe(text).unwrap();
        assert_eq!(
            safe(" eva.k+x@example.org/a_b=c:d-e "),
            "eva.k+x@example.org/a_b=c:d-e"
        );
        let jose = safe("josé");
        assert!(
            jose.starts_with("jos--") && jose.len() == "jos--".len() + 8,
            "{jose}"
        );
        assert_ne!(safe("李"), safe("王"));
        assert_ne!(safe("a*b"), safe("a?b"));
        assert_eq!(safe("a*b"), safe("a*b"));
        assert!(safe("AWS:eva").starts_with("AWS-eva-"));
        let exact = "x".repeat(MAX_NAME);
        assert_eq!(safe(&exact), exact);
        let (one, other) = (safe(&(exact.clone() + "1")), safe(&(exact + "2")));
        assert_eq!((one.len(), other.len()), (MAX_NAME, MAX_NAME));
        assert_ne!(one, other);
    }

    #[test]
    fn the_host_name_is_what_the_kernel_says() {
        let choose = |files: &[(&str, &str)], variables: &[(&str, &str)]| {
            let look = |list: &[(&str, &str)], name: &str| {
                list.iter()
                    .find(|(k, _)| *k == name)
                    .map(|(_, v)| (*v).to_owned())
            };
            choose_hostname(&|f| look(files, f), &|v| look(variables, v))
        };
        let (kernel, etc) = ("/proc/sys/kernel/hostname", "/etc/hostname");
        assert_eq!(
            choose(&[(kernel, "a\n"), (etc, "b\n")], &[("HOSTNAME", "c")]),
            "a"
        );
        assert_eq!(choose(&[(kernel, "(none)\n"), (etc, "b\n")], &[]), "b");
        assert_eq!(choose(&[(etc, "\n")], &[("HOSTNAME", "c")]), "c");
        assert_eq!(choose(&[], &[("COMPUTERNAME", "D")]), "D");
        assert_eq!(choose(&[], &[]), "unknown-host");
        assert!(!hostname().is_empty());
    }

    proptest! {
        #[test]
        fn every_name_can_be_a_tag(text in any::<String>()) {
            let found = identify(&|_| Some(text.clone()), "host", "user");
            for name in [found.owner, found.workspace] {
                prop_assert!(!name.trim().is_empty() && name.len() <= MAX_NAME, "{name}");
                prop_assert!(name.chars().all(is_allowed), "{name}");
                prop_assert!(!name.to_ascii_lowercase().starts_with("aws:"), "{name}");
                // the same again: a name that is read back and used is not changed a second time
                prop_assert_eq!(tag_safe(&name), Some(name));
            }
        }
    }
}
