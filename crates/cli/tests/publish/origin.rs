//! The server whose snapshots are published: the routes of `tidegate-delivery` on a socket.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use tidegate::wire::{
    Head, KeyRing, PublicKey, RelayReport, Report, ReportAnswer, SdkKey, Sha256, SigningKey,
};
use tidegate_delivery::{
    Admission, Hub, Keys, Limits, Publication, Refused, ReportRefused, Reports, Service, router,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) struct Origin {
    pub(crate) url: String,
    pub(crate) hub: Arc<Hub>,
    // Ends the server when it is dropped.
    _runtime: Runtime,
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn sdk_key() -> SdkKey {
    SdkKey::from_bytes(&[0xab; 32])
}

impl Origin {
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// A server at an address.
    pub(crate) fn at(address: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let hub = Arc::new(Hub::new());
        let service = Service::new(Arc::clone(&hub), Arc::new(Door), Arc::new(Nobody), Limits::default());
        let socket = runtime.block_on(TcpListener::bind(address)).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(socket, router(service)).await });
        Self { url, hub, _runtime: runtime }
    }

    /// A server that has published a version of `prod` with the key of seed 1.
    pub(crate) fn of(version: u64) -> Self {
        let origin = Self::new();
        origin.publish(version, &key(1));
        origin
    }

    pub(crate) fn publish(&self, version: u64, signer: &SigningKey) {
        let document = document("prod", version);
        self.publish_as(&head("prod", version, Sha256::of(&document)), document, signer);
    }

    pub(crate) fn publish_as(&self, head: &Head, document: Vec<u8>, signer: &SigningKey) {
        let publication =
            Publication::new(head.clone(), signer.sign(head), Bytes::from(document), None).unwrap();
        assert!(self.hub.publish(publication));
    }

    /// The head of what is published, signed anew.
    pub(crate) fn renew(&self, at: i64, signer: &SigningKey) {
        let head = Head { at, ..self.hub.current(&"prod".into()).unwrap().head().clone() };
        assert!(self.hub.renew(&head, signer.sign(&head)));
    }

    /// The connection string for `prod`, with a public key pinned.
    pub(crate) fn connection(&self, pinned: PublicKey) -> String {
        self.connection_of("prod", &pinned.to_string())
    }

    pub(crate) fn connection_of(&self, environment: &str, key: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        format!("tidegate+http://{}@{address}?environment={environment}&key={key}", sdk_key().secret())
    }
}

pub(crate) fn document(environment: &str, version: u64) -> Vec<u8> {
    format!(r#"{{"schema_version":1,"version":{version},"environment":"{environment}"}}"#).into_bytes()
}

pub(crate) fn head(environment: &str, version: u64, sha256: Sha256) -> Head {
    Head { environment: environment.into(), version, sha256, at: 1_000, delta: None }
}

pub(crate) fn ring() -> KeyRing {
    KeyRing::pinned(key(1).public())
}

struct Door;

#[async_trait]
impl Keys for Door {
    async fn admit(&self, given: &str) -> Result<Admission, Refused> {
        if given != sdk_key().secret() {
            return Err(Refused::Unknown);
        }
        Ok(Admission { environment: "prod".into(), key_id: "1".into() })
    }
}

struct Nobody;

#[async_trait]
impl Reports for Nobody {
    async fn report(&self, _: &Admission, _: Report) -> Result<ReportAnswer, ReportRefused> {
        Err(ReportRefused::Unavailable("nobody reads reports here".into()))
    }

    async fn relay_report(&self, _: &Admission, _: RelayReport) -> Result<ReportAnswer, ReportRefused> {
        Err(ReportRefused::Unavailable("nobody reads reports here".into()))
    }
}
