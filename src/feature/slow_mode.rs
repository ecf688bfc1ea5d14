//! Slow mode: an account waits between two messages (XEP-0500).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use minidom::Element;

use crate::room::Room;
use crate::room::context::Context;
use crate::room::surface::{Bound, Feature, Section, number_field};
use crate::wire::jid::BareJid;
use crate::wire::message;
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::words::{self, texts};

/// The longest wait between two messages: a day.
const SECONDS_MAX: u32 = 24 * 60 * 60;

/// Accounts whose last message is remembered. Beyond it, whoever spoke longest ago may speak again early.
const ACCOUNTS_MAX: usize = 10_000;

pub(super) const FEATURE: Feature = Feature {
    fields: &[number_field!(
        "muc#roomconfig_slow_mode_duration",
        &SLOW_MODE_SECONDS,
        slow_mode_seconds,
        Bound::fixed(|_| SECONDS_MAX)
    )
    .under(Section::Speaking)
    .hint(&SLOW_MODE_HINT)],
    info: |room, info| {
        info.push(("muc#roominfo_slow_mode_duration", room.config().slow_mode_seconds.to_string()));
    },
    texts: ALL,
    ..Feature::new("slow_mode")
};

texts! {
    SLOW_MODE_SECONDS =>
        en "Slow mode: seconds to wait between two messages"
        de "Langsam-Modus: Sekunden Wartezeit zwischen zwei Nachrichten"
        fr "Mode lent : secondes à attendre entre deux messages"
        es "Modo lento: segundos de espera entre dos mensajes";
    SLOW_MODE_HINT =>
        en "0 for none. Admins and owners need not wait."
        de "0 für keine. Admins und Besitzer müssen nicht warten."
        fr "0 pour aucune. Les administrateurs et propriétaires n’ont pas à attendre."
        es "0 para ninguno. Los administradores y propietarios no tienen que esperar.";
}

/// When accounts last said something that counts. It is not kept over a restart.
#[derive(Clone, Debug, Default)]
pub struct LastMessage {
    spoke: HashMap<BareJid, Timestamp>,
}

/// Refuses a message that comes too soon after another of the account, whichever client or nick it came from (§6, §8);
/// notes the time of one that passes. What is to be read counts, with a body or with something in its place; admins and
/// owners do not wait.
pub(crate) fn check(
    room: &Room,
    pace: &mut Arc<LastMessage>,
    account: &BareJid,
    message: &Element,
    cx: &Context<'_>,
) -> Result<(), Refusal> {
    let seconds = i64::from(room.config().slow_mode_seconds);
    if seconds == 0 || room.affiliation(account) >= Affiliation::Admin || !message::is_spoken(message) {
        return Ok(());
    }
    let left = |spoke: Timestamp| {
        // Whoever spoke at a time yet to come need not wait for it: the clock was set back.
        let since = cx.now.duration_since(spoke);
        let left_ms = (i128::from(seconds) * 1000 - since.as_millis()).max(0);
        if since.is_negative() { 0 } else { left_ms }
    };
    let pace = Arc::make_mut(pace);
    if let Some(left_ms) = pace.spoke.get(account).map(|spoke| left(*spoke)).filter(|left_ms| *left_ms > 0) {
        return Err(Refusal::too_soon(words::SLOW_MODE.with([i128::from(seconds), (left_ms + 999) / 1000])));
    }
    if pace.spoke.len() >= ACCOUNTS_MAX {
        pace.forget(|spoke| left(spoke) > 0);
    }
    pace.spoke.insert(account.clone(), cx.now);
    Ok(())
}

impl LastMessage {
    /// Forgets those who need not wait any more, or else the one who spoke longest ago.
    fn forget(&mut self, waits: impl Fn(Timestamp) -> bool) {
        self.spoke.retain(|_, spoke| waits(*spoke));
        if self.spoke.len() >= ACCOUNTS_MAX
            && let Some(oldest) =
                self.spoke.iter().min_by_key(|(_, spoke)| **spoke).map(|(jid, _)| jid.clone())
        {
            self.spoke.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_who_spoke_is_bounded() {
        let at = |n: usize| Timestamp::from_second(i64::try_from(n).expect("small")).expect("a time");
        let jid = |n: usize| BareJid::parse(&format!("u{n}@example")).expect("a jid");
        let mut pace = LastMessage::default();
        pace.spoke.extend((0..ACCOUNTS_MAX).map(|n| (jid(n), at(n))));
        pace.forget(|_| true);
        assert_eq!(pace.spoke.len(), ACCOUNTS_MAX - 1);
        assert!(!pace.spoke.contains_key(&jid(0)));
        pace.forget(|spoke| spoke >= at(ACCOUNTS_MAX - 10));
        assert_eq!(pace.spoke.len(), 10);
    }
}
