use rstest::rstest;

use super::*;

#[rstest]
#[case::plain("A=1\nB=two words", &[("A", "1"), ("B", "two words")])]
#[case::comments("# x\n\nA=1 # y\nB=a#b\nC= # only", &[("A", "1"), ("B", "a#b"), ("C", "")])]
#[case::export("export A=1\nexport\tB=2\nexportC=3", &[("A", "1"), ("B", "2"), ("exportC", "3")])]
#[case::empty("A=\nB=''\nC=\"\"", &[("A", ""), ("B", ""), ("C", "")])]
#[case::single_quotes("A='$x \\n \"y\"' # c", &[("A", "$x \\n \"y\"")])]
#[case::double_quotes(r#"A="a\nb\t\"c\" \\ \$d \q""#, &[("A", "a\nb\t\"c\" \\ $d \\q")])]
#[case::many_lines("A=\"one\ntwo\"\nB='three\r\nfour'\nC=5", &[("A", "one\ntwo"), ("B", "three\nfour"), ("C", "5")])]
#[case::later_wins("A=1\nA=2", &[("A", "2")])]
#[case::windows("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")])]
#[case::byte_order_mark("\u{feff}A=1", &[("A", "1")])]
#[case::equals("A=b=c==", &[("A", "b=c==")])]
#[case::nothing("", &[])]
fn reads(#[case] text: &str, #[case] expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> = expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(parse_dotenv(text), Ok(expected));
}

#[rstest]
#[case::no_equals("A=1\nnonsense\nB=2", &["line 2"])]
#[case::bad_name("1A=1\nA B=2", &["line 1", "line 2"])]
#[case::open_quote("A=1\nB=\"x", &["line 2"])]
#[case::behind_quote("A='x' y", &["line 1"])]
#[case::after_many_lines("A='x\ny'\nnonsense", &["line 3"])]
#[case::null("A=\"\0\"", &["line 1"])]
fn refuses(#[case] text: &str, #[case] lines: &[&str]) {
    let problems = parse_dotenv(text).unwrap_err();
    let fields: Vec<&str> = problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect();
    assert_eq!(fields, lines);
}
