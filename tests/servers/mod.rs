//! Real servers on loopback for tests: Prosody and ejabberd as Debian packages them, each with our service attached.
//!
//! Everything lives in a temporary folder and on ports that were free, is ended by its own process id when its value
//! is dropped, and ends with the test program if that is killed. After a failure [`Host::keep`] keeps the logs.

// Every test that includes this module uses a part of it.
#![allow(dead_code)]

pub(crate) mod client;
pub(crate) mod ejabberd;
pub(crate) mod guest;
pub(crate) mod host;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod prosody;
pub(crate) mod service;
