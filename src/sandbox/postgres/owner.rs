//! Who the servers run as: Postgres refuses to run as root.

use super::ServerError;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The user that owns the data and runs the servers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Owner {
    /// Whoever runs this.
    Me,
    /// An unprivileged user, because this runs as root.
    Other {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Owner {
    /// Finds the user: `postgres`, else `nobody`, where this runs as root.
    pub fn find() -> Result<Self, ServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Owner::Me);
        }
        let path = Path::new("/etc/passwd");
        let users = std::fs::read_to_string(path).map_err(ServerError::at(path))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| lookup(&users, name))
            .ok_or_else(|| {
                ServerError::Internal(
                    "Postgres does not run as root, and there is neither a user postgres nor nobody"
                        .to_owned(),
                )
            })
    }

    /// Lets a command run as this user.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Owner::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a path to this user.
    pub fn give(self, path: &Path) -> Result<(), ServerError> {
        match self {
            Owner::Me => Ok(()),
            Owner::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(ServerError::at(path))
            }
        }
    }

    /// Makes a directory that only this user may enter. One that is there must be theirs already: these lie in
    /// places where anyone may make one.
    pub fn private_dir(self, path: &Path) -> Result<(), ServerError> {
        match std::fs::create_dir(path) {
            Ok(()) => self.give(path)?,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(ServerError::at(path)(e)),
        }
        let found = std::fs::symlink_metadata(path).map_err(ServerError::at(path))?;
        if !found.is_dir() || found.uid() != self.uid() {
            return Err(ServerError::Internal(format!(
                "{} belongs to somebody else",
                path.display()
            )));
        }
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(ServerError::at(path))
    }

    /// Tells whether this user can reach what lies in `path`, or would where it does not exist yet.
    pub fn reaches(self, path: &Path) -> bool {
        match self {
            Owner::Me => true,
            Owner::Other { .. } => path.ancestors().all(|p| match std::fs::metadata(p) {
                Ok(found) => found.mode() & 0o001 != 0,
                Err(_) => true,
            }),
        }
    }

    fn uid(self) -> u32 {
        match self {
            Owner::Me => rustix::process::geteuid().as_raw(),
            Owner::Other { uid, .. } => uid,
        }
    }
}

pub(super) fn lookup(users: &str, name: &str) -> Option<Owner> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Owner::Other { uid, gid })
    })
}
