//! What the people in a call would notice, one behaviour a test.

mod calls;
mod channels;
mod hall;
mod hostile;
mod media;
