//! Who signs: the active signing key, opened with the key file; and how keys are made.
//!
//! ```text
//!   World::signing_keys ─ active ─ sealed seed ── key file ──▶ SigningKey ─▶ tokens
//! ```
//! INVARIANT: a seed is in memory and, sealed, in the store; nowhere else.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tidegate::model::Key;
use tidegate::wire::{Head, PublicKey, SigningKey, Token};

use crate::domain::command::signing_key::{NewSigningKey, active};
use crate::domain::entity::Endorsement;
use crate::domain::{Code, Problem, World};
use crate::keyfile::KeyFile;

/// Signs with the key that is active.
#[derive(Debug)]
pub(crate) struct Signer {
    keys: KeyFile,
    /// The server was asked to sign nothing.
    unsigned: bool,
    active: ArcSwapOption<Active>,
}

#[derive(Debug)]
struct Active {
    id: Key,
    key: SigningKey,
}

impl Signer {
    /// One that has no key yet.
    pub(crate) fn new(keys: KeyFile, unsigned: bool) -> Self {
        Self { keys, unsigned, active: ArcSwapOption::empty() }
    }

    /// Whether the server was asked to sign nothing.
    pub(crate) fn is_unsigned(&self) -> bool {
        self.unsigned
    }

    /// Whether there is what it takes to publish.
    pub(crate) fn is_ready(&self) -> bool {
        self.unsigned || self.active.load().is_some()
    }

    /// The key that clients are to pin, of a server that signs.
    pub(crate) fn public(&self) -> Option<PublicKey> {
        self.active.load().as_ref().filter(|_| !self.unsigned).map(|active| active.key.public())
    }

    /// Takes the key that is active in a world; true if it is another than before. One that cannot be opened is told to the
    /// log, and the one before goes on.
    pub(crate) fn follow(&self, world: &World) -> bool {
        let Some((id, _)) = active(world).filter(|_| !self.unsigned) else { return false };
        if self.active.load().as_ref().is_some_and(|active| active.id == *id) {
            return false;
        }
        match opened(&self.keys, world) {
            Ok(Some((id, key))) => {
                self.active.store(Some(Arc::new(Active { id, key })));
                true
            }
            Ok(None) => false,
            Err(problem) => {
                tracing::error!(
                    key = &**id,
                    detail = problem.detail,
                    "the active signing key cannot be used"
                );
                false
            }
        }
    }
}

impl tidegate_delivery::Signer for Signer {
    fn sign(&self, head: &Head) -> Token {
        match self.active.load().as_ref().filter(|_| !self.unsigned) {
            Some(active) => active.key.sign(head),
            // Nothing is published without a key, unless that was asked for.
            None => Token::unsigned(head),
        }
    }
}

/// A new signing key: sealed, and endorsed by the one that is active now; not if that is `lost`.
///
/// # Errors
/// If the active key cannot be opened, or there is no randomness.
pub(crate) fn make(keys: &KeyFile, world: &World, at: i64, lost: bool) -> Result<NewSigningKey, Problem> {
    let key = SigningKey::generate().map_err(|e| Problem::new(Code::Unavailable, e.to_string()))?;
    let seed = keys.seal(key.seed()).map_err(|e| Problem::new(Code::Unavailable, e.to_string()))?;
    let public = key.public();
    let by = if lost { None } else { opened(keys, world)? };
    let endorsement = by.map(|(by, old)| Endorsement { by, token: old.endorse(&public, at).into_string() });
    Ok(NewSigningKey { id: public.id().to_string().into(), public: public.to_string(), seed, endorsement })
}

