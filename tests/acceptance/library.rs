//! A client library that others wrote, which reads every stanza into strict types, in a room of ours.

use std::time::Duration;

use conclave::wire::ns;
use futures::StreamExt as _;
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::jid::Jid;
use tokio_xmpp::parsers::message::{Lang, Message, MessageType};
use tokio_xmpp::parsers::muc::Muc;
use tokio_xmpp::parsers::muc::user::{MucUser, Status};
use tokio_xmpp::parsers::presence::{Presence, Type};
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Client, Event, Stanza};

use crate::servers::client;
use crate::servers::guest::{Guest, is_from};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::Service;

const PATIENCE: Duration = Duration::from_secs(10);

/// The next stanza that `pick` takes something out of.
async fn hears<T>(client: &mut Client, what: &str, mut pick: impl FnMut(Stanza) -> Option<T>) -> T {
    let search = async {
        loop {
            match client.next().await {
                Some(Event::Stanza(stanza)) => {
                    if let Some(found) = pick(stanza) {
                        return found;
                    }
                }
                Some(Event::Online { .. }) => {}
                Some(Event::Disconnected(error)) => panic!("{what}: disconnected: {error}"),
                None => panic!("{what}: the stream has ended"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{what} does not come"))
}

fn groupchat(stanza: Stanza, room: &str) -> Option<Message> {
    match stanza {
        Stanza::Message(message) if message.type_ == MessageType::Groupchat => {
            let from = message.from.as_ref()?.to_bare();
            (from.as_str() == room).then_some(message)
        }
        _ => None,
    }
}

#[test]
fn a_client_written_by_others_joins_and_talks() {
    // 45-7.2.2-a, 45-7.2.15-d, 45-7.4-a
    let host = Host::start(Kind::Prosody).unwrap_or_else(|e| panic!("{e}"));
    let _service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
    let room = format!("library@{MUC}");
    let mut owner = Guest::new(&host, "owner");
    owner.enters(&room, "owner");
    owner.configures(&room, &[]);
    let account = Guest::account("library");
    client::Client::register(&host.door(), &account).expect("registered");

    // One thread: the library's reading half does not see to being woken when it meets a send on another thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let jid = Jid::new(&format!("{}@{DOMAIN}/strict", account.user)).expect("an address");
        let address = DnsConfig::addr(&host.door().address);
        let mut client = Client::new_plaintext(jid, account.password.clone(), address, Timeouts::tight());
        let online = tokio::time::timeout(PATIENCE, client.next()).await.expect("an answer in time");
        assert!(online.as_ref().is_some_and(Event::is_online), "logged in: {online:?}");

        let me = Jid::new(&format!("{room}/library")).expect("an address");
        let join = Presence::available().with_to(me.clone()).with_payload(Muc::new());
        client.send_stanza(join.into()).await.expect("sent");
        let other = hears(&mut client, "the other occupant", presence_in_room).await;
        assert_eq!(other.0.as_str(), format!("{room}/owner"), "others come before oneself");
        let (from, user) = hears(&mut client, "the own presence", presence_in_room).await;
        assert_eq!(from, me);
        assert!(user.status.contains(&Status::SelfPresence), "status 110: {user:?}");
        let subject = hears(&mut client, "the subject", |stanza| groupchat(stanza, &room)).await;
        assert!(subject.bodies.is_empty() && subject.subjects.len() == 1, "{subject:?}");

        let text = "written by others";
        let message = Message::groupchat(Jid::new(&room).expect("an address"));
        let message = message.with_body(Lang::default(), text.to_owned());
        client.send_stanza(message.into()).await.expect("sent");
        let back = hears(&mut client, "the own message", |stanza| groupchat(stanza, &room)).await;
        assert_eq!(back.from, Some(me));
        assert_eq!(back.get_best_body(Vec::new()).map(|(_, body)| body.as_str()), Some(text));
        tokio::time::timeout(PATIENCE, client.send_end()).await.expect("in time").expect("closed");
    });
    owner.hears("the message", |s| is_from(s, &room, "library") && s.has_child("body", ns::CLIENT));
    // It has closed its stream without leaving the room: the server tells.
    owner.hears("the departure", |s| is_from(s, &room, "library") && s.attr("type") == Some("unavailable"));
}

/// The sender and the room's part of an available presence, if the library can read them.
fn presence_in_room(stanza: Stanza) -> Option<(Jid, MucUser)> {
    let Stanza::Presence(presence) = stanza else { return None };
    assert_eq!(presence.type_, Type::None);
    let user = presence.payloads.into_iter().find_map(|payload| MucUser::try_from(payload).ok());
    Some((presence.from?, user.expect("every presence in a room has its part")))
}
