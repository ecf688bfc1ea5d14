//! What the service promises an operator, shown on real servers with real clients.

mod archive;
mod batches;
mod kill;
mod library;
mod odd;
mod reading;
mod restart;
#[path = "../servers/mod.rs"]
mod servers;
mod settings;
mod spelling;
mod unlocked;
