//! Members-only rooms (XEP-0045 §7.2.6, §10.2).

use crate::room::Room;
use crate::room::announce::{Removal, remove};
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::state::Affiliation;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_membersonly", &words::ROOM_MEMBERS_ONLY, members_only)
        .under(Section::Access)],
    disco: |room, vars| vars.push(if room.config().members_only { "muc_membersonly" } else { "muc_open" }),
    ..Feature::new("members_only")
};

/// After the room became members-only: whoever is no member leaves with code 322.
pub(crate) fn remove_strangers(room: &mut Room, cx: &mut Cx<'_>, fx: &mut Effects) {
    let strangers: Vec<_> =
        room.roster.iter().filter(|o| room.affiliation(&o.account) < Affiliation::Member).cloned().collect();
    for occupant in strangers {
        remove(room, &occupant, &Removal { codes: &[322], ..Removal::default() }, cx, fx);
    }
}
