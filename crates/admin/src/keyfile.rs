//! The key file: what the signing secrets of snapshots and webhooks are encrypted under.
//!
//! ```text
//!   secret ── XChaCha20-Poly1305(key of the file, fresh nonce) ──▶ base64(nonce ‖ ciphertext) ──▶ database
//! ```
//! It lies outside the database, so that a copy of the database alone gives no secret away. Without it, the secrets that are
//! stored cannot be read any more: it belongs into the backup, apart from the database's.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};

/// Bytes of a nonce.
const NONCE: usize = 24;
/// Bytes of a key.
const KEY: usize = 32;

/// A key from a file.
#[derive(Clone)]
pub struct KeyFile {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyFile(…)")
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("cannot read or make the key file `{path}`: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It holds something else than a key.
    #[error("the key file `{path}` must hold 64 hexadecimal digits")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read it.
    #[error("the key file `{path}` can be read by others (mode {mode:o}); hint: chmod 600")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// It was encrypted under another key, or is damaged.
    #[error("a stored secret cannot be decrypted with this key file")]
    Undecipherable,
}

impl KeyFile {
    /// Opens a key file, or makes one (readable by its owner only).
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn open_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let io = |cause| KeyFileError::Io { path: path.to_owned(), cause };
        let mut key = [0; KEY];
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                getrandom::fill(&mut key).map_err(KeyFileError::Random)?;
                file.write_all(hex::encode(key).as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
                if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                    fs::File::open(parent).and_then(|folder| folder.sync_all()).map_err(io)?;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                let mut file = fs::File::open(path).map_err(io)?;
                let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(KeyFileError::TooOpen { path: path.to_owned(), mode });
                }
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(io)?;
                hex::decode_to_slice(text.trim(), &mut key)
                    .map_err(|_| KeyFileError::Malformed { path: path.to_owned() })?;
            }
            Err(e) => return Err(io(e)),
        }
        Ok(Self { cipher: XChaCha20Poly1305::new(&Key::from(key)) })
    }

    /// One without a file.
    #[cfg(test)]
    pub(crate) fn for_test(seed: u8) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from([seed; KEY])) }
    }

    /// Encrypts a secret.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn seal(&self, secret: &[u8]) -> Result<String, KeyFileError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(KeyFileError::Random)?;
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), secret);
        let sealed = sealed.map_err(|_| KeyFileError::Undecipherable)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(BASE64_STANDARD.encode(bytes))
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// If it was encrypted under another key, or is damaged.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, KeyFileError> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| KeyFileError::Undecipherable)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(KeyFileError::Undecipherable)?;
        self.cipher.decrypt(&XNonce::from(*nonce), sealed).map_err(|_| KeyFileError::Undecipherable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_only_its_owner_reads_it() {
        let folder = std::env::temp_dir().join(format!("tidegate-key-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("key");
        let first = KeyFile::open_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = first.seal(b"whsec").unwrap();
        assert!(!sealed.contains("whsec"));
        let again = KeyFile::open_or_create(&path).unwrap();
        assert_eq!(again.open(&sealed).unwrap(), b"whsec");
        assert_ne!(first.seal(b"whsec").unwrap(), sealed);
        let other = KeyFile::open_or_create(&folder.join("other")).unwrap();
        assert!(matches!(other.open(&sealed), Err(KeyFileError::Undecipherable)));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyFile::open_or_create(&path), Err(KeyFileError::TooOpen { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(KeyFile::open_or_create(&path), Err(KeyFileError::Malformed { .. })));
        fs::remove_dir_all(folder).unwrap();
    }
}
