//! How lively a room is: messages an hour, over the last day (XEP-0502).
//!
//! Told is what the record of the room says, and nothing newer than the last full hour: so it is the same after a
//! restart and changes at most once an hour. The running hour is counted in memory and written when its count has
//! doubled, along with the message that does it: some ten writes an hour in a busy room.

use jiff::Timestamp;
use minidom::Element;

use crate::room::Room;
use crate::room::state::Activity;
use crate::room::surface::Feature;
use crate::wire::ns;

/// Hours that count.
const HOURS: usize = 24;

/// What is told: coarse, because clients keep what a room says of itself and write it anew when it changes.
const STEPS: [f64; 18] =
    [0.05, 0.1, 0.2, 0.5, 1., 2., 5., 10., 20., 50., 100., 200., 500., 1000., 2000., 5000., 10_000., 20_000.];

pub(super) const FEATURE: Feature = Feature {
    info_now: |room, now, info| {
        let rate = room.state.record.activity.as_ref().filter(|_| is_told(room)).and_then(|a| rate(a, now));
        if let Some(rate) = rate {
            info.push(("{urn:xmpp:muc-activity}message-activity", rate.to_string()));
        }
    },
    ..Feature::new("activity")
};

/// Messages of the running hour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Running {
    hour: i64,
    messages: u32,
}

/// Whether outsiders may know: the room stays, is listed, and lets anybody in (502-1).
fn is_told(room: &Room) -> bool {
    room.config().persistent && room.tells_how_lively()
}

/// Counts a message that is about to be sent to all, if it is one to be read and no correction of another (502-2).
pub(crate) fn count(room: &mut Room, known: &mut Running, message: &Element, now: Timestamp) {
    if !is_told(room) || !message.has_child("body", ns::CLIENT) || message.has_child("replace", ns::CORRECT) {
        return;
    }
    let record = room.state.record.activity.clone().unwrap_or_default();
    // A clock that was set back stands still.
    let hour = hour(now).max(record.hour);
    let written = if record.hour == hour { record.counts.first().copied().unwrap_or(0) } else { 0 };
    let mut running = *known;
    if running.hour != hour {
        running = Running { hour, messages: written };
    }
    running.messages = running.messages.saturating_add(1);
    if written == 0 || running.messages / 2 >= written {
        room.state_mut().record.activity = Some(record.with(*known).with(running));
    }
    *known = running;
}

fn hour(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}

impl Activity {
    /// With the count of one of its hours, or of a later one.
    fn with(mut self, count: Running) -> Self {
        if count.hour > self.hour {
            let gap = usize::try_from(count.hour - self.hour).unwrap_or(usize::MAX);
            let gap = if self.counts.is_empty() { 1 } else { gap.min(HOURS + 1) };
            self.counts.splice(0..0, std::iter::repeat_n(0, gap));
            self.counts.truncate(HOURS + 1);
            self.hour = count.hour;
        }
        if count.hour == self.hour
            && let Some(newest) = self.counts.first_mut()
        {
            *newest = count.messages;
        }
        self
    }
}

/// Messages an hour in the full hours of the last day that were counted; `None` if there is none yet.
fn rate(activity: &Activity, now: Timestamp) -> Option<f64> {
    let since = usize::try_from(hour(now) - activity.hour).unwrap_or(0).min(HOURS + 1);
    let full = if since == 0 { activity.counts.get(1..)? } else { &activity.counts };
    let silent = since.saturating_sub(1);
    let hours = (full.len() + silent).min(HOURS);
    let messages: u64 = full.iter().take(hours.saturating_sub(silent)).map(|n| u64::from(*n)).sum();
    (hours > 0).then(|| rounded(messages as f64 / hours as f64))
}

/// The step that is nearest by proportion.
fn rounded(rate: f64) -> f64 {
    if rate == 0. {
        return 0.;
    }
    let distance = |step: &f64| (step / rate).ln().abs();
    STEPS.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600 + 1800).expect("a time")
    }

    #[test]
    fn only_full_hours_of_the_last_day_count() {
        // 502-2
        let activity = Activity { hour: 1000, counts: vec![7, 2, 2] };
        assert_eq!(rate(&activity, at(1000)), Some(2.));
        assert_eq!(rate(&activity, at(1001)), Some(5.)); // 11 / 3
        assert_eq!(rate(&activity, at(1022)), Some(0.5)); // 11 / 24
        assert_eq!(rate(&activity, at(1025)), Some(0.));
        assert_eq!(rate(&Activity { hour: 1000, counts: vec![7] }, at(1000)), None);
    }

    #[test]
    fn hours_without_a_message_are_hours() {
        let activity = Activity::default().with(Running { hour: 1000, messages: 3 });
        assert_eq!(activity, Activity { hour: 1000, counts: vec![3] });
        let activity = activity.with(Running { hour: 1003, messages: 1 });
        assert_eq!(activity, Activity { hour: 1003, counts: vec![1, 0, 0, 3] });
        let activity = activity.with(Running { hour: 1002, messages: 9 });
        assert_eq!(activity.counts, [1, 0, 0, 3]);
        let activity = activity.with(Running { hour: 9999, messages: 2 });
        assert_eq!(activity.counts.len(), HOURS + 1);
        assert_eq!(activity.counts.iter().sum::<u32>(), 2);
    }

    #[test]
    fn what_is_told_is_coarse() {
        let told: Vec<_> =
            [0., 0.04, 1., 1.2, 3., 3.5, 23.4, 1e9].iter().map(|r| rounded(*r).to_string()).collect();
        assert_eq!(told, ["0", "0.05", "1", "1", "2", "5", "20", "20000"]);
    }
}
