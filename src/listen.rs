//! Opening a port for those who look at a run while it goes.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

/// What is wrong with an argument or its environment, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: String,
}

/// Begins to listen, without blocking. `option` is what the command line calls it.
///
/// # Errors
/// When the address cannot be had.
pub(crate) fn bind(option: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Problem> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        let (message, help) = match error.kind() {
            ErrorKind::AddrInUse => {
                ("another program listens there".into(), "choose another port, or port 0 for a free one".into())
            }
            _ => (
                error.to_string(),
                format!("choose an address of this machine and a port you may use, for example {option}=127.0.0.1:0"),
            ),
        };
        Problem { message: format!("{option} cannot listen on {address}: {message}"), help }
    })
}
