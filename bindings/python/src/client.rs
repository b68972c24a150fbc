//! The client: what `tidegate.Client` is made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use tidegate::client::{ConnectOptions, Connected, Event, Proxy, Quiet, Streaming};
use tidegate::error::Code;
use tidegate::model::Key;
use tidegate::wire::Source;

use crate::arguments::{bytes, callable, flag, path, seconds, text};
use crate::callbacks::{Callbacks, Subscription, log};
use crate::engine::Engine;
use crate::error::{exception, of_package, raised, wrong_use, wrong_value};
use crate::gil::Guarded;
use crate::options::{Wish, process_attributes, read_mode};

/// The source as it is written in reports.
fn source(source: Source) -> &'static str {
    match source {
        Source::Bundled => "bundled",
        Source::Cache => "cache",
        Source::File => "file",
        Source::Poll => "poll",
        Source::Stream => "stream",
        _ => "defaults",
    }
}

/// The record of an event; none of a kind that this version does not know.
fn record<'py>(py: Python<'py>, event: &Event) -> PyResult<Option<Bound<'py, PyAny>>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let fields = PyDict::new(py);
    let kind = match event {
        Event::Ready { source: from, version } => {
            fields.set_item("source", source(*from))?;
            fields.set_item("version", version)?;
            "ready"
        }
        Event::Changed { source: from, version, features, lag } => {
            fields.set_item("source", source(*from))?;
            fields.set_item("version", version)?;
            fields.set_item("features", PyTuple::new(py, features.iter().map(|key: &Key| &**key))?)?;
            fields.set_item("lag", lag.as_secs_f64())?;
            "changed"
        }
        Event::Stale { age } => {
            fields.set_item("age", age.map(|age| age.as_secs_f64()))?;
            "stale"
        }
        Event::Fresh => "fresh",
        Event::Error(error) => {
            fields.set_item("error", exception(py, error)?)?;
            "error"
        }
        _ => return Ok(None),
    };
    let class = of_package(py, &CLASS, "tidegate._records", "Event")?;
    class.call((kind,), Some(&fields)).map(Some)
}

fn tell(py: Python<'_>, callbacks: &Callbacks, event: &Event) {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match record(py, event) {
        Ok(Some(record)) => {
            log(py, &LOG, "event", &record);
            callbacks.tell(py, "a callback of `on_event`", &record);
        }
        Ok(None) => {}
        Err(error) => error.write_unraisable(py, None),
    }
}

/// Sets a time of the options.
type Span = fn(ConnectOptions, Duration) -> ConnectOptions;

const SPANS: [(&str, Span); 9] = [
    ("answer_timeout", ConnectOptions::answer_timeout),
    ("connect_timeout", ConnectOptions::connect_timeout),
    ("flush_timeout", ConnectOptions::flush_timeout),
    ("network_first", ConnectOptions::network_first),
    ("poll_interval", ConnectOptions::poll_interval),
    ("read_stall", ConnectOptions::read_stall),
    ("report_interval", ConnectOptions::report_interval),
    ("stale_after", ConnectOptions::stale_after),
    ("watch_interval", ConnectOptions::watch_interval),
];

/// One option, by name; `None` is not given.
fn set(
    options: ConnectOptions,
    wish: &mut Wish,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<ConnectOptions> {
    if value.is_none() {
        return Ok(options);
    }
    let place = format!("/{name}");
    if let Some((_, span)) = SPANS.iter().find(|(own, _)| *own == name) {
        return Ok(span(options, seconds(value, &place)?));
    }
    Ok(match name {
        "process" => {
            wish.process = process_attributes(Some(value))?;
            options
        }
        "mode" => {
            wish.mode = read_mode(value)?;
            options
        }
        "counters" => {
            wish.counters = flag(value, &place)?;
            options
        }
        "keep_source" => {
            wish.keep_source = flag(value, &place)?;
            options
        }
        "cache" => options.cache(path(value, &place)?),
        "bundled" => options.bundled(path(value, &place)?),
        "bootstrap" => options.bootstrap(bytes(value, &place)?),
        "root_certificate" => options.root_certificate(bytes(value, &place)?),
        "streaming" => options.streaming(if flag(value, &place)? { Streaming::On } else { Streaming::Off }),
        "proxy" => match text(value, &place, "a str as proxy")? {
            "direct" => options.proxy(Proxy::Direct),
            "environment" => options.proxy(Proxy::Environment),
            url => options.proxy(Proxy::Url(url.to_owned())),
        },
        _ => {
            let message = format!("expected an option of a client, found `{name}`");
            return Err(wrong_value(value.py(), Code::BadArgument, &place, &message));
        }
    })
}

/// What runs behind a `tidegate.Client`.
#[pyclass(frozen, module = "tidegate._tidegate", name = "_Client", weakref)]
pub(crate) struct Client {
    client: tidegate::client::Client,
    engine: Py<Engine>,
    callbacks: Arc<Callbacks>,
    /// One for each thread that is about to fork.
    quiet: Guarded<Vec<Quiet>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.client.fmt(f)
    }
}

