//! `serve`: the admin server.
use crate::failure::{Exit, Failure};
/// Serves
#[derive(clap::Args, Debug)]
pub(crate) struct Serve {}
pub(crate) fn run(_: &Serve) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
