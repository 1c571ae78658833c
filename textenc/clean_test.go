package textenc

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What open_clip 3.3.0 with ftfy 6.3.1 makes of texts: get_clean_fn("lower") and get_clean_fn("canonicalize").
func TestCleanEqualsOpenCLIP(t *testing.T) {
	for _, c := range []struct{ text, lower, canonical string }{
		{"\u201ccurly\u201d \u2018quotes\u2019 it\u2019s", "\"curly\" 'quotes' it's", "curly quotes its"},
		{"\ufb01ne \ufb02our \ufb03 \u0132 \u01c6 \u0149", "fine flour ffi ij d\u017e 'n", "fine flour ffi ij d\u017e n"},
		{"\uff26\uff35\uff2c\uff2c\u3000\uff57\uff49\uff44\uff54\uff48\uff01", "full width!", "full width"},
		{"\uff8a\uff9d\uff76\uff78 \uff76\uff9e", "\u30cf\u30f3\u30ab\u30af \u30ac", "\u30cf\u30f3\u30ab\u30af \u30ac"},
		{"&amp;lt; &eacute; &NTILDE; &notit; &unknown;", "< \u00e9 \u00f1 \u00acit; &unknown;", "\u00e9 \u00f1 \u00acit unknown"},
		{"&#233;&#xe9;&#8217;&#1;&#128;&#xD800;", "\u00e9\u00e9'\u20ac\ufffd", "\u00e9\u00e9\u20ac\ufffd"},
		{"a<b &amp;amp; c", "a<b & c", "ab c"},
		{"one &amp; two\nthree <b> &amp; four", "one & two three <b> & four", "one two three b four"},
		{"\u001b[31mred\u001b[0m a\u0007b\u007fc", "red abc", "red abc"},
		{"a\r\nb\rc\u2028d\u0085e", "a b c d\u2026e", "a b c d\u2026e"},
		{"e\u0301 A\u030a \u212b", "\u00e9 \u00e5 \u00e5", "\u00e9 \u00e5 \u00e5"},
		{"\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \u03a3\u0391\u03a3.", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u03c3\u03b1\u03c2.", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u03c3\u03b1\u03c2"},
		{"\u0130STANBUL", "i\u0307stanbul", "i\u0307stanbul"},
		{"a\ufeffb\u206ac\ufffcd", "abcd", "abcd"},
		{"  a\u00a0 b\u001cc\t", "a bc", "a bc"},
		{"A_photo, of \"CATS\"!  \u00c9lan\u2026", "a_photo, of \"cats\"! \u00e9lan\u2026", "a photo of cats \u00e9lan\u2026"},
		{"x\u0091y\u0092", "x'y'", "xy"},
		{"P&EACUTE;REZ &AMP &semi;", "p\u00e9rez & ;", "p\u00e9rez"},
		{"AT&T R&D", "at&t r&d", "att rd"},
		{"\u3000 \u65e5\u672c\u3000\u8a9e \u3000", "\u65e5\u672c \u8a9e", "\u65e5\u672c \u8a9e"},
	} {
		if got := (Spec{Clean: CleanLower}).clean(c.text); got != c.lower {
			t.Errorf("%q lowered: %q; want %q", c.text, got, c.lower)
		}
		if got := (Spec{Clean: CleanCanonicalize}).clean(c.text); got != c.canonical {
			t.Errorf("%q canonical: %q; want %q", c.text, got, c.canonical)
		}
	}
}

// A line of nested references must not take a pass for each.
func TestCleanEnds(t *testing.T) {
	text := "&" + strings.Repeat("amp;", 200_000)
	if got := fixText(text); len(got) != len(text)-4*mostPasses {
		t.Errorf("%d of %d bytes are left", len(got), len(text))
	}
}

func TestCleanOfSentences(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{}, "\t Two\u00a0CATS “x” \x1c"}, {Spec{Clean: CleanStrip}, "Two\u00a0CATS “x”"}, {Spec{Clean: CleanStripLower}, "two\u00a0cats “x”"},
		{Spec{Clean: CleanStrip, Prompt: "query: "}, "query: \t Two\u00a0CATS “x”"}, {Spec{Clean: CleanWhitespace}, "Two CATS \"x\""},
	} {
		if got := c.spec.clean("\t Two\u00a0CATS “x” \x1c"); got != c.want {
			t.Errorf("%s, prompt %q: %q; want %q", c.spec.Clean, c.spec.Prompt, got, c.want)
		}
	}
}

// Cleaning ends, keeps UTF-8 valid, and finds nothing more to do on what it made (but for references, which unfold).
func FuzzClean(f *testing.F) {
	for _, text := range []string{"a&amp;amp;lt;b", "\x1b[1m&#x1b;[0m", "ﬁ\u0344\u0f73", "&#0;&#xD800;&#99999999999999999999;", "\r\n\u2028\x85<&lt;", "İΣ\u0307"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		for _, how := range cleanings {
			got := Spec{Clean: how}.clean(text)
			if !utf8.ValidString(got) {
				t.Errorf("%s of %q is no UTF-8: %q", how, text, got)
			}
		}
		if once := fixText(text); fixText(once) != once && len(once) < 1000 && !strings.ContainsAny(text, "&<") {
			t.Errorf("%q is fixed to %q, and that to %q", text, once, fixText(once))
		}
	})
}
