//! Hashes pictures as czkawka does, by the crate that it uses: Gradient of 16×16 bits over a picture brought down by
//! Lanczos3, and its other kinds. Reads paths from standard input, a line each; writes path, kind and hash, by tabs.

use std::io::{self, BufRead, Write};

use image::imageops::FilterType;
use image_hasher::{HashAlg, HasherConfig};

fn main() {
    let kinds = [
        ("gradient", HashAlg::Gradient),
        ("vertgradient", HashAlg::VertGradient),
        ("blockhash", HashAlg::Blockhash),
    ];
    let hashers: Vec<_> = kinds
        .iter()
        .map(|(name, alg)| {
            let config = HasherConfig::new().hash_size(16, 16).hash_alg(*alg).resize_filter(FilterType::Lanczos3);
            (*name, config.to_hasher())
        })
        .collect();
    let out = io::stdout();
    let mut out = out.lock();
    for line in io::stdin().lock().lines() {
        let path = line.expect("a line of standard input");
        match image::open(&path) {
            Ok(picture) => {
                for (name, hasher) in &hashers {
                    let hash = hasher.hash_image(&picture);
                    let hex: String = hash.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
                    writeln!(out, "{path}\tczkawka {name}\t{hex}").expect("standard output");
                }
            }
            Err(e) => eprintln!("{path}: {e}"),
        }
    }
}
