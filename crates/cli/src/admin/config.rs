//! Where the server is and with which token: options, variables, the configuration file.
//!
//! ```text
//!  server: --server > TIDEGATE_SERVER > config.toml > http://127.0.0.1:8080
//!  token:  --token-file > TIDEGATE_TOKEN > config.toml (`token` or `token_file`)
//! ```
//! The file is `$XDG_CONFIG_HOME/tidegate/config.toml`, or `~/.config/tidegate/config.toml`. Files with a token that others may read
//! are refused.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Remote;
use crate::failure::{Exit, Failure, reason};

const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    server: Option<String>,
    token: Option<String>,
    token_file: Option<PathBuf>,
}

/// What a client needs.
#[derive(Debug)]
pub(super) struct Access {
    /// The base URL, without a slash at the end.
    pub(super) server: String,
    /// The token, if there is one.
    pub(super) token: Option<String>,
}

/// Looks in all places, in order.
pub(super) fn access(remote: &Remote) -> Result<Access, Failure> {
    let (path, config) = read_config()?;
    let server = remote.server.clone().or(config.server).unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    let server = server.trim().trim_end_matches('/').to_owned();
    if !(server.starts_with("http://") || server.starts_with("https://")) {
        return Err(Failure::usage(format!("`{server}` is no URL of a server"))
            .hint("expected one such as http://127.0.0.1:8080 or https://tidegate.example"));
    }
    let token = if let Some(file) = &remote.token_file {
        Some(read_token(file)?)
    } else if let Some(token) = env::var("TIDEGATE_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
        Some(checked(&token, "TIDEGATE_TOKEN")?)
    } else if let Some(token) = config.token {
        let path = path.unwrap_or_default();
        private(&path)?;
        Some(checked(&token, &path.display().to_string())?)
    } else {
        config.token_file.map(|file| read_token(&file)).transpose()?
    };
    Ok(Access { server, token })
}

fn read_config() -> Result<(Option<PathBuf>, Config), Failure> {
    let Some(path) = config_path() else { return Ok((None, Config::default())) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Some(path), Config::default())),
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let config = toml::from_str(&text).map_err(|error| {
        Failure::usage(format!("{} is no configuration: {}", path.display(), error.message()))
            .hint("its keys are `server`, `token` and `token_file`")
    })?;
    Ok((Some(path), config))
}

fn config_path() -> Option<PathBuf> {
    let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")))?;
    Some(base.join("tidegate/config.toml"))
}

fn read_token(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    private(path)?;
    file.read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    checked(&text, &path.display().to_string())
}

/// A token goes into a header: what would break out of it is refused, and not shown.
fn checked(text: &str, place: &str) -> Result<String, Failure> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage(format!("{place} holds no token"))
            .hint("a token is `tg_` and 64 hexadecimal digits, on one line"));
    }
    Ok(token.to_owned())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Io, format!("cannot read {}: {}", path.display(), reason(error)))
}

/// Refuses a file with a secret that others may read.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    // A pipe, as of `<(…)`, has no mode of its own.
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        return Err(Failure::usage(format!("{} holds a token, and others may read it", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), Failure> {
    Ok(())
}
