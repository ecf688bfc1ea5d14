//! The network between the service and its server: it can be cut, and it can stall.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::servers::ports;

/// How long the service may take after a cut to send what it was about to send and to close its side.
const DRAIN: Duration = Duration::from_secs(5);

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Passes everything on.
    Up,
    /// Passes nothing on and says nothing.
    Stalled,
    /// Ends connections and takes no new ones. What the service had sent is passed on first: nobody acknowledges
    /// anything on a component's stream (XEP-0114), and what a cut swallows there nobody can know of.
    Cut,
}

/// A port that leads to another.
pub(crate) struct Proxy {
    /// The port to connect to.
    pub(crate) port: u16,
    state: watch::Sender<Network>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Leads to this port of loopback.
    pub(crate) async fn new(to: u16) -> Result<Self, String> {
        let port = ports::free()?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
        let (state, network) = watch::channel(Network::Up);
        let task = tokio::spawn(async move {
            // A connection that fails at once is not there; its client tries again.
            while let Ok((near, _)) = listener.accept().await {
                if *network.borrow() != Network::Cut
                    && let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await
                {
                    tokio::spawn(join(near, far, network.clone()));
                }
            }
        });
        Ok(Self { port, state, task })
    }

    /// From now on the network is like this.
    pub(crate) fn set(&self, network: Network) {
        self.state.send_replace(network);
    }
}

/// Joins the service to its server until one of them ends or the network is cut.
async fn join(service: TcpStream, server: TcpStream, network: watch::Receiver<Network>) {
    let (from_service, to_service) = service.into_split();
    let (from_server, to_server) = server.into_split();
    let up = copy(from_service, to_server, network.clone(), true);
    let down = copy(from_server, to_service, network, false);
    // Both ends close when both have ended, and one that has ended ends the other by its cut or its silence.
    tokio::join!(up, down);
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
    drain: bool,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        // The proxy that is gone is a network that stays as it is.
        drop(network.wait_for(|network| *network != Network::Stalled).await);
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = other_than_up(&mut network) => {
                if *network.borrow() == Network::Stalled {
                    continue;
                }
                while drain && let Ok(Ok(read @ 1..)) = timeout(DRAIN, from.read(&mut buffer)).await {
                    if to.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
                break;
            }
        };
        match read {
            Ok(read @ 1..) if to.write_all(&buffer[..read]).await.is_ok() => {}
            _ => break,
        }
    }
    // Whoever is gone needs not be told.
    let _ = to.shutdown().await;
}

async fn other_than_up(network: &mut watch::Receiver<Network>) {
    // As above.
    drop(network.wait_for(|network| *network != Network::Up).await);
}
