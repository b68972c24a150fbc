//! The keys that a client trusts: the pinned one, and those that trusted ones endorse.

use std::collections::BTreeMap;

use super::key::Endorsement;
use super::token::{self, Opened};
use super::{Head, KeyId, PublicKey};
use crate::error::{Code, Error, quote};
use crate::model::Key;

/// The keys that are trusted.
///
/// A key that was ever trusted stays so for the life of the ring: to take the trust from one, clients get a new
/// connection string.
///
/// # Examples
/// ```
/// use tidegate::wire::{KeyRing, SigningKey};
///
/// let (old, new) = (SigningKey::generate()?, SigningKey::generate()?);
/// let mut ring = KeyRing::pinned(old.public());
/// assert!(ring.trust(old.endorse(&new.public(), 0).as_str())?);
/// assert!(ring.trusts(&new.public()));
/// # Ok::<(), tidegate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// None: asked to take what is not signed.
    keys: Option<BTreeMap<KeyId, PublicKey>>,
    /// By which the keys beyond the first came to be trusted, in that order.
    endorsements: Vec<String>,
}

impl KeyRing {
    /// The most endorsements that are looked at at once: a server tells those of all its rotations, the oldest first.
    const MOST_ENDORSEMENTS: usize = 1_000;
    /// The most keys that are trusted at once.
    pub const MOST_KEYS: usize = 64;

    /// Trusts one key, and whom it endorses.
    #[must_use]
    pub fn pinned(key: PublicKey) -> Self {
        Self { keys: Some(BTreeMap::from([(key.id(), key)])), endorsements: Vec::new() }
    }

    /// Takes every head, signed or not, and verifies no signature: for those who asked for it.
    #[must_use]
    pub fn unsigned() -> Self {
        Self { keys: None, endorsements: Vec::new() }
    }

    /// Trusts a key that a trusted key endorses; `Ok(false)`: it was trusted before, or the ring is unsigned.
    ///
    /// # Errors
    /// If the endorsement is not signed by a trusted key, or is not of its form; nothing has changed then.
    pub fn trust(&mut self, endorsement: &str) -> Result<bool, Error> {
        let Some(keys) = &mut self.keys else { return Ok(false) };
        let opened = Opened::new(endorsement, token::KEY)?;
        verified(keys, &opened)?;
        let Endorsement { key, .. } = opened.payload()?;
        match keys.get(&key.id()) {
            Some(known) if *known == key => return Ok(false),
            Some(_) => {
                let message = format!("another key has the id `{}`", key.id());
                return Err(Error::new(Code::BadPublicKey, "/key", message));
            }
            None => {}
        }
        if keys.len() >= Self::MOST_KEYS {
            let message = format!("expected at most {} trusted keys, found one more", Self::MOST_KEYS);
            return Err(Error::new(Code::TooManyKeys, "", message));
        }
        keys.insert(key.id(), key);
        self.endorsements.push(endorsement.to_owned());
        Ok(true)
    }

    /// Trusts all that follow from endorsements in any order; how many keys came in. Endorsements by others than trusted
    /// keys are passed over: a server tells also those that are older than the key which is pinned here.
    pub fn trust_all(&mut self, endorsements: &[String]) -> usize {
        let mut left: Vec<&String> = endorsements.iter().take(Self::MOST_ENDORSEMENTS).collect();
        let mut added = 0;
        loop {
            let before = left.len();
            left.retain(|endorsement| match self.trust(endorsement) {
                Ok(new) => {
                    added += usize::from(new);
                    false
                }
                Err(_) => true,
            });
            if left.len() == before {
                return added;
            }
        }
    }

    /// The endorsements that trust came from, in order: to be persisted, and given to [`KeyRing::trust_all`] later.
    #[must_use]
    pub fn endorsements(&self) -> &[String] {
        &self.endorsements
    }

    /// Whether a key is trusted; of an unsigned ring, none is.
    #[must_use]
    pub fn trusts(&self, key: &PublicKey) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.get(&key.id()) == Some(key))
    }

    /// Whether it takes what is not signed.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.keys.is_none()
    }

    /// The head in a token.
    ///
    /// # Errors
    /// If the token is not a head (TG6010, TG6011), not signed by a trusted key (TG6012 to TG6014), or of another
    /// environment (TG6015).
    pub fn verify(&self, token: &str, environment: &Key) -> Result<Head, Error> {
        let opened = Opened::new(token, token::HEAD)?;
        if let Some(keys) = &self.keys {
            verified(keys, &opened)?;
        }
        let head: Head = opened.payload()?;
        if head.environment != *environment {
            let message = format!(
                "expected a head of {}, found one of {}",
                quote(environment),
                quote(&head.environment)
            );
            return Err(Error::new(Code::OtherHead, "/environment", message));
        }
        Ok(head)
    }
}

fn verified(keys: &BTreeMap<KeyId, PublicKey>, opened: &Opened<'_>) -> Result<(), Error> {
    let Some((kid, signature)) = &opened.signed else {
        let problem = "expected a signed token, found one with `alg` `none`";
        return Err(Error::new(Code::UnsignedToken, "/alg", problem));
    };
    let Some(key) = keys.get(kid) else {
        let trusted: Vec<String> = keys.keys().take(4).map(|id| format!("`{id}`")).collect();
        let message =
            format!("expected a signature by the key {}, found one by `{kid}`", trusted.join(" or "));
        return Err(Error::new(Code::UntrustedKey, "/kid", message));
    };
    if key.verifies(opened.input.as_bytes(), signature) {
        return Ok(());
    }
    Err(Error::new(Code::BadSignature, "", format!("the signature is not that of the key `{kid}`")))
}
