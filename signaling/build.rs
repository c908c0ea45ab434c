//! Says where the pages are, in the file that `src/pages/built.rs` includes.
//!
//! A release carries them, and is compiled anew when one of them comes, goes or changes. In development the
//! program reads them, and cargo has nothing to watch. Without pages both compile.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .ok_or(io::ErrorKind::NotFound)
    };
    let pages = variable("CARGO_MANIFEST_DIR")?.join("../web/app/dist");
    let built = if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={}", pages.display());
        format!("Built::Embedded(&[{}])", embedded(&pages, "")?)
    } else {
        format!("Built::Folder({:?})", pages.display().to_string())
    };
    fs::write(variable("OUT_DIR")?.join("built.rs"), built)
}

/// Name and content of each file, as Rust.
fn embedded(folder: &Path, prefix: &str) -> io::Result<String> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    // The same pages make the same program.
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut text = String::new();
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path().canonicalize()?;
        if path.is_dir() {
            text += &embedded(&path, &format!("{name}/"))?;
        } else {
            text += &format!("({name:?}, include_bytes!({path:?})),");
        }
    }
    Ok(text)
}