#[pymethods]
impl Client {
    /// Connects; `origin` is a connection string or, if `is_file`, a path.
    #[new]
    fn new(
        py: Python<'_>,
        origin: &Bound<'_, PyAny>,
        is_file: bool,
        on_event: Option<Bound<'_, PyAny>>,
        given: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let mut options = if is_file {
            ConnectOptions::from_file(path(origin, "/path")?)
        } else {
            let text = text(origin, "/connection", "a str as connection")?;
            ConnectOptions::from_connection(text).map_err(|error| raised(py, &error))?
        };
        let mut wish = Wish { counters: true, ..Wish::default() };
        for (name, value) in given.iter() {
            options = set(options, &mut wish, name.extract()?, &value)?;
        }
        let callbacks: Arc<Callbacks> = Arc::default();
        if let Some(callback) = on_event {
            callbacks.add(py, callable(&callback, "/on_event", "a callable")?);
        }
        let told = Arc::clone(&callbacks);
        let options = options
            .sdk("python", env!("CARGO_PKG_VERSION"))
            .engine(move || wish.builder())
            .on_event(move |event| {
                let _ = Python::try_attach(|py| tell(py, &told, event));
            });
        let client = crate::fork::update(py, || tidegate::Engine::connect(options))
            .map_err(|error| raised(py, &error))?;
        let engine = Py::new(py, Engine::around(client.engine().clone()))?;
        Ok(Self { client, engine, callbacks, quiet: Guarded::new(Vec::new()) })
    }

    #[getter]
    fn engine(&self, py: Python<'_>) -> Py<Engine> {
        self.engine.clone_ref(py)
    }

    /// Waits until something is served, the client is closed, or `timeout` is over; Ctrl-C ends it.
    fn wait_ready(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<&'static str> {
        const SLICE: Duration = Duration::from_millis(50);
        let timeout = seconds(timeout, "/timeout")?;
        let until = Instant::now().checked_add(timeout);
        loop {
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            match py.detach(|| self.client.wait_ready(left.min(SLICE))) {
                Ok(from) => return Ok(source(from)),
                Err(error) if error.code() != Code::NotReady => return Err(raised(py, &error)),
                Err(_) if left <= SLICE => break,
                Err(_) => py.check_signals()?,
            }
        }
        // The error says how long the last slice was, not all of them.
        let last = py.detach(|| self.client.status()).last_error;
        let last = last.map(|error| format!("; last error: {error}")).unwrap_or_default();
        let message = format!("expected a document within {timeout:?}, none came{last}");
        Err(wrong_use(py, Code::NotReady, &message))
    }

    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let status = py.detach(|| self.client.status());
        let error = status.last_error.as_ref().map(|error| exception(py, error)).transpose()?;
        of_package(py, &CLASS, "tidegate._records", "Status")?.call1((
            source(status.source),
            status.version,
            status.age.map(|age| age.as_secs_f64()),
            status.stale,
            Connected::as_str(status.connected),
            error,
            status.last_error_age.map(|age| age.as_secs_f64()),
            status.instance,
            status.life.as_str(),
        ))
    }

    fn on_event(&self, callback: Bound<'_, PyAny>) -> PyResult<Subscription> {
        let own = callable(&callback, "/callback", "a callable as callback")?;
        let number = self.callbacks.add(callback.py(), own);
        Ok(Subscription { callbacks: Arc::clone(&self.callbacks), number })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.close());
        self.callbacks.clear(py);
    }

    /// Holds the thread, until `release`.
    fn quiesce(&self, py: Python<'_>) {
        let quiet = py.detach(|| self.client.quiesce());
        if let Some(mut held) = self.quiet.lend(py) {
            held.push(quiet);
        }
    }

    fn release(&self, py: Python<'_>) {
        let quiet = self.quiet.lend(py).and_then(|mut held| held.pop());
        drop(quiet);
    }

    /// In a child of `fork`: connects anew.
    fn resume(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.client.resume()).map_err(|error| raised(py, &error))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine)?;
        self.callbacks.visit(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        self.callbacks.clear(py);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Its thread may be waiting for the GIL, to call back.
        Python::attach(|py| {
            self.callbacks.clear(py);
            py.detach(|| self.client.close());
        });
    }
}