/// The active key and its id, if there is one.
fn opened(keys: &KeyFile, world: &World) -> Result<Option<(Key, SigningKey)>, Problem> {
    let Some((id, key)) = active(world) else { return Ok(None) };
    let cannot = |why: String| {
        let detail = format!("signing key `{id}` cannot be opened: {why}");
        Problem::new(Code::WrongState, detail)
            .hint("start the server with the key file that it was made under; or, if that is lost, rotate with `lost`")
    };
    let seed = key.seed.as_deref().ok_or_else(|| cannot("its secret is gone".to_owned()))?;
    let seed = keys.open(seed).map_err(|e| cannot(e.to_string()))?;
    let seed = <[u8; 32]>::try_from(seed).map_err(|_| cannot("its secret is no seed".to_owned()))?;
    let opened = SigningKey::from_seed(&seed).map_err(|e| cannot(e.to_string()))?;
    if opened.public().to_string() != key.public {
        return Err(cannot("its secret is that of another key".to_owned()));
    }
    Ok(Some((Key::clone(id), opened)))
}

#[cfg(test)]
mod tests {
    use tidegate::wire::{KeyRing, Sha256};
    use tidegate_delivery::Signer as _;

    use super::*;
    use crate::domain::command::fixture::{Fixture, body};
    use crate::domain::command::signing_key;

    fn head() -> Head {
        Head { environment: "prod".into(), version: 7, sha256: Sha256::of(b"{}"), at: 1, delta: None }
    }

    #[test]
    fn clients_that_pin_the_old_key_follow_to_the_new_one() {
        let keys = KeyFile::for_test(1);
        let mut fixture = Fixture::new();
        let signer = Signer::new(keys.clone(), false);
        assert!(!signer.follow(&fixture.world) && !signer.is_ready());
        let first = make(&keys, &fixture.world, 1, false).unwrap();
        assert_eq!(first.endorsement, None);
        fixture.system(|tx| signing_key::bootstrap(tx, first)).unwrap();
        assert!(signer.follow(&fixture.world) && !signer.follow(&fixture.world));
        let mut ring = KeyRing::pinned(signer.public().unwrap());
        ring.verify(signer.sign(&head()).as_str(), &"prod".into()).unwrap();

        let second = make(&keys, &fixture.world, 2, false).unwrap();
        let rotate = body(serde_json::json!({}));
        fixture.run("ann", |tx| signing_key::rotate(tx, rotate, second)).unwrap();
        assert!(signer.follow(&fixture.world));
        let token = signer.sign(&head());
        ring.verify(token.as_str(), &"prod".into()).unwrap_err();
        assert_eq!(ring.trust_all(&signing_key::endorsements(&fixture.world)), 1);
        ring.verify(token.as_str(), &"prod".into()).unwrap();
    }

    #[test]
    fn with_another_key_file_the_key_before_goes_on_and_none_is_endorsed() {
        let (ours, others) = (KeyFile::for_test(1), KeyFile::for_test(2));
        let mut fixture = Fixture::new();
        let first = make(&ours, &fixture.world, 1, false).unwrap();
        fixture.system(|tx| signing_key::bootstrap(tx, first)).unwrap();
        let (signer, stranger) = (Signer::new(ours.clone(), false), Signer::new(others.clone(), false));
        signer.follow(&fixture.world);
        assert!(!stranger.follow(&fixture.world) && !stranger.is_ready());
        let refused = make(&others, &fixture.world, 2, false).unwrap_err();
        assert_eq!(refused.code, Code::WrongState);
        let new = make(&others, &fixture.world, 2, true).unwrap();
        assert_eq!(new.endorsement, None);
        let lost = body(serde_json::json!({"lost": true, "reason": "the disk died"}));
        fixture.run("ann", |tx| signing_key::rotate(tx, lost, new)).unwrap();
        let before = signer.public();
        assert!(stranger.follow(&fixture.world) && !signer.follow(&fixture.world));
        assert_eq!(signer.public(), before);
    }

    #[test]
    fn an_unsigned_server_has_no_key_to_pin() {
        let signer = Signer::new(KeyFile::for_test(1), true);
        assert!(signer.is_ready() && signer.public().is_none());
        let token = signer.sign(&head());
        KeyRing::unsigned().verify(token.as_str(), &"prod".into()).unwrap();
    }
}
