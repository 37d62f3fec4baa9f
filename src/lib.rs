//! `hydren`: a terminal operations console for one web application's AWS environment.
//!
//! Data takes one way:
//!
//! ```text
//! pollers, streams, timers, keys ──▶ Msg ──▶ update(&mut App, Msg) -> Vec<Effect> ──▶ render(&App, Frame)
//!          ▲                                                   │
//!          └──────────────── runtime performs Effect ◀─────────┘
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod app;
pub mod attend;
pub mod audit;
pub mod cli;
pub mod cloud;
pub mod command;
pub mod config;
pub mod connect;
pub mod console;
pub mod cost;
pub mod engine;
pub mod error;
pub mod format;
pub mod grid;
pub mod init;
pub mod keymap;
pub mod logs;
pub mod model;
pub mod observe;
pub mod op;
pub mod poll;
pub mod report;
pub mod runtime;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod triage;
pub mod ui;
pub mod view;
pub mod welcome;
