//! Those who are in the call.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rapport_keys::{Certificate, Device, Hello, Message, RecipientKey, Root, Secret, Stay};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

/// Somebody with a device.
#[derive(Debug)]
pub struct Person {
    pub device: Device,
    pub hello: Hello,
    seed: Secret,
    agreement: Secret,
}

impl Person {
    /// Whose keys are made of their sender index; with a root they are a host.
    pub fn new(name: &str, sender: u16, root: Option<&Root>) -> Self {
        let (seed, agreement) = (Secret([sender as u8; 32]), Secret([sender as u8 | 0x80; 32]));
        let device = Device::new(&seed, RecipientKey::of_device(&agreement).public_key());
        let certificate = root.map(|root| {
            root.certify(&Certificate {
                device: device.keys().id(),
                name: name.to_owned(),
                not_before: 1_795_000_000,
                not_after: 1_799_000_000,
            })
        });
        let hello = Hello {
            room: "room".to_owned(),
            signing_key: device.keys().signing,
            agreement_key: device.keys().agreement,
            ephemeral_key: [sender as u8; 32],
            sender,
            capabilities: 0,
            name: name.to_owned(),
            certificate: certificate.unwrap_or_default(),
        };
        Self {
            device,
            hello,
            seed,
            agreement,
        }
    }

    /// Their hello, signed.
    pub fn hello(&self) -> String {
        self.say(&Message::Hello(self.hello.clone()))
    }

    /// The hash of it.
    pub fn stay(&self) -> Stay {
        Hello::stay(&Message::Hello(self.hello.clone()).body())
    }

    /// A message of theirs.
    pub fn say(&self, message: &Message) -> String {
        message.write(self.device.sign())
    }

    /// What opens capsules for them.
    pub fn key(&self) -> RecipientKey {
        RecipientKey::of_device(&self.agreement)
    }

    /// The file of their backup (SK-1.md, section 3).
    pub fn backup(&self, secret: &Secret) -> String {
        let head = [&[1][..], &[14; 16], &self.device.keys().id().0].concat();
        let (key, nonce) = backup_key(secret, &head[1..17]);
        let mut content = [self.seed.0, self.agreement.0].concat();
        key.seal_in_place_append_tag(nonce, Aad::from(&head), &mut content)
            .expect("64 bytes can be sealed");
        BASE64_URL_SAFE_NO_PAD.encode([head, content].concat())
    }
}

fn backup_key(secret: &Secret, salt: &[u8]) -> (LessSafeKey, Nonce) {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            44
        }
    }
    let mut derived = [0; 44];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(&secret.0);
    extracted
        .expand(&[b"rapport/sk1 backup"], Length)
        .and_then(|output| output.fill(&mut derived))
        .expect("44 bytes can be derived");
    let (key, nonce) = derived.split_at(32);
    let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key");
    let nonce = Nonce::try_assume_unique_for_key(nonce).expect("12 bytes are a nonce");
    (LessSafeKey::new(key), nonce)
}
