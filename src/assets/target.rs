//! What a wheel has to run on, and how well one fits.

use std::cmp::Reverse;
use std::fmt;

use serde::Deserialize;

use super::error::AssetError;
use super::wheel_name::WheelName;

/// A processor architecture that Lambda offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// 64-bit Intel and AMD.
    X86_64,
    /// 64-bit ARM; Lambda calls it `arm64`.
    Aarch64,
}

impl Arch {
    /// Lambda's word: `x86_64` or `arm64`.
    pub fn lambda_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The word in Linux wheel tags: `x86_64` or `aarch64`.
    pub fn linux_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

impl std::str::FromStr for Arch {
    type Err = AssetError;

    /// Takes the words that systems use: `x86_64`, `amd64`, `arm64`, `aarch64`.
    fn from_str(text: &str) -> Result<Self, AssetError> {
        match text.to_ascii_lowercase().as_str() {
            "x86_64" | "amd64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Aarch64),
            _ => Err(AssetError::Target(format!(
                "unknown architecture `{text}`; write x86_64 or arm64"
            ))),
        }
    }
}

/// The C library of a Linux, with the version up to which wheels may ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Libc {
    /// `manylinux` wheels.
    Glibc(u64, u64),
    /// `musllinux` wheels.
    Musl(u64, u64),
}

/// Operating system and architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Linux with its C library.
    Linux(Libc, Arch),
    /// macOS with its version.
    MacOs(u64, u64, Arch),
}

/// A CPython on a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// Major and minor version of CPython.
    pub python: (u64, u64),
    /// Where it runs.
    pub platform: Platform,
}

impl Target {
    /// What a Lambda runtime such as `python3.13` offers: Amazon Linux 2023 with glibc 2.34 from
    /// python3.12 on, Amazon Linux 2 with 2.26 before (aws-facts §4.2, §4.8).
    pub fn lambda(runtime: &str, arch: Arch) -> Result<Self, AssetError> {
        let python = runtime.strip_prefix("python").and_then(dotted).filter(|(major, _)| *major == 3).ok_or_else(|| {
            AssetError::Target(format!("runtime `{runtime}` has no Python packages; write a Python runtime such as python3.13"))
        })?;
        let libc = if python >= (3, 12) {
            Libc::Glibc(2, 34)
        } else {
            Libc::Glibc(2, 26)
        };
        Ok(Self {
            python,
            platform: Platform::Linux(libc, arch),
        })
    }

    /// The tag of the interpreter: `cp313`.
    pub fn python_tag(&self) -> String {
        format!("cp{}{}", self.python.0, self.python.1)
    }

    /// Is the platform tag one of this operating system, in whatever version?
    pub(super) fn same_system(&self, tag: &str) -> bool {
        match self.platform {
            Platform::Linux(..) => tag.contains("linux"),
            Platform::MacOs(..) => tag.starts_with("macosx"),
        }
    }

    /// How well the wheel fits, greater is better; `None` when it does not run here.
    ///
    /// As pip orders them: an extension made for this very Python, then one for the stable ABI (the
    /// later the better), then any Python's; within these the platform with the latest C library.
    pub(super) fn rank(&self, wheel: &WheelName) -> Option<impl Ord + use<>> {
        let platform = wheel
            .platforms
            .iter()
            .filter_map(|tag| self.platform_rank(tag))
            .max()?;
        let mut best = None;
        for python in &wheel.pythons {
            for abi in &wheel.abis {
                best = best.max(self.abi_rank(python, abi));
            }
        }
        // the file name last, so that the choice never depends on the index's order
        best.map(|abi| {
            (
                abi,
                platform,
                wheel.build.clone(),
                Reverse(wheel.filename.clone()),
            )
        })
    }

