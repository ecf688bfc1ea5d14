//! Where the link brings what it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minidom::Element;
use tokio::sync::Notify;
use tracing::{debug, warn};

use super::Host;
use super::log_throttle::LogThrottle;
use crate::link::Arrivals;
use crate::wire::build::{Build, el};
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::size;
use crate::wire::stream::{Excess, Head};
use crate::words;

/// What is left of a skipped stanza: its name, addresses, id and type.
fn stanza_of(head: &Head) -> Element {
    el(&head.name, ns::CLIENT)
        .with_opt("from", head.from.as_deref())
        .with_opt("to", head.to.as_deref())
        .with_opt("id", head.id.as_deref())
        .with_opt("type", head.type_.as_deref())
}

/// Where the link brings what it reads.
pub(super) struct Gate {
    pub(super) host: Arc<Host>,
    /// The first link is that of the process before: nothing was lost, and no occupant was in doubt.
    pub(super) no_gap: AtomicBool,
    /// Told when nothing more is read.
    pub(super) quiet: Arc<Notify>,
    pub(super) skipped: LogThrottle,
}

impl Arrivals for Gate {
    fn stanza(&self, stanza: Element, size: usize) {
        self.host.route(stanza, size);
    }

    fn skipped(&self, head: Head, excess: Excess) {
        let (name, from) = (&head.name, &head.from);
        match self.skipped.happened(self.host.uptime()) {
            Some(times) => warn!(times, ?excess, name, from, "stanza beyond the limits skipped"),
            None => debug!(?excess, name, from, "stanza beyond the limits skipped"),
        }
        let stanza = stanza_of(&head);
        if stanza.name() == "presence" && stanza.attr("type") == Some("unavailable") {
            // However much is said along with it, an occupant who is gone is gone.
            let size = size::of(&stanza);
            return self.host.route(stanza, size);
        }
        let size = size::of(&stanza);
        if let Ok(inbound) = Inbound::read(stanza, size, self.host.service.profile, self.host.lang())
            && let Some(answer) =
                Refusal::policy_violation(&words::STANZA_TOO_LARGE).answer(&inbound, self.host.lang())
        {
            self.host.reply(&answer);
        }
    }

    fn up(&self) {
        if !self.no_gap.swap(false, Ordering::AcqRel) {
            self.host.gap();
        }
    }

    fn down(&self) {
        self.host.losses.fetch_add(1, Ordering::AcqRel);
    }

    fn quiet(&self) {
        self.quiet.notify_one();
    }
}
