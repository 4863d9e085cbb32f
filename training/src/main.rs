//! `recontact-train`: the command line.

fn main() {}
