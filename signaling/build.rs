//! A release carries the pages: it is compiled anew when one of them comes or goes. In development they are
//! read at the start, and cargo has nothing to watch.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../web/app/dist");
    }
}
