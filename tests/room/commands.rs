//! Ad-hoc commands of a room (XEP-0050).

use minidom::Element;

use crate::world::World;

const COMMANDS: &str = "http://jabber.org/protocol/commands";

/// Sends a request and gives back the only stanza that its sender gets.
fn ask(w: &mut World, who: &str, type_: &str, payload: &str) -> Element {
    w.send(who, &format!("<iq xmlns='jabber:client' type='{type_}' id='q'>{payload}</iq>"));
    let mut got = w.stanzas(who);
    assert_eq!(got.len(), 1, "{got:?}");
    got.remove(0)
}

#[test]
fn list_of_commands_is_an_own_node_and_unknown_commands_are_not_found() {
    // 050-1, 050-3
    let mut w = World::with_room(&[]);
    let info = ask(
        &mut w,
        "owner",
        "get",
        &format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{COMMANDS}'/>"),
    );
    let query = info.children().next().expect("an answer");
    let identity = query.children().next().expect("an identity");
    assert_eq!(
        (identity.attr("category"), identity.attr("type")),
        (Some("automation"), Some("command-list"))
    );
    let items = ask(
        &mut w,
        "owner",
        "get",
        &format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>"),
    );
    assert_eq!(items.children().next().and_then(|q| q.attr("node")), Some(COMMANDS));
    w.send(
        "owner",
        &format!(
            "<iq xmlns='jabber:client' type='set' id='q'><command xmlns='{COMMANDS}' node='dance'/></iq>"
        ),
    );
    assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"]);
}
