//! The bounds on everything that peers can make grow.

use serde::{Deserialize, Serialize};

use crate::wire::stream;

/// `[limits]` of component.toml. Every queue, list, form, history and nick has its bound here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest stanza that is read, in bytes by the measure of [`crate::wire::size`], as in all bounds on stanzas and their
    /// parts; a larger one is skipped and refused.
    pub stanza_bytes_max: usize,
    /// Deepest nesting of elements in a stanza.
    pub depth_max: usize,
    /// Most attributes of one element.
    pub attributes_max: usize,
    /// Most elements in a stanza, all levels together.
    pub elements_max: usize,
    /// Longest nick, in bytes.
    pub nick_bytes_max: usize,
    /// Longest value of a text field in a form, and longest reason, in bytes.
    pub text_bytes_max: usize,
    /// Largest subject in all its languages, in bytes.
    pub subject_bytes_max: usize,
    /// Largest vCard of a room, in bytes.
    pub vcard_bytes_max: usize,
    /// Most occupants of one room; owners and admins may exceed it by a tenth.
    pub occupants_max: u32,
    /// Most sessions of one account in one room.
    pub sessions_max: usize,
    /// Most affiliations stored for one room; bans may exceed it by a tenth, and by ten at least.
    pub affiliations_max: usize,
    /// Most items in one admin request, and affiliations that a form changes.
    pub items_max: usize,
    /// Most invitations in one message.
    pub invites_max: usize,
    /// Most messages kept for the history of one room.
    pub history_messages_max: u32,
    /// Most bytes kept for the history of one room.
    pub history_bytes_max: usize,
    /// Most rooms in memory at a time.
    pub rooms_max: usize,
    /// Most lasting rooms of one account, which count for who created them; 0: any number.
    pub account_rooms_max: usize,
    /// Most lasting rooms of the accounts of one domain, and ten times as many of the service's own; 0: any number.
    pub domain_rooms_max: usize,
    /// Most stanzas waiting for one room; further requests are refused with `resource-constraint`.
    pub mailbox_stanzas_max: usize,
    /// Most bytes waiting for one room; further requests are refused likewise.
    pub mailbox_bytes_max: usize,
    /// Most bytes waiting for all rooms together.
    pub mailboxes_bytes_max: usize,
    /// Most bytes waiting for the server; beyond it rooms wait.
    pub queue_bytes_max: usize,
    /// Largest presence of an occupant, in bytes: it is kept, and shown to whoever enters.
    pub presence_bytes_max: usize,
    /// Most bytes that are held in memory for the accounts of one domain, beyond what is usual for each of them: their
    /// presences, and the rooms that they created; 0: any number.
    pub held_bytes_max: usize,
    /// What one account may send in a second, over all rooms; 0: any number. A stanza of up to 12 KiB counts as one, a
    /// larger one as more, and so does a request that costs much. Above it, stanzas are delayed.
    pub account_stanzas_per_second: u32,
    /// How many of these may come at once.
    pub account_stanzas_burst: u32,
    /// What one account may say in one room in a second, messages and presence together; 0: any number.
    pub account_room_stanzas_per_second: u32,
    /// How many of these may come at once.
    pub account_room_stanzas_burst: u32,
    /// What the accounts of one domain may send in a second, all together; 0: any number.
    pub domain_stanzas_per_second: u32,
    /// How many of these may come at once.
    pub domain_stanzas_burst: u32,
    /// What one room deals with in a second; 0: any number. What comes above it waits in its mailbox.
    pub room_stanzas_per_second: u32,
    /// How many of these it deals with at once.
    pub room_stanzas_burst: u32,
    /// Most stanzas of one account that are delayed; further ones are refused.
    pub delayed_stanzas_max: usize,
    /// Most days that messages are kept; 0: any number. Set as `archive.days_max`.
    #[serde(skip)]
    pub archive_days_max: u32,
    /// Most messages that are kept for one room; 0: any number. Set as `archive.messages_max`.
    #[serde(skip)]
    pub archive_messages_max: u32,
}

impl From<&Limits> for stream::Limits {
    fn from(limits: &Limits) -> Self {
        Self {
            stanza_bytes_max: limits.stanza_bytes_max,
            depth_max: limits.depth_max,
            attributes_max: limits.attributes_max,
            elements_max: limits.elements_max,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stanza_bytes_max: 4 * 1024 * 1024,
            depth_max: 64,
            attributes_max: 128,
            elements_max: 10_000,
            nick_bytes_max: 255,
            text_bytes_max: 4096,
            subject_bytes_max: 16 * 1024,
            vcard_bytes_max: 320 * 1024,
            occupants_max: 5000,
            sessions_max: 20,
            affiliations_max: 100_000,
            items_max: 500,
            invites_max: 50,
            history_messages_max: 200,
            history_bytes_max: 2 * 1024 * 1024,
            rooms_max: 100_000,
            account_rooms_max: 100,
            domain_rooms_max: 1000,
            mailbox_stanzas_max: 4096,
            mailbox_bytes_max: 16 * 1024 * 1024,
            mailboxes_bytes_max: 256 * 1024 * 1024,
            queue_bytes_max: 32 * 1024 * 1024,
            presence_bytes_max: 32 * 1024,
            held_bytes_max: 32 * 1024 * 1024,
            account_stanzas_per_second: 50,
            account_stanzas_burst: 5000,
            account_room_stanzas_per_second: 10,
            account_room_stanzas_burst: 100,
            domain_stanzas_per_second: 2000,
            domain_stanzas_burst: 100_000,
            room_stanzas_per_second: 1000,
            room_stanzas_burst: 10_000,
            delayed_stanzas_max: 200,
            archive_days_max: 0,
            archive_messages_max: 0,
        }
    }
}
