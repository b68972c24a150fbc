//! Keys: the public ones that clients pin, and the signing ones that servers keep.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::sha256::{read_hex, write_hex};
use super::token::{self, Token};
use super::{Head, Sha256};
use crate::error::{Code, Error, quote};

/// An Ed25519 public key; written as base64url without padding, 43 characters.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Of its 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tokens call it: the first 16 hexadecimal digits of its SHA-256.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(Sha256::of(&self.0).as_bytes()) {
            *to = *from;
        }
        KeyId(id)
    }

    /// Whether a signature of a message is that of this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| {
            let message =
                format!("expected 43 characters of base64url without padding, found {}", quote(text));
            Error::new(Code::BadPublicKey, "", message)
        })
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The name of a public key; written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_hex(text).map(Self).ok_or_else(|| {
            let message =
                format!("expected 16 lower-case hexadecimal digits as a key's id, found {}", quote(text));
            Error::new(Code::BadPublicKey, "", message)
        })
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A key that signs heads; cheap to clone. `Debug` shows its id only.
///
/// # Examples
/// ```
/// use tidegate::wire::{Head, KeyRing, Sha256, SigningKey};
///
/// let key = SigningKey::generate()?;
/// let head = Head { environment: "prod".into(), version: 42, sha256: Sha256::of(b"{}"), at: 0, delta: None };
/// let token = key.sign(&head);
///
/// let ring = KeyRing::pinned(key.public());
/// assert_eq!(ring.verify(token.as_str(), &"prod".into())?, head);
/// assert!(ring.verify(token.as_str(), &"dev".into()).is_err());
/// # Ok::<(), tidegate::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(Arc<Pair>);

struct Pair {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// If the system gives no random numbers (TG6021).
    pub fn generate() -> Result<Self, Error> {
        let mut seed = [0; 32];
        let none =
            |_| Error::new(Code::NoRandomness, "", "the system gives no random numbers to make a key of");
        SystemRandom::new().fill(&mut seed).map_err(none)?;
        Self::from_seed(&seed)
    }

    /// The key of a seed: what was stored.
    ///
    /// # Errors
    /// If it makes no key (none of 32 bytes does not, but the library leaves it open).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Error> {
        let refused = |_| Error::new(Code::BadPublicKey, "", "the seed makes no signing key");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(refused)?;
        let public = pair.public_key().as_ref().try_into().map(PublicKey);
        let public =
            public.map_err(|_| Error::new(Code::BadPublicKey, "", "the seed makes no signing key"))?;
        Ok(Self(Arc::new(Pair { seed: *seed, pair, public })))
    }

    /// The secret, to be stored sealed.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.0.seed
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.0.public
    }

    /// Signs a head.
    #[must_use]
    pub fn sign(&self, head: &Head) -> Token {
        self.token(token::HEAD, head)
    }

    /// Says that another key is to be trusted as this one is.
    ///
    /// `at`: when, unix time in milliseconds.
    #[must_use]
    pub fn endorse(&self, key: &PublicKey, at: i64) -> Token {
        self.token(token::KEY, &Endorsement { key: *key, at })
    }

    fn token(&self, typ: &str, payload: &impl Serialize) -> Token {
        Token::signed(typ, &self.public().id(), payload, |input| self.signature(input))
    }

    pub(super) fn signature(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        for (to, from) in out.iter_mut().zip(self.0.pair.sign(message).as_ref()) {
            *to = *from;
        }
        out
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

/// The payload of an endorsement.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Endorsement {
    /// The key that is to be trusted.
    pub(super) key: PublicKey,
    /// When it was endorsed, unix time in milliseconds.
    at: i64,
}
