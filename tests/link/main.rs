//! The link against a server that the test plays, on loopback.

mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use conclave::config::Secret;
use conclave::link::{
    self, Arrivals, Lane, LinkError, LinkSettings, Outbox, Stage, TakenOver, Times, outbox,
};
use conclave::wire::encode::{Outgoing, Recipients, Template};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::stream::{Excess, Head, Limits};
use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='3BF96D32' from='muc.example'>";
const BOUND: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq)]
enum Arrived {
    Stanza(Element),
    Skipped(Head, Excess),
    Up,
    Down,
}

struct Recorder(mpsc::UnboundedSender<Arrived>);

impl Recorder {
    fn note(&self, arrived: Arrived) {
        self.0.send(arrived).expect("the test listens");
    }
}

impl Arrivals for Recorder {
    fn stanza(&self, stanza: Element, _size: usize) {
        self.note(Arrived::Stanza(stanza));
    }
    fn skipped(&self, head: Head, excess: Excess) {
        self.note(Arrived::Skipped(head, excess));
    }
    fn up(&self) {
        self.note(Arrived::Up);
    }
    fn down(&self) {
        self.note(Arrived::Down);
    }
}

/// A link and the listener that it connects to.
struct Rig {
    listener: TcpListener,
    outbox: Outbox,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    stop: watch::Sender<Stage>,
    running: JoinHandle<Result<Option<TakenOver>, LinkError>>,
}

/// The server's end of a connection.
struct Server {
    socket: TcpStream,
    unread: String,
}

fn quick() -> Times {
    Times { retry_min: Duration::from_millis(5), retry_max: Duration::from_millis(20), ..Times::default() }
}

fn settings(server: String, times: Times) -> LinkSettings {
    let limits =
        Limits { stanza_bytes_max: 64 * 1024, depth_max: 64, attributes_max: 32, elements_max: 1000 };
    LinkSettings { domain: "muc.example".to_owned(), server, secret: Secret::new("test"), limits, times }
}

impl Rig {
    async fn new(times: Times, queue_bytes_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = listener.local_addr().expect("bound").to_string();
        let (outbox, outlet) = outbox(queue_bytes_max);
        let (stop, stopped) = watch::channel(Stage::Run);
        let (note, arrived) = mpsc::unbounded_channel();
        let running =
            tokio::spawn(link::run(settings(server, times), outlet, Arc::new(Recorder(note)), stopped, None));
        Self { listener, outbox, arrived, stop, running }
    }

    async fn accept(&self) -> Server {
        let (socket, _) = within(self.listener.accept()).await.expect("a connection");
        Server { socket, unread: String::new() }
    }

    /// Accepts a connection and the handshake on it.
    async fn up(&mut self) -> Server {
        let mut server = self.accept().await;
        server.expect("to='muc.example'>").await;
        server.say(HEADER).await;
        server.expect("<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>").await;
        server.say("<handshake/>").await;
        assert_eq!(self.next().await, Arrived::Up);
        server
    }

    async fn next(&mut self) -> Arrived {
        within(self.arrived.recv()).await.expect("the link runs")
    }

    async fn send(&self, lane: Lane, id: &str) {
        within(self.outbox.send(lane, message(id))).await;
    }

    async fn stop(self) {
        self.stop.send_replace(Stage::Stop);
        within(self.running).await.expect("no panic").expect("no error");
    }
}

impl Server {
    async fn say(&mut self, text: &str) {
        within(self.socket.write_all(text.as_bytes())).await.expect("written");
    }

