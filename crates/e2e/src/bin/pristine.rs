//! Prints an installation on a machine that nobody prepared, from nothing to an app that answers
//! through the proxy, and its removal: `cargo xtask pristine`.

use longshore_e2e::pristine::journey::{self, Origin};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let system = arguments.first().and_then(|name| name.parse().ok());
    let system = system.expect("the first argument is 12, 13 or testing");
    let origin = if arguments.iter().any(|argument| argument == "--checkout") {
        Origin::Checkout
    } else {
        Origin::Release
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(journey::whole(system, origin, true));
}
