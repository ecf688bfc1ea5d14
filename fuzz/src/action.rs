//! What people do in a room, drawn from arbitrary bytes.

use arbitrary::Arbitrary;
use conclave::feature::fields;
use conclave::wire::build::{Build, el};
use conclave::wire::ns;
use minidom::Element;

use crate::world::World;

const PEOPLE: [&str; 7] = [
    "owner@example/pc",
    "owner@example/phone",
    "romeo@example/pc",
    "juliet@example/pc",
    "juliet@example/phone",
    "tybalt@other/x",
    "root@example/pc",
];
const WORDS: [&str; 22] = [
    "owner",
    "romeo",
    "juliet",
    "Romeo ",
    "ｒomeo",
    "",
    "0",
    "1",
    "true",
    "2",
    "none",
    "anyone",
    "moderators",
    "moderator",
    "participant",
    "visitor",
    "owner@example",
    "romeo@example",
    "tybalt@other",
    "other",
    "\u{1}\u{202e}🦊",
    "2001-09-09T01:46:40Z",
];
const AFFILIATIONS: [&str; 6] = ["outcast", "none", "member", "admin", "owner", "king"];
const ROLES: [&str; 5] = ["none", "visitor", "participant", "moderator", "king"];
const NAMES: [&str; 24] = [
    "x", "query", "item", "history", "password", "status", "show", "body", "subject", "thread", "invite",
    "decline", "field", "value", "destroy", "error", "delay", "ping", "vCard", "pubsub", "remove", "reason",
    "gone", "continue",
];
const NAMESPACES: [&str; 25] = [
    ns::CLIENT,
    ns::MUC,
    ns::MUC_USER,
    ns::MUC_ADMIN,
    ns::MUC_OWNER,
    ns::DATA,
    ns::REGISTER,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::VCARD,
    ns::PUBSUB,
    ns::DELAY,
    ns::SID,
    ns::OCCUPANT_ID,
    ns::HATS,
    ns::STANZA_ERRORS,
    ns::RSM,
    ns::MAM,
    ns::MODERATE,
    ns::RETRACT,
    ns::COMMANDS,
    ns::CORRECT,
    ns::MAV,
    "",
];
const ATTRIBUTES: [&str; 16] = [
    "type",
    "id",
    "jid",
    "nick",
    "affiliation",
    "role",
    "var",
    "node",
    "from",
    "to",
    "stamp",
    "code",
    "maxstanzas",
    "maxchars",
    "seconds",
    "since",
];

/// A text: mostly one that means something, at times any.
#[derive(Arbitrary, Clone, Debug)]
pub enum Word {
    Known(u8),
    Free(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Known(n) => pick(&WORDS, *n),
            Self::Free(text) => text,
        }
    }
}

/// Any element.
#[derive(Arbitrary, Clone, Debug)]
pub struct Tree {
    name: u8,
    namespace: u8,
    attributes: Vec<(u8, Word)>,
    text: Option<Word>,
    children: Vec<Tree>,
}

impl Tree {
    fn element(&self, depth: usize) -> Element {
        let mut element = el(pick(&NAMES, self.name), pick(&NAMESPACES, self.namespace));
        for (name, value) in &self.attributes {
            element = element.with(pick(&ATTRIBUTES, *name), value.text());
        }
        if let Some(text) = &self.text {
            element = element.text_node(text.text());
        }
        if depth < 6 {
            for child in &self.children {
                element.append_child(child.element(depth + 1));
            }
        }
        element
    }
}

/// One item of an admin request.
#[derive(Arbitrary, Clone, Debug)]
pub struct Item {
    affiliation: Option<u8>,
    role: Option<u8>,
    jid: Option<Word>,
    nick: Option<Word>,
    reason: Option<Word>,
}

impl Item {
    fn element(&self) -> Element {
        let reason = self.reason.as_ref().map(|r| el("reason", ns::MUC_ADMIN).text_node(r.text()));
        el("item", ns::MUC_ADMIN)
            .with_opt("affiliation", self.affiliation.map(|a| pick(&AFFILIATIONS, a)))
            .with_opt("role", self.role.map(|r| pick(&ROLES, r)))
            .with_opt("jid", self.jid.as_ref().map(Word::text))
            .with_opt("nick", self.nick.as_ref().map(Word::text))
            .child_opt(reason)
    }
}

