use super::*;

#[tokio::test]
async fn a_hash_verifies_its_password_and_no_other() {
    let passwords = Passwords::default();
    let hash = passwords.hash("correct horse battery").await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(
        passwords
            .verify("correct horse battery", Some(&hash))
            .await
            .unwrap()
    );
    assert!(!passwords.verify("another", Some(&hash)).await.unwrap());
    assert!(!passwords.verify("nobody", None).await.unwrap());
}

#[test]
fn the_hash_of_nobody_can_be_read() {
    assert!(PasswordHash::new(NOBODY).is_ok());
}
