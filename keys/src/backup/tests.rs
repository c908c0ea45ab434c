use super::*;
use crate::kit::Kit;

/// Made by `web/client/src/keys/device.ts`, with 32 times 2 and 3 as keys, 13 as secret, and a salt of 14.
const WORDS: &str = "artist half drive borrow speak make crouch payment artist half drive borrow speak make crouch \
                     payment artist half drive borrow speak make crouch pave tornado";
const FILE: &str = "AQ4ODg4ODg4ODg4ODg4ODg4F4sGHg9in0BSjjYtkmZfJOpwaMYaAKHyixtjWUgnazD-smene05BMqHenboPJUMPMPgXtIk4J\
                    qFf69qqx2at-FjRgrFcnMOgGMSqAMt7BmzrNz5TgKzwV0aG0aw89RtU19pwPru7VRRz19_zJtvFK";

#[test]
fn a_device_comes_back_that_the_browsers_implementation_put_away() {
    let secret = Kit::seed(WORDS).unwrap();
    let backup = Backup::open(&secret, &format!("{}\n{} \n", &FILE[..60], &FILE[60..])).unwrap();
    assert_eq!(
        backup.device.keys().id().spelt(),
        "05e2 c187 83d8 a7d0 14a3 8d8b 6499 97c9"
    );
    assert_eq!(backup.key.public_key(), backup.device.keys().agreement);
}

#[test]
fn whatever_is_changed_is_noticed() {
    let secret = Kit::seed(WORDS).unwrap();
    assert_eq!(
        Backup::open(&Secret([1; 32]), FILE).unwrap_err(),
        BackupError::Words
    );
    for at in [0, 1, 20, 70, FILE.len() - 1] {
        let other = if &FILE[at..=at] == "B" { "C" } else { "B" };
        let changed = [&FILE[..at], other, &FILE[at + 1..]].concat();
        assert!(Backup::open(&secret, &changed).is_err(), "character {at}");
    }
    let of_another_version = ["B", &FILE[1..]].concat();
    assert_eq!(
        Backup::open(&secret, &of_another_version).unwrap_err(),
        BackupError::Form
    );
    for no_backup in ["", "AQ", &FILE[..168], &[FILE, "AAAA"].concat(), "not base64!"] {
        assert_eq!(Backup::open(&secret, no_backup).unwrap_err(), BackupError::Form);
    }
}

#[test]
fn a_backup_that_names_another_device_is_refused() {
    let secret = Secret([13; 32]);
    let mut bytes = URL_SAFE_NO_PAD.decode(FILE).unwrap();
    bytes[20] ^= 1;
    // sealed anew, so that nothing but the name is wrong
    let derived: [u8; 44] = kdf(&secret.0, &bytes[1..17], "backup");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived[..32]).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&derived[32..]).unwrap();
    let mut content = [[2; 32], [3; 32]].concat();
    key.seal_in_place_append_tag(nonce, Aad::from(&bytes[..49]), &mut content)
        .unwrap();
    let file = URL_SAFE_NO_PAD.encode([&bytes[..49], &content].concat());
    assert_eq!(Backup::open(&secret, &file).unwrap_err(), BackupError::Words);
}
