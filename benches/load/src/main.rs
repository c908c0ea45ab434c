//! The load generator as a program of its own; `rapport load` is the same.

fn main() {}
