use super::*;

fn keyring(byte: u8) -> Keyring {
    Keyring::from_hex(&hex::encode([byte; 32])).unwrap()
}

#[test]
fn what_was_encrypted_comes_back() {
    let row = Uuid::now_v7();
    let stored = keyring(1)
        .encrypt(Purpose::Variable, row, "KEY", "välue")
        .unwrap();
    let plain = keyring(1)
        .decrypt(Purpose::Variable, row, "KEY", &stored)
        .unwrap();
    assert_eq!(plain.expose(), "välue");
}

#[test]
fn two_encryptions_of_the_same_text_differ() {
    let row = Uuid::now_v7();
    let once = keyring(1)
        .encrypt(Purpose::Variable, row, "KEY", "x")
        .unwrap();
    let twice = keyring(1)
        .encrypt(Purpose::Variable, row, "KEY", "x")
        .unwrap();
    assert_ne!(once, twice);
}

#[test]
fn decryption_fails_closed() {
    let row = Uuid::now_v7();
    let stored = keyring(1)
        .encrypt(Purpose::Variable, row, "KEY", "x")
        .unwrap();
    let read = |keyring: Keyring, purpose, row, name: &str, stored: &[u8]| {
        keyring.decrypt(purpose, row, name, stored).is_err()
    };
    assert!(read(keyring(2), Purpose::Variable, row, "KEY", &stored));
    assert!(read(keyring(1), Purpose::GitSecret, row, "KEY", &stored));
    assert!(read(
        keyring(1),
        Purpose::Variable,
        Uuid::now_v7(),
        "KEY",
        &stored
    ));
    assert!(read(keyring(1), Purpose::Variable, row, "OTHER", &stored));
    for index in 0..stored.len() {
        let mut changed = stored.clone();
        changed[index] ^= 1;
        assert!(read(keyring(1), Purpose::Variable, row, "KEY", &changed));
    }
    for length in 0..stored.len() {
        assert!(read(
            keyring(1),
            Purpose::Variable,
            row,
            "KEY",
            &stored[..length]
        ));
    }
}

#[test]
fn a_master_key_of_another_shape_is_refused() {
    assert!(Keyring::from_hex("").is_err());
    assert!(Keyring::from_hex("00").is_err());
    assert!(Keyring::from_hex(&"g".repeat(64)).is_err());
    assert!(Keyring::from_hex(&format!("{}\n", "0".repeat(64))).is_ok());
}
