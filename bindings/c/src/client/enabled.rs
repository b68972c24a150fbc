//! The client of the feature `http`.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use tidegate::Engine;
use tidegate::client::{ConnectOptions, Connected, Event, Life, Proxy, Streaming};
use tidegate::error::Error;
use tidegate::wire::Source;

use super::{
    TG_CONNECT_DIRECT, TG_CONNECT_POLL, tg_client_state, tg_connect_options, tg_connected, tg_event,
    tg_event_kind, tg_life, tg_source,
};
use crate::engine::{Wish, tg_engine};
use crate::report::{Ended, Report, noted, tg_report};
use crate::status::tg_status;
use crate::text::{optional, tg_str};

pub(super) type Client = tidegate::client::Client;
pub(super) type Quiet = tidegate::client::Quiet;

/// # Safety
/// The options and what they point to are readable.
pub(super) unsafe fn connect(given: &tg_connect_options) -> Result<(tg_engine, Client), tg_status> {
    // SAFETY: the caller's.
    let options = unsafe { read(given) }?;
    let client = Engine::connect(options).map_err(noted)?;
    Ok((tg_engine::around(client.engine().clone(), None)?, client))
}

/// Sets a time of the options.
type Span = fn(ConnectOptions, Duration) -> ConnectOptions;

/// # Safety
/// The options and what they point to are readable.
unsafe fn read(given: &tg_connect_options) -> Result<ConnectOptions, tg_status> {
    // SAFETY: the caller's.
    let (connection, file, wish) =
        unsafe { (optional(given.connection)?, optional(given.file)?, Wish::read(given.engine)?) };
    let mut options = match (connection, file) {
        (Some(connection), None) => ConnectOptions::from_connection(connection).map_err(noted)?,
        (None, Some(file)) => ConnectOptions::from_file(file),
        _ => return Err(tg_status::InvalidArgument),
    };
    options = options.sdk("c", env!("CARGO_PKG_VERSION")).engine(move || wish.builder());
    // SAFETY: the caller's.
    let (cache, bundled, bootstrap) =
        unsafe { (optional(given.cache)?, optional(given.bundled)?, optional(given.bootstrap)?) };
    // SAFETY: the caller's.
    let (certificate, proxy) = unsafe { (optional(given.root_certificate)?, optional(given.proxy)?) };
    if let Some(cache) = cache {
        options = options.cache(cache);
    }
    if let Some(bundled) = bundled {
        options = options.bundled(bundled);
    }
    if let Some(bootstrap) = bootstrap {
        options = options.bootstrap(bootstrap);
    }
    if let Some(certificate) = certificate {
        options = options.root_certificate(certificate);
    }
    if given.flags & TG_CONNECT_POLL != 0 {
        options = options.streaming(Streaming::Off);
    }
    options = match proxy {
        Some(_) if given.flags & TG_CONNECT_DIRECT != 0 => return Err(tg_status::InvalidArgument),
        Some(url) => options.proxy(Proxy::Url(url.to_owned())),
        None if given.flags & TG_CONNECT_DIRECT != 0 => options.proxy(Proxy::Direct),
        None => options,
    };
    Ok(with_times(options, given))
}

fn with_times(mut options: ConnectOptions, given: &tg_connect_options) -> ConnectOptions {
    let times: [(u32, Span); 5] = [
        (given.poll_interval_ms, ConnectOptions::poll_interval),
        (given.report_interval_ms, ConnectOptions::report_interval),
        (given.connect_timeout_ms, ConnectOptions::connect_timeout),
        (given.stale_after_ms, ConnectOptions::stale_after),
        (given.watch_interval_ms, ConnectOptions::watch_interval),
    ];
    for (ms, set) in times.into_iter().filter(|(ms, _)| *ms > 0) {
        options = set(options, Duration::from_millis(u64::from(ms)));
    }
    options
}

impl From<Source> for tg_source {
    fn from(source: Source) -> Self {
        match source {
            Source::Bundled => Self::Bundled,
            Source::Cache => Self::Cache,
            Source::File => Self::File,
            Source::Poll => Self::Poll,
            Source::Stream => Self::Stream,
            _ => Self::Defaults,
        }
    }
}

pub(super) fn wait_ready(client: &Client, timeout_ms: u32) -> Result<tg_source, tg_status> {
    let ready = client.wait_ready(Duration::from_millis(u64::from(timeout_ms)));
    ready.map(tg_source::from).map_err(|error| tg_status::from(&error))
}

pub(super) fn state(client: &Client) -> Result<tg_client_state, tg_status> {
    let status = client.status();
    let mut instance: [c_char; 37] = [0; 37];
    // The last place stays zero.
    for (place, byte) in instance.iter_mut().take(36).zip(status.instance.bytes()) {
        *place = byte as c_char;
    }
    Ok(tg_client_state {
        source: status.source.into(),
        connected: match status.connected {
            Connected::Poll => tg_connected::Poll,
            Connected::Stream => tg_connected::Stream,
            _ => tg_connected::No,
        },
        life: match status.life {
            Life::Closed => tg_life::Closed,
            Life::Forked => tg_life::Forked,
            _ => tg_life::Running,
        },
        last_error: status.last_error.as_ref().map_or(tg_status::Ok, tg_status::from),
        version: status.version,
        age_ms: status.age.map_or(-1, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX)),
        stale: status.stale,
        instance,
    })
}

pub(super) fn last_error(client: &Client) -> Result<tg_report, tg_status> {
    let status = client.status();
    let error: Error = status.last_error.ok_or(tg_status::NoValue)?;
    Ok(tg_report::new(Arc::new(Report::of_error(&error, status.version))))
}

pub(super) fn on_event(
    client: &Client,
    tell: impl Fn(&tg_event) + Send + Sync + 'static,
) -> Result<Ended, tg_status> {
    Ok(Ended::Events(client.on_event(move |event| told(event, &tell))))
}

fn told(event: &Event, tell: &impl Fn(&tg_event)) {
    let none = tg_event {
        kind: tg_event_kind::Fresh,
        source: tg_source::Defaults,
        version: 0,
        changed: 0,
        lag_ms: 0,
        status: tg_status::Ok,
        message: tg_str::NONE,
    };
    match event {
        Event::Ready { source, version } => {
            tell(&tg_event {
                kind: tg_event_kind::Ready,
                source: (*source).into(),
                version: *version,
                ..none
            });
        }
        Event::Changed { source, version, features, lag } => tell(&tg_event {
            kind: tg_event_kind::Changed,
            source: (*source).into(),
            version: *version,
            changed: features.len(),
            lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
            ..none
        }),
        Event::Stale { .. } => tell(&tg_event { kind: tg_event_kind::Stale, ..none }),
        Event::Fresh => tell(&none),
        Event::Error(error) => {
            let message = error.to_string();
            let (status, message) = (error.into(), tg_str::of(&message));
            tell(&tg_event { kind: tg_event_kind::Error, status, message, ..none });
        }
        // One that this header does not name.
        _ => {}
    }
}

pub(super) fn close(client: &Client) -> Result<(), tg_status> {
    client.close();
    Ok(())
}

pub(super) fn quiesce(client: &Client) -> Result<Quiet, tg_status> {
    Ok(client.quiesce())
}

pub(super) fn resume(client: &Client) -> Result<(), tg_status> {
    client.resume().map_err(|error| tg_status::from(&error))
}