    /// Reads up to and including `end`; gives all of it.
    async fn expect(&mut self, end: &str) -> String {
        let mut searched = 0;
        loop {
            if let Some(at) = self.unread[searched..].find(end) {
                let rest = self.unread.split_off(searched + at + end.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            searched = self.unread.len().saturating_sub(end.len());
            assert!(self.read().await, "closed before {end:?}; unread: {:?}", self.unread);
        }
    }

    /// Reads once; false at the end. All the tests' stanzas are ASCII.
    async fn read(&mut self) -> bool {
        let mut chunk = [0; 65536];
        let read = within(self.socket.read(&mut chunk)).await.unwrap_or(0);
        self.unread.push_str(std::str::from_utf8(&chunk[..read]).expect("ASCII"));
        read > 0
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(BOUND, future).await.expect("in time")
}

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("a jid")
}

/// How a ping begins by which the link learns how far the server has read.
const MARK: &str = "<iq type='get' id='conclave-link-mark-";

/// Where most is said.
fn busy() -> Lane {
    Lane::of_room(&BareJid::parse("busy@muc.example").expect("a jid"), "example.org")
}

/// Where little is said.
fn quiet() -> Lane {
    Lane::of_room(&BareJid::parse("quiet@muc.example").expect("a jid"), "example.org")
}

fn message(id: &str) -> Outgoing {
    Outgoing::one(
        &element(&format!("<message xmlns='jabber:client' from='r@muc.example' id='{id}'/>")),
        jid("a@b"),
    )
}

fn element(text: &str) -> Element {
    text.parse().expect("test xml")
}

/// A message with `bytes` of text for each of `recipients` accounts.
fn many(id: &str, bytes: usize, recipients: usize) -> Outgoing {
    let body = "x".repeat(bytes);
    let text = format!(
        "<message xmlns='jabber:client' from='r@muc.example' id='{id}'><body>{body}</body></message>"
    );
    let to: Vec<Jid> = (0..recipients).map(|i| jid(&format!("u{i}@example.org/x"))).collect();
    Outgoing { stanza: Template::new(&element(&text)), to: Recipients::many(to) }
}

/// An attribute of each stanza in `text`, in order; panics when it is not a sequence of whole stanzas.
fn attributes(text: &str, name: &str) -> Vec<String> {
    let root = element(&format!("<s xmlns='jabber:client'>{}</s>", without_marks(text)));
    root.children().map(|stanza| stanza.attr(name).expect("an attribute").to_owned()).collect()
}

/// All but the pings by which the link learns how far the server has read.
fn without_marks(text: &str) -> String {
    let mut parts = text.split(MARK);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("</iq>").map_or("", |(_, rest)| rest))
}

fn ids(text: &str) -> Vec<String> {
    attributes(text, "id")
}

// 114-1, 114-2, 114-3, 114-4, 114-11
#[tokio::test]
async fn stanzas_flow_only_after_the_handshake() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    rig.send(busy(), "early").await;
    let mut server = rig.accept().await;
    let header = server.expect(">").await + &server.expect(">").await;
    assert_eq!(
        header,
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
         xmlns:stream='http://etherx.jabber.org/streams' to='muc.example'>"
    );
    server.say(HEADER).await;
    assert_eq!(
        server.expect("</handshake>").await,
        "<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>"
    );
    sleep(Duration::from_millis(50)).await;
    assert!(rig.arrived.try_recv().is_err());
    server.say("<handshake/><presence to='r@muc.example/n' from='a@b/c'/><iq/>").await;
    assert_eq!(rig.next().await, Arrived::Up);
    let presence = "<presence xmlns='jabber:client' to='r@muc.example/n' from='a@b/c'/>";
    assert_eq!(rig.next().await, Arrived::Stanza(element(presence)));
    assert_eq!(rig.next().await, Arrived::Stanza(Element::bare("iq", "jabber:client")));
    assert_eq!(server.expect("/>").await, "<message from='r@muc.example' id='early' to='a@b'/>");
    rig.stop().await;
}

#[tokio::test]
async fn a_stanza_beyond_the_limits_is_reported_and_the_link_lives_on() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    let mut server = rig.up().await;
    server
        .say(&format!("<iq id='1' from='a@b'>{}{}</iq><iq/>", "<a>".repeat(4000), "</a>".repeat(4000)))
        .await;
    let Arrived::Skipped(head, excess) = rig.next().await else { panic!("not skipped") };
    assert_eq!((head.id.as_deref(), excess), (Some("1"), Excess::Depth));
    assert_eq!(rig.next().await, Arrived::Stanza(Element::bare("iq", "jabber:client")));
    rig.stop().await;
}

