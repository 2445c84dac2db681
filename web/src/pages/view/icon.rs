//! The icons: a closed list of line drawings on a 24 by 24 grid, printed inline.

use std::fmt;

use askama::filters::HtmlSafe;

macro_rules! icons {
    ($($name:ident => $drawing:literal,)+) => {
        /// An icon, decorative by itself: a word or a label stands beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names say what is drawn")]
        pub enum Icon {
            $($name,)+
        }

        impl Icon {
            /// Every icon, for the page that shows them and for tests.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            fn drawing(self) -> &'static str {
                match self {
                    $(Self::$name => $drawing,)+
                }
            }
        }
    };
}

icons! {
    Alert => r#"<path d="M12 3.5 2.5 20h19z"/><path d="M12 10v4.5"/><path d="M12 17.3v.1"/>"#,
    Archive => r#"<path d="M3.5 4.5h17v4h-17z"/><path d="M5 8.5V20h14V8.5"/><path d="M10 12.5h4"/>"#,
    ArrowRight => r#"<path d="M4.5 12h15"/><path d="m13.5 6 6 6-6 6"/>"#,
    Ban => r#"<circle cx="12" cy="12" r="8.5"/><path d="m6 6 12 12"/>"#,
    Box => r#"<path d="m12 2.8 8 4.5v9.4l-8 4.5-8-4.5V7.3z"/><path d="m4 7.3 8 4.5 8-4.5"/><path d="M12 11.8v9.4"/>"#,
    Branch => r#"<circle cx="6.5" cy="5.5" r="2.5"/><circle cx="6.5" cy="18.5" r="2.5"/><circle cx="17.5" cy="8.5" r="2.5"/><path d="M6.5 8v8"/><path d="M17.5 11c0 4-11 2-11 5"/>"#,
    Check => r#"<path d="m4.5 12.5 5 5 10-11"/>"#,
    CheckCircle => r#"<circle cx="12" cy="12" r="8.8"/><path d="m8 12.3 2.8 2.8 5.4-5.8"/>"#,
    ChevronRight => r#"<path d="m9 5.5 6.5 6.5L9 18.5"/>"#,
    Clock => r#"<circle cx="12" cy="12" r="8.8"/><path d="M12 7v5.3l3.5 2"/>"#,
    Close => r#"<path d="m6 6 12 12"/><path d="M18 6 6 18"/>"#,
    Commit => r#"<circle cx="12" cy="12" r="3.5"/><path d="M2.5 12h6"/><path d="M15.5 12h6"/>"#,
    Copy => r#"<rect x="8.5" y="8.5" width="12" height="12" rx="2.5"/><path d="M15.5 8.5V6A2.5 2.5 0 0 0 13 3.5H6A2.5 2.5 0 0 0 3.5 6v7A2.5 2.5 0 0 0 6 15.5h2.5"/>"#,
    Cpu => r#"<rect x="6" y="6" width="12" height="12" rx="2"/><path d="M10 10h4v4h-4z"/><path d="M9.5 2.5V6M14.5 2.5V6M9.5 18v3.5M14.5 18v3.5M2.5 9.5H6M2.5 14.5H6M18 9.5h3.5M18 14.5h3.5"/>"#,
    Disk => r#"<path d="M3.5 13.5 6.2 5h11.6l2.7 8.5"/><rect x="3.5" y="13.5" width="17" height="6.5" rx="2"/><path d="M16.5 16.8h.1"/>"#,
    Dot => r#"<circle cx="12" cy="12" r="4"/>"#,
    Download => r#"<path d="M12 3.5v12"/><path d="m7 11 5 5 5-5"/><path d="M4.5 20.5h15"/>"#,
    External => r#"<path d="M13.5 4.5h6v6"/><path d="m19 5-8.5 8.5"/><path d="M18 14v4a2 2 0 0 1-2 2H6.5a2 2 0 0 1-2-2V8.5a2 2 0 0 1 2-2h4"/>"#,
    Eye => r#"<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>"#,
    Folder => r#"<path d="M3.5 18.5v-13h6l2 2.5h9v10.5z"/>"#,
    Gear => r#"<path d="M4 7h9.5M18.5 7H20M4 17h1.5M10.5 17H20"/><circle cx="16" cy="7" r="2.5"/><circle cx="8" cy="17" r="2.5"/>"#,
    Globe => r#"<circle cx="12" cy="12" r="8.8"/><path d="M3.2 12h17.6"/><path d="M12 3.2c5 5.5 5 12.1 0 17.6-5-5.5-5-12.1 0-17.6z"/>"#,
    Heart => r#"<path d="M3 12h4l2.5-6 4.5 12 2.5-6H21"/>"#,
    Hook => r#"<path d="M12 3v9.5"/><circle cx="12" cy="4.5" r="1.7"/><path d="M12 12.5v2.2a3.8 3.8 0 1 1-7.6 0V12l2.6 2.5"/><path d="M16 9.5c2.5 0 4 1.7 4 3.8"/>"#,
    Info => r#"<circle cx="12" cy="12" r="8.8"/><path d="M12 11v5.5"/><path d="M12 7.7v.1"/>"#,
    Key => r#"<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.2 8.7-8.7"/><path d="m16 7.5 3 3"/>"#,
    Layers => r#"<path d="m12 3.5 9 4.8-9 4.8-9-4.8z"/><path d="m4 12.8 8 4.2 8-4.2"/><path d="m4 16.8 8 4.2 8-4.2"/>"#,
    Lock => r#"<rect x="5" y="10.5" width="14" height="10" rx="2.5"/><path d="M8 10.5V7.8a4 4 0 0 1 8 0v2.7"/>"#,
    Logout => r#"<path d="M13.5 4H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h7"/><path d="M10 12h10.5"/><path d="m17 8 4 4-4 4"/>"#,
    Moon => r#"<path d="M20.5 14A8.7 8.7 0 0 1 10 3.5 8.7 8.7 0 1 0 20.5 14z"/>"#,
    Pause => r#"<path d="M8 5v14M16 5v14"/>"#,
    Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
    Refresh => r#"<path d="M20 11.5A8 8 0 0 0 5.5 7L4 8.5"/><path d="M4 4v4.5h4.5"/><path d="M4 12.5A8 8 0 0 0 18.5 17l1.5-1.5"/><path d="M20 20v-4.5h-4.5"/>"#,
    Rocket => r#"<path d="M9 15 5.5 11.5C8 6 12.5 3 20.5 3.5 21 11.5 18 16 12.5 18.5z"/><path d="m9 15-3.5.5L8 18.5"/><path d="M5.5 11.5 3.5 13"/><path d="M12.5 18.5 11 20.5"/><circle cx="14.5" cy="9.5" r="1.8"/>"#,
    Rollback => r#"<path d="M4 9.5h10.5a5.5 5.5 0 0 1 0 11H8"/><path d="M8.5 5 4 9.5 8.5 14"/>"#,
    Search => r#"<circle cx="10.8" cy="10.8" r="6.8"/><path d="m16 16 4.5 4.5"/>"#,
    Server => r#"<rect x="3.5" y="4" width="17" height="7" rx="2"/><rect x="3.5" y="13" width="17" height="7" rx="2"/><path d="M7.3 7.5h.1M7.3 16.5h.1"/>"#,
    Shield => r#"<path d="M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z"/><path d="m9 12 2.2 2.2L15 10.2"/>"#,
    Spinner => r#"<path d="M12 3.5a8.5 8.5 0 1 1-8.5 8.5"/>"#,
    Stop => r#"<rect x="6" y="6" width="12" height="12" rx="2"/>"#,
    Sun => r#"<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>"#,
    System => r#"<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M8.5 20.5h7M12 16.5v4"/>"#,
    Terminal => r#"<path d="m5 7.5 4.5 4.5L5 16.5"/><path d="M12 17.5h7"/>"#,
    Trash => r#"<path d="M4 6.5h16"/><path d="M9 6.5v-3h6v3"/><path d="m6 6.5 1 14h10l1-14"/><path d="M10 10.5v6M14 10.5v6"/>"#,
    User => r#"<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6"/>"#,
    Variable => r#"<path d="M8.5 4C6 4 5.5 5.2 5.5 7v2.5c0 1.5-.7 2.5-2.5 2.5 1.8 0 2.5 1 2.5 2.5V17c0 1.8.5 3 3 3"/><path d="M15.5 4C18 4 18.5 5.2 18.5 7v2.5c0 1.5.7 2.5 2.5 2.5-1.8 0-2.5 1-2.5 2.5V17c0 1.8-.5 3-3 3"/><path d="m9.8 9.8 4.4 4.4M14.2 9.8l-4.4 4.4"/>"#,
    Wrap => r#"<path d="M4 6h16M4 18h5"/><path d="M4 12h13a3 3 0 0 1 0 6h-4"/><path d="m15 15.5-2.5 2.5 2.5 2.5"/>"#,
}

impl fmt::Display for Icon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self {
            Self::Spinner => "icon icon--spin",
            _ => "icon",
        };
        write!(
            formatter,
            r#"<svg class="{class}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>"#,
            self.drawing()
        )
    }
}

impl HtmlSafe for Icon {}
