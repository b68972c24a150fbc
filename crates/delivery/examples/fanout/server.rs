//! The server: what it is told by its standard input, it does.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate::model::Key;
use tidegate::wire::{Head, RelayReport, Report, ReportAnswer, Rows, Section, SigningKey, Token};
use tidegate_delivery::{
    Admission, History, Hub, Keys, Limits, Listener, Refused, ReportRefused, Reports, Service, Signer,
    Timeouts, router, serve,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;

use crate::{Fails, now};

/// The only SDK key.
pub(crate) const SDK_KEY: &str = "tgs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const GATES: usize = 1_000;

struct Pen(SigningKey);

impl Signer for Pen {
    fn sign(&self, head: &Head) -> Token {
        self.0.sign(head)
    }
}

struct One;

#[async_trait]
impl Keys for One {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        if sdk_key != SDK_KEY {
            return Err(Refused::Unknown);
        }
        Ok(Admission { environment: Key::from("prod"), key_id: "bench".to_owned() })
    }
}

#[async_trait]
impl Reports for One {
    async fn report(&self, _: &Admission, _: Report) -> Result<ReportAnswer, ReportRefused> {
        Ok(ReportAnswer::default())
    }

    async fn relay_report(&self, _: &Admission, _: RelayReport) -> Result<ReportAnswer, ReportRefused> {
        Ok(ReportAnswer::default())
    }
}

/// A gate as in the workload W4, with 10 ids in its list.
fn gate(number: usize, share: usize) -> String {
    let ids: Vec<String> =
        (0..10).map(|id| format!("\"user-{:06}\"", (number * 7_919 + id * 104_729) % 1_000_000)).collect();
    let mut text = String::from("{\"kind\":\"gate\",\"rules\":[");
    let _ = write!(
        text,
        "{{\"id\":\"r0\",\"if\":{{\"attribute\":\"id\",\"op\":\"in\",\"value\":[{}]}},\"variant\":\"on\"}},",
        ids.join(",")
    );
    text.push_str("{\"id\":\"r1\",\"if\":{\"attribute\":\"email\",\"op\":\"ends_with\",\"value\":\"@corp.example\"},\"variant\":\"on\"},");
    text.push_str("{\"id\":\"r2\",\"if\":{\"all\":[{\"attribute\":\"app_version\",\"op\":\"semver_gte\",\"value\":\"2.3.0\"},{\"attribute\":\"country\",\"op\":\"in\",\"value\":[\"DE\",\"FR\",\"NL\"]}]},\"variant\":\"on\"},");
    text.push_str("{\"id\":\"r3\",\"if\":{\"attribute\":\"region\",\"op\":\"eq\",\"value\":\"us-west\"},\"rollout\":{\"percent\":10},\"variant\":\"on\"},");
    let _ = write!(text, "{{\"id\":\"r4\",\"rollout\":{{\"percent\":{share}}},\"variant\":\"on\"}}]}}");
    text
}

#[tokio::main]
pub(crate) async fn run() -> Fails<()> {
    let hub = Arc::new(Hub::new());
    let limits = Limits::default();
    let service = Service::new(Arc::clone(&hub), Arc::new(One), Arc::new(One), limits);
    let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = socket.local_addr()?;
    let listener = Listener::new(socket, Timeouts::default());
    tokio::spawn(serve(listener, router(service), std::future::pending()));

    let pen: Arc<dyn Signer> = Arc::new(Pen(SigningKey::from_seed(&[7; 32])?));
    let mut history = History::new(Arc::clone(&pen));
    let mut rows = Rows::new(Key::from("prod"), 1);
    for number in 0..GATES {
        rows.insert(Section::Features, format!("gate-{number:04}").into(), gate(number, 50));
    }
    hub.publish(history.advance(Arc::new(rows.clone()), Vec::new(), 0)?);

    println!("{address}");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut version = 1;
    while let Some(line) = lines.next_line().await? {
        let acted = now();
        match line.as_str() {
            "beat" => hub.beat(Some(pen.as_ref()), i64::try_from(acted / 1_000_000)?)?,
            "publish" => {
                version += 1;
                let key = Key::from("gate-0500");
                rows.set_version(version);
                rows.insert(Section::Features, Key::clone(&key), gate(500, usize::try_from(version % 100)?));
                let changed = [(Section::Features, key)];
                hub.publish(history.advance(Arc::new(rows.clone()), changed, 0)?);
            }
            _ => return Err(format!("no such thing to do: {line}").into()),
        }
        println!("{acted} {}", now());
    }
    Ok(())
}
