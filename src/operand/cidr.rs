//! IP addresses and networks (SEMANTICS 4.13).
//!
//! Networks are held as sorted, merged, disjoint ranges of integers, IPv4 and IPv6 apart; a test is a binary search.

use crate::error::quote;
use crate::value::order;
use std::net::{Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// An IP address; an IPv4-mapped IPv6 address is the IPv4 address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Ip {
    /// IPv4.
    V4(u32),
    /// IPv6.
    V6(u128),
}

/// Reads an address: dotted decimal without leading zeros, or RFC 4291 text without a zone.
///
/// # Examples
/// ```
/// use tidegate::operand::cidr::{parse_ip, Ip};
///
/// assert_eq!(parse_ip("::ffff:10.0.0.1"), Some(Ip::V4(0x0a00_0001)));
/// assert_eq!(parse_ip("010.0.0.1"), None);
/// ```
#[must_use]
pub fn parse_ip(text: &str) -> Option<Ip> {
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some(Ip::V4(v4.into()));
    }
    let v6 = text.parse::<Ipv6Addr>().ok()?;
    Some(match v6.to_ipv4_mapped() {
        Some(v4) => Ip::V4(v4.into()),
        None => Ip::V6(v6.into()),
    })
}

/// A set of networks.
///
/// # Examples
/// ```
/// use tidegate::operand::cidr::{parse_ip, Networks};
///
/// let networks = Networks::parse(["10.0.0.0/8", "2001:db8::/32"]).unwrap();
/// assert!(networks.contains(parse_ip("10.1.2.3").unwrap()));
/// assert!(!networks.contains(parse_ip("2001:db9::1").unwrap()));
/// assert_eq!(Networks::parse(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err().0, 1);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Networks {
    // INVARIANT: (first, last), sorted; between two ranges there is at least one address.
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl Networks {
    /// Reads networks and addresses.
    ///
    /// # Errors
    /// The index of the first text that is neither, and what is wrong with it.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, text) in texts.into_iter().enumerate() {
            match parse_network(text).map_err(|message| (index, message))? {
                Range::V4(first, last) => v4.push((first, last)),
                Range::V6(first, last) => v6.push((first, last)),
            }
        }
        Ok(Self { v4: merge(v4, |last| last.checked_add(1)), v6: merge(v6, |last| last.checked_add(1)) })
    }

    /// Whether one of the networks has the address.
    #[must_use]
    pub fn contains(&self, ip: Ip) -> bool {
        match ip {
            Ip::V4(ip) => within(&self.v4, ip),
            Ip::V6(ip) => within(&self.v6, ip),
        }
    }

    /// The bytes on the heap.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        size_of_val(&*self.v4) + size_of_val(&*self.v6)
    }
}

enum Range {
    V4(u32, u32),
    V6(u128, u128),
}

fn parse_network(text: &str) -> Result<Range, String> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let wrong = || format!("expected an IP address or network, found {}", quote(text));
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        let prefix = parse_prefix(text, prefix, 32)?;
        return Ok(v4_range(v4, prefix));
    }
    let v6 = address.parse::<Ipv6Addr>().map_err(|_| wrong())?;
    let prefix = parse_prefix(text, prefix, 128)?;
    if let (Some(v4), 96..) = (v6.to_ipv4_mapped(), prefix) {
        return Ok(v4_range(v4, prefix - 96));
    }
    let hosts = u128::MAX.checked_shr(prefix).unwrap_or(0);
    let bits = u128::from(v6);
    Ok(Range::V6(bits & !hosts, bits | hosts))
}

fn v4_range(v4: Ipv4Addr, prefix: u32) -> Range {
    let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
    let bits = u32::from(v4);
    Range::V4(bits & !hosts, bits | hosts)
}

fn parse_prefix(text: &str, prefix: Option<&str>, most: u32) -> Result<u32, String> {
    let Some(prefix) = prefix else { return Ok(most) };
    let plain =
        prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    match prefix.parse::<u32>() {
        Ok(number) if plain && number <= most => Ok(number),
        _ => Err(format!(
            "expected a prefix length from 0 to {most}, found {} in {}",
            quote(prefix),
            quote(text)
        )),
    }
}

fn merge<T: Copy + Ord>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Box<[(T, T)]> {
    order::sort(&mut ranges);
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(open) if next(open.1).is_none_or(|next| first <= next) => open.1 = open.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged.into_boxed_slice()
}

fn within<T: Copy + Ord>(ranges: &[(T, T)], ip: T) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= ip);
    after.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|&(_, last)| ip <= last)
}
