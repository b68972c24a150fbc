//! A Prometheus of one's own, on a free port, that scrapes one address; ends when dropped.

use std::error::Error;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use tokio::process::{Child, Command};

/// How long it may take to start, or to see a number.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at another process, which tells nobody when it is ready.
const PACE: Duration = Duration::from_millis(25);

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus {
    pub(crate) url: String,
    folder: PathBuf,
    process: Child,
}

impl Prometheus {
    /// Starts it, to scrape `http://{target}/metrics` five times a second; `None`: it is not installed.
    pub(crate) async fn start(target: &str) -> Result<Option<Self>, Box<dyn Error>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder =
            format!("tidegate-prometheus-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(folder);
        fs::create_dir_all(&folder)?;
        let config = folder.join("prometheus.yml");
        fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
                 scrape_configs: [{{job_name: demo, static_configs: [{{targets: ['{target}']}}]}}]\n"
            ),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let process = match started {
            Ok(process) => process,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::remove_dir_all(&folder)?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let this = Self { url: format!("http://127.0.0.1:{port}"), folder, process };
        this.until("/-/ready", |_| true).await?;
        Ok(Some(this))
    }

    /// Waits until an instant query gives a text, e.g. `"0.4"]`.
    pub(crate) async fn sees(&self, query: &str, text: &str) -> Result<(), Box<dyn Error>> {
        self.until(&format!("/api/v1/query?query={query}"), |body| body.contains(text)).await
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn stop(mut self) -> Result<(), Box<dyn Error>> {
        Ok(self.process.kill().await?)
    }

    async fn until(&self, path: &str, holds: impl Fn(&str) -> bool) -> Result<(), Box<dyn Error>> {
        let client = tidegate_admin::outbound::client(Duration::from_secs(5))?;
        let begin = Instant::now();
        let mut seen = String::new();
        while begin.elapsed() < PATIENCE {
            if let Ok(answer) = client.get(format!("{}{path}", self.url)).send().await {
                let is_success = answer.status().is_success();
                seen = answer.text().await.unwrap_or_default();
                if is_success && holds(&seen) {
                    return Ok(());
                }
            }
            tokio::time::sleep(PACE).await;
        }
        Err(format!("Prometheus: {path} is not as expected after {PATIENCE:?}: {seen}").into())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may still write while it dies; what remains is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
