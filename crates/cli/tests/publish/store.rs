//! A bucket: as much of the protocols of S3 and Google Cloud Storage as reading and writing objects takes.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// An object.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    pub(crate) authorization: String,
}

#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) objects: BTreeMap<String, Object>,
    /// The paths of what was written, in order.
    pub(crate) written: Vec<String>,
    /// Paths that must not be written.
    pub(crate) locked: HashSet<String>,
}

pub(crate) struct Bucket {
    pub(crate) url: String,
    shelf: Arc<Mutex<Shelf>>,
    // Ends the server when it is dropped.
    _runtime: Runtime,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let socket = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shelf));
        runtime.spawn(async move { axum::serve(socket, router).await });
        Self { url, shelf, _runtime: runtime }
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }

    /// What was written since it was asked before.
    pub(crate) fn written(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf().written)
    }
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Google's clients escape the whole name of an object.
    let path = parts.uri.path().replace("%2F", "/").replace("%2E", ".");
    let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
    let mut shelf = shelf.lock().unwrap();
    let text = |headers: &HeaderMap, name| {
        headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    match parts.method {
        Method::GET => match shelf.objects.get(&path) {
            Some(object) => found(object.bytes.clone()),
            None => refusal(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::PUT if shelf.locked.contains(&path) => refusal(StatusCode::FORBIDDEN, "AccessDenied"),
        Method::PUT => {
            let object = Object {
                bytes: body,
                content_type: text(&parts.headers, header::CONTENT_TYPE),
                cache_control: text(&parts.headers, header::CACHE_CONTROL),
                authorization: text(&parts.headers, header::AUTHORIZATION),
            };
            shelf.objects.insert(path.clone(), object);
            shelf.written.push(path);
            found(Vec::new())
        }
        _ => refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn found(bytes: Vec<u8>) -> Response {
    Response::builder()
        .header(header::ETAG, "\"1\"")
        .header("x-goog-generation", "1")
        .header(header::LAST_MODIFIED, "Sat, 21 Nov 2026 07:00:00 GMT")
        .body(Body::from(bytes))
        .unwrap()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    Response::builder().status(status).body(Body::from(body)).unwrap()
}
