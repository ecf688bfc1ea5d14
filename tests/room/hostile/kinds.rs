//! A stanza of every kind that a room knows, whole and in order.

use crate::world::ROOM;

const MUC: &str = "http://jabber.org/protocol/muc";
const MODERATE: &str = "<moderate xmlns='urn:xmpp:message-moderate:1' id='AT'><retract xmlns='urn:xmpp:message-retract:1'/><reason>r</reason></moderate>";

/// A stanza, and who sends it.
pub(crate) type Sample = (&'static str, String);

fn presence(nick: &str, attributes: &str, inside: &str) -> String {
    format!("<presence xmlns='jabber:client' id='x' to='{ROOM}/{nick}'{attributes}>{inside}</presence>")
}

fn message(to: &str, type_: &str, inside: &str) -> String {
    format!("<message xmlns='jabber:client' id='x' to='{to}' type='{type_}' xml:lang='en'>{inside}</message>")
}

fn iq(to: &str, type_: &str, payload: &str) -> String {
    format!("<iq xmlns='jabber:client' id='x' to='{to}' type='{type_}'>{payload}</iq>")
}

fn form(form_type: &str, fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = [("FORM_TYPE", form_type)].iter().chain(fields).map(field).collect();
    format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
}

pub(crate) fn presences() -> Vec<Sample> {
    let join = format!(
        "<x xmlns='{MUC}'><history maxstanzas='5' maxchars='999' seconds='60' since='2020-01-01T00:00:00Z'/>\
         <password>p</password><mav xmlns='urn:xmpp:muc:affiliations:1' since='1'/></x><show>away</show><status>s</status>"
    );
    let shown = "<show>xa</show><status xml:lang='it'>s</status><priority>1</priority>\
                 <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>";
    let error = "<error type='cancel' by='example'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    vec![
        ("stranger", presence("stranger", "", &join)),
        ("banned", presence("banned", "", &join)),
        ("romeo", presence("romeo", "", &join)),
        ("romeo", presence("romeo", "", shown)),
        ("romeo", presence("montague", "", shown)),
        ("romeo", presence("romeo", " type='unavailable'", "<status>bye</status>")),
        ("stranger", presence("romeo", " type='unavailable'", "<status>bye</status>")),
        ("stranger", presence("stranger", "", shown)),
        ("romeo", presence("romeo", " type='error'", error)),
        ("romeo", presence("owner", " type='probe'", "")),
        ("stranger", presence("owner", " type='probe'", "")),
        ("romeo", presence("owner", " type='subscribe'", "<status>s</status>")),
        ("romeo", presence("owner", " type='unsubscribe'", "")),
        ("romeo", presence("owner", " type='unsubscribed'", "")),
    ]
}

