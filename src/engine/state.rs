//! What features remember of a room.

use std::sync::Arc;

use super::commands::Begun;
use super::restart::PendingAnnouncements;
use crate::feature::activity::Running;
use crate::feature::conflicts::Conflicts;
use crate::feature::ghost::Suspects;
use crate::feature::goodbyes::Goodbyes;
use crate::feature::invite::decline::Sent;
use crate::feature::relay::Pending;
use crate::feature::slow_mode::LastMessage;
use crate::feature::voice::Asked;

/// What features remember of a room: each its own, in a type of its file. None of it is stored. A copy costs next to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) activity: Running,
    pub(super) begun: Arc<Begun>,
    pub(super) conflicts: Arc<Conflicts>,
    pub(super) goodbyes: Goodbyes,
    pub(super) invitations: Sent,
    pub(super) relay: Pending,
    pub(super) slow_mode: Arc<LastMessage>,
    pub(super) suspects: Arc<Suspects>,
    pub(super) untold: Arc<PendingAnnouncements>,
    pub(super) voice: Arc<Asked>,
}

impl State {
    /// What is remembered when the room is no more: who has just left it.
    pub(super) fn vacated(&self) -> Self {
        Self { goodbyes: self.goodbyes.clone(), ..Self::default() }
    }
}
