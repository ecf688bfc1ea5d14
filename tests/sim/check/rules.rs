//! The matrices M1 to M5 of the standard (XEP-0045 §5), restated: who may do what to whom. Nothing here asks the room.

use std::collections::BTreeMap;

use conclave::room::nick::NickKey;
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::ns;
use minidom::Element;

use crate::happening::Happening;
use crate::sheet::{Seat, Sheet};

/// Affiliation and role.
pub(super) type Standing = (Affiliation, Role);

/// M2: the role with which somebody enters.
pub(super) fn initial_role(affiliation: Affiliation, moderated: bool) -> Role {
    use Affiliation::{Admin, Member, None, Outcast, Owner};
    match (affiliation, moderated) {
        (Owner | Admin, _) => Role::Moderator,
        (Member, _) | (None, false) => Role::Participant,
        (None, true) => Role::Visitor,
        (Outcast, _) => Role::None,
    }
}

/// M5: whether an actor of this affiliation may change another's.
pub(super) fn may_affiliate(actor: Affiliation, old: Affiliation, new: Affiliation) -> bool {
    let low = |a| matches!(a, Affiliation::Outcast | Affiliation::None | Affiliation::Member);
    match actor {
        Affiliation::Owner => true,
        Affiliation::Admin => low(old) && low(new),
        _ => false,
    }
}

/// Whether a change would have no effect on an admin of the service, who owns the room whatever its lists say. What stands
/// may be asked for again, and an old ban may be lifted.
pub(super) fn takes_away(old: Affiliation, new: Affiliation) -> bool {
    let lifts = (old, new) == (Affiliation::Outcast, Affiliation::None);
    new < Affiliation::Owner && new != old && !lifts
}

/// M1, M3 and §8.2, §8.4, §9.6, §9.7: whether an account that stands so may give an occupant who stands so this role.
pub(super) fn may_give_role(actor: Standing, (affiliation, role): Standing, new: Role) -> bool {
    use Role::{Moderator, None, Participant, Visitor};
    let (actor, actor_role) = actor;
    if actor_role != Moderator {
        return false;
    }
    let is_admin = actor >= Affiliation::Admin;
    let protected = affiliation >= Affiliation::Admin;
    // As §8.4 asks; two without any affiliation have nothing to compare.
    let below = affiliation < actor || affiliation == Affiliation::None;
    match (role, new) {
        (old, new) if old == new => true,
        (_, None) => affiliation <= actor && (role != Moderator || is_admin),
        (_, Moderator) => is_admin,
        (Visitor, Participant) => true,
        (Moderator, Participant | Visitor) => is_admin && !protected && below,
        (_, Visitor) => !protected && below,
        (_, Participant) => false,
    }
}

/// What one `<item/>` of an admin's request asks for.
#[derive(Debug)]
pub(super) enum Wish {
    Role {
        key: NickKey,
        new: Role,
    },
    /// An account or a domain, and the nick to reserve.
    Affiliation {
        jid: BareJid,
        new: Affiliation,
        nick: Option<String>,
    },
    /// Something that cannot be read, or names nobody.
    Nonsense,
}

/// Reads the items of an admin's request.
pub(super) fn wishes(query: &Element, sheet: &Sheet) -> Vec<Wish> {
    let items = query.children().filter(|c| c.is("item", ns::MUC_ADMIN));
    items.map(|item| wish(item, sheet).unwrap_or(Wish::Nonsense)).collect()
}

fn wish(item: &Element, sheet: &Sheet) -> Option<Wish> {
    let nick = item.attr("nick");
    match (item.attr("role"), item.attr("affiliation")) {
        (Some(role), None) => Some(Wish::Role { key: NickKey::of(nick?), new: Role::parse(role)? }),
        (None, Some(affiliation)) => {
            let new = Affiliation::parse(affiliation)?;
            let jid = item.attr("jid").map(|jid| Jid::prepare(jid).ok().map(|jid| jid.to_bare()));
            Some(match jid {
                Some(jid) => Wish::Affiliation { jid: jid?, new, nick: nick.map(str::to_owned) },
                None => Wish::Affiliation { jid: sheet.by_nick(nick?)?.account.clone(), new, nick: None },
            })
        }
        _ => None,
    }
}

