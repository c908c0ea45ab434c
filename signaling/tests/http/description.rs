//! The OpenAPI description against the server that it describes.

use reqwest::header::ALLOW;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{Rig, rig};

async fn description(rig: &Rig) -> Value {
    rig.http
        .get(rig.url("/openapi.json"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// Path templates and the methods that each documents.
fn operations(description: &Value) -> Vec<(String, Vec<String>)> {
    let paths = description["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        item.as_object()
            .unwrap()
            .keys()
            .map(|key| key.to_uppercase())
            .collect()
    };
    paths
        .iter()
        .map(|(path, item)| (path.clone(), methods(item)))
        .collect()
}

/// A URL that fits the template.
fn example(template: &str) -> String {
    let segments = template
        .split('/')
        .map(|segment| if segment.starts_with('{') { "1" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_documented_operation_is_served() {
    let rig = rig().await;
    let operations = operations(&description(&rig).await);
    assert!(operations.len() >= 12);
    for (template, methods) in operations {
        for method in methods {
            let method: Method = method.parse().unwrap();
            let response = rig.http.request(method.clone(), rig.url(&example(&template)));
            let status = response.send().await.unwrap().status();
            let unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
            assert!(!unknown.contains(&status), "{method} {template}: {status}");
        }
    }
}

#[tokio::test]
async fn every_method_of_a_route_is_documented() {
    let rig = rig().await;
    for (template, documented) in operations(&description(&rig).await) {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let response = rig
            .http
            .request(brew, rig.url(&example(&template)))
            .send()
            .await
            .unwrap();
        let allow = response.headers()[ALLOW].to_str().unwrap().to_owned();
        // HEAD comes with GET.
        for method in allow.split(',').filter(|method| *method != "HEAD") {
            assert!(documented.contains(&method.to_owned()), "{method} {template}");
        }
    }
}

#[tokio::test]
async fn protected_operations_say_so() {
    let rig = rig().await;
    let description = description(&rig).await;
    assert_eq!(description["openapi"].as_str().unwrap().get(..3), Some("3.1"));
    assert_eq!(
        description["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = rig
                .http
                .request(method.to_uppercase().parse().unwrap(), rig.url(&example(path)));
            let refused = answers.send().await.unwrap().status() == StatusCode::UNAUTHORIZED;
            assert_eq!(operation["security"].is_array(), refused, "{method} {path}");
        }
    }
}
