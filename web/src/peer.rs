//! Who is at the other end of the connection.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, header};
use longshore_domain::route::PROXY_PROOF;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::state::{TrustedProxy, WebSettings};

/// The client's address: that of the peer, or what a trusted proxy says of it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or_else(|| Self(connected(parts))))
    }
}

/// Whether the request came by https, as far as the browser is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByHttps(pub(crate) bool);

impl<S: Send + Sync> FromRequestParts<S> for ByHttps {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self(false)))
    }
}

/// Whether a request came by https: a trusted proxy says so, or else it was sent to the
/// public URL itself, which is https. The same server asked at its address and port is
/// not, so that it can still be used when name, certificate or proxy are broken.
pub(crate) fn by_https(parts: &Parts, is_proxy: bool, public_url: Option<&Url>) -> ByHttps {
    let told = parts
        .headers
        .get("x-forwarded-proto")
        .and_then(|scheme| scheme.to_str().ok())
        .filter(|_| is_proxy);
    if let Some(told) = told {
        // Each proxy adds its own word at the end; the first is what the browser used.
        let first = told.split(',').next().unwrap_or_default();
        return ByHttps(first.trim().eq_ignore_ascii_case("https"));
    }
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
    let public = public_url
        .filter(|url| url.scheme() == "https")
        .and_then(|url| Some((url.host_str()?, url.port())));
    ByHttps(host.zip(public).is_some_and(|(host, (name, port))| {
        let public = port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let host = match port {
            None => host.strip_suffix(":443").unwrap_or(host),
            Some(_) => host,
        };
        host.eq_ignore_ascii_case(&public)
    }))
}

/// The address that the connection comes from.
pub(crate) fn connected(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
            info.0.ip().to_canonical()
        })
}

/// Whether a request comes from somebody who may speak for others: from a trusted address,
/// or through the machine's own proxy, which shows so with a secret that nobody else has.
pub(crate) fn is_proxy(connected: IpAddr, headers: &HeaderMap, settings: &WebSettings) -> bool {
    let shown = headers.get(PROXY_PROOF).zip(settings.proxy_proof.as_ref());
    let is_own = shown.is_some_and(|(shown, proof)| {
        bool::from(shown.as_bytes().ct_eq(proof.expose().as_bytes()))
    });
    is_own || is_trusted(connected, &settings.trusted_proxies)
}

fn is_trusted(address: IpAddr, trusted: &[TrustedProxy]) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

/// The client's address, given that of a proxy which may speak for others: the right-most
/// address of `X-Forwarded-For` that is not itself a trusted proxy. Where all of them are
/// trusted, the last one is asked with `CF-Connecting-IP`; before that the header counts
/// nothing, since proxies pass it on from anybody.
pub(crate) fn client(proxy: IpAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> IpAddr {
    let chain: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("unreadable").split(','))
        .map(str::trim)
        .collect();
    for entry in chain.into_iter().rev() {
        match entry.parse::<IpAddr>() {
            Ok(address) if is_trusted(address, trusted) => {}
            Ok(address) => return address.to_canonical(),
            Err(_) => return proxy,
        }
    }
    headers
        .get("cf-connecting-ip")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .unwrap_or(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> Vec<TrustedProxy> {
        vec![TrustedProxy {
            address: "10.0.0.0".parse().unwrap(),
            prefix_length: 8,
        }]
    }

    #[test]
    fn a_stranger_cannot_choose_the_address() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        headers.insert("cf-connecting-ip", "203.0.113.8".parse().unwrap());
        headers.insert(PROXY_PROOF, "guessed".parse().unwrap());
        let stranger = "198.51.100.1".parse().unwrap();
        assert!(!is_proxy(stranger, &headers, &settings()));
        let without = WebSettings::default();
        headers.insert(PROXY_PROOF, "".parse().unwrap());
        assert!(!is_proxy(stranger, &headers, &without));
    }

    #[test]
    fn the_machines_own_proxy_is_believed_wherever_it_comes_from() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        headers.insert(PROXY_PROOF, "proof".parse().unwrap());
        let proxy = "172.18.0.3".parse().unwrap();
        assert!(is_proxy(proxy, &headers, &settings()));
        let client = client(proxy, &headers, &trusted());
        assert_eq!(client, "203.0.113.9".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_trusted_proxy_is_believed_about_its_own_peer_only() {
        let mut headers = HeaderMap::new();
        let list = "192.0.2.66, 203.0.113.9, 10.1.1.1".parse().unwrap();
        headers.insert("x-forwarded-for", list);
        let proxy = "10.0.0.5".parse().unwrap();
        let client = client(proxy, &headers, &trusted());
        assert_eq!(client, "203.0.113.9".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_client_cannot_choose_the_address_through_a_trusted_proxy() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        headers.insert("cf-connecting-ip", "192.0.2.1".parse().unwrap());
        let proxy = "10.0.0.5".parse().unwrap();
        let of_client = client(proxy, &headers, &trusted());
        assert_eq!(of_client, "203.0.113.9".parse::<IpAddr>().unwrap());
        headers.insert("x-forwarded-for", "10.1.1.1, nonsense".parse().unwrap());
        assert_eq!(client(proxy, &headers, &trusted()), proxy);
    }

    fn settings() -> WebSettings {
        WebSettings {
            trusted_proxies: trusted(),
            proxy_proof: Some(longshore_domain::Secret::new("proof")),
        }
    }

    fn scheme(peer: &str, host: &str, told: Option<&str>, public: Option<&str>) -> bool {
        let mut request = http::Request::builder().header("host", host);
        if let Some(told) = told {
            request = request.header("x-forwarded-proto", told);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let public = public.map(|url| url.parse().unwrap());
        let is_proxy = is_proxy(peer.parse().unwrap(), &parts.headers, &settings());
        by_https(&parts, is_proxy, public.as_ref()).0
    }

    #[test]
    fn https_is_what_a_trusted_proxy_or_the_public_url_says() {
        let proxy = "10.0.0.5";
        let anybody = "198.51.100.1";
        let panel = Some("https://panel.example.com");
        let odd = Some("https://panel.example.com:8443");
        for (peer, host, told, public, expected) in [
            (proxy, "192.0.2.1:3000", Some("https"), None, true),
            (proxy, "192.0.2.1:3000", Some("https, http"), None, true),
            (proxy, "panel.example.com", Some("http"), panel, false),
            (anybody, "192.0.2.1:3000", Some("https"), panel, false),
            (anybody, "192.0.2.1:3000", None, panel, false),
            (anybody, "panel.example.com:3000", None, panel, false),
            (anybody, "Panel.example.com", None, panel, true),
            (anybody, "panel.example.com:443", None, panel, true),
            (anybody, "panel.example.com:8443", None, odd, true),
            (anybody, "panel.example.com", None, odd, false),
            (
                anybody,
                "panel.example.com",
                None,
                Some("http://panel.example.com"),
                false,
            ),
        ] {
            assert_eq!(
                scheme(peer, host, told, public),
                expected,
                "{peer} {host} {told:?}"
            );
        }
    }

    #[test]
    fn cloudflare_is_asked_when_the_chain_ends_there() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "10.2.2.2".parse().unwrap());
        headers.insert("cf-connecting-ip", "192.0.2.1".parse().unwrap());
        let proxy = "10.0.0.5".parse().unwrap();
        let of_client = client(proxy, &headers, &trusted());
        assert_eq!(of_client, "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
