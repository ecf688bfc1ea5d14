//! Clients that others wrote, in rooms of ours, behind real servers: scripted, with what they show held against what
//! happened.

mod deck;
mod poezio;
mod profanity;
#[path = "../servers/mod.rs"]
mod servers;
mod slixmpp;
mod terminal;
