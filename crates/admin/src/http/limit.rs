//! Rate limits: of each principal, and of addresses that send requests without a valid token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tidegate::model::Key;

use crate::clock::Clock;
use crate::config::{Limits as Config, Rate};
use crate::domain::{Code, Problem};

/// How many keys may be held before those that have rested are let go.
const KEYS: usize = 10_000;

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, Uptime, NoOpMiddleware<Duration>>;

/// Rate limits.
pub(crate) struct Limits {
    clock: Uptime,
    principals: Keyed<Key>,
    strangers: Keyed<IpAddr>,
}

/// The server's uptime as governor wants it, so that tests can set it.
#[derive(Clone)]
struct Uptime(Arc<dyn Clock>);

impl GovernorClock for Uptime {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().uptime)
    }
}

impl Limits {
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        let quota = |rate: Rate| Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let clock = Uptime(clock);
        let principals =
            RateLimiter::new(quota(config.principal), DefaultKeyedStateStore::default(), clock.clone());
        let strangers =
            RateLimiter::new(quota(config.stranger), DefaultKeyedStateStore::default(), clock.clone());
        Self { clock, principals, strangers }
    }

    /// Counts a request of a principal.
    ///
    /// # Errors
    /// 429, with the seconds to wait.
    pub(crate) fn principal(&self, id: &Key) -> Result<(), Problem> {
        check(&self.principals, id, &self.clock)
    }

    /// Counts a request without a valid token.
    ///
    /// # Errors
    /// 429, with the seconds to wait.
    pub(crate) fn stranger(&self, from: IpAddr) -> Result<(), Problem> {
        check(&self.strangers, &network(from), &self.clock)
    }
}

fn check<K>(limiter: &Keyed<K>, key: &K, clock: &Uptime) -> Result<(), Problem>
where
    K: std::hash::Hash + Eq + Clone,
{
    if limiter.len() > KEYS {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|until| {
        let wait = Duration::from(until.earliest_possible().duration_since(clock.now()));
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Problem::new(Code::RateLimited, format!("expected fewer requests; try again in {seconds} s"))
            .with("retry_after_s", seconds)
    })
}

/// An address, or the /64 that an IPv6 address is of: who has one of them has all.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        },
    }
}
