use proptest::prelude::*;
use std::fs;

use super::super::source::DEFAULT_INDEX;
use super::super::stub::{Stub, elf, wheel, zip};
use super::*;

fn pins(packages: &[&str]) -> Vec<PinnedPackage> {
    packages
        .iter()
        .map(|text| PinnedPackage::parse(text).expect(text))
        .collect()
}

const NATIVE: &str = "p-1.0-cp313-cp313-manylinux2014_x86_64.whl";
const MODULE: &str = "p/_p.cpython-313-x86_64-linux-gnu.so";

async fn make(stub: &Stub, packages: &[&str]) -> Result<LayerAsset, AssetError> {
    let cache = tempfile::tempdir().expect("dir");
    let source = WheelSource::new(&stub.address, cache.path()).expect("a source");
    python_layer(&pins(packages), "python3.13", Arch::X86_64, &source).await
}

#[tokio::test]
async fn wheels_are_laid_out_under_python() {
    let stub = Stub::start();
    let library = elf(62);
    let native = wheel(&[
        ("p/__init__.py", b"p"),
        (MODULE, &library),
        ("p_binary.libs/libq.so.5", &library),
        ("p-1.0.data/purelib/pure.py", b"1"),
        ("p-1.0.data/platlib/sub/plat.py", b"2"),
        ("p-1.0.data/scripts/run", b"#!python"),
        ("p-1.0.data/headers/p.h", b""),
    ]);
    stub.project("p", &[(NATIVE, native)]);
    stub.project("q", &[("q-2.0-py3-none-any.whl", wheel(&[("q.py", b"q")]))]);
    let layer = make(&stub, &["q==2.0", "p==1.0"]).await.expect("a layer");
    assert_eq!(
        layer.asset.entries,
        [
            "python/p-1.0.dist-info/WHEEL",
            "python/p/__init__.py",
            "python/p/_p.cpython-313-x86_64-linux-gnu.so",
            "python/p_binary.libs/libq.so.5",
            "python/pure.py",
            "python/q.py",
            "python/sub/plat.py",
        ]
    );
    assert_eq!(layer.binaries.len(), 2);
    assert_eq!(
        layer
            .wheels
            .iter()
            .map(|wheel| wheel.filename.as_str())
            .collect::<Vec<_>>(),
        [NATIVE, "q-2.0-py3-none-any.whl"]
    );
    let again = make(&stub, &["p==1.0", "q==2.0", "p==1.0"])
        .await
        .expect("a layer");
    assert_eq!(layer.asset.bytes, again.asset.bytes);
}

#[tokio::test]
async fn contradictions_are_refused() {
    let stub = Stub::start();
    stub.project(
        "p",
        &[("p-1.0-py3-none-any.whl", wheel(&[("same.py", b"1")]))],
    );
    stub.project(
        "q",
        &[("q-1.0-py3-none-any.whl", wheel(&[("same.py", b"2")]))],
    );
    stub.project(
        "r",
        &[(
            "r-1.0-py3-none-any.whl",
            wheel(&[("same.py/inner.py", b"")]),
        )],
    );
    stub.project("s", &[("s-1.0-py3-none-any.whl", zip(&[("s.py", b"")]))]);
    stub.project(
        "t",
        &[(
            "t-1.0-cp313-cp313-manylinux2014_x86_64.whl",
            wheel(&[(MODULE, &elf(183))]),
        )],
    );
    for (packages, expected) in [
        (
            &["p==1.0", "q==1.0"][..],
            "python/same.py comes from both p==1.0 and q==1.0",
        ),
        (&["p==1.0", "r==1.0"], "a file and a folder"),
        (&["s==1.0"], "not a wheel"),
        (&["t==1.0"], "on arm64, but"),
        (&["p==1.0", "p==1.1"], "contradicts p==1.0"),
        (&[], "at least one"),
    ] {
        let error = make(&stub, packages).await.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_existing_zip_keeps_its_bytes() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("layer.zip");
    let bytes = zip(&[("python/p.py", b"p"), ("bin/tool", b"t")]);
    fs::write(&path, &bytes).expect("written");
    let asset = layer_zip(&path).expect("a layer");
    assert_eq!(&asset.bytes[..], &bytes[..]);
    assert_eq!(asset.entries, ["bin/tool", "python/p.py"]);
}

#[test]
fn a_layer_in_the_wrong_shape_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("layer.zip");
    for (bytes, expected) in [
        (
            zip(&[("psycopg2/__init__.py", b"")]),
            "move everything under python/",
        ),
        (
            zip(&[("layer/python/p.py", b"")]),
            "zip it from within layer",
        ),
        (zip(&[]), "is empty"),
        (zip(&[("python/../../x", b"")]), "lead out"),
        (
            zip(&[("python/a", b""), ("python/a/b", b"")]),
            "a file and a folder",
        ),
        (b"no zip".to_vec(), "no readable zip"),
    ] {
        fs::write(&path, bytes).expect("written");
        let error = layer_zip(&path).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = layer_zip(&dir.path().join("none.zip"))
        .expect_err("absent")
        .to_string();
    assert!(error.contains("none.zip"), "{error}");
}

#[test]
fn a_zip_over_the_limit_is_refused_unread() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("layer.zip");
    fs::File::create(&path)
        .and_then(|file| file.set_len(MAX_ZIPPED + 1))
        .expect("sparse");
    assert!(
        layer_zip(&path)
            .expect_err("too large")
            .to_string()
            .contains("50 MB")
    );
}

proptest! {
    /// What a wheel brings never leaves `site-packages`, whatever its entries are called.
    #[test]
    fn nothing_leaves_site_packages(paths in prop::collection::btree_set("([a-c.]{1,3}/|x\\.data/purelib/|/){0,3}[a-c.]{1,3}", 1..6)) {
        let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (path.as_str(), &b""[..])).collect();
        if let Ok(files) = site_packages("w", &wheel(&files)) {
            for path in files.keys() {
                prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{}", path);
            }
        }
    }
}

/// Needs the real index.
#[tokio::test]
async fn psycopg2_from_the_real_index() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let make = async || {
        let cache = tempfile::tempdir().expect("dir");
        let source = WheelSource::new(DEFAULT_INDEX, cache.path()).expect("a source");
        python_layer(
            &pins(&["psycopg2-binary==2.9.11"]),
            "python3.13",
            Arch::X86_64,
            &source,
        )
        .await
        .expect("a layer")
    };
    let one = make().await;
    assert!(
        one.asset
            .entries
            .iter()
            .any(|entry| entry == "python/psycopg2/_psycopg.cpython-313-x86_64-linux-gnu.so")
    );
    assert!(
        one.asset
            .entries
            .iter()
            .any(|entry| entry.starts_with("python/psycopg2_binary.libs/libpq"))
    );
    assert_eq!(fits(&one.binaries, "python3.13", Arch::X86_64), Ok(()));
    assert!(fits(&one.binaries, "python3.12", Arch::X86_64).is_err());
    assert!(fits(&one.binaries, "python3.13", Arch::Aarch64).is_err());
    let two = make().await;
    assert_eq!(one.asset.bytes, two.asset.bytes);
    assert_eq!(one.asset.sha256_base64, two.asset.sha256_base64);
}