impl Wish {
    /// Whether this is about somebody.
    pub(super) fn concerns(&self, seat: &Seat) -> bool {
        match self {
            Self::Role { key, .. } => *key == seat.key,
            // Whose nick is reserved for another account may be put out.
            Self::Affiliation { jid, nick, .. } => {
                covers(jid, &seat.account) || nick.as_deref().map(NickKey::of).as_ref() == Some(&seat.key)
            }
            Self::Nonsense => false,
        }
    }
}

/// What becomes of an occupant by an admin's request: every item in order, each as the ones before have left it, by an
/// actor who stands throughout as at the start. Nothing if he is removed; an error if an item may not be.
pub(super) fn follow(
    sheet: &Sheet,
    wishes: &[Wish],
    actor: &BareJid,
    seat: &Seat,
) -> Result<Option<Standing>, ()> {
    let mut records: BTreeMap<&BareJid, Affiliation> = BTreeMap::new();
    let standing = sheet.standing(actor);
    let (mut affiliation, mut role) = (seat.affiliation, seat.role);
    for wish in wishes {
        match wish {
            Wish::Role { key, new } if *key == seat.key => {
                let leaves = seat.account == *actor && *new == Role::None && standing.1 == Role::Moderator;
                if !leaves && !may_give_role(standing, (affiliation, role), *new) {
                    return Err(());
                }
                role = *new;
            }
            Wish::Affiliation { jid, new, nick } => {
                let nick = nick.as_deref().unwrap_or_default();
                if is_put_out(sheet, actor, (jid, *new, nick), seat, (affiliation, role)) {
                    return Ok(None);
                }
                records.insert(jid, *new);
                let now = sheet.affiliation_with(&seat.account, &records);
                let gained = now > affiliation;
                if now != affiliation {
                    let initial = initial_role(now, sheet.config().moderated);
                    role = if gained { role.max(initial) } else { initial };
                    affiliation = now;
                    let barred = sheet.config().members_only && now < Affiliation::Member;
                    role = if barred { Role::None } else { role };
                }
            }
            Wish::Role { .. } | Wish::Nonsense => {}
        }
        if role == Role::None {
            return Ok(None);
        }
    }
    Ok(Some((affiliation, role)))
}

/// Whether an occupant who stands so is put out because an admin reserves their nick for another account.
pub(super) fn is_put_out(
    sheet: &Sheet,
    actor: &BareJid,
    (jid, new, nick): (&BareJid, Affiliation, &str),
    seat: &Seat,
    stands: Standing,
) -> bool {
    let reserves = sheet.affiliation(actor) >= Affiliation::Admin && new >= Affiliation::Member;
    reserves
        && seat.key == NickKey::of(nick)
        && seat.account != *jid
        && seat.account != *actor
        && may_give_role(sheet.standing(actor), stands, Role::None)
}

/// Whether a record for `jid` counts for an account: it is the account's, or its domain's.
pub(super) fn covers(jid: &BareJid, account: &BareJid) -> bool {
    jid == account || jid.as_str() == account.domain()
}

/// The lists of owners or admins in a form, if the form has them.
pub(super) fn list(happening: &Happening, var: &str) -> Option<Vec<BareJid>> {
    let x = happening.set_of(ns::MUC_OWNER)?.get_child("x", ns::DATA)?;
    let fields = x.children().filter(|f| f.attr("var") == Some(var));
    let values = fields.last()?.children().filter(|v| v.name() == "value").map(|v| v.text());
    Some(values.filter_map(|v| Jid::prepare(v.trim()).ok()).map(|jid| jid.to_bare()).collect())
}

/// The nick and the verdict in a moderator's answer to a request for voice.
pub(super) fn voice_verdict(happening: &Happening) -> Option<(String, bool)> {
    let x = happening.stanza()?.get_child("x", ns::DATA)?;
    let value = |var: &str| {
        let field = x.children().find(|f| f.attr("var") == Some(var))?;
        field.children().find(|v| v.name() == "value").map(Element::text)
    };
    (value("FORM_TYPE")? == ns::MUC_REQUEST).then_some(())?;
    let allow = value("muc#request_allow")?;
    Some((value("muc#roomnick")?, matches!(allow.as_str(), "1" | "true")))
}
