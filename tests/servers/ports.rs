//! Ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports from here up to [`LAST`] are tried: below those that the system hands out by itself.
const FIRST: u16 = 18_000;
const LAST: u16 = 32_000;

/// How many ports this process has tried.
static TRIED: AtomicU16 = AtomicU16::new(0);

/// A port of loopback that is free now. Every call gives another one.
///
/// Each process begins elsewhere, so that test programs that run at the same time do not race for the same port.
///
/// # Errors
/// A sentence when every port of the range is taken.
pub(crate) fn free() -> Result<u16, String> {
    let range = u32::from(LAST - FIRST);
    for _ in 0..range {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        let offset = (std::process::id() % range * 16 + tried) % range;
        let port = FIRST + u16::try_from(offset).expect("the range is one of u16");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no free port on 127.0.0.1 between {FIRST} and {LAST}: end what listens there"))
}
