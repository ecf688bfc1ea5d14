//! Rooms with a password (XEP-0045 §7.2.5).

use minidom::Element;

use super::{Feature, Section, boolean_field, owner, text_field};
use crate::room::Room;
use crate::room::config::Config;
use crate::room::state::Affiliation;
use crate::wire::form::Submitted;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!(
            "muc#roomconfig_passwordprotectedroom",
            &words::ROOM_PASSWORD_PROTECTED,
            password_protected
        )
        .under(Section::Access),
        text_field!("muc#roomconfig_roomsecret", &words::ROOM_PASSWORD, Private, password)
            .under(Section::Access),
    ],
    disco: |room, vars| {
        vars.push(if room.config().password_protected { "muc_passwordprotected" } else { "muc_unsecured" });
    },
    ..Feature::new("password")
};

/// Refuses a join request `x` without the right password. It is compared byte by byte.
pub(super) fn check(room: &Room, x: &Element) -> Result<(), Refusal> {
    let config = room.config();
    if !config.password_protected {
        return Ok(());
    }
    let given = x.get_child("password", ns::MUC).map(Element::text);
    match given.as_deref() {
        Some(given) if given == config.password => Ok(()),
        None | Some("") => Err(Refusal::not_authorized(&words::PASSWORD_NEEDED)),
        Some(_) => Err(Refusal::not_authorized(&words::PASSWORD_WRONG)),
    }
}

/// What a client shows by entering with the password that the room has now: nothing can be told of the password by it. 0
/// while there is no password.
pub(super) fn proof(room: &Room) -> u64 {
    if !room.config().password_protected {
        return 0;
    }
    let mac = room.state.record.mac(&[b"password:", room.config().password.as_bytes()]);
    mac.iter().take(8).fold(0, |proof, byte| proof << 8 | u64::from(*byte)).max(1)
}

/// The password, if there is one and an account is known to know it: an owner, who reads it in the form, or an account
/// that is in the room and entered with this very password. Who was let in by a token, or before the password was what
/// it is, is not told.
pub(super) fn known_to<'a>(room: &'a Room, account: &BareJid) -> Option<&'a str> {
    let config = room.config();
    let proof = proof(room);
    let shown =
        |o: &std::sync::Arc<crate::room::roster::Occupant>| o.sessions.iter().any(|s| s.proof == proof);
    let knows = || {
        room.affiliation(account) == Affiliation::Owner || room.roster.by_account(account).iter().any(shown)
    };
    (config.password_protected && knows()).then_some(config.password.as_str())
}

/// Settles what the two fields mean together: a password without a word about protection protects, an empty one
/// lifts it, and protection without a password is refused (XEP-0045 §10.1.3).
pub(super) fn reconcile(config: &mut Config, form: &Submitted) -> Result<(), Refusal> {
    let said = form.values("muc#roomconfig_passwordprotectedroom").is_some();
    if !said && form.values("muc#roomconfig_roomsecret").is_some() {
        config.password_protected = !config.password.is_empty();
    }
    if config.password_protected && config.password.is_empty() {
        return Err(owner::wrong_field("muc#roomconfig_roomsecret", &words::PASSWORD_EMPTY));
    }
    Ok(())
}
