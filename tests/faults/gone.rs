//! Clients and servers of users that go away without a word.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use conclave::wire::ns;
use minidom::Element;

use crate::far::Far;
use crate::judge::Cost;
use crate::party::Party;
use crate::proxy::Proxy;
use crate::scenario::Scenario;
use crate::servers::client::Door;
use crate::servers::guest::condition;
use crate::servers::ports;
use crate::stage::Stage;

const PAUSE: Duration = Duration::from_millis(50);

/// Domains of the far servers, one for each scenario with one.
pub(crate) const FAR: &[&str] = &["far0.localhost", "far1.localhost"];

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "client_gone",
        "a client's connection is closed without a word; its server notices",
        "the others see him leave, once",
        client_gone,
    ),
    Scenario::new(
        "client_half_open",
        "a client's connection is dead and its server is not told; some seconds later he connects again",
        "he stays in until he is back; then at most one leave and one entry. ejabberd may send the leave of the old \
         connection after the entry of the new one; his ping of himself tells him so, and he enters again",
        client_half_open,
    ),
    Scenario::new(
        "remote_server_away",
        "the server of a remote user cannot be reached for some seconds",
        "nothing: he stays in, and is in when it is back; what was said meanwhile he has missed",
        remote_away,
    ),
    Scenario::new(
        "remote_user_gone",
        "a remote user is gone and the server of the service is not told; his server says so when it gets something for him",
        "the others see him leave, once, with the next message",
        remote_gone,
    ),
];

fn client_gone(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    party.listen(Duration::from_millis(500));
    party.said.retain(|said| said.who != 2);
    party.people[2].disappear();
    party.talk(Duration::from_secs(2), PAUSE);
    for person in &mut party.people[..2] {
        // Nobody answers for what he said.
        person.journal.retain(|s| !s.attr("id").is_some_and(|id| id.starts_with("mercutio-")));
    }
    let account = party.judge(Cost { presences: &[("mercutio", "out")], ..Cost::default() });
    stage.note(&account);
}

fn client_half_open(stage: &mut Stage) {
    let mut party = stage.party();
    let client_port = stage.door().address.rsplit_once(':').expect("a port").1.parse().expect("a number");
    let port = ports::free().unwrap_or_else(|e| panic!("{e}"));
    let proxy =
        Proxy::open(IpAddr::V4(Ipv4Addr::LOCALHOST), port, client_port).unwrap_or_else(|e| panic!("{e}"));
    let through = Door { address: proxy.address().to_string(), ..stage.door() };
    // He connects anew, over a connection that can die.
    let room = party.room.clone();
    party.people[2].disappear();
    party.listen(Duration::from_secs(1));
    party.people[2].log_in(&through);
    party.people[2].enters(&room);
    party.forget();
    party.talk(Duration::from_secs(1), PAUSE);
    party.listen(Duration::from_millis(500));
    let before = party.judge(Cost::default());
    stage.note(&before);
    proxy.forget();
    for turn in 0..20 {
        party.say(turn % 2);
        party.people[0].listen(std::time::Instant::now() + PAUSE);
        party.people[1].listen(std::time::Instant::now() + PAUSE);
    }
    let seen = |party: &Party| {
        party.people[..2].iter().flat_map(|p| &p.journal).filter(|s| s.name() == "presence").count()
    };
    assert_eq!(seen(&party), 0, "he is still in");
    party.people[2].disappear();
    party.people[2].log_in(&through);
    party.people[2].enters(&room);
    party.listen(Duration::from_secs(1));
    let ping = format!("<ping xmlns='{}'/>", ns::PING);
    let answer = party.people[2].asks("get", &format!("{room}/mercutio"), &ping);
    // The server may send the leave of the old connection after the entry of the new one, from the same address.
    let again = condition(&answer) == Some("not-acceptable");
    if again {
        party.people[2].enters(&room);
        stage.saw.push("the leave of the old connection came last, and he entered again".to_owned());
        party.listen(Duration::from_millis(500));
    }
    let (seen, most) = (seen(&party), if again { 6 } else { 4 });
    assert!(seen <= most, "at most one leave for each entry: {seen}");
    stage.saw.push(format!("each of the others saw {} presences when he came back", seen / 2));
    party.forget();
    let account = party.judge(Cost::default());
    stage.note(&account);
}

/// A remote user enters.
fn benvolio(stage: &Stage, party: &mut Party, domain: &str) -> Far {
    let mut far = Far::connect(stage.host().component_port(), domain);
    far.send(&format!(
        "<presence from='benvolio@{domain}/far' to='{}/benvolio'><x xmlns='{}'/></presence>",
        party.room,
        ns::MUC
    ));
    far.hears("the subject", |s| s.name() == "message" && s.children().any(|c| c.name() == "subject"));
    party.others.push("benvolio".to_owned());
    party.forget();
    far
}

fn has_id(id: &'static str) -> impl Fn(&Element) -> bool {
    move |stanza| stanza.attr("id") == Some(id)
}

fn remote_away(stage: &mut Stage) {
    let domain = FAR[0];
    let mut party = stage.party();
    let far = benvolio(stage, &mut party, domain);
    party.talk(Duration::from_secs(1), PAUSE);
    drop(far);
    party.talk(Duration::from_secs(3), PAUSE);
    let mut far = Far::connect(stage.host().component_port(), domain);
    far.send(&format!(
        "<iq type='get' id='am-i-in' from='benvolio@{domain}/far' to='{}/benvolio'><ping xmlns='{}'/></iq>",
        party.room,
        ns::PING
    ));
    let answer = far.hears("an answer", has_id("am-i-in"));
    assert_eq!(answer.attr("type"), Some("result"), "he is in");
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn remote_gone(stage: &mut Stage) {
    let domain = FAR[1];
    let mut party = stage.party();
    let mut far = benvolio(stage, &mut party, domain);
    let id = party.say(0);
    let back = |far: &mut Far, lost: &Element| {
        let [from, room, id] = ["to", "from", "id"].map(|name| lost.attr(name).expect("an attribute"));
        far.send(&format!(
            "<message type='error' id='{id}' from='{from}' to='{room}'><error type='cancel'>\
             <recipient-unavailable xmlns='{}'/></error></message>",
            ns::STANZA_ERRORS
        ));
    };
    let lost = far.hears("the message", |s| s.attr("id") == Some(&id));
    back(&mut far, &lost);
    let look = far.hears("a look of the room", |s| s.has_child("no-store", ns::HINTS));
    back(&mut far, &look);
    party.listen(Duration::from_millis(500));
    party.others.clear();
    let account = party.judge(Cost { presences: &[("benvolio", "out")], ..Cost::default() });
    stage.note(&account);
}
