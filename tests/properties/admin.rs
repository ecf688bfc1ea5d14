//! Admin requests in any order by anybody, against the table of who may change what (XEP-0045 §5.2.2, table M5 of
//! the catalogue), written down here once more.

use std::collections::BTreeMap;

use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use proptest::prelude::*;

use crate::world::{World, full};

const WORDS: [&str; 5] = ["outcast", "none", "member", "admin", "owner"];
/// Who is needed for a change, by old (rows) and new (columns): `a` an admin or an owner, `o` an owner, `-` nothing
/// changes.
const NEEDED: [&str; 5] = ["-aaoo", "a-aoo", "aa-oo", "ooo-o", "oooo-"];

/// Sessions; the last one is an admin of the service.
const PEOPLE: [&str; 6] = ["owner", "romeo", "juliet", "tybalt@other/x", "nurse", "root"];
const TARGETS: [&str; 7] = [
    "owner@example",
    "romeo@example",
    "juliet@example",
    "tybalt@other",
    "nurse@example",
    "other",
    "rosaline@other",
];
const ROLES: [&str; 4] = ["none", "visitor", "participant", "moderator"];

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Leave(usize),
    /// Actor; items of target, affiliation, and whether the target is named by its nick.
    Affiliations(usize, Vec<(usize, usize, bool)>),
    /// Actor; items of occupant and role.
    Roles(usize, Vec<(usize, usize)>),
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    // Those who may do something do it more often.
    let actor = prop_oneof![3 => Just(0), 2 => person.clone(), 1 => Just(PEOPLE.len() - 1)];
    // Romeo begins as a moderator without any affiliation.
    let moderator = prop_oneof![1 => Just(0), 2 => Just(1), 1 => person.clone()];
    let item = (0..TARGETS.len(), 0..WORDS.len(), prop::bool::weighted(0.2));
    prop_oneof![
        2 => person.clone().prop_map(Step::Join),
        1 => person.clone().prop_map(Step::Leave),
        5 => (actor.clone(), prop::collection::vec(item, 1..4)).prop_map(|(a, i)| Step::Affiliations(a, i)),
        2 => (moderator, prop::collection::vec((person, 0..ROLES.len()), 1..3)).prop_map(|(a, i)| Step::Roles(a, i)),
    ]
}

