//! Clients: an engine that is kept current, by a thread of the core. Its events come to the event loop by a thread-safe function
//! that does not keep the process alive.

use std::time::Duration;

use napi::bindgen_prelude::{AsyncTask, Env, Function, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, Task};
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use tidegate::Engine;
use tidegate::client::{Client, ConnectOptions, Event, Proxy, Streaming};
use tidegate::error::Error;
use tidegate::wire::Source;

use crate::call::{guarded, json};
use crate::engine::{EngineOptions, insert, options};
use crate::failure::Failure;
use crate::state::{self, EngineSlot};

/// What keeps a callback subscribed.
pub(crate) enum Feed {
    Updates(
        #[expect(dead_code, reason = "dropping it ends the subscription")] tidegate::engine::Subscription,
    ),
}

/// A callback, to be called from any thread with a text; it runs on the event loop, which it does not keep alive.
pub(crate) fn listener(
    callback: Function<'_, String, ()>,
) -> napi::Result<impl Fn(String) + Send + Sync + 'static> {
    let callback: ThreadsafeFunction<String, (), String, Status, false, true> =
        callback.build_threadsafe_function::<String>().weak::<true>().build()?;
    Ok(move |text| {
        // Refused only where the environment is about to end: there is nobody to tell.
        let _ = callback.call(text, ThreadsafeFunctionCallMode::NonBlocking);
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    connection: Option<String>,
    file: Option<String>,
    engine: EngineOptions,
    cache: Option<String>,
    bundled: Option<String>,
    #[serde(default)]
    root_certificates: Vec<String>,
    proxy: Option<String>,
    #[serde(default)]
    direct: bool,
    #[serde(default)]
    poll_only: bool,
    #[serde(default)]
    times: Times,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Times {
    poll_interval: Option<u64>,
    report_interval: Option<u64>,
    network_first: Option<u64>,
    connect_timeout: Option<u64>,
    answer_timeout: Option<u64>,
    read_stall: Option<u64>,
    stale_after: Option<u64>,
    flush_timeout: Option<u64>,
    watch_interval: Option<u64>,
}

type Span = fn(ConnectOptions, Duration) -> ConnectOptions;

impl Times {
    fn put(&self, options: ConnectOptions) -> ConnectOptions {
        let spans: [(Option<u64>, Span); 9] = [
            (self.poll_interval, ConnectOptions::poll_interval),
            (self.report_interval, ConnectOptions::report_interval),
            (self.network_first, ConnectOptions::network_first),
            (self.connect_timeout, ConnectOptions::connect_timeout),
            (self.answer_timeout, ConnectOptions::answer_timeout),
            (self.read_stall, ConnectOptions::read_stall),
            (self.stale_after, ConnectOptions::stale_after),
            (self.flush_timeout, ConnectOptions::flush_timeout),
            (self.watch_interval, ConnectOptions::watch_interval),
        ];
        let given = spans.into_iter().filter_map(|(ms, set)| Some((ms?, set)));
        given.fold(options, |options, (ms, set)| set(options, Duration::from_millis(ms)))
    }
}

impl Given {
    fn options(self, bootstrap: Option<Vec<u8>>) -> Result<ConnectOptions, Failure> {
        let mut options = match (&self.connection, self.file) {
            (Some(connection), None) => ConnectOptions::from_connection(connection)?,
            (None, Some(file)) => ConnectOptions::from_file(file),
            _ => {
                return Err(Failure::argument("connection", "expected either a connection string or a file"));
            }
        };
        let engine = self.engine;
        options = options.sdk("node", env!("CARGO_PKG_VERSION")).engine(move || engine.builder());
        if let Some(cache) = self.cache {
            options = options.cache(cache);
        }
        if let Some(bundled) = self.bundled {
            options = options.bundled(bundled);
        }
        if let Some(bootstrap) = bootstrap {
            options = options.bootstrap(bootstrap);
        }
        options = self.root_certificates.into_iter().fold(options, ConnectOptions::root_certificate);
        options = match self.proxy {
            Some(url) => options.proxy(Proxy::Url(url)),
            None if self.direct => options.proxy(Proxy::Direct),
            None => options,
        };
        if self.poll_only {
            options = options.streaming(Streaming::Off);
        }
        Ok(self.times.put(options))
    }
}

/// Connects; each event goes to `callback` as JSON text, on the event loop. `[client, engine]`
#[napi]
fn client_connect(
    given: String,
    bootstrap: Option<Uint8Array>,
    callback: Function<'_, String, ()>,
) -> napi::Result<Vec<i32>> {
    let listener = listener(callback)?;
    guarded(|| {
        let given: Given = options(&given)?;
        let options = given.options(bootstrap.map(|bytes| bytes.to_vec()))?;
        let options = options.on_event(move |event| {
            if let Ok(text) = event_text(event) {
                listener(text);
            }
        });
        let client = Engine::connect(options)?;
        state::with(|state| {
            let engine = insert(state, EngineSlot::new(client.engine().clone(), None))?;
            let full = || Failure::limit("expected at most four million clients");
            Ok(vec![state.clients.insert(client).ok_or_else(full)?, engine])
        })
    })
}

fn client(handle: i32) -> Result<Client, Failure> {
    state::with(|state| state.clients.find(handle).cloned().ok_or_else(|| Failure::closed("client")))
}

#[napi]
fn client_status(handle: i32) -> napi::Result<String> {
    guarded(|| status_text(&client(handle)?))
}

/// Ends a client on a thread of libuv's: the last counts are sent, its thread ends.
pub(crate) struct Close(Option<Client>);

impl Task for Close {
    type Output = String;
    type JsValue = String;

    /// The last status.
    fn compute(&mut self) -> napi::Result<String> {
        let client = self.0.take();
        guarded(|| {
            let Some(client) = client else { return Err(Failure::closed("client")) };
            client.close();
            status_text(&client)
        })
    }

    fn resolve(&mut self, _: Env, status: String) -> napi::Result<String> {
        Ok(status)
    }
}

#[napi]
fn client_close(handle: i32) -> napi::Result<AsyncTask<Close>> {
    guarded(|| {
        let client = state::with(|state| Ok(state.clients.retire(handle)))?;
        Ok(AsyncTask::new(Close(Some(client.ok_or_else(|| Failure::closed("client"))?))))
    })
}

fn source(source: Source) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(source).map_err(|error| Failure::defect(&error.to_string()))
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn error(error: &Error) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(Failure::from(error.clone())).map_err(|error| Failure::defect(&error.to_string()))
}

fn status_text(client: &Client) -> Result<String, Failure> {
    let status = client.status();
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Text {
        source: serde_json::Value,
        version: u64,
        age_ms: Option<u64>,
        stale: bool,
        connected: &'static str,
        last_error: Option<serde_json::Value>,
        last_error_age_ms: Option<u64>,
        instance: String,
        life: &'static str,
    }
    json(&Text {
        source: source(status.source)?,
        version: status.version,
        age_ms: status.age.map(ms),
        stale: status.stale,
        connected: status.connected.as_str(),
        last_error: status.last_error.as_ref().map(error).transpose()?,
        last_error_age_ms: status.last_error_age.map(ms),
        instance: status.instance,
        life: status.life.as_str(),
    })
}

fn event_text(event: &Event) -> Result<String, Failure> {
    let fields = match event {
        Event::Ready { source: from, version } => {
            serde_json::json!({"type": "ready", "source": source(*from)?, "version": version})
        }
        Event::Changed { source: from, version, features, lag } => serde_json::json!({
            "type": "changed", "source": source(*from)?, "version": version, "features": features, "lagMs": lag.as_secs_f64() * 1e3,
        }),
        Event::Stale { age } => serde_json::json!({"type": "stale", "ageMs": age.map(ms)}),
        Event::Fresh => serde_json::json!({"type": "fresh"}),
        Event::Error(found) => serde_json::json!({"type": "error", "error": error(found)?}),
        _ => serde_json::json!({"type": "other"}),
    };
    json(&fields)
}
