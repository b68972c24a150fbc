//! Rate limits: of each principal, and of addresses that send requests without a valid token.

use std::net::IpAddr;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota};
use tidegate::model::Key;

use crate::config::{Limits as Config, Rate};
use crate::domain::{Code, Problem};

/// How many keys may be held before those that have rested are let go.
const KEYS: usize = 10_000;

type Keyed<K> = DefaultKeyedRateLimiter<K>;

/// Rate limits, by the process's monotonic clock: the server's uptime stands still while no server leads.
pub(crate) struct Limits {
    principals: Keyed<Key>,
    strangers: Keyed<IpAddr>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        let quota = |rate: Rate| Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let (principals, strangers) = (quota(config.principal), quota(config.stranger));
        Self { principals: Keyed::keyed(principals), strangers: Keyed::keyed(strangers) }
    }

    /// Counts a request of a principal.
    ///
    /// # Errors
    /// 429, with the seconds to wait.
    pub(crate) fn principal(&self, id: &Key) -> Result<(), Problem> {
        check(&self.principals, id)
    }

    /// Counts a request without a valid token.
    ///
    /// # Errors
    /// 429, with the seconds to wait.
    pub(crate) fn stranger(&self, from: IpAddr) -> Result<(), Problem> {
        check(&self.strangers, &network(from))
    }
}

fn check<K>(limiter: &Keyed<K>, key: &K) -> Result<(), Problem>
where
    K: std::hash::Hash + Eq + Clone,
{
    if limiter.len() > KEYS {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(limiter.clock().now());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rate;

    #[test]
    fn an_ipv6_network_is_one_stranger_and_a_mapped_address_is_the_ipv4_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn one_who_asks_too_often_does_not_hold_up_another() {
        let one = Rate::new(1, 2);
        let limits = Limits::new(&Config { principal: one, stranger: one, ..Config::default() });
        let (ana, bob) = (Key::from("ana"), Key::from("bob"));
        assert!(limits.principal(&ana).is_ok());
        assert!(limits.principal(&ana).is_ok());
        let refused = limits.principal(&ana).unwrap_err();
        assert_eq!((refused.code, refused.more.get("retry_after_s")), (Code::RateLimited, Some(&1.into())));
        assert!(limits.principal(&bob).is_ok());
    }
}
