//! What all handlers share.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use tidegate::release::Now;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::limit::Limits;
use super::metrics::Metrics;
use crate::auth::{self, Caller, Used};
use crate::config;
use crate::domain::{Problem, World};
use crate::fleet::Fleet;
use crate::keyfile::KeyFile;
use crate::propagation::Counter;
use crate::publisher::Delivery;
use crate::store::Store;
use crate::writer::Writer;

/// What all handlers share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// See [`App`].
pub(crate) struct Shared {
    pub(crate) writer: Writer,
    pub(crate) limits: config::Limits,
    pub(crate) rates: Limits,
    pub(crate) used: Arc<Used>,
    pub(crate) keys: KeyFile,
    /// Snapshots on their way to SDKs.
    pub(crate) delivery: Delivery,
    /// For what is not in the world: the log, deliveries, the use of tokens.
    pub(crate) store: Arc<Store>,
    /// What the instances report.
    pub(crate) fleet: Fleet,
    /// Who has applied what propagates.
    pub(crate) propagation: Counter,
    pub(crate) metrics: Metrics,
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
    /// One permit a stream of events.
    pub(crate) streams: Arc<Semaphore>,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Who sent a request, and the world that it is answered from.
    ///
    /// # Errors
    /// 401 without a valid token, 429 if there were too many requests.
    pub(crate) fn authenticate(&self, parts: &Parts) -> Result<(Caller, Arc<World>, Now), Problem> {
        let (world, now) = (self.writer.world(), self.writer.now());
        match auth::caller(&world, &parts.headers, now) {
            Ok(caller) => {
                self.rates.principal(&caller.actor.id)?;
                self.used.note(&caller.token, now.wall);
                Ok((caller, world, now))
            }
            Err(problem) => {
                self.rates.stranger(address(parts))?;
                Err(problem)
            }
        }
    }
}

/// Where a request came from.
fn address(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}
