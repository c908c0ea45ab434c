//! Recordings in the hands of those who have a key, and of those who have not.

mod agreed;
mod exported;
mod mp4;
mod refused;
mod shredded;
mod support;
