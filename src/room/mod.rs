//! A room as a pure state machine.

pub mod config;
pub mod limits;
pub mod state;