/// What the first attempt to connect says when the server answers with `answer` and closes.
async fn refusal(answer: &str) -> LinkError {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let settings = settings(listener.local_addr().expect("bound").to_string(), quick());
    let answer = answer.to_owned();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut chunk = [0; 1024];
        let _ = socket.read(&mut chunk).await.expect("a header");
        socket.write_all(answer.as_bytes()).await.expect("written");
        socket.shutdown().await.expect("shut down");
        // Reads to the end, so that no reset overtakes the answer.
        while socket.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
    });
    let error = within(link::probe(&settings)).await.expect_err("refused");
    within(server).await.expect("no panic");
    assert!(!format!("{error} {error:?} {settings:?}").contains("\"test\""), "the secret shows");
    error
}

// 114-5, 114-6, 114-7, 114-8
#[tokio::test]
async fn every_refusal_says_what_mends_it() {
    let condition = |name: &str| {
        format!(
            "{HEADER}<stream:error><{name} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>because\n of it</text></stream:error></stream:stream>"
        )
    };
    let other_stream = |ns: &str| HEADER.replace("jabber:component:accept", ns);
    let cases = [
        (condition("not-authorized"), "not-authorized (\"because. of it\")", "component_secret", true),
        (condition("host-unknown"), "host-unknown", "Component \"<domain>\"", true),
        (condition("conflict"), "conflict", "kick_old", true),
        (condition("invalid-namespace"), "invalid-namespace", "component_ports", true),
        (condition("improper-addressing"), "improper-addressing", "[component] domain", true),
        (condition("see-other-host"), "see-other-host", "[component] server", true),
        (condition("system-shutdown"), "system-shutdown", "restarts", false),
        (condition("undefined-condition"), "undefined-condition", "refused", false),
        (other_stream("jabber:client"), "for clients", "ejabberd_service", true),
        (other_stream("jabber:server"), "for other servers", "component_ports", true),
        (
            HEADER.replace(" id='3BF96D32'", "") + "</stream:stream>",
            "without an id",
            "[component] server",
            false,
        ),
        (format!("{HEADER}<features/>"), "<features/>", "[component] server", false),
        (HEADER.to_owned(), "without saying why", "[component] secret", false),
        (String::new(), "closed the connection", "[component] server", false),
        ("SSH-2.0-OpenSSH_9.2p1\r\n".to_owned(), "SSH-2.0-OpenSSH_9.2p1", "component port", false),
        ("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned(), "HTTP/1.1 400", "web server", false),
        ("<html xmlns='http://www.w3.org/1999/xhtml'>".to_owned(), "<html/>", "component port", false),
        ("\u{15}\u{3}\u{1}".to_owned(), "does not speak XMPP", "TLS", false),
    ];
    for (answer, said, advice, misconfigured) in cases {
        let error = refusal(&answer).await;
        let message = error.to_string();
        assert!(message.contains(said) && message.contains(advice), "{answer}: {message}");
        assert_eq!(error.is_misconfigured(), misconfigured, "{answer}");
    }
}

#[tokio::test]
async fn servers_that_cannot_be_reached_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = closed.local_addr().expect("bound").to_string();
    drop(closed);
    let probe =
        async |server: &str| link::probe(&settings(server.to_owned(), quick())).await.expect_err("fails");
    assert!(matches!(within(probe(&nobody)).await, LinkError::Refused { server } if server == nobody));
    assert!(matches!(within(probe("localhost")).await, LinkError::Address { .. }));
    // A label of more than 63 characters is in no name service, and none is asked for it.
    let host = format!("{}.invalid", "x".repeat(70));
    let unknown = within(probe(&format!("{host}:5347"))).await;
    assert!(unknown.to_string().contains(&format!("'{host}' was not found")), "{unknown}");
    for domain in ["a@b", "", "a'b"] {
        let settings = LinkSettings { domain: domain.to_owned(), ..settings(nobody.clone(), quick()) };
        let error = within(link::probe(&settings)).await.expect_err("fails");
        assert!(matches!(error, LinkError::Domain { .. }), "{domain}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let times = Times { handshake: Duration::from_millis(50), ..quick() };
    let settings = settings(listener.local_addr().expect("bound").to_string(), times);
    let error = within(link::probe(&settings)).await.expect_err("fails");
    assert!(matches!(error, LinkError::HandshakeTimedOut { .. }), "{error}");
}

#[tokio::test]
async fn settings_that_can_never_work_end_the_run() {
    let (_outbox, outlet) = outbox(1000);
    let (note, _arrived) = mpsc::unbounded_channel();
    let (_stop, stopped) = watch::channel(Stage::Run);
    let settings = settings("localhost".to_owned(), quick());
    let result = within(link::run(settings, outlet, Arc::new(Recorder(note)), stopped, None)).await;
    assert!(matches!(result, Err(LinkError::Address { .. })));
}

// 114-13
#[tokio::test]
async fn the_link_comes_back_and_what_waited_is_sent_in_order() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    let server = rig.up().await;
    drop(server);
    assert_eq!(rig.next().await, Arrived::Down);
    for i in 0..50 {
        rig.send(busy(), &i.to_string()).await;
    }
    // A refusal and a cut handshake in between.
    let mut refusing = rig.accept().await;
    refusing.say("nonsense").await;
    drop(refusing);
    drop(rig.accept().await);
    let mut server = rig.up().await;
    let text = server.expect("id='49' to='a@b'/>").await;
    assert_eq!(ids(&text), (0..50).map(|i| i.to_string()).collect::<Vec<_>>());
    rig.stop().await;
}

// 114-13
#[tokio::test]
async fn attempts_come_ever_more_slowly() {
    let [retry_min, retry_max] = [40, 320].map(Duration::from_millis);
    let rig = Rig::new(Times { retry_min, retry_max, ..Times::default() }, 1 << 20).await;
    drop(rig.accept().await);
    // Half to all of 40, 80, 160, 320, 320 ms, and no upper bound on a busy machine.
    for least in [19, 39, 79, 159, 159] {
        let since = Instant::now();
        drop(rig.accept().await);
        assert!(since.elapsed().as_millis() >= least, "{least} ms");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_server_that_restarts_is_found_as_soon_as_it_listens_again() {
    let mut rig = Rig::new(Times::default(), 1 << 20).await; // 114-13
    // Also one that dies every few seconds.
    for _ in 0..6 {
        let server = timeout(Duration::from_secs(1), rig.up()).await.expect("found at once");
        sleep(Duration::from_millis(1100)).await;
        drop(server);
        assert_eq!(rig.next().await, Arrived::Down);
    }
    let (server, other) = (rig.up().await, TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    let address = std::mem::replace(&mut rig.listener, other).local_addr().expect("bound");
    drop(server);
    assert_eq!(rig.next().await, Arrived::Down);
    sleep(Duration::from_secs(4)).await;
    rig.listener = TcpListener::bind(address).await.expect("its port again");
    timeout(Duration::from_secs(1), rig.up()).await.expect("found at once");
}

// 114-15
#[tokio::test]
async fn a_quiet_link_is_kept_open_with_white_space() {
    let times = Times { write_idle: Duration::from_millis(30), ..quick() };
    let mut rig = Rig::new(times, 1 << 20).await;
    let mut server = rig.up().await;
    let since = Instant::now();
    assert_eq!(server.expect("   ").await, "   ");
    assert!(since.elapsed() >= Duration::from_millis(85));
    server.say(" \n ").await;
    rig.send(busy(), "1").await;
    assert_eq!(ids(&server.expect("/>").await), ["1"]);
    rig.stop().await;
}

// 114-15
#[tokio::test]
async fn a_silent_server_is_pinged_and_a_dead_one_given_up() {
    let times =
        Times { read_idle: Duration::from_millis(60), ping_answer: Duration::from_secs(1), ..quick() };
    let mut rig = Rig::new(times, 1 << 20).await;
    let mut server = rig.up().await;
    for n in 1..=3 {
        let ping = server.expect("</iq>").await;
        let id = format!("conclave-link-{n}");
        assert_eq!(
            ping,
            format!(
                "<iq type='get' id='{id}' from='muc.example' to='muc.example'><ping xmlns='urn:xmpp:ping'/></iq>"
            )
        );
        // The ping itself, a result, and an error: all are life, and none is for the host.
        match n {
            1 => server.say(&ping).await,
            2 => {
                server
                    .say(&format!("<iq type='result' id='{id}' from='muc.example' to='muc.example'/>"))
                    .await
            }
            _ => {
                server.say(&format!("<iq type='error' id='{id}' from='MUC.example' to='muc.example'/>")).await
            }
        }
    }
    server.expect("</iq>").await;
    let since = Instant::now();
    assert_eq!(rig.next().await, Arrived::Down);
    assert!(since.elapsed() >= Duration::from_millis(900));
    // What a user makes look like an answer is for the host.
    let mut server = rig.up().await;
    server.say("<iq type='result' id='conclave-link-1' from='a@b/c' to='muc.example'/>").await;
    assert!(matches!(rig.next().await, Arrived::Stanza(_)));
    rig.stop().await;
}

#[tokio::test]
async fn a_connection_cut_within_a_stanza_hands_on_no_half() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    let mut server = rig.up().await;
    server.say("<iq/><message to='r@muc.example'><body>hal").await;
    assert_eq!(rig.next().await, Arrived::Stanza(Element::bare("iq", "jabber:client")));
    drop(server);
    assert_eq!(rig.next().await, Arrived::Down);
    let mut server = rig.up().await;
    server.say("<presence/>").await;
    assert_eq!(rig.next().await, Arrived::Stanza(Element::bare("presence", "jabber:client")));
    rig.stop().await;
}

// 114-9
#[tokio::test]
async fn a_stream_error_on_a_link_that_was_up_brings_a_new_one() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    let mut server = rig.up().await;
    server
        .say(
            "<stream:error><invalid-from xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
             </stream:stream>",
        )
        .await;
    assert_eq!(rig.next().await, Arrived::Down);
    rig.up().await;
    rig.stop().await;
}

// 114-16
#[tokio::test]
async fn stopping_writes_what_is_queued_and_closes_the_stream() {
    let mut rig = Rig::new(quick(), 64 << 20).await;
    let mut server = rig.up().await;
    within(rig.outbox.send(busy(), many("m", 2000, 5000))).await;
    rig.send(busy(), "last").await;
    rig.stop.send_replace(Stage::Stop);
    let text = server.expect("</stream:stream>").await;
    assert!(text.ends_with("id='last' to='a@b'/></stream:stream>"));
    // It still listens until the server closes.
    server.say("<iq/></stream:stream>").await;
    assert_eq!(rig.next().await, Arrived::Stanza(Element::bare("iq", "jabber:client")));
    assert_eq!(rig.next().await, Arrived::Down);
    within(rig.running).await.expect("no panic").expect("no error");
    // Nothing can be sent any more, and no sender waits for it.
    within(rig.outbox.send(busy(), message("late"))).await;
    within(rig.outbox.drained()).await;
}

// 114-16
#[tokio::test]
async fn stopping_takes_a_bounded_time() {
    let short = Duration::from_millis(50);
    let times = Times { stop_write: short, stop_close: short, ..quick() };
    // The server neither reads nor closes.
    let mut rig = Rig::new(times, 64 << 20).await;
    let _server = rig.up().await;
    within(rig.outbox.send(busy(), many("m", 5000, 5000))).await;
    let outbox = rig.outbox.clone();
    rig.stop().await;
    within(outbox.drained()).await;
    // The server does not close.
    let mut rig = Rig::new(times, 1 << 20).await;
    let _server = rig.up().await;
    rig.stop().await;
    // There is no server yet.
    let rig = Rig::new(times, 1 << 20).await;
    rig.send(busy(), "lost").await;
    rig.stop().await;
}
