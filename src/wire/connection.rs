//! The connection string: address, SDK key, environment and pinned public key in one line.
//!
//! ```text
//!  tidegate+https://<sdk key>@host[:port][/base]?environment=prod&key=<public key>     a server or relay
//!  tidegate+static+https://host[:port]/dir?environment=prod&key=<public key>           files on any web server
//! ```
//! `http` instead of `https` for a network that one trusts; `key=none` takes what is not signed.
//! INVARIANT: the SDK key is in no `Display` or `Debug`, and in no error.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::PublicKey;
use super::sha256::read_hex;
use crate::error::{Code, Error, nearest, quote};
use crate::model::Key;
use crate::model::limits::KEY_BYTES;

/// The most bytes of a connection string.
const MOST_BYTES: usize = 4_096;
const LIVE: &str = "tidegate+";
const STATIC: &str = "tidegate+static+";
const PARAMETERS: [&str; 2] = ["environment", "key"];

/// Where snapshots come from, and whom to trust.
///
/// # Examples
/// ```
/// use tidegate::wire::{Connection, Kind, SigningKey, Trust};
///
/// let key = SigningKey::from_seed(&[7; 32])?.public();
/// let sdk_key = format!("tgs_{}", "0123456789abcdef".repeat(4));
/// let text = format!("tidegate+https://{sdk_key}@flags.example/base?environment=prod&key={key}");
///
/// let connection: Connection = text.parse()?;
/// assert_eq!(connection.url, "https://flags.example/base");
/// assert_eq!((connection.kind, connection.trust), (Kind::Live, Trust::Pinned(key)));
/// assert_eq!(connection.secret_text(), text);
/// assert!(!format!("{connection} {connection:?}").contains(&sdk_key));
/// # Ok::<(), tidegate::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connection {
    /// The address that paths such as `/sdk/v1/snapshot` are put behind: scheme, host, port, base; no slash at the end.
    pub url: String,
    /// What admits to the server; none for static hosting.
    pub sdk_key: Option<SdkKey>,
    /// The environment whose snapshots are wanted.
    pub environment: Key,
    /// Whose signatures are taken.
    pub trust: Trust,
    /// Who answers there.
    pub kind: Kind,
}

/// Whose signatures are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// Those of this key, and of keys that it endorses.
    Pinned(PublicKey),
    /// Nobody's are asked for.
    Unsigned,
}

/// Who answers at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A server or a relay.
    Live,
    /// A web server with files, as `tidegate publish` writes them.
    Static,
}

impl Connection {
    /// The whole text, with the SDK key: to be handed to whom it is for, never to be logged.
    #[must_use]
    pub fn secret_text(&self) -> String {
        self.text(self.sdk_key.as_ref().map(SdkKey::secret))
    }

    fn text(&self, sdk_key: Option<&str>) -> String {
        let prefix = match self.kind {
            Kind::Live => LIVE,
            Kind::Static => STATIC,
        };
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("https", &self.url));
        let key = match &self.trust {
            Trust::Pinned(key) => key.to_string(),
            Trust::Unsigned => "none".to_owned(),
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("environment", &self.environment).append_pair("key", &key);
        let user = sdk_key.map(|sdk_key| format!("{sdk_key}@")).unwrap_or_default();
        format!("{prefix}{scheme}://{user}{rest}?{}", query.finish())
    }
}

impl fmt::Display for Connection {
    /// Without the SDK key, of which a few characters are left to tell one from another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.sdk_key.as_ref().map(SdkKey::to_string);
        f.write_str(&self.text(shown.as_deref()))
    }
}

