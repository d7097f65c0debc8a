//! Relay addresses, compared by what they mean.

use std::fmt;
use std::net::Ipv6Addr;

/// A relay's address in normal form: scheme, host, port and path.
///
/// Equal when they lead to the same place: `http` is `ws` and `https` is `wss`, the host's case and a dot at its end
/// do not count, nor does the scheme's own port or a slash at the end of the path. User names are refused; query and
/// fragment are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelayUrl {
    scheme: Scheme,
    host: String,
    /// None for the scheme's own.
    port: Option<u16>,
    /// Empty, or begins with a slash and does not end with one.
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Ws,
    Wss,
}

/// Why a text is no relay address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayUrlError {
    /// Longer than [`RelayUrl::BYTES_MAX`].
    TooLong,
    /// Does not begin with `ws://`, `wss://`, `http://` or `https://`.
    Scheme,
    /// The host is empty or no host name. International names need their ASCII form (`xn--`).
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// There is a character in the path that no address may hold.
    Path,
}

impl fmt::Display for RelayUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a relay address has at most {} bytes", RelayUrl::BYTES_MAX),
            Self::Scheme => f.write_str("a relay address begins with wss:// or ws://"),
            Self::Host => f.write_str("the host of the relay address is not a name or number"),
            Self::Port => f.write_str("the port of the relay address is not a number from 1 to 65535"),
            Self::Path => {
                f.write_str("the path of the relay address holds white space or control characters")
            }
        }
    }
}

impl std::error::Error for RelayUrlError {}

impl Scheme {
    fn from_name(name: &str) -> Option<Self> {
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        if is("wss") || is("https") {
            Some(Self::Wss)
        } else if is("ws") || is("http") {
            Some(Self::Ws)
        } else {
            None
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl RelayUrl {
    /// The longest address, in bytes.
    pub const BYTES_MAX: usize = 2_048;

    /// Reads an address and brings it into normal form.
    ///
    /// # Errors
    ///
    /// [`RelayUrlError`] for anything that is not a WebSocket or HTTP address.
    pub fn parse(text: &str) -> Result<Self, RelayUrlError> {
        if text.len() > Self::BYTES_MAX {
            return Err(RelayUrlError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(RelayUrlError::Scheme)?;
        let scheme = Scheme::from_name(scheme).ok_or(RelayUrlError::Scheme)?;
        let rest = rest.find(['?', '#']).map_or(rest, |end| rest.split_at(end).0);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority)?;
        if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(RelayUrlError::Path);
        }
        Ok(Self {
            scheme,
            host: normal_host(host)?,
            port: port.filter(|&port| port != scheme.default_port()),
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Reads a Host header: `name` or `name:port`. It does not tell the scheme, because a proxy may have taken the
    /// TLS off; see [`Self::is_same_but_for_scheme`].
    ///
    /// # Errors
    ///
    /// [`RelayUrlError`] for anything else.
    pub fn from_host_header(host: &str) -> Result<Self, RelayUrlError> {
        if host.contains(['/', '?', '#']) {
            return Err(RelayUrlError::Host);
        }
        let mut url = Self::parse(&format!("wss://{host}"))?;
        url.port = url.port.filter(|&port| port != Scheme::Ws.default_port());
        Ok(url)
    }

    /// Whether host, port and path are the same, taking 80 and 443 for no port at all.
    #[must_use]
    pub fn is_same_but_for_scheme(&self, other: &Self) -> bool {
        (&self.host, self.port, &self.path) == (&other.host, other.port, &other.path)
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Ws => "ws",
            Scheme::Wss => "wss",
        };
        write!(f, "{scheme}://{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

/// Takes the port off the end; the colons within an IPv6 address in its brackets are none of its.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), RelayUrlError> {
    let name_end = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority.rfind(':').filter(|&colon| colon >= name_end) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(colon);
    let digits = port.strip_prefix(':').unwrap_or(port);
    // An empty port is the scheme's own (RFC 3986, 3.2.3).
    if digits.is_empty() {
        return Ok((host, None));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RelayUrlError::Port);
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(RelayUrlError::Port),
        Ok(port) => Ok((host, Some(port))),
    }
}

fn normal_host(host: &str) -> Result<String, RelayUrlError> {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // The standard library writes each address in one way only.
        return address.parse::<Ipv6Addr>().map(|ip| format!("[{ip}]")).map_err(|_| RelayUrlError::Host);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(is_name) {
        return Err(RelayUrlError::Host);
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