/// The lists as they should be: account or domain, and the index of its affiliation.
struct Model(BTreeMap<&'static str, usize>);

const NONE: usize = 1;
const MEMBER: usize = 2;
const ADMIN: usize = 3;
const OWNER: usize = 4;

fn account(who: &str) -> String {
    full(who).split('/').next().expect("an account").to_owned()
}

fn nick(account: &str) -> &str {
    account.split('@').next().expect("a name")
}

impl Model {
    fn recorded(&self, jid: &str) -> usize {
        self.0.get(jid).copied().unwrap_or(NONE)
    }

    /// With the affiliation of the domain behind that of the account, and service admins as owners.
    fn rank(&self, account: &str) -> usize {
        let domain = account.split('@').next_back().expect("a domain");
        match account {
            "root@example" => OWNER,
            _ => self.0.get(account).or_else(|| self.0.get(domain)).copied().unwrap_or(NONE),
        }
    }

    /// What the lists are after the request; `None` if the table or the rules around it refuse it. A request in
    /// which an item changes nothing may be refused or not: `Some` is then what it leads to if it is taken.
    fn after(&self, actor: &str, items: &[(&'static str, usize)]) -> Option<BTreeMap<&'static str, usize>> {
        let rank = self.rank(actor);
        let mut after = self.0.clone();
        for (jid, new) in items {
            let allowed = match NEEDED[self.recorded(jid)].as_bytes()[*new] {
                b'a' => rank >= ADMIN,
                b'o' => rank == OWNER,
                _ => true,
            };
            let bans_himself = *new == 0 && *jid == actor;
            let raises_a_domain = !jid.contains('@') && *new >= ADMIN;
            if !allowed || bans_himself || raises_a_domain {
                return None;
            }
            match *new {
                NONE => after.remove(jid),
                new => after.insert(jid, new),
            };
        }
        after.values().any(|a| *a == OWNER).then_some(after)
    }
}

/// Nick, role and affiliation of everybody present.
fn present(world: &World) -> BTreeMap<String, (Role, String)> {
    let occupants = world.room.roster().iter();
    occupants.map(|o| (o.nick.as_str().to_owned(), (o.role, o.account.to_string()))).collect()
}

fn listed(world: &mut World, list: &str) -> Vec<String> {
    world.clear();
    world.send(
        "root",
        &format!(
            "<iq xmlns='jabber:client' type='get' id='l'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item affiliation='{list}'/></query></iq>"
        ),
    );
    let answer = world.stanzas("root").pop().expect("an answer");
    let query = answer.children().next().expect("a query");
    query.children().map(|item| item.attr("jid").expect("an address").to_owned()).collect()
}

fn change_affiliations(
    world: &mut World,
    model: &mut Model,
    actor: &str,
    items: &[(usize, usize, bool)],
) -> Result<(), TestCaseError> {
    let here = present(world);
    let by_nick = |jid: &str| here.contains_key(nick(jid));
    // Somebody absent has no nick: then the address is given.
    let written: String = items
        .iter()
        .map(|(target, new, named)| match TARGETS[*target] {
            jid if *named && by_nick(jid) => {
                format!("<item nick='{}' affiliation='{}'/>", nick(jid), WORDS[*new])
            }
            jid => format!("<item jid='{jid}' affiliation='{}'/>", WORDS[*new]),
        })
        .collect();
    let items: Vec<_> = items.iter().map(|(target, new, _)| (TARGETS[*target], *new)).collect();
    let after = model.after(&account(actor), &items);
    let idle = items.iter().any(|(jid, new)| model.recorded(jid) == *new);
    let before = world.room.clone();
    world.clear();
    let refused = world.request(actor, &written);
    if refused {
        prop_assert!(after.is_none() || idle, "{actor} may do {written}");
        prop_assert_eq!(world.room.state(), before.state());
        prop_assert_eq!(present(world), here);
    } else {
        prop_assert!(after.is_some(), "{actor} may not do {written}");
        model.0 = after.expect("checked above");
    }
    Ok(())
}

fn change_roles(
    world: &mut World,
    model: &Model,
    actor: &str,
    items: &[(usize, usize)],
) -> Result<(), TestCaseError> {
    let here = present(world);
    let state = world.room.state().clone();
    let rank = model.rank(&account(actor));
    let role = here.get(nick(&account(actor))).map_or(Role::None, |(role, _)| *role);
    let written: String = items
        .iter()
        .map(|(who, role)| format!("<item nick='{}' role='{}'/>", nick(&account(PEOPLE[*who])), ROLES[*role]))
        .collect();
    let refused = world.request(actor, &written);
    let now = present(world);
    prop_assert!(refused || role == Role::Moderator || rank >= ADMIN, "{actor} did {written}");
    prop_assert!(!refused || now == here, "refused, but {here:?} became {now:?}");
    prop_assert_eq!(&world.room.state().affiliations, &state.affiliations, "a role is no affiliation");
    for (name, (before, jid)) in &here {
        let target = model.rank(jid);
        match now.get(name).map(|(role, _)| *role) {
            None => prop_assert!(target <= rank, "{actor} kicked {name}"),
            Some(Role::Moderator) => {
                prop_assert!(*before == Role::Moderator || rank >= ADMIN, "{actor} raised {name}")
            }
            Some(role) => prop_assert!(role >= *before || target < ADMIN, "{actor} lowered {name}"),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(crate::cases(250))]

    // 45-5.2-a, 45-5.2-b, 45-5.2-d, 45-5.2-f, 45-5.2.2-b, 45-8.2-e, 45-9.1-f, 45-9.1-g, 45-9.1-h, 45-9.2-f,
    // 45-9.2-g, 45-9.5-a, 45-9.5-e, 45-9.7-b, 45-10.4-c, 45-10.5-d, 45-10.5-e, 45-10.5-f, 45-10.6-b, 45-10.7-b,
    // 45-10.8-d, 45-10.8-e
    #[test]
    fn whatever_admins_do_follows_the_table(
        moderated in any::<bool>(),
        members_only in prop::bool::weighted(0.2),
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let flag = |on: bool| if on { "1" } else { "0" };
        let fields = [("persistentroom", "1"), ("moderatedroom", flag(moderated)), ("membersonly", flag(members_only))];
        let mut world = World::with_room(&fields);
        let mut model = Model(BTreeMap::from([("owner@example", OWNER)]));
        for who in &PEOPLE[1..5] {
            world.join_as(who, nick(&account(who)), "");
        }
        world.request("owner", "<item nick='romeo' role='moderator'/>");
        world.request("owner", "<item jid='juliet@example' affiliation='member'/>");
        model.0.insert("juliet@example", MEMBER);
        for step in &steps {
            match step {
                Step::Join(who) => world.join_as(PEOPLE[*who], nick(&account(PEOPLE[*who])), ""),
                Step::Leave(who) => {
                    world.send(PEOPLE[*who], "<presence xmlns='jabber:client' to='r@muc.example/x' type='unavailable'/>");
                }
                Step::Affiliations(actor, items) => {
                    change_affiliations(&mut world, &mut model, PEOPLE[*actor], items)?;
                }
                Step::Roles(actor, items) => change_roles(&mut world, &model, PEOPLE[*actor], items)?,
            }
            for (name, (role, jid)) in present(&world) {
                let rank = model.rank(&jid);
                prop_assert!(rank > 0, "{name} is banned and here");
                prop_assert!(rank < ADMIN || role == Role::Moderator, "{name} is {} and {role}", WORDS[rank]);
            }
        }
        prop_assert!(model.0.values().any(|a| *a == OWNER));
        for (index, list) in WORDS.into_iter().enumerate().filter(|(index, _)| *index != NONE) {
            let expected: Vec<&str> = model.0.iter().filter(|(_, a)| **a == index).map(|(jid, _)| *jid).collect();
            prop_assert_eq!(listed(&mut world, list), expected, "the list of {}", list);
        }
        prop_assert!(world.room.state().affiliations.values().all(|a| a.affiliation != Affiliation::None));
    }
}

impl World {
    /// Sends an admin request and tells whether it was refused.
    fn request(&mut self, who: &str, items: &str) -> bool {
        let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>");
        let effects = self.send(who, &format!("<iq xmlns='jabber:client' type='set' id='a'>{query}</iq>"));
        assert!(!effects.refused || effects.writes.is_empty());
        effects.refused
    }
}
