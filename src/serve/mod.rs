//! The gateway's listeners: accepting, limits, drain, and one module per door.

pub mod admin;
pub mod appconfig;
mod connection;
mod control;
pub mod data;
pub mod demo;
pub mod listener;
pub mod management;
pub mod momento;
mod quota;
mod runtime;
pub mod tls;

#[cfg(test)]
mod tests;
