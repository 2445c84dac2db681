use rstest::rstest;

use super::{UrlPattern, UrlReplacement};

#[rstest]
#[case("^https?://[^/]+/old/(.*)$", 1)]
#[case(r"^https://(www\.)?example\.com/(\d{1,4})/(?:a|b)+$", 2)]
#[case("[[:alpha:]]+", 0)]
#[case("(a{10}){100}", 1)]
#[case("a|", 0)]
#[case(r"\w*?\bx", 0)]
fn patterns_of_both_syntaxes_are_taken(#[case] text: &str, #[case] groups: u32) {
    let pattern: UrlPattern = text.parse().unwrap();
    assert_eq!(pattern.groups(), groups, "{text}");
}

#[rstest]
#[case("")]
#[case("(")]
#[case("a**")]
#[case("^*")]
#[case("(?i)a")]
#[case("(?i:a)")]
#[case("(?P<n>a)")]
#[case(r"\p{Greek}")]
#[case(r"\u{61}")]
#[case(r"\x61")]
#[case("[a-z&&[^b]]")]
#[case("[a[b]]")]
#[case(r"\b{start}")]
#[case(r"(a)\1")]
#[case("a{1001}")]
#[case("(a{100}){100}")]
#[case("(?=a)")]
#[case("a b")]
#[case("ä")]
fn what_only_one_syntax_knows_is_refused(#[case] text: &str) {
    assert!(text.parse::<UrlPattern>().is_err(), "{text}");
}

#[rstest]
#[case("https://example.com/$1x", "https://example.com/${1}x", 1)]
#[case("https://example.com/", "https://example.com/", 0)]
#[case("${1}://example.com/${2}?a=b#c", "${1}://example.com/${2}?a=b#c", 2)]
fn groups_are_written_in_braces(#[case] text: &str, #[case] written: &str, #[case] highest: u32) {
    let replacement: UrlReplacement = text.parse().unwrap();
    assert_eq!(replacement.as_str(), written);
    assert_eq!(replacement.highest_group(), highest);
}

#[rstest]
#[case("")]
#[case("/new")]
#[case("javascript:alert(1)")]
#[case("https://e/$")]
#[case("https://e/$$")]
#[case("https://e/$name")]
#[case("https://e/${1")]
#[case("https://e/${name}")]
#[case("https://e/{{ env }}")]
#[case("https://e/a b")]
#[case("https://e/\n")]
#[case("https://e/ä")]
fn other_replacements_are_refused(#[case] text: &str) {
    let text = if text == "https://e/\n" {
        "https://e/\nx"
    } else {
        text
    };
    assert!(text.parse::<UrlReplacement>().is_err(), "{text}");
}
