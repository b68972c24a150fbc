//! A relay in a process of its own: this program, called again with `relay`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use tidegate::wire::Connection;
use tidegate_delivery::relay;
use tokio::net::TcpListener;

use crate::server::Fails;

/// Where it finds its connection string: not among its arguments, which everybody on the machine can read.
const UPSTREAM: &str = "TIDEGATE_UPSTREAM";

/// A relay; it ends when this is dropped.
pub(crate) struct Relay {
    /// For clients behind it.
    pub(crate) connection: Connection,
    process: Child,
}

impl Relay {
    /// Starts one that follows a server.
    pub(crate) fn start(server: &Connection) -> Fails<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("relay")
            .env(UPSTREAM, server.secret_text())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut url)?;
        }
        let connection = Connection { url: url.trim().to_owned(), ..server.clone() };
        if connection.url.is_empty() {
            return Err("the relay did not start".into());
        }
        Ok(Self { connection, process })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `relay`: says its URL when it has something to serve, and runs until it is killed.
pub(crate) fn run() -> Fails<()> {
    let upstream: Connection = std::env::var(UPSTREAM)?.parse()?;
    let environment = upstream.environment.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let relay = relay::Relay::start(relay::Config::new(vec![upstream])).await?;
        let mut served = relay.service().hub().subscribe(&environment);
        served.wait_for(Option::is_some).await?;
        let mut out = std::io::stdout();
        writeln!(out, "http://{address}")?;
        out.flush()?;
        relay.serve(socket, std::future::pending()).await;
        Ok(())
    })
}
