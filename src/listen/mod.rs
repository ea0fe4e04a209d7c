//! Opens a port for tools and people that watch a run.

mod places;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use crate::problem::Problem;

pub(crate) use places::{Placed, Places};

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
        Problem::new(format!("{option} cannot listen on {address}: {message}"), help)
    })
}

/// Whether a `Host` names the server at this address. Where it listens on every address, it goes by
/// any address but by no name, since a name may be anybody's (DNS rebinding).
pub(crate) fn is_own(address: SocketAddr, host: &str) -> bool {
    let port = format!(":{}", address.port());
    let Some(name) = host.strip_suffix(&port).or_else(|| (address.port() == 80).then_some(host)) else {
        return false;
    };
    match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(named) => named == address.ip() || address.ip().is_unspecified(),
        Err(_) => name == "localhost" && (address.ip().is_loopback() || address.ip().is_unspecified()),
    }
}
