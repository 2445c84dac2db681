use longshore_agent_api::LogStream;

use super::{LONG, LineRedactor, MASK, Redactor};

#[test]
fn the_longest_secret_wins_and_short_values_stay() {
    let redactor = Redactor::new(["pass", "password-1", "80", "yes"]);
    assert_eq!(
        redactor.redact("password-1 pass 80 yes".to_owned()),
        format!("{MASK} {MASK} 80 yes")
    );
}

#[test]
fn each_line_of_a_key_is_a_secret() {
    let redactor = Redactor::new(["-----BEGIN KEY-----\nQUJDREVG\r\nab\n-----END KEY-----\n"]);
    assert_eq!(
        redactor.redact("x QUJDREVG ab".to_owned()),
        format!("x {MASK} ab")
    );
    assert_eq!(redactor.redact("-----END KEY-----".to_owned()), MASK);
}

#[test]
fn a_secret_split_over_pieces_of_a_long_line_is_found() {
    let mut redactor = LineRedactor::new(Redactor::new(["s3cr3t-value"]));
    for cut in 1.."s3cr3t-value".len() {
        let (head, tail) = "s3cr3t-value".split_at(cut);
        let first = redactor.line(LogStream::Stdout, format!("{}{head}", "x".repeat(LONG)));
        let other = redactor.line(LogStream::Stderr, "between".to_owned());
        let second = redactor.line(LogStream::Stdout, format!("{tail} end"));
        assert_eq!(first, "x".repeat(LONG));
        assert_eq!(other, "between");
        assert_eq!(second, format!("{MASK} end"));
    }
}

#[test]
fn what_was_held_back_in_vain_is_not_lost() {
    let mut redactor = LineRedactor::new(Redactor::new(["s3cr3t-value"]));
    let long = format!("{}s3c", "x".repeat(LONG));
    assert_eq!(redactor.line(LogStream::Stdout, long), "x".repeat(LONG));
    assert_eq!(
        redactor.take_held(),
        [(LogStream::Stdout, "s3c".to_owned())]
    );
}

#[test]
fn a_short_line_is_never_held_back() {
    let mut redactor = LineRedactor::new(Redactor::new(["s3cr3t-value"]));
    assert_eq!(
        redactor.line(LogStream::Stdout, "ends in s3c".to_owned()),
        "ends in s3c"
    );
}
