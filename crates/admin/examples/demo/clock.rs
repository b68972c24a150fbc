//! A server whose uptime runs fast, so that an hour of baking is a minute of watching.

use async_trait::async_trait;
use tidegate::release::{NextWake, Now};
use tidegate_admin::clock::{Clock, SystemClock};

/// How many seconds of uptime pass in one.
pub(crate) const SPEED: u64 = 60;

/// The machine's clocks, the uptime [`SPEED`] times as fast; the wall clock is left alone.
#[derive(Debug, Default)]
pub(crate) struct FastClock(SystemClock);

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> Now {
        let now = self.0.now();
        Now { uptime: now.uptime.saturating_mul(SPEED), ..now }
    }

    fn measured(&self) -> Now {
        self.0.now()
    }

    fn at_least(&self, total: u64) {
        self.0.at_least(total.div_ceil(SPEED));
    }

    fn heard(&self, total: u64) {
        self.0.heard(total.div_ceil(SPEED));
    }

    fn lead(&self, leads: bool) {
        self.0.lead(leads);
    }

    async fn sleep(&self, until: NextWake) {
        self.0.sleep(NextWake { uptime: until.uptime.map(|at| at.div_ceil(SPEED)), ..until }).await;
    }
}
