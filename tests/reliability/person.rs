//! Somebody in a room: a task with a connection, which does what a client does by itself and what it is told.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use conclave::wire::ns;
use minidom::Element;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::connection::Connection;
use super::picture::{Heard, Picture, Place, Reaction, archive_query};
use crate::servers::client::{Account, Door};
use crate::servers::guest::{Guest, brief};

/// How long a client waits before it connects again: this, and up to as much more.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How often a client looks whether it got in; if it did not twice in a row, it asks again.
const ENTRY: Duration = Duration::from_secs(4);

/// The answer to a request, with what the archive sent before it.
pub(crate) type Answer = (Element, Vec<Heard>);

/// What somebody is told to do.
enum Order {
    Say(String),
    Ping(u32),
    Ask(String, String, oneshot::Sender<Answer>),
    Send(String),
    Leave,
    Enter(String),
    Vanish,
}

/// Somebody with an account, whose client is always running.
pub(crate) struct Person {
    account: Account,
    picture: Arc<Mutex<Picture>>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
    asked: std::sync::atomic::AtomicU32,
}

impl Drop for Person {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Person {
    /// Begins to live: connects, enters the room, and stays.
    pub(crate) fn new(door: &Door, name: &str, room: &str) -> Self {
        let account = Guest::account(name);
        let picture = Arc::new(Mutex::new(Picture::new(room, name)));
        let (orders, ordered) = mpsc::unbounded_channel();
        let life = Life {
            door: door.clone(),
            account: account.clone(),
            picture: Arc::clone(&picture),
            orders: ordered,
            asked: BTreeMap::new(),
        };
        Self { account, picture, orders, task: tokio::spawn(life.live()), asked: 0.into() }
    }

    /// The name of the account, which is the nick, too.
    pub(crate) fn name(&self) -> &str {
        &self.account.user
    }

    /// What this person knows now.
    pub(crate) fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().expect("nobody panics while looking at it")
    }

    /// Says something in the room, if in it, with more inside than a body.
    pub(crate) fn say(&self, more: &str) {
        self.order(Order::Say(more.to_owned()));
    }

    /// Asks the room whether oneself is there (XEP-0410).
    pub(crate) fn ping(&self, number: u32) {
        self.order(Order::Ping(number));
    }

    /// Leaves on purpose.
    pub(crate) fn leave(&self) {
        self.order(Order::Leave);
    }

    /// Enters a room, on purpose: the same as before, or another.
    pub(crate) fn enter(&self, room: &str) {
        self.order(Order::Enter(room.to_owned()));
    }

    /// Loses the connection.
    pub(crate) fn vanish(&self) {
        self.order(Order::Vanish);
    }

    /// Sends a stanza as it is.
    pub(crate) fn send(&self, stanza: &str) {
        self.order(Order::Send(stanza.to_owned()));
    }

    /// Sends a request, `{id}` in it replaced, and waits for its answer.
    pub(crate) async fn ask(&self, request: &str, at_most: Duration) -> Result<Answer, String> {
        let number = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("ask-{number}");
        let (answer, answered) = oneshot::channel();
        self.order(Order::Ask(id.clone(), request.replace("{id}", &id), answer));
        match tokio::time::timeout(at_most, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(format!("{} lost the connection", self.name())),
            Err(_) => Err(format!("{} got no answer", self.name())),
        }
    }

    /// What the archive of the room has, after a message or from the beginning.
    pub(crate) async fn archive(&self, mut after: Option<String>) -> Result<Vec<Heard>, String> {
        let mut all = Vec::new();
        let room = self.picture().room.clone();
        // A bound, so that an archive that never ends fails.
        for _ in 0..10_000 {
            let query = archive_query(&room, "{id}", after.as_deref());
            let (fin, page) = self.ask(&query, Duration::from_secs(10)).await?;
            all.extend(page);
            let fin = fin.get_child("fin", ns::MAM).ok_or_else(|| brief(&fin))?;
            let last = fin.get_child("set", ns::RSM).and_then(|set| set.get_child("last", ns::RSM));
            match last {
                Some(last) if fin.attr("complete") != Some("true") => after = Some(last.text()),
                _ => return Ok(all),
            }
        }
        Err(format!("the archive of {room} does not end"))
    }

