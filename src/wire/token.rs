//! Compact JWS: three parts, base64url without padding, joined by dots.
//!
//! INVARIANT: what is read is exactly what is written here: one form of header, one base64 of each byte sequence.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Head, KeyId};
use crate::error::{Code, Error, quote};

/// The `typ` of tokens whose payload is a [`Head`].
pub(super) const HEAD: &str = "tidegate-head+jws";
/// The `typ` of tokens by which a trusted key endorses another one.
pub(super) const KEY: &str = "tidegate-key+jws";

/// The most bytes of a token; those that are made have a few hundred.
const MOST_BYTES: usize = 4_096;

/// A signed statement, as it travels.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Token(String);

impl Token {
    /// A head that nobody signed, of a server that was asked to be unsigned; only [`KeyRing::unsigned`] takes it.
    ///
    /// [`KeyRing::unsigned`]: super::KeyRing::unsigned
    #[must_use]
    pub fn unsigned(head: &Head) -> Self {
        let mut text = signing_input(&Header { alg: Algorithm::None, typ: HEAD.into(), kid: None }, head);
        text.push('.');
        Self(text)
    }

    /// A token whose signature is made of header and payload.
    pub(super) fn signed(
        typ: &str,
        kid: &KeyId,
        payload: &impl Serialize,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Self {
        let header = Header { alg: Algorithm::EdDsa, typ: typ.into(), kid: Some(kid.to_string()) };
        let mut text = signing_input(&header, payload);
        let signature = sign(text.as_bytes());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Self(text)
    }

    /// A token as it came, to be passed on. Whether it is one, and whose, [`KeyRing::verify`] says.
    ///
    /// [`KeyRing::verify`]: super::KeyRing::verify
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, given away.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The header. Nothing else may be in it: a `crit`, a `jwk` or an `x5u` would ask for what is not done here.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Algorithm,
    typ: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
enum Algorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "none")]
    None,
}

/// A token taken apart; nothing is verified yet.
pub(super) struct Opened<'t> {
    /// What was signed: header, dot, payload, as they stand in the text.
    pub(super) input: &'t str,
    payload: Vec<u8>,
    /// The key that it says to be signed by, and the signature; none: it says to be unsigned.
    pub(super) signed: Option<(KeyId, Vec<u8>)>,
}

impl<'t> Opened<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// If it is not of the one form that is written here, or of another type than `typ`.
    pub(super) fn new(text: &'t str, typ: &str) -> Result<Self, Error> {
        if text.len() > MOST_BYTES {
            return Err(bad(format!("expected at most {MOST_BYTES} bytes, found {}", text.len())));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(bad(format!("expected three parts joined by dots, found {}", parts.len())));
        };
        let head: Header = json(&bytes(header, "header")?, "header")?;
        if head.typ != typ {
            let message = format!("expected a token of type `{typ}`, found {}", quote(&head.typ));
            return Err(Error::new(Code::OtherToken, "/typ", message));
        }
        let payload_bytes = bytes(payload, "payload")?;
        let signature = bytes(signature, "signature")?;
        let signed = match (head.alg, head.kid, signature.is_empty()) {
            (Algorithm::None, None, true) => None,
            (Algorithm::EdDsa, Some(kid), false) => Some((kid.parse()?, signature)),
            (Algorithm::None, ..) => {
                return Err(bad("expected neither `kid` nor signature with `alg` `none`".into()));
            }
            (Algorithm::EdDsa, ..) => {
                return Err(bad("expected `kid` and a signature, found one missing".into()));
            }
        };
        let input = text.get(..header.len() + 1 + payload.len()).unwrap_or_default();
        Ok(Self { input, payload: payload_bytes, signed })
    }

    /// The payload, read; for use after the signature was verified.
    ///
    /// # Errors
    /// If a field is missing or of another form. Unknown fields are passed over: a newer server may say more.
    pub(super) fn payload<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json(&self.payload, "payload")
    }
}

fn signing_input(header: &Header, payload: &impl Serialize) -> String {
    let part = |json: serde_json::Result<Vec<u8>>| URL_SAFE_NO_PAD.encode(json.unwrap_or_default());
    format!("{}.{}", part(serde_json::to_vec(header)), part(serde_json::to_vec(payload)))
}

/// Canonical base64url only: no padding, no line break, no stray bits at the end.
fn bytes(part: &str, name: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|error| {
        bad(format!("expected base64url without padding as the {name}, found an error: {error}"))
    })
}

fn json<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| bad(format!("the {name} is not as it must be: {error}")))
}

fn bad(message: String) -> Error {
    Error::new(Code::BadToken, "", message)
}
