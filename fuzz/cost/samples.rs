//! What recipes begin with: a stanza of every kind that a room, its archive or the service knows.

use crate::kinds;

/// A stanza of somebody.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The account's name.
    pub(crate) who: String,
    /// What it is, for people.
    pub(crate) kind: String,
    /// The stanza without a sender.
    pub(crate) xml: String,
}

impl Sample {
    fn new(who: &str, kind: &str, xml: &str) -> Self {
        Self { who: who.to_owned(), kind: kind.to_owned(), xml: xml.to_owned() }
    }
}

/// What a room is sent: all that `tests/room/hostile` knows, and people who come one after the other.
pub(crate) fn of_rooms() -> Vec<Sample> {
    let known = [kinds::presences(), kinds::messages(), kinds::requests()].concat();
    let mut samples: Vec<Sample> =
        known.iter().map(|(who, xml)| Sample::new(who, &kind_of(who, xml), xml)).collect();
    let to = crate::world::ROOM;
    let more = [
        (
            "crowd#N#",
            format!(
                "<presence xmlns='jabber:client' to='{to}/c#N#'><x xmlns='http://jabber.org/protocol/muc'/><status>s</status></presence>"
            ),
        ),
        (
            "romeo",
            format!(
                "<message xmlns='jabber:client' to='{to}' type='groupchat' id='m#N#'><body>b</body><q xmlns='urn:q'/></message>"
            ),
        ),
        (
            "owner",
            format!(
                "<iq xmlns='jabber:client' to='{to}' type='set' id='o'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field><field var='muc#roomconfig_roomname'><value>n#N#</value></field><field var='muc#roomconfig_whois'><value>anyone</value></field></x></query></iq>"
            ),
        ),
        (
            "owner",
            format!(
                "<iq xmlns='jabber:client' to='{to}' type='set' id='a'><query xmlns='http://jabber.org/protocol/muc#admin'><item jid='m#N#@e.example' affiliation='member' nick='m#N#'/></query></iq>"
            ),
        ),
        (
            "owner",
            format!(
                "<message xmlns='jabber:client' to='{to}' id='i#N#'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='v#N#@v.example'><reason>r</reason></invite></x></message>"
            ),
        ),
        (
            "romeo",
            format!(
                "<iq xmlns='jabber:client' to='{to}/owner' type='get' id='q#N#'><query xmlns='jabber:iq:version'/></iq>"
            ),
        ),
    ];
    samples
        .extend(more.iter().map(|(who, xml)| Sample::new(who, &format!("{}, many", kind_of(who, xml)), xml)));
    samples
}

/// What an archive is asked.
pub(crate) fn of_archives() -> Vec<Sample> {
    let wanted = |xml: &str| {
        ["urn:xmpp:mam", "moderate", "retract", "conclave#"].iter().any(|word| xml.contains(word))
    };
    let known = kinds::requests().into_iter().filter(|(_, xml)| wanted(xml));
    let mut samples: Vec<Sample> =
        known.map(|(who, xml)| Sample::new(who, &kind_of(who, &xml), &xml)).collect();
    let to = crate::world::ROOM;
    let query = |fields: &str, set: &str| {
        format!(
            "<iq xmlns='jabber:client' to='{to}' type='set' id='q'><query xmlns='urn:xmpp:mam:2'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>{fields}</x>\
             <set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query></iq>"
        )
    };
    let ids = "<field var='ids'><value>AT</value></field>";
    let with = "<field var='with'><value>nobody@example</value></field>";
    for (fields, set) in [
        (ids, "<max>0</max>"),
        (ids, ""),
        (with, "<max>500</max>"),
        (with, "<max>1</max><before/>"),
        ("", "<max>500</max><before/>"),
        ("", "<max>1</max><index>100</index>"),
    ] {
        samples.push(Sample::new("romeo", "page of the archive", &query(fields, set)));
    }
    samples
}

/// What the service itself is asked.
pub(crate) fn of_the_service() -> Vec<Sample> {
    let form = |form_type: &str, fields: &str| {
        format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{form_type}</value></field>{fields}</x>"
        )
    };
    let q = "<field var='q'><value>a a</value></field>";
    let set = "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max></set>";
    let standard = "urn:xmpp:channel-search:0";
    let muclumbus = "https://xmlns.zombofant.net/muclumbus/search/1.0";
    let disco = "http://jabber.org/protocol/disco";
    let payloads = [
        (
            "search",
            format!(
                "<search xmlns='{standard}:search'>{set}{}</search>",
                form(&format!("{standard}:search-params"), q)
            ),
        ),
        (
            "search, muclumbus",
            format!("<search xmlns='{muclumbus}'>{set}{}</search>", form(&format!("{muclumbus}#params"), q)),
        ),
        ("list of rooms", format!("<query xmlns='{disco}#items'>{set}</query>")),
        ("information", format!("<query xmlns='{disco}#info'/>")),
        ("unknown request", "<query xmlns='urn:unknown'><a/></query>".to_owned()),
        (
            "command",
            format!(
                "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#announce'>{}</command>",
                form("http://jabber.org/protocol/admin", q)
            ),
        ),
    ];
    let iq = |(kind, payload): &(&str, String)| {
        let type_ = if kind.starts_with("command") { "set" } else { "get" };
        Sample::new(
            "crowd#N#",
            kind,
            &format!("<iq xmlns='jabber:client' to='muc.example' type='{type_}' id='q'>{payload}</iq>"),
        )
    };
    payloads.iter().map(iq).collect()
}

/// Its name, its type, and what is first in it.
fn kind_of(who: &str, xml: &str) -> String {
    let Ok(stanza) = xml.parse::<minidom::Element>() else { return who.to_owned() };
    let inside = stanza.children().next();
    let what = inside.map_or(String::new(), |child| {
        let namespace = child.ns();
        let short = namespace.rsplit(['/', ':']).find(|part| part.len() > 2).unwrap_or_default().to_owned();
        let node = child.attr("node").map(|node| format!(" {node}")).unwrap_or_default();
        format!(" <{}> {short}{node}", child.name())
    });
    format!("{} {}{what}", stanza.name(), stanza.attr("type").unwrap_or_default())
}