pub(crate) fn messages() -> Vec<Sample> {
    let user = |inside: &str| format!("<x xmlns='{MUC}#user'>{inside}</x>");
    let invite = user(
        "<invite to='juliet@example'><reason>r</reason><continue thread='t'/></invite><password>p</password>",
    );
    let decline = user("<decline to='owner@example'><reason>r</reason></decline>");
    let voice = form(
        &format!("{MUC}#request"),
        &[
            ("muc#role", "participant"),
            ("muc#jid", "visitor@example/pc"),
            ("muc#roomnick", "visitor"),
            ("muc#request_allow", "1"),
        ],
    );
    let said = "<body>words</body><body xml:lang='it'>parole</body><thread parent='p'>t</thread>\
                <origin-id xmlns='urn:xmpp:sid:0' id='o'/><active xmlns='http://jabber.org/protocol/chatstates'/>\
                <no-store xmlns='urn:xmpp:hints'/>";
    let error = "<error type='cancel' by='example'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text>t</text></error>";
    let all = [
        said,
        "<subject>s</subject><subject xml:lang='it'>t</subject>",
        "<body>b</body><replace xmlns='urn:xmpp:message-correct:0' id='o'/>",
        "<retract xmlns='urn:xmpp:message-retract:1' id='AT'/><fallback xmlns='urn:xmpp:fallback:0'/>",
        "<apply-to xmlns='urn:xmpp:fasten:0' id='AT'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
        "<reactions xmlns='urn:xmpp:reactions:0' id='AT'><reaction>👋</reaction></reactions>",
        "<body>juliet: b</body><reference xmlns='urn:xmpp:reference:0' type='mention' begin='0' end='6' uri='xmpp:juliet@example'/>",
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'><keys jid='a@b'/></header><payload>x</payload></encrypted>",
    ];
    let mut found: Vec<Sample> = all.map(|inside| ("romeo", message(ROOM, "groupchat", inside))).into();
    let private = format!("{ROOM}/owner");
    found.extend([
        ("visitor", message(ROOM, "groupchat", said)),
        ("stranger", message(ROOM, "groupchat", said)),
        ("romeo", message(&private, "chat", said)),
        ("romeo", message(&private, "normal", &user(""))),
        ("stranger", message(&private, "chat", said)),
        ("romeo", message(&private, "groupchat", said)),
        ("romeo", message(ROOM, "headline", said)),
        ("owner", message(ROOM, "normal", &invite)),
        ("stranger", message(ROOM, "normal", &invite)),
        ("juliet", message(ROOM, "normal", &decline)),
        ("visitor", message(ROOM, "normal", &voice)),
        ("owner", message(ROOM, "normal", &voice)),
        ("romeo", message(&private, "error", error)),
        ("romeo", message(ROOM, "error", error)),
    ]);
    found
}

pub(crate) fn requests() -> Vec<Sample> {
    let query = |ns: &str, inside: &str| format!("<query xmlns='{ns}'>{inside}</query>");
    let node = |ns: &str, node: &str| format!("<query xmlns='{ns}' node='{node}'/>");
    let disco = "http://jabber.org/protocol/disco";
    let admin = |inside: &str| query(&format!("{MUC}#admin"), inside);
    let owner = |inside: &str| query(&format!("{MUC}#owner"), inside);
    let configuration = form(
        &format!("{MUC}#roomconfig"),
        &[
            ("muc#roomconfig_roomname", "n"),
            ("muc#roomconfig_maxusers", "20"),
            ("muc#roomconfig_roomowners", "owner@example"),
        ],
    );
    let mam = form(
        "urn:xmpp:mam:2",
        &[("with", "romeo@example"), ("start", "2020-01-01T00:00:00Z"), ("end", "2030-01-01T00:00:00Z")],
    );
    let page = "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>AT</after></set><flip-page/>";
    let registration = form(
        &format!("{MUC}#register"),
        &[("muc#register_roomnick", "Juliet"), ("muc#register_email", "a@b")],
    );
    let gets = [
        ("stranger", node(&format!("{disco}#info"), "")),
        ("romeo", node(&format!("{disco}#info"), "x-roomuser-item")),
        ("romeo", node(&format!("{disco}#items"), "http://jabber.org/protocol/commands")),
        ("owner", admin("<item affiliation='member'/>")),
        ("owner", admin("<item role='participant'/>")),
        ("owner", owner("")),
        ("juliet", query("jabber:iq:register", "")),
        ("owner", "<tokens xmlns='urn:xmpp:muc-token-invite:0'/>".to_owned()),
        ("romeo", query("urn:xmpp:mam:2", "")),
        ("romeo", "<metadata xmlns='urn:xmpp:mam:2'/>".to_owned()),
        ("stranger", "<vCard xmlns='vcard-temp'/>".to_owned()),
        ("stranger", "<ping xmlns='urn:xmpp:ping'/>".to_owned()),
        ("romeo", query("urn:example:unknown", "<a/>")),
    ];
    let sets = [
        ("owner", admin("<item nick='romeo' role='visitor'><reason>r</reason></item>")),
        ("owner", admin("<item nick='romeo' role='none'><reason>r</reason><actor nick='a'/></item>")),
        ("owner", admin("<item jid='romeo@example' affiliation='outcast'><reason>r</reason></item><item jid='a@b' affiliation='member' nick='n'/>")),
        ("romeo", admin("<item jid='owner@example' affiliation='none'/>")),
        ("owner", owner(&configuration)),
        ("romeo", owner(&configuration)),
        ("owner", owner("<x xmlns='jabber:x:data' type='cancel'/>")),
        ("owner", owner("<destroy jid='other@muc.example'><reason>r</reason><password>p</password></destroy>")),
        ("juliet", query("jabber:iq:register", &registration)),
        ("juliet", query("jabber:iq:register", "<remove/>")),
        ("owner", "<request xmlns='urn:xmpp:muc-token-invite:0' delay='3600' counter='5'/>".to_owned()),
        ("owner", "<revoke xmlns='urn:xmpp:muc-token-invite:0'>TOKEN</revoke>".to_owned()),
        ("romeo", format!("<query xmlns='urn:xmpp:mam:2' queryid='k'>{mam}{page}</query>")),
        ("owner", "<vCard xmlns='vcard-temp'><FN>f</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>".to_owned()),
        ("owner", MODERATE.to_owned()),
        ("romeo", MODERATE.to_owned()),
        ("owner", format!("<apply-to xmlns='urn:xmpp:fasten:0' id='AT'>{}</apply-to>", MODERATE.replace(":1'", ":0'"))),
    ];
    let mut found: Vec<Sample> = gets.map(|(who, payload)| (who, iq(ROOM, "get", &payload))).into();
    found.extend(sets.map(|(who, payload)| (who, iq(ROOM, "set", &payload))));
    found.extend(commands());
    let fault = "<error type='cancel' by='example'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for to in [format!("{ROOM}/owner"), format!("{ROOM}/romeo"), format!("{ROOM}/nobody")] {
        found.push(("romeo", iq(&to, "get", "<ping xmlns='urn:xmpp:ping'/>")));
        found.push(("romeo", iq(&to, "set", &query("urn:example:unknown", "<a/>"))));
        found.push(("stranger", iq(&to, "get", &query("jabber:iq:version", ""))));
        found.push(("romeo", iq(&to, "result", &query("urn:example:unknown", "<a/>"))));
        found.push(("romeo", iq(&to, "error", fault)));
    }
    found.push(("romeo", iq(ROOM, "error", fault)));
    found.push(("romeo", iq(ROOM, "result", "")));
    found
}

