//! Lines that try to drive the terminal, to reorder what is read, or to hurt whoever reads them.

/// The lines. Where one carries [`MARK`], it must still be found behind whatever was made harmless.
pub fn lines() -> Vec<String> {
    let mut lines: Vec<String> = [
        // Colour, cursor, screen.
        "\x1b[31mred\x1b[0m and \x1b[1;38;5;196mredder\x1b[m HOSTILE",
        "\x1b[2J\x1b[H\x1b[3Jcleared HOSTILE",
        "\x1b[10A\x1b[2K\x1b[999Doverwritten\rHOSTILE",
        "\x1b[?1049h\x1b[?25l\x1b[?1003h\x1bc other screen, no cursor, mouse, reset HOSTILE",
        "\x1b(0lqqk\x1b(B line drawing \x0e\x0f HOSTILE",
        "\x1b[6n\x1b[c\x1b[>c asks for answers HOSTILE",
        "\x1b[201~pasted\x1b[200~ HOSTILE",
        // Title, clipboard, link, notification, colours of the terminal, cut off.
        "\x1b]0;evil title\x07 \x1b]2;evil\x1b\\ HOSTILE",
        "\x1b]52;c;cm0gLXJmIC8=\x07 clipboard HOSTILE",
        "\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\ HOSTILE",
        "\x1b]9;notify\x07\x1b]777;notify;a;b\x07\x1b]11;#ff0000\x07 HOSTILE",
        "\x1bP+q544e\x1b\\ \x1b_G payload\x1b\\ \x1b^pm\x1b\\ \x1bX sos\x1b\\ HOSTILE",
        "HOSTILE not closed \x1b]52;c;",
        "HOSTILE cut off \x1b[",
        "HOSTILE ends with \x1b",
        // C1, alone and as introducers.
        "\u{9b}31mC1 colour\u{9b}0m HOSTILE",
        "\u{9d}52;c;ZXZpbA==\u{9c} \u{90}dcs\u{9c} \u{85}\u{84}\u{8d} HOSTILE",
        // Other controls.
        "nul\0nul\0\0 HOSTILE",
        "bell\x07 back\x08\x08\x08 vertical\x0b form\x0c delete\x7f HOSTILE",
        "one\rtwo\r\nthree\nfour\tfive HOSTILE",
        "\x11\x13 flow control \x1a\x1c\x1d\x1e\x1f HOSTILE",
        // What reorders, hides or joins.
        "user \u{202e}nimda\u{202c} \u{202d}x\u{202c} HOSTILE",
        "\u{2066}isolate \u{2067}right \u{2068}first\u{2069}\u{2069}\u{2069} HOSTILE",
        "\u{200e}\u{200f}\u{61c}marks\u{200b}\u{200c}\u{200d}\u{2060}\u{feff} HOSTILE",
        "soft\u{ad}hyphen \u{180e} \u{2028}line\u{2029}paragraph HOSTILE",
        "\u{fff9}anno\u{fffa}tation\u{fffb} \u{e0001}\u{e0041}\u{e007f} tags HOSTILE",
        // Wide, combining, joined; half of a pair; what invalid UTF-8 has become.
        "日本語のログ ｆｕｌｌｗｉｄｔｈ 한국어 🚀👩‍👩‍👧‍👦🇨🇭 HOSTILE",
        "a\u{301}e\u{308}\u{323}\u{0e33}\u{1160}\u{20dd} HOSTILE",
        "\u{fe0f}\u{fe0e}\u{1f3fd} alone \u{0300} HOSTILE",
        "\u{fffd}\u{fffd}\u{fffd} was not UTF-8 \u{fffd}[31m HOSTILE",
        "\u{3000}\u{a0}\u{2003}spaces\u{ffa0} HOSTILE",
        // Formats that are not what they begin as.
        "{\"level\":\"ERROR\",\"message\":\"\x1b[31mHOSTILE\x1b[0m\",\"path\":\"/\u{202e}\"}",
        r#"{"level":"ERROR","message":"\u001b]52;c;ZXZpbA==\u0007HOSTILE","path":"\u202e\u0000\ud800"}"#,
        "{\"level\":{\"level\":[[[[HOSTILE",
        "{\"\x1b[31m\":\"\u{9b}0m\",\"a.b.c\":1,\"\":\"HOSTILE\"}",
        "203.0.113.7 - \x1b[2J [22/Nov/2026:03:14:15 +0000] \"GET /\x1b]0;x\x07 HTTP/1.1\" 404 153 \"HOSTILE\" \"\u{202e}\"",
        "2026/11/22 03:14:15 [error] 7#7: *1 \x1b[31m, client: \u{9b}31m, request: \"GET /HOSTILE\"",
        "2026-11-22 03:14:15 UTC:10.0.0.1(1):\x1b[31m@\u{202e}:[1]:ERROR:  HOSTILE",
        "2 123456789012 eni-\x1b[31m \u{202e} 10.0.0.41 40000 22 6 1 40 1 2 REJECT HOSTILE",
        "Traceback (most recent call last):\x1b[31m HOSTILE",
        "KeyError: '\x1b]52;c;ZXZpbA==\x07' HOSTILE",
        "password=\x1b[31mhunter2 HOSTILE",
        "",
        " ",
        "\0",
        "\x1b",
    ]
    .map(|line| line.replace("HOSTILE", MARK))
    .to_vec();
    // A log event of CloudWatch holds up to 256 KB of such (1 MB since 2025).
    for part in [
        "x",
        "\x1b[31m",
        "\u{202e}日",
        "a\u{301}",
        "{\"a\":[",
        "password=",
        "\0",
        "word ",
    ] {
        lines.push(format!("{MARK} {}", part.repeat(256 * 1024 / part.len())));
    }
    // Combining marks without end on one letter.
    lines.push(format!("{MARK} z{}", "\u{334}\u{35c}".repeat(2_000)));
    lines
}

/// What every line carries that has anything to read.
pub const MARK: &str = "HOSTILE";
