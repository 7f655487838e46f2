//! The site, asked without a socket.

mod api;
mod client;
mod guess;
mod pages;
