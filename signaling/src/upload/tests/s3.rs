//! A service that speaks S3 as far as the task does, and believes no request that is not signed by its key.
//!
//! It stands in for a real one: what it takes and gives is kept in memory, and its signatures (AWS Signature Version 4)
//! are computed here from the request as it came.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes as Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};
use tokio::net::TcpListener;

use super::*;

const REGION: &str = "eu-central-1";
const SECRET: &str = "what nobody else knows";

#[derive(Clone, Default)]
struct Service {
    objects: Arc<Lock<BTreeMap<String, Body>>>,
    deleted: Arc<Lock<Vec<String>>>,
}

impl Service {
    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
        let app = app.with_state(self);
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer(
    State(service): State<Service>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !is_signed(&method, &uri, &headers, &body) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut objects = service.objects.lock().unwrap();
    let name = uri.path().trim_start_matches("/clinic/").to_owned();
    match method {
        Method::PUT => {
            objects.insert(name, body);
            ([("etag", "\"1\"")], "").into_response()
        }
        Method::DELETE => {
            service.deleted.lock().unwrap().push(name.clone());
            objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET if uri.query().is_some_and(|query| query.contains("list-type=2")) => {
            let entry = |(name, body): (&String, &Body)| {
                format!(
                    "<Contents><Key>{name}</Key><LastModified>2026-11-28T00:00:00.000Z</LastModified><ETag>\"1\"</ETag><Size>{}</Size></Contents>",
                    body.len()
                )
            };
            let entries: String = objects.iter().map(entry).collect();
            format!("<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>")
                .into_response()
        }
        _ => match objects.get(&name) {
            Some(body) => {
                let headers = [
                    ("etag", "\"1\""),
                    ("last-modified", "Sat, 28 Nov 2026 00:00:00 GMT"),
                ];
                (headers, body.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

/// By this key, for this region, all of what came.
fn is_signed(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Body) -> bool {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let parts = header("authorization")
        .strip_prefix("AWS4-HMAC-SHA256 ")
        .unwrap_or_default();
    let part = |name: &str| {
        parts
            .split(", ")
            .find_map(|part| part.strip_prefix(name))
            .unwrap_or_default()
    };
    let date = header("x-amz-date");
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    let signed: String = part("SignedHeaders=")
        .split(';')
        .map(|name| format!("{name}:{}\n", header(name)))
        .collect();
    let mut query: Vec<_> = uri.query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let payload = header("x-amz-content-sha256");
    let request = [
        method.as_str(),
        uri.path(),
        &query.join("&"),
        &signed,
        part("SignedHeaders="),
        payload,
    ]
    .join("\n");
    let text = [
        "AWS4-HMAC-SHA256",
        date,
        &scope,
        &hex(digest(&SHA256, request.as_bytes()).as_ref()),
    ]
    .join("\n");
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for step in [day, REGION, "s3", "aws4_request"] {
        key = sign(&Key::new(HMAC_SHA256, &key), step.as_bytes())
            .as_ref()
            .to_vec();
    }
    let signature = hex(sign(&Key::new(HMAC_SHA256, &key), text.as_bytes()).as_ref());
    let is_body =
        [hex(digest(&SHA256, body).as_ref()), "UNSIGNED-PAYLOAD".to_owned()].contains(&payload.to_owned());
    part("Credential=") == format!("id/{scope}") && part("Signature=") == signature && is_body
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A task that knows this secret.
fn open(recordings: &Recordings, endpoint: &str, secret: &str) -> Arc<Places> {
    let file = recordings.0.join("credentials");
    std::fs::write(
        &file,
        format!("aws_access_key_id = id\naws_secret_access_key = {secret}\n"),
    )
    .unwrap();
    let bucket = rapport_config::Bucket {
        url: "s3://clinic/a/b".to_owned().try_into().unwrap(),
        endpoint: Some(endpoint.to_owned().try_into().unwrap()),
        region: REGION.to_owned(),
        credentials_file: Some(file),
        keep_local: true,
    };
    Uploader::open(&recordings.0, &bucket).unwrap().places
}

fn piece(file: &str, number: Option<u64>, length: u64) -> Piece {
    Piece {
        recording: ID,
        file: file.to_owned(),
        number,
        from: number.unwrap_or(0) * PIECE_BYTES,
        length,
    }
}

#[tokio::test]
async fn a_service_that_speaks_s3_gets_signed_requests_and_is_believed_when_it_gives_back_the_same() {
    let recordings = Recordings::new();
    ended(&recordings);
    let service = Service::default();
    let endpoint = service.clone().start().await;
    let places = open(&recordings, &endpoint, SECRET);
    assert!(
        places.bucket.contains(&endpoint),
        "another service has another bucket of this name"
    );
    let keys = piece("keys.jsonl", None, 3);
    let pieces = [piece("capture-000.mkv", Some(1), PIECE_BYTES), keys.clone()];
    for piece in &pieces {
        let work = |work| Arc::clone(&places).work(work);
        assert!(
            matches!(work(Work::Check(piece.clone())).await, Ok(Done::Lost)),
            "not there yet"
        );
        assert!(matches!(work(Work::Put(piece.clone())).await, Ok(Done::Put)));
        assert!(
            matches!(work(Work::Check(piece.clone())).await, Ok(Done::Same(sum)) if sum.length == piece.length)
        );
    }
    let of = |name: &str| format!("a/b/{ID}/{name}");
    assert_eq!(
        service.names(),
        [of("capture-000.mkv.00000001"), of("keys.jsonl")]
    );
    let file = recordings.read("capture-000.mkv");
    let put = service.objects.lock().unwrap()[&of("capture-000.mkv.00000001")].clone();
    assert!(put == file[PIECE_BYTES as usize..2 * PIECE_BYTES as usize]);

    // of the same length, and another
    service
        .objects
        .lock()
        .unwrap()
        .insert(of("keys.jsonl"), Body::from_static(b"{}x"));
    assert!(matches!(
        Arc::clone(&places).work(Work::Check(keys.clone())).await,
        Ok(Done::Lost)
    ));

    let stranger = open(&recordings, &endpoint, "a guess");
    assert!(matches!(
        stranger.work(Work::Put(keys)).await,
        Err(Trouble::Bucket(_))
    ));

    assert!(matches!(
        Arc::clone(&places).work(Work::Erase(ID)).await,
        Ok(Done::Erased(2))
    ));
    assert_eq!(service.deleted.lock().unwrap()[0], of("keys.jsonl"), "keys first");
    assert!(matches!(places.work(Work::Erase(ID)).await, Ok(Done::Erased(0))));
    assert!(service.names().is_empty());
}
