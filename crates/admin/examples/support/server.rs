//! A server in a process of its own, so that what it costs can be measured: this program, called again with `serve`.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tidegate_admin::clock::Clock;
use tidegate_admin::config::Config;

use crate::http::Connection;

/// A failure, told to whoever started the program.
pub(crate) type Fails<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A server, and an admin's token.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) process: Child,
    folder: PathBuf,
}

impl Server {
    /// Starts one on a new SQLite file, or on `store`.
    pub(crate) fn start(store: Option<&str>) -> Fails<Self> {
        let folder = env::temp_dir().join(format!("tidegate-load-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let file = format!("sqlite:{}", folder.join("tidegate.db").display());
        let mut process = Command::new(env::current_exe()?)
            .args(["serve", store.unwrap_or(&file)])
            .arg(folder.join("tidegate.key"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let said: Json = serde_json::from_str(&line).map_err(|_| "the server did not start")?;
        let text = |name: &str| said.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (url, once) = (text("url"), text("token"));
        let mut connection = Connection::open(&url, &once)?;
        let made = connection.send("POST", "/api/v1/tokens", Some(&json!({"description": "load"})))?.ok()?;
        let token = made.get("secret").and_then(Json::as_str).ok_or("no secret")?.to_owned();
        Ok(Self { url, token, process, folder })
    }

    /// A connection of the admin.
    pub(crate) fn connect(&self) -> Fails<Connection> {
        Ok(Connection::open(&self.url, &self.token)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// `serve <store> <key file>`: says its URL and one-time token, and runs until it is killed.
pub(crate) fn serve(store: &str, key_file: &str, clock: Arc<dyn Clock>) -> Fails<()> {
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        store: store.to_owned(),
        key_file: Some(key_file.into()),
        grace: Duration::from_secs(1),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = tidegate_admin::server::serve_with(config, clock).await?;
        let said = json!({"url": server.url(), "token": server.admin_token()});
        let mut out = std::io::stdout();
        writeln!(out, "{said}")?;
        out.flush()?;
        server.run().await?;
        Ok(())
    })
}
