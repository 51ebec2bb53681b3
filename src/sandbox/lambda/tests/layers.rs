use super::*;

impl Stage {
    async fn layer(
        &self,
        operation: &str,
        path: &[&str],
        query: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, ApiError> {
        let mut whole = vec!["2018-10-31", "layers"];
        whole.extend(path);
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        match self.send(operation, &whole, query, &[], body).await? {
            Reply::Json(_, value) => Ok(value),
            _ => Ok(Value::Null),
        }
    }

    pub(super) async fn publish(&self, name: &str, files: &[(&str, &str)]) -> String {
        let body = json!({
            "Content": {"ZipFile": encoded(files)},
            "CompatibleRuntimes": ["python3.13"],
            "CompatibleArchitectures": ["x86_64"],
        });
        let made = self
            .layer("PublishLayerVersion", &[name, "versions"], &[], body)
            .await
            .unwrap();
        made["LayerVersionArn"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_publication_is_a_new_version() {
    let s = Stage::new().await;
    let files = [("python/m.py", "x = 1")];
    assert_eq!(
        s.publish("l", &files).await,
        "arn:aws:lambda:us-west-2:123456789012:layer:l:1"
    );
    assert!(s.publish("l", &files).await.ends_with(":2"));
    let got = s
        .layer("GetLayerVersion", &["l", "versions", "2"], &[], Value::Null)
        .await
        .unwrap();
    assert_eq!(
        got["LayerArn"],
        "arn:aws:lambda:us-west-2:123456789012:layer:l"
    );
    assert_eq!(got["Version"], 2);
    assert_eq!(got["CompatibleRuntimes"], json!(["python3.13"]));
    assert_eq!(got["Content"]["CodeSha256"].as_str().unwrap().len(), 44);
    let arn = got["LayerVersionArn"].as_str().unwrap();
    let by_arn = s
        .layer(
            "GetLayerVersionByArn",
            &[],
            &[("find", "LayerVersion"), ("Arn", arn)],
            Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(by_arn, got);
    let list = s
        .layer("ListLayerVersions", &["l", "versions"], &[], Value::Null)
        .await
        .unwrap();
    let numbers: Vec<u64> = list["LayerVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["Version"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [2, 1]);
    let page = s
        .layer(
            "ListLayerVersions",
            &["l", "versions"],
            &[("MaxItems", "1")],
            Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(page["LayerVersions"][0]["Version"], 2);
    let rest = [("Marker", page["NextMarker"].as_str().unwrap())];
    let page = s
        .layer("ListLayerVersions", &["l", "versions"], &rest, Value::Null)
        .await
        .unwrap();
    assert_eq!(page["LayerVersions"][0]["Version"], 1);
    for _ in 0..2 {
        s.layer(
            "DeleteLayerVersion",
            &["l", "versions", "2"],
            &[],
            Value::Null,
        )
        .await
        .unwrap();
    }
    let gone = s
        .layer("GetLayerVersion", &["l", "versions", "2"], &[], Value::Null)
        .await
        .unwrap_err();
    assert_eq!(
        (gone.status, gone.code.as_str()),
        (404, "ResourceNotFoundException")
    );
    assert!(s.publish("l", &files).await.ends_with(":3")); // numbers are never used twice
}

#[tokio::test]
async fn layers_are_listed_by_what_they_are_for() {
    let s = Stage::new().await;
    s.publish("a", &[("python/m.py", "")]).await;
    s.publish("b", &[("python/m.py", "")]).await;
    let all = s.layer("ListLayers", &[], &[], Value::Null).await.unwrap();
    assert_eq!(all["Layers"].as_array().unwrap().len(), 2);
    assert_eq!(all["Layers"][0]["LatestMatchingVersion"]["Version"], 1);
    let none = s
        .layer(
            "ListLayers",
            &[],
            &[("CompatibleRuntime", "python3.9")],
            Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(none["Layers"], json!([]));
    let arm = [("CompatibleArchitecture", "arm64")];
    let none = s
        .layer("ListLayerVersions", &["a", "versions"], &arm, Value::Null)
        .await
        .unwrap();
    assert_eq!(none["LayerVersions"], json!([]));
    let none = s
        .layer("ListLayerVersions", &["none", "versions"], &[], Value::Null)
        .await
        .unwrap();
    assert_eq!(none["LayerVersions"], json!([]));
}

#[tokio::test]
async fn bad_layers_are_refused() {
    let s = Stage::new().await;
    let content = json!({"ZipFile": encoded(&[("python/m.py", "")])});
    for (body, code) in [
        (
            json!({"Content": {"ZipFile": STANDARD.encode("x")}}),
            "InvalidParameterValueException",
        ),
        (json!({}), "InvalidParameterValueException"),
        (
            json!({"Content": content, "CompatibleRuntimes": ["python9"]}),
            "InvalidParameterValueException",
        ),
        (
            json!({"Content": content, "CompatibleArchitectures": ["mips"]}),
            "ValidationException",
        ),
        (
            json!({"Content": content, "Description": "d".repeat(257)}),
            "ValidationException",
        ),
    ] {
        let e = s
            .layer("PublishLayerVersion", &["l", "versions"], &[], body)
            .await
            .unwrap_err();
        assert_eq!(e.code, code);
    }
    let foreign = [(
        "Arn",
        "arn:aws:lambda:us-west-2:898466741470:layer:psycopg2-py38:1",
    )];
    let e = s
        .layer("GetLayerVersionByArn", &[], &foreign, Value::Null)
        .await
        .unwrap_err();
    assert_eq!((e.status, e.code.as_str()), (403, "AccessDeniedException"));
}

#[tokio::test]
async fn functions_use_layers_that_exist() {
    let s = Stage::new().await;
    let one = s.publish("l", &[("python/m.py", "")]).await;
    let two = s.publish("l", &[("python/m.py", "y = 1")]).await;
    let absent = one.replace("layer:l:1", "layer:l:9");
    for (layers, text) in [
        (json!([absent]), "does not exist"),
        (json!([one, two]), "Two different versions"),
        (json!(["l"]), "regular expression"),
        (json!(vec![one.clone(); 6]), "more than 5 layers"),
    ] {
        let e = s.create(json!({"Layers": layers})).await.unwrap_err();
        assert!(e.status == 400 && e.message.contains(text), "{e:?}");
    }
    let foreign =
        json!({"Layers": ["arn:aws:lambda:us-west-2:898466741470:layer:psycopg2-py38:1"]});
    assert_eq!(
        s.create(foreign).await.unwrap_err().code,
        "AccessDeniedException"
    );
    let made = s.create(json!({"Layers": [two]})).await.unwrap();
    assert_eq!(made["Layers"][0]["Arn"], two);
    assert!(made["Layers"][0]["CodeSize"].as_u64().unwrap() > 0);
    s.pass(5);
    s.layer(
        "DeleteLayerVersion",
        &["l", "versions", "2"],
        &[],
        Value::Null,
    )
    .await
    .unwrap();
    // still in use: only the layer's own list has lost it
    s.ok("UpdateFunctionConfiguration", &["f"], json!({"Timeout": 4}))
        .await;
    s.pass(15);
    let none = s
        .ok("UpdateFunctionConfiguration", &["f"], json!({"Layers": []}))
        .await;
    assert!(none.get("Layers").is_none());
}
