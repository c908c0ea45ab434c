//! Writes the committed part of the fuzz corpus: `cargo run -p rapport-hostile --example write_seeds`.

use std::fs;
use std::io;

use rapport_hostile::seeds;

fn main() -> io::Result<()> {
    for (path, bytes) in seeds::files() {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}
