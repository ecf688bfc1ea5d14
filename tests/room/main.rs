//! The rules of XEP-0045 as pure tests of `Room::handle`: no server, no clock, no disk.
//! Each test names the rows of the conformance catalogue that it proves.

mod admin;
mod anonymity;
mod back;
mod bans;
mod calm;
mod clients;
mod closed;
mod commands;
mod entering;
mod finding;
mod found;
mod hats;
mod healing;
mod hostile;
mod invite;
mod iq;
mod leaving;
mod mam;
mod mentions;
mod moderation;
mod nicks;
mod occupant_id;
mod orders;
mod owner;
mod persistence;
mod privileges;
mod register;
mod retention;
mod returning;
mod stanzas;
mod talking;
mod tokens;
mod vcard;
mod versions;
mod world;
