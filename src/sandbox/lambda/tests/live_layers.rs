//! Handlers that really run with layers, those for another Python among them.

use super::super::invoke;
use super::live::{ARN, run};
use super::*;

#[tokio::test]
async fn layers_are_on_the_path_and_the_function_comes_first() {
    let s = Stage::new().await;
    let one = s
        .publish(
            "one",
            &[
                ("python/m.py", "x = 'one'"),
                ("python/app_name.py", "x = 'layer'"),
            ],
        )
        .await;
    let two = s
        .publish(
            "two",
            &[
                ("python/m.py", "x = 'two'"),
                ("python/lib/python3.13/site-packages/n.py", "x = 'n'"),
            ],
        )
        .await;
    let code = "import m, n, app_name\ndef handler(e, c):\n    return [m.x, n.x, app_name.x]\n";
    let files = encoded(&[("app.py", code), ("app_name.py", "x = 'function'")]);
    s.create(json!({"Layers": [one, two], "Code": {"ZipFile": files}, "Timeout": 30}))
        .await
        .unwrap();
    s.pass(5);
    assert_eq!(
        run(&s, json!({})).await.payload,
        json!(["two", "n", "function"])
    );
}

/// A layer with a compiled module for an interpreter that nobody has.
const FOREIGN: [(&str, &str); 4] = [
    ("python/psy/__init__.py", "from psy import _psy\n"),
    (
        "python/psy/_psy.cpython-27-x86_64-linux-gnu.so",
        "not for here",
    ),
    (
        "python/psy_binary-2.9.11.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: psy-binary\nVersion: 2.9.11\n\ntext\n",
    ),
    (
        "python/psy_binary-2.9.11.dist-info/RECORD",
        "psy/__init__.py,,\npsy/_psy.cpython-27-x86_64-linux-gnu.so,sha256=x,12\n",
    ),
];

#[tokio::test]
async fn a_layer_for_another_python_is_replaced_by_a_wheel() {
    let wheels = tempfile::tempdir().unwrap();
    let wheel = wheels.path().join("psy.whl");
    std::fs::write(&wheel, zip(&[("psy/__init__.py", "x = 'wheel'\n")])).unwrap();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (noted, path) = (asked.clone(), wheel.clone());
    let s = Stage::with(Arc::new(move |project, version, tag| {
        noted.lock().unwrap().push((project, version, tag));
        let path = path.clone();
        Box::pin(async move { Ok(path) })
    }))
    .await;
    let layer = s.publish("l", &FOREIGN).await;
    s.active(
        "import psy\ndef handler(e, c):\n    return psy.x\n",
        json!({"Layers": [layer], "Timeout": 30}),
    )
    .await;
    assert_eq!(run(&s, json!({})).await.payload, "wheel");
    assert_eq!(run(&s, json!({})).await.payload, "wheel");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1); // once, and then remembered
    assert_eq!(
        (asked[0].0.as_str(), asked[0].1.as_str()),
        ("psy-binary", "2.9.11")
    );
    assert!(asked[0].2.starts_with("cp3"), "{asked:?}");
}

#[tokio::test]
async fn without_a_wheel_the_invocation_says_so() {
    let s = Stage::new().await;
    let layer = s.publish("l", &FOREIGN).await;
    s.active("def handler(e, c): pass\n", json!({"Layers": [layer]}))
        .await;
    let e = invoke(&s.sandbox, ARN, &json!({}), None, None)
        .await
        .unwrap_err();
    assert_eq!((e.status, e.code.as_str()), (500, "ServiceException"));
    assert!(
        e.message.contains("psy-binary 2.9.11") && e.message.ends_with("there are none"),
        "{}",
        e.message
    );
}
