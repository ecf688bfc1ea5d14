//! Who may do what: the role and affiliation matrices of XEP-0045 §5.1 and §5.2, asked by one function each.

use crate::room::Room;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;
use crate::words;

/// Somebody's standing in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The affiliation.
    pub affiliation: Affiliation,
    /// The role; [`Role::None`] for someone who is not in the room.
    pub role: Role,
}

/// The role with which somebody enters (§5.1.2, table M2 of the catalogue).
pub fn initial_role(affiliation: Affiliation, moderated: bool) -> Role {
    match affiliation {
        Affiliation::Owner | Affiliation::Admin => Role::Moderator,
        Affiliation::Member => Role::Participant,
        Affiliation::None if moderated => Role::Visitor,
        Affiliation::None => Role::Participant,
        Affiliation::Outcast => Role::None,
    }
}

/// The role that a present occupant has after a change of affiliation (§5.1.3).
///
/// Gaining admin or owner makes a moderator, gaining membership gives a voice; losing an affiliation leads to
/// the role with which one would enter now.
pub fn role_after(old: Affiliation, new: Affiliation, role: Role, moderated: bool) -> Role {
    let initial = initial_role(new, moderated);
    if new >= old { role.max(initial) } else { initial }
}

/// Whether `actor` may change the affiliation of someone from `old` to `new` (§5.2.2, table M5).
///
/// Whoever may not do this kind of thing at all is `forbidden`; whoever may, but not to this target, is
/// `not-allowed`.
pub fn change_affiliation(actor: Affiliation, old: Affiliation, new: Affiliation) -> Result<(), Refusal> {
    if actor < Affiliation::Admin {
        return Err(Refusal::forbidden(&words::ONLY_ADMINS_CHANGE_AFFILIATIONS));
    }
    if actor == Affiliation::Owner {
        return Ok(());
    }
    if new >= Affiliation::Admin {
        return Err(Refusal::forbidden(&words::ONLY_OWNERS_MAKE_ADMINS));
    }
    if old >= Affiliation::Admin {
        return Err(Refusal::not_allowed(&words::ONLY_OWNERS_CHANGE_ADMINS));
    }
    Ok(())
}

/// Whether `actor` may change the role of `target` to `new` (§5.1.3, §8, §9.6, §9.7).
pub fn change_role(actor: Standing, target: Standing, new: Role) -> Result<(), Refusal> {
    if actor.role != Role::Moderator {
        return Err(Refusal::forbidden(&words::ONLY_MODERATORS_CHANGE_ROLES));
    }
    if target.role == new {
        return Ok(());
    }
    let actor_is_admin = actor.affiliation >= Affiliation::Admin;
    match new {
        Role::Moderator if !actor_is_admin => Err(Refusal::forbidden(&words::ONLY_ADMINS_MAKE_MODERATORS)),
        Role::Moderator => Ok(()),
        Role::None if target.affiliation > actor.affiliation => {
            Err(Refusal::not_allowed(&words::KICK_HIGHER))
        }
        Role::None if target.role == Role::Moderator && !actor_is_admin => {
            Err(Refusal::not_allowed(&words::ONLY_ADMINS_KICK_MODERATORS))
        }
        Role::None => Ok(()),
        Role::Participant | Role::Visitor => lower(actor, target, new),
    }
}

/// Grants voice, or takes voice or the role of moderator away.
fn lower(actor: Standing, target: Standing, new: Role) -> Result<(), Refusal> {
    if target.role < new {
        return Ok(());
    }
    if target.affiliation >= Affiliation::Admin {
        return Err(Refusal::not_allowed(&words::ADMINS_STAY_MODERATORS));
    }
    if target.role == Role::Moderator && actor.affiliation < Affiliation::Admin {
        return Err(Refusal::forbidden(&words::ONLY_ADMINS_UNMAKE_MODERATORS));
    }
    // §8.4: not from somebody of the same or a higher standing. Two without any affiliation have no standing to
    // compare: otherwise an unaffiliated moderator could mute nobody.
    if target.affiliation >= actor.affiliation && target.affiliation > Affiliation::None {
        return Err(Refusal::not_allowed(&words::VOICE_OF_HIGHER));
    }
    Ok(())
}

/// Whether a moderator of affiliation `actor` may retract what somebody of affiliation `author` said (XEP-0425). The
/// role alone is enough against everybody but admins and owners; of those, as with kicks, nobody of a lower
/// affiliation undoes what they do.
pub fn moderate(actor: Affiliation, author: Affiliation) -> Result<(), Refusal> {
    if author >= Affiliation::Admin && author > actor {
        return Err(Refusal::not_allowed(&words::RETRACT_HIGHER));
    }
    Ok(())
}

/// Whether somebody may read the list of an affiliation (§9.2, §9.5, §10.5, §10.8).
///
/// `listed_role` says that the room shows its member list to the asker's role.
pub fn read_list(
    asker: Standing,
    list: Affiliation,
    nonanonymous: bool,
    listed_role: bool,
) -> Result<(), Refusal> {
    let shown_to_members = nonanonymous
        && (asker.affiliation >= Affiliation::Member || (asker.role > Role::None && listed_role))
        && asker.affiliation != Affiliation::Outcast;
    let allowed = match list {
        Affiliation::Outcast | Affiliation::None => asker.affiliation >= Affiliation::Admin,
        Affiliation::Member => asker.affiliation >= Affiliation::Admin || shown_to_members,
        Affiliation::Admin | Affiliation::Owner => {
            asker.affiliation == Affiliation::Owner || shown_to_members
        }
    };
    if allowed { Ok(()) } else { Err(Refusal::forbidden(&words::LIST_HIDDEN)) }
}

