//! The pure parts by themselves; `live` has real servers.

mod live;

use super::owner::{self, Owner};
use super::process::PidFile;
use super::*;

#[test]
fn a_verifier_is_that_of_rfc_7677() {
    let salt = [
        0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa,
        0x81,
    ];
    assert_eq!(
        scram::verifier_with("pencil", &salt, 4096),
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    );
}

#[test]
fn made_up_passwords_differ_and_are_acceptable() {
    let (a, b) = (
        scram::random_password().unwrap(),
        scram::random_password().unwrap(),
    );
    assert_ne!(a, b);
    assert_eq!(a.len(), 40);
    assert!(
        a.bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    );
}

#[test]
fn an_address_belongs_to_world_and_instance() {
    let (w, v) = (PathBuf::from("/w"), PathBuf::from("/v"));
    let a = address::own(&w, "db");
    assert_eq!(a, address::own(&w, "db"));
    assert_eq!(a.octets()[..2], [127, 83]);
    assert_ne!(a, address::own(&w, "other"));
    assert_ne!(a, address::own(&v, "db"));
}

#[test]
fn a_taken_port_is_told() {
    let dir = PathBuf::from("/taken");
    let at = address::own(&dir, "db");
    let Ok(held) = std::net::TcpListener::bind((at, 0)) else {
        return; // only 127.0.0.1 here
    };
    let port = held.local_addr().unwrap().port();
    let error = address::place(&dir, "db", port).unwrap_err();
    assert!(
        matches!(error, ServerError::PortInUse { address, port: p } if address == at && p == port)
    );
    assert!(error.to_string().contains(&format!("{at}:{port}")));
}

#[test]
fn users_are_read_from_the_passwd_file() {
    let text = "root:x:0:0::/root:/bin/sh\npostgres:x:104:107:PostgreSQL:/var/lib:/bin/bash\n";
    assert_eq!(
        owner::lookup(text, "postgres"),
        Some(Owner::Other { uid: 104, gid: 107 })
    );
    assert_eq!(owner::lookup(text, "nobody"), None);
}

#[test]
fn a_pid_file_of_nobody_is_stale() {
    let dir = tempfile::tempdir().unwrap();
    let pid = std::process::id();
    std::fs::write(
        dir.path().join("postmaster.pid"),
        format!("{pid}\n/x\n1\n5432\n/nowhere\n\n\nready\n"),
    )
    .unwrap();
    let found = PidFile::read(dir.path()).unwrap();
    assert_eq!(found.port, 5432);
    assert!(!found.listens());
    assert!(!found.is_server_of(dir.path())); // this process runs, but is no server of these data
}

#[test]
fn a_pid_file_of_an_unfinished_initdb_is_no_servers() {
    let dir = tempfile::tempdir().unwrap();
    let pid = std::process::id();
    std::fs::write(
        dir.path().join("postmaster.pid"),
        format!("-{pid}\n/x\n1\n0\n\n\n"),
    )
    .unwrap();
    let found = PidFile::read(dir.path()).unwrap();
    assert!(found.pid < 0);
    assert!(!found.is_server_of(dir.path()));
}

fn packed(entries: &[(&str, &str)]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for (path, text) in entries {
        let mut header = tar::Header::new_gnu();
        // by hand, because the crate refuses to write what it must refuse to read
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn an_archive_is_unpacked_with_its_links_and_nothing_outside() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("a-1.0");
    let bytes = packed(&[
        ("package/native/bin/postgres", "x"),
        ("package/native/lib/libz.so.1.2", "z"),
        ("package/native/../../../escaped", "x"),
        ("package/scripts/postinstall.js", "x"),
        (
            "package/native/pg-symlinks.json",
            r#"[{"source":"native/lib/libz.so.1.2","target":"native/lib/libz.so.1"},
                {"source":"native/lib/libz.so.1.2","target":"native/bin/libz.so"}]"#,
        ),
    ]);
    archive::install(&bytes, &home).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.join("native/bin/postgres"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o755);
    for link in ["native/lib/libz.so.1", "native/bin/libz.so"] {
        assert_eq!(std::fs::read_to_string(home.join(link)).unwrap(), "z");
    }
    assert!(!home.join("scripts").exists());
    let there: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(there.len(), 1, "{there:?}");
}

#[test]
fn an_archive_with_a_link_out_of_it_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = packed(&[
        ("package/native/bin/postgres", "x"),
        (
            "package/native/pg-symlinks.json",
            r#"[{"source":"native/bin/postgres","target":"../../evil"}]"#,
        ),
    ]);
    assert!(archive::install(&bytes, &dir.path().join("a")).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_archive_with_another_digest_is_refused() {
    let why = archive::verify(b"other", "AAAA").unwrap_err();
    assert!(why.contains("not the pinned AAAA"));
}

#[test]
fn the_ca_stays_the_same_and_its_key_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let first = tls::Ca::load_or_make(dir.path()).unwrap().pem().to_vec();
    assert_eq!(first, tls::Ca::load_or_make(dir.path()).unwrap().pem());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(dir.path().join("ca.key"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}