/// What somebody does.
#[derive(Arbitrary, Clone, Debug)]
pub enum Deed {
    Join { nick: Word, password: Option<Word>, history: [Option<u8>; 3] },
    Show(Word),
    Leave,
    Bounce { of: u8 },
    Say(Word),
    Subject(Word),
    Whisper { nick: Word, body: Word },
    Admin(Vec<Item>),
    List(Item),
    Form,
    Configure(Vec<(u8, Vec<Word>)>),
    Cancel,
    Destroy { jid: Option<Word> },
    Register(Word),
    Unregister,
    Invite(Vec<Word>),
    AskVoice { nick: Option<Word>, verdict: Option<Word> },
    Ask { nick: Option<Word>, set: bool, payload: Tree },
    Answer { nick: Option<Word>, id: Word, error: bool },
    Page { max: Option<Word>, before: Option<Word> },
    Any { kind: u8, type_: Option<Word>, nick: Option<Word>, children: Vec<Tree> },
}

/// What happens.
#[derive(Arbitrary, Clone, Debug)]
pub enum Action {
    Person { who: u8, deed: Deed },
    Wait(u16),
    Settle,
    Crash,
    Stop { goodbye: bool },
    Check { who: u8 },
}

impl Action {
    /// Lets it happen.
    pub fn take_place(&self, world: &mut World) {
        match self {
            Self::Wait(seconds) => world.wait(*seconds),
            Self::Settle => world.settle(),
            Self::Crash => world.crash(),
            Self::Stop { goodbye } => world.stop(*goodbye),
            Self::Check { who } => world.check(pick(&PEOPLE, *who)),
            Self::Person { who, deed } => {
                let (nick, stanza) = deed.stanza();
                world.send(pick(&PEOPLE, *who), nick, stanza);
            }
        }
    }
}

impl Deed {
    /// To which nick, and what.
    fn stanza(&self) -> (Option<&str>, Element) {
        match self {
            Self::Join { nick, password, history } => (Some(nick.text()), join(password.as_ref(), history)),
            Self::Show(text) => {
                let status = el("status", ns::CLIENT).text_node(text.text());
                (Some("romeo"), el("presence", ns::CLIENT).child(status))
            }
            Self::Leave => (Some("x"), el("presence", ns::CLIENT).with("type", "unavailable")),
            Self::Bounce { of } => {
                let error = el("error", ns::CLIENT).child(el("recipient-unavailable", ns::STANZA_ERRORS));
                (Some("x"), el(kind(*of), ns::CLIENT).with("type", "error").child(error))
            }
            Self::Say(body) => (None, text("groupchat", "body", body)),
            Self::Subject(subject) => (None, text("groupchat", "subject", subject)),
            Self::Whisper { nick, body } => (Some(nick.text()), text("chat", "body", body)),
            Self::Ask { nick, set, payload } => {
                let type_ = if *set { "set" } else { "get" };
                (nick.as_ref().map(Word::text), iq(type_, payload.element(0)))
            }
            Self::Answer { nick, id, error } => {
                let answer = el("iq", ns::CLIENT).with("type", if *error { "error" } else { "result" });
                (nick.as_ref().map(Word::text), answer.with("id", id.text()))
            }
            Self::Any { kind: of, type_, nick, children } => {
                let mut stanza = el(kind(*of), ns::CLIENT).with("id", "any");
                stanza = stanza.with_opt("type", type_.as_ref().map(Word::text));
                for child in children {
                    stanza.append_child(child.element(0));
                }
                (nick.as_ref().map(Word::text), stanza)
            }
            _ => (None, self.request()),
        }
    }

