//! A proxy between the service and its server, which does to the link what networks do.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// By how much a slow connection may catch up.
const LATE_MAX: Duration = Duration::from_millis(200);

/// How bytes pass, in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flow {
    /// As they come.
    Free,
    /// Not at all. They wait, as they do in TCP when packets are dropped for a while.
    Held,
    /// So many at a time, with a pause after each.
    Slow { bytes: usize, pause: Duration },
}

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Direction {
    /// From the service to the server.
    ToServer,
    /// From the server to the service.
    ToService,
}

/// What the connections have to do. They are numbered in the order in which they came.
#[derive(Clone, Copy, Debug)]
struct Orders {
    flow: Flow,
    /// Connections below this one are closed.
    closed: u64,
    /// Connections below this one are silent for good, and stay open on both sides.
    silent: u64,
    /// The next bytes in this direction are torn in the middle, and the connection is closed.
    torn: Option<Direction>,
}

/// Listens on a port of its own and passes on to the server.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    server: SocketAddr,
    orders: Arc<watch::Sender<Orders>>,
    count: Arc<watch::Sender<u64>>,
    listening: Option<JoinHandle<()>>,
}

/// All proxies of the test program.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads for the proxies")
    })
}

impl Proxy {
    /// Opens a port of loopback, or of `interface`, for a server on this port of loopback.
    pub(crate) fn open(interface: IpAddr, port: u16, server_port: u16) -> Result<Self, String> {
        let start = Orders { flow: Flow::Free, closed: 0, silent: 0, torn: None };
        let mut proxy = Self {
            address: SocketAddr::new(interface, port),
            server: SocketAddr::from((Ipv4Addr::LOCALHOST, server_port)),
            orders: Arc::new(watch::Sender::new(start)),
            count: Arc::new(watch::Sender::new(0)),
            listening: None,
        };
        proxy.restore().map_err(|e| format!("the proxy on {}: {e}", proxy.address))?;
        Ok(proxy)
    }

    /// Where the service connects.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have come.
    pub(crate) fn connections(&self) -> u64 {
        *self.count.borrow()
    }

    /// From now on bytes pass like this.
    pub(crate) fn flow(&self, flow: Flow) {
        self.orders.send_modify(|orders| orders.flow = flow);
    }

    /// Closes what is open on both sides, and refuses connections until [`Proxy::restore`].
    pub(crate) fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
        self.close();
    }

    /// Closes what is open on both sides. New connections pass.
    pub(crate) fn close(&self) {
        let count = self.connections();
        self.orders.send_modify(|orders| orders.closed = count);
    }

    /// Closes what was forgotten.
    pub(crate) fn close_forgotten(&self) {
        self.orders.send_modify(|orders| orders.closed = orders.silent);
    }

    /// What is open stays open, and nothing passes there any more. New connections pass.
    pub(crate) fn forget(&self) {
        let count = self.connections();
        self.orders.send_modify(|orders| orders.silent = count);
    }

    /// Tears what comes next in this direction in the middle of a stanza, and closes the connection.
    pub(crate) fn tear(&self, direction: Direction) {
        self.orders.send_modify(|orders| orders.torn = Some(direction));
    }

    /// Whether what was to be torn has been.
    pub(crate) fn has_torn(&self) -> bool {
        self.orders.borrow().torn.is_none()
    }

    /// Takes connections, again.
    pub(crate) fn restore(&mut self) -> io::Result<()> {
        let listener = runtime().block_on(async {
            let mut tries = 0;
            loop {
                match TcpListener::bind(self.address).await {
                    // What was closed just now may not be gone yet.
                    Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries < 50 => tries += 1,
                    outcome => return outcome,
                }
                sleep(Duration::from_millis(20)).await;
            }
        })?;
        let (orders, count, server) = (self.orders.clone(), self.count.clone(), self.server);
        self.listening = Some(runtime().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let number = *count.borrow();
                count.send_modify(|count| *count += 1);
                tokio::spawn(connection(socket, server, number, orders.clone()));
            }
        }));
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Lives until one side ends or the connection is told to.
async fn connection(from: TcpStream, server: SocketAddr, number: u64, orders: Arc<watch::Sender<Orders>>) {
    let mut received = orders.subscribe();
    let Ok(to) = TcpStream::connect(server).await else { return };
    for socket in [&from, &to] {
        // Without it small pieces would be put together again.
        let _ = socket.set_nodelay(true);
    }
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = to.into_split();
    tokio::select! {
        _ = received.wait_for(|orders| number < orders.closed) => {}
        _ = pass(from_read, to_write, number, Direction::ToServer, &orders) => {}
        _ = pass(to_read, from_write, number, Direction::ToService, &orders) => {}
    }
}

/// Passes bytes on until the end of the stream.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    direction: Direction,
    orders: &watch::Sender<Orders>,
) -> io::Result<()> {
    let mut received = orders.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    let mut due = Instant::now();
    loop {
        let now = *received.borrow_and_update();
        if number < now.silent || now.flow == Flow::Held {
            // The sender of the orders outlives the connections.
            let _ = received.changed().await;
            continue;
        }
        let read = tokio::select! {
            biased;
            _ = received.changed() => continue,
            read = from.read(&mut buffer) => read?,
        };
        let bytes = &buffer[..read];
        if bytes.is_empty() {
            return Ok(());
        }
        let torn = now.torn == Some(direction);
        match now.flow {
            // A white space is no stanza.
            _ if torn && read > 50 => {
                to.write_all(&bytes[..read - 25]).await?;
                orders.send_modify(|orders| orders.torn = None);
                return Ok(());
            }
            Flow::Slow { bytes: at_a_time, pause } => {
                for piece in bytes.chunks(at_a_time) {
                    to.write_all(piece).await?;
                    // By the clock: on a busy machine a short sleep takes longer than it says.
                    due = due.max(Instant::now().checked_sub(LATE_MAX).unwrap_or(due)) + pause;
                    if orders.borrow().flow == now.flow {
                        sleep_until(due).await;
                    }
                }
            }
            Flow::Free | Flow::Held => to.write_all(bytes).await?,
        }
    }
}
