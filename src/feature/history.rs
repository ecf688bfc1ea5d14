//! Recent messages for those who enter (XEP-0045 §7.2.13, §7.2.14).

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use minidom::Element;

use crate::room::Room;
use crate::room::archive::Entry;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Bound, Feature, Field, Section, number_field};
use crate::wire::build::{Build, delay};
use crate::wire::jid::Jid;
use crate::wire::{encode, ns};
use crate::words::texts;

const MOST: Bound = Bound::of("limits.history_messages_max", |limits| limits.history_messages_max);

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        aliases: &["muc#roomconfig_historylength"],
        section: Section::History,
        desc: Some(&HISTORY_MOST_HINT),
        ..number_field!("muc#maxhistoryfetch", &HISTORY_MOST, history_max, MOST)
    }],
    info: |room, info| info.push(("muc#maxhistoryfetch", room.config().history_max.to_string())),
    texts: ALL,
    ..Feature::new("history")
};

texts! {
    HISTORY_MOST =>
        en "How many earlier messages those who enter are shown"
        de "Wie viele frühere Nachrichten beim Eintreten gezeigt werden"
        fr "Combien de messages précédents sont montrés à ceux qui entrent"
        es "Cuántos mensajes anteriores se muestran a quienes entran";
    HISTORY_MOST_HINT =>
        en "The last ones before they enter; what was said earlier is in the archive."
        de "Die letzten vor dem Eintreten; was früher gesagt wurde, ist im Archiv."
        fr "Les derniers avant l’entrée ; ce qui a été dit plus tôt est dans les archives."
        es "Los últimos antes de entrar; lo que se dijo antes está en el archivo.";
}

/// What a client asked for in `<history/>`. What cannot be read is as if it had not been said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    stanzas_max: Option<usize>,
    chars_max: Option<usize>,
    since: Option<Timestamp>,
}

impl Wish {
    fn read(x: &Element, now: Timestamp) -> Self {
        let Some(history) = x.get_child("history", ns::MUC) else { return Self::default() };
        let number = |name| history.attr(name).and_then(|n| n.trim().parse::<usize>().ok());
        let seconds_ago = |s: usize| now.checked_sub(SignedDuration::from_secs(i64::try_from(s).ok()?)).ok();
        let from_seconds = number("seconds").and_then(seconds_ago);
        let from_date = history.attr("since").and_then(|date| date.trim().parse::<Timestamp>().ok());
        Self {
            stanzas_max: number("maxstanzas"),
            chars_max: number("maxchars"),
            // Of two starting points the later one gives less.
            since: from_seconds.max(from_date),
        }
    }
}

/// The part of what a client asks for that messages without a body, or with a blank one, may take of the others: they show
/// little, and must not keep an occupant from reading what was said.
const UNSAID_PART: usize = 4;

/// What there is space for.
#[derive(Clone, Copy)]
struct Space {
    stanzas: usize,
    chars: usize,
}

impl Space {
    fn fits(self, chars: usize) -> bool {
        self.stanzas > 0 && self.chars >= chars
    }

    /// Takes the space of a message; false if there is none.
    fn take(&mut self, chars: usize) -> bool {
        let fits = self.fits(chars);
        if fits {
            *self = Self { stanzas: self.stanzas - 1, chars: self.chars - chars };
        }
        fits
    }
}

/// Sends the newest messages that fit every limit, oldest first. What the client says counts all of them, what the room says
/// those that say something.
pub(crate) fn send(room: &Room, x: &Element, to: &Jid, cx: &Context<'_>, fx: &mut Effects) {
    let wish = Wish::read(x, cx.now);
    for entry in chosen(room, &wish, to) {
        fx.send(&delayed(&entry.message, delay(&room.jid, entry.at)), to);
    }
}

/// What fits, oldest first. Messages that say nothing have their part of the space, and what the others leave of it.
fn chosen<'a>(room: &'a Room, wish: &Wish, to: &Jid) -> Vec<&'a Entry> {
    let chars = |entry: &Entry| {
        wish.chars_max.map_or(0, |_| {
            let message = delayed(&entry.message, delay(&room.jid, entry.at)).with("to", to.as_str());
            encode::element(&message).chars().count()
        })
    };
    let most = |max: Option<usize>| max.unwrap_or(usize::MAX);
    let mut left = Space { stanzas: most(wish.stanzas_max), chars: most(wish.chars_max) };
    let mut unsaid = Space { stanzas: left.stanzas / UNSAID_PART, chars: left.chars / UNSAID_PART };
    let mut said_left = room.config().history_max;
    let (mut chosen, mut spare) = (Vec::new(), Vec::new());
    for (place, (entry, is_said)) in room.history.newest().enumerate() {
        if said_left == 0 || left.stanzas == 0 || wish.since.is_some_and(|since| entry.at < since) {
            break;
        }
        let chars = chars(entry);
        if !is_said && (!spare.is_empty() || !left.fits(chars) || !unsaid.take(chars)) {
            spare.push((place, entry, chars));
            continue;
        }
        if !left.take(chars) {
            break;
        }
        said_left -= u32::from(is_said);
        chosen.push((place, entry));
    }
    let more = spare.into_iter().take_while(|(.., chars)| left.take(*chars));
    chosen.extend(more.map(|(place, entry, _)| (place, entry)));
    chosen.sort_unstable_by_key(|(place, _)| Reverse(*place));
    chosen.into_iter().map(|(_, entry)| &**entry).collect()
}

/// A message with the room's delay. Of several delays clients take the first: what its sender said of time (§7.9) comes
/// behind it.
fn delayed(message: &Element, delay: Element) -> Element {
    let mut copy = message.clone();
    if !copy.has_child("delay", ns::DELAY) {
        return copy.child(delay);
    }
    let nodes = copy.take_nodes();
    copy.append_child(delay);
    nodes.into_iter().for_each(|node| copy.append_node(node));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(attributes: &str) -> Wish {
        let x = format!("<x xmlns='{}'><history {attributes}/></x>", ns::MUC);
        Wish::read(&x.parse().expect("test xml"), "2026-01-01T00:01:00Z".parse().expect("a date"))
    }

    #[test]
    fn of_seconds_and_since_the_later_start_counts() {
        // 45-7.2.14-e
        let date = |text: &str| text.parse::<Timestamp>().ok();
        assert_eq!(wish("seconds='10'").since, date("2026-01-01T00:00:50Z"));
        assert_eq!(wish("seconds='10' since='2026-01-01T00:00:55Z'").since, date("2026-01-01T00:00:55Z"));
        assert_eq!(wish("seconds='1' since='1970-01-01T00:00:00Z'").since, date("2026-01-01T00:00:59Z"));
    }

    #[test]
    fn nonsense_is_as_if_unsaid() {
        assert_eq!(
            wish("maxstanzas='-1' maxchars='many' since='yesterday' seconds='99999999999999999999'"),
            Wish::default()
        );
    }
}
