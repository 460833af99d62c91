//! The language server as editors see it: the real program, over its pipes.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "what is not as expected fails the test, and messages are written where they are sent"
)]

mod client;
mod costs;
mod diagnosed;
mod large;
mod linking;
mod notebooks;
mod positions;
mod race;
mod session;
mod transport;