impl FromStr for Connection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MOST_BYTES {
            return Err(bad(format!("expected at most {MOST_BYTES} bytes, found {}", text.len())));
        }
        let (kind, address) = if let Some(rest) = text.strip_prefix(STATIC) {
            (Kind::Static, rest)
        } else if let Some(rest) = text.strip_prefix(LIVE) {
            (Kind::Live, rest)
        } else {
            // Not the text itself: a secret may be in it.
            return Err(bad(
                "expected `tidegate+https://…` or `tidegate+static+https://…`, found another scheme".into(),
            ));
        };
        let mut url =
            Url::parse(address).map_err(|error| bad(format!("the address cannot be read: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!(
                "expected `http` or `https` as the scheme, found {}",
                quote(url.scheme())
            )));
        }
        if url.password().is_some() || url.fragment().is_some() {
            return Err(bad("expected neither a password nor a fragment (`#…`), found one".into()));
        }
        let sdk_key = match (kind, url.username()) {
            (Kind::Live, "") => {
                return Err(bad("expected an SDK key before the host (`tgs_…@`), found none".into()));
            }
            (Kind::Live, user) => Some(user.parse()?),
            (Kind::Static, "") => None,
            (Kind::Static, _) => {
                return Err(bad("expected no SDK key for static hosting, found one before the host".into()));
            }
        };
        let (environment, trust) = parameters(&url)?;
        // A URL with a host takes all of these.
        let _ = url.set_username("");
        url.set_query(None);
        let url = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, sdk_key, environment, trust, kind })
    }
}

fn parameters(url: &Url) -> Result<(Key, Trust), Error> {
    let [mut environment, mut key] = [None, None];
    for (name, value) in url.query_pairs() {
        let place = match &*name {
            "environment" => &mut environment,
            "key" => &mut key,
            other => {
                let hint = nearest(other, PARAMETERS).map(|name| format!("; did you mean `{name}`?"));
                let message =
                    format!("expected the parameters `environment` and `key`, found {}", quote(other));
                return Err(bad(message + &hint.unwrap_or_default()));
            }
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(bad(format!("the parameter `{name}` stands twice")));
        }
    }
    let environment = environment.filter(|name| !name.is_empty() && name.len() <= KEY_BYTES);
    let environment = environment
        .ok_or_else(|| bad(format!("expected `environment=` with a key of 1 to {KEY_BYTES} bytes")))?;
    let trust = match key.as_deref() {
        None => {
            let message =
                "expected `key=` with the public key of the server, or `key=none` to take what is not signed";
            return Err(bad(message.into()));
        }
        Some("none") => Trust::Unsigned,
        // An error about a public key repeats it; this is none, and a secret.
        Some(key) if key.starts_with(SdkKey::PREFIX) => {
            return Err(bad("expected `key=` with the public key of the server, found an SDK key".into()));
        }
        Some(key) => Trust::Pinned(key.parse()?),
    };
    Ok((environment.into(), trust))
}

fn bad(message: String) -> Error {
    Error::new(Code::BadConnection, "", message)
}

/// What admits a client to an environment: `tgs_` and 64 hexadecimal digits. A secret: `Display` and `Debug` show four of
/// the digits.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct SdkKey(Box<str>);

impl SdkKey {
    /// What every SDK key begins with.
    pub const PREFIX: &str = "tgs_";

    /// Of 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        struct Hex<'b>(&'b [u8]);
        impl fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                super::sha256::write_hex(f, self.0)
            }
        }
        Self(format!("{}{}", Self::PREFIX, Hex(bytes)).into())
    }

    /// The key itself, for the `Authorization` header.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SdkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning = self.0.get(..Self::PREFIX.len() + 4).unwrap_or_default();
        write!(f, "{beginning}…")
    }
}

impl fmt::Debug for SdkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SdkKey({self})")
    }
}

impl FromStr for SdkKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix(Self::PREFIX).and_then(read_hex::<32>);
        if digits.is_none() {
            let found = text.len();
            let message =
                format!("expected `tgs_` and 64 lower-case hexadecimal digits, found another {found} bytes");
            return Err(Error::new(Code::BadSdkKey, "", message));
        }
        Ok(Self(text.into()))
    }
}
