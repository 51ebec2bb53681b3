use serde_json::json;

use super::super::stub::{Stub, wheel};
use super::super::target::Arch;
use super::*;

const PURE: &str = "p-1.0-py3-none-any.whl";

fn pin(text: &str) -> PinnedPackage {
    PinnedPackage::parse(text).expect(text)
}

fn lambda() -> Target {
    Target::lambda("python3.13", Arch::X86_64).expect("a target")
}

fn source(stub: &Stub, cache: &std::path::Path) -> WheelSource {
    WheelSource::new(&stub.address, cache).expect("a source")
}

#[tokio::test]
async fn the_second_time_needs_no_network() {
    let stub = Stub::start();
    let cache = tempfile::tempdir().expect("dir");
    let bytes = wheel(&[("p.py", b"1")]);
    stub.project("p", &[(PURE, bytes.clone())]);
    let first = source(&stub, cache.path())
        .wheel(&pin("P==1.0"), &lambda())
        .await
        .expect("found");
    assert_eq!(first.bytes, bytes);
    assert_eq!(stub.seen(), ["/simple/p/", "/files/p-1.0-py3-none-any.whl"]);

    let again = source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect("cached");
    assert_eq!((again.bytes, again.sha256), (bytes.clone(), first.sha256));
    assert!(stub.seen().is_empty());

    // a damaged wheel is fetched again from where it came, without asking the index
    std::fs::write(cache.path().join(PURE), b"damaged").expect("written");
    let again = source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect("repaired");
    assert_eq!(again.bytes, bytes);
    assert_eq!(std::fs::read(again.path).expect("the file"), bytes);
    assert_eq!(stub.seen(), ["/files/p-1.0-py3-none-any.whl"]);

    // another target is another question, with the same wheel for an answer
    let interpreter = Interpreter {
        tag: "cp311".into(),
        system: "Darwin".into(),
        machine: "arm64".into(),
        libc: (String::new(), String::new()),
        macos: "14.0".into(),
    };
    let path = wheel_for_interpreter(&pin("p==1.0"), &interpreter, &source(&stub, cache.path()))
        .await
        .expect("found");
    assert_eq!(path, cache.path().join(PURE));
    assert_eq!(stub.seen(), ["/simple/p/"]);
}

#[tokio::test]
async fn bytes_that_are_not_the_promised_ones_are_not_kept() {
    let stub = Stub::start();
    let cache = tempfile::tempdir().expect("dir");
    stub.project("p", &[(PURE, b"promised".to_vec())]);
    stub.put(
        &format!("/files/{PURE}"),
        "200 OK",
        "x: y",
        b"swapped".to_vec(),
    );
    let error = source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect_err("swapped");
    assert!(matches!(error, AssetError::Digest { .. }), "{error}");
    assert_eq!(std::fs::read_dir(cache.path()).expect("list").count(), 0);

    // once known, the digest does not change because the index says so
    stub.project("p", &[(PURE, wheel(&[]))]);
    source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect("found");
    stub.project("p", &[(PURE, wheel(&[("evil.py", b"")]))]);
    std::fs::remove_file(cache.path().join(PURE)).expect("removed");
    let error = source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect_err("changed")
        .to_string();
    assert!(
        error.contains("remove") && error.contains(".json"),
        "{error}"
    );
}

#[tokio::test]
async fn dropped_connections_are_tried_again() {
    let stub = Stub::start();
    let cache = tempfile::tempdir().expect("dir");
    stub.project("p", &[(PURE, wheel(&[]))]);
    stub.drop_next(2);
    source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect("third time");
    assert!(stub.seen().len() >= 4);
}

#[tokio::test]
async fn what_the_index_lacks_is_said() {
    let stub = Stub::start();
    let cache = tempfile::tempdir().expect("dir");
    let ask = async |package: &str| {
        source(&stub, cache.path())
            .wheel(&pin(package), &lambda())
            .await
            .expect_err(package)
            .to_string()
    };
    assert!(ask("none==1.0").await.contains("no package none"));

    stub.put(
        "/simple/html/",
        "200 OK",
        "content-type: text/html; charset=utf-8",
        b"<html>".to_vec(),
    );
    let error = ask("html==1.0").await;
    assert!(
        error.contains("text/html") && error.contains("PEP 691"),
        "{error}"
    );

    stub.put(
        "/simple/odd/",
        "200 OK",
        &format!("content-type: {SIMPLE_JSON}"),
        b"[]".to_vec(),
    );
    assert!(ask("odd==1.0").await.contains("PEP 691"));

    stub.page(
        "p",
        &json!({"files": [{"filename": PURE, "url": "x.whl", "hashes": {"md5": "0"}}]}),
    );
    assert!(ask("p==1.0").await.contains("no sha256"));

    stub.put(
        "/simple/down/",
        "503 Service Unavailable",
        "x: y",
        Vec::new(),
    );
    let error = ask("down==1.0").await;
    assert!(
        error.contains("503") && error.contains("/simple/down/"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_fetched_over_plain_http_from_afar() {
    let stub = Stub::start();
    let cache = tempfile::tempdir().expect("dir");
    let sha256 = sha256_hex(b"");
    stub.page("p", &json!({"files": [{"filename": PURE, "url": "http://example.com/p.whl", "hashes": {"sha256": sha256}}]}));
    let error = source(&stub, cache.path())
        .wheel(&pin("p==1.0"), &lambda())
        .await
        .expect_err("plain")
        .to_string();
    assert!(error.contains("without https"), "{error}");

    stub.put(
        "/simple/q/",
        "302 Found",
        "location: http://example.com/simple/q/",
        Vec::new(),
    );
    let error = source(&stub, cache.path())
        .wheel(&pin("q==1.0"), &lambda())
        .await
        .expect_err("redirected")
        .to_string();
    assert!(error.contains("without https"), "{error}");
}

#[test]
fn an_index_is_https_or_on_this_machine() {
    for good in [
        "https://pypi.org",
        "https://pypi.org/simple/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/root",
        "http://localhost",
    ] {
        let source = WheelSource::new(good, "cache").expect(good);
        assert!(
            !source.index.as_str().contains("simple") && source.index.as_str().ends_with('/'),
            "{good}"
        );
    }
    for (bad, expected) in [
        ("http://pypi.org", "only https"),
        ("http://127.0.0.1.example.com", "only https"),
        ("ftp://127.0.0.1", "only https"),
        ("pypi.org", DEFAULT_INDEX),
        ("https://me:hunter2@pypi.org", "password"),
    ] {
        let error = WheelSource::new(bad, "cache").expect_err(bad).to_string();
        assert!(
            error.contains(expected) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn the_probe_describes_an_interpreter() {
    let Ok(output) = std::process::Command::new("python3")
        .args(["-c", super::super::INTERPRETER_PROBE])
        .output()
    else {
        return; // no Python here
    };
    let interpreter: Interpreter = serde_json::from_slice(&output.stdout).expect("JSON");
    interpreter.target().expect("a target");
}
