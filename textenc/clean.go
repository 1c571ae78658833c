package textenc

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Clean is what happens to a text before the tokenizer sees it.
type Clean string

// The cleanings. Those of open_clip (tokenizer.py, get_clean_fn) begin with repair; those of sentence-transformers
// (models/Transformer.py, tokenize) don't.
const (
	CleanNone         Clean = ""             // transformers: the tokenizer's own normalizer does it all
	CleanWhitespace   Clean = "whitespace"   // open_clip with a Hugging Face tokenizer: repair, join runs of white space
	CleanLower        Clean = "lower"        // open_clip with its own tokenizer: the same, then lower case
	CleanCanonicalize Clean = "canonicalize" // open_clip's SigLIP: repair, no ASCII punctuation, lower case
	CleanStrip        Clean = "strip"        // sentence-transformers: white space at both ends goes
	CleanStripLower   Clean = "strip_lower"  // sentence-transformers with do_lower_case
)

// cleanings are the ones that clean knows.
var cleanings = []Clean{CleanNone, CleanWhitespace, CleanLower, CleanCanonicalize, CleanStrip, CleanStripLower}

// clean prepares a text for the tokenizer as the model's training did.
func (s Spec) clean(text string) string {
	switch s.Clean {
	case CleanWhitespace:
		return joinFields(repair(text))
	case CleanLower:
		return lower(joinFields(repair(text)))
	case CleanCanonicalize:
		return canonicalize(repair(text))
	case CleanStrip:
		return strings.TrimFunc(s.Prompt+text, isSpace)
	case CleanStripLower:
		return lower(strings.TrimFunc(s.Prompt+text, isSpace))
	}
	return text
}

// canonicalize lowers a text, turns underscores into blanks, drops ASCII punctuation and joins runs of white space:
// open_clip's canonicalize_text, after the recipe of the SigLIP paper (Zhai et al., arXiv 2303.15343).
func canonicalize(text string) string {
	text = strings.ReplaceAll(text, "_", " ")
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, text)
	return joinFields(lower(text))
}

// lower is Unicode's full lower case, a final sigma included, as Python's str.lower; strings.ToLower maps rune by rune.
func lower(text string) string { return cases.Lower(language.Und).String(text) }

// isSpace is Python's str.isspace: besides Unicode's white space the four ASCII separators.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func joinFields(text string) string { return strings.Join(strings.FieldsFunc(text, isSpace), " ") }

// repair is what open_clip does to every text first (basic_clean): ftfy's fix_text, then character references twice.
// Of ftfy it takes all steps but one: text that was decoded in the wrong encoding ("schÃ¶n") stays as it is written.
func repair(text string) string {
	text = fixText(text)
	text = unescape(unescape(text))
	return strings.TrimFunc(text, isSpace)
}

// fixText is ftfy 6.3's fix_text without the guessing of encodings: line by line, until nothing changes
// any more.
func fixText(text string) string {
	references := true
	var fixed strings.Builder
	for line := range strings.Lines(text) {
		references = references && !strings.Contains(line, "<") // from here on it is HTML, where references are meant
		for range mostPasses {
			next := line
			if references {
				next = reference.ReplaceAllStringFunc(next, resolve)
			}
			next = norm.NFC.String(straighten(next))
			if next == line {
				break
			}
			line = next
		}
		fixed.WriteString(line)
	}
	return fixed.String()
}

// mostPasses bounds fixText on a line of "&amp;amp;amp;…", each pass over which takes one "amp;" off.
const mostPasses = 64

// reference is a character reference as ftfy accepts it, with its semicolon.
var reference = regexp.MustCompile(`&#?[0-9A-Za-z]{1,24};`)

// resolve is the character of a reference, or the reference where there is none. Names in capitals count too
// ("&EACUTE;"), as far as their small ones are letters.
func resolve(text string) string {
	if plain := unescape(text); !strings.Contains(plain, ";") || text == "&semi;" {
		return plain
	}
	name := text[1 : len(text)-1]
	if name == strings.ToUpper(name) && name[0] != '#' {
		if plain := html.UnescapeString("&" + strings.ToLower(name) + ";"); !strings.Contains(plain, ";") {
			return strings.ToUpper(plain)
		}
	}
	return text
}

// charref is a character reference as HTML finds it: a number, or a name whose semicolon may be missing.
var charref = regexp.MustCompile(`&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)`)

// unescape resolves character references as Python's html.unescape does: Go's html.UnescapeString, less references to
// what no document may contain, which are dropped.
func unescape(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	return charref.ReplaceAllStringFunc(text, func(ref string) string {
		plain := html.UnescapeString(ref)
		if r, size := utf8.DecodeRuneInString(plain); ref[1] == '#' && size == len(plain) && isInvalidReference(r) {
			return ""
		}
		return plain
	})
}

// isInvalidReference: code points that HTML forbids to refer to, and that Python leaves out.
func isInvalidReference(r rune) bool {
	return r >= 0x1 && r <= 0x8 || r == 0xb || r >= 0xe && r <= 0x1f || r == 0x7f ||
		r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe
}

// escapes are the terminal's colours and the like.
var escapes = regexp.MustCompile(`\x1b\[(?:\d|;)*[a-zA-Z]`)

// straighten makes the usual characters of typographical ones: ligatures, wide forms, curly quotes, line breaks; and
// drops what no text means, terminal escapes and control characters.
func straighten(text string) string {
	if isPlain(text) {
		return text
	}
	var out strings.Builder
	for _, r := range strings.Map(windows1252, text) {
		switch {
		case ligatures[r] != "":
			out.WriteString(ligatures[r])
		case r == 0x3000:
			out.WriteByte(' ')
		case r >= 0xff01 && r < 0xfff0:
			out.WriteString(norm.NFKC.String(string(r)))
		default:
			out.WriteRune(r)
		}
	}
	text = strings.Map(straightQuote, out.String())
	text = lineBreaks.Replace(text)
	text = escapes.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, text)
}

// isPlain says whether a text is of printable ASCII and line feeds only, which most are.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 0x7f || c < 0x20 && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")

func straightQuote(r rune) rune {
	switch {
	case r == 0x2bc || r >= 0x2018 && r <= 0x201b:
		return '\''
	case r >= 0x201c && r <= 0x201f:
		return '"'
	}
	return r
}

// isControl: ASCII's control characters but white space, deprecated Arabic ones, annotations, the byte order mark.
func isControl(r rune) bool {
	return r <= 0x8 || r == 0xb || r >= 0xe && r <= 0x1f || r == 0x7f || r >= 0x206a && r <= 0x206f || r == 0xfeff ||
		r >= 0xfff9 && r <= 0xfffc
}

// windows1252 reads a C1 control character as browsers do, as the byte of that number in Windows-1252.
func windows1252(r rune) rune {
	if r >= 0x80 && r <= 0x9f {
		return c1[r-0x80]
	}
	return r
}

// c1 is Windows-1252 from 0x80 to 0x9F; the five bytes that it leaves open stay.
var c1 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// ligatures are Latin ones that stand for two letters, and digraphs of old encodings.
var ligatures = map[rune]string{
	'Ĳ': "IJ", 'ĳ': "ij", 'ŉ': "ʼn", 'Ǳ': "DZ", 'ǲ': "Dz", 'ǳ': "dz", 'Ǆ': "DŽ", 'ǅ': "Dž", 'ǆ': "dž", 'Ǉ': "LJ", 'ǈ': "Lj",
	'ǉ': "lj", 'Ǌ': "NJ", 'ǋ': "Nj", 'ǌ': "nj", 'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "ſt", 'ﬆ': "st",
}
