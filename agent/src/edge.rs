//! The edge: the proxy, its routes, the probe and the switch.