    fn abi_rank(&self, python: &str, abi: &str) -> Option<(u8, u64)> {
        let own = self.python_tag();
        let (major, minor) = self.python;
        // until 3.7 the ABI of the ordinary build had an m
        if python == own && (abi == own || (self.python <= (3, 7) && abi == format!("{own}m"))) {
            return Some((4, 0));
        }
        let tagged = |prefix: &str| {
            python
                .strip_prefix(prefix)
                .filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let of = |digits: &str| -> Option<(u64, u64)> {
            let (tag_major, tag_minor) = digits.split_at_checked(1)?;
            Some((
                tag_major.parse().ok()?,
                if tag_minor.is_empty() {
                    0
                } else {
                    tag_minor.parse().ok()?
                },
            ))
        };
        match (tagged("cp").and_then(of), tagged("py").and_then(of), abi) {
            (Some((m, n)), _, "abi3") if m == major && n <= minor => Some((3, n)),
            (Some(exact), _, "none") if exact == self.python => Some((2, minor)),
            (_, Some((m, n)), "none") if m == major && n <= minor => Some((1, n)),
            _ => None,
        }
    }

    fn platform_rank(&self, tag: &str) -> Option<(u64, u64)> {
        if tag == "any" {
            return Some((0, 0));
        }
        match self.platform {
            Platform::Linux(libc, arch) => {
                let tag = tag.strip_suffix(arch.linux_name())?.strip_suffix('_')?;
                let (family, have) = match libc {
                    Libc::Glibc(major, minor) => ("manylinux_", (major, minor)),
                    Libc::Musl(major, minor) => ("musllinux_", (major, minor)),
                };
                // a plain linux_x86_64 promises nothing about the C library and is never taken
                let wanted = match tag {
                    "manylinux1" => (2, 5),
                    "manylinux2010" => (2, 12),
                    "manylinux2014" => (2, 17),
                    _ => underscored(tag.strip_prefix(family)?)?,
                };
                let right_family = tag.starts_with("manylinux") == matches!(libc, Libc::Glibc(..));
                (right_family && wanted.0 == have.0 && wanted <= have).then_some(wanted)
            }
            Platform::MacOs(major, minor, arch) => {
                let rest = tag.strip_prefix("macosx_")?;
                let mut parts = rest.splitn(3, '_');
                let wanted = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
                let runs = match arch {
                    Arch::X86_64 => ["x86_64", "universal2", "intel", "fat64", "universal"]
                        .contains(&parts.next()?),
                    Arch::Aarch64 => ["arm64", "universal2"].contains(&parts.next()?),
                };
                (runs && wanted <= (major, minor)).then_some(wanted)
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (python, minor) = self.python;
        write!(f, "Python {python}.{minor} on ")?;
        match self.platform {
            Platform::Linux(Libc::Glibc(major, libc), arch) => {
                write!(f, "Linux {} with glibc {major}.{libc}", arch.linux_name())
            }
            Platform::Linux(Libc::Musl(major, libc), arch) => {
                write!(f, "Linux {} with musl {major}.{libc}", arch.linux_name())
            }
            Platform::MacOs(major, os, arch) => {
                write!(f, "macOS {major}.{os} {}", arch.lambda_name())
            }
        }
    }
}

fn dotted(text: &str) -> Option<(u64, u64)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn underscored(text: &str) -> Option<(u64, u64)> {
    let (major, minor) = text.split_once('_')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `python3 -c` with this prints an [`Interpreter`] as JSON.
pub const INTERPRETER_PROBE: &str = "\
import json, platform, sys
print(json.dumps({
    'tag': 'cp%d%d%s' % (sys.version_info[0], sys.version_info[1], 't' if 't' in getattr(sys, 'abiflags', '') else ''),
    'system': platform.system(),
    'machine': platform.machine(),
    'libc': list(platform.libc_ver()),
    'macos': platform.mac_ver()[0],
}))";

/// A Python on this machine, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Interpreter {
    /// `cp311`.
    pub tag: String,
    /// `platform.system()`: `Linux` or `Darwin`.
    pub system: String,
    /// `platform.machine()`: `x86_64`, `aarch64`, `arm64`.
    pub machine: String,
    /// `platform.libc_ver()`: `("glibc", "2.36")`, empty where it is unknown.
    pub libc: (String, String),
    /// `platform.mac_ver()[0]`: `14.5`, empty elsewhere.
    pub macos: String,
}

impl Interpreter {
    /// The target that this interpreter is.
    pub fn target(&self) -> Result<Target, AssetError> {
        let refused = |what: String| AssetError::Target(format!("local Python: {what}"));
        let python = self
            .tag
            .strip_prefix("cp")
            .and_then(|digits| digits.split_at_checked(1))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .ok_or_else(|| {
                refused(format!(
                    "`{}` is not an ordinary CPython; use one such as cp313",
                    self.tag
                ))
            })?;
        let arch = self.machine.parse()?;
        let platform = match self.system.as_str() {
            "Linux" => {
                let version = |default| leading(&self.libc.1).unwrap_or(default);
                Platform::Linux(
                    // musl seldom tells its version; 1.2 is five years old
                    if self.libc.0 == "glibc" {
                        let (major, minor) = version((2, 17));
                        Libc::Glibc(major, minor)
                    } else {
                        let (major, minor) = version((1, 2));
                        Libc::Musl(major, minor)
                    },
                    arch,
                )
            }
            "Darwin" => {
                let (major, minor) = leading(&self.macos).unwrap_or((11, 0));
                Platform::MacOs(major, minor, arch)
            }
            other => {
                return Err(refused(format!(
                    "no wheels are chosen for `{other}`; use Linux or macOS"
                )));
            }
        };
        Ok(Target { python, platform })
    }
}

fn leading(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests;
