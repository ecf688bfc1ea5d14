//! The bounds on everything that peers can make grow.

use serde::{Deserialize, Serialize};

/// `[limits]` of component.toml. Every queue, list, form, history and nick has its bound here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest stanza that is read, in bytes; a larger one is skipped and refused.
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
    /// Longest subject, in bytes.
    pub subject_bytes_max: usize,
    /// Largest vCard of a room, in bytes.
    pub vcard_bytes_max: usize,
    /// Most occupants of one room; owners and admins may exceed it by a tenth.
    pub occupants_max: u32,
    /// Most sessions of one account in one room.
    pub sessions_max: usize,
    /// Most affiliations stored for one room.
    pub affiliations_max: usize,
    /// Most items in one admin request.
    pub items_max: usize,
    /// Most invitations in one message.
    pub invites_max: usize,
    /// Most messages kept for the history of one room.
    pub history_messages_max: u32,
    /// Most bytes kept for the history of one room.
    pub history_bytes_max: usize,
    /// Most rooms in memory at a time.
    pub rooms_max: usize,
    /// Most stanzas waiting for one room; further requests are refused with `resource-constraint`.
    pub mailbox_stanzas_max: usize,
    /// Most bytes waiting for the server; beyond it rooms wait.
    pub queue_bytes_max: usize,
    /// Most days that messages are kept; 0: any number. Set as `archive.days_max`.
    #[serde(skip)]
    pub archive_days_max: u32,
    /// Most messages that are kept for one room; 0: any number. Set as `archive.messages_max`.
    #[serde(skip)]
    pub archive_messages_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stanza_bytes_max: 1024 * 1024,
            depth_max: 64,
            attributes_max: 128,
            elements_max: 10_000,
            nick_bytes_max: 255,
            text_bytes_max: 4096,
            subject_bytes_max: 8192,
            vcard_bytes_max: 256 * 1024,
            occupants_max: 5000,
            sessions_max: 20,
            affiliations_max: 100_000,
            items_max: 500,
            invites_max: 50,
            history_messages_max: 200,
            history_bytes_max: 1024 * 1024,
            rooms_max: 100_000,
            mailbox_stanzas_max: 4096,
            queue_bytes_max: 32 * 1024 * 1024,
            archive_days_max: 0,
            archive_messages_max: 0,
        }
    }
}
