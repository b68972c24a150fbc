//! Where static files go: a directory, or a bucket.
//!
//! INVARIANT: whoever reads a file there gets the old bytes or the new ones, never a part.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Prefix;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt as _, PutOptions, RetryConfig};
use tempfile::NamedTempFile;
use tokio::runtime::{Builder, Runtime};

use super::{Item, MOST_BYTES};
use crate::failure::{Exit, Failure, reason};

/// How long a bucket's server may take for one request, and how long requests are repeated.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A directory or a bucket with a prefix.
pub(super) struct Place {
    /// As it was named.
    name: String,
    kind: Kind,
}

enum Kind {
    Bucket { store: Box<dyn ObjectStore>, prefix: Prefix, runtime: Runtime },
    Directory(PathBuf),
}

impl Place {
    /// The place that `--to` names.
    pub(super) fn new(name: &str) -> Result<Self, Failure> {
        let kind = match name.split_once("://") {
            None => Kind::Directory(PathBuf::from(name)),
            Some((scheme, rest)) => bucket(scheme, rest)?,
        };
        Ok(Self { name: name.to_owned(), kind })
    }

    /// As it was named.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What is there.
    pub(super) fn read(&self, item: Item) -> Result<Option<Vec<u8>>, Failure> {
        match &self.kind {
            Kind::Directory(directory) => match read_file(&directory.join(item.name())) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(self.failure("read", item, &reason(&error))),
            },
            Kind::Bucket { store, prefix, runtime } => {
                let path = prefix.clone().join(item.name());
                let read = runtime.block_on(async {
                    let found = store.get(&path).await?;
                    if found.meta.size > MOST_BYTES {
                        return Ok(Vec::new());
                    }
                    found.bytes().await.map(Vec::from)
                });
                match read {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(self.failure("read", item, &why(&error))),
                }
            }
        }
    }

    /// Puts something there, in one step.
    pub(super) fn write(&self, item: Item, bytes: &[u8]) -> Result<(), Failure> {
        match &self.kind {
            Kind::Directory(directory) => write_file(directory, item.name(), bytes)
                .map_err(|error| self.failure("write", item, &reason(&error))),
            Kind::Bucket { store, prefix, runtime } => {
                let path = prefix.clone().join(item.name());
                let mut attributes = Attributes::new();
                attributes.insert(Attribute::ContentType, item.content_type().into());
                attributes.insert(Attribute::CacheControl, item.cache_control().into());
                let options = PutOptions { attributes, ..PutOptions::default() };
                let written = runtime.block_on(store.put_opts(&path, bytes.to_vec().into(), options));
                written.map(drop).map_err(|error| self.failure("write", item, &why(&error)))
            }
        }
    }

    fn failure(&self, what: &str, item: Item, why: &str) -> Failure {
        let slash = if self.name.ends_with('/') { "" } else { "/" };
        let failure =
            Failure::new(Exit::Io, format!("cannot {what} {}{slash}{}: {why}", self.name, item.name()));
        match &self.kind {
            Kind::Directory(_) => failure,
            Kind::Bucket { .. } => {
                failure.hint("do the variables AWS_… or GOOGLE_… give credentials for it?")
            }
        }
    }
}

/// A bucket, with what the variables of its cloud say: credentials, region, endpoint.
fn bucket(scheme: &str, rest: &str) -> Result<Kind, Failure> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(Failure::usage(format!("expected `{scheme}://bucket/prefix`, found no bucket")));
    }
    let prefix = Prefix::parse(prefix.trim_end_matches('/'))
        .map_err(|error| Failure::usage(format!("`{prefix}` cannot be a prefix: {error}")))?;
    // Another provider that is set up already does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig { max_retries: 4, retry_timeout: TIMEOUT, ..RetryConfig::default() };
    let store: Result<Box<dyn ObjectStore>, _> = match scheme {
        "s3" => AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_retry(retry)
            .build()
            .map(|store| Box::new(store) as Box<dyn ObjectStore>),
        "gs" => GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(bucket)
            .with_retry(retry)
            .build()
            .map(|store| Box::new(store) as Box<dyn ObjectStore>),
        _ => {
            let message = format!("expected a directory, `s3://…` or `gs://…`, found `{scheme}://…`");
            return Err(Failure::usage(message));
        }
    };
    let store = store
        .map_err(|error| Failure::usage(format!("{scheme}://{bucket} cannot be used: {}", why(&error))))?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Io, format!("cannot start: {error}")))?;
    Ok(Kind::Bucket { store, prefix, runtime })
}

/// The innermost reasons too, which the outer ones often leave out; on one line.
fn why(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let inner = error.to_string();
        if !text.contains(&inner) {
            text.push_str(": ");
            text.push_str(&inner);
        }
        source = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // What is larger was not written here: it counts as something else, without being read.
    if fs::metadata(path)?.len() > MOST_BYTES { Ok(Vec::new()) } else { fs::read(path) }
}

/// Beside, synced, renamed, and the directory synced: after a power cut there is the old file or the new one.
fn write_file(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut file = NamedTempFile::with_prefix_in(format!(".{name}."), directory)?;
    file.write_all(bytes)?;
    // For the web server to read.
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(directory.join(name)).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}
