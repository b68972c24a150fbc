//! No client: every call says so.

use std::convert::Infallible;

use super::{tg_client_state, tg_connect_options, tg_event, tg_source};
use crate::engine::tg_engine;
use crate::report::{Ended, tg_report};
use crate::status::tg_status;

/// There is none.
pub(super) type Client = Infallible;
/// There is none.
pub(super) type Quiet = Infallible;

/// # Safety
/// None is needed here.
pub(super) unsafe fn connect(_: &tg_connect_options) -> Result<(tg_engine, Client), tg_status> {
    Err(tg_status::NotAvailable)
}

pub(super) fn wait_ready(client: &Client, _: u32) -> Result<tg_source, tg_status> {
    match *client {}
}

pub(super) fn state(client: &Client) -> Result<tg_client_state, tg_status> {
    match *client {}
}

pub(super) fn last_error(client: &Client) -> Result<tg_report, tg_status> {
    match *client {}
}

pub(super) fn on_event(
    client: &Client,
    _: impl Fn(&tg_event) + Send + Sync + 'static,
) -> Result<Ended, tg_status> {
    match *client {}
}

pub(super) fn close(client: &Client) -> Result<(), tg_status> {
    match *client {}
}

pub(super) fn quiesce(client: &Client) -> Result<Quiet, tg_status> {
    match *client {}
}

pub(super) fn resume(client: &Client) -> Result<(), tg_status> {
    match *client {}
}