    /// What is asked of the room itself.
    fn request(&self) -> Element {
        let admin = |type_, items: &[Item]| {
            let query = items.iter().fold(el("query", ns::MUC_ADMIN), |query, i| query.child(i.element()));
            iq(type_, query)
        };
        let owner = |payload| iq("set", el("query", ns::MUC_OWNER).child(payload));
        let register = |payload| iq("set", el("query", ns::REGISTER).child(payload));
        match self {
            Self::Admin(items) => admin("set", items),
            Self::List(item) => admin("get", std::slice::from_ref(item)),
            Self::Configure(filled) => {
                let vars: Vec<&str> = fields()
                    .flat_map(|f| f.aliases.iter().copied().chain([f.var]))
                    .chain(["muc#roomconfig_roomadmins", "muc#roomconfig_roomowners", "FORM_TYPE", "y"])
                    .collect();
                let filled = filled.iter().map(|(var, values)| field(pick(&vars, *var), values));
                owner(filled.fold(el("x", ns::DATA).with("type", "submit"), |x, c| x.child(c)))
            }
            Self::Page { max, before } => {
                let mut set = el("set", ns::RSM);
                for (name, word) in [("max", max), ("before", before)] {
                    if let Some(word) = word {
                        set.append_child(el(name, ns::RSM).text_node(word.text()));
                    }
                }
                iq("set", el("query", ns::MAM).child(set))
            }
            Self::Cancel => owner(el("x", ns::DATA).with("type", "cancel")),
            Self::Destroy { jid } => {
                owner(el("destroy", ns::MUC_OWNER).with_opt("jid", jid.as_ref().map(Word::text)))
            }
            Self::Register(nick) => {
                let field = field("muc#register_roomnick", std::slice::from_ref(nick));
                register(el("x", ns::DATA).with("type", "submit").child(field))
            }
            Self::Unregister => register(el("remove", ns::REGISTER)),
            Self::Invite(to) => {
                let invite = |to: &Word| el("invite", ns::MUC_USER).with("to", to.text());
                let x = to.iter().map(invite).fold(el("x", ns::MUC_USER), |x, c| x.child(c));
                el("message", ns::CLIENT).child(x)
            }
            Self::AskVoice { nick, verdict } => {
                let mut x = el("x", ns::DATA).with("type", "submit");
                x.append_child(el("field", ns::DATA).with("var", "FORM_TYPE").child(value(ns::MUC_REQUEST)));
                for (var, word) in [("muc#roomnick", nick), ("muc#request_allow", verdict)] {
                    if let Some(word) = word {
                        x.append_child(field(var, std::slice::from_ref(word)));
                    }
                }
                el("message", ns::CLIENT).child(x)
            }
            _ => iq("get", el("query", ns::MUC_OWNER)),
        }
    }
}

fn join(password: Option<&Word>, history: &[Option<u8>; 3]) -> Element {
    let mut asked = el("history", ns::MUC);
    for (name, n) in ["maxstanzas", "maxchars", "seconds"].iter().zip(history) {
        asked = asked.with_opt(name, n.map(|n| (u32::from(n) * 3).to_string()).as_deref());
    }
    let password = password.map(|word| el("password", ns::MUC).text_node(word.text()));
    el("presence", ns::CLIENT).with("id", "j").child(el("x", ns::MUC).child(asked).child_opt(password))
}

fn text(type_: &str, name: &str, word: &Word) -> Element {
    let stanza = el("message", ns::CLIENT).with("type", type_).with("id", "m");
    stanza.child(el(name, ns::CLIENT).text_node(word.text()))
}

fn iq(type_: &str, payload: Element) -> Element {
    el("iq", ns::CLIENT).with("type", type_).with("id", "q").child(payload)
}

fn field(var: &str, values: &[Word]) -> Element {
    values
        .iter()
        .map(|word| value(word.text()))
        .fold(el("field", ns::DATA).with("var", var), |x, c| x.child(c))
}

fn value(text: &str) -> Element {
    el("value", ns::DATA).text_node(text)
}

fn kind(n: u8) -> &'static str {
    pick(&["presence", "message", "iq"], n)
}

fn pick<'a>(from: &[&'a str], n: u8) -> &'a str {
    from[usize::from(n) % from.len()]
}
