//! Where tests keep stores: files, and databases of a temporary cluster.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tidegate_admin::store::Store;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A place for one store.
pub(crate) struct Place {
    pub(crate) address: String,
    /// Of SQLite.
    pub(crate) file: Option<PathBuf>,
}

impl Place {
    pub(crate) async fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.address).await.unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(directory) = self.file.as_ref().and_then(|file| file.parent()) {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// A new file.
pub(crate) async fn sqlite() -> Option<Place> {
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}-{n}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("tidegate.db");
    Some(Place { address: format!("sqlite:{}", file.display()), file: Some(file) })
}

/// A new database; `None`, and a word on stderr, if there is no PostgreSQL.
pub(crate) async fn postgres() -> Option<Place> {
    let server = tokio::task::spawn_blocking(server).await.unwrap()?;
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tidegate_test_{n}");
    let mut admin = PgConnection::connect(&server).await.unwrap();
    for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    let (path, query) = server.split_once('?').unwrap_or((&server, ""));
    let (before, _) = path.rsplit_once('/').unwrap();
    Some(Place { address: format!("{before}/{name}?{query}"), file: None })
}

/// The URL of a server, ending in the database `postgres`.
fn server() -> Option<String> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            if let Ok(url) = std::env::var("TIDEGATE_TEST_PG") {
                // The last part of the path is the database; its neighbours are ours.
                let (path, query) =
                    url.split_once('?').map_or((&*url, None), |(path, query)| (path, Some(query)));
                let (server, _) = path.rsplit_once('/').expect("TIDEGATE_TEST_PG has no database");
                return Some(format!(
                    "{server}/postgres{}",
                    query.map(|q| format!("?{q}")).unwrap_or_default()
                ));
            }
            let found = cluster();
            if found.is_none() {
                eprintln!(
                    "SKIPPED: the tests on PostgreSQL (set TIDEGATE_TEST_PG, or install postgresql-15)"
                );
            }
            found
        })
        .clone()
}

/// Where the server's programs are.
pub(crate) fn programs() -> Option<PathBuf> {
    let version = |n: u32| PathBuf::from(format!("/usr/lib/postgresql/{n}/bin"));
    (15..=18).map(version).find(|bin| bin.join("initdb").exists())
}

/// A command that runs as somebody whom PostgreSQL lets run it: not as root.
fn unprivileged(program: PathBuf) -> Command {
    if rustix::process::getuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Starts a cluster that ends with this process; fsync stays on, for crashes are tested on it.
fn cluster() -> Option<String> {
    let bin = programs()?;
    let base = std::env::temp_dir();
    sweep(&base);
    let directory = base.join(format!("tidegate-pg-{}", std::process::id()));
    std::fs::create_dir_all(&directory).ok()?;
    if rustix::process::getuid().is_root() {
        let owned = Command::new("chown").arg("postgres:postgres").arg(&directory).status();
        owned.ok().filter(std::process::ExitStatus::success)?;
    }
    let data = directory.join("data");
    let made = unprivileged(bin.join("initdb"))
        .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
        .arg(&data)
        .current_dir(&directory)
        .stdout(Stdio::null())
        .status()
        .ok()?;
    assert!(made.success(), "initdb failed");
    let socket = directory.clone();
    // The thread lives as long as the process, for the signal is sent when it ends.
    std::thread::spawn(move || {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=INT");
        if rustix::process::getuid().is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        let mut server = command
            .arg("--")
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "max_connections=300", "-k"])
            .arg(&socket)
            .current_dir(&socket)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(socket.with_extension("log")).unwrap())
            .spawn()
            .unwrap();
        let _ = server.wait();
    });
    let ready = || {
        let ready = Command::new(programs()?.join("pg_isready"))
            .arg("-h")
            .arg(&directory)
            .stdout(Stdio::null())
            .status();
        ready.ok().filter(std::process::ExitStatus::success)
    };
    let begun = std::time::Instant::now();
    while ready().is_none() {
        assert!(begun.elapsed().as_secs() < 60, "the cluster in {} does not start", directory.display());
        std::thread::yield_now();
    }
    Some(format!("postgres://postgres@localhost/postgres?host={}", directory.display()))
}

/// Removes the clusters of processes that are gone.
fn sweep(base: &std::path::Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix("tidegate-pg-")) else { continue };
        let process = rest.trim_end_matches(".log");
        if process.parse::<u32>().is_ok() && !std::path::Path::new("/proc").join(process).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
