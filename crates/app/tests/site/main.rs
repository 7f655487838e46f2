//! The site, asked without a socket.

mod anything;
mod api;
mod client;
mod guess;
mod pages;
