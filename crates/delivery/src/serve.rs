//! Serves connections, with as little memory for each as the HTTP library lets.
//!
//! `axum::serve` does as well, but with about a third more memory for each connection: it looks whether the client speaks HTTP/2,
//! and clones the router deep.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::serve::Listener as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tower_service::Service as _;

use crate::listener::{Connection, Listener};

/// Of a request's head, and of what a connection that is slow has not taken yet and may wait beside the event at hand.
const BUFFER_BYTES: usize = 65_536;

/// Serves until `stop`; then takes no more connections, and returns when those that there are have ended: after the answer that
/// they are at. (Streams do not end by themselves: see [`crate::Hub::close`].) Handlers find the peer's address as
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(mut listener: Listener, router: Router, stop: impl Future<Output = ()>) {
    // From here on, clones share what they hold.
    let router: Router = router.with_state(());
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let (connection, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        tokio::spawn(answer(connection, peer, router.clone(), stopped.clone()));
    }
    drop((listener, stopped));
    // Each connection that is served listens.
    stopping.send_replace(());
    stopping.closed().await;
}

async fn answer(connection: Connection, peer: SocketAddr, router: Router, mut stopped: watch::Receiver<()>) {
    let service = service_fn(move |request| call(router.clone(), peer, request));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER_BYTES);
    let mut served = pin!(builder.serve_connection(TokioIo::new(connection), service));
    let ended = tokio::select! {
        ended = &mut served => ended,
        _ = stopped.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        // Whoever went away or was too late.
        tracing::trace!(%peer, %error, "a connection failed");
    }
}

async fn call(
    mut router: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    // A router is always ready.
    router.call(request.map(Body::new)).await
}