/// The commands of a room, with their forms filled in.
fn commands() -> Vec<Sample> {
    let hats = "urn:xmpp:hats:commands";
    let fields: [(&str, &[(&str, &str)]); 12] = [
        ("urn:xmpp:hats:commands:create", &[("hats#title", "t"), ("hats#uri", "urn:hat")]),
        ("urn:xmpp:hats:commands:destroy", &[("hat", "urn:hat")]),
        ("urn:xmpp:hats:commands:assign", &[("hats#jid", "romeo@example"), ("hat", "urn:hat")]),
        ("urn:xmpp:hats:commands:unassign", &[("hats#jid", "romeo@example"), ("hat", "urn:hat")]),
        ("urn:xmpp:hats:commands:list", &[]),
        (
            "conclave#ban",
            &[("jid", "romeo@example"), ("reason", "r"), ("note", "n"), ("duration", "1d"), ("retract", "1")],
        ),
        ("conclave#bans", &[]),
        ("conclave#leavers", &[]),
        ("conclave#sessions", &[]),
        ("conclave#registrations", &[]),
        ("conclave#retract-recent", &[("nick", "romeo"), ("count", "2")]),
        ("conclave#retracted", &[("id", "AT")]),
    ];
    let command = |(node, fields): (&str, &[(&str, &str)])| {
        let form = if node.starts_with(hats) { form(hats, fields) } else { form(node, fields) };
        let payload = format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='{node}' action='execute'>{form}</command>"
        );
        ("owner", iq(ROOM, "set", &payload))
    };
    fields.map(command).into()
}
