//! What the server needs to deliver snapshots, put together: hub, signer, who is let in, where it is reached.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::Url;
use tidegate::model::Key;
use tidegate::wire::{Connection, Kind, SdkKey, Trust};
use tidegate_delivery::{Hub, Reports, Service};

use super::{Doorkeeper, Signer, make};
use crate::auth::Used;
use crate::config::Config;
use crate::domain::command::signing_key;
use crate::domain::{Code, Problem, Tx};
use crate::fleet::Fleet;
use crate::keyfile::KeyFile;
use crate::writer::{Request, Writer};

/// Delivery of a server; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) hub: Arc<Hub>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) service: Service,
    /// Where SDKs reach the server, if that was said.
    public_url: Option<String>,
    address: SocketAddr,
}

impl Delivery {
    /// As configured; nothing is published yet.
    pub(crate) fn new(
        config: &Config,
        address: SocketAddr,
        writer: &Writer,
        keys: &KeyFile,
        used: &Arc<Used>,
        fleet: &Fleet,
    ) -> Self {
        let hub = Arc::new(Hub::new());
        let doorkeeper = Arc::new(Doorkeeper::new(writer.clone(), Arc::clone(used)));
        let reports: Arc<dyn Reports> = Arc::new(fleet.clone());
        Self {
            service: Service::new(Arc::clone(&hub), doorkeeper, reports, config.limits.delivery),
            hub,
            signer: Arc::new(Signer::new(keys.clone(), config.unsigned)),
            public_url: config.public_url.clone(),
            address,
        }
    }

    /// The connection string of an SDK key, whole. `url`: where the server is reached, if it was not told.
    ///
    /// # Errors
    /// `Invalid` if `url` is no base URL; `Unavailable` if there is no key that clients could pin.
    pub(crate) fn connection(
        &self,
        environment: &Key,
        url: Option<&str>,
        key: SdkKey,
    ) -> Result<String, Problem> {
        let url = match (&self.public_url, url) {
            (Some(public), _) => public.clone(),
            (None, Some(url)) => base_url(url).map_err(|why| Problem::new(Code::Invalid, why).at("/url"))?,
            (None, None) => format!("http://{}", self.address),
        };
        let trust = match self.signer.public() {
            _ if self.signer.is_unsigned() => Trust::Unsigned,
            Some(public) => Trust::Pinned(public),
            None => {
                let detail = "there is no signing key that this server can use, for clients to pin";
                return Err(
                    Problem::new(Code::Unavailable, detail).hint("GET /api/v1/signing-keys lists them")
                );
            }
        };
        let environment = Key::clone(environment);
        let connection = Connection { url, sdk_key: Some(key), environment, trust, kind: Kind::Live };
        Ok(connection.secret_text())
    }
}

/// A base URL without a slash at its end, checked.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let url: Url = text.parse().map_err(|e| format!("`{text}` is no URL: {e}"))?;
    let plain = url.username().is_empty() && url.password().is_none();
    let plain = plain && url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    Err(format!("expected `http` or `https`, a host, maybe a port and a path, found `{text}`"))
}

/// Makes the key that signs, if there is none yet.
///
/// # Errors
/// If it cannot be made or written.
pub(crate) async fn first_key(writer: &Writer, keys: &KeyFile) -> Result<(), Problem> {
    let world = writer.world();
    if signing_key::active(&world).is_some() {
        return Ok(());
    }
    let new = make(keys, &world, writer.now().wall, false)?;
    let command = Box::new(move |tx: &mut Tx| signing_key::bootstrap(tx, new));
    match writer.run(Request::system(command)).await {
        // Another server on the same store was first.
        Err(problem) if problem.code != Code::WrongState => Err(problem),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn a_base_url_has_a_host_and_nothing_behind_its_path() {
        assert_eq!(base_url("https://flags.example/base/").unwrap(), "https://flags.example/base");
        assert_eq!(base_url("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        for wrong in ["flags.example", "ftp://x/", "https://a:b@x/", "https://x/?a", "https://x/#a", ""] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
