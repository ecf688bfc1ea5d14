//! Whoever enters gets, in this order: the presence of the others, the own presence with 110, history, the subject, and
//! only then what happens live (45-7.1-a).

use conclave::wire::muc::Affiliation;
use conclave::wire::ns;
use jiff::Timestamp;
use minidom::Element;

use super::Check;
use crate::happening::Sent;
use crate::ledger::newest;
use crate::run::{Scene, is_said, number_of};
use crate::sheet::Seat;

pub(super) struct Entry;

impl Check for Entry {
    fn name(&self) -> &'static str {
        "entry"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let (Some(x), Some(client)) = (happening.entry(), happening.sender) else { return Ok(()) };
        if happening.refused || happening.unstored {
            return Ok(());
        }
        let seat = happening.after.seat_of(client).ok_or("was let in and is not in")?;
        let mut got: Vec<&Sent> = happening.got_by(client).collect();
        let was = happening.before.seat_of(client);
        if was.is_some_and(|was| was.nick != seat.nick) {
            // A change of nick comes first: the old nick goes, the new one comes; then everything anew.
            let own = got
                .iter()
                .position(|sent| sent.is_presence() && sent.has_code("110") && sent.type_().is_empty());
            got.drain(..=own.ok_or("a change of nick without the new nick")?);
        }
        sequence(scene, &got, seat, x)?;
        codes(scene, seat, was)
    }
}

fn sequence(scene: &Scene<'_>, got: &[&Sent], seat: &Seat, x: &Element) -> Result<(), String> {
    let sheet = &scene.happening.after;
    let mut rest = got.iter();
    let mut others: Vec<&str> = Vec::new();
    loop {
        let next = rest.next().ok_or("the own presence is missing")?;
        if !next.is_presence() || next.type_() == "unavailable" {
            return Err("something else comes before the own presence".to_owned());
        }
        if next.has_code("110") {
            break;
        }
        others.push(next.nick().unwrap_or_default());
    }
    let due: Vec<&str> = sheet
        .seats
        .iter()
        .filter(|other| other.key != seat.key && sheet.shows(other))
        .map(|other| other.nick.as_str())
        .collect();
    others.sort_unstable();
    let mut sorted = due.clone();
    sorted.sort_unstable();
    if others != sorted {
        return Err(format!("before the own presence come {others:?}, and {sorted:?} are due"));
    }
    let rest: Vec<&&Sent> = rest.collect();
    let Some((subject, history)) = rest.split_last() else { return Err("the subject is missing".to_owned()) };
    let is_subject =
        |s: &Sent| s.is_groupchat_with(&["subject"]) && !s.is_groupchat_with(&["body", "thread"]);
    if !is_subject(subject) {
        return Err("the last thing is not the subject".to_owned());
    }
    let is_kept = |s: &Sent| s.is_speech() && number_of(&s.stanza).is_some();
    if history.iter().any(|s| !is_kept(s) || !s.stanza.has_child("delay", ns::DELAY)) {
        return Err("between the own presence and the subject comes something that is not history".to_owned());
    }
    let numbers: Vec<u64> = history.iter().filter_map(|s| number_of(&s.stanza)).collect();
    let wanted = wanted(scene, x);
    if numbers == wanted { Ok(()) } else { Err(format!("history is {numbers:?}, and {wanted:?} is due")) }
}

/// Which messages of those that are kept the client asked for. Nobody here counts characters but to have none.
fn wanted(scene: &Scene<'_>, x: &Element) -> Vec<u64> {
    let wish = x.get_child("history", ns::MUC);
    let count = |name: &str| wish.and_then(|w| w.attr(name)).and_then(|n| n.parse::<usize>().ok());
    let since = wish.and_then(|w| w.attr("since")).and_then(|date| date.parse::<Timestamp>().ok());
    let seconds = count("seconds").map(|s| scene.now.as_second() - s as i64);
    let max = scene.happening.after.config().history_max as usize;
    let wished = if count("maxchars") == Some(0) { 0 } else { count("maxstanzas").unwrap_or(usize::MAX) };
    let kept = newest(&scene.ledger.kept, max).iter().rev();
    let recent = kept.filter(|(_, at)| since.is_none_or(|since| *at >= since));
    let recent = recent.filter(|(_, at)| seconds.is_none_or(|seconds| at.as_second() >= seconds));
    let mut numbers = no_more_than(wished, recent.map(|(number, _)| *number));
    // Numbers rise with time.
    numbers.sort_unstable();
    numbers
}

/// The newest `most`, and of these a quarter at most without a body, unless those with one leave space.
fn no_more_than(most: usize, newest_first: impl Iterator<Item = u64>) -> Vec<u64> {
    let (mut chosen, mut spare, mut unsaid) = (Vec::new(), Vec::new(), 0);
    for number in newest_first {
        if chosen.len() == most {
            break;
        }
        if is_said(number) {
            chosen.push(number);
        } else if unsaid < most / 4 && spare.is_empty() {
            unsaid += 1;
            chosen.push(number);
        } else {
            spare.push(number);
        }
    }
    let space = most - chosen.len();
    chosen.extend(spare.into_iter().take(space));
    chosen
}

/// The status codes on the own presence.
fn codes(scene: &Scene<'_>, seat: &Seat, was: Option<&Seat>) -> Result<(), String> {
    let happening = scene.happening;
    let (Some(cause), Some(client)) = (&happening.cause, happening.sender) else { return Ok(()) };
    let own =
        happening.got_by(client).filter(|s| s.is_presence() && s.has_code("110") && s.type_().is_empty());
    let own = own.last().ok_or("no own presence")?;
    let config = happening.after.config();
    let created = !happening.before.exists();
    let entering = was.is_none();
    let mut due = vec![("201", created)];
    if entering {
        due.extend([("100", happening.after.is_open_about_jids()), ("170", config.logging)]);
        let renamed = cause.to.resource().is_some_and(|nick| nick != seat.nick);
        due.push(("210", renamed));
    }
    for (code, is_due) in due {
        if own.has_code(code) != is_due {
            return Err(format!(
                "code {code} is {} on the own presence",
                if is_due { "missing" } else { "wrong" }
            ));
        }
    }
    if created && happening.after.affiliation(&seat.account) != Affiliation::Owner {
        return Err("who creates a room owns it".to_owned());
    }
    Ok(())
}
