//! Addresses to listen on, as they are typed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::problem::Problem;

/// Reads `8080`, `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`. A port alone is of the
/// loopback address: nobody else can reach it.
pub(super) fn parse(text: &str) -> Result<SocketAddr, Problem> {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(loopback, port));
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(loopback, port));
    }
    text.parse().map_err(|_| "write a port or an address with a port: 8080, 127.0.0.1:8080 or [::1]:8080".into())
}

/// An address that stands where a plan should, for want of an equals sign after the option.
pub(super) fn misplaced(option: &str, plans: &[PathBuf]) -> Option<Problem> {
    let address = plans.iter().filter_map(|plan| plan.to_str()).find(|plan| parse(plan).is_ok())?;
    Some(Problem::new(
        format!("{address} is not a plan"),
        format!("write the address after an equals sign: {option}={address}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_port_alone_is_of_the_loopback_address() {
        let read = |text| parse(text).map(|address| address.to_string());
        assert_eq!(read("8080"), Ok("127.0.0.1:8080".to_owned()));
        assert_eq!(read("localhost:0"), Ok("127.0.0.1:0".to_owned()));
        assert_eq!(read("0.0.0.0:80"), Ok("0.0.0.0:80".to_owned()));
        assert_eq!(read("[::1]:9"), Ok("[::1]:9".to_owned()));
        for wrong in ["", "example.com:80", "127.0.0.1", "70000", "::1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
