//! The descriptions that clients exchange with servers.