    fn order(&self, order: Order) {
        // Whoever lives as long as the crowd can be told; the task ends with the value alone.
        let _ = self.orders.send(order);
    }
}

/// The client's own side.
struct Life {
    door: Door,
    account: Account,
    picture: Arc<Mutex<Picture>>,
    orders: mpsc::UnboundedReceiver<Order>,
    asked: BTreeMap<String, oneshot::Sender<Answer>>,
}

impl Life {
    async fn live(mut self) {
        let mut before = false;
        loop {
            if let Ok(connection) = Connection::login(&self.door, &self.account, "door").await {
                let entry = {
                    let mut picture = self.picture();
                    picture.place = Place::Out;
                    picture.counts.rejoins += u64::from(before && picture.wants_in);
                    before = true;
                    picture.wants_in.then(|| picture.enter())
                };
                // However it ended, it has ended.
                let _ = self.session(connection, entry).await;
                self.asked.clear();
                self.picture().break_off();
            }
            let jitter = self.account.user.bytes().map(u32::from).sum::<u32>() % 16;
            sleep(BACK_OFF + BACK_OFF * jitter / 16).await;
        }
    }

    async fn session(&mut self, mut connection: Connection, entry: Option<String>) -> io::Result<()> {
        if let Some(entry) = entry {
            connection.write(&entry).await?;
        }
        let mut retry = interval(ENTRY);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked_before = false;
        loop {
            tokio::select! {
                stanza = connection.next() => {
                    let reactions = self.picture().see(&stanza?);
                    for reaction in reactions {
                        self.react(&mut connection, reaction).await?;
                    }
                }
                order = self.orders.recv() => match order {
                    Some(Order::Vanish) => {
                        connection.vanish();
                        return Ok(());
                    }
                    Some(order) => self.obey(&mut connection, order).await?,
                    None => return Ok(()),
                },
                _ = retry.tick() => {
                    let again = {
                        let mut picture = self.picture();
                        let outside = picture.wants_in && picture.place != Place::In;
                        let waits_long = outside && asked_before;
                        asked_before = outside;
                        if waits_long { Some(picture.enter()) } else { picture.ask_again() }
                    };
                    if let Some(again) = again {
                        connection.write(&again).await?;
                    }
                }
            }
        }
    }

    async fn react(&mut self, connection: &mut Connection, reaction: Reaction) -> io::Result<()> {
        match reaction {
            Reaction::Enter => {
                let entry = self.picture().enter();
                connection.write(&entry).await
            }
            Reaction::Send(stanza) => connection.write(&stanza).await,
            Reaction::Answer(id, answer, read) => {
                if let Some(asker) = self.asked.remove(&id) {
                    // Who has stopped waiting does not need it.
                    let _ = asker.send((answer, read));
                }
                Ok(())
            }
        }
    }

    async fn obey(&mut self, connection: &mut Connection, order: Order) -> io::Result<()> {
        let text = {
            let mut picture = self.picture.lock().expect("nobody panics while looking at it");
            match order {
                Order::Say(more) if picture.place == Place::In => picture.say(&more),
                Order::Say(_) => return Ok(()),
                Order::Ping(number) if picture.place == Place::In => format!(
                    "<iq type='get' id='ping-{number}' to='{}/{}'><ping xmlns='{}'/></iq>",
                    picture.room,
                    picture.nick,
                    ns::PING
                ),
                Order::Ping(_) => return Ok(()),
                Order::Ask(id, request, asker) => {
                    self.asked.insert(id, asker);
                    request
                }
                Order::Send(stanza) => stanza,
                Order::Leave => picture.leave(),
                Order::Enter(room) => picture.enter_room(&room),
                Order::Vanish => unreachable!("ends the session"),
            }
        };
        connection.write(&text).await
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().expect("nobody panics while looking at it")
    }
}
