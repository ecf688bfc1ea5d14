//! The same behind a real server: accounts are registered there, and their clients say what is to be said.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::field::{Field, is_other};
use crate::heard::{ASK, Heard};
use crate::servers::client::Client;
use crate::servers::guest::Guest;
use crate::servers::host::{Host, Kind, MUC, PEER_MUC};
use crate::servers::service::{Service, configuration};
use conclave::wire::encode;

/// Stanzas that a client may have before it in its queue.
const QUEUE: usize = 16;
/// A room of the server's own service.
const OWN_ROOM: &str = "calm";

/// A server and the service that is attached to it.
pub(crate) struct Behind {
    // Before the server, so that it ends before it.
    service: Option<Service>,
    host: Arc<Host>,
    settings: String,
}

impl Behind {
    /// Starts both.
    ///
    /// # Errors
    /// What is missing or went wrong.
    pub(crate) fn start(name: &str, settings: &str) -> Result<Self, String> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let host = Host::start(kind.ok_or_else(|| format!("there is no server {name}"))?)?;
        let folder = host.folder().join("service");
        let base = configuration(&host, &folder).replace("level = \"debug\"", "level = \"info\"");
        let settings = format!("{base}\n{settings}");
        let mut behind = Self { service: None, host: Arc::new(host), settings };
        behind.run()?;
        Ok(behind)
    }

    fn run(&mut self) -> Result<(), String> {
        let folder = self.host.folder().join("service");
        self.service = Some(Service::start_with(&self.host, &folder, &self.settings)?);
        Ok(())
    }

    /// The service is stopped in order and started again, with `after` in its settings where it had `before`.
    pub(crate) fn restart(&mut self, before: &str, after: &str) {
        self.stop();
        self.settings = self.settings.replacen(before, after, 1);
        self.run().expect("it starts again");
    }

    /// The service is stopped in order.
    pub(crate) fn stop(&mut self) {
        let mut service = self.service.take().expect("it runs");
        service.process().signal("TERM").expect("it runs");
        service.process().wait(Duration::from_secs(60)).expect("it ends");
    }

    pub(crate) fn pid(&mut self) -> u32 {
        self.service.as_mut().expect("it runs").process().pid()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.host.folder().join("service/store")
    }

    /// A room of the server's own service, which is pinged to learn its own delay.
    pub(crate) fn own_room(&self) -> String {
        format!("{OWN_ROOM}@{PEER_MUC}")
    }

    /// Accounts come to be when they say something for the first time.
    pub(crate) fn field(&self) -> Field {
        let heard = Arc::new(Heard::default());
        let (host, notes) = (self.host.clone(), heard.clone());
        let players: Mutex<HashMap<String, SyncSender<String>>> = Mutex::default();
        let send = move |who: &str, xml: &str| {
            let (account, resource) = who.split_once('/').unwrap_or((who, "x"));
            let name = account.split('@').next().unwrap_or_default();
            // Here all accounts are of one server: who attacks is named without a domain.
            let is_other = account.contains('@') && is_other(account, "");
            let queue = {
                let mut players = players.lock().expect("nobody panics");
                let key = format!("{name}/{resource}");
                players.entry(key).or_insert_with(|| player(&host, name, resource, is_other, &notes)).clone()
            };
            // A client whose server has ended its stream says nothing more.
            let _ = queue.send(xml.to_owned());
        };
        let field = Field::new(MUC, heard, Box::new(send));
        let own = self.own_room();
        field.say(
            "watcher",
            &format!("<presence to='{own}/watcher'><x xmlns='http://jabber.org/protocol/muc'/></presence>"),
        );
        field
    }
}

/// A client of an account of its own, in a thread of its own. It ends when nobody can tell it anything any more.
fn player(host: &Host, name: &str, resource: &str, is_other: bool, heard: &Arc<Heard>) -> SyncSender<String> {
    let account = Guest::account(&format!("a-{name}"));
    // It may be known from before a restart.
    let _ = Client::register(&host.door(), &account);
    let mut client =
        Client::login(&host.door(), &account, resource).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (queue, words) = sync_channel::<String>(QUEUE);
    let heard = heard.clone();
    thread::spawn(move || {
        loop {
            match words.try_recv() {
                Ok(xml) if client.send_text(&xml).is_err() => return,
                Ok(_) => {}
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
            match client.next(Instant::now() + Duration::from_millis(2)) {
                Ok(Some(stanza)) => {
                    let text = encode::standalone(&stanza);
                    heard.count(text.len());
                    heard.count_to_others(if is_other { text.len() } else { 0 });
                    let id =
                        stanza.attr("id").and_then(|id| id.strip_prefix(ASK)).and_then(|id| id.parse().ok());
                    if let Some(number) = id.filter(|_| stanza.name() == "iq") {
                        heard.note(number, text);
                    }
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    });
    queue
}
