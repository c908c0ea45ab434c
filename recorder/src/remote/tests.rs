use std::fs;

use super::*;
use crate::testing::Temporary;

const BUCKET: &str = "s3://clinic";

fn verified(name: &str) -> RemoteLine {
    RemoteLine::Verified {
        name: name.to_owned(),
        sum: Sum::of(name.as_bytes()),
    }
}

#[test]
fn what_was_proven_is_known_after_a_restart_whatever_a_crash_tore() {
    let folder = Temporary::new();
    let folder = folder.path();
    assert!(remotes(folder).unwrap().is_empty());
    assert_eq!(
        begin_remote(folder, BUCKET, false).unwrap(),
        Some(Remote::default())
    );
    append_remote(folder, &verified("a")).unwrap();
    let whole = fs::read(folder.join(UPLOAD)).unwrap();
    append_remote(folder, &verified("b")).unwrap();
    let all = fs::read(folder.join(UPLOAD)).unwrap();
    for cut in whole.len()..all.len() {
        fs::write(folder.join(UPLOAD), &all[..cut]).unwrap();
        append_remote(folder, &verified("c")).unwrap();
        let remote = begin_remote(folder, BUCKET, false).unwrap().unwrap();
        let mut names: Vec<_> = remote.verified.keys().map(String::as_str).collect();
        names.sort_unstable();
        // one that lost nothing but its end is whole when something follows
        assert!(
            names == ["a", "c"] || (cut == all.len() - 1 && names == ["a", "b", "c"]),
            "{cut}: {names:?}"
        );
        assert_eq!(remote.verified["a"], Sum::of(b"a"));
    }
}

#[test]
fn each_bucket_has_its_own_and_one_that_was_erased_has_nothing() {
    let folder = Temporary::new();
    let folder = folder.path();
    begin_remote(folder, BUCKET, false).unwrap();
    append_remote(folder, &verified("a")).unwrap();
    let other = begin_remote(folder, "s3://other", false).unwrap().unwrap();
    assert!(other.verified.is_empty(), "it has nothing of what another has");
    append_remote(folder, &RemoteLine::Erased { at: 7 }).unwrap();
    let all = remotes(folder).unwrap();
    assert!(all["s3://other"].is_erased && !all[BUCKET].is_erased);
    assert_eq!(all[BUCKET].verified.len(), 1);
}

#[test]
fn nothing_is_begun_where_the_keys_are_destroyed() {
    let folder = Temporary::new();
    let folder = folder.path();
    assert_eq!(begin_remote(folder, BUCKET, true).unwrap(), None);
    assert!(!folder.join(UPLOAD).exists());
    begin_remote(folder, BUCKET, false).unwrap();
    assert!(
        begin_remote(folder, BUCKET, true).unwrap().is_some(),
        "it may have something"
    );
}

#[test]
fn a_sum_is_sha_256_and_the_length() {
    // FIPS 180-2, appendix B.1
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    assert_eq!(Sum::of(b"abc"), Sum { sha256, length: 3 });
}