/// Whether an account may see the list of an affiliation.
pub(crate) fn may_see_list(room: &Room, asker: &BareJid, list: Affiliation) -> Result<(), Refusal> {
    let asker = room.standing(asker);
    let shown = room.config().member_list;
    let listed_role = match asker.role {
        Role::None => false,
        Role::Visitor => shown.visitor,
        Role::Participant => shown.participant,
        Role::Moderator => shown.moderator,
    };
    read_list(asker, list, room.is_nonanonymous(), listed_role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Affiliation::{Admin, Member, None, Outcast, Owner};
    use xmpp_parsers::stanza_error::DefinedCondition::{Forbidden, NotAllowed};

    const AFFILIATIONS: [Affiliation; 5] = [Outcast, None, Member, Admin, Owner];

    fn outcome(result: Result<(), Refusal>) -> &'static str {
        match result.map_err(|r| r.condition) {
            Ok(()) => "ok",
            Err(Forbidden) => "forbidden",
            Err(NotAllowed) => "not-allowed",
            Err(_) => "other",
        }
    }

    #[test]
    fn initial_roles_are_those_of_the_table() {
        // 45-5.1.2-a
        let open = AFFILIATIONS.map(|a| initial_role(a, false));
        assert_eq!(
            open,
            [Role::None, Role::Participant, Role::Participant, Role::Moderator, Role::Moderator]
        );
        assert_eq!(initial_role(None, true), Role::Visitor);
        assert_eq!(initial_role(Member, true), Role::Participant);
    }

    #[test]
    fn affiliations_change_as_in_the_table() {
        // 45-5.2.2-b, 45-9.1-f, 45-9.1-h, 45-10.3-c, 45-10.6-b
        for old in AFFILIATIONS {
            for new in AFFILIATIONS {
                let by = |actor| outcome(change_affiliation(actor, old, new));
                assert_eq!(by(Owner), "ok");
                for actor in [Outcast, None, Member] {
                    assert_eq!(by(actor), "forbidden");
                }
                let admin = match (old, new) {
                    (_, Admin | Owner) => "forbidden",
                    (Admin | Owner, _) => "not-allowed",
                    _ => "ok",
                };
                assert_eq!(by(Admin), admin, "admin changes {old} to {new}");
            }
        }
    }

    #[test]
    fn kicks_respect_rank() {
        // 45-8.2-e, 45-8.2-g
        let moderator = |affiliation| Standing { affiliation, role: Role::Moderator };
        let participant = |affiliation| Standing { affiliation, role: Role::Participant };
        let kick = |a, t| outcome(change_role(a, t, Role::None));
        assert_eq!(kick(moderator(None), participant(None)), "ok");
        assert_eq!(kick(moderator(None), participant(Member)), "not-allowed");
        assert_eq!(kick(moderator(None), moderator(None)), "not-allowed");
        assert_eq!(kick(moderator(Member), moderator(Admin)), "not-allowed");
        assert_eq!(kick(moderator(Admin), moderator(Owner)), "not-allowed");
        assert_eq!(kick(moderator(Admin), moderator(Admin)), "ok");
        assert_eq!(kick(participant(Owner), participant(None)), "forbidden");
    }

    #[test]
    fn moderators_retract_what_their_equals_said() {
        // 425-3
        for actor in AFFILIATIONS {
            for author in AFFILIATIONS {
                let refused =
                    matches!((actor, author), (Outcast | None | Member, Admin | Owner) | (Admin, Owner));
                let expected = if refused { "not-allowed" } else { "ok" };
                assert_eq!(outcome(moderate(actor, author)), expected, "{actor} moderates {author}");
            }
        }
    }

    #[test]
    fn voice_is_never_taken_from_admins_and_owners() {
        // 45-5.1.1-d, 45-8.4-c, 45-8.4-d, 45-9.7-b
        let moderator = |affiliation| Standing { affiliation, role: Role::Moderator };
        let participant = |affiliation| Standing { affiliation, role: Role::Participant };
        let mute = |a, t| outcome(change_role(a, t, Role::Visitor));
        for actor in AFFILIATIONS {
            for target in [Admin, Owner] {
                assert_eq!(mute(moderator(actor), moderator(target)), "not-allowed");
            }
        }
        assert_eq!(mute(moderator(Member), participant(Member)), "not-allowed");
        assert_eq!(mute(moderator(None), participant(None)), "ok");
        assert_eq!(mute(moderator(None), moderator(None)), "forbidden");
        assert_eq!(mute(moderator(Admin), participant(Member)), "ok");
    }

    #[test]
    fn lists_of_a_semi_anonymous_room_are_for_admins_and_owners() {
        // 45-5.2.1-b, 45-9.2-a, 45-9.5-c, 45-9.5-d, 45-10.5-a, 45-10.8-a
        let outside = |affiliation| Standing { affiliation, role: Role::None };
        let read = |a, list, open| outcome(read_list(a, list, open, true));
        assert_eq!(read(outside(Member), Member, false), "forbidden");
        assert_eq!(read(outside(Admin), Member, false), "ok");
        assert_eq!(read(outside(Admin), Owner, false), "forbidden");
        assert_eq!(read(outside(Admin), Admin, false), "forbidden");
        assert_eq!(read(outside(Owner), Owner, false), "ok");
        assert_eq!(read(outside(Member), Owner, true), "ok");
        assert_eq!(read(outside(None), Member, true), "forbidden");
        assert_eq!(read(outside(Outcast), Member, true), "forbidden");
        assert_eq!(read(outside(Member), Outcast, true), "forbidden");
    }
}
